/* clock.c — the clocks go on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "os/clock.h"

static void
test_monotonic(void **state)
{
    (void)state;
    uint64_t before = occ_clock_monotonic_us();
    for (int i = 0; i < 1000; i++) {
        const uint64_t now = occ_clock_monotonic_us();
        assert_true(now >= before);
        before = now;
    }
}

static void
test_unix(void **state)
{
    (void)state;
    const uint64_t before = (uint64_t)time(NULL);
    const uint64_t now_ms = occ_clock_unix_ms();
    assert_in_range(now_ms / 1000, before == 0 ? 0 : before - 1, (uint64_t)time(NULL) + 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_monotonic),
        cmocka_unit_test(test_unix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
