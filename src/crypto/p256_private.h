/* p256_private.h — shared by p256.c and p256_token.c only. */
#ifndef OCC_CRYPTO_P256_PRIVATE_H
#define OCC_CRYPTO_P256_PRIVATE_H

#include <openssl/evp.h>

#include "crypto/p256.h"

/*
 * Takes pkey and library (NULL = OpenSSL's own; freed with the key), on failure too, and makes a key of them. Codes as
 * occ_p256_read, and OCC_ERR_UNAVAILABLE where a token does not sign.
 */
OCC_RESULT occ_p256_take(const char *name, EVP_PKEY *pkey, OSSL_LIB_CTX *library, enum occ_p256_need need,
                         struct occ_error *err, struct occ_p256 **ret_key);

#endif
