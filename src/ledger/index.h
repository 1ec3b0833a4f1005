/*
 * index.h — index.db: which proofs a digest has. Derived from ledger.db; lost, it is made anew.
 *
 *   run      all proofs of the rows first_row … last_row, sorted by digest and age (blocks, block.h); never changed once it is whole
 *   covered  the last row that is in some run. It moves in the same transaction in which a run comes in, so that every proof is
 *            either in a run or behind the covered row
 *   level    a new run has level 0; OCC_INDEX_FAN runs of a level, the oldest first, are merged into one of the next (merge.h).
 *            Runs of a higher level are older, and no two overlap: in the order of first_row their answers are the oldest first.
 *            A run of level n has OCC_INDEX_RUN_ENTRIES * OCC_INDEX_FAN^n entries at most
 *   fence    the first entry of each block: a look-up is one descent among the fences of each run, and one or two blocks
 *
 * One connection writes; readers see whole runs only.
 */
#ifndef OCC_LEDGER_INDEX_H
#define OCC_LEDGER_INDEX_H

#include "ledger/block.h"
#include "ledger/db.h"

enum { OCC_INDEX_FAN = 8, OCC_INDEX_LEVELS = 12, OCC_INDEX_RUN_ENTRIES = 32768 };

enum occ_index_query {
    OCC_INDEX_BEGIN_READ,
    OCC_INDEX_END,
    OCC_INDEX_COVERED,
    OCC_INDEX_RUNS,
    OCC_INDEX_FENCE,
    OCC_INDEX_BLOCK,
    OCC_INDEX_READS,
    OCC_INDEX_BEGIN_WRITE = OCC_INDEX_READS,
    OCC_INDEX_SET_COVERED,
    OCC_INDEX_PUT_RUN,
    OCC_INDEX_PUT_BLOCK,
    OCC_INDEX_PUT_FENCE,
    OCC_INDEX_FINISH_RUN,
    OCC_INDEX_LEVEL_RUNS,
    OCC_INDEX_NEWEST_RUNS,
    OCC_INDEX_LAST_RUN,
    OCC_INDEX_SET_LEVEL,
    OCC_INDEX_KILL_RUN,
    OCC_INDEX_DEAD_RUN,
    OCC_INDEX_DROP_BLOCKS,
    OCC_INDEX_DROP_FENCES,
    OCC_INDEX_DROP_RUN,
    OCC_INDEX_QUERIES
};

enum occ_index_state { OCC_INDEX_MAKING = 0, OCC_INDEX_WHOLE = 1, OCC_INDEX_DEAD = 2 };

/* Up to where an index goes, and in which ledger. */
struct occ_index_covered {
    uint8_t ledger[16]; /* the id in ledger.db */
    uint64_t row, sum;  /* sum: the checksum of that row's body; 0 for row 0 */
};

struct occ_index_options {
    const char *folder, *vfs;
};

/* Opens for reading. OCC_ERR_NOT_FOUND, OCC_ERR_LEDGER_FOREIGN, OCC_ERR_LEDGER_CORRUPT, … */
OCC_RESULT occ_index_open_read(const struct occ_index_options *options, struct occ_error *err, struct occ_db *ret_db);
/* Opens for writing. anew: whatever is there is emptied, and it begins anew for that ledger, with row 0. */
OCC_RESULT occ_index_open_write(const struct occ_index_options *options, bool anew, const uint8_t ledger[16],
                                struct occ_error *err, struct occ_db *ret_db);
OCC_RESULT occ_index_read_covered(struct occ_db *db, struct occ_error *err, struct occ_index_covered *ret_covered);

/* ---- writing ---- */

/* A run that is being written, entries in ascending order. */
struct occ_index_run {
    uint64_t number, level, first_row, last_row;
    uint64_t entries;
    uint32_t blocks;
    struct occ_block block; /* that is being filled */
};

/* Within a transaction. number, level and rows are the caller's; the run is not seen before it is finished. */
OCC_RESULT occ_index_begin_run(struct occ_db *db, struct occ_index_run *run, struct occ_error *err);
OCC_RESULT occ_index_put(struct occ_db *db, struct occ_index_run *run, const uint8_t entry[OCC_BLOCK_ENTRY_LEN],
                         struct occ_error *err);
OCC_RESULT occ_index_finish_run(struct occ_db *db, struct occ_index_run *run, struct occ_error *err);
OCC_RESULT occ_index_next_number(struct occ_db *db, struct occ_error *err, uint64_t *ret_number);

/*
 * A new run of level 0 from count entries (sorted here, in place) of the rows behind the covered one up to covered->row,
 * in one transaction that also moves covered.
 */
OCC_RESULT occ_index_add(struct occ_db *db, uint8_t *entries, size_t count, const struct occ_index_covered *covered,
                         struct occ_error *err);

/* ---- reading ---- */

/* Block n of a run. OCC_ERR_LEDGER_CORRUPT if it is missing or damaged. */
OCC_RESULT occ_index_block(struct occ_db *db, uint64_t run, uint32_t n, struct occ_error *err,
                           struct occ_block *ret_block);
/* Whether look-ups find this block: OCC_ERR_LEDGER_CORRUPT if its fence is missing or wrong. */
OCC_RESULT occ_index_check_fence(struct occ_db *db, uint64_t run, uint32_t n, const struct occ_block *block,
                                 struct occ_error *err);
/*
 * Calls take with the place of each proof of digest, the oldest first. The caller holds a transaction.
 * OCC_ERR_LEDGER_CORRUPT: of the index.
 */
OCC_RESULT occ_index_find(struct occ_db *db, const uint8_t digest[32],
                          struct occ_result (*take)(void *ctx, uint64_t place), void *ctx, struct occ_error *err);

#endif
