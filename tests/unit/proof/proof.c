/* tests/unit/proof/proof.c — src/proof/proof.c and fields.c: what every proof has; one case per refusal. */
#include "unit/proof/support.h"

struct refusal {
    const char *find;
    const char *with;
    const char *text;
};

static const struct refusal refusals[] = {
    /* members that are missing */
    { "\"version\":\"occ/1\"", "\"versio\":\"occ/1\"", "version: missing" },
    { "\"artifact\":", "\"artifac\":", "artifact: missing" },
    { "\"commit\":", "\"commi\":", "commit: missing" },
    { "\"signer\":", "\"signe\":", "signer: missing" },
    { "\"environment\":", "\"environmen\":", "environment: missing" },
    { "\"hashAlg\"", "\"hashAl\"", "artifact.hashAlg: missing" },
    { "\"digestB64\"", "\"digest\"", "artifact.digestB64: missing" },
    { "\"nonceB64\"", "\"nonce\"", "commit.nonceB64: missing" },
    { "\"publicKeyB64\"", "\"publicKey\"", "signer.publicKeyB64: missing" },
    { "\"signatureB64\"", "\"signature\"", "signer.signatureB64: missing" },
    { "\"enforcement\"", "\"enforcemen\"", "environment.enforcement: missing" },
    { "\"measurement\"", "\"measuremen\"", "environment.measurement: missing" },
    /* wrong types, null among them (PROTOCOL §2) */
    { "\"version\":\"occ/1\"", "\"version\":1", "version: a number, expected a string" },
    { "\"artifact\":{", "\"artifact\":null,\"x\":{", "artifact: null, expected an object" },
    { "\"commit\":{", "\"commit\":[],\"x\":{", "commit: an array, expected an object" },
    { "\"signer\":{", "\"signer\":\"\",\"x\":{", "signer: a string, expected an object" },
    { "\"environment\":{", "\"environment\":true,\"x\":{", "environment: a boolean, expected an object" },
    { "\"hashAlg\":\"sha256\"", "\"hashAlg\":256", "artifact.hashAlg: a number, expected a string" },
    { "\"digestB64\":\"" DIGEST_B64 "\"", "\"digestB64\":null",
      "artifact.digestB64: null, expected a string of base64" },
    { "\"counter\":\"7\"", "\"counter\":7", "commit.counter: a number, expected a string of decimal digits" },
    { "\"counter\":\"7\"", "\"counter\":null", "commit.counter: null, expected a string of decimal digits" },
    { "\"epochId\":\"" EPOCH_B64 "\"", "\"epochId\":null", "commit.epochId: null, expected a string" },
    { "\"prevB64\":\"" DIGEST_B64 "\"", "\"prevB64\":null", "commit.prevB64: null, expected a string of base64" },
    { "1741496392841", "\"1741496392841\"", "commit.time: a string, expected a number" },
    { "1741496392841", "null", "commit.time: null, expected a number" },
    { "\"enforcement\":\"stub\"", "\"enforcement\":0", "environment.enforcement: a number, expected a string" },
    { "\"measurement\":\"stub:test\"", "\"measurement\":[]", "environment.measurement: an array, expected a string" },
    { "{\"source\":\"test\"}", "null", "metadata: null, expected an object" },
    { "{\"source\":\"test\"}", "\"text\"", "metadata: a string, expected an object" },
    { "{\"source\":\"test\"}", "[]", "metadata: an array, expected an object" },
    /* empty fields (PROTOCOL §2) */
    { "{\"source\":\"test\"}", "{}", "metadata: empty, expected to be absent then" },
    { "\"epochId\":\"" EPOCH_B64 "\"", "\"epochId\":\"\"", "commit.epochId: empty" },
    { "\"prevB64\":\"" DIGEST_B64 "\"", "\"prevB64\":\"\"", "commit.prevB64: empty" },
    { "\"measurement\":\"stub:test\"", "\"measurement\":\"\"", "environment.measurement: empty" },
    { "\"counter\":\"7\"", "\"counter\":\"\"",
      "commit.counter: \"\", expected a decimal number without leading zeros" },
    /* values */
    { "\"hashAlg\":\"sha256\"", "\"hashAlg\":\"SHA256\"", "artifact.hashAlg: \"SHA256\", expected \"sha256\"" },
    { "\"hashAlg\":\"sha256\"", "\"hashAlg\":\"sha512\"", "artifact.hashAlg: \"sha512\", expected \"sha256\"" },
    { "\"counter\":\"7\"", "\"counter\":\"07\"",
      "commit.counter: \"07\", expected a decimal number without leading zeros" },
    { "\"counter\":\"7\"", "\"counter\":\"-7\"",
      "commit.counter: \"-7\", expected a decimal number without leading zeros" },
    { "\"counter\":\"7\"", "\"counter\":\"7\",\"slotCounter\":\"x\"",
      "commit.slotCounter: \"x\", expected a decimal number without leading zeros" },
    { "\"counter\":\"7\"", "\"counter\":\"7\",\"slotHashB64\":\"AAAA\"", "commit.slotHashB64: 3 bytes, expected 32" },
    { "\"counter\":\"7\"", "\"counter\":\"7\",\"chainId\":\"\"",
      "commit.chainId: \"\", expected 1 to 64 characters of A-Z a-z 0-9 . _ : -" },
    { "\"counter\":\"7\"", "\"counter\":\"7\",\"chainId\":\"a b\"",
      "commit.chainId: \"a b\", expected 1 to 64 characters of A-Z a-z 0-9 . _ : -" },
    { "\"counter\":\"7\"", "\"counter\":\"7\",\"chainId\":null", "commit.chainId: null, expected a string" },
    { "1741496392841", "1.5", "commit.time: 1.5, expected a whole number from 0 to 9007199254740991" },
    { "1741496392841", "-1", "commit.time: -1, expected a whole number from 0 to 9007199254740991" },
    { "1741496392841", "9007199254740992",
      "commit.time: 9007199254740992, expected a whole number from 0 to 9007199254740991" },
    { "1741496392841", "1e300", "commit.time: 1e+300, expected a whole number from 0 to 9007199254740991" },
    { "\"enforcement\":\"stub\"", "\"enforcement\":\"tee\"",
      "environment.enforcement: \"tee\", expected \"stub\", \"hw-key\" or \"measured-tee\"" },
    /* base64 that another encoder would not have written, and lengths */
    { "\"digestB64\":\"" DIGEST_B64, "\"digestB64\":\"" DIGEST_B64 " ", "artifact.digestB64: not canonical base64" },
    { "/RnU=\",\"hashAlg\"", "_RnU=\",\"hashAlg\"", "artifact.digestB64: not canonical base64" },
    { "/RnU=\",\"hashAlg\"", "/RnU\",\"hashAlg\"", "artifact.digestB64: not canonical base64" },
    { "/RnU=\",\"hashAlg\"", "/RnV=\",\"hashAlg\"", "artifact.digestB64: not canonical base64" },
    { "\"digestB64\":\"" DIGEST_B64, "\"digestB64\":\"AAAA", "artifact.digestB64: 3 bytes, expected 32" },
    { "\"prevB64\":\"" DIGEST_B64, "\"prevB64\":\"AAAA", "commit.prevB64: 3 bytes, expected 32" },
    { NONCE_B64, "AAAAAAAAAAAAAAAAAAAA", "commit.nonceB64: 15 bytes, expected 16 to 64" },
    { NONCE_B64, ZERO_SIGNATURE, NULL /* 64 bytes: good */ },
    { KEY_B64, "AAAA", "signer.publicKeyB64: 3 bytes, expected 32" },
    { ZERO_SIGNATURE, "AAAA", "signer.signatureB64: 3 bytes, expected 64" },
    /* names inside a signed object (PROTOCOL §1) */
    { "\"hashAlg\"", "\"0\":1,\"hashAlg\"",
      "artifact: a member is named \"0\", which JavaScript would reorder or drop" },
    { "\"counter\"", "\"x\":[{\"17\":1}],\"counter\"",
      "commit: a member is named \"17\", which JavaScript would reorder or drop" },
    { "\"counter\"", "\"__proto__\":{},\"counter\"",
      "commit: a member is named \"__proto__\", which JavaScript would reorder or drop" },
    { "{\"source\":\"test\"}", "{\"0\":{\"__proto__\":1}}", NULL /* not signed: good */ },
    /* what is unknown is kept */
    { "\"counter\":\"7\"", "\"counter\":\"7\",\"later\":null", NULL },
    { "\"version\"", "\"later\":{},\"version\"", NULL },
    { "\"counter\":\"7\",", "", NULL },
    { ",\"time\":1741496392841", "", NULL },
    { "1741496392841", "9007199254740991", NULL },
    { "\"counter\":\"7\"", "\"counter\":\"123456789012345678901234567890\"", NULL },
};

