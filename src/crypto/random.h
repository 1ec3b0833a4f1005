/*
 * random.h — random bytes from two sources at once, so that either of them alone may be bad.
 *
 * Construction, for each up to 4,096 bytes: what the first source (the kernel) gives, XOR a stream that is keyed by the
 * second one. The stream is ChaCha20 (RFC 8439, by libsodium) under a key K, nonce zero, from its second block on; the first
 * 32 bytes of its first block then take the place of K. So no key is used twice, and what was given out cannot be worked out
 * from the state ("fast key erasure"). At first K is the BLAKE2b-256 of the second source's seed.
 *   - First source known or constant: the output is a ChaCha20 stream under a key that nobody knows.
 *   - Second source known or constant: the output is the first source's, XOR something that does not depend on it.
 * K lies in locked memory and is wiped. One thread at a time; not for both sides of a fork.
 */
#ifndef OCC_CRYPTO_RANDOM_H
#define OCC_CRYPTO_RANDOM_H

#include "base/bytes.h"
#include "base/result.h"

enum { OCC_RANDOM_SEED_LEN_MIN = 32 };

struct occ_random;

/*
 * first: fills ret with len bytes; occ_secret_random. seed: of the second source, at least OCC_RANDOM_SEED_LEN_MIN bytes, the
 * caller's to wipe. OCC_ERR_RANDOM (a shorter seed), OCC_ERR_NOMEM (no locked memory).
 */
OCC_RESULT occ_random_new(void (*first)(void *ret, size_t len), struct occ_bytes seed, struct occ_random **ret_random);
void occ_random_fill(struct occ_random *random, void *ret, size_t len);
void occ_random_free(struct occ_random *random); /* NULL is allowed */

#endif
