/* ledger.c — opening and closing for writing. See ledger.h. */
#include "ledger/ledger.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "ledger/durable.h"
#include "ledger/queries.h"
#include "ledger/schema.h"
#include "ledger/state.h"
#include "os/clock.h"
#include "os/file.h"

static const char lock_name[] = "ledger.lock";

/* ---- the database ---- */

static int
note_wal(void *ctx, sqlite3 *handle, const char *name, int frames)
{
    struct occ_ledger *const ledger = ctx;
    (void)handle;
    (void)name;
    ledger->wal_frames = (uint64_t)frames;
    return SQLITE_OK;
}

static OCC_RESULT
open_db(struct occ_ledger *ledger, bool create, struct occ_error *err)
{
    const struct occ_db_options options = {
        .folder = ledger->folder, .name = "ledger.db", .vfs = ledger->vfs, .mode = create ? OCC_DB_CREATE : OCC_DB_WRITE
    };
    OCC_TRY(occ_db_open(&options, err, &ledger->db));
    (void)sqlite3_wal_hook(ledger->db.handle, note_wal, ledger); /* in place of SQLite's own, which copies */
    occ_fetch_init(&ledger->fetch, &ledger->db);
    OCC_TRY(occ_schema_apply(&ledger->db, &occ_schema_ledger, true, err));
    OCC_TRY(occ_durable_make(&ledger->db, err)); /* what the process before this one wrote */
    return occ_db_prepare(&ledger->db, occ_query_sql, OCC_QUERIES, err);
}

struct occ_result
occ_state_load(struct occ_ledger *ledger, struct occ_error *err)
{
    struct occ_heads heads = { 0 };
    struct occ_db *const db = &ledger->db;
    sqlite3_stmt *statement = occ_db_statement(db, OCC_QUERY_ROW_LAST);
    bool found;
    OCC_TRY(occ_db_step(db, statement, err, &found));
    if (found) {
        heads.row = occ_db_u64(statement, 0);
        heads.proofs = occ_db_u64(statement, 1) + occ_db_u64(statement, 2);
    }
    (void)sqlite3_reset(statement);
    statement = occ_db_statement(db, OCC_QUERY_MAXIMA);
    OCC_TRY(occ_db_step(db, statement, err, &found));
    heads.epochs = occ_db_u64(statement, 0);
    heads.chains = occ_db_u64(statement, 1);
    heads.document = occ_db_u64(statement, 2);
    (void)sqlite3_reset(statement);
    ledger->heads = heads;
    ledger->proofs = heads.proofs;
    ledger->rows = heads.row;
    return occ_success();
}

void
occ_state_forget_documents(struct occ_ledger *ledger)
{
    for (size_t i = 0; i < OCC_LIMIT_LEDGER_DOCUMENTS; i++) {
        ledger->documents[i].number = 0;
    }
}

/* The digests of rows that the tail does not have yet. */
static OCC_RESULT
extend_tail(struct occ_ledger *ledger, struct occ_error *err)
{
    uint64_t base, last;
    occ_tail_bounds(ledger->tail, &base, &last);
    for (uint64_t row = last + 1; row <= ledger->heads.row; row++) {
        OCC_TRY(occ_fetch_into_tail(&ledger->fetch, row, ledger->tail, err));
        occ_tail_publish(ledger->tail, row);
    }
    return occ_success();
}

struct occ_result
occ_state_reopen(struct occ_ledger *ledger, struct occ_error *err)
{
    occ_fetch_clear(&ledger->fetch);
    occ_db_close(&ledger->db);
    occ_state_forget_documents(ledger);
    OCC_TRY(open_db(ledger, false, err));
    OCC_TRY(occ_state_load(ledger, err));
    /* A transaction that was reported as failed may be there after all. */
    OCC_TRY(extend_tail(ledger, err));
    occ_indexer_notify(ledger->indexer, ledger->heads.row, ledger->heads.proofs);
    ledger->must_reopen = false;
    return occ_success();
}

/* ---- open and close ---- */

