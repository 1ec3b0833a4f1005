/*
 * runs.h — the runs of index.db as its table has them, for what merges them (merge.h): their order, sizes and levels.
 *
 * What the table says is trusted no more than a block, since sizes and levels are computed from it: OCC_ERR_LEDGER_CORRUPT for a
 * run that cannot be. All within the caller's transaction.
 */
#ifndef OCC_LEDGER_RUNS_H
#define OCC_LEDGER_RUNS_H

#include "ledger/index.h"

/* There are no more when no level has enough for a merge. */
enum { OCC_RUNS_MAX = OCC_INDEX_FAN * OCC_INDEX_LEVELS };

/* A whole run. */
struct occ_run {
    uint64_t number, level;
    uint64_t first_row, last_row;
    uint64_t entries, blocks;
};

/* Up to OCC_RUNS_MAX runs of a query without parameters, or with those that the caller has bound. */
OCC_RESULT occ_runs_list(struct occ_db *db, sqlite3_stmt *statement, struct occ_error *err,
                         struct occ_run ret_runs[OCC_RUNS_MAX], size_t *ret_count);
/* It is seen no more, and to be thrown away. */
OCC_RESULT occ_runs_kill(struct occ_db *db, uint64_t number, struct occ_error *err);

/* The lowest level that a run of so many entries may have, and not below at_least. */
uint64_t occ_runs_level_of(uint64_t entries, uint64_t at_least);
OCC_RESULT occ_runs_set_level(struct occ_db *db, const struct occ_run *run, uint64_t level, struct occ_error *err);
/*
 * Each run gets the lowest level that it may have. Else runs that settling raised and then did not merge would be merged at
 * that level, with long ones, and come higher each time that settling is interrupted, until no level has a merge for them.
 */
OCC_RESULT occ_runs_level_all(struct occ_db *db, struct occ_error *err);

#endif
