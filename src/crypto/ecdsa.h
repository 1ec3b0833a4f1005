/*
 * ecdsa.h — ECDSA verification (FIPS 186-5, RFC 9053 §2.1), by OpenSSL: ES256 is P-256 with SHA-256, ES384 is P-384 with
 * SHA-384. A key belongs to one of them for good.
 *
 * Memory that runs out is OCC_ERR_NOMEM, and not a key or signature refused. The functions here empty the calling thread's
 * queue of OpenSSL errors.
 */
#ifndef OCC_CRYPTO_ECDSA_H
#define OCC_CRYPTO_ECDSA_H

#include "base/bytes.h"
#include "base/result.h"

enum occ_ecdsa { OCC_ES256, OCC_ES384 };

/* A public key. Immutable; may be shared by threads. */
struct occ_ecdsa_key;

/*
 * From a SubjectPublicKeyInfo in DER (RFC 5480): the named curve of algorithm, an uncompressed point on it, nothing after
 * it, and no other encoding of the same: what is read must be what OpenSSL writes. OCC_ERR_ACTOR_KEY if not;
 * OCC_ERR_NOMEM. Free with occ_ecdsa_key_free, which takes NULL.
 */
OCC_RESULT occ_ecdsa_key_from_spki(enum occ_ecdsa algorithm, struct occ_bytes der, struct occ_ecdsa_key **ret_key);
/* From coordinates, big-endian, each as long as the field (32 or 48 bytes). Codes as above. */
OCC_RESULT occ_ecdsa_key_from_point(enum occ_ecdsa algorithm, struct occ_bytes x, struct occ_bytes y,
                                    struct occ_ecdsa_key **ret_key);
/* Writes the SubjectPublicKeyInfo of a P-256 point: what occ_ecdsa_key_from_spki reads. x and y have 32 bytes. */
void occ_ecdsa_put_spki_p256(const uint8_t x[32], const uint8_t y[32], uint8_t ret_spki[91]);
void occ_ecdsa_key_free(struct occ_ecdsa_key *key);
void occ_ecdsa_key_cleanup(struct occ_ecdsa_key **key);
/* What the key is for. */
enum occ_ecdsa occ_ecdsa_key_algorithm(const struct occ_ecdsa_key *key);

/*
 * Verifies a signature over message, which is hashed with the algorithm's hash. signature is ASN.1 DER, strict (minimal
 * integers, nothing after it): ECDSA-Sig-Value of RFC 3279 §2.2.3. OCC_ERR_SIGNATURE if it is not the key's, not DER, or r or
 * s is not in 1 … n-1; OCC_ERR_NOMEM. A high s is accepted: WebAuthn's signatures have either.
 */
OCC_RESULT occ_ecdsa_verify_der(const struct occ_ecdsa_key *key, struct occ_bytes message, struct occ_bytes signature);
/* The same with signature = r || s, each as long as the field (RFC 9053 §2.1), and nothing else. */
OCC_RESULT occ_ecdsa_verify_raw(const struct occ_ecdsa_key *key, struct occ_bytes message, struct occ_bytes signature);

#endif
