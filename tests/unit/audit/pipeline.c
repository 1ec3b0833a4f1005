/* Tests of src/audit/pipeline.c. */
#include <assert.h>

#include "unit/audit/ledger.h"

static occ_verifier *verifier;

/* What came out. */
struct taken {
    uint64_t count, valid, fail_after;
    uint32_t last_stream;
    uint64_t last_line;
};

static struct occ_result
take(void *ctx, const struct occ_judged *judged, const struct occ_place *place, struct occ_error *err)
{
    struct taken *taken = ctx;
    assert_int_equal(place->ordinal, taken->count); /* in order */
    taken->count++;
    taken->valid += judged->verdict == OCC_VERDICT_VALID;
    taken->last_stream = place->stream;
    taken->last_line = place->line;
    if (judged->in_chain) {
        assert_int_equal(judged->record.place.ordinal, place->ordinal);
    }
    return taken->fail_after == taken->count ? occ_error_set(err, OCC_ERR_STATE, "enough") : occ_success();
}

static struct occ_result
run(struct texts *texts, unsigned jobs, struct occ_error *err, struct taken *taken)
{
    const struct occ_pipeline_source source = source_of(texts);
    const struct occ_pipeline_job job = {
        .verifier = verifier, .jobs = jobs, .source = &source, .take = take, .ctx = taken
    };
    return occ_pipeline_run(&job, err);
}

static void
test_order(void **state)
{
    (void)state;
    OCC_BUF_AUTO(ledger, 16 << 20);
    put_ledger(&ledger, 2000);
    const struct occ_bytes list[] = { occ_buf_view(&ledger), occ_bytes_str(""), occ_bytes_str("{}\n\n{"),
                                      occ_buf_view(&ledger) };
    for (unsigned jobs = 1; jobs <= 5; jobs += 2) {
        struct texts texts = { .texts = list, .count = 4 };
        struct taken taken = { .count = 0 };
        assert_true(occ_is_ok(run(&texts, jobs, NULL, &taken)));
        assert_int_equal(taken.count, 4002);
        assert_int_equal(taken.valid, 4000);
        assert_int_equal(taken.last_stream, 3);
        assert_int_equal(taken.last_line, 2000);
    }
    struct texts none = { .texts = list, .count = 0 };
    struct taken taken = { .count = 0 };
    assert_true(occ_is_ok(run(&none, 2, NULL, &taken)));
    assert_int_equal(taken.count, 0);
}

static void
test_failures(void **state)
{
    (void)state;
    OCC_BUF_AUTO(ledger, 16 << 20);
    put_ledger(&ledger, 3000);
    const struct occ_bytes list[] = { occ_buf_view(&ledger), occ_buf_view(&ledger) };
    struct occ_error err = { 0 };
    struct texts texts = { .texts = list, .count = 2, .fail_at = 2 };
    struct taken taken = { .count = 0 };
    assert_int_equal(run(&texts, 2, &err, &taken).code, OCC_ERR_IO);
    assert_string_equal(err.text, "stream 2: broken");
    texts = (struct texts){ .texts = list, .count = 2 };
    taken = (struct taken){ .fail_after = 700 };
    assert_int_equal(run(&texts, 2, &err, &taken).code, OCC_ERR_STATE);
    assert_int_equal(taken.count, 700);
    assert_int_equal(run(&texts, 0, &err, &taken).code, OCC_ERR_USAGE);
    assert_int_equal(run(&texts, OCC_LIMIT_AUDIT_JOBS + 1, &err, &taken).code, OCC_ERR_USAGE);
}

/* A proof as long as may be fits a batch, and one after it too. */
static void
test_long_value(void **state)
{
    (void)state;
    OCC_BUF_AUTO(text, 2 * OCC_LIMIT_PROOF_LEN + 100);
    for (int i = 0; i < 2; i++) {
        occ_buf_put_str(&text, "{\"a\":\"");
        uint8_t *to = occ_buf_reserve(&text, OCC_LIMIT_PROOF_LEN - 8);
        assert_non_null(to);
        memset(to, 'x', OCC_LIMIT_PROOF_LEN - 8);
        text.len += OCC_LIMIT_PROOF_LEN - 8;
        occ_buf_put_str(&text, "\"}\n");
    }
    const struct occ_bytes list[] = { occ_bytes_str("{}"), occ_buf_view(&text) };
    struct texts texts = { .texts = list, .count = 2 };
    struct taken taken = { .count = 0 };
    assert_true(occ_is_ok(run(&texts, 2, NULL, &taken)));
    assert_int_equal(taken.count, 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_order), cmocka_unit_test(test_failures),
                                        cmocka_unit_test(test_long_value) };
    assert(occ_verifier_new(NULL, &verifier) == OCC_OK);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    occ_verifier_free(verifier);
    return failed;
}
