/* tests/unit/verify/checks.c — src/verify/checks.c: which checks a verification lists, in which order, with what result. */
#include "unit/verify/whole.h"

/* PLAIN_PROOF with text in place of the name of its nonce, signed. */
static char *
sign_changed(const char *text)
{
    char *changed = replace(PLAIN_PROOF, "\"nonceB64\":", text);
    char *proof = sign_proof(changed);
    free(changed);
    return proof;
}

static void
test_lists(void **state)
{
    (void)state;
    char *plain = sign_proof(PLAIN_PROOF);
    uint8_t digest[OCC_SHA256_LEN];
    whole_digest(digest);
    uint8_t other[OCC_SHA256_LEN] = { 0 };
    char *broken = replace(plain, "\"nonceB64\":\"", "\"nonceB64\":\"A");
    char *slot_counter = sign_changed("\"slotCounter\":\"6\",\"nonceB64\":");
    char *slot_hash = sign_changed("\"slotHashB64\":\"" DIGEST_B64 "\",\"nonceB64\":");
    const struct {
        const char *proof, *policy;
        const uint8_t *digest;
        enum occ_err code;
        const char *checks;
    } cases[] = {
        { plain, NULL, NULL, OCC_OK, "structure+ signature+" },
        { plain, "{}", digest, OCC_OK, "structure+ digest+ signature+ policy+" },
        { plain, "{}", other, OCC_ERR_DIGEST_MISMATCH, "structure+ digest- signature? policy?" },
        { PLAIN_PROOF, "{}", digest, OCC_ERR_SIGNATURE, "structure+ digest+ signature- policy?" },
        { broken, "{}", digest, OCC_ERR_PROOF_STRUCTURE, "structure- digest? signature? policy?" },
        { broken, NULL, NULL, OCC_ERR_PROOF_STRUCTURE, "structure- signature?" },
        { plain, "{\"minCounter\":\"8\"}", NULL, OCC_ERR_POLICY_COUNTER_LOW, "structure+ signature+ policy-" },
        { FULL_PROOF, NULL, NULL, OCC_ERR_SIGNATURE,
          "structure+ signature- agency? slot? epoch-link? attestation? timestamps?" },
        { slot_counter, NULL, NULL, OCC_ERR_SLOT_MISSING,
          "structure+ signature+ slot-" }, /* slotAllocation taken out */
        { slot_hash, NULL, NULL, OCC_ERR_SLOT_MISSING, "structure+ signature+ slot-" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        occ_report *report = NULL;
        assert_int_equal(verify_text(cases[i].proof, cases[i].policy, cases[i].digest, &report), cases[i].code);
        assert_checks(report, cases[i].checks);
        occ_report_free(report);
    }
    free(slot_hash);
    free(slot_counter);
    free(broken);
    free(plain);
}

/* With every kind of evidence, in the order of PROTOCOL §5; what is not there is not listed. */
static void
test_whole(void **state)
{
    (void)state;
    struct whole_plan plan = whole_plan();
    plan.epoch_link = true;
    struct whole whole = whole_make(&plan);
    occ_report *report = NULL;
    assert_int_equal(
        whole_verify(&whole, whole.text, "{\"requireEnforcement\":\"measured-tee\",\"requireSlot\":true}", &report),
        OCC_OK);
    assert_checks(report, "structure+ signature+ agency+ slot+ epoch-link+ attestation+ timestamps+ policy+");
    assert_check(report, "structure", OCC_CHECK_PASSED, "an occ/1 proof");
    assert_check(report, "signature", OCC_CHECK_PASSED, "the signature covers the signed body and is the key's");
    assert_check(report, "policy", OCC_CHECK_PASSED, "the proof meets the policy");
    occ_report_free(report);

    /* The first that fails gives the reason; what comes after it is not looked at. */
    char *other = replace(whole.text, "\"artifactHash\":\"j", "\"artifactHash\":\"k");
    assert_int_equal(whole_verify(&whole, other, "{}", &report), OCC_ERR_ACTOR_DIGEST);
    assert_checks(report, "structure+ signature+ agency- slot? epoch-link? attestation? timestamps? policy?");
    assert_check(report, "slot", OCC_CHECK_NOT_PERFORMED, "not performed after the failure before it");
    occ_report_free(report);
    free(other);
    whole_clear(&whole);

    plan = (struct whole_plan){ .tier = "measured-tee", .document = WHOLE_KEY };
    whole = whole_make(&plan);
    assert_int_equal(whole_verify(&whole, whole.text, NULL, &report), OCC_OK);
    assert_checks(report, "structure+ signature+ attestation+");
    occ_report_free(report);
    whole_clear(&whole);
}

/*
 * PROTOCOL §5, "What the signer only says": a fresh key with a measurement that was copied and a report that was made up,
 * or copied too, passes no policy that names a tier, a measurement or an attestation.
 */
static void
test_forger(void **state)
{
    (void)state;
    static const char *const policies[] = {
        "{\"requireEnforcement\":\"measured-tee\"}",
        "{\"allowedMeasurements\":[\"" MEASUREMENT "\"]}",
        "{\"requireAttestation\":true}",
        "{\"requireAttestationFormat\":[\"aws-nitro\",\"made-up\"]}",
        "{\"allowedAttestationBindings\":[\"body\",\"batch\",\"key\"]}",
        "{\"requiredPcrs\":{}}",
    };
    static const char *const environments[] = {
        "\"enforcement\":\"measured-tee\",\"measurement\":\"" MEASUREMENT "\"",
        "\"enforcement\":\"stub\",\"measurement\":\"" MEASUREMENT "\"",
        "\"attestation\":{\"format\":\"made-up\",\"reportB64\":\"AAAA\"},\"enforcement\":\"measured-tee\","
        "\"measurement\":\"" MEASUREMENT "\"",
        "\"attestation\":{\"format\":\"aws-nitro\",\"reportB64\":\"AAAA\"},\"enforcement\":\"measured-tee\","
        "\"measurement\":\"" MEASUREMENT "\"",
    };
    for (size_t e = 0; e < sizeof environments / sizeof environments[0]; e++) {
        char *text = replace(PLAIN_PROOF, "\"enforcement\":\"stub\",\"measurement\":\"stub:test\"", environments[e]);
        char *proof = sign_proof(text);
        for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
            const enum occ_err code = verify_text(proof, policies[i], NULL, NULL);
            if (code < OCC_ERR_PROOF_STRUCTURE) {
                fail_msg("%s passes %s: %d", environments[e], policies[i], (int)code);
            }
        }
        free(proof);
        free(text);
    }
}