static void
check_refusal(const char *text, enum occ_err code, const char *sentence)
{
    struct occ_json *root = parse_json(text);
    struct occ_error err = { 0 };
    struct occ_proof proof = { .counter = occ_bytes_str("untouched") };
    const struct occ_result result = occ_proof_read(root, &err, &proof);
    assert_string_equal(err.text, sentence == NULL ? "" : sentence);
    assert_int_equal(result.code, code);
    if (code != OCC_OK) {
        assert_int_equal(err.code, code);
        assert_true(occ_bytes_is(proof.counter, "untouched"));
        assert_int_equal(occ_proof_read(root, NULL, &proof).code, code);
    }
    occ_json_free(root);
}

static void
test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        char *text = replace(PLAIN_PROOF, refusals[i].find, refusals[i].with);
        check_refusal(text, refusals[i].text == NULL ? OCC_OK : OCC_ERR_PROOF_STRUCTURE, refusals[i].text);
        free(text);
    }
}

static void
test_version(void **state)
{
    (void)state;
    static const char *const others[][2] = {
        { "occ/2", "version: \"occ/2\", expected \"occ/1\"" },
        { "", "version: \"\", expected \"occ/1\"" },
        { "OCC/1", "version: \"OCC/1\", expected \"occ/1\"" },
        { "occ/1 ", "version: \"occ/1 \", expected \"occ/1\"" },
        { "occ/1\\u0000", "version: \"occ/1\", expected \"occ/1\"" },
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        char *text = replace(PLAIN_PROOF, "occ/1", others[i][0]);
        check_refusal(text, OCC_ERR_PROOF_VERSION, others[i][1]);
        free(text);
    }
}

