/* Metrics as text, against the words of the format's description. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/prometheus.h"

static void
check(struct occ_buf *out, const char *expected)
{
    occ_buf_put_byte(out, 0);
    assert_true(occ_is_ok(occ_buf_check(out)));
    assert_string_equal((const char *)out->ptr, expected);
    occ_buf_reset(out);
}

static void
test_samples(void **state)
{
    (void)state;
    OCC_BUF_AUTO(out, 4096);
    occ_prometheus_put_one(&out, "occ_x_total", "counter", "What x is.", UINT64_MAX);
    check(&out, "# HELP occ_x_total What x is.\n# TYPE occ_x_total counter\nocc_x_total 18446744073709551615\n");
    const struct occ_prometheus_label labels[] = { { "a", "1" }, { "b", "q\"b\\n\n" }, { NULL, NULL } };
    occ_prometheus_put(&out, "occ_y", labels, 7);
    check(&out, "occ_y{a=\"1\",b=\"q\\\"b\\\\n\\n\"} 7\n");
}

static void
test_seconds(void **state)
{
    (void)state;
    static const struct {
        uint64_t us;
        const char *expected;
    } cases[] = { { 0, "t 0\n" },       { 1, "t 0.000001\n" },   { 100, "t 0.0001\n" },    { 999999, "t 0.999999\n" },
                  { 1000000, "t 1\n" }, { 1050000, "t 1.05\n" }, { 61500000, "t 61.5\n" }, { 10000000, "t 10\n" } };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        OCC_BUF_AUTO(out, 4096);
        occ_prometheus_put_us(&out, "t", NULL, cases[i].us);
        check(&out, cases[i].expected);
    }
}

static void
test_milliseconds(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *expected;
    } cases[] = { { 0, "t 0\n" },
                  { -1, "t -0.001\n" },
                  { 2500, "t 2.5\n" },
                  { -2500, "t -2.5\n" },
                  { INT64_MIN, /* as much as microseconds can say */ "t -18446744073709.551615\n" } };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        OCC_BUF_AUTO(out, 4096);
        occ_prometheus_put_ms(&out, "t", NULL, cases[i].ms);
        check(&out, cases[i].expected);
    }
}

static void
test_histogram(void **state)
{
    (void)state;
    static const struct occ_histogram_bounds times = { .count = 2, .at = { 500, 1000000 }, .is_time = true };
    static const struct occ_histogram_bounds sizes = { .count = 2, .at = { 1, 4 } };
    struct occ_histogram histogram = { 0 };
    const uint64_t values[] = { 0, 500, 501, 1000000, 1000001 };
    for (size_t i = 0; i < 5; i++) {
        occ_histogram_add(&histogram, &times, values[i]);
    }
    OCC_BUF_AUTO(out, 4096);
    const struct occ_prometheus_label labels[] = { { "route", "/x" }, { NULL, NULL } };
    occ_prometheus_put_histogram(&out, "h", labels, &histogram, &times);
    check(&out, "h_bucket{route=\"/x\",le=\"0.0005\"} 2\nh_bucket{route=\"/x\",le=\"1\"} 4\n"
                "h_bucket{route=\"/x\",le=\"+Inf\"} 5\nh_sum{route=\"/x\"} 2.001002\nh_count{route=\"/x\"} 5\n");
    histogram = (struct occ_histogram){ 0 };
    occ_histogram_add(&histogram, &sizes, 4);
    occ_prometheus_put_histogram(&out, "h", NULL, &histogram, &sizes);
    check(&out, "h_bucket{le=\"1\"} 0\nh_bucket{le=\"4\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 4\nh_count 1\n");
}

static void
test_bounds_ascend(void **state)
{
    (void)state;
    const struct occ_histogram_bounds *const all[] = { &occ_histogram_latency, &occ_histogram_sync,
                                                       &occ_histogram_sizes };
    for (size_t n = 0; n < 3; n++) {
        assert_in_range(all[n]->count, 2, OCC_HISTOGRAM_BOUNDS_MAX);
        for (size_t i = 1; i < all[n]->count; i++) {
            assert_true(all[n]->at[i] > all[n]->at[i - 1]);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),   cmocka_unit_test(test_seconds),       cmocka_unit_test(test_milliseconds),
        cmocka_unit_test(test_histogram), cmocka_unit_test(test_bounds_ascend),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
