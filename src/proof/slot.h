/*
 * slot.h — the slot that a proof consumed: a nonce that existed, signed, before the digest was known (PROTOCOL §6).
 */
#ifndef OCC_PROOF_SLOT_H
#define OCC_PROOF_SLOT_H

#include "proof/proof.h"

/* True if the proof has anything of a slot: slotAllocation, commit.slotCounter or commit.slotHashB64. */
bool occ_slot_is_claimed(const struct occ_proof *proof);

/* What stands behind slotHashB64. */
struct occ_slot_facts {
    bool hash_without_chain_id; /* a peer's form: the hash leaves chainId out, the signature does not */
};

/* Appends the canonical JSON of a slot's body, which its signature covers; with chainId (if there is one) or without. */
void occ_slot_put_body(struct occ_buf *buf, const struct occ_json *slot, bool with_chain_id);
/* Verifies the slot of a sound proof that claims one. OCC_ERR_SLOT_… with a sentence; OCC_ERR_NOMEM. */
OCC_RESULT occ_slot_verify(const struct occ_proof *proof, struct occ_error *err, struct occ_slot_facts *ret_facts);

#endif
