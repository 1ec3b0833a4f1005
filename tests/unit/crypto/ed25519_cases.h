/*
 * ed25519_cases.h — signatures good and bad with the verdict that PROTOCOL §5 demands: strict, and without the cofactor. Every
 * library that verifies for us must agree.
 */
#ifndef OCC_TESTS_ED25519_CASES_H
#define OCC_TESTS_ED25519_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/hex.h"
#include "support/ed25519_points.h"

struct ed25519_case {
    const char *what;
    uint8_t public_key[POINT_LEN];
    uint8_t signature[2 * POINT_LEN];
    uint8_t message[8];
    size_t len;
    bool valid;
};

/* Asks whoever is tested. */
typedef void (*ed25519_ask)(const struct ed25519_case *one);

/* L, the order of the base point, little-endian (RFC 8032 §5.1). */
static const uint8_t cases_order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                         0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };

/* Scalars of no meaning, each number another. */
static inline void
cases_scalar(unsigned number, uint8_t ret[POINT_LEN])
{
    uint8_t hash[64];
    (void)crypto_hash_sha512(hash, (const uint8_t *)&number, sizeof number);
    crypto_core_ed25519_scalar_reduce(ret, hash);
}

static inline struct ed25519_case
cases_mixed(const char *what, unsigned number, unsigned in_key, unsigned in_r)
{
    struct ed25519_case one = { .what = what, .len = sizeof one.message };
    uint8_t a[POINT_LEN];
    uint8_t r[POINT_LEN];
    cases_scalar(2 * number, a);
    cases_scalar(2 * number + 1, r);
    memcpy(one.message, &number, sizeof number);
    point_mixed(a, in_key, one.public_key);
    point_mixed(r, in_r, one.signature);
    point_solve(a, r, one.public_key, one.message, one.len, one.signature);
    one.valid = point_holds(in_key, in_r, one.signature, one.public_key, one.message, one.len);
    return one;
}

/* Keys and R of mixed order: one in eight is good, and all of them would be, with the cofactor. */
static inline void
cases_of_mixed_order(ed25519_ask ask)
{
    size_t good = 0;
    size_t bad = 0;
    for (unsigned number = 0; number < 16; number++) {
        for (unsigned pair = 0; pair < POINT_TORSION * POINT_TORSION; pair++) {
            const struct ed25519_case one =
                cases_mixed("mixed order", number, pair / POINT_TORSION, pair % POINT_TORSION);
            *(one.valid ? &good : &bad) += 1;
            ask(&one);
        }
    }
    assert_true(good > 64 && bad > 512);
}

/* The y of every encoding of a point of small order, then p and p + 1, which are 0 and 1 in another form. */
static const char *const cases_small_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};
enum { CASES_SMALL_ORDER = 2 * sizeof cases_small_order / sizeof cases_small_order[0] };

/* With either sign of x, also for x = 0. */
static inline void
cases_small_point(unsigned index, uint8_t ret[POINT_LEN])
{
    assert_true(occ_is_ok(occ_hex_decode(occ_bytes_str(cases_small_order[index / 2]), POINT_LEN, ret)));
    ret[POINT_LEN - 1] = (uint8_t)(ret[POINT_LEN - 1] | (index % 2 == 1 ? 0x80 : 0));
}

/* Each as the key, as R, and as both, with an S for which the equation holds for some of the messages. */
static inline void
cases_of_small_order(ed25519_ask ask)
{
    static const uint8_t zero[POINT_LEN] = { 0 };
    for (unsigned index = 0; index < CASES_SMALL_ORDER; index++) {
        for (unsigned number = 0; number < 32; number++) {
            uint8_t a[POINT_LEN];
            cases_scalar(number, a);
            struct ed25519_case key = { .what = "key of small order", .message = { (uint8_t)number }, .len = 1 };
            cases_small_point(index, key.public_key);
            point_mixed(a, number, key.signature);
            memcpy(key.signature + POINT_LEN, a, POINT_LEN);
            ask(&key);
            struct ed25519_case r = { .what = "R of small order", .message = { (uint8_t)number }, .len = 1 };
            point_mixed(a, number / 4, r.public_key);
            cases_small_point(index, r.signature);
            point_solve(a, zero, r.public_key, r.message, r.len, r.signature);
            ask(&r);
            struct ed25519_case both = { .what = "both of small order", .message = { (uint8_t)number }, .len = 1 };
            cases_small_point(index, both.public_key);
            cases_small_point((index + number) % CASES_SMALL_ORDER, both.signature);
            ask(&both);
        }
    }
}

