/*
 * opaque.h — the parent's own bytes that the boundary keeps with a request and gives back with its result: all that the
 * ledger's entry needs beside the proofs, so that it survives a crash of the parent (DESIGN §4, promise 1).
 *
 *   u8 version (1) · request id (16) · u64 received, Unix milliseconds · u8 flags · if REPEAT: repeat (32) · body (32)
 *
 * Big-endian; 26 or 90 bytes.
 */
#ifndef OCC_SERVER_OPAQUE_H
#define OCC_SERVER_OPAQUE_H

#include "base/buf.h"
#include "base/limits.h"
#include "crypto/digest.h"

enum {
    OCC_OPAQUE_ID_LEN = 16, /* 8 bytes that are random per run of occd, 8 that number its requests */
    OCC_OPAQUE_LEN_MIN = 26,
    OCC_OPAQUE_LEN_MAX = OCC_OPAQUE_LEN_MIN + 2 * OCC_SHA256_LEN
};

struct occ_opaque {
    uint8_t id[OCC_OPAQUE_ID_LEN];
    uint64_t received_ms;                         /* Unix milliseconds */
    bool wants_artifact_token, wants_proof_token; /* of each proof */
    bool has_repeat;                              /* it came with an Idempotency-Key: */
    uint8_t repeat[OCC_SHA256_LEN];               /* what the key and its scope became, */
    uint8_t body[OCC_SHA256_LEN];                 /* and SHA-256 of the request's body */
};

/* Writes the bytes and returns how many: at most OCC_LIMIT_OPAQUE_LEN. */
size_t occ_opaque_encode(const struct occ_opaque *opaque, uint8_t ret_bytes[OCC_OPAQUE_LEN_MAX]);
/* OCC_ERR_WIRE_MESSAGE: not bytes that encode wrote. */
OCC_RESULT occ_opaque_decode(struct occ_bytes bytes, struct occ_opaque *ret_opaque);

#endif
