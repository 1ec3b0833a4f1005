/*
 * merge.h — fewer, longer runs: the oldest OCC_INDEX_FAN runs of a level become one of the next, a slice at a time. When there is
 * time for more, the index is settled: the newest runs become one, until each run has more than OCC_INDEX_FAN times the entries of
 * all that are newer than it. So a look-up in 10 million proofs asks some four runs, and an entry is written again some
 * 30 times, in a time in which nothing else had to be.
 *
 * What a merge has done so far is in the file, in a run that is not whole yet; where it stands is in memory only. A
 * process that ends in between leaves a run that the next one throws away, and what settling raised gets its level back. Each
 * level has a merge of its own, and lower levels come first: a long one above does not keep new runs waiting. Settling goes on
 * when there is none; runs that come meanwhile are merged beside it.
 */
#ifndef OCC_LEDGER_MERGE_H
#define OCC_LEDGER_MERGE_H

#include "ledger/index.h"

struct occ_merges;

OCC_RESULT occ_merges_new(struct occ_merges **ret_merges);
void occ_merges_free(struct occ_merges *merges); /* NULL is allowed */
/*
 * One slice of the lowest merge that there is to do, or of throwing away what was merged, or, if it may, of settling; a
 * transaction of a bounded size. *ret_did false: there is nothing to do. After a failure all that is under way begins anew.
 * OCC_ERR_LEDGER_CORRUPT: a run or a block that cannot be.
 */
OCC_RESULT occ_merges_step(struct occ_merges *merges, bool may_settle, struct occ_db *db, struct occ_error *err,
                           bool *ret_did);

#endif
