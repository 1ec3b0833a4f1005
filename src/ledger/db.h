/*
 * db.h — a connection to one of the ledger's SQLite files: opening it with our settings, statements that are prepared
 * once, and SQLite's errors as codes of ours.
 *
 * Settings of every connection, and why:
 *   journal_mode WAL         readers never wait for the writer, and a commit is one append and one sync
 *   trusted_schema off, defensive, no triggers, no views, no extensions   a file from elsewhere cannot make us run anything
 *   cell_size_check on       a damaged page is refused when it is read, not when it has been used
 *   mmap_size 0              a disk that cannot be read is an error, not a signal
 *   cache_size               bounded, and small: the operating system keeps pages too
 *   temp_store memory        nothing of ours is sorted by SQLite; it never opens a file elsewhere
 * Settings of a writer: synchronous as asked for, page size 4096 (what a lone commit touches is four or five pages; a
 * larger page would be written whole for each), wal_autocheckpoint (where nobody else copies: copier.h) and
 * journal_size_limit (the WAL stays below some tens of MB), secure_delete off (there is nothing secret in it, and zeros would be written).
 */
#ifndef OCC_LEDGER_DB_H
#define OCC_LEDGER_DB_H

#include <sqlite3.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/result.h"

enum { OCC_DB_STATEMENTS = 40 };

struct occ_db {
    sqlite3 *handle; /* NULL = closed */
    char *path;      /* owned */
    sqlite3_stmt *statements[OCC_DB_STATEMENTS];
    size_t statement_count;
};

struct occ_db_options {
    const char *folder, *name; /* the file is folder/name */
    const char *vfs;           /* NULL = the usual one */
    enum occ_db_mode { OCC_DB_READ, OCC_DB_WRITE, OCC_DB_CREATE } mode;
    bool is_derived; /* it can be made anew: commits are not synced, only ordered */
    bool anew;       /* whatever is in the file, it is emptied first; in place, for others may have it open */
};

/*
 * Opens. OCC_ERR_NOT_FOUND, OCC_ERR_LEDGER_READ_ONLY, OCC_ERR_LEDGER_CORRUPT, OCC_ERR_IO, OCC_ERR_NOMEM, OCC_ERR_BUSY.
 * *db is closed then. One thread at a time uses a connection.
 */
OCC_RESULT occ_db_open(const struct occ_db_options *options, struct occ_error *err, struct occ_db *ret_db);
/* An existing file for writing, by its path alone and with none of the settings above: for a copy. */
OCC_RESULT occ_db_open_plain(const char *path, struct occ_error *err, struct occ_db *ret_db);
/* Prepares the statements: sql[i] becomes number i. At most OCC_DB_STATEMENTS. */
OCC_RESULT occ_db_prepare(struct occ_db *db, const char *const *sql, size_t count, struct occ_error *err);
/* Finalizes and closes. A closed one is left alone. */
void occ_db_close(struct occ_db *db);

/*
 * A prepared statement, reset, to be bound and stepped. Bound bytes are not copied: they must live until the last step.
 */
sqlite3_stmt *occ_db_statement(struct occ_db *db, size_t number);
void occ_db_bind_bytes(sqlite3_stmt *statement, int parameter, struct occ_bytes bytes);
void occ_db_bind_u64(sqlite3_stmt *statement, int parameter, uint64_t value); /* up to INT64_MAX */
/* A column of the row that stands; bytes are valid until the next step or reset. */
struct occ_bytes occ_db_bytes(sqlite3_stmt *statement, int column);
uint64_t occ_db_u64(sqlite3_stmt *statement, int column);
/* The next row: *ret_row false = there is none. The caller resets. */
OCC_RESULT occ_db_step(struct occ_db *db, sqlite3_stmt *statement, struct occ_error *err, bool *ret_row);
/* Steps to the end of a statement that gives no rows, and resets it. */
OCC_RESULT occ_db_run(struct occ_db *db, sqlite3_stmt *statement, struct occ_error *err);
/* The same for one text, which is never made from input. */
OCC_RESULT occ_db_exec(struct occ_db *db, const char *sql, struct occ_error *err);
/*
 * Ends the transaction that is open, if there is one, without it. False: SQLite could not; the connection is of no use
 * any more.
 */
bool occ_db_roll_back(struct occ_db *db);
/* A statement for a few uses; the caller finalizes it. */
OCC_RESULT occ_db_prepare_one(struct occ_db *db, const char *sql, struct occ_error *err, sqlite3_stmt **ret_statement);
/* The one number that a text gives. */
OCC_RESULT occ_db_number(struct occ_db *db, const char *sql, struct occ_error *err, uint64_t *ret_value);

/* The code that an answer of SQLite is, and a sentence with the file in it. */
struct occ_result occ_db_fail(const struct occ_db *db, int answer, struct occ_error *err);

#endif
