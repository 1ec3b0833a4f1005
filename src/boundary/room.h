/*
 * room.h — before anything is signed: room for all that a request will take, wherever it will lie.
 */
#ifndef OCC_BOUNDARY_ROOM_H
#define OCC_BOUNDARY_ROOM_H

#include "boundary/batch.h"

/* The answer to the frame at work. */
struct occ_answer {
    struct occ_result_writer writer;
    struct occ_outbox *out;            /* what it is sent through */
    struct occ_waiting_frame *waiting; /* that it is written to; NULL = it is sent at once */
    struct occ_document *document;     /* that its proofs are joined with at once, as its only one; NULL = none */
    size_t requests_left;              /* that it has no result of yet */
    size_t reserved, proofs_reserved;  /* bytes and proofs of those among them that have room; */
    size_t long_len, long_count;       /* bytes and number of the long ones, which are sent from the store */
    size_t growth;                     /* bytes that it will grow by when it is completed, at most */
    bool awaits;                       /* the room for the document that its results share is reserved */
};

/*
 * For a request that was read: sees that what it is answered is allowed and can wait, and that its bytes fit the frame, the
 * memory, the retention store, and what remembers used slots. OCC_ERR_BUSY, OCC_ERR_LIMIT or OCC_ERR_NOMEM with a sentence:
 * nothing has changed.
 */
OCC_RESULT occ_room_reserve(struct occ_batch *batch, struct occ_answer *answer, const struct occ_request *request,
                            struct occ_error *err, struct occ_room *ret_room);
/* The request has its result now, or its refusal: its bytes are in the answer, or will not be. */
void occ_room_settle(struct occ_answer *answer, const struct occ_request *request, const struct occ_room *room);

#endif
