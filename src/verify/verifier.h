/*
 * verifier.h — struct occ_verifier: what outlives one verification. Inside verify only.
 */
#ifndef OCC_VERIFY_VERIFIER_H
#define OCC_VERIFY_VERIFIER_H

#include "verify/checks.h"

/* Read-only once made, so that threads share it; the cache of certificate paths inside trust guards itself. */
struct occ_verifier {
    struct occ_checks_trust trust;
    char *names; /* the texts that trust.rp_ids and trust.origins point to */
};

/*
 * A struct of the caller's that begins with its size: at least what the first version of it had, and zero in what this
 * library, which knows `known` bytes of it, does not know. OCC_ERR_USAGE, OCC_ERR_UNSUPPORTED.
 */
OCC_RESULT occ_verifier_check_struct(const void *given, size_t size, size_t first, size_t known);

#endif
