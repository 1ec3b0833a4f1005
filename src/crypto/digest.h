/*
 * digest.h — SHA-256 (FIPS 180-4), by OpenSSL.
 */
#ifndef OCC_CRYPTO_DIGEST_H
#define OCC_CRYPTO_DIGEST_H

#include "base/bytes.h"
#include "base/result.h"

enum { OCC_SHA256_LEN = 32 };

/* One call. Cannot fail: where OpenSSL does (no memory, no provider), libsodium does it. */
void occ_digest_sha256(struct occ_bytes data, uint8_t ret_digest[OCC_SHA256_LEN]);

/* A stream. */
struct occ_digest;
OCC_RESULT occ_digest_new(struct occ_digest **ret_digest);
OCC_RESULT occ_digest_update(struct occ_digest *digest, struct occ_bytes data);
/* Gives the result and makes the stream ready for the next message. */
OCC_RESULT occ_digest_final(struct occ_digest *digest, uint8_t ret_digest[OCC_SHA256_LEN]);
void occ_digest_free(struct occ_digest *digest);

#endif
