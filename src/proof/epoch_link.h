/*
 * epoch_link.h — commit.epochLink: the last proof before this chain's first (PROTOCOL §6). What one proof alone can show.
 */
#ifndef OCC_PROOF_EPOCH_LINK_H
#define OCC_PROOF_EPOCH_LINK_H

#include "proof/proof.h"

/*
 * Checks the link of a sound proof that has one: it leads to this proof's epoch and key, from another epoch and (unless the
 * tier is hw-key) another key, and the proof is a chain's first. OCC_ERR_EPOCH_LINK_…
 */
OCC_RESULT occ_epoch_link_check(const struct occ_proof *proof, struct occ_error *err);

#endif
