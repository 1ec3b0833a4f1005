/* merge.c — see merge.h. */
#include "ledger/merge.h"

#include <stdlib.h>

#include "ledger/runs.h"

enum { SLICE_ENTRIES = 64 * OCC_BLOCK_ENTRIES, SLICE_DROPS = 256, BLOCK_BITS = 32 };

struct input {
    struct occ_run run;
    uint32_t next_block;
    size_t next; /* in block */
    struct occ_block block;
};

struct merge {
    struct input *inputs; /* the oldest first; NULL: no merge is under way */
    size_t inputs_len;
    struct occ_index_run out;
};

struct occ_merges {
    struct merge levels[OCC_INDEX_LEVELS];
    struct merge settling;
    bool is_levelled; /* false: settling may have raised runs that it did not merge */
};

struct occ_result
occ_merges_new(struct occ_merges **ret_merges)
{
    struct occ_merges *const merges = calloc(1, sizeof *merges);
    OCC_ENSURE(merges != NULL, OCC_ERR_NOMEM);
    *ret_merges = merges;
    return occ_success();
}

static void
end(struct merge *merge)
{
    free(merge->inputs);
    merge->inputs = NULL;
}

static void
end_all(struct occ_merges *merges)
{
    for (size_t i = 0; i < OCC_INDEX_LEVELS; i++) {
        end(&merges->levels[i]);
    }
    end(&merges->settling);
    merges->is_levelled = false;
}

void
occ_merges_free(struct occ_merges *merges)
{
    if (merges != NULL) {
        end_all(merges);
        free(merges);
    }
}

/* ---- a merge ---- */

/* Loads the block in which the next entry is. At the end block.count is 0. */
static OCC_RESULT
refill(struct occ_db *db, struct input *input, struct occ_error *err)
{
    if (input->next < input->block.count) {
        return occ_success();
    }
    input->next = 0;
    input->block.count = 0;
    if (input->next_block == input->run.blocks) {
        return occ_success();
    }
    OCC_TRY(occ_index_block(db, input->run.number, input->next_block, err, &input->block));
    input->next_block++;
    return occ_success();
}

/* runs: count of them, the oldest first, with none in between. */
static OCC_RESULT
begin(struct occ_db *db, struct merge *merge, const struct occ_run *runs, size_t count, uint64_t level,
      struct occ_error *err)
{
    struct occ_index_run *const out = &merge->out;
    OCC_TRY(occ_index_next_number(db, err, &out->number));
    out->level = level;
    out->first_row = runs[0].first_row;
    out->last_row = runs[count - 1].last_row;
    OCC_TRY(occ_index_begin_run(db, out, err));
    merge->inputs = calloc(count, sizeof *merge->inputs);
    OCC_ENSURE(merge->inputs != NULL, OCC_ERR_NOMEM);
    merge->inputs_len = count;
    for (size_t i = 0; i < count; i++) {
        merge->inputs[i].run = runs[i];
        OCC_TRY(refill(db, &merge->inputs[i], err));
    }
    return occ_success();
}

static struct input *
smallest(struct merge *merge)
{
    struct input *best = NULL;
    for (size_t i = 0; i < merge->inputs_len; i++) {
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
        for (size_t j = 0; j < merge->inputs_len; j++) {
            OCC_TRY(occ_runs_kill(db, merge->inputs[j].run.number, err));
        }
        end(merge);
        return occ_success();
    }
    return occ_success();
}

/* ---- OCC_INDEX_FAN runs of a level ---- */

/* No merge of a level is under way: those that there are were of lower levels, which come first. */
static OCC_RESULT
give_up_settling(struct occ_merges *merges, struct occ_db *db, struct occ_error *err)
{
    end(&merges->settling);
    merges->is_levelled = false;
    return occ_runs_kill(db, merges->settling.out.number, err);
}

/*
 * A merge is under way afterwards if there are enough runs, not counting those that are being settled. What they become must not
 * be of a higher level than what comes before it: if it would, so much is new that settling begins anew.
 */
