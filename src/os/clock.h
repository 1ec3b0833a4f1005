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

#endif
