/*
 * checks.h — the checks of a verification, in the order of PROTOCOL §5.
 */
#ifndef OCC_VERIFY_CHECKS_H
#define OCC_VERIFY_CHECKS_H

#include "crypto/certificate.h"
#include "crypto/seen.h"
#include "crypto/timestamp.h"
#include "evidence/webauthn.h"
#include "proof/policy.h"
#include "verify/report.h"

/* A root of attestation documents, and the documents that were verified under it: a batch has one for all of its proofs. */
struct occ_checks_root {
    struct occ_path_trust *path;
    struct occ_seen *documents; /* under their SHA-256: their certificate's not_before_ms, not_after_ms */
};

/* What a verifier trusts and asks for, whatever the proof. */
struct occ_checks_trust {
    struct occ_checks_root nitro;
    bool nitro_is_aws;
    struct occ_checks_root sim_nitro;       /* of simulated documents; path NULL = none */
    struct occ_timestamp_roots *timestamps; /* may hold none; or NULL */
    struct occ_webauthn_names rp_ids, origins;
};

struct occ_checks_input {
    const struct occ_checks_trust *trust;
    const struct occ_json *proof;    /* any value */
    const struct occ_policy *policy; /* or NULL */
    const uint8_t *digest;           /* OCC_SHA256_LEN bytes, or NULL */
    bool with_json;                  /* whether the report's JSON text is wanted */
    struct occ_buf *body;            /* NULL, or room for the signed body, which is in it afterwards */
    struct occ_proof *ret_proof;     /* NULL, or gets the proof as it was read; root NULL: its structure is not sound */
};

/*
 * Performs the checks that apply and finishes the report: its reason is that of the first that failed. A failure of this
 * function itself means that the verification could not be done.
 */
OCC_RESULT occ_checks_run(const struct occ_checks_input *input, occ_report *report);

#endif
