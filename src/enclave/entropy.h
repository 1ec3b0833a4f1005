/*
 * entropy.h — random from the Nitro Secure Module and the kernel together: for an enclave, whose kernel has just begun and has
 * seen little, and which the instance gives nothing that it could trust.
 */
#ifndef OCC_ENCLAVE_ENTROPY_H
#define OCC_ENCLAVE_ENTROPY_H

#include "boundary/nsm.h"
#include "crypto/random.h"

/*
 * Takes random from the NSM: one part keys *ret_random (crypto/random.h, with the kernel as the first source), another goes
 * into the kernel's own pool. OCC_ERR_RANDOM if what comes is zero or repeats itself; OCC_ERR_ATTESTER, OCC_ERR_NOMEM, or as
 * occ_urandom_add for pool, the path of the kernel's device.
 */
OCC_RESULT occ_entropy_open(const struct occ_nsm *nsm, const char *pool, struct occ_error *err,
                            struct occ_random **ret_random);

#endif