/* S + L, S + 2L, … as long as it fits; then each of the three highest bits. */
static inline void
cases_of_large_s(ed25519_ask ask)
{
    for (unsigned number = 100; number < 108; number++) {
        struct ed25519_case one = cases_mixed("S of L and over", number, 0, 0);
        assert_true(one.valid);
        ask(&one);
        one.valid = false;
        for (unsigned bit = 0x20; bit <= 0x80; bit *= 2) {
            struct ed25519_case high = one;
            high.signature[63] = (uint8_t)(high.signature[63] | bit);
            ask(&high);
        }
        for (int times = 1; times <= 14; times++) {
            unsigned carry = 0;
            for (size_t i = 0; i < POINT_LEN; i++) {
                carry += (unsigned)one.signature[POINT_LEN + i] + cases_order[i];
                one.signature[POINT_LEN + i] = (uint8_t)carry;
                carry >>= 8;
            }
            ask(&one);
        }
        memcpy(one.signature + POINT_LEN, cases_order, POINT_LEN);
        ask(&one);
    }
}

/* y from p to 2^255 - 1, and what is below p in its own form: as the key, and as R. */
static inline void
cases_of_odd_y(ed25519_ask ask)
{
    for (unsigned low = 0; low < 2 * 256; low++) {
        uint8_t y[POINT_LEN];
        memset(y, low / 2 >= 0xe0 ? 0xff : 0, sizeof y);
        y[0] = (uint8_t)(low / 2);
        y[POINT_LEN - 1] = (uint8_t)((y[POINT_LEN - 1] & 0x7f) | (low % 2 == 1 ? 0x80 : 0));
        struct ed25519_case one = cases_mixed("odd y of the key", 200, 0, 0);
        one.valid = false;
        struct ed25519_case other = one;
        memcpy(one.public_key, y, sizeof y);
        ask(&one);
        other.what = "odd y of R";
        memcpy(other.signature, y, sizeof y);
        ask(&other);
    }
}

/* Each bit of key, signature and message of a good one. */
static inline void
cases_of_flipped_bits(ed25519_ask ask)
{
    const unsigned bits = 8 * (POINT_LEN + 2 * POINT_LEN + sizeof((struct ed25519_case *)0)->message);
    for (unsigned bit = 0; bit < bits; bit++) {
        struct ed25519_case one = { .valid = false };
        for (unsigned number = 300 + bit; !one.valid; number += bits) {
            one = cases_mixed("flipped bit", number, bit % 3, bit % 3 == 0 ? 0 : 2 * (bit % 4));
        }
        ask(&one);
        const unsigned byte = bit / 8;
        uint8_t *const changed = byte < POINT_LEN       ? one.public_key + byte
                                 : byte < 3 * POINT_LEN ? one.signature + (byte - POINT_LEN)
                                                        : one.message + (byte - 3 * POINT_LEN);
        *changed = (uint8_t)(*changed ^ (1u << bit % 8));
        one.valid = false;
        ask(&one);
    }
}

/* RFC 8032 §7.1, TEST 1 to 3. */
static inline void
cases_of_rfc_8032(ed25519_ask ask)
{
    static const char *const tests[][3] = {
        { "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
          "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
          "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b" },
        { "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
          "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
          "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
        { "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
          "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
          "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a" },
    };
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        struct ed25519_case one = { .what = "RFC 8032", .len = strlen(tests[i][1]) / 2, .valid = true };
        assert_true(occ_is_ok(occ_hex_decode(occ_bytes_str(tests[i][0]), sizeof one.public_key, one.public_key)));
        assert_true(occ_is_ok(occ_hex_decode(occ_bytes_str(tests[i][1]), one.len, one.message)));
        assert_true(occ_is_ok(occ_hex_decode(occ_bytes_str(tests[i][2]), sizeof one.signature, one.signature)));
        ask(&one);
    }
}

#endif
