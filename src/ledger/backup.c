/* backup.c — a copy of ledger.db while others read and write. */
#include "ledger/db.h"
#include "ledger/ledger.h"
#include "ledger/schema.h"
#include "os/file.h"

enum { STEP_PAGES = 256 };

struct copy {
    struct occ_db *from;
    void (*progress)(void *ctx, uint64_t done, uint64_t all);
    void *ctx;
};

static OCC_RESULT
copy_pages(const struct copy *copy, struct occ_db *to, struct occ_error *err)
{
    sqlite3_backup *const backup = sqlite3_backup_init(to->handle, "main", copy->from->handle, "main");
    if (backup == NULL) {
        return occ_db_fail(to, sqlite3_errcode(to->handle), err);
    }
    int answer;
    do {
        answer = sqlite3_backup_step(backup, STEP_PAGES);
        if (answer == SQLITE_OK && copy->progress != NULL) {
            const int all = sqlite3_backup_pagecount(backup);
            copy->progress(copy->ctx, (uint64_t)(all - sqlite3_backup_remaining(backup)), (uint64_t)all);
        }
    } while (answer == SQLITE_OK);
    const int finished = sqlite3_backup_finish(backup);
    if (answer == SQLITE_DONE && finished == SQLITE_OK) {
        return occ_success();
    }
    /* The error may be of either side; the copy's connection has it. */
    return occ_db_fail(to, answer == SQLITE_DONE ? finished : answer, err);
}

/* Nobody sees the copy before it is whole and synced by the caller, so SQLite need not make it safe on the way. */
static struct occ_result
fill(void *ctx, const char *temporary, struct occ_error *err)
{
    const struct copy *const copy = ctx;
    struct occ_db to;
    OCC_TRY(occ_db_open_plain(temporary, err, &to));
    struct occ_result result = occ_db_exec(&to, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", err);
    if (occ_is_ok(result)) {
        result = copy_pages(copy, &to, err);
    }
    occ_db_close(&to);
    return result;
}

/* A transaction that stays open keeps the moment: without it the copy would begin anew with each write of others. */
static OCC_RESULT
copy_snapshot(const struct copy *copy, const char *file, struct occ_error *err)
{
    uint64_t rows;
    OCC_TRY(occ_db_exec(copy->from, "BEGIN", err));
    OCC_TRY(occ_db_number(copy->from, "SELECT count(*) FROM ledger", err, &rows));
    void *const ctx = (void *)(uintptr_t)copy;
    return occ_file_make(file, fill, ctx, err);
}

struct occ_result
occ_ledger_backup(const char *folder, const char *file, void (*progress)(void *ctx, uint64_t done, uint64_t all),
                  void *ctx, struct occ_error *err)
{
    const struct occ_db_options options = { .folder = folder, .name = "ledger.db", .mode = OCC_DB_READ };
    struct occ_db from;
    OCC_TRY(occ_db_open(&options, err, &from));
    struct occ_result result = occ_schema_apply(&from, &occ_schema_ledger, false, err);
    if (occ_is_ok(result)) {
        const struct copy copy = { .from = &from, .progress = progress, .ctx = ctx };
        result = copy_snapshot(&copy, file, err);
    }
    occ_db_close(&from);
    return result;
}
