/*
 * ed25519_points.h — signatures that an honest signer never makes: with keys and R that have a part of small order. The points
 * are libsodium's work (crypto_core_ed25519_…); here they are only put together. For unit tests and a fuzz target.
 */
#ifndef OCC_TESTS_ED25519_POINTS_H
#define OCC_TESTS_ED25519_POINTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

enum { POINT_LEN = 32, POINT_TORSION = 8 };

/* ret = what · T, T being a point of order 8. */
static inline void
point_of_small_order(unsigned what, uint8_t ret[POINT_LEN])
{
    static const uint8_t of_order_8[POINT_LEN] = { 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
                                                   0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
                                                   0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 };
    uint8_t sum[POINT_LEN] = { 1 }; /* the identity */
    for (unsigned i = 0; i < what % POINT_TORSION; i++) {
        if (crypto_core_ed25519_add(sum, sum, of_order_8) != 0) {
            abort();
        }
    }
    memcpy(ret, sum, POINT_LEN);
}

/* ret = scalar · B + what · T. A scalar of zero gives what is of small order alone. */
static inline void
point_mixed(const uint8_t scalar[POINT_LEN], unsigned what, uint8_t ret[POINT_LEN])
{
    uint8_t small[POINT_LEN];
    uint8_t large[POINT_LEN] = { 1 };
    point_of_small_order(what, small);
    if (!sodium_is_zero(scalar, POINT_LEN) && crypto_scalarmult_ed25519_base_noclamp(large, scalar) != 0) {
        abort();
    }
    if (crypto_core_ed25519_add(ret, large, small) != 0) {
        abort();
    }
}

/* h = SHA-512(R, A, message) mod L. */
static inline void
point_challenge(const uint8_t r_point[POINT_LEN], const uint8_t public_key[POINT_LEN], const uint8_t *message,
                size_t len, uint8_t ret_h[POINT_LEN])
{
    uint8_t hash[64];
    crypto_hash_sha512_state hashing;
    (void)crypto_hash_sha512_init(&hashing);
    (void)crypto_hash_sha512_update(&hashing, r_point, POINT_LEN);
    (void)crypto_hash_sha512_update(&hashing, public_key, POINT_LEN);
    (void)crypto_hash_sha512_update(&hashing, message, len);
    (void)crypto_hash_sha512_final(&hashing, hash);
    crypto_core_ed25519_scalar_reduce(ret_h, hash);
}

/* S = r + h·a: with it S·B = R + h·A holds but for what is of small order in R and A, which the caller has put in signature. */
static inline void
point_solve(const uint8_t a[POINT_LEN], const uint8_t r[POINT_LEN], const uint8_t public_key[POINT_LEN],
            const uint8_t *message, size_t len, uint8_t signature[2 * POINT_LEN])
{
    uint8_t h[POINT_LEN];
    point_challenge(signature, public_key, message, len, h);
    uint8_t product[POINT_LEN];
    crypto_core_ed25519_scalar_mul(product, h, a);
    crypto_core_ed25519_scalar_add(signature + POINT_LEN, product, r);
}

/* Whether the equation holds without the cofactor, for A = a·B + in_key·T and R = r·B + in_r·T. */
static inline bool
point_holds(unsigned in_key, unsigned in_r, const uint8_t signature[2 * POINT_LEN], const uint8_t public_key[POINT_LEN],
            const uint8_t *message, size_t len)
{
    uint8_t h[POINT_LEN];
    point_challenge(signature, public_key, message, len, h);
    return (in_r + (unsigned)h[0] % POINT_TORSION * in_key) % POINT_TORSION == 0;
}

#endif
