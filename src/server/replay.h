/*
 * replay.h — the proofs of a request that was committed before, found by its Idempotency-Key (repeat.h) in the ledger.
 */
#ifndef OCC_SERVER_REPLAY_H
#define OCC_SERVER_REPLAY_H

#include "crypto/digest.h"
#include "ledger/ledger.h"

struct occ_replay {
    uint8_t repeat[OCC_SHA256_LEN], body[OCC_SHA256_LEN]; /* the caller's */
    /*
     * Success (found or not), OCC_ERR_REPEAT (it had another body), OCC_ERR_LEDGER_CORRUPT (it is named, and not all of its
     * proofs are there), or the ledger's codes.
     */
    struct occ_result result;
    struct occ_error err;
    bool found;
    uint32_t proofs;
    /*
     * The answer's body: the array of the proofs in the order in which they were asked for, with the tokens that they have
     * by now (or without any, if it had more than OCC_LIMIT_ANSWERS_LEN bytes with them). To be cleared.
     */
    struct occ_buf answer;
};

/* Fills in what is found; result says OCC_ERR_UNAVAILABLE before. Any thread. */
void occ_replay_init(struct occ_replay *replay, const uint8_t repeat[OCC_SHA256_LEN],
                     const uint8_t body[OCC_SHA256_LEN]);
void occ_replay_read(struct occ_replay *replay, struct occ_ledger_reader *reader);

#endif
