/* calendar.c — times are written as RFC 3339 says, and only such texts are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/calendar.h"

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
        { OCC_CALENDAR_MAX_MS, "9999-12-31T23:59:59.999Z" },
        { OCC_CALENDAR_MAX_MS + 1, "9999-12-31T23:59:59.999Z" },
        { UINT64_MAX, "9999-12-31T23:59:59.999Z" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[OCC_CALENDAR_TEXT_SIZE];
        occ_calendar_format(cases[i].unix_ms, text);
        assert_string_equal(text, cases[i].text);
    }
}

/* Every day of the 400 years in which the calendar repeats itself, held against the C library, and read again. */
static void
test_every_day(void **state)
{
    (void)state;
    for (uint64_t day = 0; day < 146097; day++) {
        char text[OCC_CALENDAR_TEXT_SIZE], expected[OCC_CALENDAR_TEXT_SIZE];
        occ_calendar_format(day * 86400000, text);
        const time_t seconds = (time_t)(day * 86400);
        struct tm date;
        assert_non_null(gmtime_r(&seconds, &date));
        assert_int_equal(strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.000Z", &date), 24);
        assert_string_equal(text, expected);
        struct occ_calendar_time time;
        assert_true(occ_is_ok(occ_calendar_parse(occ_bytes_str(text), &time)));
        assert_int_equal(time.unix_ms, day * 86400000);
        assert_int_equal(time.fraction_digits, 3);
    }
}

static void
test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t unix_ms;
        unsigned digits;
        uint32_t nanoseconds;
    } cases[] = {
        { "1970-01-01T00:00:00Z", 0, 0, 0 },
        { "2026-03-21T17:30:53Z", 1774114253000, 0, 0 },
        { "2026-03-21T17:30:53.1Z", 1774114253100, 1, 100000000 },
        { "2026-03-21T17:30:53.01Z", 1774114253010, 2, 10000000 },
        { "2026-03-21T17:30:53.0019999Z", 1774114253001, 7, 1999900 },
        { "2026-03-21T17:30:53.999999999Z", 1774114253999, 9, 999999999 },
        { "2026-03-21T17:30:53.000000000Z", 1774114253000, 9, 0 },
        { "2026-03-21T19:30:53+02:00", 1774114253000, 0, 0 },
        { "2026-03-21T12:00:53.5-05:30", 1774114253500, 1, 500000000 },
        { "2026-03-21T17:30:53-00:00", 1774114253000, 0, 0 },
        { "2026-03-22T17:29:53+23:59", 1774114253000, 0, 0 },
        { "2000-02-29T23:59:59Z", 951868799000, 0, 0 },
        { "2024-02-29T00:00:00Z", 1709164800000, 0, 0 },
        { "1969-12-31T23:00:00-01:00", 0, 0, 0 },
        { "1970-01-01T01:00:00+01:00", 0, 0, 0 },
        { "9999-12-31T23:59:59.999Z", OCC_CALENDAR_MAX_MS, 3, 999000000 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct occ_calendar_time time;
        if (!occ_is_ok(occ_calendar_parse(occ_bytes_str(cases[i].text), &time))) {
            fail_msg("refused: %s", cases[i].text);
        }
        assert_int_equal(time.unix_ms, cases[i].unix_ms);
        assert_int_equal(time.fraction_digits, cases[i].digits);
        assert_int_equal(time.nanoseconds, cases[i].nanoseconds);
    }
}

static void
test_parse_refuses(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "2026",
        "2026-03-21",
        "2026-03-21T17:30Z",
        "2026-03-21T17:30:53",
        "2026-03-21T17:30:53z",
        "2026-03-21t17:30:53Z",
        "2026-03-21 17:30:53Z",
        " 2026-03-21T17:30:53Z",
        "2026-03-21T17:30:53Z ",
        "2026-03-21T17:30:53ZZ",
        "2026-03-21T17:30:53.Z",
        "2026-03-21T17:30:53,5Z",
        "2026-03-21T17:30:53.1234567890Z",
        "2026-03-21T17:30:53.5",
        "2026-03-21T17:30:53+02",
        "2026-03-21T17:30:53+0200",
        "2026-03-21T17:30:53+24:00",
        "2026-03-21T17:30:53+02:60",
        "2026-03-21T17:30:53+2:00",
        "2026-03-21T17:30:53+02:00Z",
        "2026-3-21T17:30:53Z",
        "26-03-21T17:30:53Z",
        "+2026-03-21T17:30:53Z",
        "-2026-03-21T17:30:53Z",
        "02026-03-21T17:30:53Z",
        "2026-00-21T17:30:53Z",
        "2026-13-21T17:30:53Z",
        "2026-03-00T17:30:53Z",
        "2026-03-32T17:30:53Z",
        "2026-04-31T17:30:53Z",
        "2026-02-29T17:30:53Z",
        "2100-02-29T17:30:53Z",
        "2024-02-30T17:30:53Z",
        "2026-03-21T24:00:00Z",
        "2026-03-21T17:60:53Z",
        "2016-12-31T23:59:60Z", /* was a real leap second */
        "2026-03-21T17:30:61Z",
        "2026/03/21T17:30:53Z",
        "2026-03-21T17.30.53Z",
        "2026-03-21T1a:30:53Z",
        "0000-01-01T00:00:00Z",
        "0000-02-29T00:00:00Z",
        "1969-12-31T23:59:59.999Z",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct occ_calendar_time time = { .unix_ms = 7, .fraction_digits = 7 };
        if (occ_calendar_parse(occ_bytes_str(cases[i]), &time).code != OCC_ERR_FIELD_VALUE) {
            fail_msg("accepted: %s", cases[i]);
        }
        assert_int_equal(time.unix_ms, 7);
        assert_int_equal(time.fraction_digits, 7);
    }
    struct occ_calendar_time time;
    assert_int_equal(occ_calendar_parse(occ_bytes_of(NULL, 0), &time).code, OCC_ERR_FIELD_VALUE);
    const char with_zero[] = "2026-03-21T17:30:53Z";
    assert_int_equal(occ_calendar_parse(occ_bytes_of(with_zero, sizeof with_zero), &time).code, OCC_ERR_FIELD_VALUE);
}

/*
 * Every shorter text of a good one is refused, and so is every good one with a byte changed to something that is no
 * digit.
 */
static void
test_parse_cut_and_changed(void **state)
{
    (void)state;
    static const char good[] = "2026-03-21T17:30:53.25+02:00";
    struct occ_calendar_time time;
    assert_true(occ_is_ok(occ_calendar_parse(occ_bytes_str(good), &time)));
    for (size_t len = 0; len < sizeof good - 1; len++) {
        assert_int_equal(occ_calendar_parse(occ_bytes_of(good, len), &time).code, OCC_ERR_FIELD_VALUE);
    }
    for (size_t i = 0; i < sizeof good - 1; i++) {
        char changed[sizeof good];
        memcpy(changed, good, sizeof good);
        changed[i] = '/';
        assert_int_equal(occ_calendar_parse(occ_bytes_str(changed), &time).code, OCC_ERR_FIELD_VALUE);
        changed[i] = '\xb2';
        assert_int_equal(occ_calendar_parse(occ_bytes_str(changed), &time).code, OCC_ERR_FIELD_VALUE);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_every_day),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_refuses),
        cmocka_unit_test(test_parse_cut_and_changed),
    };
    return cmocka_run_group_tests_name("base.calendar", tests, NULL, NULL);
}
