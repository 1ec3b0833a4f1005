/*
 * optional.h — the parts of a proof that not every proof has: agency, slot, epoch link, timestamps, and the values that a
 * caller had signed (PROTOCOL §2, §4, §6). Types only: what they claim is for evidence/ to verify.
 */
#ifndef OCC_PROOF_OPTIONAL_H
#define OCC_PROOF_OPTIONAL_H

#include "proof/proof.h"

/* Reads them into *proof, whose root and commit are already known to be objects. OCC_ERR_PROOF_STRUCTURE as proof.h. */
OCC_RESULT occ_optional_read(struct occ_error *err, struct occ_proof *proof);
/*
 * Has agency, whose path is path ("digests[3].agency"), the members that PROTOCOL §4 names, of the right types? It may have
 * others. OCC_ERR_PROOF_STRUCTURE with a sentence that names the member.
 */
OCC_RESULT occ_optional_check_agency(const struct occ_json *agency, const char *path, struct occ_error *err);

#endif
