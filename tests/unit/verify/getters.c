/* tests/unit/verify/getters.c — src/verify/getters.c: sizes, absent evidence, and reports that outlive their verifier. */
#include "unit/verify/whole.h"
#include "verify/report.h"

static void
test_absent(void **state)
{
    (void)state;
    char *proof = sign_proof(PLAIN_PROOF);
    occ_report *report = NULL;
    assert_int_equal(verify_text(proof, NULL, NULL, &report), OCC_OK);
    const occ_report *const reports[] = { report, NULL };
    for (size_t i = 0; i < 2; i++) {
        struct occ_attestation attestation = { .size = sizeof attestation, .time_ms = 7 };
        struct occ_timestamp timestamp = { .size = sizeof timestamp };
        struct occ_actor actor = { .size = sizeof actor };
        assert_int_equal(occ_report_attestation(reports[i], &attestation), 0);
        assert_int_equal(attestation.time_ms, 7); /* untouched */
        assert_int_equal(occ_report_timestamp(reports[i], 0, &timestamp), 0);
        assert_int_equal(occ_report_actor(reports[i], &actor), 0);
        assert_null(occ_report_pcr(reports[i], 0));
    }
    occ_report_free(report);
    free(proof);
}

static void
test_sizes(void **state)
{
    (void)state;
    const struct whole_plan plan = whole_plan();
    struct whole whole = whole_make(&plan);
    occ_report *report = NULL;
    assert_int_equal(whole_verify(&whole, whole.text, NULL, &report), OCC_OK); /* its verifier is gone by now */
    struct {
        struct occ_attestation known;
        size_t later;
    } newer = { .known = { .size = sizeof newer }, .later = 7 };
    assert_int_equal(occ_report_attestation(report, &newer.known), 1);
    assert_int_equal(newer.later, 0);
    assert_int_equal(newer.known.size, sizeof newer);
    assert_string_equal(newer.known.format, "aws-nitro");
    assert_int_equal(newer.known.time_ms, WHOLE_TIME_MS + 5);
    assert_true(newer.known.certificate_not_before_ms <= WHOLE_TIME_MS);
    assert_true(newer.known.certificate_not_after_ms > WHOLE_TIME_MS);
    assert_int_equal(strlen(newer.known.root_sha256), 64);
    assert_int_equal(occ_report_attestation(report, NULL), 0);
    assert_int_equal(occ_report_timestamp(report, 0, NULL), 0);
    assert_int_equal(occ_report_actor(report, NULL), 0);
    assert_int_equal(strlen(occ_report_pcr(report, 0)), 96);
    assert_null(occ_report_pcr(report, 31));
    assert_null(occ_report_pcr(report, 32));
    occ_report_free(report);
    whole_clear(&whole);
}

/* A caller whose struct is of an earlier version gets the members that it knows, and nothing behind them is written. */
static void
test_older_caller(void **state)
{
    (void)state;
    struct ours {
        size_t size;
        int first, later;
    };
    const struct ours full = { .first = 1, .later = 2 };
    const size_t first = offsetof(struct ours, later);
    struct ours theirs = { .size = first, .first = 7, .later = 7 };
    assert_int_equal(occ_report_hand_out(&full, sizeof full, first, &theirs), 1);
    assert_int_equal(theirs.size, first);
    assert_int_equal(theirs.first, 1);
    assert_int_equal(theirs.later, 7);
    theirs = (struct ours){ .size = first - 1, .first = 7, .later = 7 };
    assert_int_equal(occ_report_hand_out(&full, sizeof full, first, &theirs), 0);
    assert_int_equal(theirs.first, 7);
}

static void
test_members(void **state)
{
    (void)state;
    struct whole_plan plan = whole_plan();
    plan.form = OCC_ACTOR_WEBAUTHN_STRONG;
    struct whole whole = whole_make(&plan);
    occ_report *report = NULL;
    assert_int_equal(whole_verify(&whole, whole.text, NULL, &report), OCC_OK);
    struct occ_actor actor = { .size = sizeof actor };
    assert_int_equal(occ_report_actor(report, &actor), 1);
    assert_int_equal(actor.verified, 1);
    assert_string_equal(actor.form, "webauthn-strong");
    assert_string_equal(actor.rp_id, WHOLE_RP_ID);
    assert_string_equal(actor.origin, WHOLE_ORIGIN);
    assert_int_equal(actor.origin_checked, 1);
    assert_int_equal(actor.cross_origin, 0);
    assert_int_equal(actor.backed_up, 0);
    assert_true(actor.time_ms == 0);
    struct occ_timestamp timestamp = { .size = sizeof timestamp };
    assert_int_equal(occ_report_timestamp(report, 1, &timestamp), 1);
    assert_int_equal(timestamp.trusted, 1);
    assert_int_equal(strlen(timestamp.root_sha256), 64);
    assert_string_equal(timestamp.untrusted, "");
    assert_string_equal(timestamp.authority, "https://tsa.example");
    occ_report_free(report);
    assert_int_equal(verify_text(whole.text, NULL, NULL, &report), OCC_ERR_NITRO_PATH); /* AWS's root: not ours */
    assert_int_equal(occ_report_actor(report, &actor), 1);
    assert_int_equal(actor.origin_checked, 0);
    occ_report_free(report);
    whole_clear(&whole);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_absent), cmocka_unit_test(test_sizes),
                                        cmocka_unit_test(test_older_caller), cmocka_unit_test(test_members) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
