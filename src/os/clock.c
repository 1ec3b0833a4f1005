/* clock.c — the two clocks. */
#include "os/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct timespec
read_clock(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) {
        abort(); /* only an unknown clock or a bad pointer fails */
    }
    return now;
}

uint64_t
occ_clock_unix_ms(void)
{
    const struct timespec now = read_clock(CLOCK_REALTIME);
    if (now.tv_sec < 0) { /* a machine whose clock stands before 1970 */
        return 0;
    }
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t
occ_clock_monotonic_us(void)
{
    const struct timespec now = read_clock(CLOCK_MONOTONIC);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/*
 * Days since 1970-01-01 to a date. Years begin in March here, so that a leap day comes last. The C library's own functions
 * look for time zones in files, which a process that has given up opening files cannot.
 */
static void
date_of(uint64_t days, unsigned *ret_year, unsigned *ret_month, unsigned *ret_day)
{
    const uint64_t since_march_0000 = days + 719468;
    const uint64_t era = since_march_0000 / 146097; /* of 400 years */
    const uint64_t of_era = since_march_0000 % 146097;
    const uint64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const uint64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    const uint64_t month = (5 * of_year + 2) / 153; /* 0 = March */
    *ret_day = (unsigned)(of_year - (153 * month + 2) / 5 + 1);
    *ret_month = (unsigned)(month < 10 ? month + 3 : month - 9);
    *ret_year = (unsigned)(year + 400 * era + (*ret_month <= 2 ? 1 : 0));
}

void
occ_clock_format(uint64_t unix_ms, char ret_text[OCC_CLOCK_TEXT_SIZE])
{
    const uint64_t capped = unix_ms > OCC_CLOCK_FORMAT_MAX ? OCC_CLOCK_FORMAT_MAX : unix_ms;
    const uint64_t seconds = capped / 1000;
    unsigned year, month, day;
    date_of(seconds / 86400, &year, &month, &day);
    snprintf(ret_text, OCC_CLOCK_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", year % 10000, month % 100, day % 100,
             (unsigned)(seconds / 3600 % 24), (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60),
             (unsigned)(capped % 1000));
}
