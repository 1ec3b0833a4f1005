/*
 * request.h — one request to commit, checked whole before anything moves (PROTOCOL §2.3).
 *
 * A frame is read twice. First its whole structure is walked, so that a malformed one is refused before any of its requests
 * counts. Then each request is read: values are parsed strictly and written anew in canonical form; what a caller wrote is
 * never used itself. A refused request is read to its end, so that the next one is found.
 */
#ifndef OCC_BOUNDARY_REQUEST_H
#define OCC_BOUNDARY_REQUEST_H

#include "base/buf.h"
#include "wire/commit.h"

/* A digest of a request, and where its metadata stands in the request's values. */
struct occ_request_item {
    const uint8_t *digest; /* 32 bytes, in the frame's payload */
    uint32_t metadata_at, metadata_len;
};

/* Reused from request to request; begin with OCC_REQUEST_INIT. */
struct occ_request {
    struct occ_bytes opaque; /* in the frame's payload */
    uint32_t count;
    struct occ_buf items;  /* count of struct occ_request_item */
    struct occ_buf values; /* canonical texts, one behind the other; one that is shared stands there once */
    size_t metadata_len;   /* bytes of all digests' metadata: a shared one counts as often as it is used */
};

#define OCC_REQUEST_INIT \
    ((struct occ_request){ .items = OCC_BUF_INIT(OCC_LIMIT_BATCH_DIGESTS_MAX * sizeof(struct occ_request_item)), \
                           .values = OCC_BUF_INIT(OCC_LIMIT_ANSWER_LEN) })
void occ_request_clear(struct occ_request *request);

/* Walks a COMMIT payload. OCC_ERR_WIRE_MESSAGE if its structure is broken anywhere. */
OCC_RESULT occ_request_check_frame(struct occ_bytes payload);
/*
 * Reads the next request of a payload that occ_request_check_frame has passed. A refusal names the field
 * ("digests[3].metadata: …"): OCC_ERR_FIELD_…, OCC_ERR_JSON_…, OCC_ERR_LIMIT, OCC_ERR_NOMEM. request->opaque is set in
 * either case. digests_max at most OCC_LIMIT_BATCH_DIGESTS_MAX.
 */
OCC_RESULT occ_request_read(struct occ_commit_reader *reader, uint32_t digests_max, struct occ_request *request,
                            struct occ_error *err);
/* The digest at index, and its metadata: canonical JSON text, or empty. Valid until request changes. */
const struct occ_request_item *occ_request_item(const struct occ_request *request, uint32_t index);
struct occ_bytes occ_request_metadata(const struct occ_request *request, const struct occ_request_item *item);

#endif
