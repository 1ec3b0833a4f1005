/*
 * chain.h — one chain: its counter, its link, and the one function that moves them (PROTOCOL §2.3).
 *
 * A position in a chain is a plain value. To try several commits that must all succeed, copy it, and put the copy back
 * if one fails: nothing else remembers that they were tried.
 */
#ifndef OCC_BOUNDARY_CHAIN_H
#define OCC_BOUNDARY_CHAIN_H

#include "base/buf.h"
#include "boundary/attester.h"
#include "boundary/signer.h"
#include "crypto/digest.h"

/* What all proofs of an epoch have in common. */
struct occ_epoch {
    struct occ_signer signer;
    struct occ_attester attester;
    char id[2 * OCC_SHA256_LEN + 1]; /* hex text */
    size_t proof_len_max;            /* bytes of a proof with empty metadata, the longest counter and time */
};

struct occ_chain {
    uint64_t counter;                   /* of the newest proof; 0 = none yet */
    uint64_t time_ms;                   /* of the newest proof, Unix milliseconds */
    uint8_t link_hash[OCC_SHA256_LEN];  /* of the newest proof; zeros = none yet */
    uint8_t last_nonce[OCC_SHA256_LEN]; /* to notice a random source that stands still */
};

/* What one commit needs beside the epoch and the chain. */
struct occ_chain_input {
    const uint8_t *digest;     /* OCC_SHA256_LEN bytes */
    const uint8_t *nonce;      /* 32 fresh random bytes */
    uint64_t now_ms;           /* Unix milliseconds; a proof's time is never less than the one before */
    struct occ_bytes metadata; /* canonical JSON, or empty */
    bool check;                /* verify the signature before it counts */
};

/*
 * Commits one digest: appends the proof to out, then moves the chain. body is scratch space. On failure the chain has not
 * moved, and what was appended to out is for the caller to remove. OCC_ERR_SIGNATURE: the signer gave a signature that
 * does not verify; OCC_ERR_RANDOM: the nonce is that of the proof before; else the signer's or the buffer's code.
 */
OCC_RESULT occ_chain_commit(struct occ_chain *chain, const struct occ_epoch *epoch, const struct occ_chain_input *input,
                            struct occ_buf *body, struct occ_buf *out);
/* Measures epoch->proof_len_max, once all else in epoch is set. scratch is emptied. */
OCC_RESULT occ_chain_measure(struct occ_epoch *epoch, struct occ_buf *scratch);
/* The most bytes that the chain's next count proofs can take together, with values_len bytes of metadata in them. */
size_t occ_chain_proofs_len_max(const struct occ_chain *chain, const struct occ_epoch *epoch, size_t count,
                                size_t values_len);

#endif
