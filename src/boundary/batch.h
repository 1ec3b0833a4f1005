/*
 * batch.h — what a COMMIT frame does: requests in, results out, all or nothing each (PROTOCOL §2.3, DESIGN §4).
 */
#ifndef OCC_BOUNDARY_BATCH_H
#define OCC_BOUNDARY_BATCH_H

#include "boundary/chain.h"
#include "boundary/request.h"
#include "boundary/retain.h"
#include "wire/frame.h"

/* A signed body: names, encodings, ids; the measurement, escaped; no values yet. */
enum { OCC_BATCH_BODY_LEN_MAX = 4096 + 6 * OCC_LIMIT_MEASUREMENT_LEN };

#define OCC_BATCH_HALTED_TEXT "the boundary found that it cannot trust itself and commits nothing until it is restarted"

/* The gate without its session: what lives as long as the epoch. */
struct occ_batch {
    struct occ_epoch epoch;
    struct occ_chain chain;
    struct occ_retain retain;
    struct occ_request request; /* the one at work; its memory is used again */
    struct occ_buf body;        /* the signed body at work */
    uint64_t (*now_ms)(void *ctx);
    void (*random)(void *ctx, void *ret, size_t len);
    void *ctx;
    uint32_t digests_max;
    bool halted; /* an integrity failure: no commit until restart */
};

void occ_batch_clear(struct occ_batch *batch);
/*
 * Handles a COMMIT frame: appends one RESULT frame to out, with one result for each request. OCC_ERR_WIRE_MESSAGE or
 * OCC_ERR_NOMEM with a sentence: the frame was not taken, nothing moved, nothing was appended.
 */
OCC_RESULT occ_batch_handle(struct occ_batch *batch, const struct occ_frame *frame, struct occ_error *err,
                            struct occ_buf *out);
/* Appends all that is not acknowledged, in RESULT frames with id 0. */
void occ_batch_give_again(const struct occ_batch *batch, struct occ_buf *out);

#endif
