/*
 * measure.h — what this program is: the SHA-256 of its own binary, for the measurement of tier "stub".
 */
#ifndef OCC_ENCLAVE_MEASURE_H
#define OCC_ENCLAVE_MEASURE_H

#include "crypto/digest.h"

/* Hashes the binary that runs (also when its file has been replaced since), as a stream. */
OCC_RESULT occ_measure_self(struct occ_error *err, uint8_t ret_digest[OCC_SHA256_LEN]);

#endif
