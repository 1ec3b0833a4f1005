/*
 * optional.h — the parts of a proof that not every proof has: agency, slot, epoch link, timestamps, and the values that a
 * caller had signed (PROTOCOL §2, §4, §6). Types only: what they claim is for evidence/ to verify.
 */
#ifndef OCC_PROOF_OPTIONAL_H
#define OCC_PROOF_OPTIONAL_H

#include "proof/proof.h"

/* Reads them into *proof, whose root and commit are already known to be objects. OCC_ERR_PROOF_STRUCTURE as proof.h. */
OCC_RESULT occ_optional_read(struct occ_error *err, struct occ_proof *proof);
/* The checks of an agency alone: an object whose path in messages is "agency". OCC_ERR_PROOF_STRUCTURE. */
OCC_RESULT occ_optional_check_agency(const struct occ_json *agency, struct occ_error *err);

#endif
