/*
 * boundary.h — the parent's side of the boundary: who it is, commits, and whether it answers.
 *
 * Commits wait in a queue. In front of each wait of the event loop those that wait are put into a frame, as many as fit, if
 * few enough frames and digests are under way (OCC_LIMIT_FRAMES_IN_FLIGHT…, OCC_LIMIT_DIGESTS_IN_FLIGHT…), and few enough
 * results on their way to the ledger (OCC_LIMIT_UNDURABLE_LEN…), since the boundary holds both: what arrived in one turn
 * shares a frame, and a lone request goes at once. While the results of one frame are synced (results.h) the boundary works
 * on the next. Invariants:
 *   - each request that was taken gets exactly one answer, and a good one only when the ledger has its proofs;
 *   - nothing is asked of a session before the boundary and the ledger agree (recovery.h); requests wait meanwhile;
 *   - answers that are being made, those on their way to the ledger, and those that clients have not taken have at most
 *     OCC_LIMIT_ANSWERS_LEN bytes: a request whose answer has no room when its turn comes waits for what is under way, and is
 *     OCC_ERR_BUSY if clients that take nothing hold that room; before anything is signed;
 *   - while the ledger cannot be written, or the boundary's attester or token fails (vitals.h), nothing new is taken, and what
 *     waits is OCC_ERR_UNAVAILABLE; a boundary that may fail so is asked regularly, and each second while it does;
 *   - a frame or ping that is not answered for timeout_ms ends the session, and an own child is killed. Results wait for
 *     documents: what ends it is timeout_ms without results, and without a document that was made meanwhile;
 *   - what was sent when the session ended is OCC_ERR_UNAVAILABLE if the boundary was a child of ours: it is dead, its epoch
 *     with it, nothing of that frame was given out and nothing ever will be, so a retry commits nothing twice that anybody
 *     sees. Over a unix socket it is OCC_ERR_UNKNOWN_OUTCOME: the boundary may live and have signed. Such results come again
 *     after the reconnect; they go into the ledger, are acknowledged and logged, and belong to no client any more.
 */
#ifndef OCC_SERVER_BOUNDARY_H
#define OCC_SERVER_BOUNDARY_H

#include "crypto/digest.h"
#include "crypto/ed25519.h"
#include "net/loop.h"
#include "server/askers.h"
#include "server/event.h"
#include "server/pending.h"
#include "server/store.h"
#include "wire/attest.h"
#include "wire/hello.h"
#include "wire/issue.h"

struct occ_boundary;

/* Who the boundary says it is, copied and checked at hello. Texts end in a zero byte. */
struct occ_boundary_identity {
    uint8_t public_key[OCC_ED25519_PUBLIC_LEN];
    char epoch_id[2 * OCC_SHA256_LEN + 1];
    char enforcement[16];
    char measurement[OCC_LIMIT_MEASUREMENT_LEN + 1];
    uint32_t digests_max; /* of one request */
    enum occ_hello_attest attest;
    char attestation_format[OCC_LIMIT_ATTEST_FORMAT_LEN + 1]; /* "" = proofs have none */
    uint32_t document_len; /* what a proof is longer by, as documents have been so far; 0 = there are none */
};

struct occ_boundary_config {
    struct occ_loop *loop;
    const struct occ_events *events;
    const char *enclave, *address; /* as in struct occ_transport_config */
    const char *const *enclave_flags, *const *enclave_environment;
    uint64_t timeout_ms, health_ms;
    size_t waiting_max; /* requests in the queue */
    struct occ_store *store;
    bool genesis; /* the first epoch begins without a link to what the ledger has */
    /* Bytes of answers that were given and not taken by their clients yet. */
    size_t (*unsent)(void *ctx);
    /* A COMMIT frame was sent, with so many requests and digests. May be NULL. */
    void (*on_sent)(void *ctx, uint64_t requests, uint64_t digests);
    /* Called for each session that is up (identity) and each attempt that failed (NULL). May be NULL. */
    void (*on_change)(void *ctx, const struct occ_boundary_identity *identity);
    void *ctx;
};

/* Begins to connect. A failure: the boundary's program cannot be started at all. */
OCC_RESULT occ_boundary_new(const struct occ_boundary_config *config, struct occ_error *err,
                            struct occ_boundary **ret_boundary);
