/* tests/unit/verify/run_timestamps.c — src/verify/run_timestamps.c: which digest each token is held against, and whose it is. */
#include "unit/verify/whole.h"

static void
test_trusted(void **state)
{
    (void)state;
    struct whole_plan plan = { .tier = "stub", .measurement = "stub:x", .artifact_token = true, .proof_token = true };
    struct whole whole = whole_make(&plan);
    occ_report *report = NULL;
    const char *policy = "{\"requireTimestamp\":[\"artifact\",\"proof\"],\"minTimestamp\":1741496392000,"
                         "\"maxTimestamp\":1741496393000}";
    assert_int_equal(whole_verify(&whole, whole.text, policy, &report), OCC_OK);
    assert_int_equal(strncmp(find_check(report, "timestamps").text, "genTime 2025-03-09T04:59:52.", 28), 0);
    struct occ_timestamp found = { .size = sizeof found };
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(occ_report_timestamp(report, i, &found), 1);
        assert_int_equal(found.trusted, 1);
        assert_int_equal(found.gen_time_ms / 1000, WHOLE_TIME_MS / 1000);
        assert_string_equal(found.authority, "https://tsa.example");
        assert_string_equal(found.untrusted, "");
    }
    assert_int_equal(occ_report_timestamp(report, 2, &found), 0);
    occ_report_free(report);
    assert_int_equal(whole_verify(&whole, whole.text, "{\"maxTimestamp\":1741496391999}", NULL),
                     OCC_ERR_POLICY_TIMESTAMP_HIGH);
    assert_int_equal(whole_verify(&whole, whole.text, "{\"minTimestamp\":1741496393000}", NULL),
                     OCC_ERR_POLICY_TIMESTAMP_LOW);
    whole_clear(&whole);
}

/* A good token of nobody known: valid, not verified, and no policy that asks for a timestamp takes it. */
static void
test_untrusted(void **state)
{
    (void)state;
    const struct whole_plan plan = { .tier = "stub", .measurement = "stub:x", .artifact_token = true };
    struct whole whole = whole_make(&plan);
    occ_report *report = NULL;
    assert_int_equal(verify_text(whole.text, NULL, NULL, &report), OCC_OK);
    assert_check(report, "timestamps", OCC_CHECK_NOT_PERFORMED,
                 "timestamps.artifact: a good token of an authority not trusted: no roots were given");
    struct occ_timestamp found = { .size = sizeof found };
    assert_int_equal(occ_report_timestamp(report, 0, &found), 1);
    assert_int_equal(found.trusted, 0);
    assert_string_equal(found.untrusted, "no roots were given");
    assert_int_equal(occ_report_timestamp(report, 1, &found), 0);
    occ_report_free(report);
    assert_verdict(whole.text, "{\"requireTimestamp\":\"artifact\"}", OCC_ERR_POLICY_TIMESTAMP_UNVERIFIED,
                   "timestamp required but not of a trusted authority: timestamps.artifact");
    assert_verdict(whole.text, "{\"requireTimestamp\":\"proof\"}", OCC_ERR_POLICY_TIMESTAMP_MISSING,
                   "timestamp required but not present: timestamps.proof");
    assert_verdict(whole.text, "{\"maxTimestamp\":9e15}", OCC_ERR_POLICY_TIMESTAMP_UNVERIFIED,
                   "timestamp required but not of a trusted authority");
    whole_clear(&whole);
}

/* artifact covers the digest, proof the core hash: each in the other's place is about something else. */
static void
test_places(void **state)
{
    (void)state;
    const struct whole_plan plan = {
        .tier = "stub", .measurement = "stub:x", .artifact_token = true, .proof_token = true
    };
    struct whole whole = whole_make(&plan);
    char *first = replace(whole.text, "\"artifact\":{\"authority\"", "\"x\":{\"authority\"");
    char *second = replace(first, "\"proof\":{\"authority\"", "\"artifact\":{\"authority\"");
    char *both = replace(second, "\"x\":{\"authority\"", "\"proof\":{\"authority\"");
    occ_report *report = NULL;
    assert_int_equal(whole_verify(&whole, both, NULL, &report), OCC_ERR_TIMESTAMP_IMPRINT);
    assert_int_equal(strncmp(occ_report_reason(report), "timestamps.artifact", 19), 0);
    occ_report_free(report);
    /* An entry that nobody knows is no timestamp. */
    char *unknown = replace(first, "\"proof\":{\"authority\"", "\"y\":{\"authority\"");
    assert_int_equal(whole_verify(&whole, unknown, NULL, &report), OCC_OK);
    assert_check(report, "timestamps", OCC_CHECK_NOT_PERFORMED, "timestamps: neither artifact nor proof");
    occ_report_free(report);
    /* The core hash covers the attestation's report and the signature, not the metadata. */
    char *noted = replace(whole.text, "\"metadata\":{\"a\":1}", "\"metadata\":{\"a\":2}");
    assert_int_equal(whole_verify(&whole, noted, NULL, NULL), OCC_OK);
    char *surrounded = replace(whole.text, "\"enforcement\":\"stub\"", "\"enforcement\":\"stub\",\"more\":1");
    assert_int_equal(whole_verify(&whole, surrounded, NULL, &report), OCC_ERR_TIMESTAMP_IMPRINT);
    assert_int_equal(strncmp(occ_report_reason(report), "timestamps.proof", 16), 0);
    occ_report_free(report);
    free(surrounded);
    free(noted);
    free(unknown);
    free(both);
    free(second);
    free(first);
    whole_clear(&whole);
}

/* What stands beside a token must be what the token says. */
static void
test_fields(void **state)
{
    (void)state;
    static const struct whole_change changes[] = {
        { "T04:59:52Z\"", "T04:59:53Z\"", OCC_ERR_TIMESTAMP_FIELDS },
        { "T04:59:52Z\"", "T04:59:52\"", OCC_ERR_TIMESTAMP_FIELDS },
        { "\"digestAlg\":\"sha256\"", "\"digestAlg\":\"sha512\"", OCC_ERR_TIMESTAMP_FIELDS },
        { "\"digestB64\":\"" DIGEST_B64 "\",\"time\"", "\"digestB64\":\"" NONCE_B64 "\",\"time\"",
          OCC_ERR_TIMESTAMP_FIELDS },
        { "\"tokenB64\":\"MII", "\"tokenB64\":\"MIJ", OCC_ERR_TIMESTAMP_TOKEN },
    };
    const struct whole_plan plan = { .tier = "stub", .measurement = "stub:x", .artifact_token = true };
    struct whole whole = whole_make(&plan);
    whole_check_changes(&whole, changes, sizeof changes / sizeof changes[0]);
    whole_clear(&whole);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_trusted), cmocka_unit_test(test_untrusted),
                                        cmocka_unit_test(test_places), cmocka_unit_test(test_fields) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
