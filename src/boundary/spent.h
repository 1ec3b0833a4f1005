/*
 * spent.h — tickets that were used, remembered until they expire. Bounded: when it is full, no further one is taken.
 *
 * Time is cut into slices; a ticket is remembered in the slice in which it expires, and a slice that is over goes as a whole.
 */
#ifndef OCC_BOUNDARY_SPENT_H
#define OCC_BOUNDARY_SPENT_H

#include "base/limits.h"
#include "boundary/idset.h"

enum { OCC_SPENT_SLICE_MS = 10000, OCC_SPENT_SLICES = OCC_LIMIT_SLOT_MS / OCC_SPENT_SLICE_MS + 2 };
_Static_assert(OCC_LIMIT_CHALLENGE_MS <= OCC_LIMIT_SLOT_MS, "the slices reach as far as the longest life of a ticket");

/* Begin with zeros and count_max. */
struct occ_spent {
    struct {
        uint64_t number; /* of the slice: time / OCC_SPENT_SLICE_MS */
        struct occ_idset ids;
    } slices[OCC_SPENT_SLICES];
    size_t count, count_max; /* tickets in all slices; the most there may be */
};

/* A ticket that was given out. Times are milliseconds of a clock that never goes back (occ_gate_config.uptime_ms). */
struct occ_ticket {
    uint8_t id[OCC_IDSET_ID_LEN];
    uint64_t expires_ms; /* at most OCC_LIMIT_SLOT_MS from now */
};

void occ_spent_clear(struct occ_spent *spent);
bool occ_spent_has(const struct occ_spent *spent, const struct occ_ticket *ticket);
/*
 * Room for more tickets that expire when this one does; those that expired until now_ms are forgotten. OCC_ERR_BUSY: full;
 * OCC_ERR_NOMEM. To reserve for several tickets, ask for each of them with their number: it is enough whatever they are.
 */
OCC_RESULT occ_spent_reserve(struct occ_spent *spent, uint64_t now_ms, const struct occ_ticket *ticket, size_t more);
/* Remembers a ticket for which there is room. False if it was used before. */
bool occ_spent_put(struct occ_spent *spent, const struct occ_ticket *ticket);
/* It was not used after all: forgets it, if it is still remembered. */
void occ_spent_take_back(struct occ_spent *spent, const struct occ_ticket *ticket);

#endif
