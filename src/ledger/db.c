/* db.c — see db.h. */
#include "ledger/db.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "os/file.h"

enum {
    BLOB_LEN_MAX = 16 << 20,
    SQL_LEN_MAX = 64 << 10,
};

static enum occ_err
code_of_errno(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
        return OCC_ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return OCC_ERR_LEDGER_READ_ONLY;
    case ENOSPC:
    case EDQUOT:
    case EFBIG: /* a limit on the size of files */
        return OCC_ERR_LEDGER_FULL;
    default:
        return OCC_ERR_IO;
    }
}

static enum occ_err
code_of(const struct occ_db *db, int answer)
{
    if (answer == SQLITE_IOERR_NOMEM) {
        return OCC_ERR_NOMEM;
    }
    switch (answer & 0xff) {
    case SQLITE_FULL:
        return OCC_ERR_LEDGER_FULL;
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return OCC_ERR_LEDGER_READ_ONLY;
    case SQLITE_CANTOPEN:
        return db->handle == NULL ? OCC_ERR_IO : code_of_errno(sqlite3_system_errno(db->handle));
    case SQLITE_IOERR: /* a quota is an error of its own to the system, and a full disk to whoever has it */
        return db->handle != NULL && code_of_errno(sqlite3_system_errno(db->handle)) == OCC_ERR_LEDGER_FULL
                   ? OCC_ERR_LEDGER_FULL
                   : OCC_ERR_IO;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT: /* keys that are there twice: the tables do not say the same */
        return OCC_ERR_LEDGER_CORRUPT;
    case SQLITE_NOMEM:
        return OCC_ERR_NOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return OCC_ERR_BUSY;
    case SQLITE_TOOBIG:
        return OCC_ERR_LIMIT;
    default:
        return OCC_ERR_INTERNAL;
    }
}

struct occ_result
occ_db_fail(const struct occ_db *db, int answer, struct occ_error *err)
{
    const char *const why = db->handle == NULL ? sqlite3_errstr(answer) : sqlite3_errmsg(db->handle);
    const int reason = db->handle == NULL ? 0 : sqlite3_system_errno(db->handle);
    if ((answer & 0xff) == SQLITE_CANTOPEN && reason != 0) { /* SQLite's own words do not say whether it is there */
        return occ_error_set(err, code_of(db, answer), "%s: cannot be opened: %s", db->path, strerror(reason));
    }
    return occ_error_set(err, code_of(db, answer), "%s: %s", db->path, why);
}

/* ---- opening ---- */

/* "file:…" would be read as a URI, so a relative folder gets "./" in front. */
static char *
path_of(const struct occ_db_options *options)
{
    return sqlite3_mprintf("%s%s/%s", options->folder[0] == '/' ? "" : "./", options->folder, options->name);
}

/* The path as a URI that says that nobody writes to the file. Owned by SQLite's allocator. */
static char *
immutable_uri_of(const char *path)
{
    sqlite3_str *const uri = sqlite3_str_new(NULL);
    sqlite3_str_appendall(uri, "file:");
    for (const char *at = path; *at != '\0'; at++) {
        if (*at == '%' || *at == '?' || *at == '#') {
            sqlite3_str_appendf(uri, "%%%02x", (unsigned)(unsigned char)*at);
        } else {
            sqlite3_str_appendchar(uri, 1, *at);
        }
    }
    sqlite3_str_appendall(uri, "?immutable=1");
    return sqlite3_str_finish(uri);
}

