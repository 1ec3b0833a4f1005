/* timestamp_private.h — what the files of timestamp_maker.h share. */
#ifndef OCC_TESTS_TIMESTAMP_PRIVATE_H
#define OCC_TESTS_TIMESTAMP_PRIVATE_H

#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "support/timestamp_maker.h"

struct timestamp_authority {
    X509 *root, *authority, *signer; /* authority: NULL if the root signs */
    EVP_PKEY *root_key, *authority_key, *signer_key;
};

EVP_PKEY *timestamp_key_new(enum timestamp_key kind);
X509 *timestamp_certificate_new(const struct timestamp_certificate *plan, EVP_PKEY *key, X509 *issuer,
                                EVP_PKEY *issuer_key);

static inline void
timestamp_must(bool condition)
{
    if (!condition) {
        abort();
    }
}

#endif
