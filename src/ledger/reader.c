/* reader.c — making readers, and what their calls have in common. */
#include "ledger/reader.h"

#include <stdlib.h>

#include "ledger/queries.h"
#include "ledger/schema.h"
#include "ledger/state.h"

static OCC_RESULT
open_all(struct occ_ledger_reader *reader, struct occ_ledger *ledger, const struct occ_ledger_options *options,
         struct occ_error *err)
{
    const struct occ_db_options db = { .folder = ledger != NULL ? ledger->folder : options->folder,
                                       .name = "ledger.db",
                                       .vfs = ledger != NULL ? ledger->vfs : options->vfs,
                                       .mode = OCC_DB_READ };
    reader->folder.folder = strdup(db.folder);
    reader->folder.vfs = db.vfs == NULL ? NULL : strdup(db.vfs);
    if (reader->folder.folder == NULL || (db.vfs != NULL && reader->folder.vfs == NULL)) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    OCC_TRY(occ_db_open(&db, err, &reader->db));
    OCC_TRY(occ_schema_apply(&reader->db, &occ_schema_ledger, false, err));
    OCC_TRY(occ_db_prepare(&reader->db, occ_query_sql, OCC_QUERY_READS, err));
    if (ledger != NULL) {
        reader->tail = ledger->tail;
        reader->indexer = ledger->indexer;
        return occ_success();
    }
    const struct occ_result made = occ_tail_new(0, &reader->own_tail);
    reader->tail = reader->own_tail;
    return occ_is_ok(made) ? made : occ_error_code(err, made.code);
}

struct occ_result
occ_ledger_reader_new(struct occ_ledger *ledger, const struct occ_ledger_options *options, struct occ_error *err,
                      struct occ_ledger_reader **ret_reader)
{
    struct occ_ledger_reader *const reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    reader->places = OCC_BUF_INIT(OCC_LIMIT_LEDGER_TAIL * sizeof(uint64_t));
    occ_fetch_init(&reader->fetch, &reader->db);
    const struct occ_result result = open_all(reader, ledger, options, err);
    if (!occ_is_ok(result)) {
        occ_ledger_reader_free(reader);
        return result;
    }
    *ret_reader = reader;
    return result;
}

void
occ_ledger_reader_free(struct occ_ledger_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    occ_fetch_clear(&reader->fetch);
    occ_db_close(&reader->db);
    occ_db_close(&reader->index);
    free((void *)(uintptr_t)reader->folder.folder);
    free((void *)(uintptr_t)reader->folder.vfs);
    occ_tail_free(reader->own_tail);
    occ_buf_clear(&reader->places);
    free(reader);
}

struct occ_result
occ_reading_begin(struct occ_ledger_reader *reader, struct occ_error *err)
{
    /* A write that failed may have been seen by a call before this one, and its numbers mean something else by now. */
    occ_fetch_forget(&reader->fetch);
    return occ_db_run(&reader->db, occ_db_statement(&reader->db, OCC_QUERY_BEGIN_READ), err);
}

void
occ_reading_end(struct occ_ledger_reader *reader)
{
    /* A transaction that only reads has nothing that could be lost when its end fails. */
    if (!occ_is_ok(occ_db_run(&reader->db, occ_db_statement(&reader->db, OCC_QUERY_END), NULL))) {
        (void)occ_db_roll_back(&reader->db);
    }
}

struct occ_result
occ_reading_last(struct occ_ledger_reader *reader, struct occ_error *err, uint64_t *ret_row, uint64_t *ret_proofs)
{
    sqlite3_stmt *const statement = occ_db_statement(&reader->db, OCC_QUERY_ROW_LAST);
    bool found;
    OCC_TRY(occ_db_step(&reader->db, statement, err, &found));
    *ret_row = found ? occ_db_u64(statement, 0) : 0;
    *ret_proofs = found ? occ_db_u64(statement, 1) + occ_db_u64(statement, 2) : 0;
    (void)sqlite3_reset(statement);
    return occ_success();
}

struct occ_result
occ_reading_proofs(struct occ_ledger_reader *reader, uint64_t row, struct occ_error *err, uint64_t *ret_proofs)
{
    sqlite3_stmt *const statement = occ_db_statement(&reader->db, OCC_QUERY_PROOFS_UP_TO);
    occ_db_bind_u64(statement, 1, row);
    bool found;
    OCC_TRY(occ_db_step(&reader->db, statement, err, &found));
    *ret_proofs = found ? occ_db_u64(statement, 0) : 0;
    (void)sqlite3_reset(statement);
    return occ_success();
}

struct occ_result
occ_reading_visit(struct occ_ledger_reader *reader, occ_ledger_visit *visit, void *ctx, struct occ_error *err)
{
    struct occ_ledger_found found;
    OCC_TRY(occ_fetch_found(&reader->fetch, err, &found));
    return visit(ctx, &found);
}
