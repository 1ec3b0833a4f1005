/*
 * cose.h — COSE_Sign1 (RFC 9052 §4.2): reading, and the bytes that its signature covers.
 */
#ifndef OCC_EVIDENCE_COSE_H
#define OCC_EVIDENCE_COSE_H

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/ecdsa.h"

/* RFC 9053 §2.1 */
enum { OCC_COSE_ES256 = -7, OCC_COSE_ES384 = -35 };

/* Views into the bytes that were read. */
struct occ_cose_sign1 {
    struct occ_bytes protected_header; /* the content of the byte string; empty if the map in it is (RFC 9052 §4.4) */
    struct occ_bytes unprotected_header; /* the encoded map: nothing that was signed */
    bool has_algorithm;                  /* label 1 is there, and an integer */
    int64_t algorithm;
    struct occ_bytes payload;
    struct occ_bytes signature;
};

/*
 * Reads an array of four, untagged or under tag 18, with nothing after it. Either header is a map whose labels are integers or
 * texts. The algorithm (label 1) stands in one of them; the key that verifies has its own, so one that is not signed can make
 * verification fail but cannot choose how it is done. Labels that are not known are passed over, unless "crit" (label 2, in the
 * protected header only) names them: refused. A payload that is null (detached) is refused. *ret_why (static text) says what
 * was wrong; false then.
 */
bool occ_cose_read(struct occ_bytes bytes, const char **ret_why, struct occ_cose_sign1 *ret_sign1);

/*
 * Verifies the signature over the Sig_structure ["Signature1", protected, external_aad, payload] (RFC 9052 §4.4) with the
 * key's algorithm, which must be the one that the message names. OCC_ERR_SIGNATURE, OCC_ERR_NITRO_ALGORITHM (it names
 * another, or none), OCC_ERR_NOMEM.
 */
OCC_RESULT occ_cose_verify(const struct occ_cose_sign1 *sign1, struct occ_bytes external_aad,
                           const struct occ_ecdsa_key *key);

#endif
