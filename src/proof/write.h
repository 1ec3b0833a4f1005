/*
 * write.h — a new proof, written directly in canonical order (DESIGN §3). For the boundary.
 *
 * Two texts come from one set of fields: the signed body, and, once it is signed, the proof. Both are canonical JSON, so the
 * bytes that are hashed for the next link are the bytes that are stored and sent.
 */
#ifndef OCC_PROOF_WRITE_H
#define OCC_PROOF_WRITE_H

#include "base/buf.h"
#include "crypto/digest.h"
#include "crypto/ed25519.h"

struct occ_write_fields {
    /* The same for all proofs of an epoch. */
    const uint8_t *public_key;    /* OCC_ED25519_PUBLIC_LEN bytes */
    struct occ_bytes epoch_id;    /* hex text */
    struct occ_bytes enforcement; /* "stub" … */
    struct occ_bytes measurement; /* UTF-8 */
    /* This proof. */
    const uint8_t *digest; /* OCC_SHA256_LEN bytes */
    const uint8_t *nonce;  /* 32 bytes */
    uint64_t counter;
    uint64_t time_ms;          /* Unix milliseconds */
    const uint8_t *prev_hash;  /* OCC_SHA256_LEN bytes, or NULL on a chain's first */
    struct occ_bytes metadata; /* canonical JSON of an object, or empty */
};

/* Appends the signed body (PROTOCOL §2.1). */
void occ_write_body(struct occ_buf *buf, const struct occ_write_fields *fields);
/* Appends the proof. Its SHA-256 is the link hash: nothing that a link hash leaves out is in it yet. */
void occ_write_proof(struct occ_buf *buf, const struct occ_write_fields *fields,
                     const uint8_t signature[OCC_ED25519_SIGNATURE_LEN]);

/* epochId: hex SHA-256 of publicKeyB64 ":" bootNonceB64 (PROTOCOL §2.2), and a zero byte. */
void occ_write_epoch_id(const uint8_t public_key[OCC_ED25519_PUBLIC_LEN], const uint8_t boot_nonce[32],
                        char ret_epoch_id[2 * OCC_SHA256_LEN + 1]);

#endif
