/*
 * cose.h — COSE_Sign1 (RFC 9052 §4.2): reading, and the bytes that its signature covers.
 */
#ifndef OCC_EVIDENCE_COSE_H
#define OCC_EVIDENCE_COSE_H

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/ecdsa.h"

/* Views into the bytes that were read. */
struct occ_cose_sign1 {
    struct occ_bytes protected_header; /* the content of the byte string */
    bool has_algorithm;
    int64_t algorithm; /* label 1 of the protected header: -7 = ES256, -35 = ES384 */
    struct occ_bytes payload;
    struct occ_bytes signature;
};

/*
 * Reads an array of four, untagged or under tag 18, with nothing after it. The protected header is a map (or empty); labels
 * other than 1 in it are refused if "crit" (label 2) names them, else passed over; label 1 may stand only there. A payload that
 * is null (detached) is refused. *ret_why (static text) says what was wrong; false then.
 */
bool occ_cose_read(struct occ_bytes bytes, const char **ret_why, struct occ_cose_sign1 *ret_sign1);

/*
 * Verifies the signature over the Sig_structure ["Signature1", protected, external_aad, payload] (RFC 9052 §4.4) with the
 * key's algorithm, which must be the one that the protected header names. OCC_ERR_SIGNATURE, OCC_ERR_NITRO_ALGORITHM (the
 * header names another, or none), OCC_ERR_NOMEM.
 */
OCC_RESULT occ_cose_verify(const struct occ_cose_sign1 *sign1, struct occ_bytes external_aad,
                           const struct occ_ecdsa_key *key);

#endif
