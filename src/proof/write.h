/*
 * write.h — a new proof, written directly in canonical order (DESIGN §3). For the boundary.
 *
 * Two texts come from one set of fields: the signed body, and, once it is signed, the proof. Both are canonical JSON, so the
 * bytes that are hashed for the next link are the bytes that are stored and sent.
 */
#ifndef OCC_PROOF_WRITE_H
#define OCC_PROOF_WRITE_H

#include "base/buf.h"
#include "base/limits.h"
#include "crypto/digest.h"
#include "crypto/ed25519.h"

struct occ_tree_place; /* proof/tree.h */

/* A slot that a proof consumes (PROTOCOL §6): what it has of its own. Key, epoch and chain are the proof's. */
struct occ_write_slot {
    uint64_t counter;
    uint64_t time_ms;         /* Unix milliseconds */
    const uint8_t *nonce;     /* 32 bytes */
    const uint8_t *signature; /* OCC_ED25519_SIGNATURE_LEN bytes over its body */
    const uint8_t *hash;      /* SHA-256 of its body */
};

/* Members that are the same in all proofs of an epoch, written once. Begin with OCC_WRITE_CONSTANTS_INIT. */
enum occ_write_constant {
    OCC_WRITE_EPOCH_ID,
    OCC_WRITE_FORMAT,
    OCC_WRITE_ENVIRONMENT, /* enforcement and measurement */
    OCC_WRITE_PUBLIC_KEY
};
enum { OCC_WRITE_CONSTANTS = OCC_WRITE_PUBLIC_KEY + 1 };
struct occ_write_constants {
    struct occ_buf text;             /* all of them, one behind the other; */
    size_t end[OCC_WRITE_CONSTANTS]; /* each ends there */
};
#define OCC_WRITE_CONSTANTS_INIT ((struct occ_write_constants){ .text = OCC_BUF_INIT(OCC_WRITE_CONSTANTS_LEN_MAX) })

/* Text that a proof has in common with its signed body: views into the body. Empty = it is written anew. */
struct occ_write_common {
    struct occ_bytes artifact, head;
};

struct occ_write_fields {
    /* The same for all proofs of an epoch. */
    const struct occ_write_constants *constants; /* made of the next five; NULL = they are written each time */
    const uint8_t *public_key;                   /* OCC_ED25519_PUBLIC_LEN bytes */
    struct occ_bytes epoch_id;                   /* hex text */
    struct occ_bytes enforcement;                /* "stub" … */
    struct occ_bytes measurement;                /* UTF-8 */
    struct occ_bytes attestation_format;         /* "aws-nitro" …; empty = the proof has no attestation */
    /* The same for all proofs of a chain. */
    struct occ_bytes chain_id; /* empty = the default chain */
    /* This proof. */
    const uint8_t *digest; /* OCC_SHA256_LEN bytes */
    const uint8_t *nonce;  /* 32 bytes */
    uint64_t counter;
    uint64_t time_ms;                  /* Unix milliseconds */
    const uint8_t *prev_hash;          /* OCC_SHA256_LEN bytes, or NULL on a chain's first */
    struct occ_bytes epoch_link;       /* occ_write_epoch_link's text, or empty */
    const struct occ_write_slot *slot; /* or NULL; then nonce is the slot's */
    /* What a caller supplied, rewritten: canonical JSON of an object each, or empty. */
    struct occ_bytes metadata;
    struct occ_bytes agency, actor; /* actor is agency's member of that name: it alone is signed */
    struct occ_bytes attribution, policy, principal;
    /* For occ_write_proof: what occ_write_body gave of these very fields, or empty. */
    struct occ_write_common common;
};

enum {
    /* Names, key, epochId, and the longest format, tier and measurement, escaped. */
    OCC_WRITE_CONSTANTS_LEN_MAX =
        1024 + 6 * (OCC_LIMIT_EPOCH_ID_LEN + OCC_LIMIT_ATTEST_FORMAT_LEN + OCC_LIMIT_MEASUREMENT_LEN)
};

/* Writes those of the fields, whose constants is NULL. text is its owner's to clear. OCC_ERR_LIMIT, OCC_ERR_NOMEM. */
OCC_RESULT occ_write_constants_make(const struct occ_write_fields *fields, struct occ_write_constants *constants);

/*
 * Appends the signed body (PROTOCOL §2.1). What comes back, put into fields->common, spares occ_write_proof writing it again: as
 * long as buf is not changed.
 */
struct occ_write_common occ_write_body(struct occ_buf *buf, const struct occ_write_fields *fields);
/* Where a proof's text is open for what comes after the signature, as offsets in it. Both 0 = it has no attestation. */
struct occ_write_opening {
    size_t batch, report;
};

/*
 * Appends the proof. Its SHA-256 is the link hash: nothing that a link hash leaves out is in it yet, and ret_opening (may be
 * NULL) says where that will stand.
 */
void occ_write_proof(struct occ_buf *buf, const struct occ_write_fields *fields,
                     const uint8_t signature[OCC_ED25519_SIGNATURE_LEN], struct occ_write_opening *ret_opening);

/*
 * Appends a proof's text with what joins it: environment.attestation.batch, unless batch is NULL, and reportB64, still empty.
 * Returns the offset in the joined text of the byte in front of which the document's base64 belongs.
 */
size_t occ_write_joined(struct occ_buf *buf, struct occ_bytes text, const struct occ_write_opening *opening,
                        const struct occ_tree_place *batch);
/* The most bytes that it adds, in a tree of up to so many leaves; without a batch member: 1. */
size_t occ_write_joined_len_max(uint64_t tree_size);

/*
 * The bytes that chainId, epochLink and what a caller supplied add to a proof: with them away, and without a slot, it is so
 * much shorter.
 */
size_t occ_write_values_len(const struct occ_write_fields *fields);

/*
 * Appends a slot of the epoch and chain in fields (public_key, epoch_id, chain_id; nothing else of them is used): its body,
 * which is signed, or, with_signature, what a caller gets and a proof holds as slotAllocation.
 */
void occ_write_slot(struct occ_buf *buf, const struct occ_write_fields *fields, const struct occ_write_slot *slot,
                    bool with_signature);

/* commit.epochLink (PROTOCOL §6): the last proof before this chain's first. */
struct occ_write_link {
    struct occ_bytes prev_counter, prev_enforcement, prev_epoch_id, prev_measurement, prev_public_key_b64;
    const uint8_t *prev_hash;     /* its link hash, OCC_SHA256_LEN bytes */
    struct occ_bytes to_epoch_id; /* this epoch … */
    const uint8_t *to_public_key; /* … and its key, OCC_ED25519_PUBLIC_LEN bytes */
};
/* Appends it as canonical JSON. */
void occ_write_epoch_link(struct occ_buf *buf, const struct occ_write_link *link);

/* epochId: hex SHA-256 of publicKeyB64 ":" bootNonceB64 (PROTOCOL §2.2), and a zero byte. */
void occ_write_epoch_id(const uint8_t public_key[OCC_ED25519_PUBLIC_LEN], const uint8_t boot_nonce[32],
                        char ret_epoch_id[2 * OCC_SHA256_LEN + 1]);

#endif