static void
test_not_an_object(void **state)
{
    (void)state;
    check_refusal("[]", OCC_ERR_PROOF_STRUCTURE, "not an occ/1 proof: an array, expected an object");
    check_refusal("null", OCC_ERR_PROOF_STRUCTURE, "not an occ/1 proof: null, expected an object");
    check_refusal("\"occ/1\"", OCC_ERR_PROOF_STRUCTURE, "not an occ/1 proof: a string, expected an object");
    check_refusal("{}", OCC_ERR_PROOF_STRUCTURE, "version: missing");
}

static void
test_long_measurement(void **state)
{
    (void)state;
    char longest[OCC_LIMIT_PEER_MEASUREMENT_LEN + 2] = "";
    memset(longest, 'm', OCC_LIMIT_PEER_MEASUREMENT_LEN);
    char *text = replace(PLAIN_PROOF, "stub:test", longest);
    check_refusal(text, OCC_OK, NULL);
    free(text);
    longest[OCC_LIMIT_PEER_MEASUREMENT_LEN] = 'm';
    text = replace(PLAIN_PROOF, "stub:test", longest);
    check_refusal(text, OCC_ERR_PROOF_STRUCTURE, "environment.measurement: 1025 bytes, expected 1 to 1024");
    free(text);
}

static void
test_long_chain_id(void **state)
{
    (void)state;
    char with[128] = "\"chainId\":\"";
    const size_t start = strlen(with);
    memset(with + start, 'Z', 64);
    memcpy(with + start + 64, "\",\"counter\"", 12);
    char *text = replace(PLAIN_PROOF, "\"counter\"", with);
    check_refusal(text, OCC_OK, NULL);
    char *longer = replace(text, "ZZ", "ZZZ");
    struct occ_json *root = parse_json(longer);
    struct occ_error err;
    struct occ_proof proof;
    assert_int_equal(occ_proof_read(root, &err, &proof).code, OCC_ERR_PROOF_STRUCTURE);
    occ_json_free(root);
    free(longer);
    free(text);
}

