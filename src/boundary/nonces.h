/*
 * nonces.h — nonces for the proofs of one frame (PROTOCOL §2.1): random that was drawn for it, many at a time.
 *
 * Each is given once. What is left over is wiped at the end of the frame, and after a failure: no other frame is given it. It lies in
 * memory only while a frame is at work, which is in one thread and does not fork.
 */
#ifndef OCC_BOUNDARY_NONCES_H
#define OCC_BOUNDARY_NONCES_H

#include "boundary/chain.h"

enum { OCC_NONCES_AT_ONCE = 64 }; /* one call to the kernel for so many */

struct occ_nonces {
    void (*random)(void *ctx, void *ret, size_t len);
    void *ctx;
    uint32_t wanted;      /* that will still be asked for, as far as is known: no more are drawn at a time */
    uint32_t used, drawn; /* used <= drawn <= OCC_NONCES_AT_ONCE */
    uint8_t list[OCC_NONCES_AT_ONCE][OCC_CHAIN_NONCE_LEN];
};

/* Draws nothing yet. random fills ret with len bytes and cannot fail. */
void occ_nonces_begin(struct occ_nonces *nonces, void (*random)(void *ctx, void *ret, size_t len), void *ctx,
                      uint32_t wanted);
/* OCC_CHAIN_NONCE_LEN bytes that nobody was given; valid until the next call. */
const uint8_t *occ_nonces_next(struct occ_nonces *nonces);
/* Wipes all: the next one is drawn anew. */
void occ_nonces_drop(struct occ_nonces *nonces);

#endif
