/* tests/unit/verify/report.c — src/verify/report.c: the getters and the JSON text. */
#include "unit/verify/whole.h"

static void
test_valid_json(void **state)
{
    (void)state;
    char *proof = sign_proof(PLAIN_PROOF);
    occ_report *report = NULL;
    assert_int_equal(verify_text(proof, "{\"requireEnforcement\":\"stub\"}", NULL, &report), OCC_OK);
    struct occ_json *root = parse_json(proof);
    const struct occ_proof read = read_proof(root);
    uint8_t hash[OCC_SHA256_LEN];
    char hash_b64[OCC_BASE64_LEN(OCC_SHA256_LEN) + 1] = "";
    assert_true(occ_is_ok(occ_body_proof_hash(&read, hash)));
    occ_base64_encode(occ_bytes_of(hash, sizeof hash), hash_b64);
    char expected[2048];
    snprintf(expected, sizeof expected,
             "{\"valid\":true,\"checks\":[{\"name\":\"structure\",\"status\":\"passed\",\"text\":\"an occ/1 proof\"},"
             "{\"name\":\"signature\",\"status\":\"passed\",\"text\":\"the signature covers the signed body and is the "
             "key's\"},{\"name\":\"policy\",\"status\":\"passed\",\"text\":\"the proof meets the policy\"}],"
             "\"proof\":{\"digestB64\":\"%s\",\"counter\":\"7\",\"time\":1741496392841,\"epochId\":\"%s\","
             "\"publicKeyB64\":\"%s\",\"enforcement\":\"stub\",\"measurement\":\"stub:test\",\"proofHash\":\"%s\","
             "\"claimed\":[\"enforcement\",\"measurement\",\"time\"],\"unsigned\":[\"metadata\"],\"advisory\":["
             "\"metadata\"]}}",
             DIGEST_B64, EPOCH_B64, KEY_B64, hash_b64);
    size_t len = 0;
    assert_string_equal(occ_report_json(report, &len), expected);
    assert_int_equal(len, strlen(expected));
    occ_json_free(root);
    occ_report_free(report);
    free(proof);
}

static void
test_failed_json(void **state)
{
    (void)state;
    char *text = replace(PLAIN_PROOF, "\"measurement\":\"stub:test\"", "\"measurement\":\"\"");
    occ_report *report = NULL;
    assert_int_equal(verify_text(text, "{}", NULL, &report), OCC_ERR_PROOF_STRUCTURE);
    assert_string_equal(
        occ_report_json(report, NULL),
        "{\"valid\":false,\"reason\":\"environment.measurement: empty\",\"code\":\"proof-structure\",\"checks\":["
        "{\"name\":\"structure\",\"status\":\"failed\",\"code\":\"proof-structure\",\"text\":"
        "\"environment.measurement: empty\"},{\"name\":\"signature\",\"status\":\"not performed\",\"text\":"
        "\"not performed after the failure before it\"},{\"name\":\"policy\",\"status\":\"not performed\",\"text\":"
        "\"not performed after the failure before it\"}]}");
    occ_report_free(report);
    free(text);
    assert_int_equal(verify_text("{", NULL, NULL, &report), OCC_ERR_JSON_SYNTAX);
    const char *begins = "{\"valid\":false,\"reason\":\"proof: ";
    const char *ends = "\",\"code\":\"json-syntax\",\"checks\":[]}";
    size_t len = 0;
    const char *json = occ_report_json(report, &len);
    assert_int_equal(strncmp(json, begins, strlen(begins)), 0);
    assert_string_equal(json + len - strlen(ends), ends);
    occ_report_free(report);
}

