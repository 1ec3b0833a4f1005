/*
 * chain.h — one chain: its counter, its link, and the two functions that move them (PROTOCOL §2.3, §6).
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
#include "proof/write.h"

enum { OCC_CHAIN_NONCE_LEN = 32 };

/* What all proofs of an epoch have in common. */
struct occ_epoch {
    struct occ_signer signer;
    struct occ_attester attester;
    char id[2 * OCC_SHA256_LEN + 1]; /* hex text */
    size_t proof_len_max; /* bytes of a proof of the default chain with the longest counter and time, no values */
    size_t slot_len_max;  /* and what a slot adds to it */
    size_t opening_len;   /* bytes between the two places of its opening (proof/write.h) */
    struct occ_write_constants constants; /* what its texts have in common */
};

/* What one thread signs with: memory that is used again. Begin with OCC_CHAIN_SCRATCH_INIT. */
struct occ_chain_scratch {
    struct occ_buf body; /* the signed body at work */
    struct occ_digest
        *digest; /* made once: faster than one call each time. NULL = not yet, or it failed: it is done without */
};
enum {
    /* commit.epochLink: names, keys, hashes; the measurement and epochId before, escaped. */
    OCC_CHAIN_LINK_LEN_MAX = 4096 + 6 * (OCC_LIMIT_PEER_MEASUREMENT_LEN + OCC_LIMIT_EPOCH_ID_LEN),
    /* A signed body: names, encodings, ids; the measurement, escaped; the link; actor, attribution, policy, principal. */
    OCC_CHAIN_BODY_LEN_MAX =
        4096 + 6 * OCC_LIMIT_MEASUREMENT_LEN + OCC_CHAIN_LINK_LEN_MAX + 4 * (int)OCC_LIMIT_VALUE_LEN
};
#define OCC_CHAIN_SCRATCH_INIT ((struct occ_chain_scratch){ .body = OCC_BUF_INIT(OCC_CHAIN_BODY_LEN_MAX) })
/* Has the libraries make what is made once. Not needed, but later it may cost a thread time. */
void occ_chain_scratch_prepare(struct occ_chain_scratch *scratch);
void occ_chain_scratch_clear(struct occ_chain_scratch *scratch);

struct occ_chain {
    struct occ_bytes id;         /* empty = the default chain; the caller's memory */
    struct occ_bytes epoch_link; /* what the first proof carries (proof/write.h), or empty; the caller's memory */
    uint64_t counter;            /* the newest: a proof's, a slot's or, before both, the linked proof's; 0 = none */
    uint64_t time_ms;            /* of the newest proof or slot of this epoch, Unix milliseconds */
    bool given;                  /* a proof or a slot of this epoch was given out */
    uint64_t head_counter;       /* of the newest proof of this epoch; 0 = none yet */
    uint8_t link_hash[OCC_SHA256_LEN];  /* of that proof; zeros = none yet */
    uint8_t last_nonce[OCC_SHA256_LEN]; /* to notice a random source that stands still */
};

/* A slot that was allocated on a chain of this epoch. */
struct occ_chain_slot {
    uint64_t counter;
    uint64_t time_ms;
    uint8_t nonce[OCC_CHAIN_NONCE_LEN];
    uint8_t signature[OCC_ED25519_SIGNATURE_LEN];
};

/* What one commit needs beside the epoch and the chain. */
struct occ_chain_input {
    const uint8_t *digest;             /* OCC_SHA256_LEN bytes */
    const uint8_t *nonce;              /* OCC_CHAIN_NONCE_LEN fresh random bytes; not used with a slot */
    const struct occ_chain_slot *slot; /* of this chain and epoch, or NULL */
    uint64_t now_ms;                   /* Unix milliseconds; a proof's time is never less than the one before */
    /* Canonical JSON of an object each, or empty; actor is agency's member of that name. */
    struct occ_bytes metadata, agency, actor, attribution, policy, principal;
    bool check; /* verify the signature before it counts, also if the signer does not want each to be */
};

/* What is needed to join a proof and its document, where there is an attester. */
struct occ_chain_signed {
    uint8_t proof_hash
        [OCC_SHA256_LEN]; /* only where the document is about this proof (OCC_ATTEST_COMMIT, OCC_ATTEST_BATCH) */
    struct occ_write_opening opening;
};

/*
 * Commits one digest: appends the proof to out, then moves the chain. On failure the chain has not
 * moved, and what was appended to out is for the caller to remove. OCC_ERR_SIGNATURE: the signer gave a signature that
 * does not verify; OCC_ERR_RANDOM: the nonce is that of the proof or slot before; else the signer's or the buffer's code.
 */
OCC_RESULT occ_chain_commit(struct occ_chain *chain, const struct occ_epoch *epoch, const struct occ_chain_input *input,
                            struct occ_chain_scratch *scratch, struct occ_buf *out,
                            struct occ_chain_signed *ret_signed);
/*
 * Allocates a slot (PROTOCOL §6): it takes the next counter. nonce, now_ms and check of input are used, and its failures are
 * those of occ_chain_commit.
 */
OCC_RESULT occ_chain_allocate(struct occ_chain *chain, const struct occ_epoch *epoch,
                              const struct occ_chain_input *input, struct occ_chain_scratch *scratch,
                              struct occ_chain_slot *ret_slot);
/* Appends a slot's JSON text, with its signature: what a caller gets. */
void occ_chain_put_slot(const struct occ_chain *chain, const struct occ_epoch *epoch, const struct occ_chain_slot *slot,
                        struct occ_buf *out);

/* Whether the chain's next signature is to be verified before it counts: its first in an epoch, and then now and then. */
bool occ_chain_is_checked(const struct occ_chain *chain);

/*
 * Makes epoch->constants and measures proof_len_max and slot_len_max, once all else in epoch is set. scratch is emptied. In either
 * case occ_chain_epoch_clear gives the memory back.
 */
OCC_RESULT occ_chain_measure(struct occ_epoch *epoch, struct occ_buf *scratch);
/* Clears the signer, too. */
void occ_chain_epoch_clear(struct occ_epoch *epoch);
/* The most bytes that the proof of this input can take, as one of the chain's next count proofs. The epoch link is not in it. */
size_t occ_chain_proof_len_max(const struct occ_chain *chain, const struct occ_epoch *epoch,
                               const struct occ_chain_input *input, size_t count);
/* The bytes that an epoch link will add to the chain's next proof. */
size_t occ_chain_link_len(const struct occ_chain *chain);

#endif
