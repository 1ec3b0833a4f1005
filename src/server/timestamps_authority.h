/*
 * timestamps_authority.h — one timestamp authority: who waits for it, how often it is asked, and when it is left alone.
 *
 * Its circuit breaker, and what leads from one state to the next:
 *
 *   CLOSED  it is asked                    → OPEN after OCC_LIMIT_TSA_FAILURES failures in a row, or a Retry-After
 *   OPEN    it is not asked: asks that come, and those that wait, are turned away; after a pause, which doubles each time
 *           and has some chance in it      → TRIAL with the next ask
 *   TRIAL   one ask is under way, others are turned away   → CLOSED if it gave a token, else OPEN
 *
 * A token from an earlier ask closes it from any state. A failure is whatever is not a token that verified: no connection, no
 * answer in time, another status than 200, an answer that is refused. One log line says that it fails, one that it is back;
 * an authority that fails now and then is mentioned once in OCC_LIMIT_TSA_PAUSE_MAX_MS.
 */
#ifndef OCC_SERVER_TIMESTAMPS_AUTHORITY_H
#define OCC_SERVER_TIMESTAMPS_AUTHORITY_H

#include "net/http_fetch.h"
#include "server/event.h"
#include "server/timestamps_answer.h"

struct occ_timestamps_authority;

struct occ_timestamps_authority_config {
    struct occ_loop *loop;
    struct occ_http_fetcher *fetcher;
    const struct occ_events *events;
    const struct occ_timestamp_roots *roots;
    const char *url, *shown; /* these five are borrowed */
    uint64_t timeout_ms, parallel, rate;
    uint64_t
        patience_ms; /* an ask that would have its turn later than that is not taken, unless it is late; 0 = any is */
};
OCC_RESULT occ_timestamps_authority_new(const struct occ_timestamps_authority_config *config,
                                        struct occ_timestamps_authority **ret_authority);
/* The fetcher must have been freed before; nobody may wait any more. NULL is allowed. */
void occ_timestamps_authority_free(struct occ_timestamps_authority *authority);

/* One token that is asked for. Embedded in its owner, who fills in the first part; the authority's until done or cancel. */
struct occ_timestamps_authority_ask {
    uint8_t digest[OCC_SHA256_LEN];
    bool is_late; /* nobody waits for it: has its turn behind those that are not */
    /* text: canonical JSON of a TsaToken, valid during the call; empty: there is none. Never called from ..._ask or _cancel. */
    void (*done)(struct occ_timestamps_authority_ask *ask, struct occ_bytes text);

    struct occ_timestamps_authority_ask *next, **link; /* timestamps_authority.c's: while it waits */
    struct occ_timestamps_authority_request *request;  /* while it is asked */
};
/* False: not taken; the breaker is open, or so many wait already that it would not have its turn in time. */
bool occ_timestamps_authority_take(struct occ_timestamps_authority *authority,
                                   struct occ_timestamps_authority_ask *ask);
/* done is not called any more. A request that is under way goes on, for the breaker's sake. */
void occ_timestamps_authority_cancel(struct occ_timestamps_authority *authority,
                                     struct occ_timestamps_authority_ask *ask);

struct occ_timestamps_authority_stats {
    uint64_t tokens, failures, timeouts, refused; /* timeouts and refused answers are failures, too */
    uint64_t waiting, under_way;
    bool open; /* its breaker: it is not asked just now, or for a trial */
};
void occ_timestamps_authority_get_stats(const struct occ_timestamps_authority *authority,
                                        struct occ_timestamps_authority_stats *ret_stats);

#endif
