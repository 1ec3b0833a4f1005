/*
 * delivery.h — the results of one frame on their way into the ledger, and who is to be answered when they are durable.
 *
 * It owns its bytes (the frame's payload, copied once, and the arrays that point into it) and the identity of the boundary
 * that made them: it may outlive the session that it came with.
 */
#ifndef OCC_SERVER_DELIVERY_H
#define OCC_SERVER_DELIVERY_H

#include "server/boundary.h"
#include "server/store.h"

struct occ_delivery {
    struct occ_store_job job; /* first: its calls get its address; the owner sets done and kept */
    void *owner;
    struct occ_pending_list requests; /* in the order of the results; empty if they were given again */
    uint64_t session;                 /* the owner's number of the session they came with */
    uint64_t last_position;           /* of the newest of them */
    struct occ_buf payload;
    struct occ_bytes *documents; /* of payload, in their order */
    size_t held_len;             /* bytes that it takes, or that its answers will, if those are more */
    struct occ_delivery *next;   /* the owner's */

    struct occ_boundary_identity identity;
    struct occ_ledger_epoch epoch; /* views of identity */
    struct occ_ledger_entry *entries;
    struct occ_ledger_proof *proofs;
    uint8_t (*hashes)[2 * OCC_SHA256_LEN]; /* per entry: repeat and body */
};

/*
 * payload: of a RESULT frame that was checked, with at least one success; it is copied. now_ms (Unix) stands in for the time of
 * an entry whose opaque bytes are of another parent and say none. OCC_ERR_NOMEM; OCC_ERR_WIRE_MESSAGE: a document
 * is no base64, or with their documents they are more than the ledger takes at once.
 */
OCC_RESULT occ_delivery_new(struct occ_bytes payload, const struct occ_boundary_identity *identity, uint64_t now_ms,
                            struct occ_delivery **ret_delivery);
void occ_delivery_free(struct occ_delivery *delivery); /* NULL is allowed; requests must have been answered */

#endif
