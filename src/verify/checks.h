/*
 * checks.h — the checks of a verification, in the order of PROTOCOL §5.
 */
#ifndef OCC_VERIFY_CHECKS_H
#define OCC_VERIFY_CHECKS_H

#include "proof/policy.h"
#include "verify/report.h"

struct occ_checks_input {
    const struct occ_json *proof;    /* any value */
    const struct occ_policy *policy; /* or NULL */
    const uint8_t *digest;           /* OCC_SHA256_LEN bytes, or NULL */
};

/*
 * Performs the checks that apply and finishes the report: its reason is that of the first that failed. A failure of this
 * function itself means that the verification could not be done.
 */
OCC_RESULT occ_checks_run(const struct occ_checks_input *input, occ_report *report);

#endif
