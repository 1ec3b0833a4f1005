/* ranges.c — see ranges.h. */
#include "audit/ranges.h"

#include <stdlib.h>

static OCC_RESULT
make_room(struct occ_ranges *ranges)
{
    if (ranges->count < ranges->cap) {
        return occ_success();
    }
    const size_t cap = ranges->cap == 0 ? 4 : 2 * ranges->cap;
    struct occ_range *list = reallocarray(ranges->list, cap, sizeof list[0]);
    OCC_ENSURE(list != NULL, OCC_ERR_NOMEM);
    ranges->list = list;
    ranges->cap = cap;
    return occ_success();
}

static void
forget_older_half(struct occ_ranges *ranges, size_t *budget)
{
    const size_t gone = (ranges->count + 1) / 2;
    ranges->count -= gone;
    *budget += gone;
    if (gone > 0) {
        memmove(ranges->list, ranges->list + gone, ranges->count * sizeof ranges->list[0]);
    }
}

struct occ_result
occ_ranges_add(struct occ_ranges *ranges, struct occ_range range, size_t *budget)
{
    if (*budget == 0) {
        forget_older_half(ranges, budget);
    }
    if (*budget == 0) { /* other chains have it all: a slot in this range will not be found */
        return occ_success();
    }
    OCC_TRY(make_room(ranges));
    ranges->list[ranges->count] = range;
    ranges->count++;
    (*budget)--;
    return occ_success();
}

/* The first range that ends at counter or behind it. */
static size_t
find(const struct occ_ranges *ranges, uint64_t counter)
{
    size_t low = 0;
    size_t high = ranges->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (ranges->list[middle].last < counter) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void
drop(struct occ_ranges *ranges, size_t at, size_t *budget)
{
    ranges->count--;
    (*budget)++;
    memmove(&ranges->list[at], &ranges->list[at + 1], (ranges->count - at) * sizeof ranges->list[0]);
}

/* The range at that place falls into two, around counter; without a budget for that, the lower part is forgotten. */
static OCC_RESULT
split(struct occ_ranges *ranges, size_t at, uint64_t counter, size_t *budget)
{
    const struct occ_range lower = { ranges->list[at].first, counter - 1, ranges->list[at].counted };
    ranges->list[at].first = counter + 1;
    if (*budget == 0) {
        return occ_success();
    }
    OCC_TRY(make_room(ranges));
    memmove(&ranges->list[at + 1], &ranges->list[at], (ranges->count - at) * sizeof ranges->list[0]);
    ranges->list[at] = lower;
    ranges->count++;
    (*budget)--;
    return occ_success();
}

struct occ_result
occ_ranges_take(struct occ_ranges *ranges, uint64_t counter, size_t *budget, bool *ret_taken, bool *ret_counted)
{
    const size_t at = find(ranges, counter);
    *ret_taken = at < ranges->count && ranges->list[at].first <= counter;
    if (!*ret_taken) {
        return occ_success();
    }
    struct occ_range *range = &ranges->list[at];
    *ret_counted = range->counted;
    if (range->first == range->last) {
        drop(ranges, at, budget);
    } else if (counter == range->first) {
        range->first++;
    } else if (counter == range->last) {
        range->last--;
    } else {
        OCC_TRY(split(ranges, at, counter, budget));
    }
    return occ_success();
}

void
occ_ranges_clear(struct occ_ranges *ranges)
{
    free(ranges->list);
    *ranges = (struct occ_ranges){ .list = NULL };
}
