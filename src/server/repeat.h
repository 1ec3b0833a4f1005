/*
 * repeat.h — the header Idempotency-Key and what it becomes (draft-ietf-httpapi-idempotency-key-header): 32 bytes that name a
 * request to commit, and those that say which body it had.
 *
 * With an API key its name is the scope: the same Idempotency-Key of two API keys is two, and with another body it is refused.
 * Without one the body belongs to the scope: nobody can block, or see, what another commits.
 */
#ifndef OCC_SERVER_REPEAT_H
#define OCC_SERVER_REPEAT_H

#include "base/limits.h"
#include "crypto/digest.h"

struct occ_repeat_key {
    size_t len; /* 1 to OCC_LIMIT_REPEAT_KEY_LEN; 0 = there is none */
    char text[OCC_LIMIT_REPEAT_KEY_LEN];
};

/*
 * Reads the header's value: visible ASCII characters as they are, or a quoted string (RFC 8941 §3.3.3), which stands for what
 * is in it. OCC_ERR_FIELD_VALUE or OCC_ERR_FIELD_LENGTH with a sentence.
 */
OCC_RESULT occ_repeat_read_key(struct occ_bytes value, struct occ_error *err, struct occ_repeat_key *ret_key);

/* scope: name of the API key, or "". body: SHA-256 of the request's body. */
void occ_repeat_hash(const struct occ_repeat_key *key, const char *scope, const uint8_t body[OCC_SHA256_LEN],
                     uint8_t ret_repeat[OCC_SHA256_LEN]);

#endif