/* Each bit of each byte of a proof flipped in turn: valid only where nothing is signed, which is the metadata. */
static void
test_flips(void **state)
{
    (void)state;
    char *text = sign_proof(PLAIN_PROOF);
    const char *metadata = strstr(text, "\"metadata\":{");
    const size_t first = (size_t)(metadata - text);
    const size_t last = (size_t)(strchr(metadata, '}') - text);
    occ_verifier *verifier = new_verifier();
    struct occ_verify_input input = { .size = sizeof input, .proof = text, .proof_len = strlen(text) };
    unsigned valid = 0;
    for (size_t at = 0; at < input.proof_len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            text[at] = (char)((unsigned char)text[at] ^ (1u << bit));
            const enum occ_err code = occ_verify(verifier, &input, NULL);
            if (code == OCC_OK && (at < first || at > last)) {
                fail_msg("bit %u of byte %zu flipped is valid: %.40s", bit, at, text + at);
            }
            assert_true(code == OCC_OK || (code >= 40 && code < 70) || (code >= 100 && code < 200));
            valid += code == OCC_OK;
            text[at] = (char)((unsigned char)text[at] ^ (1u << bit));
        }
    }
    assert_int_equal(occ_verify(verifier, &input, NULL), OCC_OK);
    assert_true(valid > 20);
    occ_verifier_free(verifier);
    free(text);
}

/* Every value that is signed, changed to another good one, and every member that may be there, left out. */
static void
test_signed_values(void **state)
{
    (void)state;
    static const char *const changes[][2] = {
        { "\"counter\":\"12\"", "\"counter\":\"13\"" },
        { ",\"time\":1741496392841", ",\"time\":1741496392842" },
        { ",\"time\":1741496392841", "" },
        { "\"unknown\":[1,", "\"unknown\":[2," },
        { "\"epochId\":\"e1\"", "\"epochId\":\"e2\"" },
        { "\"chainId\":\"occ:main\",", "" },
        { "\"prevMeasurement\":\"m0\"", "\"prevMeasurement\":\"m1\"" },
        { "\"enforcement\":\"measured-tee\"", "\"enforcement\":\"stub\"" },
        { "\"measurement\":\"abab", "\"measurement\":\"acab" },
        { "\"format\":\"aws-nitro\"", "\"format\":\"aws-nitr\"" },
        { "\"attestation\":{", "\"attestatio\":{" },
        { "\"provider\":\"passkey\"", "\"provider\":\"pass\"" },
        { "\"agency\":{", "\"agenc\":{" },
        { "\"name\":\"Jane\"", "\"name\":\"John\"" },
        { "\"attribution\":{\"name\":\"Jane\"},", "" },
        { "\"name\":\"P\"", "\"name\":\"Q\"" },
        { "\"policy\":{\"name\":\"P\"},", "" },
        { "\"id\":\"u1\"", "\"id\":\"u2\"" },
        { "\"principal\":{\"id\":\"u1\"},", "" },
        { "\"hashAlg\":\"sha256\"", "\"hashAlg\":\"sha256\",\"x\":1" },
    };
    char *full = sign_proof(FULL_PROOF);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char *changed = replace(full, changes[i][0], changes[i][1]);
        assert_verdict(changed, NULL, OCC_ERR_SIGNATURE, "signature verification failed");
        free(changed);
    }
    free(full);
}

