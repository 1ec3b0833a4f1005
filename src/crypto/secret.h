/*
 * secret.h — random bytes, locked memory, wiping, comparing without telling how much was equal. By libsodium.
 */
#ifndef OCC_CRYPTO_SECRET_H
#define OCC_CRYPTO_SECRET_H

#include "base/bytes.h"
#include "base/result.h"

/* Sets the libraries up. To be called once before anything else in crypto; idempotent, thread-safe. */
OCC_RESULT occ_secret_init(void);
/* Fills ret with len random bytes from the kernel. Cannot fail: libsodium ends the process if the kernel gives none. */
void occ_secret_random(void *ret, size_t len);
/* len bytes of guarded, locked memory that is left out of core dumps; OCC_ERR_NOMEM if it cannot be locked. */
OCC_RESULT occ_secret_new(size_t len, void **ret_memory);
/* Wipes and frees; NULL is allowed. */
void occ_secret_free(void *memory);
/* Overwrites with zeros, not optimized away. */
void occ_secret_wipe(void *memory, size_t len);
/* True if the len bytes are equal; takes the same time whatever they are. */
bool occ_secret_equal(const void *a, const void *b, size_t len);

#endif
