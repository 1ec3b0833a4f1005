/* Tests of src/server/timestamps_pause.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "server/timestamps_pause.h"

static void
test_pauses(void **state)
{
    (void)state;
    for (size_t round = 0; round < 100; round++) {
        uint64_t step_ms = 0;
        uint64_t expected_ms = OCC_LIMIT_TSA_PAUSE_MIN_MS;
        for (size_t i = 0; i < 20; i++) {
            const uint64_t pause_ms = occ_timestamps_pause_next(&step_ms);
            assert_int_equal(step_ms, expected_ms);
            assert_in_range(pause_ms, expected_ms - expected_ms / 4, expected_ms + expected_ms / 4);
            expected_ms = expected_ms * 2 > OCC_LIMIT_TSA_PAUSE_MAX_MS ? OCC_LIMIT_TSA_PAUSE_MAX_MS : expected_ms * 2;
        }
    }
}

static void
test_they_differ(void **state)
{
    (void)state;
    size_t different = 0;
    for (size_t i = 0; i < 50; i++) {
        uint64_t a_ms = OCC_LIMIT_TSA_PAUSE_MAX_MS;
        uint64_t b_ms = OCC_LIMIT_TSA_PAUSE_MAX_MS;
        different += occ_timestamps_pause_next(&a_ms) != occ_timestamps_pause_next(&b_ms) ? 1 : 0;
    }
    assert_true(different > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pauses),
        cmocka_unit_test(test_they_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