/* Texts that need escapes; and it is JSON. */
static void
test_facts(void **state)
{
    (void)state;
    const struct whole_plan plan = {
        .tier = "stub", .measurement = "\\\"m\\\\\\u0000\\n\u00e4\\u2028", .slot = true, .artifact_token = true
    };
    struct whole whole = whole_make(&plan);
    char *proof = replace(whole.text, "\"metadata\":{\"a\":1}", "\"metadata\":{\"a\":1},\"\\\"\\u000a\":[],\"a.b\":1");
    occ_report *report = NULL;
    assert_int_equal(verify_text(proof, NULL, NULL, &report), OCC_OK);
    struct occ_json *root = parse_json(occ_report_json(report, NULL));
    struct occ_json *proof_root = parse_json(proof);
    const struct occ_json *facts = occ_json_get(root, "proof");
    const struct occ_bytes measurement = occ_json_string(occ_json_get(facts, "measurement"));
    assert_true(occ_bytes_equal(measurement,
                                occ_json_string(occ_json_get(occ_json_get(proof_root, "environment"), "measurement"))));
    assert_true(occ_bytes_is(occ_json_string(occ_json_get(facts, "chainId")), "occ:main"));
    OCC_BUF_AUTO(lists, 4096);
    occ_canonical_put(&lists, occ_json_get(facts, "claimed"));
    occ_canonical_put(&lists, occ_json_get(facts, "unsigned"));
    occ_canonical_put(&lists, occ_json_get(facts, "advisory"));
    occ_buf_put_byte(&lists, 0);
    /* The token is good, but nobody vouches for its authority here. */
    assert_string_equal((const char *)lists.ptr, "[\"enforcement\",\"measurement\",\"time\"]"
                                                 "[\"metadata\",\"\\\"\\n\",\"a.b\",\"slotAllocation\",\"timestamps\"]"
                                                 "[\"metadata\",\"\\\"\\n\",\"a.b\",\"timestamps\"]");
    occ_json_free(proof_root);
    occ_json_free(root);
    occ_report_free(report);
    free(proof);
    whole_clear(&whole);
}

/* What a proof may leave out, its report leaves out. */
static void
test_bare_facts(void **state)
{
    (void)state;
    char *bare = replace(PLAIN_PROOF,
                         "\"counter\":\"7\",\"epochId\":\"" EPOCH_B64 "\",\"nonceB64\":\"" NONCE_B64
                         "\",\"prevB64\":\"" DIGEST_B64 "\",\"time\":1741496392841",
                         "\"nonceB64\":\"" NONCE_B64 "\"");
    char *smaller = replace(bare, "\"metadata\":{\"source\":\"test\"},", "");
    char *proof = sign_proof(smaller);
    occ_report *report = NULL;
    assert_int_equal(verify_text(proof, NULL, NULL, &report), OCC_OK);
    struct occ_json *root = parse_json(occ_report_json(report, NULL));
    const struct occ_json *facts = occ_json_get(root, "proof");
    assert_int_equal(occ_json_length(facts), 8);
    assert_int_equal(occ_json_length(occ_json_get(facts, "claimed")), 2);
    assert_true(occ_json_is(occ_json_get(facts, "unsigned"), OCC_JSON_ARRAY));
    assert_int_equal(occ_json_length(occ_json_get(facts, "unsigned")), 0);
    occ_json_free(root);
    occ_report_free(report);
    free(proof);
    free(smaller);
    free(bare);
}

static void
test_getters(void **state)
{
    (void)state;
    occ_report *report = NULL;
    assert_int_equal(verify_text(PLAIN_PROOF, NULL, NULL, &report), OCC_ERR_SIGNATURE);
    assert_int_equal(occ_report_check_count(report), 2);
    struct occ_check check = { .size = sizeof check };
    assert_true(occ_report_check(report, 1, &check));
    assert_string_equal(check.name, "signature");
    assert_int_equal(check.status, OCC_CHECK_FAILED);
    assert_int_equal(check.code, OCC_ERR_SIGNATURE);
    assert_string_equal(check.text, "signature verification failed");
    assert_false(occ_report_check(report, 2, &check));
    assert_false(occ_report_check(report, 0, NULL));
    check.size = sizeof check - 1;
    assert_false(occ_report_check(report, 0, &check));
    struct {
        struct occ_check known;
        size_t later;
    } newer = { .known = { .size = sizeof newer }, .later = 7 };
    assert_true(occ_report_check(report, 0, &newer.known));
    assert_int_equal(newer.later, 0);
    assert_int_equal(newer.known.size, sizeof newer);
    occ_report_free(report);
}

static void
test_no_report(void **state)
{
    (void)state;
    size_t len = 1;
    struct occ_check check = { .size = sizeof check };
    assert_int_equal(occ_report_valid(NULL), 0);
    assert_int_equal(occ_report_code(NULL), OCC_ERR_USAGE);
    assert_string_equal(occ_report_reason(NULL), "");
    assert_int_equal(occ_report_check_count(NULL), 0);
    assert_false(occ_report_check(NULL, 0, &check));
    assert_string_equal(occ_report_json(NULL, &len), "");
    assert_int_equal(len, 0);
    occ_report_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid_json), cmocka_unit_test(test_failed_json), cmocka_unit_test(test_facts),
        cmocka_unit_test(test_bare_facts), cmocka_unit_test(test_getters),     cmocka_unit_test(test_no_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