static OCC_RESULT
begin_level(struct occ_merges *merges, uint64_t level, struct occ_db *db, struct occ_error *err)
{
    struct merge *const settling = &merges->settling;
    const bool is_settling = settling->inputs != NULL;
    sqlite3_stmt *const statement = occ_db_statement(db, OCC_INDEX_LEVEL_RUNS);
    occ_db_bind_u64(statement, 1, level);
    occ_db_bind_u64(statement, 2, is_settling ? settling->out.last_row : 0);
    occ_db_bind_u64(statement, 3, OCC_INDEX_FAN);
    struct occ_run runs[OCC_RUNS_MAX];
    size_t count;
    OCC_TRY(occ_runs_list(db, statement, err, runs, &count));
    if (count < OCC_INDEX_FAN) {
        return occ_success();
    }
    if (is_settling && level >= settling->out.level) {
        return give_up_settling(merges, db, err);
    }
    return begin(db, &merges->levels[level], runs, count, level + 1, err);
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

/* ---- settling ---- */

/*
 * How many of the newest runs are to be one: as many as possible, the oldest of which has no more than OCC_INDEX_FAN times the
 * entries of those behind it. 0: none. runs: the newest first.
 */
static size_t
count_unsettled(const struct occ_run *runs, size_t count, uint64_t *ret_entries)
{
    uint64_t entries = 0;
    size_t unsettled = 0;
    for (size_t i = 0; i < count; i++) {
        const bool is_small = i > 0 && runs[i].entries <= OCC_INDEX_FAN * entries;
        entries += runs[i].entries;
        if (is_small) {
            unsettled = i + 1;
            *ret_entries = entries;
        }
    }
    return unsettled;
}

/*
 * No run before the new one has a lower level: the next has more than OCC_INDEX_FAN times its entries, and so a higher level
 * than these alone would give. Newer runs may be merged meanwhile: so those that it is made from get at once its level, which
 * that will not pass.
 */
static OCC_RESULT
begin_settling(struct merge *merge, struct occ_db *db, struct occ_error *err)
{
    struct occ_run runs[OCC_RUNS_MAX], oldest_first[OCC_RUNS_MAX];
    size_t count;
    OCC_TRY(occ_runs_list(db, occ_db_statement(db, OCC_INDEX_NEWEST_RUNS), err, runs, &count));
    uint64_t entries = 0;
    const size_t unsettled = count_unsettled(runs, count, &entries);
    if (unsettled == 0) {
        return occ_success();
    }
    const uint64_t level = occ_runs_level_of(entries, runs[unsettled - 1].level);
    for (size_t i = 0; i < unsettled; i++) {
        oldest_first[i] = runs[unsettled - 1 - i];
        OCC_TRY(occ_runs_set_level(db, &oldest_first[i], level, err));
    }
    return begin(db, merge, oldest_first, unsettled, level, err);
}

/* ---- a slice ---- */

static OCC_RESULT
step(struct occ_merges *merges, bool may_settle, struct occ_db *db, struct occ_error *err, bool *ret_did)
{
    *ret_did = true;
    if (!merges->is_levelled) {
        OCC_TRY(occ_runs_level_all(db, err));
        merges->is_levelled = true;
    }
    for (uint64_t level = 0; level + 1 < OCC_INDEX_LEVELS; level++) {
        struct merge *const merge = &merges->levels[level];
        if (merge->inputs == NULL) {
            OCC_TRY(begin_level(merges, level, db, err));
        }
        if (merge->inputs != NULL) {
            return go_on(db, merge, err);
        }
    }
    OCC_TRY(drop_dead(db, err, ret_did));
    if (*ret_did || !may_settle) {
        return occ_success();
    }
    struct merge *const settling = &merges->settling;
    if (settling->inputs == NULL) {
        OCC_TRY(begin_settling(settling, db, err));
    }
    *ret_did = settling->inputs != NULL;
    return *ret_did ? go_on(db, settling, err) : occ_success();
}

struct occ_result
occ_merges_step(struct occ_merges *merges, bool may_settle, struct occ_db *db, struct occ_error *err, bool *ret_did)
{
    OCC_TRY(occ_db_run(db, occ_db_statement(db, OCC_INDEX_BEGIN_WRITE), err));
    bool did = false;
    struct occ_result result = step(merges, may_settle, db, err, &did);
    if (occ_is_ok(result)) {
        result = occ_db_run(db, occ_db_statement(db, OCC_INDEX_END), err);
    }
    if (!occ_is_ok(result)) {
        (void)occ_db_roll_back(db);
        end_all(merges);
        return result;
    }
    *ret_did = did;
    return result;
}
