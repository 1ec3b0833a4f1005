/*
 * verify.h — what <occ/verify.h> is made of, for callers inside the house that already hold a parsed tree.
 */
#ifndef OCC_VERIFY_VERIFY_H
#define OCC_VERIFY_VERIFY_H

#include <occ/verify.h>

#include "codec/json.h"

/*
 * As occ_verify, on parsed values. proof is any JSON value: one that is not a proof is a refusal, not an error. policy may
 * be NULL; a wrong one is an error whose sentence begins with "policy.". digest: 32 bytes or NULL. The trees must outlive
 * the call, not the report.
 */
enum occ_err occ_verify_json(const occ_verifier *verifier, const struct occ_json *proof, const struct occ_json *policy,
                             const uint8_t *digest, occ_report **ret_report);

#endif
