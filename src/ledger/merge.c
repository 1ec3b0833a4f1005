/* merge.c — see merge.h. */
#include "ledger/merge.h"

#include <stdlib.h>

enum { SLICE_ENTRIES = 64 * OCC_BLOCK_ENTRIES, SLICE_DROPS = 256, BLOCK_BITS = 32 };

struct input {
    uint64_t run, blocks;
    uint64_t first_row, last_row;
    uint32_t next_block;
    size_t next; /* in block */
    struct occ_block block;
};

struct merge {
    bool is_active;
    struct input inputs[OCC_INDEX_FAN];
    struct occ_index_run out;
};

struct occ_merges {
    struct merge levels[OCC_INDEX_LEVELS];
};

struct occ_result
occ_merges_new(struct occ_merges **ret_merges)
{
    struct occ_merges *const merges = calloc(1, sizeof *merges);
    OCC_ENSURE(merges != NULL, OCC_ERR_NOMEM);
    *ret_merges = merges;
    return occ_success();
}

void
occ_merges_free(struct occ_merges *merges)
{
    free(merges);
}

/* Loads the block in which the next entry is. At the end block.count is 0. */
static OCC_RESULT
refill(struct occ_db *db, struct input *input, struct occ_error *err)
{
    if (input->next < input->block.count) {
        return occ_success();
    }
    input->next = 0;
    input->block.count = 0;
    if (input->next_block == input->blocks) {
        return occ_success();
    }
    OCC_TRY(occ_index_block(db, input->run, input->next_block, err, &input->block));
    input->next_block++;
    return occ_success();
}

/* *ret_count: how many runs of the level there are, up to OCC_INDEX_FAN, which stand in merge->inputs. */
static OCC_RESULT
list_inputs(struct occ_db *db, uint64_t level, struct merge *merge, struct occ_error *err, size_t *ret_count)
{
    sqlite3_stmt *const statement = occ_db_statement(db, OCC_INDEX_LEVEL_RUNS);
    occ_db_bind_u64(statement, 1, level);
    occ_db_bind_u64(statement, 2, OCC_INDEX_FAN);
    size_t count = 0;
    for (;; count++) {
        bool found;
        OCC_TRY(occ_db_step(db, statement, err, &found));
        if (!found || count == OCC_INDEX_FAN) {
            break;
        }
        struct input *const input = &merge->inputs[count];
        input->run = occ_db_u64(statement, 0);
        input->first_row = occ_db_u64(statement, 1);
        input->last_row = occ_db_u64(statement, 2);
        input->blocks = occ_db_u64(statement, 3);
        input->next_block = 0;
        input->next = 0;
        input->block.count = 0;
    }
    (void)sqlite3_reset(statement);
    *ret_count = count;
    return occ_success();
}

static OCC_RESULT
begin(struct occ_db *db, uint64_t level, struct merge *merge, struct occ_error *err)
{
    struct occ_index_run *const out = &merge->out;
    OCC_TRY(occ_index_next_number(db, err, &out->number));
    out->level = level + 1;
    out->first_row = merge->inputs[0].first_row;
    out->last_row = merge->inputs[OCC_INDEX_FAN - 1].last_row;
    OCC_TRY(occ_index_begin_run(db, out, err));
    for (size_t i = 0; i < OCC_INDEX_FAN; i++) {
        OCC_TRY(refill(db, &merge->inputs[i], err));
    }
    merge->is_active = true;
    return occ_success();
}

static struct input *
smallest(struct merge *merge)
{
    struct input *best = NULL;
    for (size_t i = 0; i < OCC_INDEX_FAN; i++) {
        struct input *const input = &merge->inputs[i];
        if (input->block.count == 0) {
            continue;
        }
        if (best == NULL || memcmp(occ_block_entry(&input->block, input->next),
                                   occ_block_entry(&best->block, best->next), OCC_BLOCK_ENTRY_LEN) < 0) {
            best = input;
        }
    }
    return best;
}

static OCC_RESULT
kill_run(struct occ_db *db, uint64_t run, struct occ_error *err)
{
    sqlite3_stmt *const statement = occ_db_statement(db, OCC_INDEX_KILL_RUN);
    occ_db_bind_u64(statement, 1, run);
    return occ_db_run(db, statement, err);
}

