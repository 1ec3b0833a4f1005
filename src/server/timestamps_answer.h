/*
 * timestamps_answer.h — what an authority answered: verified in full, and written as the TsaToken of a proof
 * (api-reference; PROTOCOL §5).
 */
#ifndef OCC_SERVER_TIMESTAMPS_ANSWER_H
#define OCC_SERVER_TIMESTAMPS_ANSWER_H

#include "crypto/timestamp_request.h"
#include "net/http_client.h"

/* What was asked, and under which rules the answer is judged. */
struct occ_timestamps_question {
    uint8_t digest[OCC_SHA256_LEN];
    uint8_t nonce[OCC_TIMESTAMP_NONCE_LEN];
    const char *shown;                       /* the authority, without what is secret in its URL */
    const struct occ_timestamp_roots *roots; /* NULL: whose token it is is not judged */
};

/*
 * Appends canonical JSON of a TsaToken: authority, digestAlg, digestB64, time, tokenB64. now_ms: Unix milliseconds. Refusals:
 *   OCC_ERR_UNAVAILABLE          the HTTP status is not 200
 *   OCC_ERR_FIELD_VALUE          the Content-Type is not application/timestamp-reply (RFC 3161 §3.4)
 *   OCC_ERR_TIMESTAMP_TOKEN, …   as occ_timestamp_response_token and occ_timestamp_verify
 *   OCC_ERR_TIMESTAMP_IMPRINT, OCC_ERR_TIMESTAMP_NONCE   it is not an answer to this question
 *   OCC_ERR_TIMESTAMP_UNTRUSTED  its authority leads to none of the roots that were given
 *   OCC_ERR_TIMESTAMP_CLOCK      its genTime is more than OCC_LIMIT_TSA_CLOCK_MS before or after now_ms
 *   OCC_ERR_NOMEM, OCC_ERR_LIMIT
 */
OCC_RESULT occ_timestamps_answer_read(const struct occ_timestamps_question *question,
                                      const struct occ_http_answer *answer, uint64_t now_ms, struct occ_error *err,
                                      struct occ_buf *buf);

#endif