/* NULL while the boundary is out of reach. */
const struct occ_boundary_identity *occ_boundary_identity(const struct occ_boundary *boundary);
/* The process id of an own boundary, or 0. */
int occ_boundary_pid(const struct occ_boundary *boundary);

/*
 * NULL, or one sentence: why commits are not taken now. The boundary is out of reach or its device fails, the ledger cannot be
 * written, they do not agree, or the epoch could not be linked.
 */
const char *occ_boundary_trouble(const struct occ_boundary *boundary);

/* The id of the next request: no two requests of any two runs have the same. */
void occ_boundary_next_id(struct occ_boundary *boundary, uint8_t ret_id[OCC_OPAQUE_ID_LEN]);
/*
 * Takes a request; done is called later, never from here. OCC_ERR_UNAVAILABLE (occ_boundary_trouble says why), OCC_ERR_BUSY
 * (queue full) and OCC_ERR_LIMIT (too large for any frame): not taken.
 */
OCC_RESULT occ_boundary_commit(struct occ_boundary *boundary, struct occ_pending *pending);

/*
 * Something to be used once, please: a challenge or a slot (wire/issue.h). done is called later, never from here, with
 * OCC_ERR_UNAVAILABLE, OCC_ERR_TIMEOUT or what the boundary said. Codes as occ_boundary_commit: not taken.
 */
struct occ_boundary_issue {
    struct occ_issue_request request; /* its view must stay valid until done */
    void (*done)(struct occ_boundary_issue *issue, const struct occ_issue_answer *answer);
    uint64_t id, since_ms; /* boundary.c's */
    struct occ_boundary_issue *next;
};
OCC_RESULT occ_boundary_issue(struct occ_boundary *boundary, struct occ_boundary_issue *issue);

/*
 * A document about the boundary's key, please (wire/attest.h). done is called later, never from here, with OCC_ERR_UNAVAILABLE,
 * OCC_ERR_TIMEOUT or what the boundary said. OCC_ERR_UNAVAILABLE (out of reach), OCC_ERR_UNSUPPORTED (it has no attestation),
 * OCC_ERR_BUSY (too many wait), OCC_ERR_NOMEM: not taken.
 */
struct occ_boundary_attest {
    struct occ_bytes nonce; /* must stay valid until done; empty = the document that is at hand */
    void (*done)(struct occ_boundary_attest *attest, const struct occ_attest_answer *answer);
    uint64_t since_ms; /* boundary.c's */
    struct occ_boundary_attest *next;
};
OCC_RESULT occ_boundary_attest(struct occ_boundary *boundary, struct occ_boundary_attest *attest);

/*
 * Tells when the boundary and the ledger agree, so that what is not in the ledger then was never given out. done is called
 * later, or at once: success, OCC_ERR_TIMEOUT (after timeout_ms), or OCC_ERR_UNAVAILABLE (occ_boundary_trouble says why).
 */
void occ_boundary_when_ready(struct occ_boundary *boundary, struct occ_asker *asker);

/* For metrics. */
struct occ_boundary_stats {
    size_t waiting, waiting_len; /* requests not yet in a frame, and their bytes */
    size_t in_flight;            /* frames under way */
};
void occ_boundary_get_stats(const struct occ_boundary *boundary, struct occ_boundary_stats *ret_stats);
/*
 * How the boundary was when it said so last, some seconds ago at most; NULL if it has not, or is out of reach. Only a boundary that may have a device is asked.
 */
const struct occ_status *occ_boundary_status(const struct occ_boundary *boundary);

/* Does the boundary answer now? done is called later, or at once with OCC_ERR_UNAVAILABLE. */
void occ_boundary_ask(struct occ_boundary *boundary, struct occ_asker *asker);

/*
 * Ends the session; what waits or is under way fails. What is on its way to the ledger is answered by the end of the store, which
 * comes before that of the boundary. done is called when an own child has ended.
 */
void occ_boundary_stop(struct occ_boundary *boundary, void (*done)(void *ctx), void *ctx);
/* NULL is allowed. */
void occ_boundary_free(struct occ_boundary *boundary);

#endif
