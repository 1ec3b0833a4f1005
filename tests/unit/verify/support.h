/* support.h — what the tests of verify share: one call that verifies texts. */
#ifndef TESTS_UNIT_VERIFY_SUPPORT_H
#define TESTS_UNIT_VERIFY_SUPPORT_H

#include "unit/proof/support.h"

#include <occ/occ.h>

static inline occ_verifier *
new_verifier(void)
{
    occ_verifier *verifier = NULL;
    assert_int_equal(occ_verifier_new(NULL, &verifier), OCC_OK);
    assert_non_null(verifier);
    return verifier;
}

/* Verifies texts; policy may be NULL, digest too. *ret_report is the caller's. */
static inline enum occ_err
verify_text(const char *proof, const char *policy, const uint8_t *digest, occ_report **ret_report)
{
    occ_verifier *verifier = new_verifier();
    const struct occ_verify_input input = {
        .size = sizeof input,
        .proof = proof,
        .proof_len = strlen(proof),
        .policy = policy,
        .policy_len = policy == NULL ? 0 : strlen(policy),
        .digest = digest,
    };
    const enum occ_err code = occ_verify(verifier, &input, ret_report);
    occ_verifier_free(verifier); /* a report does not need it any more */
    return code;
}

/* Verifies and holds the verdict against what is expected: reason NULL = valid. */
static inline void
assert_verdict(const char *proof, const char *policy, enum occ_err code, const char *reason)
{
    occ_report *report = NULL;
    const enum occ_err found = verify_text(proof, policy, NULL, &report);
    assert_non_null(report);
    assert_string_equal(occ_report_reason(report), reason == NULL ? "" : reason);
    assert_int_equal(found, code);
    assert_int_equal(occ_report_code(report), code);
    assert_int_equal(occ_report_valid(report), code == OCC_OK);
    occ_report_free(report);
}

/* The check of that name in a report; NULL name if it is not listed. */
static inline struct occ_check
find_check(const occ_report *report, const char *name)
{
    struct occ_check check = { .size = sizeof check };
    for (size_t i = 0; occ_report_check(report, i, &check); i++) {
        if (strcmp(check.name, name) == 0) {
            return check;
        }
    }
    return (struct occ_check){ .size = sizeof check };
}

#endif
