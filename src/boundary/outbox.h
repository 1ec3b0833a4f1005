/*
 * outbox.h — what is for the parent and not sent yet, in its order.
 *
 * Long results are not copied into it: it holds them where they lie in the retention store (retain.h), which forgets none before
 * it is sent or the outbox is cleared. So an answer takes its memory once, however slowly it is taken.
 */
#ifndef OCC_BOUNDARY_OUTBOX_H
#define OCC_BOUNDARY_OUTBOX_H

#include "boundary/retain.h"

struct occ_outbox {
    struct occ_buf bytes;  /* all but the long results; its limit is that of the outbox, its failure too */
    struct occ_buf stored; /* where those stand: struct occ_outbox_stored, in order */
    size_t stored_len;     /* bytes of those results */
    size_t sent;           /* so much of bytes is sent, */
    size_t stored_sent;    /* and of the first of those results */
};

/* An empty one; allocates nothing. limit in bytes, long results not counted. */
#define OCC_OUTBOX_INIT(limit_bytes) \
    ((struct occ_outbox){ .bytes = { .limit = (limit_bytes) }, .stored = { .limit = OCC_OUTBOX_STORED_MAX } })
#define OCC_OUTBOX_STORED_MAX ((size_t)1 << 20) /* bytes: what a retention store has of long results is less */

/* Forgets all, and gives the memory back. To be called before the store goes. */
void occ_outbox_clear(struct occ_outbox *outbox);

/* ---- in ---- */

/* Room for so many more results of the store; OCC_ERR_LIMIT or OCC_ERR_NOMEM. */
OCC_RESULT occ_outbox_reserve(struct occ_outbox *outbox, size_t results);
/* Behind all bytes comes a result that is kept in the store. There is room for it. */
void occ_outbox_put_stored(struct occ_outbox *outbox, struct occ_retain_entry *entry);

/* An end, to which it can be cut back, a failure forgotten; as long as nothing behind it was sent. */
struct occ_outbox_end {
    size_t bytes, stored;
};
struct occ_outbox_end occ_outbox_end(const struct occ_outbox *outbox);
void occ_outbox_cut(struct occ_outbox *outbox, struct occ_outbox_end end);

/* ---- out ---- */

/* Bytes that are not sent. */
size_t occ_outbox_len(const struct occ_outbox *outbox);
/* The first of them, as many as lie side by side; none if there are none. Valid until the next call of another function. */
struct occ_bytes occ_outbox_next(const struct occ_outbox *outbox);
/* So many of those are sent. */
void occ_outbox_sent(struct occ_outbox *outbox, size_t len);

#endif