static OCC_RESULT
take_lock(struct occ_ledger *ledger, struct occ_error *err)
{
    char *const path = sqlite3_mprintf("%s/%s", ledger->folder, lock_name);
    if (path == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    const struct occ_result result = occ_file_lock(path, err, &ledger->lock_fd);
    sqlite3_free(path);
    return result;
}

/* The tail takes up where the index ends, or, if that is too far back, here: the index must catch up first. */
static OCC_RESULT
make_tail(struct occ_ledger *ledger, const struct occ_index_covered *covered, struct occ_error *err)
{
    sqlite3_stmt *const statement = occ_db_statement(&ledger->db, OCC_QUERY_PROOFS_UP_TO);
    occ_db_bind_u64(statement, 1, covered->row);
    bool found;
    OCC_TRY(occ_db_step(&ledger->db, statement, err, &found));
    const uint64_t proofs = found ? occ_db_u64(statement, 0) : 0;
    (void)sqlite3_reset(statement);
    const bool fits = ledger->heads.proofs - proofs <= OCC_LIMIT_LEDGER_TAIL;
    const struct occ_result made = occ_tail_new(fits ? covered->row : ledger->heads.row, &ledger->tail);
    if (!occ_is_ok(made)) {
        return occ_error_code(err, made.code);
    }
    return fits ? extend_tail(ledger, err) : made;
}

static OCC_RESULT
start_indexer(struct occ_ledger *ledger, struct occ_error *err)
{
    const struct occ_index_options options = { .folder = ledger->folder, .vfs = ledger->vfs };
    struct occ_index_covered covered = { 0 };
    struct occ_indexer_config config = { .folder = ledger->folder, .vfs = ledger->vfs };
    OCC_TRY(occ_indexer_ledger_id(&ledger->db, err, config.ledger));
    config.anew = !occ_indexer_look(&options, &ledger->db, &covered);
    OCC_TRY(make_tail(ledger, &covered, err));
    config.tail = ledger->tail;
    OCC_TRY(occ_indexer_start(&config, err, &ledger->indexer));
    occ_indexer_notify(ledger->indexer, ledger->heads.row, ledger->heads.proofs);
    return occ_success();
}

static OCC_RESULT
open_all(struct occ_ledger *ledger, const struct occ_ledger_options *options, struct occ_error *err)
{
    OCC_TRY(take_lock(ledger, err));
    OCC_TRY(open_db(ledger, options->create, err));
    OCC_TRY(occ_state_load(ledger, err));
    OCC_TRY(occ_copier_start(ledger->folder, ledger->vfs == NULL, err, &ledger->copier));
    return start_indexer(ledger, err);
}

struct occ_result
occ_ledger_open(const struct occ_ledger_options *options, struct occ_error *err, struct occ_ledger **ret_ledger)
{
    struct occ_ledger *const ledger = calloc(1, sizeof *ledger);
    if (ledger == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    ledger->lock_fd = -1;
    ledger->row = OCC_ROW_WRITER_INIT;
    ledger->put = OCC_BUF_INIT(OCC_LIMIT_LEDGER_WRITE_LEN);
    ledger->folder = strdup(options->folder);
    ledger->vfs = options->vfs == NULL ? NULL : strdup(options->vfs);
    for (size_t i = 0; i < OCC_LIMIT_LEDGER_DOCUMENTS; i++) {
        ledger->documents[i].text = OCC_BUF_INIT(OCC_LIMIT_LEDGER_DOCUMENT_LEN);
    }
    const struct occ_result result = ledger->folder == NULL || (options->vfs != NULL && ledger->vfs == NULL)
                                         ? occ_error_code(err, OCC_ERR_NOMEM)
                                         : open_all(ledger, options, err);
    if (!occ_is_ok(result)) {
        occ_ledger_close(ledger);
        return result;
    }
    *ret_ledger = ledger;
    return result;
}

void
occ_ledger_close(struct occ_ledger *ledger)
{
    if (ledger == NULL) {
        return;
    }
    occ_indexer_stop(ledger->indexer);
    occ_copier_stop(ledger->copier);
    occ_fetch_clear(&ledger->fetch);
    occ_db_close(&ledger->db); /* the last connection to a file checkpoints */
    occ_tail_free(ledger->tail);
    occ_buf_clear(&ledger->row.body);
    occ_buf_clear(&ledger->put);
    for (size_t i = 0; i < OCC_LIMIT_LEDGER_DOCUMENTS; i++) {
        occ_buf_clear(&ledger->documents[i].text);
    }
    occ_file_close(ledger->lock_fd);
    free(ledger->folder);
    free(ledger->vfs);
    free(ledger);
}

static uint64_t
size_of(const char *folder, const char *name)
{
    char *const path = sqlite3_mprintf("%s/%s", folder, name);
    struct stat status;
    const uint64_t size = path != NULL && stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
    sqlite3_free(path);
    return size;
}

void
occ_ledger_get_stats(const struct occ_ledger *ledger, struct occ_ledger_stats *ret_stats)
{
    *ret_stats = (struct occ_ledger_stats){ .proofs = ledger->proofs,
                                            .rows = ledger->rows,
                                            .bytes = size_of(ledger->folder, "ledger.db") +
                                                     size_of(ledger->folder, "ledger.db-wal"),
                                            .indexed_proofs = occ_indexer_covered_proofs(ledger->indexer),
                                            .syncs = ledger->syncs,
                                            .last_sync_us = ledger->last_sync_us };
}
