/* What is counted where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/metrics.h"

static void
test_exchanges(void **state)
{
    (void)state;
    struct occ_metrics metrics = { 0 };
    static const struct {
        unsigned status;
        enum occ_metrics_class class;
    } cases[] = { { 200, OCC_METRICS_2XX }, { 204, OCC_METRICS_2XX }, { 400, OCC_METRICS_4XX },
                  { 429, OCC_METRICS_4XX }, { 500, OCC_METRICS_5XX }, { 503, OCC_METRICS_5XX },
                  { 0, OCC_METRICS_GONE } };
    uint64_t expected[OCC_METRICS_CLASSES] = { 0 };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        occ_metrics_count_exchange(&metrics, 2, cases[i].status, 1000);
        expected[cases[i].class]++;
        for (unsigned class = 0; class < OCC_METRICS_CLASSES; class ++) {
            assert_int_equal(metrics.routes[2].requests[class], expected[class]);
            assert_int_equal(metrics.routes[1].requests[class], 0);
        }
    }
    assert_int_equal(metrics.routes[2].latency.count, 6);
    assert_int_equal(metrics.routes[2].latency.sum, 6000);
    assert_string_equal(occ_metrics_class_name(OCC_METRICS_GONE), "gone");
    assert_string_equal(occ_metrics_class_name(OCC_METRICS_5XX), "5xx");
}

static void
test_frames(void **state)
{
    (void)state;
    struct occ_metrics metrics = { 0 };
    occ_metrics_count_frame(&metrics, 1, 1000);
    occ_metrics_count_frame(&metrics, 64, 64);
    assert_int_equal(metrics.frame_requests.sum, 65);
    assert_int_equal(metrics.frame_digests.sum, 1064);
    assert_int_equal(metrics.frame_digests.count, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_exchanges), cmocka_unit_test(test_frames) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
