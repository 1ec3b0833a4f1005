/*
 * tests/unit/verify/run_attestation.c — src/verify/run_attestation.c: a genuine document is accepted for the proof that it is
 * about, in each of the ways in which it can be about one, and for no other.
 */
#include "unit/verify/whole.h"

/* PCR0 of the documents that are made here. */
#define ZEROS_43 "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
#define SIM_PCR0 "abababab" ZEROS_43 "a0"

static void
test_bindings(void **state)
{
    (void)state;
    static const struct {
        enum whole_document document;
        const char *binding, *text;
        bool older;
    } cases[] = {
        { WHOLE_BODY, "body", "about this very proof", false },
        { WHOLE_OLDER_BODY, "body", "about this very proof", true },
        { WHOLE_BATCH, "batch", "about a batch that holds this proof", false },
        { WHOLE_KEY, "key", "about the key that signed", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct whole_plan plan = { .tier = "measured-tee", .document = cases[i].document };
        struct whole whole = whole_make(&plan);
        occ_report *report = NULL;
        assert_int_equal(whole_verify(&whole, whole.text, "{\"requireAttestation\":true}", &report), OCC_OK);
        struct occ_attestation found = { .size = sizeof found };
        assert_int_equal(occ_report_attestation(report, &found), 1);
        assert_int_equal(found.verified, 1);
        assert_string_equal(found.binding, cases[i].binding);
        assert_int_equal(found.root_is_aws, 0);
        assert_non_null(strstr(find_check(report, "attestation").text, cases[i].text));
        assert_non_null(strstr(find_check(report, "attestation").text, "NOT AWS's"));
        assert_int_equal(strstr(occ_report_json(report, NULL), "bodyWithoutAttestationFormat") != NULL, cases[i].older);
        occ_report_free(report);

        char policy[200];
        snprintf(policy, sizeof policy, "{\"allowedAttestationBindings\":[\"%s\"]}", cases[i].binding);
        assert_int_equal(whole_verify(&whole, whole.text, policy, NULL), OCC_OK);
        /* Another root, for whom this is nobody's document: AWS's. */
        assert_int_equal(verify_text(whole.text, NULL, NULL, NULL), OCC_ERR_NITRO_PATH);
        whole_clear(&whole);
    }
}

/* ---- what a document may not say ---- */

static const uint8_t zeros[64];

static void
other_pcr0(struct occ_sim_document *document)
{
    document->pcrs[0] = occ_bytes_of("0123456789abcdef0123456789abcdef0123456789abcdef", 48);
}

static void
debug(struct occ_sim_document *document)
{
    for (size_t i = 0; i < 3; i++) {
        document->pcrs[i] = occ_bytes_of(zeros, 48);
    }
}

static void
other_key(struct occ_sim_document *document)
{
    document->public_key = OCC_SIM_BYTES(occ_bytes_of(zeros, 32));
}

static void
key_of_another_kind(struct occ_sim_document *document)
{
    document->public_key = OCC_SIM_BYTES(occ_bytes_of(zeros, 33));
}

static void
other_user_data(struct occ_sim_document *document)
{
    document->user_data = OCC_SIM_BYTES(occ_bytes_of(zeros, 32));
}

static void
longer_user_data(struct occ_sim_document *document)
{
    static uint8_t longer[33];
    memcpy(longer, document->user_data.bytes.ptr, 32);
    document->user_data = OCC_SIM_BYTES(occ_bytes_of(longer, sizeof longer));
}

static void
empty_user_data(struct occ_sim_document *document)
{
    document->user_data = OCC_SIM_BYTES(occ_bytes_of(zeros, 0));
}

static void
no_user_data(struct occ_sim_document *document)
{
    document->user_data = (struct occ_sim_field){ .kind = OCC_SIM_FIELD_NULL };
}

/* A key that would bind, beside user_data about something else: user_data alone decides. */
static void
right_key_wrong_user_data(struct occ_sim_document *document)
{
    static uint8_t public_key[OCC_ED25519_PUBLIC_LEN];
    uint8_t secret[OCC_ED25519_SECRET_LEN];
    test_key(public_key, secret);
    document->public_key = OCC_SIM_BYTES(occ_bytes_of(public_key, sizeof public_key));
    document->user_data = OCC_SIM_BYTES(occ_bytes_of(zeros, 32));
}

static void
bad_signature(struct occ_sim_document *document)
{
    document->signature = OCC_SIM_SIGNATURE_FLIPPED;
}

static void
unknown_field(struct occ_sim_document *document)
{
    document->unknown = "more";
}

static void
test_refusals(void **state)
{
    (void)state;
    static const struct {
        enum whole_document document;
        void (*adjust)(struct occ_sim_document *document);
        enum occ_err code;
    } cases[] = {
        { WHOLE_BODY, other_pcr0, OCC_ERR_NITRO_MEASUREMENT },
        { WHOLE_BODY, debug, OCC_ERR_NITRO_DEBUG },
        { WHOLE_BODY, other_key, OCC_ERR_NITRO_KEY },
        { WHOLE_BODY, key_of_another_kind, OCC_OK }, /* not a raw key: user_data binds */
        { WHOLE_BODY, other_user_data, OCC_ERR_NITRO_BINDING },
        { WHOLE_BODY, longer_user_data, OCC_ERR_NITRO_BINDING },
        { WHOLE_BODY, empty_user_data, OCC_ERR_NITRO_BINDING },
        { WHOLE_BODY, no_user_data, OCC_ERR_NITRO_BINDING },
        { WHOLE_BODY, right_key_wrong_user_data, OCC_ERR_NITRO_BINDING },
        { WHOLE_KEY, key_of_another_kind, OCC_ERR_NITRO_BINDING },
        { WHOLE_KEY, other_key, OCC_ERR_NITRO_KEY },
        { WHOLE_KEY, other_user_data, OCC_ERR_NITRO_BINDING },
        { WHOLE_BATCH, other_user_data, OCC_ERR_ATTESTATION_BATCH },
        { WHOLE_BATCH, no_user_data, OCC_ERR_ATTESTATION_BATCH },
        { WHOLE_BODY, bad_signature, OCC_ERR_NITRO_SIGNATURE },
        { WHOLE_BODY, unknown_field, OCC_ERR_NITRO_DOCUMENT },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct whole_plan plan = { .tier = "measured-tee",
                                         .document = cases[i].document,
                                         .adjust = cases[i].adjust };
        struct whole whole = whole_make(&plan);
        occ_report *report = NULL;
        const enum occ_err code = whole_verify(&whole, whole.text, NULL, &report);
        if (code != cases[i].code) {
            fail_msg("case %zu: %s, expected %s", i, occ_code_name(code), occ_code_name(cases[i].code));
        }
        struct occ_attestation found = { .size = sizeof found };
        const bool was_read = occ_report_attestation(report, &found) == 1;
        assert_int_equal(was_read, code != OCC_ERR_NITRO_DOCUMENT);
        assert_int_equal(found.verified, code == OCC_OK);
        occ_report_free(report);
        whole_clear(&whole);
    }
}

/* A batch says where a proof stands: another place, another path, another size is refused. */
static void
test_batch(void **state)
{
    (void)state;
    const struct whole_plan plan = { .tier = "measured-tee", .document = WHOLE_BATCH };
    struct whole whole = whole_make(&plan);
    static const char *const changes[][2] = {
        { "\"leafIndex\":2", "\"leafIndex\":3" },
        { "\"leafIndex\":2", "\"leafIndex\":5" },
        { "\"leafIndex\":2", "\"leafIndex\":2.5" },
        { "\"treeSize\":5", "\"treeSize\":4" },
        { "\"treeSize\":5", "\"treeSize\":9" },
        { "\"treeSize\":5", "\"treeSize\":\"5\"" },
        { "\"pathB64\":[\"", "\"pathB64\":[\"AAAA\",\"" },
        { "\"pathB64\":[\"B", "\"pathB64\":[\"C" },
        { "\"leafIndex\":2", "\"leafIndex\":2,\"more\":1" },
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char *find = strdup(changes[i][0]);
        char *with = strdup(changes[i][1]);
        assert_non_null(find);
        assert_non_null(with);
        if (changes[i][0][strlen(changes[i][0]) - 1] == 'B') { /* the path's first letter, whatever it is */
            const char *at = strstr(whole.text, "\"pathB64\":[\"");
            find[strlen(find) - 1] = at[12];
            with[strlen(with) - 1] = at[12] == 'C' ? 'D' : 'C';
        }
        char *changed = replace(whole.text, find, with);
        assert_int_equal(whole_verify(&whole, changed, NULL, NULL), OCC_ERR_ATTESTATION_BATCH);
        free(changed);
        free(with);
        free(find);
    }
    /* Without it, the document is about something else. */
    const char *batch = strstr(whole.text, ",\"batch\":{");
    const size_t len = (size_t)(strchr(batch, '}') + 1 - batch);
    char *text = strdup(batch);
    assert_non_null(text);
    text[len] = '\0';
    char *alone = replace(whole.text, text, "");
    assert_int_equal(whole_verify(&whole, alone, NULL, NULL), OCC_ERR_NITRO_BINDING);
    free(alone);
    free(text);
    whole_clear(&whole);
}

/* The document of one proof in another of the same key, epoch and enclave: genuine, and about something else. */
static void
test_moved(void **state)
{
    (void)state;
    char *one = read_vector("occ1/tee-direct.json");
    char *two = read_vector("occ1/tee-policy.json");
    struct occ_json *one_root = parse_json(one);
    struct occ_json *two_root = parse_json(two);
    const struct occ_proof one_proof = read_proof(one_root);
    const struct occ_proof two_proof = read_proof(two_root);
    OCC_BUF_AUTO(one_report, 1 << 16);
    OCC_BUF_AUTO(two_report, 1 << 16);
    occ_buf_put(&one_report, one_proof.attestation_report_b64);
    occ_buf_put_byte(&one_report, 0);
    occ_buf_put(&two_report, two_proof.attestation_report_b64);
    occ_buf_put_byte(&two_report, 0);
    assert_verdict(one, NULL, OCC_OK, NULL);
    char *moved = replace(one, (const char *)one_report.ptr, (const char *)two_report.ptr);
    assert_verdict(moved, NULL, OCC_ERR_NITRO_BINDING, "the attestation document is not about this proof");
    free(moved);
    occ_json_free(two_root);
    occ_json_free(one_root);
    free(two);
    free(one);
}

/* The measurement is compared with what was measured, and a document that is too long is not even read. */
static void
test_measurement_and_length(void **state)
{
    (void)state;
    const struct whole_plan plan = { .tier = "measured-tee", .document = WHOLE_BODY, .measurement = "m" };
    struct whole whole = whole_make(&plan);
    occ_report *report = NULL;
    assert_int_equal(whole_verify(&whole, whole.text, NULL, &report), OCC_ERR_NITRO_MEASUREMENT);
    assert_int_equal(strncmp(occ_report_reason(report), "PCR0 is not the measurement of the proof: ", 42), 0);
    occ_report_free(report);
    whole_clear(&whole);

    static char report_b64[4 * ((64 << 10) / 3 + 2) + 1];
    memset(report_b64, 'A', sizeof report_b64 - 1);
    char *with = malloc(sizeof report_b64 + 20);
    assert_non_null(with);
    snprintf(with, sizeof report_b64 + 20, "\"reportB64\":\"%s\"", report_b64);
    char *attested = replace(PLAIN_PROOF, "\"enforcement\":",
                             "\"attestation\":{\"format\":\"aws-nitro\",\"reportB64\":\"AAAA\"},\"enforcement\":");
    char *signed_text = sign_proof(attested);
    char *text = replace(signed_text, "\"reportB64\":\"AAAA\"", with);
    assert_int_equal(verify_text(text, NULL, NULL, &report), OCC_ERR_NITRO_DOCUMENT);
    assert_non_null(strstr(occ_report_reason(report), "expected at most 65536"));
    occ_report_free(report);
    free(text);
    free(signed_text);
    free(attested);
    free(with);
}

/* A format that nobody here knows is not performed; a policy that needs it says why. */
static void
test_other_format(void **state)
{
    (void)state;
    char *attested = replace(PLAIN_PROOF, "\"enforcement\":",
                             "\"attestation\":{\"format\":\"sgx-dcap\",\"reportB64\":\"AAAA\"},\"enforcement\":");
    char *text = sign_proof(attested);
    occ_report *report = NULL;
    assert_int_equal(verify_text(text, NULL, NULL, &report), OCC_OK);
    assert_check(report, "attestation", OCC_CHECK_NOT_PERFORMED,
                 "attestation format \"sgx-dcap\" cannot be verified by this version");
    struct occ_attestation found = { .size = sizeof found };
    assert_int_equal(occ_report_attestation(report, &found), 0);
    occ_report_free(report);
    assert_verdict(text, "{\"requireAttestationFormat\":[\"sgx-dcap\"]}", OCC_ERR_POLICY_ATTESTATION_UNVERIFIED,
                   "attestation format \"sgx-dcap\" cannot be verified by this version");
    free(text);
    free(attested);
}

/* ---- simulated documents ---- */

static void
test_simulated(void **state)
{
    (void)state;
    static const struct {
        enum whole_document document;
        const char *binding, *text;
    } cases[] = {
        { WHOLE_BODY, "body", "SIMULATED document about this very proof" },
        { WHOLE_BATCH, "batch", "SIMULATED document about a batch that holds this proof" },
        { WHOLE_KEY, "key", "SIMULATED document about the key that signed" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct whole_plan plan = { .tier = "stub", .document = cases[i].document, .simulated = true };
        struct whole whole = whole_make(&plan);
        occ_report *report = NULL;
        assert_int_equal(whole_verify(&whole, whole.text, "{\"requireAttestation\":true}", &report), OCC_OK);
        struct occ_attestation found = { .size = sizeof found };
        assert_int_equal(occ_report_attestation(report, &found), 1);
        assert_int_equal(found.verified, 1);
        assert_int_equal(found.root_is_aws, 0);
        assert_string_equal(found.format, "sim-nitro");
        assert_string_equal(found.binding, cases[i].binding);
        assert_non_null(strstr(find_check(report, "attestation").text, cases[i].text));
        assert_non_null(strstr(occ_report_json(report, NULL), "\"format\":\"sim-nitro\",\"simulated\":true,"));
        /* what the software measured is still only what it says */
        assert_non_null(
            strstr(occ_report_json(report, NULL), "\"claimed\":[\"enforcement\",\"measurement\",\"time\"]"));
        occ_report_free(report);
        char policy[200];
        snprintf(policy, sizeof policy, "{\"allowedAttestationBindings\":[\"%s\"]}", cases[i].binding);
        assert_int_equal(whole_verify(&whole, whole.text, policy, NULL), OCC_OK);
        whole_clear(&whole);
    }
}

static void
test_policies_of_simulated(void **state)
{
    (void)state;
    const struct whole_plan plan = { .tier = "stub", .document = WHOLE_BODY, .simulated = true };
    struct whole whole = whole_make(&plan);
    static const struct {
        const char *policy;
        enum occ_err code;
    } cases[] = {
        { "{\"requireAttestationFormat\":[\"sim-nitro\"],\"requireEnforcement\":\"stub\"}", OCC_OK },
        { "{\"requireAttestationFormat\":[\"aws-nitro\"]}", OCC_ERR_POLICY_ATTESTATION_FORMAT },
        { "{\"requireEnforcement\":\"measured-tee\"}", OCC_ERR_POLICY_ENFORCEMENT },
        { "{\"allowedAttestationBindings\":[\"key\",\"batch\"]}", OCC_ERR_POLICY_ATTESTATION_BINDING },
        { "{\"requiredPcrs\":{\"8\":[\"" SIM_PCR0 "\"]}}", OCC_ERR_POLICY_PCR },
        { "{\"requiredPcrs\":{\"0\":[\"" SIM_PCR0 "\"]},\"allowedMeasurements\":[\"sim:" SIM_PCR0 "\"]}", OCC_OK },
        { "{\"allowedMeasurements\":[\"" SIM_PCR0 "\"]}", OCC_ERR_POLICY_MEASUREMENT },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const enum occ_err code = whole_verify(&whole, whole.text, cases[i].policy, NULL);
        if (code != cases[i].code) {
            fail_msg("%s: %s, expected %s", cases[i].policy, occ_code_name(code), occ_code_name(cases[i].code));
        }
    }
    whole_clear(&whole);
}

static void
test_simulated_is_refused(void **state)
{
    (void)state;
    static const struct {
        enum whole_document document;
        const char *tier, *measurement;
        void (*adjust)(struct occ_sim_document *document);
        enum occ_err code;
        const char *reason;
    } cases[] = {
        { WHOLE_BODY, "measured-tee", NULL, NULL, OCC_ERR_ATTESTATION_SIMULATED,
          "enforcement \"measured-tee\" beside a simulated attestation, expected \"stub\"" },
        { WHOLE_BODY, "hw-key", NULL, NULL, OCC_ERR_ATTESTATION_SIMULATED,
          "enforcement \"hw-key\" beside a simulated attestation, expected \"stub\"" },
        { WHOLE_BODY, "stub", SIM_PCR0, NULL, OCC_ERR_NITRO_MEASUREMENT,
          "sim:PCR0 is not the measurement of the proof: sim:abababab00000000…" },
        { WHOLE_BODY, "stub", "sim:", NULL, OCC_ERR_NITRO_MEASUREMENT, NULL },
        { WHOLE_BODY, "stub", "SIM:" SIM_PCR0, NULL, OCC_ERR_NITRO_MEASUREMENT, NULL },
        { WHOLE_BODY, "stub", NULL, other_pcr0, OCC_ERR_NITRO_MEASUREMENT, NULL },
        { WHOLE_BODY, "stub", NULL, debug, OCC_ERR_NITRO_DEBUG, "the enclave runs in debug mode" },
        { WHOLE_BODY, "stub", NULL, other_user_data, OCC_ERR_NITRO_BINDING, NULL },
        { WHOLE_BATCH, "stub", NULL, other_user_data, OCC_ERR_ATTESTATION_BATCH, NULL },
        { WHOLE_KEY, "stub", NULL, other_key, OCC_ERR_NITRO_KEY, NULL },
        { WHOLE_BODY, "stub", NULL, bad_signature, OCC_ERR_NITRO_SIGNATURE, NULL },
        { WHOLE_BODY, "stub", NULL, unknown_field, OCC_ERR_NITRO_DOCUMENT, NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct whole_plan plan = { .tier = cases[i].tier,
                                         .document = cases[i].document,
                                         .measurement = cases[i].measurement,
                                         .adjust = cases[i].adjust,
                                         .simulated = true };
        struct whole whole = whole_make(&plan);
        occ_report *report = NULL;
        const enum occ_err code = whole_verify(&whole, whole.text, NULL, &report);
        if (code != cases[i].code) {
            fail_msg("case %zu: %s, expected %s", i, occ_code_name(code), occ_code_name(cases[i].code));
        }
        if (cases[i].reason != NULL) {
            assert_string_equal(occ_report_reason(report), cases[i].reason);
        }
        occ_report_free(report);
        whole_clear(&whole);
    }
}

/* Each format has a root of its own: nobody's document passes under the other's. */
static void
test_roots_of_two_kinds(void **state)
{
    (void)state;
    const char *why =
        "attestation format \"sim-nitro\" is SIMULATED: verified only under a root of the simulation, and none "
        "was given";
    const struct whole_plan sim_plan = { .tier = "stub", .document = WHOLE_BODY, .simulated = true };
    const struct whole_plan aws_plan = { .tier = "measured-tee", .document = WHOLE_BODY };
    struct whole sim = whole_make(&sim_plan);
    struct whole aws = whole_make(&aws_plan);
    for (int given = 0; given < 2; given++) { /* under AWS's root; under the simulation's given as Nitro's */
        sim.simulated = given == 0;
        occ_report *report = NULL;
        const enum occ_err code =
            given == 0 ? verify_text(sim.text, NULL, NULL, &report) : whole_verify(&sim, sim.text, NULL, &report);
        assert_int_equal(code, OCC_OK);
        assert_check(report, "attestation", OCC_CHECK_NOT_PERFORMED, why);
        struct occ_attestation found = { .size = sizeof found };
        assert_int_equal(occ_report_attestation(report, &found), 0);
        occ_report_free(report);
    }
    assert_int_equal(whole_verify(&sim, sim.text, "{\"requireAttestation\":true}", NULL),
                     OCC_ERR_POLICY_ATTESTATION_UNVERIFIED);
    aws.simulated = true;
    assert_int_equal(whole_verify(&aws, aws.text, NULL, NULL), OCC_ERR_NITRO_PATH);
    aws.simulated = false;
    assert_int_equal(whole_verify(&aws, aws.text, NULL, NULL), OCC_OK);
    whole_clear(&aws);
    whole_clear(&sim);
    /* That it claims more than it may is plain without any root. */
    const struct whole_plan more = { .tier = "measured-tee", .document = WHOLE_BODY, .simulated = true };
    struct whole whole = whole_make(&more);
    assert_int_equal(verify_text(whole.text, NULL, NULL, NULL), OCC_ERR_ATTESTATION_SIMULATED);
    whole_clear(&whole);
}

/* A document that was verified once is remembered, with what was found: for these bytes under this root, and nothing else. */
static void
test_remembered(void **state)
{
    (void)state;
    const struct whole_plan plan = { .tier = "measured-tee", .document = WHOLE_BODY };
    struct whole whole = whole_make(&plan);
    char *flipped = strdup(whole.text); /* one letter of the signature, which ends the document */
    assert_non_null(flipped);
    char *letter = strchr(strstr(flipped, "\"reportB64\":\"") + 13, '"') - 12;
    *letter = *letter == 'A' ? 'B' : 'A';
    occ_verifier *verifier = whole_verifier(&whole);
    uint64_t not_after_ms = 0;
    for (int i = 0; i < 4; i++) { /* good, good again, bad, bad again */
        const char *text = i < 2 ? whole.text : flipped;
        const struct occ_verify_input input = { .size = sizeof input, .proof = text, .proof_len = strlen(text) };
        occ_report *report = NULL;
        assert_int_equal(occ_verify(verifier, &input, &report), i < 2 ? OCC_OK : OCC_ERR_NITRO_SIGNATURE);
        struct occ_attestation found = { .size = sizeof found };
        assert_int_equal(occ_report_attestation(report, &found), 1);
        if (i == 0) {
            not_after_ms = found.certificate_not_after_ms;
            assert_true(not_after_ms > found.time_ms);
        }
        assert_int_equal(found.certificate_not_after_ms, i < 2 ? not_after_ms : 0);
        occ_report_free(report);
    }
    /* The remembered document beside a proof that it is not about. */
    char *changed = replace(whole.text, "\"metadata\":{\"a\":1}", "\"metadata\":{\"a\":2}");
    char *other_key = replace(whole.text, "\"counter\":\"12\"", "\"counter\":\"13\"");
    const struct occ_verify_input same = { .size = sizeof same, .proof = changed, .proof_len = strlen(changed) };
    const struct occ_verify_input other = { .size = sizeof other, .proof = other_key, .proof_len = strlen(other_key) };
    assert_int_equal(occ_verify(verifier, &same, NULL), OCC_OK); /* metadata is not signed */
    assert_int_equal(occ_verify(verifier, &other, NULL), OCC_ERR_SIGNATURE);
    free(other_key);
    free(changed);
    occ_verifier_free(verifier);
    free(flipped);
    whole_clear(&whole);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_remembered),
        cmocka_unit_test(test_simulated),
        cmocka_unit_test(test_policies_of_simulated),
        cmocka_unit_test(test_simulated_is_refused),
        cmocka_unit_test(test_roots_of_two_kinds),
        cmocka_unit_test(test_bindings),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_moved),
        cmocka_unit_test(test_measurement_and_length),
        cmocka_unit_test(test_other_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
