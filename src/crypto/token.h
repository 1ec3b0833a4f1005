/*
 * token.h — what all keys in hardware tokens have in common: OpenSSL's pkcs11-provider, and finding the one key that a uri
 * names. Only for src/crypto.
 *
 * Each key has a library context of its own, which is freed with it, and so before the process ends: a token's module that is left
 * to OpenSSL's own end of the process may be gone by then, and crash.
 */
#ifndef OCC_CRYPTO_TOKEN_H
#define OCC_CRYPTO_TOKEN_H

#include <openssl/evp.h>

#include "base/bytes.h"
#include "base/result.h"

/* The PIN, and what became of it. Nobody is ever asked for one on a terminal. */
struct occ_token_asking {
    struct occ_bytes pin; /* borrowed; ptr NULL = there is none */
    unsigned asked;       /* so many times the token wanted it */
};

/* A library context with what OpenSSL's own configuration says; OCC_ERR_UNSUPPORTED: no pkcs11-provider there. */
OCC_RESULT occ_token_open_configured(struct occ_error *err, OSSL_LIB_CTX **ret_library);
/*
 * A library context with pkcs11-provider from OpenSSL's folder of modules (OPENSSL_MODULES) and the PKCS#11 library at that path, and
 * nothing of OpenSSL's configuration. OCC_ERR_UNSUPPORTED: no provider; OCC_ERR_UNAVAILABLE: the library cannot be used.
 */
OCC_RESULT occ_token_open_module(const char *module, struct occ_error *err, OSSL_LIB_CTX **ret_library);

/*
 * Looks for the one key that uri names; the halves of a pair, and its certificate, are one. *ret_pkey is the caller's, NULL if
 * there is none. with_public: a public key or a certificate do, too. OCC_ERR_USAGE: more than one.
 */
OCC_RESULT occ_token_find(OSSL_LIB_CTX *library, const char *uri, bool with_public, struct occ_token_asking *asking,
                          struct occ_error *err, EVP_PKEY **ret_pkey);

/* As cleanups. */
void occ_token_free_library(OSSL_LIB_CTX **library);
void occ_token_free_pkey(EVP_PKEY **pkey);

#endif