/* What PROTOCOL §2.1 lists as not signed, and no other signature covers, may change, and the proof stays valid. */
static void
test_unsigned_values(void **state)
{
    (void)state;
    static const char *const changes[][2] = {
        { "\"metadata\":{\"a\":1}", "\"metadata\":{\"0\":2}" },
        { "\"metadata\":{\"a\":1},", "" },
        { "\"metadata\":{\"a\":1}", "\"proofHash\":\"x\"" },
        { "\"authority\":\"https://tsa.example\"", "\"authority\":\"tsb\"" },
        { "\"version\":\"occ/1\"", "\"version\" :\t\"\\u006fcc/1\"" },
    };
    struct whole_plan plan = whole_plan();
    plan.proof_token = false;
    struct whole whole = whole_make(&plan);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char *changed = replace(whole.text, changes[i][0], changes[i][1]);
        assert_int_equal(whole_verify(&whole, changed, NULL, NULL), OCC_OK);
        free(changed);
    }
    whole_clear(&whole);
}

/* PROTOCOL §5: under lax rules, an all-zero key takes all-zero signatures. */
static void
test_zero_key(void **state)
{
    (void)state;
    char *text = replace(PLAIN_PROOF, KEY_B64, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    assert_verdict(text, NULL, OCC_ERR_SIGNATURE, "signature verification failed");
    free(text);
    /* the neutral element as key and as R, S = 0: holds for every message without the small-order rule */
    char *neutral = replace(PLAIN_PROOF, KEY_B64, "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    char *both = replace(neutral, "\"signatureB64\":\"AA", "\"signatureB64\":\"AQ");
    assert_verdict(both, NULL, OCC_ERR_SIGNATURE, "signature verification failed");
    free(both);
    free(neutral);
}

static void
test_huge_counter(void **state)
{
    (void)state;
    static char with[20032] = "\"counter\":\"";
    const size_t start = strlen(with);
    memset(with + start, '9', 20000);
    memcpy(with + start + 20000, "\"", 2);
    char *text = replace(PLAIN_PROOF, "\"counter\":\"7\"", with);
    char *proof = sign_proof(text);
    assert_verdict(proof, "{\"minCounter\":\"100000000000000000000000000000000000000000\"}", OCC_OK, NULL);
    occ_report *report = NULL;
    assert_int_equal(verify_text(proof, "{\"maxCounter\":\"1\"}", NULL, &report), OCC_ERR_POLICY_COUNTER_HIGH);
    assert_int_equal(strncmp(occ_report_reason(report), "counter 99999999", 16), 0);
    assert_non_null(strstr(occ_report_reason(report), " above maximum 1"));
    occ_report_free(report);
    free(proof);
    free(text);
}

/* A verifier that trusts FreeTSA. */
static occ_verifier *
freetsa_verifier(void)
{
    char *pem = read_vector("rfc3161/freetsa-certs.pem");
    const struct occ_verifier_options options = { .size = sizeof options,
                                                  .tsa_roots = pem,
                                                  .tsa_roots_len = strlen(pem) };
    occ_verifier *verifier = NULL;
    assert_int_equal(occ_verifier_new(&options, &verifier), OCC_OK);
    free(pem);
    return verifier;
}

/* The public data, as its README states: every layer of the genuine proofs verifies. */
static void
test_real_proofs(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum occ_err code;
        const char *checks;
    } cases[] = {
        { "occ1/stub-policy.json", OCC_ERR_SIGNATURE, "structure+ signature-" },
        { "occ1/stub-tool-call.json", OCC_OK, "structure+ signature+" },
        { "occ1/tee-direct.json", OCC_OK, "structure+ signature+ slot+ attestation+ timestamps+" },
        { "occ1/tee-policy.json", OCC_OK, "structure+ signature+ slot+ attestation+ timestamps+" },
        { "occ1/tee-webauthn.json", OCC_OK, "structure+ signature+ agency+ slot+ attestation+ timestamps+" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = read_vector(cases[i].name);
        occ_verifier *verifier = freetsa_verifier();
        const struct occ_verify_input input = { .size = sizeof input, .proof = text, .proof_len = strlen(text) };
        occ_report *report = NULL;
        const enum occ_err code = occ_verify(verifier, &input, &report);
        assert_checks(report, cases[i].checks);
        assert_int_equal(code, cases[i].code);
        occ_report_free(report);
        occ_verifier_free(verifier);
        free(text);
    }
    char *changed = read_vector("occ1/stub-policy.json");
    char *given_out =
        replace(changed, ",\n    \"authorProofDigestB64\": \"wNsXCtjVSOZxeRTYzfvDYh5n7qmzJQ+/CsU4nefp/rM=\"", "");
    assert_verdict(given_out, NULL, OCC_OK, NULL);
    free(given_out);
    free(changed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),    cmocka_unit_test(test_whole),         cmocka_unit_test(test_forger),
        cmocka_unit_test(test_flips),    cmocka_unit_test(test_signed_values), cmocka_unit_test(test_unsigned_values),
        cmocka_unit_test(test_zero_key), cmocka_unit_test(test_huge_counter),  cmocka_unit_test(test_real_proofs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
