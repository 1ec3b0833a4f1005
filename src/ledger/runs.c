/* runs.c — see runs.h. */
#include "ledger/runs.h"

#include <inttypes.h>

/* The run at which a query stands. */
static OCC_RESULT
read_run(struct occ_db *db, sqlite3_stmt *statement, struct occ_error *err, struct occ_run *ret_run)
{
    const struct occ_run run = { .number = occ_db_u64(statement, 0),
                                 .level = occ_db_u64(statement, 1),
                                 .first_row = occ_db_u64(statement, 2),
                                 .last_row = occ_db_u64(statement, 3),
                                 .entries = occ_db_u64(statement, 4),
                                 .blocks = occ_db_u64(statement, 5) };
    const bool is_sound = run.level < OCC_INDEX_LEVELS && run.first_row <= run.last_row && run.blocks <= UINT32_MAX &&
                          run.entries > 0 && (run.entries - 1) / OCC_BLOCK_ENTRIES + 1 == run.blocks;
    if (!is_sound) {
        return occ_error_set(err, OCC_ERR_LEDGER_CORRUPT, "%s: run %" PRIu64 " cannot be as it says", db->path,
                             run.number);
    }
    *ret_run = run;
    return occ_success();
}

struct occ_result
occ_runs_list(struct occ_db *db, sqlite3_stmt *statement, struct occ_error *err, struct occ_run ret_runs[OCC_RUNS_MAX],
              size_t *ret_count)
{
    size_t count = 0;
    for (; count < OCC_RUNS_MAX; count++) {
        bool found;
        OCC_TRY(occ_db_step(db, statement, err, &found));
        if (!found) {
            break;
        }
        const struct occ_result result = read_run(db, statement, err, &ret_runs[count]);
        if (!occ_is_ok(result)) {
            (void)sqlite3_reset(statement);
            return result;
        }
    }
    (void)sqlite3_reset(statement);
    *ret_count = count;
    return occ_success();
}

struct occ_result
occ_runs_kill(struct occ_db *db, uint64_t number, struct occ_error *err)
{
    sqlite3_stmt *const statement = occ_db_statement(db, OCC_INDEX_KILL_RUN);
    occ_db_bind_u64(statement, 1, number);
    return occ_db_run(db, statement, err);
}

uint64_t
occ_runs_level_of(uint64_t entries, uint64_t at_least)
{
    uint64_t level = at_least;
    uint64_t most = OCC_INDEX_RUN_ENTRIES;
    for (uint64_t i = 0; i < level; i++) {
        most *= OCC_INDEX_FAN;
    }
    for (; entries > most; most *= OCC_INDEX_FAN) {
        level++;
    }
    return level;
}

struct occ_result
occ_runs_set_level(struct occ_db *db, const struct occ_run *run, uint64_t level, struct occ_error *err)
{
    if (run->level == level) {
        return occ_success();
    }
    sqlite3_stmt *const statement = occ_db_statement(db, OCC_INDEX_SET_LEVEL);
    occ_db_bind_u64(statement, 1, run->number);
    occ_db_bind_u64(statement, 2, level);
    return occ_db_run(db, statement, err);
}

static OCC_RESULT
level_next(struct occ_db *db, sqlite3_stmt *newest, struct occ_error *err, uint64_t *level)
{
    struct occ_run run;
    OCC_TRY(read_run(db, newest, err, &run));
    *level = occ_runs_level_of(run.entries, *level);
    return occ_runs_set_level(db, &run, *level, err);
}

struct occ_result
occ_runs_level_all(struct occ_db *db, struct occ_error *err)
{
    sqlite3_stmt *const newest = occ_db_statement(db, OCC_INDEX_NEWEST_RUNS);
    struct occ_result result = occ_success();
    uint64_t level = 0;
    for (bool found = true; found && occ_is_ok(result);) {
        result = occ_db_step(db, newest, err, &found);
        if (occ_is_ok(result) && found) {
            result = level_next(db, newest, err, &level);
        }
    }
    (void)sqlite3_reset(newest);
    return result;
}
