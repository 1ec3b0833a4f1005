/*
 * retain.h — the retention store: results that are not yet acknowledged as durable (DESIGN §4, promise 1).
 *
 * A queue of encoded results, oldest first, their positions without gaps. Room is reserved before anything is signed, so
 * that keeping a result cannot fail once it exists. Bounded: when it is full, commits are refused.
 */
#ifndef OCC_BOUNDARY_RETAIN_H
#define OCC_BOUNDARY_RETAIN_H

#include "base/bytes.h"
#include "base/result.h"

struct occ_retain_entry;

struct occ_retain {
    struct occ_retain_entry *first, *last;
    size_t len;       /* bytes that the entries take, book-keeping included; <= len_max */
    size_t len_max;   /* bytes */
    uint64_t newest;  /* position of the newest result of the epoch; 0 = none yet */
    uint64_t durable; /* results up to this position are acknowledged and gone; <= newest */
};

void occ_retain_clear(struct occ_retain *retain);

/*
 * Room for one more result of up to result_len bytes. OCC_ERR_BUSY: it does not fit now; OCC_ERR_LIMIT: it never will;
 * OCC_ERR_NOMEM. *ret_entry then goes to exactly one of occ_retain_keep and occ_retain_drop.
 */
OCC_RESULT occ_retain_reserve(const struct occ_retain *retain, size_t result_len, struct occ_retain_entry **ret_entry);
/* Copies the encoded result (no longer than was reserved) and makes it the newest, at position retain->newest + 1. */
void occ_retain_keep(struct occ_retain *retain, struct occ_retain_entry *entry, struct occ_bytes result);
void occ_retain_drop(struct occ_retain_entry *entry);
/* Forgets all up to position. OCC_ERR_WIRE_MESSAGE if it lies before the last acknowledged or beyond the newest one. */
OCC_RESULT occ_retain_acknowledge(struct occ_retain *retain, uint64_t position);

/* The entry after entry, or the oldest for NULL; NULL at the end. */
const struct occ_retain_entry *occ_retain_next(const struct occ_retain *retain, const struct occ_retain_entry *entry);
/* The encoded result of an entry, valid until it is acknowledged. */
struct occ_bytes occ_retain_result(const struct occ_retain_entry *entry);

#endif
