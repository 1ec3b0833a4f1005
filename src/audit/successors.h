/*
 * successors.h — no two commits name one predecessor, whichever chains they are in (PROTOCOL §6).
 */
#ifndef OCC_AUDIT_SUCCESSORS_H
#define OCC_AUDIT_SUCCESSORS_H

#include "audit/findings.h"
#include "audit/sort.h"

/* Puts what a record names as its predecessor, if it does, into the sort. text is for reuse. */
OCC_RESULT occ_successors_put(struct occ_sort *sort, const struct occ_record *record, struct occ_buf *text);
/*
 * Finds those that share one. Left out is what the walk along the chain has told already: two with one counter of one
 * chain, and epoch links from a chain that goes on or that has two of them.
 */
OCC_RESULT occ_successors_judge(struct occ_sort *sort, struct occ_findings *findings, struct occ_error *err);

#endif
