/*
 * Fuzz target: libsodium and lib25519 give the same verdict on every key, message and signature, and where nothing was changed
 * after signing it is the right one. The input is a recipe: what of small order is in key and R (1 byte each), two numbers that
 * scalars are made of (1 byte each), what is changed in key and signature (3 times: offset and mask), and the message.
 */
#include <stdlib.h>

#include "crypto/ed25519_lib25519.h"
#include "support/ed25519_points.h"

enum { CHANGES = 3, RECIPE_LEN = 4 + 2 * CHANGES };

static void
require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Zero for 0: what is left is of small order. */
static void
make_scalar(uint8_t number, uint8_t salt, uint8_t ret[POINT_LEN])
{
    const uint8_t input[2] = { number, salt };
    uint8_t hash[64];
    memset(ret, 0, POINT_LEN);
    if (number != 0) {
        (void)crypto_hash_sha512(hash, input, sizeof input);
        crypto_core_ed25519_scalar_reduce(ret, hash);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < RECIPE_LEN || sodium_init() < 0) {
        return 0;
    }
    const uint8_t *const message = data + RECIPE_LEN;
    const size_t len = size - RECIPE_LEN;
    uint8_t a[POINT_LEN];
    uint8_t r[POINT_LEN];
    uint8_t key_and_signature[3 * POINT_LEN];
    uint8_t *const key = key_and_signature;
    uint8_t *const signature = key_and_signature + POINT_LEN;
    make_scalar(data[2], 'a', a);
    make_scalar(data[3], 'r', r);
    point_mixed(a, data[0], key);
    point_mixed(r, data[1], signature);
    point_solve(a, r, key, message, len, signature);
    const bool holds = data[2] != 0 && data[3] != 0 && point_holds(data[0], data[1], signature, key, message, len);

    bool changed = false;
    for (size_t i = 0; i < CHANGES; i++) {
        const uint8_t mask = data[5 + 2 * i];
        key_and_signature[data[4 + 2 * i] % sizeof key_and_signature] ^= mask;
        changed = changed || mask != 0;
    }
    const bool sodium = crypto_sign_verify_detached(signature, message, len, key) == 0;
    const bool lib25519 = occ_ed25519_lib25519_verify(key, occ_bytes_of(message, len), signature);
    require(sodium == lib25519);
    require(changed || sodium == holds);
    return 0;
}
