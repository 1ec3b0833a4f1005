/*
 * commit_body.h — the body of POST /commit, read strictly and whole (PROTOCOL §3), into a request for the boundary.
 */
#ifndef OCC_SERVER_COMMIT_BODY_H
#define OCC_SERVER_COMMIT_BODY_H

#include "base/buf.h"

struct occ_commit_rules {
    uint32_t digests_max;   /* of one request */
    size_t measurement_len; /* bytes of the boundary's measurement: a part of each proof */
    size_t format_len;      /* of its attestation's format; 0 = its proofs have none. With one: */
    size_t document_len;    /* bytes that a document is reckoned with, */
    bool is_batch;          /* and each proof may say its place in a tree (PROTOCOL §7) */
};

struct occ_commit_body {
    struct occ_buf loose; /* the encoded request (occ_commit_begin_loose); the caller's, to clear */
    uint32_t digests;
    size_t text_len;   /* bytes that its proofs will have at most, without documents */
    size_t answer_len; /* and with them */
};

/*
 * Reads body. opaque: what the request begins with. On failure *err says what is wrong and where, in one sentence, and
 * *ret_body is untouched: OCC_ERR_JSON_… and OCC_ERR_FIELD_… (the client's mistake), OCC_ERR_LIMIT (the proofs would be larger
 * than OCC_LIMIT_ANSWER_LEN, or the request than a frame), OCC_ERR_NOMEM. Nothing that was sent is left out in silence: an
 * unknown name is refused.
 */
OCC_RESULT occ_commit_body_read(struct occ_bytes body, const struct occ_commit_rules *rules, struct occ_bytes opaque,
                                struct occ_error *err, struct occ_commit_body *ret_body);

#endif
