/* random.c — see random.h. */
#include "crypto/random.h"

#include <sodium.h>

#include "crypto/secret.h"

enum { KEY_LEN = crypto_stream_chacha20_ietf_KEYBYTES, BLOCK_LEN = 64, CHUNK_LEN = 4096 };

/* All of it in locked memory. */
struct occ_random {
    void (*first)(void *ret, size_t len);
    uint8_t key[KEY_LEN];
    uint8_t next[BLOCK_LEN]; /* the stream's first block: the next key, and bytes that are not used */
};

_Static_assert(KEY_LEN <= BLOCK_LEN, "the next key is in the first block");

struct occ_result
occ_random_new(void (*first)(void *ret, size_t len), struct occ_bytes seed, struct occ_random **ret_random)
{
    OCC_ENSURE(seed.len >= OCC_RANDOM_SEED_LEN_MIN, OCC_ERR_RANDOM);
    void *memory = NULL;
    OCC_TRY(occ_secret_new(sizeof(struct occ_random), &memory));
    struct occ_random *random = memory;
    random->first = first;
    if (crypto_generichash(random->key, KEY_LEN, seed.ptr, seed.len, NULL, 0) != 0) {
        occ_secret_free(memory);
        return occ_result_of(OCC_ERR_INTERNAL);
    }
    *ret_random = random;
    return occ_success();
}

/* At most CHUNK_LEN bytes under one key. */
static void
fill_chunk(struct occ_random *random, uint8_t *ret, size_t len)
{
    static const uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES] = { 0 };
    random->first(ret, len);
    (void)crypto_stream_chacha20_ietf(random->next, sizeof random->next, nonce, random->key);
    (void)crypto_stream_chacha20_ietf_xor_ic(ret, ret, len, nonce, 1, random->key); /* from the second block on */
    memcpy(random->key, random->next, KEY_LEN);
    occ_secret_wipe(random->next, sizeof random->next);
}

void
occ_random_fill(struct occ_random *random, void *ret, size_t len)
{
    uint8_t *to = ret;
    while (len > 0) {
        const size_t part = len < CHUNK_LEN ? len : CHUNK_LEN;
        fill_chunk(random, to, part);
        to += part;
        len -= part;
    }
}

void
occ_random_free(struct occ_random *random)
{
    occ_secret_free(random);
}
