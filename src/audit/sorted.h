/*
 * sorted.h — judges chains whose proofs came in any order, once they are sorted; the whole rules (PROTOCOL §6).
 *
 * The verdict depends on the set of the proofs alone; their order in the input only says which of two that conflict is
 * named first. A rule that two proofs break together is told at the later one.
 */
#ifndef OCC_AUDIT_SORTED_H
#define OCC_AUDIT_SORTED_H

#include "audit/findings.h"
#include "audit/sort.h"
#include "audit/tally.h"

/* Puts a record into the sort from which occ_sorted_judge reads. text is for reuse. */
OCC_RESULT occ_sorted_put(struct occ_sort *sort, const struct occ_record *record, struct occ_buf *text);

struct occ_sorted_job {
    struct occ_sort *sort;   /* all records are in; it is finished here */
    size_t memory;           /* for a second sort */
    const char *folder;      /* for its temporary files */
    bool allow_gaps;         /* missing proofs are noted, not faults */
    struct occ_tally *tally; /* with all names; its facts are made here */
    struct occ_findings *findings;
};

/* *ret_chains is how many chains there are. OCC_ERR_NOMEM, OCC_ERR_IO and the like, with a sentence. */
OCC_RESULT occ_sorted_judge(const struct occ_sorted_job *job, struct occ_error *err, uint64_t *ret_chains);

#endif
