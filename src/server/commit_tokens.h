/*
 * commit_tokens.h — the timestamps of one POST /commit: when they are asked for, and how they get into its answer and into the
 * ledger.
 *
 *   begin       the request was read: tokens about its artifacts are asked for, while the boundary signs
 *   take        its proofs are durable: tokens about the proofs themselves are asked for, if they are wanted
 *   done        nothing is left to wait for, or the deadline has passed
 *   put         the answer: proofs with the tokens that are there; those go to the ledger, what is missing is fetched later
 */
#ifndef OCC_SERVER_COMMIT_TOKENS_H
#define OCC_SERVER_COMMIT_TOKENS_H

#include "server/timestamps.h"
#include "wire/commit.h"

/* Owned by the request. All zero = no timestamps, which occ_commit_tokens_clear takes, too. */
struct occ_commit_tokens {
    /* Set by the owner; on the loop's thread, never from a call of the owner's. */
    void (*ready)(struct occ_commit_tokens *tokens); /* NULL, or: the artifacts' tokens are all there, or not in time */
    void (*done)(struct occ_commit_tokens *tokens);  /* see occ_commit_tokens_take */
    struct occ_workers *workers;                     /* for hashing many proofs */

    /* commit_tokens.c's */
    struct occ_timestamps *const *timestamps; /* *timestamps becomes NULL when the server stops */
    struct occ_timestamps_ask artifact, proof;
    uint64_t deadline_ms, received_ms;
    struct occ_buf proofs; /* as the boundary encodes them, each with its whole text */
    bool has_proofs, was_hashed, artifact_is_done, proof_is_done;
};

/*
 * Asks. loose: the encoded request (struct occ_commit_body). timestamps: where the server keeps its own; *timestamps is not
 * NULL. deadline_ms: of the loop's clock; received_ms: Unix milliseconds. OCC_ERR_NOMEM: nothing was begun.
 */
OCC_RESULT occ_commit_tokens_begin(struct occ_commit_tokens *tokens, struct occ_timestamps *const *timestamps,
                                   struct occ_bytes loose, uint64_t deadline_ms, uint64_t received_ms);
/* True if every artifact has its token. */
bool occ_commit_tokens_are_whole(const struct occ_commit_tokens *tokens);
/*
 * The proofs (proofs and documents as in struct occ_pending_answer) are durable; they are copied. *ret_waits: done will be
 * called; else there is nothing to wait for. OCC_ERR_NOMEM: the proofs have to go out without.
 */
OCC_RESULT occ_commit_tokens_take(struct occ_commit_tokens *tokens, struct occ_bytes proofs,
                                  const struct occ_bytes *documents, bool *ret_waits);
/* Bytes of the proofs that it has copied. */
size_t occ_commit_tokens_len(const struct occ_commit_tokens *tokens);
/*
 * Then: appends the answer, a JSON array, and hands the tokens on. With tokens it has at most len_max bytes: those for which
 * there is no room are in the ledger only.
 */
void occ_commit_tokens_put(struct occ_commit_tokens *tokens, size_t len_max, struct occ_buf *buf);
/* Not between a take that waits and done. Nothing is called any more. */
void occ_commit_tokens_clear(struct occ_commit_tokens *tokens);

#endif
