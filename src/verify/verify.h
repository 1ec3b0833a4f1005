/*
 * verify.h — what <occ/verify.h> is made of, for callers inside the house that already hold a parsed tree.
 */
#ifndef OCC_VERIFY_VERIFY_H
#define OCC_VERIFY_VERIFY_H

#include <occ/verify.h>

#include "base/result.h"
#include "codec/json.h"
#include "crypto/timestamp.h"
#include "proof/proof.h"

/*
 * As occ_verifier_new. *err (may be NULL) gets the sentence about an option that cannot be taken, which begins with
 * "nitro root: " or "timestamp roots: ".
 */
OCC_RESULT occ_verifier_make(const struct occ_verifier_options *options, struct occ_error *err,
                             occ_verifier **ret_verifier);

/* The roots of timestamp authorities that it was made with, as long as it lives; NULL if none were given. */
const struct occ_timestamp_roots *occ_verifier_timestamp_roots(const occ_verifier *verifier);

/* One verification of parsed values. The trees must outlive the call, not the report. */
struct occ_verify_request {
    const struct occ_json *proof;  /* any value: one that is not a proof is a refusal, not an error */
    const struct occ_json *policy; /* or NULL; a wrong one is an error whose sentence begins with "policy." */
    const uint8_t *digest;         /* OCC_SHA256_LEN bytes, or NULL */
    bool without_json;             /* the caller will not ask for occ_report_json, which is "" then */
    struct occ_buf *body; /* NULL, or memory to use, of the limit OCC_LIMIT_CANONICAL_LEN: holds the signed body then */
    struct occ_proof *ret_proof; /* NULL, or gets the proof as it was read; root NULL: its structure is not sound */
};

/* As occ_verify. */
enum occ_err occ_verify_json(const occ_verifier *verifier, const struct occ_verify_request *request,
                             occ_report **ret_report);

#endif
