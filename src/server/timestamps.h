/*
 * timestamps.h — RFC 3161 tokens for the proofs of a request (PROTOCOL §5, "Timestamps").
 *
 * Authorities are asked in the order of the settings, or, with a quorum k, so many at the same time that k can answer; the first
 * token that verifies fully (under --tsa-roots, if given) is taken. A request waits for its tokens up to its deadline; what is
 * not there by then is fetched later and put into the ledger. A commit never fails because of an authority, unless --tsa-required.
 * Authorities have a circuit breaker and a backoff each; what they do is counted for metrics. Requests to them run on threads
 * of their own.
 */
#ifndef OCC_SERVER_TIMESTAMPS_H
#define OCC_SERVER_TIMESTAMPS_H

#include "net/loop.h"
#include "server/event.h"
#include "server/store.h"
#include "settings/settings.h"

struct occ_timestamps;

struct occ_timestamps_config {
    struct occ_loop *loop;
    const struct occ_events *events;
    const struct occ_settings *settings; /* tsa, tsa-quorum, tsa-proof, tsa-wait, tsa-required, tsa-roots, … */
    struct occ_store *store; /* where late tokens go and where those still wanted are read from at the start */
};
/* *ret_timestamps = NULL if no authority is set. OCC_ERR_USAGE names the setting. */
OCC_RESULT occ_timestamps_new(const struct occ_timestamps_config *config, struct occ_error *err,
                              struct occ_timestamps **ret_timestamps);
/* Lets go of what waits (done is called for it) and waits for requests under way. NULL is allowed. */
void occ_timestamps_free(struct occ_timestamps *timestamps);

/* What a proof's entry is to say in the ledger: which tokens are wanted. */
bool occ_timestamps_wants_artifact(const struct occ_timestamps *timestamps);
bool occ_timestamps_wants_proof(const struct occ_timestamps *timestamps);
bool occ_timestamps_is_required(const struct occ_timestamps *timestamps);

/* A set of tokens to be had for one request. The owner fills in the first part; it is the module's from ask until done. */
struct occ_timestamps_token {
    uint8_t digest[32]; /* what the token is to cover: an artifact's digest or a proof's core hash */
    bool has;           /* then text is canonical JSON of a TsaToken (owned; cleared by occ_timestamps_clear) */
    struct occ_buf text;
};
struct occ_timestamps_ask {
    struct occ_timestamps_token *tokens; /* owned by the caller, until done */
    size_t count;
    uint64_t deadline_ms; /* of the loop's clock */
    /* Called once, on the loop's thread, never from occ_timestamps_start: all are there, or the deadline has passed. */
    void (*done)(struct occ_timestamps_ask *ask);
    void *internal;
};
/* The same digest asked for twice at the same time is one request to an authority. */
void occ_timestamps_start(struct occ_timestamps *timestamps, struct occ_timestamps_ask *ask);
/* The client has gone, or the commit was refused: done is not called any more. */
void occ_timestamps_cancel(struct occ_timestamps *timestamps, struct occ_timestamps_ask *ask);

/*
 * A proof is in the ledger and its token of this kind is not: fetch it in the background (retries with backoff, at most
 * OCC_LIMIT_TSA_LATE_MS), and write it to the store. Full = the oldest waits in the ledger only, and is read again later.
 */
struct occ_timestamps_late {
    const char *epoch_id;
    const char *chain_id; /* "" = the default chain */
    uint64_t counter;
    enum occ_ledger_token_kind kind;
    uint8_t digest[32];
    uint64_t since_ms; /* Unix milliseconds */
};
void occ_timestamps_fetch_late(struct occ_timestamps *timestamps, const struct occ_timestamps_late *late);

/* For metrics: one authority after the other; false behind the last. host is what is shown: no credentials, no query. */
struct occ_timestamps_stats {
    const char *authority;
    uint64_t tokens, failures, timeouts, refused; /* refused: answers that did not verify */
    bool open;                                    /* its breaker: it is not asked just now */
};
bool occ_timestamps_get_stats(const struct occ_timestamps *timestamps, size_t index, struct occ_timestamps_stats *ret);
size_t occ_timestamps_late_count(const struct occ_timestamps *timestamps);

#endif
