/*
 * inspect_parts.h — the parts of a proof that not every proof has, in lines for people. Nothing is verified: what does not read as
 * it should is shown as it is.
 */
#ifndef OCC_CLI_INSPECT_PARTS_H
#define OCC_CLI_INSPECT_PARTS_H

#include "base/buf.h"
#include "proof/proof.h"

/* Signed by the proof's key: who asked (agency.actor), the slot that commit names, the epoch before. */
void occ_inspect_parts_put_signed(struct occ_buf *out, const struct occ_proof *proof);
/* Whether a member of commit is shown by the function above. */
bool occ_inspect_parts_shows(struct occ_bytes commit_member);

/* Not signed by the proof's key, but by its own: what the actor authorized; the slot as it was given out. */
void occ_inspect_parts_put_authorization(struct occ_buf *out, const struct occ_json *authorization);
void occ_inspect_parts_put_slot(struct occ_buf *out, const struct occ_json *slot);

#endif
