/* durable.c — see durable.h. */
#include "ledger/durable.h"

enum { CHUNK_LEN = 64 << 10 };

/* Each byte of the file is written where it is: the system must write its pages again, and nobody sees a change. */
static int
write_anew(sqlite3_file *file)
{
    static const int sync_flags = SQLITE_SYNC_NORMAL;
    uint8_t chunk[CHUNK_LEN];
    sqlite3_int64 size = 0;
    int answer = file->pMethods->xFileSize(file, &size);
    for (sqlite3_int64 at = 0; answer == SQLITE_OK && at < size; at += CHUNK_LEN) {
        const int len = size - at < CHUNK_LEN ? (int)(size - at) : CHUNK_LEN;
        answer = file->pMethods->xRead(file, chunk, len, at);
        answer = answer == SQLITE_OK ? file->pMethods->xWrite(file, chunk, len, at) : answer;
    }
    return answer == SQLITE_OK ? file->pMethods->xSync(file, sync_flags) : answer;
}

/* Within a transaction, which keeps other writers away. */
static OCC_RESULT
write_wal_anew(struct occ_db *db, struct occ_error *err)
{
    sqlite3_file *wal = NULL;
    int answer = sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
    if (answer == SQLITE_OK) {
        answer = wal == NULL || wal->pMethods == NULL ? SQLITE_INTERNAL : write_anew(wal);
    }
    return answer == SQLITE_OK ? occ_success() : occ_db_fail(db, answer, err);
}

/*
 * The WAL is made durable before it is copied into the database: if the power failed in between, and the disk had only a part of
 * the WAL, the older pages in that part would come back over the newer ones in the database. The copy, and the WAL's new
 * beginning, only keep it short: while others read it cannot be done, and need not.
 */
struct occ_result
occ_durable_make(struct occ_db *db, struct occ_error *err)
{
    OCC_TRY(occ_db_exec(db, "BEGIN IMMEDIATE", err));
    const struct occ_result written = write_wal_anew(db, err);
    const bool is_over = occ_db_roll_back(db);
    OCC_TRY(written);
    if (!is_over) {
        return occ_error_code(err, OCC_ERR_IO);
    }
    (void)sqlite3_busy_timeout(db->handle, 0);
    const int answer = sqlite3_wal_checkpoint_v2(db->handle, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    (void)sqlite3_busy_timeout(db->handle, OCC_LIMIT_LEDGER_BUSY_MS);
    return answer == SQLITE_OK || (answer & 0xff) == SQLITE_BUSY ? occ_success() : occ_db_fail(db, answer, err);
}
