/*
 * idset.h — a set of ids that nobody can choose: the tags of tickets (ticket.h). They are evenly spread, so that a part of
 * an id is its place, and no stranger can make many of them meet.
 */
#ifndef OCC_BOUNDARY_IDSET_H
#define OCC_BOUNDARY_IDSET_H

#include "base/bytes.h"
#include "base/result.h"

enum { OCC_IDSET_ID_LEN = 16 };

/* Zeros = empty, without memory. Invariant: at most three quarters of the places are taken. */
struct occ_idset {
    uint8_t (*places)[OCC_IDSET_ID_LEN]; /* an id of zeros = free; no ticket has that tag (chance 2^-128) */
    size_t place_count;                  /* 0 or a power of two */
    size_t count;                        /* ids in it */
};

/* Empties it and gives its memory back. */
void occ_idset_clear(struct occ_idset *set);
bool occ_idset_has(const struct occ_idset *set, const uint8_t id[OCC_IDSET_ID_LEN]);
/* Room for so many ids more. OCC_ERR_NOMEM. */
OCC_RESULT occ_idset_reserve(struct occ_idset *set, size_t more);
/* Puts in an id for which there is room. False if it was there already. */
bool occ_idset_put(struct occ_idset *set, const uint8_t id[OCC_IDSET_ID_LEN]);
/* Takes one out. False if it is not there. */
bool occ_idset_take(struct occ_idset *set, const uint8_t id[OCC_IDSET_ID_LEN]);

#endif
