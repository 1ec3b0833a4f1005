/* ed25519_lib25519.c — see ed25519_lib25519.h. */
#include "crypto/ed25519_lib25519.h"

#include <lib25519.h>
#include <sodium.h>

_Static_assert(OCC_ED25519_PUBLIC_LEN == lib25519_sign_PUBLICKEYBYTES, "public key length");
_Static_assert(OCC_ED25519_SECRET_LEN == lib25519_sign_SECRETKEYBYTES, "secret key length");
_Static_assert(OCC_ED25519_SIGNATURE_LEN == lib25519_sign_BYTES, "signature length");

enum {
    NUMBER_LEN = 32, /* bytes of a scalar, and of a point's encoding */
    /* lib25519 has signature and message side by side, in a copy. A longer message (bytes) is libsodium's work: it needs none. */
    MESSAGE_MAX = 4096,
    JOINED_LEN = OCC_ED25519_SIGNATURE_LEN + MESSAGE_MAX,
    WIPED_LEN = JOINED_LEN + 16384 /* bytes of stack: several times what lib25519 takes, on any processor */
};

/* L, the order of the base point, and p, the order of the field; little-endian (RFC 8032 §5.1). */
static const uint8_t order[NUMBER_LEN] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                           0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };
static const uint8_t prime[NUMBER_LEN] = { 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                           0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                           0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f };

/* The y of the eight points of small order: 0, 1, -1, and the two of order 8. */
static const uint8_t small_order[][NUMBER_LEN] = {
    { 0 },
    { 1 },
    { 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
    { 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
      0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
    { 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
      0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
};

static bool
is_below(const uint8_t number[NUMBER_LEN], const uint8_t bound[NUMBER_LEN])
{
    size_t i = NUMBER_LEN - 1;
    while (i > 0 && number[i] == bound[i]) {
        i--;
    }
    return number[i] < bound[i];
}

/* PROTOCOL §5: canonical, and not of small order. Whether it is on the curve is lib25519's to say. */
static bool
may_be_point(const uint8_t encoding[NUMBER_LEN])
{
    uint8_t y[NUMBER_LEN];
    memcpy(y, encoding, sizeof y);
    y[NUMBER_LEN - 1] &= 0x7f; /* the sign of x */
    if (!is_below(y, prime)) {
        return false;
    }
    for (size_t i = 0; i < sizeof small_order / sizeof small_order[0]; i++) {
        if (memcmp(y, small_order[i], sizeof y) == 0) {
            return false;
        }
    }
    return true;
}

bool
occ_ed25519_lib25519_verify(const uint8_t public_key[OCC_ED25519_PUBLIC_LEN], struct occ_bytes message,
                            const uint8_t signature[OCC_ED25519_SIGNATURE_LEN])
{
    if (message.len > MESSAGE_MAX) {
        return crypto_sign_verify_detached(signature, message.ptr, message.len, public_key) == 0;
    }
    /* lib25519 promises none of these checks, and makes none for points of small order. */
    if (!is_below(signature + NUMBER_LEN, order) || !may_be_point(signature) || !may_be_point(public_key)) {
        return false;
    }
    uint8_t joined[JOINED_LEN];
    const long long joined_len = OCC_ED25519_SIGNATURE_LEN + (long long)message.len;
    long long len = 0;
    memcpy(joined, signature, OCC_ED25519_SIGNATURE_LEN);
    if (message.len > 0) {
        memcpy(joined + OCC_ED25519_SIGNATURE_LEN, message.ptr, message.len);
    }
    /* The message is written over what it is read from, which lib25519's own tests try too. */
    return lib25519_sign_open(joined, &len, joined, joined_len, public_key) == 0 && len == (long long)message.len;
}

/* Not inlined: all that it leaves on the stack lies below its caller's frame, where it is wiped. */
__attribute__((noinline)) static void
sign(const uint8_t secret[OCC_ED25519_SECRET_LEN], struct occ_bytes message,
     uint8_t ret_signature[OCC_ED25519_SIGNATURE_LEN])
{
    uint8_t joined[JOINED_LEN];
    long long len = 0;
    lib25519_sign(joined, &len, message.len > 0 ? message.ptr : joined, (long long)message.len, secret);
    memcpy(ret_signature, joined, OCC_ED25519_SIGNATURE_LEN);
}

void
occ_ed25519_lib25519_sign(const uint8_t secret[OCC_ED25519_SECRET_LEN], struct occ_bytes message,
                          uint8_t ret_signature[OCC_ED25519_SIGNATURE_LEN])
{
    if (message.len > MESSAGE_MAX) {
        (void)crypto_sign_detached(ret_signature, NULL, message.ptr, message.len, secret); /* has no way to fail */
        return;
    }
    sign(secret, message, ret_signature);
    sodium_stackzero(WIPED_LEN);
}
