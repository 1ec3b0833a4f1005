/*
 * seen.h — what was found good before: under a name, two numbers that were found then. For what never changes: a name stands for
 * bytes, and the same bytes are good for ever.
 *
 * Bounded; when full, the oldest goes. Safe to use from many threads at once.
 */
#ifndef OCC_CRYPTO_SEEN_H
#define OCC_CRYPTO_SEEN_H

#include "base/result.h"
#include "crypto/digest.h"

struct occ_seen;

/* size: the most names it holds, at least 1. OCC_ERR_NOMEM. Free takes NULL. */
OCC_RESULT occ_seen_new(size_t size, struct occ_seen **ret_seen);
void occ_seen_free(struct occ_seen *seen);
/* True if name was put before, and is still there. */
bool occ_seen_get(struct occ_seen *seen, const uint8_t name[OCC_SHA256_LEN], uint64_t ret_numbers[2]);
/* A name that is there already stays as it is. */
void occ_seen_put(struct occ_seen *seen, const uint8_t name[OCC_SHA256_LEN], const uint64_t numbers[2]);

#endif
