/* histogram.h — times in µs, each known to 3 %: 32 steps for each power of two. */
#ifndef CROWD_HISTOGRAM_H
#define CROWD_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_STEPS = 32, HISTOGRAM_SIZE = 28 * HISTOGRAM_STEPS };

struct histogram {
    uint64_t count, max_us;
    uint32_t steps[HISTOGRAM_SIZE];
};

static inline unsigned
histogram_step(uint64_t us)
{
    if (us < HISTOGRAM_STEPS) {
        return (unsigned)us;
    }
    const unsigned power = 63 - (unsigned)__builtin_clzll(us);
    const unsigned step = (power - 4) * HISTOGRAM_STEPS + (unsigned)(us >> (power - 5)) - HISTOGRAM_STEPS;
    return step < HISTOGRAM_SIZE ? step : HISTOGRAM_SIZE - 1;
}

/* The greatest time of a step. */
static inline uint64_t
histogram_value(unsigned step)
{
    if (step < HISTOGRAM_STEPS) {
        return step;
    }
    const unsigned power = step / HISTOGRAM_STEPS + 4;
    return (((uint64_t)(step % HISTOGRAM_STEPS) + HISTOGRAM_STEPS + 1) << (power - 5)) - 1;
}

static inline void
histogram_add(struct histogram *histogram, uint64_t us)
{
    histogram->count++;
    histogram->max_us = us > histogram->max_us ? us : histogram->max_us;
    histogram->steps[histogram_step(us)]++;
}

static inline void
histogram_join(struct histogram *into, const struct histogram *other)
{
    into->count += other->count;
    into->max_us = other->max_us > into->max_us ? other->max_us : into->max_us;
    for (unsigned i = 0; i < HISTOGRAM_SIZE; i++) {
        into->steps[i] += other->steps[i];
    }
}

/* What a share of the times does not exceed; 0 without times. */
static inline uint64_t
histogram_at(const struct histogram *histogram, double share)
{
    const double wanted = share * (double)histogram->count;
    uint64_t seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_SIZE; i++) {
        seen += histogram->steps[i];
        if (seen > 0 && (double)seen >= wanted) {
            const uint64_t value = histogram_value(i);
            return value < histogram->max_us ? value : histogram->max_us;
        }
    }
    return histogram->max_us;
}

#endif
