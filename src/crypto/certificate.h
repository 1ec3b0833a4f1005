/*
 * certificate.h — certificate paths of Nitro attestation documents (RFC 5280, PROTOCOL §5), by OpenSSL.
 *
 * One pinned root, one path given in order, one point in time. Every certificate is ECDSA P-384 with SHA-384. OpenSSL
 * builds and checks the path; we check that what it built is what was listed, in that order.
 */
#ifndef OCC_CRYPTO_CERTIFICATE_H
#define OCC_CRYPTO_CERTIFICATE_H

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/digest.h"
#include "crypto/ecdsa.h"

/*
 * A root, and what was verified below it before: whole paths, of which only the times are checked again, and the authorities
 * of paths, below which only another leaf is verified. Safe to use from many threads at once. At most OCC_LIMIT_PATH_CACHE
 * entries, half of each kind; when full, the oldest goes. A refusal is never remembered.
 */
struct occ_path_trust;

/*
 * root: one certificate, DER or PEM. OCC_ERR_NITRO_CERTIFICATE if it is not a CA certificate of P-384, signed by itself;
 * OCC_ERR_NOMEM.
 */
OCC_RESULT occ_path_trust_new(struct occ_bytes root, struct occ_error *err, struct occ_path_trust **ret_trust);
/*
 * The same with the SHA-256 of a certificate that is known to have signed itself. Where root is that very certificate, its
 * signature is not checked once more: a millisecond of each process's start.
 */
OCC_RESULT occ_path_trust_new_known(struct occ_bytes root, const uint8_t known_sha256[OCC_SHA256_LEN],
                                    struct occ_error *err, struct occ_path_trust **ret_trust);
void occ_path_trust_free(struct occ_path_trust *trust);
/* Forgets the leaves, but not the authorities above them. To measure what another leaf costs, without having one. */
void occ_path_trust_forget_leaves(struct occ_path_trust *trust);
/* SHA-256 of the root's DER: its fingerprint. */
const uint8_t *occ_path_trust_fingerprint(const struct occ_path_trust *trust);

struct occ_path {
    const struct occ_bytes *authorities; /* DER, the root first, each one signed by the one before it */
    size_t authority_count;              /* 1 to OCC_LIMIT_NITRO_CABUNDLE */
    struct occ_bytes leaf;               /* DER, signed by the last authority */
    uint64_t time_ms; /* Unix milliseconds at which every certificate must be valid; whole seconds count (RFC 5280) */
};

/* What the leaf says. */
struct occ_path_leaf {
    uint64_t not_before_ms, not_after_ms;
    struct occ_ecdsa_key *key; /* ES384; the caller's, to free with occ_ecdsa_key_free */
};

/*
 * Verifies the path. Refusals, each with a sentence that says which certificate ("cabundle[2]", "certificate"):
 *   OCC_ERR_NITRO_CERTIFICATE  not one DER certificate with nothing after it, or not P-384 with SHA-384
 *   OCC_ERR_NITRO_PATH         no authorities or too many, the first is not the pinned root, an issuer or signature that does
 *                              not fit, another order, a certificate twice, one that is not needed, a leaf that is its own
 *                              issuer
 *   OCC_ERR_NITRO_CONSTRAINTS  CA flag, path length, key usage (keyCertSign above, digitalSignature and no CA at the leaf),
 *                              a critical extension other than basic constraints and key usage
 *   OCC_ERR_NITRO_TIME         not valid at time_ms
 * OCC_ERR_NOMEM is no verdict. OpenSSL's error queue of the thread is emptied.
 */
OCC_RESULT occ_path_verify(struct occ_path_trust *trust, const struct occ_path *path, struct occ_error *err,
                           struct occ_path_leaf *ret_leaf);
/*
 * When a certificate says that it ends, Unix milliseconds; nothing about it is verified. OCC_ERR_NITRO_CERTIFICATE if it is not
 * one that a document may have, or ends before 1970; OCC_ERR_NITRO_CONSTRAINTS, OCC_ERR_NOMEM.
 */
OCC_RESULT occ_certificate_not_after(struct occ_bytes der, uint64_t *ret_not_after_ms);
/*
 * For a process that is about to give up opening files: has the C library look up its time zone now. It does so when a time
 * first becomes a date, and OpenSSL asks for that to judge a certificate.
 */
OCC_RESULT occ_path_prepare(void);

#endif
