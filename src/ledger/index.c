/* index.c — see index.h. */
#include "ledger/index.h"

#include <inttypes.h>
#include <stdlib.h>

#include "ledger/schema.h"

enum { BLOCK_BITS = 32 };

static const char *const index_steps[] = {
    "CREATE TABLE covered(ledger BLOB NOT NULL, row INTEGER NOT NULL, sum INTEGER NOT NULL) STRICT;"
    "CREATE TABLE runs(number INTEGER PRIMARY KEY, level INTEGER NOT NULL, first_row INTEGER NOT NULL,"
    "  last_row INTEGER NOT NULL, entries INTEGER NOT NULL, blocks INTEGER NOT NULL, state INTEGER NOT NULL) STRICT;"
    "CREATE TABLE blocks(place INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;"
    "CREATE TABLE fences(run INTEGER NOT NULL, first BLOB NOT NULL, block INTEGER NOT NULL,"
    "  PRIMARY KEY(run, first)) STRICT, WITHOUT ROWID;",
};

static const struct occ_schema schema_index = { .application_id = 0x6f636369, /* "occi" */
                                                .steps = index_steps,
                                                .version = sizeof index_steps / sizeof index_steps[0] };

static const char *const index_sql[OCC_INDEX_QUERIES] = {
    [OCC_INDEX_BEGIN_READ] = "BEGIN DEFERRED",
    [OCC_INDEX_END] = "COMMIT",
    [OCC_INDEX_COVERED] = "SELECT ledger, row, sum FROM covered",
    [OCC_INDEX_RUNS] = "SELECT number, blocks FROM runs WHERE state=1 ORDER BY first_row",
    [OCC_INDEX_FENCE] = "SELECT block FROM fences WHERE run=?1 AND first<=?2 ORDER BY first DESC LIMIT 1",
    [OCC_INDEX_BLOCK] = "SELECT body FROM blocks WHERE place=?1",
    [OCC_INDEX_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [OCC_INDEX_SET_COVERED] = "UPDATE covered SET row=?1, sum=?2",
    [OCC_INDEX_PUT_RUN] = "INSERT INTO runs(number, level, first_row, last_row, entries, blocks, state) "
                          "VALUES(?1, ?2, ?3, ?4, 0, 0, 0)",
    [OCC_INDEX_PUT_BLOCK] = "INSERT INTO blocks(place, body) VALUES(?1, ?2)",
    [OCC_INDEX_PUT_FENCE] = "INSERT INTO fences(run, first, block) VALUES(?1, ?2, ?3)",
    [OCC_INDEX_FINISH_RUN] = "UPDATE runs SET entries=?2, blocks=?3, state=1 WHERE number=?1",
    [OCC_INDEX_LEVEL_RUNS] = "SELECT number, level, first_row, last_row, entries, blocks FROM runs "
                             "WHERE state=1 AND level=?1 AND first_row>?2 ORDER BY first_row LIMIT ?3",
    [OCC_INDEX_NEWEST_RUNS] = "SELECT number, level, first_row, last_row, entries, blocks FROM runs "
                              "WHERE state=1 ORDER BY first_row DESC",
    [OCC_INDEX_LAST_RUN] = "SELECT max(number) FROM runs",
    [OCC_INDEX_SET_LEVEL] = "UPDATE runs SET level=?2 WHERE number=?1",
    [OCC_INDEX_KILL_RUN] = "UPDATE runs SET state=2 WHERE number=?1",
    [OCC_INDEX_DEAD_RUN] = "SELECT number FROM runs WHERE state=2 ORDER BY number LIMIT 1",
    [OCC_INDEX_DROP_BLOCKS] = "DELETE FROM blocks WHERE place IN "
                              "(SELECT place FROM blocks WHERE place>=?1 AND place<?2 ORDER BY place LIMIT ?3)",
    [OCC_INDEX_DROP_FENCES] = "DELETE FROM fences WHERE (run, first) IN "
                              "(SELECT run, first FROM fences WHERE run=?1 ORDER BY first LIMIT ?2)",
    [OCC_INDEX_DROP_RUN] = "DELETE FROM runs WHERE number=?1",
};

/* ---- opening ---- */

struct occ_result
occ_index_open_read(const struct occ_index_options *options, struct occ_error *err, struct occ_db *ret_db)
{
    const struct occ_db_options how = {
        .folder = options->folder, .name = "index.db", .vfs = options->vfs, .mode = OCC_DB_READ
    };
    struct occ_db db;
    OCC_TRY(occ_db_open(&how, err, &db));
    struct occ_result result = occ_schema_apply(&db, &schema_index, false, err);
    if (occ_is_ok(result)) {
        result = occ_db_prepare(&db, index_sql, OCC_INDEX_READS, err);
    }
    if (!occ_is_ok(result)) {
        occ_db_close(&db);
        return result;
    }
    *ret_db = db;
    return result;
}

struct occ_result
occ_index_read_covered(struct occ_db *db, struct occ_error *err, struct occ_index_covered *ret_covered)
{
    sqlite3_stmt *const statement = occ_db_statement(db, OCC_INDEX_COVERED);
    bool found;
    OCC_TRY(occ_db_step(db, statement, err, &found));
    struct occ_index_covered covered = { 0 };
    const struct occ_bytes ledger = found ? occ_db_bytes(statement, 0) : occ_bytes_of(NULL, 0);
    const bool is_sound = ledger.len == sizeof covered.ledger;
    if (is_sound) {
        memcpy(covered.ledger, ledger.ptr, sizeof covered.ledger);
        covered.row = occ_db_u64(statement, 1);
        covered.sum = occ_db_u64(statement, 2);
    }
    (void)sqlite3_reset(statement);
    if (!is_sound) {
        return occ_error_set(err, OCC_ERR_LEDGER_CORRUPT, "%s: it does not say whose it is", db->path);
    }
    *ret_covered = covered;
    return occ_success();
}

static OCC_RESULT
put_covered(struct occ_db *db, const uint8_t ledger[16], struct occ_error *err)
{
    sqlite3_stmt *statement;
    OCC_TRY(occ_db_prepare_one(db, "INSERT INTO covered(ledger, row, sum) VALUES(?1, 0, 0)", err, &statement));
    occ_db_bind_bytes(statement, 1, occ_bytes_of(ledger, 16));
    const struct occ_result result = occ_db_run(db, statement, err);
    (void)sqlite3_finalize(statement);
    return result;
}

/* What a process before this one had begun and not finished. */
static OCC_RESULT
kill_unfinished(struct occ_db *db, struct occ_error *err)
{
    return occ_db_exec(db, "UPDATE runs SET state=2 WHERE state=0", err);
}

struct occ_result
occ_index_open_write(const struct occ_index_options *options, bool anew, const uint8_t ledger[16],
                     struct occ_error *err, struct occ_db *ret_db)
{
    const struct occ_db_options how = { .folder = options->folder,
                                        .name = "index.db",
                                        .vfs = options->vfs,
                                        .mode = OCC_DB_CREATE,
                                        .is_derived = true,
                                        .anew = anew };
    struct occ_db db;
    OCC_TRY(occ_db_open(&how, err, &db));
    struct occ_result result = occ_schema_apply(&db, &schema_index, true, err);
    if (occ_is_ok(result) && anew) {
        result = put_covered(&db, ledger, err);
    }
    if (occ_is_ok(result)) {
        result = occ_db_prepare(&db, index_sql, OCC_INDEX_QUERIES, err);
    }
    if (occ_is_ok(result)) {
        result = kill_unfinished(&db, err);
    }
    if (!occ_is_ok(result)) {
        occ_db_close(&db);
        return result;
    }
    *ret_db = db;
    return result;
}

/* ---- writing ---- */

static uint64_t
block_place(uint64_t run, uint32_t n)
{
    return run << BLOCK_BITS | n;
}

struct occ_result
occ_index_next_number(struct occ_db *db, struct occ_error *err, uint64_t *ret_number)
{
    sqlite3_stmt *const statement = occ_db_statement(db, OCC_INDEX_LAST_RUN);
    bool found;
    OCC_TRY(occ_db_step(db, statement, err, &found));
    *ret_number = occ_db_u64(statement, 0) + 1;
    (void)sqlite3_reset(statement);
    return occ_success();
}

struct occ_result
occ_index_begin_run(struct occ_db *db, struct occ_index_run *run, struct occ_error *err)
{
    run->entries = 0;
    run->blocks = 0;
    run->block.count = 0;
    sqlite3_stmt *const statement = occ_db_statement(db, OCC_INDEX_PUT_RUN);
    occ_db_bind_u64(statement, 1, run->number);
    occ_db_bind_u64(statement, 2, run->level);
    occ_db_bind_u64(statement, 3, run->first_row);
    occ_db_bind_u64(statement, 4, run->last_row);
    return occ_db_run(db, statement, err);
}

static OCC_RESULT
put_block(struct occ_db *db, struct occ_index_run *run, struct occ_error *err)
{
    if (run->block.count == 0) {
        return occ_success();
    }
    sqlite3_stmt *statement = occ_db_statement(db, OCC_INDEX_PUT_BLOCK);
    occ_db_bind_u64(statement, 1, block_place(run->number, run->blocks));
    occ_db_bind_bytes(statement, 2, occ_block_seal(&run->block));
    OCC_TRY(occ_db_run(db, statement, err));
    statement = occ_db_statement(db, OCC_INDEX_PUT_FENCE);
    occ_db_bind_u64(statement, 1, run->number);
    occ_db_bind_bytes(statement, 2, occ_bytes_of(occ_block_entry(&run->block, 0), OCC_BLOCK_ENTRY_LEN));
    occ_db_bind_u64(statement, 3, run->blocks);
    OCC_TRY(occ_db_run(db, statement, err));
    run->blocks++;
    run->block.count = 0;
    return occ_success();
}

struct occ_result
occ_index_put(struct occ_db *db, struct occ_index_run *run, const uint8_t entry[OCC_BLOCK_ENTRY_LEN],
              struct occ_error *err)
{
    if (run->block.count == OCC_BLOCK_ENTRIES) {
        OCC_TRY(put_block(db, run, err));
    }
    occ_block_put(&run->block, entry);
    run->entries++;
    return occ_success();
}

struct occ_result
occ_index_finish_run(struct occ_db *db, struct occ_index_run *run, struct occ_error *err)
{
    OCC_TRY(put_block(db, run, err));
    sqlite3_stmt *const statement = occ_db_statement(db, OCC_INDEX_FINISH_RUN);
    occ_db_bind_u64(statement, 1, run->number);
    occ_db_bind_u64(statement, 2, run->entries);
    occ_db_bind_u64(statement, 3, run->blocks);
    return occ_db_run(db, statement, err);
}

static int
compare_entries(const void *a, const void *b)
{
    return memcmp(a, b, OCC_BLOCK_ENTRY_LEN);
}

static OCC_RESULT
add(struct occ_db *db, const uint8_t *entries, size_t count, const struct occ_index_covered *covered,
    struct occ_error *err)
{
    struct occ_index_covered before;
    OCC_TRY(occ_index_read_covered(db, err, &before));
    if (count > 0) {
        struct occ_index_run run = { .first_row = before.row + 1, .last_row = covered->row };
        OCC_TRY(occ_index_next_number(db, err, &run.number));
        OCC_TRY(occ_index_begin_run(db, &run, err));
        for (size_t i = 0; i < count; i++) {
            OCC_TRY(occ_index_put(db, &run, entries + i * OCC_BLOCK_ENTRY_LEN, err));
        }
        OCC_TRY(occ_index_finish_run(db, &run, err));
    }
    sqlite3_stmt *const statement = occ_db_statement(db, OCC_INDEX_SET_COVERED);
    occ_db_bind_u64(statement, 1, covered->row);
    occ_db_bind_u64(statement, 2, covered->sum);
    OCC_TRY(occ_db_run(db, statement, err));
    return occ_db_run(db, occ_db_statement(db, OCC_INDEX_END), err);
}

struct occ_result
occ_index_add(struct occ_db *db, uint8_t *entries, size_t count, const struct occ_index_covered *covered,
              struct occ_error *err)
{
    qsort(entries, count, OCC_BLOCK_ENTRY_LEN, compare_entries);
    OCC_TRY(occ_db_run(db, occ_db_statement(db, OCC_INDEX_BEGIN_WRITE), err));
    const struct occ_result result = add(db, entries, count, covered, err);
    if (!occ_is_ok(result)) {
        (void)occ_db_roll_back(db);
    }
    return result;
}

/* ---- reading ---- */

struct occ_result
occ_index_block(struct occ_db *db, uint64_t run, uint32_t n, struct occ_error *err, struct occ_block *ret_block)
{
    sqlite3_stmt *const statement = occ_db_statement(db, OCC_INDEX_BLOCK);
    occ_db_bind_u64(statement, 1, block_place(run, n));
    bool found;
    OCC_TRY(occ_db_step(db, statement, err, &found));
    const struct occ_result opened =
        found ? occ_block_open(occ_db_bytes(statement, 0), ret_block) : occ_result_of(OCC_ERR_LEDGER_CORRUPT);
    (void)sqlite3_reset(statement);
    if (!occ_is_ok(opened)) {
        return occ_error_set(err, opened.code, "%s: block %" PRIu32 " of run %" PRIu64 " is missing or damaged",
                             db->path, n, run);
    }
    return opened;
}

/* The block in which the first entry that is not below key is, or the one before that. */
static OCC_RESULT
first_block(struct occ_db *db, uint64_t run, const uint8_t key[OCC_BLOCK_ENTRY_LEN], struct occ_error *err,
            uint32_t *ret_n)
{
    sqlite3_stmt *const statement = occ_db_statement(db, OCC_INDEX_FENCE);
    occ_db_bind_u64(statement, 1, run);
    occ_db_bind_bytes(statement, 2, occ_bytes_of(key, OCC_BLOCK_ENTRY_LEN));
    bool found;
    OCC_TRY(occ_db_step(db, statement, err, &found));
    *ret_n = found ? (uint32_t)occ_db_u64(statement, 0) : 0;
    (void)sqlite3_reset(statement);
    return occ_success();
}

struct occ_result
occ_index_check_fence(struct occ_db *db, uint64_t run, uint32_t n, const struct occ_block *block, struct occ_error *err)
{
    uint32_t found;
    OCC_TRY(first_block(db, run, occ_block_entry(block, block->count - 1), err, &found));
    if (found != n) {
        return occ_error_set(err, OCC_ERR_LEDGER_CORRUPT, "%s: block %" PRIu32 " of run %" PRIu64 " is not found",
                             db->path, n, run);
    }
    return occ_success();
}

struct wanted {
    const uint8_t *digest;
    struct occ_result (*take)(void *ctx, uint64_t place);
    void *ctx;
};

static OCC_RESULT
find_in_run(struct occ_db *db, uint64_t run, uint64_t blocks, const struct wanted *wanted, struct occ_error *err)
{
    uint8_t key[OCC_BLOCK_ENTRY_LEN];
    occ_block_make_entry(wanted->digest, 0, key);
    uint32_t n;
    OCC_TRY(first_block(db, run, key, err, &n));
    for (; n < blocks; n++) {
        struct occ_block block;
        OCC_TRY(occ_index_block(db, run, n, err, &block));
        for (size_t i = 0; i < block.count; i++) {
            const uint8_t *const entry = occ_block_entry(&block, i);
            const int order = memcmp(entry, wanted->digest, 32);
            if (order > 0) {
                return occ_success();
            }
            if (order == 0) {
                OCC_TRY(wanted->take(wanted->ctx, occ_block_place(entry)));
            }
        }
    }
    return occ_success();
}

struct occ_result
occ_index_find(struct occ_db *db, const uint8_t digest[32], struct occ_result (*take)(void *ctx, uint64_t place),
               void *ctx, struct occ_error *err)
{
    const struct wanted wanted = { .digest = digest, .take = take, .ctx = ctx };
    sqlite3_stmt *const runs = occ_db_statement(db, OCC_INDEX_RUNS);
    for (;;) {
        bool found;
        OCC_TRY(occ_db_step(db, runs, err, &found));
        if (!found) {
            break;
        }
        const struct occ_result result = find_in_run(db, occ_db_u64(runs, 0), occ_db_u64(runs, 1), &wanted, err);
        if (!occ_is_ok(result)) {
            (void)sqlite3_reset(runs);
            return result;
        }
    }
    (void)sqlite3_reset(runs);
    return occ_success();
}
