/*
 * timestamps.h — RFC 3161 tokens for the proofs of a request (PROTOCOL §5, "Timestamps"). docs/timestamps.md says what an
 * operator sees of it.
 *
 * A request waits for its tokens up to its deadline; what is not there by then is fetched later and put into the ledger. A
 * commit never fails because of an authority, unless --tsa-required. The parts:
 *
 *   timestamps_settings   --tsa…
 *   timestamps_authority  one authority: its queue, its limits, its circuit breaker; asks through net/http_fetch
 *   timestamps_answer     what it answered: verified in full, on the fetcher's thread; written as a TsaToken
 *   timestamps_subject    one digest, whoever waits for it: which authorities are asked, and when that is enough
 *   timestamps_late       tokens that the ledger still wants
 *   timestamps_pause      how long what fails is left alone
 *   timestamps            requests and their deadlines
 *
 * All but the answers is the loop's thread's.
 */
#ifndef OCC_SERVER_TIMESTAMPS_H
#define OCC_SERVER_TIMESTAMPS_H

#include "crypto/timestamp.h"
#include "net/loop.h"
#include "server/event.h"
#include "server/store.h"
#include "settings/settings.h"

struct occ_timestamps;

struct occ_timestamps_config {
    struct occ_loop *loop;
    const struct occ_events *events;
    const struct occ_settings *settings;     /* tsa, tsa-quorum, tsa-proof, tsa-wait, tsa-required, … */
    const struct occ_timestamp_roots *roots; /* of --tsa-roots, borrowed; NULL: whose a token is is not judged */
    struct occ_store *store; /* where late tokens go and where those still wanted are read from at the start */
    size_t held_len_max;     /* bytes of tokens that requests hold; 0 = OCC_LIMIT_TSA_KEPT_LEN */
};
/* *ret_timestamps = NULL if no authority is set. OCC_ERR_USAGE names the setting. */
OCC_RESULT occ_timestamps_new(const struct occ_timestamps_config *config, struct occ_error *err,
                              struct occ_timestamps **ret_timestamps);
/*
 * Lets go of what waits (done is called for it), and breaks off requests under way; tokens that were had and are being
 * written stay the store's. NULL is allowed.
 */
void occ_timestamps_free(struct occ_timestamps *timestamps);

/* What a proof's entry is to say in the ledger: which tokens are wanted. NULL = there are no timestamps: of these, nothing. */
bool occ_timestamps_wants_artifact(const struct occ_timestamps *timestamps);
bool occ_timestamps_wants_proof(const struct occ_timestamps *timestamps);
bool occ_timestamps_is_required(const struct occ_timestamps *timestamps);
/* How long a request may wait for its tokens, from its arrival. */
uint64_t occ_timestamps_wait_ms(const struct occ_timestamps *timestamps);

/* Tokens to be had for one request. The owner fills in the first part; it is the module's from start until done. */
struct occ_timestamps_token {
    uint8_t digest[32];  /* what the token is to cover: an artifact's digest or a proof's core hash */
    bool has;            /* set by the module: text is there */
    struct occ_buf text; /* canonical JSON of a TsaToken; made by start, cleared by occ_timestamps_clear */
};
struct occ_timestamps_ask {
    struct occ_timestamps_token *tokens; /* owned by the caller, until done */
    size_t count;
    uint64_t deadline_ms; /* of the loop's clock */
    /*
     * Called once, on the loop's thread, never from occ_timestamps_start: all are there, or those that are not will not be
     * there in time: the deadline has passed, or no authority is left that could give them.
     */
    void (*done)(struct occ_timestamps_ask *ask);

    struct occ_timestamps_request *request; /* timestamps.c's */
    struct occ_timestamps_ask *next;
};
/*
 * The same digest asked for twice at the same time is one request to an authority. Requests hold held_len_max of tokens
 * at most: what comes beyond that is not there in time.
 */
void occ_timestamps_start(struct occ_timestamps *timestamps, struct occ_timestamps_ask *ask);
/* The client has gone, or the commit was refused: done is not called any more. Nothing happens if it was called already. */
void occ_timestamps_cancel(struct occ_timestamps *timestamps, struct occ_timestamps_ask *ask);
/* The server stops: no request waits longer than until then, whatever its deadline. */
void occ_timestamps_end_by(struct occ_timestamps *timestamps, uint64_t deadline_ms);
/* Frees the texts of the tokens of an ask that is done or cancelled. timestamps: NULL if it was freed meanwhile. */
void occ_timestamps_clear(struct occ_timestamps *timestamps, struct occ_timestamps_ask *ask);

/* One token of a proof that is in the ledger. Views and text need be valid during the call only. */
struct occ_timestamps_late {
    struct occ_bytes epoch_id;
    struct occ_bytes chain_id; /* empty = the default chain */
    uint64_t counter;
    enum occ_ledger_token_kind kind;
    uint8_t digest[32];
    uint64_t since_ms; /* Unix milliseconds */
};
/*
 * The token is not there: fetch it in the background (retries with backoff, at most OCC_LIMIT_TSA_LATE_MS), and write it to
 * the store. Full = it waits in the ledger only, and is read again when the others have been had.
 */
void occ_timestamps_fetch_late(struct occ_timestamps *timestamps, const struct occ_timestamps_late *late);
/*
 * The token is there, as canonical JSON of a TsaToken: write it to the store, as soon as that can be. More than
 * OCC_LIMIT_TSA_KEPT_LEN of them = it is let go of, and fetched anew later.
 */
void occ_timestamps_keep(struct occ_timestamps *timestamps, const struct occ_timestamps_late *late,
                         struct occ_bytes text);

/* For metrics: one authority after the other; false behind the last. authority is what is shown: no credentials, no query. */
struct occ_timestamps_stats {
    const char *authority;
    uint64_t tokens, failures;   /* answers with a token that verified; everything else */
    uint64_t timeouts, refused;  /* of the failures: no answer in time; answers that did not verify */
    uint64_t waiting, under_way; /* just now */
    bool open;                   /* its breaker: it is not asked just now */
};
bool occ_timestamps_get_stats(const struct occ_timestamps *timestamps, size_t index, struct occ_timestamps_stats *ret);
size_t occ_timestamps_late_count(const struct occ_timestamps *timestamps);

#endif
