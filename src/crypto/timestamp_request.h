/*
 * timestamp_request.h — asking an authority: RFC 3161 §2.4.1, TimeStampReq, and whether an answer is to this request.
 */
#ifndef OCC_CRYPTO_TIMESTAMP_REQUEST_H
#define OCC_CRYPTO_TIMESTAMP_REQUEST_H

#include "base/buf.h"
#include "crypto/timestamp.h"

/*
 * 16 bytes: a nonce is a "large random number" of at least 64 bits (RFC 3161 §2.4.1). The first bit is 0 and the second 1,
 * so that the integer has always the same length and no reader takes it for a negative one.
 */
enum { OCC_TIMESTAMP_NONCE_LEN = 16 };
void occ_timestamp_request_nonce(uint8_t ret_nonce[OCC_TIMESTAMP_NONCE_LEN]);

/*
 * Appends a request in DER: version 1, a SHA-256 imprint, the nonce (its first byte from 1 to 127), certReq true, no policy
 * and no extensions. OCC_ERR_NOMEM, OCC_ERR_LIMIT (buf's). Empties the calling thread's queue of OpenSSL errors.
 */
OCC_RESULT occ_timestamp_request_put(struct occ_buf *buf, const uint8_t digest[OCC_SHA256_LEN],
                                     const uint8_t nonce[OCC_TIMESTAMP_NONCE_LEN]);

/*
 * RFC 3161 §2.2: whether what a verified token says is an answer to the request with this digest and nonce.
 * OCC_ERR_TIMESTAMP_IMPRINT: it is about another digest, or one of another algorithm. OCC_ERR_TIMESTAMP_NONCE: it has no
 * nonce or another one, so it may be an answer of another day.
 */
OCC_RESULT occ_timestamp_request_check(const struct occ_timestamp_facts *facts, const uint8_t digest[OCC_SHA256_LEN],
                                       const uint8_t nonce[OCC_TIMESTAMP_NONCE_LEN], struct occ_error *err);

#endif
