/*
 * attester.h — the small interface behind which the platform vouches for the boundary (DESIGN §2).
 */
#ifndef OCC_BOUNDARY_ATTESTER_H
#define OCC_BOUNDARY_ATTESTER_H

#include "base/bytes.h"
#include "base/limits.h"
#include "base/result.h"

struct occ_attester {
    char enforcement[16];                            /* "stub", "hw-key", "measured-tee" */
    char measurement[OCC_LIMIT_MEASUREMENT_LEN + 1]; /* UTF-8 */
};

/*
 * attester_none.c: tier "stub", nothing vouches. The measurement says so: "stub:" and the hex SHA-256 of the running
 * program's binary, which the caller has read (binary_digest, 32 bytes).
 */
void occ_attester_none(const uint8_t binary_digest[32], struct occ_attester *ret_attester);

#endif
