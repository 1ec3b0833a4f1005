/*
 * clock.h — the time. Only mains and net use it; everything below is given the time.
 */
#ifndef OCC_OS_CLOCK_H
#define OCC_OS_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970-01-01T00:00:00Z. */
uint64_t occ_clock_unix_ms(void);
/* Microseconds since some fixed point; never goes back. */
uint64_t occ_clock_monotonic_us(void);

/* "2026-03-07T12:00:00.000Z" and its zero byte. */
enum { OCC_CLOCK_TEXT_SIZE = 25 };
#define OCC_CLOCK_FORMAT_MAX UINT64_C(253402300799999) /* the end of 9999; a later time is written as this one */
/* RFC 3339 text, in UTC. Opens no file and asks no locale. */
void occ_clock_format(uint64_t unix_ms, char ret_text[OCC_CLOCK_TEXT_SIZE]);

#endif
