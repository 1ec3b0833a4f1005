/*
 * tail.h — the digests of the newest proofs, in memory: those that no run of the index has yet.
 *
 * A ring of at most OCC_LIMIT_LEDGER_TAIL digests. Invariant: it holds every proof of the rows behind base, up to last.
 * When it is full the oldest are dropped and base moves up; who needs rows that it has dropped is told so. Any thread.
 */
#ifndef OCC_LEDGER_TAIL_H
#define OCC_LEDGER_TAIL_H

#include "base/buf.h"
#include "base/limits.h"

struct occ_tail;

/* An empty one that begins behind row base. OCC_ERR_NOMEM. */
OCC_RESULT occ_tail_new(uint64_t base, struct occ_tail **ret_tail);
void occ_tail_free(struct occ_tail *tail); /* NULL is allowed */
/* Places only rise. */
void occ_tail_put(struct occ_tail *tail, const uint8_t digest[32], uint64_t place);
/* Up to row everything has been put: what was put is found from now on. */
void occ_tail_publish(struct occ_tail *tail, uint64_t row);
/* Rows up to this one are not needed any more. */
void occ_tail_drop(struct occ_tail *tail, uint64_t row);
/* Empty, behind row. */
void occ_tail_restart(struct occ_tail *tail, uint64_t row);
/* It holds the rows behind base, up to last. */
void occ_tail_bounds(struct occ_tail *tail, uint64_t *ret_base, uint64_t *ret_last);
/*
 * Appends to places (as uint64_t in the machine's order, the newest first) the proofs of digest in the rows behind after,
 * up to row last. OCC_ERR_BUSY: it has dropped some of these rows, or has not all of them yet.
 */
OCC_RESULT occ_tail_find(struct occ_tail *tail, const uint8_t digest[32], uint64_t after, uint64_t last,
                         struct occ_buf *places);

#endif
