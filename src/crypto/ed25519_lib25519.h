/*
 * ed25519_lib25519.h — Ed25519 by lib25519. Faster than libsodium's, and not in every distribution: a build uses it if it was
 * asked for (cmake -DOCC_ED25519=lib25519). Nobody calls this but ed25519.c, and tests.
 *
 * What is signed here differs from RFC 8032 in one thing: lib25519 mixes fresh random bytes into the nonce, so the same
 * message has another signature each time, as valid as the first.
 */
#ifndef OCC_CRYPTO_ED25519_LIB25519_H
#define OCC_CRYPTO_ED25519_LIB25519_H

#include "crypto/ed25519.h"

/*
 * True for exactly what occ_ed25519_verify accepts by libsodium, on every input: the strict rules of PROTOCOL §5, and the
 * equation without the cofactor.
 */
bool occ_ed25519_lib25519_verify(const uint8_t public_key[OCC_ED25519_PUBLIC_LEN], struct occ_bytes message,
                                 const uint8_t signature[OCC_ED25519_SIGNATURE_LEN]);
/* Signs, and wipes the stack below its caller: lib25519 leaves the secret scalar and the nonce there, and either is the key. */
void occ_ed25519_lib25519_sign(const uint8_t secret[OCC_ED25519_SECRET_LEN], struct occ_bytes message,
                               uint8_t ret_signature[OCC_ED25519_SIGNATURE_LEN]);

#endif
