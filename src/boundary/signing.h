/*
 * signing.h — all proofs of one request, written where they are wanted. Nothing else is touched: what two threads sign on two
 * chains, they can sign at the same time.
 */
#ifndef OCC_BOUNDARY_SIGNING_H
#define OCC_BOUNDARY_SIGNING_H

#include "boundary/nonces.h"
#include "boundary/request.h"

/* A thread's own memory, used again and again. Begin with OCC_SIGNING_HAND_INIT. */
struct occ_signing_hand {
    struct occ_chain_scratch scratch;
    struct occ_buf text; /* a proof whose document is at hand and joins it at once */
};
#define OCC_SIGNING_HAND_INIT \
    ((struct occ_signing_hand){ .scratch = OCC_CHAIN_SCRATCH_INIT, .text = OCC_BUF_INIT(OCC_LIMIT_ANSWER_LEN) })
void occ_signing_hand_clear(struct occ_signing_hand *hand);

struct occ_signing {
    const struct occ_epoch *epoch;
    const struct occ_request *request;
    uint64_t now_ms;   /* Unix milliseconds */
    uint64_t position; /* of its result */
    bool is_joined;    /* its proofs are joined at once, with the frame's only document */
    struct occ_nonces *nonces;
    struct occ_result_writer *writer;
    struct occ_buf *hashes; /* its proofs wait: their hashes are appended here; NULL = they do not wait */
};
/*
 * Appends the request's result, and moves chain with each of its proofs. On failure (occ_chain_commit's, or that of a buffer) what was
 * appended is for the caller to remove, and chain, which is a copy, to throw away.
 */
OCC_RESULT occ_signing_run(const struct occ_signing *signing, struct occ_signing_hand *hand, struct occ_chain *chain);

#endif
