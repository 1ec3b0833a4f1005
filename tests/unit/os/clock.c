/* clock.c — the clocks go on, and a time is written as RFC 3339 says. */
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

static void
test_format(void **state)
{
    (void)state;
    static const struct {
        uint64_t unix_ms;
        const char *text;
    } cases[] = {
        { 0, "1970-01-01T00:00:00.000Z" },
        { 1741496392841, "2025-03-09T04:59:52.841Z" },
        { 951782399999, "2000-02-28T23:59:59.999Z" },
        { 951782400000, "2000-02-29T00:00:00.000Z" },
        { 951868800000, "2000-03-01T00:00:00.000Z" },
        { 4107542399000, "2100-02-28T23:59:59.000Z" },
        { 4107542400000, "2100-03-01T00:00:00.000Z" },
        { OCC_CLOCK_FORMAT_MAX, "9999-12-31T23:59:59.999Z" },
        { OCC_CLOCK_FORMAT_MAX + 1, "9999-12-31T23:59:59.999Z" },
        { UINT64_MAX, "9999-12-31T23:59:59.999Z" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[OCC_CLOCK_TEXT_SIZE];
        occ_clock_format(cases[i].unix_ms, text);
        assert_string_equal(text, cases[i].text);
    }
}

/* Every day of the 400 years in which the calendar repeats itself, held against the C library. */
static void
test_format_every_day(void **state)
{
    (void)state;
    for (uint64_t day = 0; day < 146097; day++) {
        char text[OCC_CLOCK_TEXT_SIZE], expected[OCC_CLOCK_TEXT_SIZE];
        occ_clock_format(day * 86400000, text);
        const time_t seconds = (time_t)(day * 86400);
        struct tm date;
        assert_non_null(gmtime_r(&seconds, &date));
        assert_int_equal(strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.000Z", &date), 24);
        assert_string_equal(text, expected);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_monotonic),
        cmocka_unit_test(test_unix),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_format_every_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
