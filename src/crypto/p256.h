/*
 * p256.h — a P-256 key of a person or a program that authorizes commits (PROTOCOL §4), from a file or a hardware token, by
 * OpenSSL. Signing is ECDSA with SHA-256 (ES256); verifying is crypto/ecdsa.h.
 *
 * Every key that comes back was tried: a private key has signed, and the signature verified under its public half. The functions
 * here empty the calling thread's queue of OpenSSL errors.
 */
#ifndef OCC_CRYPTO_P256_H
#define OCC_CRYPTO_P256_H

#include "base/bytes.h"
#include "base/result.h"

struct occ_p256;

enum {
    OCC_P256_SPKI_LEN = 91,     /* SubjectPublicKeyInfo in DER, named curve, uncompressed point (RFC 5480) */
    OCC_P256_SIGNATURE_MAX = 72 /* ECDSA-Sig-Value in DER (RFC 3279 §2.2.3) */
};

/* What opens a key: the passphrase of an encrypted file, the PIN of a token. */
struct occ_p256_secret {
    struct occ_bytes text; /* borrowed; ptr NULL = there is none */
    const char *hint;      /* how a person gives it, for messages */
};

enum occ_p256_need {
    OCC_P256_PRIVATE, /* it will sign */
    OCC_P256_PUBLIC   /* only its public half: a public key and a certificate do, too */
};

/*
 * From the content of a file: PEM (PKCS #8, encrypted or not, or SEC 1), and where only the public half is needed also a public
 * key or a certificate, in PEM or DER. name begins the sentence of a refusal. OCC_ERR_USAGE: no such key in it, not P-256, a
 * passphrase that is missing or wrong, halves that do not belong together; OCC_ERR_NOMEM. Free with occ_p256_free, which takes
 * NULL.
 */
OCC_RESULT occ_p256_read(const char *name, struct occ_bytes content, enum occ_p256_need need,
                         const struct occ_p256_secret *secret, struct occ_error *err, struct occ_p256 **ret_key);
/*
 * From a hardware token: uri is that of RFC 7512 ("pkcs11:token=…;object=…"), read by OpenSSL's store with pkcs11-provider as
 * OpenSSL's own configuration has it. The token signs; the key never leaves it. A PIN in the uri itself is refused: other users
 * could read it. OCC_ERR_USAGE as above; OCC_ERR_UNSUPPORTED: no such provider; OCC_ERR_NOT_FOUND: no such key, or it cannot
 * be opened; OCC_ERR_UNAVAILABLE: the token does not sign.
 */
OCC_RESULT occ_p256_open(const char *uri, enum occ_p256_need need, const struct occ_p256_secret *secret,
                         struct occ_error *err, struct occ_p256 **ret_key);
void occ_p256_free(struct occ_p256 *key);
void occ_p256_cleanup(struct occ_p256 **key);

/* OCC_P256_SPKI_LEN bytes, valid as long as the key. */
const uint8_t *occ_p256_spki(const struct occ_p256 *key);
/*
 * Signs message with a private key; the signature was verified. OCC_ERR_UNAVAILABLE: the token did not, or gave what does not
 * verify; OCC_ERR_NOMEM.
 */
OCC_RESULT occ_p256_sign(const struct occ_p256 *key, struct occ_bytes message,
                         uint8_t ret_signature[OCC_P256_SIGNATURE_MAX], size_t *ret_len);

#endif
