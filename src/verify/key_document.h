/*
 * key_document.h — an attestation document about a boundary's key, as GET /key gives it, verified and held against what was
 * said beside it (PROTOCOL §3, §5). Within the house; not a part of libocc.
 */
#ifndef OCC_VERIFY_KEY_DOCUMENT_H
#define OCC_VERIFY_KEY_DOCUMENT_H

#include "verify/verify.h"

struct occ_key_document {
    struct occ_bytes format, report_b64;       /* of attestation */
    struct occ_bytes public_key;               /* raw, 32 bytes */
    struct occ_bytes measurement, enforcement; /* beside it */
    struct occ_bytes nonce; /* that was asked with; empty = none was: the document may be of any time */
};

struct occ_key_document_facts {
    bool simulated;   /* software stood in for the device, which vouches for nothing */
    bool root_is_aws; /* else: the root that the verifier was made with */
    uint64_t time_ms; /* the document's own, Unix milliseconds */
};

/*
 * Success: the document is genuine, says that this key was made in an enclave of this measurement, is about nothing else, and
 * holds the nonce. Else *err says what is wrong: OCC_ERR_UNSUPPORTED (another format, or a simulated one without a root for
 * it), OCC_ERR_BASE64, the codes of occ_nitro_read and occ_nitro_verify, OCC_ERR_NITRO_DEBUG, OCC_ERR_NITRO_MEASUREMENT,
 * OCC_ERR_NITRO_KEY, OCC_ERR_NITRO_BINDING (user_data, or another nonce), OCC_ERR_ATTESTATION_SIMULATED, OCC_ERR_NOMEM.
 */
OCC_RESULT occ_key_document_verify(const occ_verifier *verifier, const struct occ_key_document *given,
                                   struct occ_error *err, struct occ_key_document_facts *ret_facts);

#endif