static OCC_RESULT
go_on(struct occ_db *db, struct merge *merge, struct occ_error *err)
{
    for (size_t i = 0; i < SLICE_ENTRIES; i++) {
        struct input *const from = smallest(merge);
        if (from != NULL) {
            OCC_TRY(occ_index_put(db, &merge->out, occ_block_entry(&from->block, from->next), err));
            from->next++;
            OCC_TRY(refill(db, from, err));
            continue;
        }
        /* The new one is seen and the old ones are not, in one step. */
        OCC_TRY(occ_index_finish_run(db, &merge->out, err));
        for (size_t j = 0; j < OCC_INDEX_FAN; j++) {
            OCC_TRY(kill_run(db, merge->inputs[j].run, err));
        }
        merge->is_active = false;
        return occ_success();
    }
    return occ_success();
}

/* ---- throwing away ---- */

static OCC_RESULT
run_drop(struct occ_db *db, sqlite3_stmt *statement, struct occ_error *err, int *dropped)
{
    OCC_TRY(occ_db_run(db, statement, err));
    *dropped += sqlite3_changes(db->handle);
    return occ_success();
}

/* *ret_did false: there is no dead run. */
static OCC_RESULT
drop_dead(struct occ_db *db, struct occ_error *err, bool *ret_did)
{
    sqlite3_stmt *statement = occ_db_statement(db, OCC_INDEX_DEAD_RUN);
    bool found;
    OCC_TRY(occ_db_step(db, statement, err, &found));
    const uint64_t run = found ? occ_db_u64(statement, 0) : 0;
    (void)sqlite3_reset(statement);
    *ret_did = found;
    if (!found) {
        return occ_success();
    }
    int dropped = 0;
    statement = occ_db_statement(db, OCC_INDEX_DROP_BLOCKS);
    occ_db_bind_u64(statement, 1, run << BLOCK_BITS);
    occ_db_bind_u64(statement, 2, (run + 1) << BLOCK_BITS);
    occ_db_bind_u64(statement, 3, SLICE_DROPS);
    OCC_TRY(run_drop(db, statement, err, &dropped));
    statement = occ_db_statement(db, OCC_INDEX_DROP_FENCES);
    occ_db_bind_u64(statement, 1, run);
    occ_db_bind_u64(statement, 2, SLICE_DROPS);
    OCC_TRY(run_drop(db, statement, err, &dropped));
    if (dropped > 0) {
        return occ_success();
    }
    statement = occ_db_statement(db, OCC_INDEX_DROP_RUN);
    occ_db_bind_u64(statement, 1, run);
    return occ_db_run(db, statement, err);
}

/* ---- a slice ---- */

static OCC_RESULT
step(struct occ_merges *merges, struct occ_db *db, struct occ_error *err, bool *ret_did)
{
    for (uint64_t level = 0; level + 1 < OCC_INDEX_LEVELS; level++) {
        struct merge *const merge = &merges->levels[level];
        size_t count = 0;
        if (!merge->is_active) {
            OCC_TRY(list_inputs(db, level, merge, err, &count));
        }
        if (count == OCC_INDEX_FAN) {
            OCC_TRY(begin(db, level, merge, err));
        }
        if (merge->is_active) {
            *ret_did = true;
            return go_on(db, merge, err);
        }
    }
    return drop_dead(db, err, ret_did);
}

struct occ_result
occ_merges_step(struct occ_merges *merges, struct occ_db *db, struct occ_error *err, bool *ret_did)
{
    OCC_TRY(occ_db_run(db, occ_db_statement(db, OCC_INDEX_BEGIN_WRITE), err));
    bool did = false;
    struct occ_result result = step(merges, db, err, &did);
    if (occ_is_ok(result)) {
        result = occ_db_run(db, occ_db_statement(db, OCC_INDEX_END), err);
    }
    if (!occ_is_ok(result)) {
        (void)occ_db_roll_back(db);
        for (size_t i = 0; i < OCC_INDEX_LEVELS; i++) {
            merges->levels[i].is_active = false;
        }
        return result;
    }
    *ret_did = did;
    return result;
}
