/*
 * calendar.c — see calendar.h. The C library's own functions look for time zones in files, which a process that has
 * given up opening files cannot.
 */
#include "base/calendar.h"

#include <stdio.h>

/* Years begin in March here, so that a leap day comes last. Day 0 of that count is 0000-03-01. */
enum { DAYS_TO_1970 = 719468, DAYS_OF_ERA = 146097 /* 400 years */ };
enum { DAY_S = 86400, HOUR_S = 3600, MINUTE_S = 60 };

static void
date_of(uint64_t days, unsigned *ret_year, unsigned *ret_month, unsigned *ret_day)
{
    const uint64_t since_march_0000 = days + DAYS_TO_1970;
    const uint64_t era = since_march_0000 / DAYS_OF_ERA;
    const uint64_t of_era = since_march_0000 % DAYS_OF_ERA;
    const uint64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const uint64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    const uint64_t month = (5 * of_year + 2) / 153; /* 0 = March */
    *ret_day = (unsigned)(of_year - (153 * month + 2) / 5 + 1);
    *ret_month = (unsigned)(month < 10 ? month + 3 : month - 9);
    *ret_year = (unsigned)(year + 400 * era + (*ret_month <= 2 ? 1 : 0));
}

void
occ_calendar_format(uint64_t unix_ms, char ret_text[OCC_CALENDAR_TEXT_SIZE])
{
    const uint64_t capped = unix_ms > OCC_CALENDAR_MAX_MS ? OCC_CALENDAR_MAX_MS : unix_ms;
    const uint64_t seconds = capped / 1000;
    unsigned year, month, day;
    date_of(seconds / DAY_S, &year, &month, &day);
    snprintf(ret_text, OCC_CALENDAR_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", year % 10000, month % 100,
             day % 100, (unsigned)(seconds / HOUR_S % 24), (unsigned)(seconds / MINUTE_S % 60),
             (unsigned)(seconds % MINUTE_S), (unsigned)(capped % 1000));
}

static unsigned
days_of_month(unsigned year, unsigned month)
{
    static const uint8_t days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && is_leap ? 29 : days[month - 1];
}

/* Days since 1970-01-01; negative before. */
static int64_t
days_of(unsigned year, unsigned month, unsigned day)
{
    const int64_t from_march = (int64_t)year - (month <= 2 ? 1 : 0); /* -1 only for the first months of the year 0 */
    const int64_t of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + (int64_t)day - 1;
    const int64_t shifted = from_march + 400; /* so that divisions round down */
    return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + of_year - DAYS_OF_ERA - DAYS_TO_1970;
}

/* What is left of the text. A step that fails leaves failed set, and every later one does nothing. */
struct cursor {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

static unsigned
take_number(struct cursor *cursor, size_t digits)
{
    unsigned value = 0;
    for (size_t i = 0; i < digits && !cursor->failed; i++) {
        if (cursor->at == cursor->end || *cursor->at < '0' || *cursor->at > '9') {
            cursor->failed = true;
            return 0;
        }
        value = value * 10 + (unsigned)(*cursor->at++ - '0');
    }
    return value;
}

static bool
take_if(struct cursor *cursor, char byte)
{
    if (cursor->failed || cursor->at == cursor->end || *cursor->at != (uint8_t)byte) {
        return false;
    }
    cursor->at++;
    return true;
}

static void
take(struct cursor *cursor, char byte)
{
    if (!take_if(cursor, byte)) {
        cursor->failed = true;
    }
}

/* Seconds from 1970-01-01T00:00:00 on the clock that the text means. */
static int64_t
take_local_seconds(struct cursor *cursor)
{
    const unsigned year = take_number(cursor, 4);
    take(cursor, '-');
    const unsigned month = take_number(cursor, 2);
    take(cursor, '-');
    const unsigned day = take_number(cursor, 2);
    take(cursor, 'T');
    const unsigned hour = take_number(cursor, 2);
    take(cursor, ':');
    const unsigned minute = take_number(cursor, 2);
    take(cursor, ':');
    const unsigned second = take_number(cursor, 2);
    if (cursor->failed || month < 1 || month > 12 || day < 1 || day > days_of_month(year, month) || hour > 23 ||
        minute > 59 || second > 59) {
        cursor->failed = true;
        return 0;
    }
    return days_of(year, month, day) * DAY_S + (int64_t)hour * HOUR_S + (int64_t)minute * MINUTE_S + (int64_t)second;
}

/* The nanoseconds of a fraction, if there is one. */
static uint32_t
take_fraction(struct cursor *cursor, unsigned *ret_digits)
{
    *ret_digits = 0;
    if (!take_if(cursor, '.')) {
        return 0;
    }
    uint32_t nanoseconds = 0, weight = 100000000;
    while (!cursor->failed && cursor->at != cursor->end && *cursor->at >= '0' && *cursor->at <= '9') {
        nanoseconds += weight * take_number(cursor, 1);
        weight /= 10;
        (*ret_digits)++;
        cursor->failed = *ret_digits > OCC_CALENDAR_FRACTION_MAX;
    }
    cursor->failed = cursor->failed || *ret_digits == 0;
    return nanoseconds;
}

/* Seconds by which the text's clock is ahead of UTC. */
static int64_t
take_offset(struct cursor *cursor)
{
    if (take_if(cursor, 'Z')) {
        return 0;
    }
    const bool is_behind = take_if(cursor, '-');
    if (!is_behind) {
        take(cursor, '+');
    }
    const unsigned hour = take_number(cursor, 2);
    take(cursor, ':');
    const unsigned minute = take_number(cursor, 2);
    cursor->failed = cursor->failed || hour > 23 || minute > 59;
    const int64_t seconds = (int64_t)hour * HOUR_S + (int64_t)minute * MINUTE_S;
    return is_behind ? -seconds : seconds;
}

struct occ_result
occ_calendar_parse(struct occ_bytes text, struct occ_calendar_time *ret_time)
{
    OCC_ENSURE(text.len > 0, OCC_ERR_FIELD_VALUE);
    struct cursor cursor = { .at = text.ptr, .end = text.ptr + text.len };
    unsigned digits = 0;
    const int64_t local_s = take_local_seconds(&cursor);
    const uint32_t nanoseconds = take_fraction(&cursor, &digits);
    const int64_t seconds = local_s - take_offset(&cursor);
    OCC_ENSURE(!cursor.failed && cursor.at == cursor.end, OCC_ERR_FIELD_VALUE);
    OCC_ENSURE(seconds >= 0 && (uint64_t)seconds <= OCC_CALENDAR_MAX_MS / 1000, OCC_ERR_FIELD_VALUE);
    *ret_time = (struct occ_calendar_time){ .unix_ms = (uint64_t)seconds * 1000 + nanoseconds / 1000000,
                                            .nanoseconds = nanoseconds,
                                            .fraction_digits = digits };
    return occ_success();
}
