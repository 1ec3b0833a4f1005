/*
 * ed25519.h — Ed25519 (RFC 8032), by libsodium. A build with -DOCC_ED25519=lib25519 has another library sign and verify: the same is
 * accepted and refused (ed25519_lib25519.h).
 */
#ifndef OCC_CRYPTO_ED25519_H
#define OCC_CRYPTO_ED25519_H

#include "base/bytes.h"
#include "base/result.h"

enum {
    OCC_ED25519_PUBLIC_LEN = 32,
    OCC_ED25519_SECRET_LEN = 64,
    OCC_ED25519_SIGNATURE_LEN = 64,
    OCC_ED25519_SEED_LEN = 32
};

/*
 * Strict verification (PROTOCOL §5): S < L, canonical A and R, neither of small order. OCC_ERR_SIGNATURE if the signature
 * is not the key's for this message. The equation is S·B = R + h·A, without the cofactor.
 */
OCC_RESULT occ_ed25519_verify(const uint8_t public_key[OCC_ED25519_PUBLIC_LEN], struct occ_bytes message,
                              const uint8_t signature[OCC_ED25519_SIGNATURE_LEN]);
/* The key pair of a seed. ret_secret is to lie in memory from occ_secret_new. */
void occ_ed25519_key_pair(const uint8_t seed[OCC_ED25519_SEED_LEN], uint8_t ret_public[OCC_ED25519_PUBLIC_LEN],
                          uint8_t ret_secret[OCC_ED25519_SECRET_LEN]);
/* Signs. The same message has the same signature each time by libsodium, another each time by lib25519. */
void occ_ed25519_sign(const uint8_t secret[OCC_ED25519_SECRET_LEN], struct occ_bytes message,
                      uint8_t ret_signature[OCC_ED25519_SIGNATURE_LEN]);

#endif
