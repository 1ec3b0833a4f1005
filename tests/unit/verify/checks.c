/* tests/unit/verify/checks.c — src/verify/checks.c: which checks a verification lists, in which order, with what result. */
#include "unit/verify/support.h"

/* The checks of a report as one text: "structure+ digest- policy?" for passed, failed, not performed. */
static void
assert_checks(const occ_report *report, const char *expected)
{
    static const char marks[] = { [OCC_CHECK_PASSED] = '+', [OCC_CHECK_FAILED] = '-', [OCC_CHECK_NOT_PERFORMED] = '?' };
    char found[256] = "";
    struct occ_check check = { .size = sizeof check };
    for (size_t i = 0; occ_report_check(report, i, &check); i++) {
        const size_t len = strlen(found);
        snprintf(found + len, sizeof found - len, "%s%s%c", i == 0 ? "" : " ", check.name, marks[check.status]);
        assert_true(strlen(check.text) > 0);
        assert_int_equal(check.code != OCC_OK, check.status == OCC_CHECK_FAILED);
    }
    assert_string_equal(found, expected);
}

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
    char *full = sign_proof(FULL_PROOF);
    uint8_t digest[OCC_SHA256_LEN];
    size_t len = 0;
    assert_true(occ_is_ok(occ_base64_decode(occ_bytes_str(DIGEST_B64), sizeof digest, digest, &len)));
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
        { full, NULL, NULL, OCC_OK, "structure+ signature+ agency? slot? epoch-link? attestation? timestamps?" },
        { full, "{}", digest, OCC_OK,
          "structure+ digest+ signature+ agency? slot? epoch-link? attestation? timestamps? policy+" },
        { full, "{\"requireActor\":true}", NULL, OCC_ERR_POLICY_ACTOR_UNVERIFIED,
          "structure+ signature+ agency? slot? epoch-link? attestation? timestamps? policy-" },
        { FULL_PROOF, NULL, NULL, OCC_ERR_SIGNATURE,
          "structure+ signature- agency? slot? epoch-link? attestation? timestamps?" },
        { slot_counter, NULL, NULL, OCC_OK, "structure+ signature+ slot?" }, /* slotAllocation taken out */
        { slot_hash, NULL, NULL, OCC_OK, "structure+ signature+ slot?" },
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
    free(full);
    free(plain);
}

static void
assert_check(const occ_report *report, const char *name, enum occ_check_status status, const char *text)
{
    const struct occ_check check = find_check(report, name);
    assert_non_null(check.name);
    assert_int_equal(check.status, status);
    assert_string_equal(check.text, text);
}

static void
test_sentences(void **state)
{
    (void)state;
    char *full = sign_proof(FULL_PROOF);
    uint8_t digest[OCC_SHA256_LEN];
    size_t len = 0;
    assert_true(occ_is_ok(occ_base64_decode(occ_bytes_str(DIGEST_B64), sizeof digest, digest, &len)));
    occ_report *report = NULL;
    assert_int_equal(verify_text(full, "{}", digest, &report), OCC_OK);
    assert_check(report, "structure", OCC_CHECK_PASSED, "an occ/1 proof");
    assert_check(report, "digest", OCC_CHECK_PASSED, "the file's digest is the one in the proof");
    assert_check(report, "signature", OCC_CHECK_PASSED, "the signature covers the signed body and is the key's");
    assert_check(report, "agency", OCC_CHECK_NOT_PERFORMED, "actor cannot be verified by this version");
    assert_check(report, "slot", OCC_CHECK_NOT_PERFORMED, "slot cannot be verified by this version");
    assert_check(report, "epoch-link", OCC_CHECK_NOT_PERFORMED, "epoch link cannot be verified by this version");
    assert_check(report, "attestation", OCC_CHECK_NOT_PERFORMED,
                 "attestation format \"aws-nitro\" cannot be verified by this version");
    assert_check(report, "timestamps", OCC_CHECK_NOT_PERFORMED, "timestamps cannot be verified by this version");
    assert_check(report, "policy", OCC_CHECK_PASSED, "the proof meets the policy");
    occ_report_free(report);

    digest[31] ^= 1;
    assert_int_equal(verify_text(full, NULL, digest, &report), OCC_ERR_DIGEST_MISMATCH);
    assert_string_equal(occ_report_reason(report), "the file's digest is not the one in the proof");
    assert_check(report, "signature", OCC_CHECK_NOT_PERFORMED, "not performed after the failure before it");
    occ_report_free(report);
    free(full);
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

/* What PROTOCOL §2.1 lists as not signed may change, and the proof stays valid. */
static void
test_unsigned_values(void **state)
{
    (void)state;
    static const char *const changes[][2] = {
        { "\"reportB64\":\"AAAA\"", "\"reportB64\":\"BBBB\"" },
        { "\"leafIndex\":0", "\"leafIndex\":1" },
        { "\"challenge\":\"c\"", "\"challenge\":\"d\"" },
        { "\"metadata\":{\"0\":1}", "\"metadata\":{\"1\":2}" },
        { "\"time\":5", "\"time\":6" },
        { "\"authority\":\"tsa\"", "\"authority\":\"tsb\"" },
        { "\"whatever\":[]", "\"proofHash\":\"x\"" },
        { "\"version\":\"occ/1\"", "\"version\" :\t\"\\u006fcc/1\"" },
    };
    char *full = sign_proof(FULL_PROOF);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char *changed = replace(full, changes[i][0], changes[i][1]);
        assert_verdict(changed, NULL, OCC_OK, NULL);
        free(changed);
    }
    free(full);
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

/* The public data, as its README states. */
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
        { "occ1/tee-direct.json", OCC_OK, "structure+ signature+ slot? attestation? timestamps?" },
        { "occ1/tee-policy.json", OCC_OK, "structure+ signature+ slot? attestation? timestamps?" },
        { "occ1/tee-webauthn.json", OCC_OK, "structure+ signature+ agency? slot? attestation? timestamps?" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = read_vector(cases[i].name);
        occ_report *report = NULL;
        assert_int_equal(verify_text(text, NULL, NULL, &report), cases[i].code);
        assert_checks(report, cases[i].checks);
        occ_report_free(report);
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
        cmocka_unit_test(test_lists),         cmocka_unit_test(test_sentences),       cmocka_unit_test(test_flips),
        cmocka_unit_test(test_signed_values), cmocka_unit_test(test_unsigned_values), cmocka_unit_test(test_zero_key),
        cmocka_unit_test(test_huge_counter),  cmocka_unit_test(test_real_proofs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
