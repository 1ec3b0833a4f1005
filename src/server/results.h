/*
 * results.h — what comes of results between the boundary and their clients: checked, durable in the ledger, then acknowledged
 * to the boundary and answered, in this order (DESIGN §4, promise 1).
 *
 * Results belong to a session, which may end before they are durable; they go into the ledger all the same, and their clients
 * are answered. Only the newest session's are acknowledged: what an older one has not acknowledged is given again.
 */
#ifndef OCC_SERVER_RESULTS_H
#define OCC_SERVER_RESULTS_H

#include "server/delivery.h"

struct occ_results;

struct occ_results_config {
    const struct occ_events *events;
    struct occ_store *store;
    void (*halt)(void *ctx, const char *why); /* the ledger disagrees: why is one sentence */
    /* The boundary refused a request since its device fails: why is its sentence, not ended by a zero byte. */
    void (*trouble)(void *ctx, struct occ_bytes why);
    void *ctx;
};

OCC_RESULT occ_results_new(const struct occ_results_config *config, struct occ_results **ret_results);
/* The store must have been closed. NULL is allowed. */
void occ_results_free(struct occ_results *results);

/* A session is up: results after position acknowledged follow, those up to last are given again. */
void occ_results_begin(struct occ_results *results, const struct occ_boundary_identity *identity, uint64_t acknowledged,
                       uint64_t last);
void occ_results_end(struct occ_results *results);

/*
 * The payload of the RESULT frame that answers flight, which is empty then. OCC_ERR_WIRE_MESSAGE (inconsistent) and
 * OCC_ERR_NOMEM: nothing was taken, flight is as it was. OCC_ERR_INTEGRITY: taken, but the boundary says of itself that it is
 * not to be used again.
 */
OCC_RESULT occ_results_take(struct occ_results *results, struct occ_pending_list *flight, struct occ_bytes payload);
/* The payload of a RESULT frame with id 0. They wait for occ_results_replay. */
OCC_RESULT occ_results_take_again(struct occ_results *results, struct occ_bytes payload);
/* What was given again is to be written, now and later. */
void occ_results_replay(struct occ_results *results);

/* True if nothing of an earlier session is on its way to the ledger. */
bool occ_results_settled(const struct occ_results *results);
/* The position up to which this session's results are durable. */
uint64_t occ_results_durable(const struct occ_results *results);
/* Appends an ACK frame for what became durable since the last one; false if nothing did. */
bool occ_results_put_ack(struct occ_results *results, struct occ_buf *buf);
/* Bytes of all that is on its way to the ledger, or of the answers that will come of it. */
size_t occ_results_len(const struct occ_results *results);
/* Bytes of what is on its way alone: the boundary holds as much, until it is acknowledged. */
size_t occ_results_payload_len(const struct occ_results *results);

#endif
