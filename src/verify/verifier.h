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
 * Takes a struct of the caller's that begins with its size into ours of `known` bytes. It must have at least the first `first`
 * bytes, what its first version had, and zero in what this library does not know; what an older caller does not know is zero
 * in *ret. OCC_ERR_USAGE (also for a size beyond OCC_LIMIT_STRUCT_LEN, which nobody has set), OCC_ERR_UNSUPPORTED.
 */
OCC_RESULT occ_verifier_take_struct(const void *given, size_t first, size_t known, void *ret);

#endif