static void
test_values(void **state)
{
    (void)state;
    struct occ_json *root = parse_json(PLAIN_PROOF);
    const struct occ_proof proof = read_proof(root);
    assert_true(occ_bytes_is(proof.counter, "7"));
    assert_true(proof.has_time);
    assert_true(proof.time_ms == 1741496392841.0);
    assert_true(occ_bytes_is(proof.epoch_id, EPOCH_B64));
    assert_true(occ_bytes_is(proof.prev_b64, DIGEST_B64));
    assert_true(occ_bytes_is(proof.public_key_b64, KEY_B64));
    assert_base64(occ_bytes_of(proof.digest, sizeof proof.digest), DIGEST_B64);
    assert_base64(occ_bytes_of(proof.public_key, sizeof proof.public_key), KEY_B64);
    assert_base64(occ_bytes_of(proof.signature, sizeof proof.signature), ZERO_SIGNATURE);
    assert_int_equal(proof.enforcement, OCC_ENFORCEMENT_STUB);
    assert_true(occ_bytes_is(proof.measurement, "stub:test"));
    assert_int_equal(proof.attestation_format.len, 0);
    assert_null(proof.attestation_batch);
    assert_null(proof.agency);
    assert_null(proof.slot_allocation);
    assert_null(proof.timestamps);
    assert_ptr_equal(proof.metadata, occ_json_get(root, "metadata"));
    assert_ptr_equal(proof.root, root);
    occ_json_free(root);
}

static void
test_enforcement_names(void **state)
{
    (void)state;
    static const char *const tiers[] = { "stub", "hw-key", "measured-tee" };
    for (size_t i = 0; i < 3; i++) {
        enum occ_enforcement tier = OCC_ENFORCEMENT_STUB;
        assert_true(occ_proof_enforcement_of(occ_bytes_str(tiers[i]), &tier));
        assert_string_equal(occ_proof_enforcement_name(tier), tiers[i]);
    }
    enum occ_enforcement tier = OCC_ENFORCEMENT_HW_KEY;
    assert_false(occ_proof_enforcement_of(occ_bytes_str("Stub"), &tier));
    assert_false(occ_proof_enforcement_of(occ_bytes_str(""), &tier));
    assert_int_equal(tier, OCC_ENFORCEMENT_HW_KEY);
}

/* Every real proof has a sound structure. */
static void
test_real_proofs(void **state)
{
    (void)state;
    static const char *const names[] = { "occ1/stub-policy.json", "occ1/stub-tool-call.json", "occ1/tee-direct.json",
                                         "occ1/tee-policy.json", "occ1/tee-webauthn.json" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *text = read_vector(names[i]);
        check_refusal(text, OCC_OK, NULL);
        free(text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),          cmocka_unit_test(test_version),
        cmocka_unit_test(test_not_an_object),     cmocka_unit_test(test_long_measurement),
        cmocka_unit_test(test_long_chain_id),     cmocka_unit_test(test_values),
        cmocka_unit_test(test_enforcement_names), cmocka_unit_test(test_real_proofs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
