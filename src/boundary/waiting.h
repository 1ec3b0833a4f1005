/*
 * waiting.h — frames that are signed and wait for their documents (PROTOCOL §2.3, §7): one queue, the oldest first.
 *
 * Nobody was given anything of what is in it. A frame leaves it in one of three ways: it is completed and kept, it is refused,
 * or it is freed in silence.
 */
#ifndef OCC_BOUNDARY_WAITING_H
#define OCC_BOUNDARY_WAITING_H

#include "boundary/chain.h"
#include "boundary/outbox.h"
#include "boundary/spent.h"
#include "proof/tree.h"

/* One request of a frame that was signed. */
struct occ_waiting_result {
    struct occ_retain_entry *entry; /* its room in the retention store; NULL once it is kept */
    size_t len;                     /* bytes that it has in the frame's text */
    size_t chain;                   /* the index of its chain, */
    uint64_t head_counter;          /* and the last of its proofs: what the chain's head is when it is given out */
    uint8_t link_hash[OCC_SHA256_LEN];
};

struct occ_waiting_frame {
    struct occ_waiting_frame *next;
    uint64_t id;
    struct occ_buf text;    /* a whole RESULT frame, but for what comes after the signatures; place = opening.report */
    struct occ_buf results; /* struct occ_waiting_result for each success in it, in their order */
    struct occ_buf tickets; /* struct occ_ticket of each slot that they consume */
    struct occ_buf hashes;  /* the hash of each of its proofs, in their order */
    struct occ_buf documents; /* struct occ_document * for all of its proofs, or for each of the first of them */
};

/* Begin with zeros. */
struct occ_waiting {
    struct occ_waiting_frame *first, *last;
    size_t frames, proofs;
    size_t len; /* bytes of memory */
};

/* A frame that is in no queue yet; NULL: no memory. */
struct occ_waiting_frame *occ_waiting_frame_new(uint64_t id);
/* Frees it; what room it still has in the store is given back. */
void occ_waiting_frame_free(struct occ_waiting_frame *frame, struct occ_retain *retain);
static inline size_t
occ_waiting_proofs(const struct occ_waiting_frame *frame)
{
    return frame->hashes.len / OCC_SHA256_LEN;
}

/* Whether another frame may wait. */
bool occ_waiting_has_room(const struct occ_waiting *waiting);
void occ_waiting_push(struct occ_waiting *waiting, struct occ_waiting_frame *frame);
/* Takes the first one out. There is one. */
struct occ_waiting_frame *occ_waiting_pop(struct occ_waiting *waiting);

/* What a frame is completed with, beside its documents. */
struct occ_waiting_join {
    const struct occ_tree
        *tree; /* that its proofs stand in, from first_leaf on; NULL = a document each, or one proof */
    size_t first_leaf;
    size_t opening_len; /* of the epoch */
};
/*
 * Appends the frame's RESULT and keeps its results, at the next positions. Its documents are there. OCC_ERR_LIMIT or
 * OCC_ERR_NOMEM: out has no room; nothing was appended or kept.
 */
OCC_RESULT occ_waiting_complete(struct occ_waiting_frame *frame, const struct occ_waiting_join *join,
                                struct occ_retain *retain, struct occ_outbox *out);
/* Appends a RESULT in which what had succeeded is refused instead. */
void occ_waiting_refuse(const struct occ_waiting_frame *frame, enum occ_err code, struct occ_bytes text,
                        struct occ_buf *out);

#endif
