/*
 * predecessor.h — verifies the proof that a new epoch goes on from (PROTOCOL §6), as anybody would verify it: with AWS's
 * root, which is built in, and no setting.
 */
#ifndef OCC_ENCLAVE_PREDECESSOR_H
#define OCC_ENCLAVE_PREDECESSOR_H

#include <occ/verify.h>

#include "base/result.h"
#include "codec/json.h"

/*
 * For struct occ_gate_config: ctx is an occ_verifier. Refuses, with a sentence, a proof that is not valid and one whose
 * attestation, agency or slot this program cannot judge. Timestamps are not the boundary's: an authority that it does not
 * know is no reason to refuse.
 */
OCC_RESULT occ_predecessor_check(void *ctx, const struct occ_json *proof, struct occ_error *err);

#endif
