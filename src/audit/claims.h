/*
 * claims.h — what is said of a chain at a counter: that a slot had it, that an epoch ended there (PROTOCOL §6).
 */
#ifndef OCC_AUDIT_CLAIMS_H
#define OCC_AUDIT_CLAIMS_H

#include "audit/walk.h"

/* The next slot or epoch link of the chain at hand; proofs of the same counter have been taken before it. */
OCC_RESULT occ_claims_take_slot(struct occ_walk *walk, const struct occ_claim *slot);
/* hash is what the link names, own_chain the chain that begins with it. */
OCC_RESULT occ_claims_take_link(struct occ_walk *walk, const struct occ_claim *link, const uint8_t hash[OCC_SHA256_LEN],
                                const uint8_t own_chain[OCC_SHA256_LEN]);
/* Holds a proof against the epoch links before it. */
OCC_RESULT occ_claims_judge_proof(struct occ_walk *walk, const struct occ_record *record);
/* The chain has no more proofs. */
OCC_RESULT occ_claims_finish(struct occ_walk *walk);

#endif
