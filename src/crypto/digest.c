/* digest.c — SHA-256: by OpenSSL, and by libsodium where that cannot. */
#include "crypto/digest.h"

#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sodium.h>

struct occ_digest {
    EVP_MD *algorithm; /* fetched once: faster than by name each time */
    EVP_MD_CTX *context;
};

void
occ_digest_sha256(struct occ_bytes data, uint8_t ret_digest[OCC_SHA256_LEN])
{
    /* OpenSSL's is three times as fast, but allocates, and asks for a provider that a host program may have left out. */
    if (SHA256(data.ptr, data.len, ret_digest) == NULL) {
        (void)crypto_hash_sha256(ret_digest, data.ptr, data.len); /* has no way to fail */
    }
}

static struct occ_result
start(struct occ_digest *digest)
{
    OCC_ENSURE(EVP_DigestInit_ex2(digest->context, digest->algorithm, NULL) == 1, OCC_ERR_INTERNAL);
    return occ_success();
}

struct occ_result
occ_digest_new(struct occ_digest **ret_digest)
{
    struct occ_digest *digest = calloc(1, sizeof *digest);
    OCC_ENSURE(digest != NULL, OCC_ERR_NOMEM);
    digest->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    digest->context = EVP_MD_CTX_new();
    if (digest->algorithm == NULL || digest->context == NULL) {
        occ_digest_free(digest);
        return occ_result_of(OCC_ERR_NOMEM);
    }
    const struct occ_result started = start(digest);
    if (!occ_is_ok(started)) {
        occ_digest_free(digest);
        return started;
    }
    *ret_digest = digest;
    return occ_success();
}

struct occ_result
occ_digest_update(struct occ_digest *digest, struct occ_bytes data)
{
    OCC_ENSURE(EVP_DigestUpdate(digest->context, data.ptr, data.len) == 1, OCC_ERR_INTERNAL);
    return occ_success();
}

struct occ_result
occ_digest_final(struct occ_digest *digest, uint8_t ret_digest[OCC_SHA256_LEN])
{
    uint8_t result[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    OCC_ENSURE(EVP_DigestFinal_ex(digest->context, result, &len) == 1 && len == OCC_SHA256_LEN, OCC_ERR_INTERNAL);
    OCC_TRY(start(digest));
    memcpy(ret_digest, result, OCC_SHA256_LEN);
    return occ_success();
}

void
occ_digest_free(struct occ_digest *digest)
{
    if (digest == NULL) {
        return;
    }
    EVP_MD_CTX_free(digest->context);
    EVP_MD_free(digest->algorithm);
    free(digest);
}
