/*
 * calendar.h — times as people write them, and Unix milliseconds. Opens no file, asks no locale and no clock: UTC and
 * the Gregorian calendar, nothing else.
 */
#ifndef OCC_BASE_CALENDAR_H
#define OCC_BASE_CALENDAR_H

#include "base/bytes.h"
#include "base/result.h"

/* "2026-03-07T12:00:00.000Z" and its zero byte. */
enum { OCC_CALENDAR_TEXT_SIZE = 25 };
#define OCC_CALENDAR_MAX_MS UINT64_C(253402300799999) /* the end of 9999; a later time is written as this one */

/* RFC 3339 text, in UTC, with three digits of a fraction. */
void occ_calendar_format(uint64_t unix_ms, char ret_text[OCC_CALENDAR_TEXT_SIZE]);

enum { OCC_CALENDAR_FRACTION_MAX = 9 };

struct occ_calendar_time {
    uint64_t unix_ms;         /* rounded down */
    uint32_t nanoseconds;     /* of the second: the fraction, exactly */
    unsigned fraction_digits; /* that were written: 0 to OCC_CALENDAR_FRACTION_MAX */
};

/*
 * Reads a date-time of RFC 3339 §5.6: "2026-03-21T17:30:53Z", with a fraction of 1 to 9 digits or none, and "Z" or an
 * offset from "-23:59" to "+23:59" ("-00:00" is one of them). Upper-case T and Z only, real dates only, the whole text.
 * A leap second (":60") is refused: Unix time has no place for it, so two readers would not agree on it.
 * OCC_ERR_FIELD_VALUE if it is not such a text, or a time before 1970 or after 9999 in UTC.
 */
OCC_RESULT occ_calendar_parse(struct occ_bytes text, struct occ_calendar_time *ret_time);

#endif
