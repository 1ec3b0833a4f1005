/*
 * round.h — requests of one frame that are signed at the same time, if they are on different chains.
 *
 * A chain is sequential: each proof names the one before. Two chains have nothing in common, so the requests of a round are dealt
 * out by their chains to a few lanes, and what is in a lane is signed in its order. What is written there is a draft, in the memory
 * that the retention store has for the result, until all of them are put together in the order of the requests. Nonces and time are
 * drawn before, in that order too, so it makes no difference to a byte which lane was done first, or whether they took turns.
 *
 * This is a plan and its results; whether anything of it counts is for batch.c to say. Lanes read the epoch and write to
 * memory of their own.
 */
#ifndef OCC_BOUNDARY_ROUND_H
#define OCC_BOUNDARY_ROUND_H

#include "boundary/retain.h"
#include "boundary/signing.h"

/* What was reserved for a request (room.h). */
struct occ_room {
    struct occ_retain_entry *entry; /* its place in the retention store; NULL = nothing was reserved */
    size_t written;                 /* bytes that its result takes in the answer, at most */
    bool is_long;                   /* its result is written where it is kept, and sent from there */
    bool has_document; /* the place in the store of the document that the frame's results share is in its own */
};

/* A request of a round. */
struct occ_task {
    struct occ_request request;
    struct occ_error refusal; /* why it is not signed; code OCC_OK = it is to be */
    bool is_read;             /* it says nothing that is refused for itself */
    struct occ_room room;
    /* If it was signed in a lane: */
    enum occ_err code;      /* not OCC_OK: nothing of it is there */
    struct occ_chain chain; /* as it is behind it */
    size_t lane;
    struct occ_bytes result; /* its position 0 */
    size_t hashes_at;        /* in the lane's; one for each of its proofs */
};

struct occ_lane {
    struct occ_signing_hand hand;
    struct occ_buf hashes; /* of its proofs, where they wait for documents */
    struct occ_buf nonces; /* for all of its proofs, in their order */
};

struct occ_round {
    struct occ_task *tasks;
    size_t count, count_max; /* tasks of this round; the most there may be: 1 = all is signed one after the other */
    uint64_t digests;        /* of those that are to be signed, */
    size_t values_len;       /* and bytes of their values: whoever adds a task adds them */
    struct occ_lane *lanes;  /* lane_count, unless count_max is 1 */
    size_t lane_count;
    void (*run)(void *run_ctx, void (*job)(void *arg, size_t index), void *arg, size_t count); /* as in gate.h */
    void *run_ctx;
    struct occ_chain chains[OCC_LIMIT_CHAINS]; /* where they stand in their lanes */
    uint8_t lane_of[OCC_LIMIT_CHAINS];
};

/* workers: lanes, at most; 1 = none. OCC_ERR_NOMEM; in any case occ_round_free gives the memory back. */
OCC_RESULT occ_round_init(struct occ_round *round, size_t workers);
void occ_round_free(struct occ_round *round);

/* Forgets the tasks; memory of large ones is given back. */
void occ_round_end(struct occ_round *round);
/* The place of the next task, empty; there is one. */
struct occ_task *occ_round_add(struct occ_round *round);
/* True when no further task should join: there are enough of them, or they are large, or the last one has consumed a slot. */
bool occ_round_is_full(const struct occ_round *round);

/* What the tasks of a round have in common. */
struct occ_round_work {
    const struct occ_epoch *epoch;
    const struct occ_chain *chains; /* where they stand */
    uint64_t now_ms;
    bool waits, is_joined; /* for documents; with the one that is at hand */
    struct occ_nonces *nonces;
};
/*
 * Signs the tasks that are to be signed, if they are on several chains and there is memory for it: then true, and each has its code. Else
 * nothing has happened, and they are for the caller to sign.
 */
bool occ_round_sign(struct occ_round *round, const struct occ_round_work *work);
/* The hashes of a task that was signed, where proofs wait. */
struct occ_bytes occ_round_hashes(const struct occ_round *round, const struct occ_task *task);

#endif
