/* ed25519.c — Ed25519, by libsodium, or by lib25519 in a build that was asked for it. */
#include "crypto/ed25519.h"

#include <sodium.h>

#ifdef OCC_ED25519_LIB25519
#include "crypto/ed25519_lib25519.h"
#endif

_Static_assert(OCC_ED25519_PUBLIC_LEN == crypto_sign_PUBLICKEYBYTES, "public key length");
_Static_assert(OCC_ED25519_SECRET_LEN == crypto_sign_SECRETKEYBYTES, "secret key length");
_Static_assert(OCC_ED25519_SIGNATURE_LEN == crypto_sign_BYTES, "signature length");
_Static_assert(OCC_ED25519_SEED_LEN == crypto_sign_SEEDBYTES, "seed length");

/* ---- by whom: OCC_ED25519 of the build ---- */

#ifdef OCC_ED25519_LIB25519

static bool
is_signature(const uint8_t *public_key, struct occ_bytes message, const uint8_t *signature)
{
    return occ_ed25519_lib25519_verify(public_key, message, signature);
}

static void
sign(const uint8_t *secret, struct occ_bytes message, uint8_t *ret_signature)
{
    occ_ed25519_lib25519_sign(secret, message, ret_signature);
}

#else

static bool
is_signature(const uint8_t *public_key, struct occ_bytes message, const uint8_t *signature)
{
    /*
     * PROTOCOL §5. libsodium refuses S >= L, a key that is not canonical, and a key or R of small order; it compares R with
     * the encoding that it computes itself, so an R that is not canonical never matches. The tests try each of these: a
     * libsodium built with ED25519_COMPAT, which does not, must not pass them.
     */
    return crypto_sign_verify_detached(signature, message.ptr, message.len, public_key) == 0;
}

static void
sign(const uint8_t *secret, struct occ_bytes message, uint8_t *ret_signature)
{
    (void)crypto_sign_detached(ret_signature, NULL, message.ptr, message.len, secret); /* has no way to fail */
}

#endif

/* ---- for everyone ---- */

struct occ_result
occ_ed25519_verify(const uint8_t public_key[OCC_ED25519_PUBLIC_LEN], struct occ_bytes message,
                   const uint8_t signature[OCC_ED25519_SIGNATURE_LEN])
{
    OCC_ENSURE(is_signature(public_key, message, signature), OCC_ERR_SIGNATURE);
    return occ_success();
}

void
occ_ed25519_key_pair(const uint8_t seed[OCC_ED25519_SEED_LEN], uint8_t ret_public[OCC_ED25519_PUBLIC_LEN],
                     uint8_t ret_secret[OCC_ED25519_SECRET_LEN])
{
    (void)crypto_sign_seed_keypair(ret_public, ret_secret, seed); /* has no way to fail */
}

void
occ_ed25519_sign(const uint8_t secret[OCC_ED25519_SECRET_LEN], struct occ_bytes message,
                 uint8_t ret_signature[OCC_ED25519_SIGNATURE_LEN])
{
    sign(secret, message, ret_signature);
}
