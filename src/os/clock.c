/* clock.c — the two clocks. */
#include "os/clock.h"

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
