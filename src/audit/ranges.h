/*
 * ranges.h — counters of one chain that no proof has had, which a slot may still explain: ranges in ascending order.
 */
#ifndef OCC_AUDIT_RANGES_H
#define OCC_AUDIT_RANGES_H

#include "base/bytes.h"
#include "base/result.h"

struct occ_range {
    uint64_t first, last; /* first <= last */
    bool counted;         /* lies between two proofs of the chain, so that it counts as unused */
};

struct occ_ranges {
    struct occ_range *list;
    size_t count, cap;
};

/*
 * Adds a range behind all others. budget is what all chains together may still add, and is kept; if it is used up, the
 * older half of this chain's ranges is forgotten. OCC_ERR_NOMEM.
 */
OCC_RESULT occ_ranges_add(struct occ_ranges *ranges, struct occ_range range, size_t *budget);
/* Takes one counter out of the range that has it; false if none has. *ret_counted is that range's. OCC_ERR_NOMEM. */
OCC_RESULT occ_ranges_take(struct occ_ranges *ranges, uint64_t counter, size_t *budget, bool *ret_taken,
                           bool *ret_counted);
void occ_ranges_clear(struct occ_ranges *ranges);

#endif
