/*
 * batch.h — what a COMMIT frame does: requests in, results out, all or nothing each (PROTOCOL §2.3, DESIGN §4).
 */
#ifndef OCC_BOUNDARY_BATCH_H
#define OCC_BOUNDARY_BATCH_H

#include "boundary/attesting.h"
#include "boundary/chain.h"
#include "boundary/outbox.h"
#include "boundary/round.h"
#include "codec/json.h"
#include "wire/frame.h"

#define OCC_BATCH_HALTED_TEXT "the boundary found that it cannot trust itself and commits nothing until it is restarted"
#define OCC_BATCH_TOKEN_TEXT "the hardware key is away: nothing was committed, try again later"

/* The proof of an earlier epoch that a chain goes on from. */
struct occ_batch_link {
    uint8_t hash[OCC_SHA256_LEN]; /* its link hash */
    struct occ_buf text;          /* commit.epochLink of the chain's first proof */
};

/* Where a chain stands as far as others were given something: where it goes back to when what waits is discarded. */
struct occ_batch_mark {
    uint64_t counter; /* the newest that was given out, of a slot too, or that the chain was linked to */
    uint64_t head_counter;
    uint8_t link_hash[OCC_SHA256_LEN];
};

/* The gate without its session: what lives as long as the epoch. */
struct occ_batch {
    struct occ_epoch epoch;
    struct occ_chain chains[OCC_LIMIT_CHAINS]; /* the first is the default one */
    size_t chain_count;
    struct occ_batch_link links[OCC_LIMIT_CHAINS]; /* of the chain at the same place, where chain.epoch_link is set */
    struct occ_batch_mark marks[OCC_LIMIT_CHAINS]; /* of the chain at the same place */
    struct occ_tickets tickets;
    struct occ_agency_rules rules;
    struct occ_retain retain;
    struct occ_waiting waiting; /* signed, without its documents */
    struct occ_attesting attesting;
    struct occ_round round;       /* the requests at work; their memory is used again */
    struct occ_signing_hand hand; /* of the thread that the gate is called by */
    uint64_t (*now_ms)(void *ctx);
    void (*random)(void *ctx, void *ret, size_t len);
    OCC_RESULT (*check_predecessor)(void *ctx, const struct occ_json *proof, struct occ_error *err);
    void *ctx;
    uint32_t digests_max;
    bool halted; /* an integrity failure: no commit until restart */
};

void occ_batch_clear(struct occ_batch *batch);
/* The chain of that id (empty = the default one); OCC_ERR_CHAIN_UNKNOWN. */
OCC_RESULT occ_batch_find_chain(struct occ_batch *batch, struct occ_bytes id, struct occ_chain **ret_chain);
/* The boundary's clock, Unix milliseconds: with an attester what its documents say, else the machine's. */
uint64_t occ_batch_now(const struct occ_batch *batch);
/* The time for what is signed next, Unix milliseconds: on no chain of the epoch it goes back (PROTOCOL §2.3). */
uint64_t occ_batch_time(const struct occ_batch *batch);
/* A counter of the chain was given out, or the chain was linked to it: it never goes back behind it. */
void occ_batch_mark(struct occ_batch *batch, const struct occ_chain *chain);
/* A signature that did not come about, in words; an integrity failure also halts the boundary. */
OCC_RESULT occ_batch_explain(struct occ_batch *batch, enum occ_err code, struct occ_error *err);
/*
 * Handles a COMMIT frame: one RESULT frame, with one result for each request, is appended to out or waits for its documents
 * (waiting.h). OCC_ERR_WIRE_MESSAGE or OCC_ERR_NOMEM with a sentence: the session cannot go on, nothing was appended; what
 * of the frame was signed is for the gate to discard.
 */
OCC_RESULT occ_batch_handle(struct occ_batch *batch, const struct occ_frame *frame, struct occ_error *err,
                            struct occ_outbox *out);

#endif
