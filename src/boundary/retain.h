/*
 * retain.h — the retention store: results that are not yet acknowledged as durable (DESIGN §4, promise 1).
 *
 * A queue of encoded results, oldest first, their positions without gaps. Room is reserved before anything is signed, so
 * that keeping a result cannot fail once it exists. Bounded: when it is full, commits are refused.
 */
#ifndef OCC_BOUNDARY_RETAIN_H
#define OCC_BOUNDARY_RETAIN_H

#include "base/buf.h"
#include "boundary/document.h"

struct occ_retain_entry;

struct occ_retain {
    struct occ_retain_entry *first, *last;
    size_t len;       /* bytes that entries, room for more and documents take, book-keeping included; <= len_max */
    size_t len_max;   /* bytes */
    uint64_t newest;  /* position of the newest result of the epoch; 0 = none yet */
    uint64_t durable; /* results up to this position are acknowledged and gone; <= newest */
};

void occ_retain_clear(struct occ_retain *retain);

/*
 * Whether a result of that length, in bytes, is long: it is written where it is kept and sent from there, and has no copy. A short one
 * is copied, since many of them are sent with one call.
 */
bool occ_retain_is_long(size_t result_len);

/* What a result needs room for. */
struct occ_retain_room {
    size_t result_len;       /* bytes, at most */
    uint16_t document_count; /* documents that it refers to, at most */
    size_t documents_len;    /* bytes of those among them that no result in the store refers to yet, at most */
};
/*
 * Room for one more result. OCC_ERR_BUSY: it does not fit now; OCC_ERR_LIMIT: it never will; OCC_ERR_NOMEM. It counts from now
 * on. *ret_entry then goes to exactly one of occ_retain_keep and occ_retain_drop.
 */
OCC_RESULT occ_retain_reserve(struct occ_retain *retain, const struct occ_retain_room *room,
                              struct occ_retain_entry **ret_entry);
void occ_retain_drop(struct occ_retain *retain, struct occ_retain_entry *entry);

/*
 * The memory of a result that is not kept yet, as an empty buffer that cannot grow: not to be cleared. What is written there is a draft
 * of it; occ_retain_keep writes all of it.
 */
struct occ_buf occ_retain_draft(const struct occ_retain_entry *entry);

/* The room for documents that was reserved with one result is the other's now. */
void occ_retain_hand_over(struct occ_retain_entry *from, struct occ_retain_entry *to);

/* The documents that a result refers to by their numbers in its frame: first, first + 1, … */
struct occ_retain_documents {
    struct occ_document *const *list;
    uint16_t count, first;
};
/*
 * Copies the encoded result (no longer than was reserved), unless it is its draft, and makes it the newest, at position
 * retain->newest + 1. documents (may be NULL) are kept with it: each counts once, however many results refer to it.
 */
void occ_retain_keep(struct occ_retain *retain, struct occ_retain_entry *entry, struct occ_bytes result,
                     const struct occ_retain_documents *documents);
/* Forgets all up to position. OCC_ERR_WIRE_MESSAGE if it lies before the last acknowledged or beyond the newest one. */
OCC_RESULT occ_retain_acknowledge(struct occ_retain *retain, uint64_t position);

/* The entry after entry, or the oldest for NULL; NULL at the end. */
struct occ_retain_entry *occ_retain_next(const struct occ_retain *retain, const struct occ_retain_entry *entry);
/*
 * Somebody else needs the entry, and no longer. One that is acknowledged meanwhile is in the queue no more, but its memory is there,
 * and counts, until then. The store must live as long.
 */
struct occ_retain_entry *occ_retain_ref(struct occ_retain_entry *entry);
void occ_retain_unref(struct occ_retain_entry *entry);

/* The encoded result of an entry, valid until it is acknowledged. */
struct occ_bytes occ_retain_result(const struct occ_retain_entry *entry);
/* Its documents, as long; count is 0 if it has none. */
struct occ_retain_documents occ_retain_documents(const struct occ_retain_entry *entry);

#endif
