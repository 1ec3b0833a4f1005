/* secret.c — libsodium's random, locked memory, wiping and comparing. */
#include "crypto/secret.h"

#include <sodium.h>

#include "crypto/digest.h"

/* SHA-256 of "abc", FIPS 180-4's own example. */
static const uint8_t abc_digest[OCC_SHA256_LEN] = {
    0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
    0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
};

struct occ_result
occ_secret_init(void)
{
    OCC_ENSURE(sodium_init() >= 0, OCC_ERR_RANDOM);
    /* OpenSSL reads its configuration on first use: let that be now, not once the process may open no more files. */
    uint8_t digest[OCC_SHA256_LEN];
    occ_digest_sha256(occ_bytes_str("abc"), digest);
    OCC_ENSURE(memcmp(digest, abc_digest, sizeof digest) == 0, OCC_ERR_INTERNAL);
    return occ_success();
}

void
occ_secret_random(void *ret, size_t len)
{
    randombytes_buf(ret, len);
}

struct occ_result
occ_secret_new(size_t len, void **ret_memory)
{
    void *memory = sodium_malloc(len);
    OCC_ENSURE(memory != NULL, OCC_ERR_NOMEM);
    /* sodium_malloc locks too, but goes on where it cannot. */
    if (sodium_mlock(memory, len) != 0) {
        sodium_free(memory);
        return occ_result_of(OCC_ERR_NOMEM);
    }
    sodium_memzero(memory, len);
    *ret_memory = memory;
    return occ_success();
}

void
occ_secret_free(void *memory)
{
    sodium_free(memory);
}

void
occ_secret_wipe(void *memory, size_t len)
{
    sodium_memzero(memory, len);
}

bool
occ_secret_equal(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}
