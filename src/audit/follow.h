/*
 * follow.h — judges chains while the proofs come, in memory that does not grow with their number.
 *
 * It knows the last proof of each chain. A proof that stands where the chain goes on, with an intact link, is settled for
 * good; whatever cannot be settled by looking back at the last proof (a link that does not fit, a counter that does not
 * grow, an epoch link to a proof long gone) makes the whole input "unsettled", and nothing that was said here counts: then
 * all of it is sorted and judged by sorted.h. So there are no faults here, only notes; and what is settled here, sorted.h
 * would find without a fault, with the same notes and facts.
 */
#ifndef OCC_AUDIT_FOLLOW_H
#define OCC_AUDIT_FOLLOW_H

#include "audit/findings.h"
#include "audit/tally.h"

struct occ_follow;

/* tally is borrowed, and filled: with every chain's name, and with facts as long as the input is settled. */
OCC_RESULT occ_follow_new(struct occ_tally *tally, struct occ_follow **ret_follow);
void occ_follow_free(struct occ_follow *follow); /* NULL is allowed */
/* The next proof of the input whose signature verified. OCC_ERR_NOMEM. */
OCC_RESULT occ_follow_put(struct occ_follow *follow, const struct occ_record *record,
                          const struct occ_chain_name *name);
/* True as long as everything is settled; *ret_notes (may be NULL) then has the notes, borrowed. */
bool occ_follow_is_settled(const struct occ_follow *follow, const struct occ_findings **ret_notes);

#endif