static OCC_RESULT
configure(struct occ_db *db, const struct occ_db_options *options, struct occ_error *err)
{
    (void)sqlite3_limit(db->handle, SQLITE_LIMIT_LENGTH, BLOB_LEN_MAX);
    (void)sqlite3_limit(db->handle, SQLITE_LIMIT_SQL_LENGTH, SQL_LEN_MAX);
    (void)sqlite3_limit(db->handle, SQLITE_LIMIT_ATTACHED, 0);
    (void)sqlite3_limit(db->handle, SQLITE_LIMIT_WORKER_THREADS, 0);
    static const struct {
        int option, value;
    } switches[] = { { SQLITE_DBCONFIG_DEFENSIVE, 1 },
                     { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
                     { SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
                     { SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
                     { SQLITE_DBCONFIG_DQS_DML, 0 },
                     { SQLITE_DBCONFIG_DQS_DDL, 0 },
                     { SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 } };
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++) {
        const int answer = sqlite3_db_config(db->handle, switches[i].option, switches[i].value, NULL);
        if (answer != SQLITE_OK) {
            return occ_db_fail(db, answer, err);
        }
    }
    const int answer = sqlite3_busy_timeout(db->handle, OCC_LIMIT_LEDGER_BUSY_MS);
    if (answer != SQLITE_OK) {
        return occ_db_fail(db, answer, err);
    }
    OCC_TRY(occ_db_exec(db, "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY", err));
    if (options->mode == OCC_DB_READ) {
        return occ_db_exec(db, "PRAGMA query_only=ON; PRAGMA cache_size=-1024", err);
    }
    /* What is derived is written and merged from one end to the other: pages are hardly asked for twice. */
    OCC_TRY(occ_db_exec(db, options->is_derived ? "PRAGMA cache_size=-1024" : "PRAGMA cache_size=-4096", err));
    OCC_TRY(occ_db_exec(db, "PRAGMA secure_delete=OFF; PRAGMA page_size=4096", err));
    OCC_TRY(occ_db_exec(db, "PRAGMA wal_autocheckpoint=2000; PRAGMA journal_size_limit=33554432", err));
    return occ_db_exec(db, options->is_derived ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL", err);
}

static OCC_RESULT
empty(struct occ_db *db, struct occ_error *err)
{
    /* The order is SQLite's: it must have tried to read the schema before. */
    (void)sqlite3_table_column_metadata(db->handle, NULL, "x", NULL, NULL, NULL, NULL, NULL, NULL);
    (void)sqlite3_busy_timeout(db->handle, OCC_LIMIT_LEDGER_BUSY_MS);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_RESET_DATABASE, 1, NULL);
    const struct occ_result result = occ_db_exec(db, "VACUUM", err);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_RESET_DATABASE, 0, NULL);
    return result;
}

static OCC_RESULT
open_and_configure(struct occ_db *db, const char *name, int flags, const struct occ_db_options *options,
                   struct occ_error *err)
{
    const int common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
    const int answer = sqlite3_open_v2(name, &db->handle, flags | common, options->vfs);
    if (answer != SQLITE_OK) {
        return occ_db_fail(db, answer, err);
    }
    if (options->mode != OCC_DB_READ && sqlite3_db_readonly(db->handle, "main") == 1) {
        /* SQLite opens what it may not write for reading and says nothing. */
        return occ_error_set(err, OCC_ERR_LEDGER_READ_ONLY, "%s: cannot be written", db->path);
    }
    OCC_TRY(options->anew ? empty(db, err) : occ_success());
    return configure(db, options, err);
}

/*
 * A reader of a database in WAL mode needs a file of shared memory beside it, which cannot be made on a disk that is
 * read-only. Without a WAL nobody is writing, so it can do without.
 */
static OCC_RESULT
open_for_reading(struct occ_db *db, const struct occ_db_options *options, struct occ_error *err)
{
    uint64_t number;
    struct occ_result looked = open_and_configure(db, db->path, SQLITE_OPEN_READONLY, options, err);
    if (occ_is_ok(looked)) {
        looked = occ_db_number(db, "PRAGMA user_version", err, &number);
    }
    if (looked.code != OCC_ERR_LEDGER_READ_ONLY && looked.code != OCC_ERR_NOT_FOUND) {
        return looked;
    }
    char *const wal = sqlite3_mprintf("%s-wal", db->path), *const uri = immutable_uri_of(db->path);
    const bool has_wal = wal == NULL || access(wal, F_OK) == 0;
    const bool can = looked.code == OCC_ERR_LEDGER_READ_ONLY && uri != NULL && !has_wal;
    (void)sqlite3_close_v2(db->handle);
    db->handle = NULL;
    struct occ_result result = looked;
    if (can) {
        result = open_and_configure(db, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, options, err);
    } else if (wal != NULL && has_wal && access(db->path, R_OK) == 0) {
        result = occ_error_set(err, OCC_ERR_LEDGER_READ_ONLY,
                               "%s: %s has its newest proofs, and can only be read in a folder that can be written",
                               db->path, wal);
    }
    sqlite3_free(wal);
    sqlite3_free(uri);
    return result;
}

struct occ_result
occ_db_open(const struct occ_db_options *options, struct occ_error *err, struct occ_db *ret_db)
{
    struct occ_db db = { .path = path_of(options) };
    if (db.path == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    if (options->mode == OCC_DB_CREATE) {
        /* Metadata and actors are nobody else's business; SQLite would ask the umask. It says better why it cannot be made. */
        struct occ_error unused;
        (void)!occ_is_ok(occ_file_make_empty(db.path, &unused));
    }
    const int flags = SQLITE_OPEN_READWRITE | (options->mode == OCC_DB_CREATE ? SQLITE_OPEN_CREATE : 0);
    const struct occ_result result = options->mode == OCC_DB_READ
                                         ? open_for_reading(&db, options, err)
                                         : open_and_configure(&db, db.path, flags, options, err);
    if (!occ_is_ok(result)) {
        occ_db_close(&db);
        return result;
    }
    *ret_db = db;
    return result;
}

struct occ_result
occ_db_open_plain(const char *path, struct occ_error *err, struct occ_db *ret_db)
{
    struct occ_db db = { .path = sqlite3_mprintf("%s%s", path[0] == '/' ? "" : "./", path) };
    if (db.path == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
    const int answer = sqlite3_open_v2(db.path, &db.handle, flags, NULL);
    if (answer != SQLITE_OK) {
        const struct occ_result result = occ_db_fail(&db, answer, err);
        occ_db_close(&db);
        return result;
    }
    *ret_db = db;
    return occ_success();
}

struct occ_result
occ_db_prepare(struct occ_db *db, const char *const *sql, size_t count, struct occ_error *err)
{
    OCC_ENSURE(count <= OCC_DB_STATEMENTS, OCC_ERR_INTERNAL);
    for (size_t i = 0; i < count; i++) {
        const int answer =
            sqlite3_prepare_v3(db->handle, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &db->statements[i], NULL);
        if (answer != SQLITE_OK) {
            return occ_db_fail(db, answer, err);
        }
        db->statement_count = i + 1;
    }
    return occ_success();
}

void
occ_db_close(struct occ_db *db)
{
    for (size_t i = 0; i < db->statement_count; i++) {
        (void)sqlite3_finalize(db->statements[i]);
    }
    (void)sqlite3_close_v2(db->handle);
    sqlite3_free(db->path);
    *db = (struct occ_db){ 0 };
}

/* ---- statements ---- */

sqlite3_stmt *
occ_db_statement(struct occ_db *db, size_t number)
{
    sqlite3_stmt *const statement = db->statements[number];
    (void)sqlite3_reset(statement); /* says again what the last step said */
    return statement;
}

void
occ_db_bind_bytes(sqlite3_stmt *statement, int parameter, struct occ_bytes bytes)
{
    /* A NULL pointer would be bound as NULL, which is not the empty blob. */
    (void)sqlite3_bind_blob64(statement, parameter, bytes.len == 0 ? (const void *)"" : bytes.ptr, bytes.len,
                              SQLITE_STATIC);
}

void
occ_db_bind_u64(sqlite3_stmt *statement, int parameter, uint64_t value)
{
    (void)sqlite3_bind_int64(statement, parameter, (sqlite3_int64)value);
}

struct occ_bytes
occ_db_bytes(sqlite3_stmt *statement, int column)
{
    const void *const ptr = sqlite3_column_blob(statement, column); /* first: it may change the length */
    const int len = sqlite3_column_bytes(statement, column);
    return occ_bytes_of(ptr, ptr == NULL || len < 0 ? 0 : (size_t)len);
}

uint64_t
occ_db_u64(sqlite3_stmt *statement, int column)
{
    return (uint64_t)sqlite3_column_int64(statement, column);
}

struct occ_result
occ_db_step(struct occ_db *db, sqlite3_stmt *statement, struct occ_error *err, bool *ret_row)
{
    const int answer = sqlite3_step(statement);
    if (answer == SQLITE_ROW || answer == SQLITE_DONE) {
        *ret_row = answer == SQLITE_ROW;
        return occ_success();
    }
    const struct occ_result result = occ_db_fail(db, answer, err);
    (void)sqlite3_reset(statement);
    return result;
}

struct occ_result
occ_db_run(struct occ_db *db, sqlite3_stmt *statement, struct occ_error *err)
{
    bool row;
    OCC_TRY(occ_db_step(db, statement, err, &row));
    (void)sqlite3_reset(statement);
    return occ_success();
}

struct occ_result
occ_db_exec(struct occ_db *db, const char *sql, struct occ_error *err)
{
    const int answer = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return answer == SQLITE_OK ? occ_success() : occ_db_fail(db, answer, err);
}

bool
occ_db_roll_back(struct occ_db *db)
{
    /* After some errors SQLite has done it by itself. */
    return sqlite3_get_autocommit(db->handle) != 0 ||
           sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL) == SQLITE_OK;
}

struct occ_result
occ_db_prepare_one(struct occ_db *db, const char *sql, struct occ_error *err, sqlite3_stmt **ret_statement)
{
    sqlite3_stmt *statement = NULL;
    const int answer = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);
    if (answer != SQLITE_OK) {
        return occ_db_fail(db, answer, err);
    }
    *ret_statement = statement;
    return occ_success();
}

struct occ_result
occ_db_number(struct occ_db *db, const char *sql, struct occ_error *err, uint64_t *ret_value)
{
    sqlite3_stmt *statement = NULL;
    OCC_TRY(occ_db_prepare_one(db, sql, err, &statement));
    bool row = false;
    const struct occ_result result = occ_db_step(db, statement, err, &row);
    if (occ_is_ok(result)) {
        *ret_value = row ? occ_db_u64(statement, 0) : 0;
    }
    (void)sqlite3_finalize(statement);
    return result;
}
