/*
 * request.h — one request to commit, checked whole before anything moves (PROTOCOL §2.3).
 *
 * A frame is read twice. First its whole structure is walked, so that a malformed one is refused before any of its requests
 * counts. Then each request is read: values are parsed strictly and written anew in canonical form; what a caller wrote is
 * never used itself. A refused request is read to its end, so that the next one is found, and so that the challenges in it
 * are spent (agency.h).
 */
#ifndef OCC_BOUNDARY_REQUEST_H
#define OCC_BOUNDARY_REQUEST_H

#include "base/buf.h"
#include "boundary/agency.h"
#include "wire/commit.h"

/* A place in a request's values. */
struct occ_request_span {
    uint32_t at, len; /* len 0 = the value is not there */
};

/* A digest of a request, and where what belongs to it stands. */
struct occ_request_item {
    const uint8_t *digest; /* 32 bytes, in the frame's payload */
    struct occ_request_span metadata, agency;
    struct occ_request_span actor; /* inside agency */
    uint32_t slot;                 /* which of the request's slots it consumes, counted from 1; 0 = none */
};

struct occ_request_slot {
    struct occ_ticket ticket;
    struct occ_chain_slot slot;
};

/* Reused from request to request; begin with OCC_REQUEST_INIT. */
struct occ_request {
    struct occ_bytes opaque; /* in the frame's payload */
    size_t chain;            /* index of its chain */
    uint32_t count;
    struct occ_buf items;  /* count of struct occ_request_item */
    struct occ_buf values; /* canonical texts, one behind the other; one that is shared stands there once */
    struct occ_request_span attribution, policy, principal; /* of all its proofs */
    struct occ_buf slots;                                   /* slot_count of struct occ_request_slot */
    uint32_t slot_count;
    struct occ_idset slot_ids; /* theirs: no two digests consume one slot */
};

#define OCC_REQUEST_INIT \
    ((struct occ_request){ .items = OCC_BUF_INIT(OCC_LIMIT_BATCH_DIGESTS_MAX * sizeof(struct occ_request_item)), \
                           .values = OCC_BUF_INIT(OCC_LIMIT_ANSWER_LEN), \
                           .slots = OCC_BUF_INIT(OCC_LIMIT_BATCH_DIGESTS_MAX * sizeof(struct occ_request_slot)) })
void occ_request_clear(struct occ_request *request);

/* What a request is judged by. */
struct occ_request_rules {
    uint32_t digests_max;           /* at most OCC_LIMIT_BATCH_DIGESTS_MAX */
    const struct occ_chain *chains; /* those that there are; the first is the default one */
    size_t chain_count;
    struct occ_agency_scope agency;
};

/* Walks a COMMIT payload. OCC_ERR_WIRE_MESSAGE if its structure is broken anywhere. *ret_digests: of all its requests. */
OCC_RESULT occ_request_check_frame(struct occ_bytes payload, uint32_t *ret_digests);
/*
 * Reads the next request of a payload that occ_request_check_frame has passed. A refusal names the field
 * ("digests[3].metadata: …"): OCC_ERR_FIELD_…, OCC_ERR_JSON_…, OCC_ERR_LIMIT, OCC_ERR_NOMEM, OCC_ERR_CHAIN_UNKNOWN,
 * OCC_ERR_SLOT_UNKNOWN, OCC_ERR_SLOT_EXPIRED, OCC_ERR_SLOT_USED, and those of an agency (agency.h). request->opaque is set
 * in either case. Challenges are spent; slots are not yet.
 */
OCC_RESULT occ_request_read(struct occ_commit_reader *reader, const struct occ_request_rules *rules,
                            struct occ_request *request, struct occ_error *err);
/* The digest at index. Valid until request changes, like the next three. */
const struct occ_request_item *occ_request_item(const struct occ_request *request, uint32_t index);
/* A value: canonical JSON text, or empty. */
struct occ_bytes occ_request_value(const struct occ_request *request, struct occ_request_span span);
/* The slot of that number, counted from 1; NULL for 0. */
const struct occ_request_slot *occ_request_slot(const struct occ_request *request, uint32_t number);
/* What committing the digest at index needs beside nonce, time and check. */
struct occ_chain_input occ_request_input(const struct occ_request *request, uint32_t index);

#endif
