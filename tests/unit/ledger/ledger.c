/* tests/unit/ledger/ledger.c — opening: the lock, whose file it is, what cannot be read or written; and trouble that passes. */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "unit/ledger/support.h"

static struct occ_result
try_open(const char *folder, bool create, struct occ_error *err)
{
    const struct occ_ledger_options options = { .folder = folder, .create = create };
    struct occ_ledger *ledger = NULL;
    const struct occ_result result = occ_ledger_open(&options, err, &ledger);
    occ_ledger_close(ledger);
    return result;
}

static struct occ_result
try_read(const char *folder, struct occ_error *err)
{
    const struct occ_ledger_options options = { .folder = folder };
    struct occ_ledger_reader *reader = NULL;
    const struct occ_result result = occ_ledger_reader_new(NULL, &options, err, &reader);
    occ_ledger_reader_free(reader);
    return result;
}

static void
assert_says(const struct occ_error *err, const char *sentence)
{
    if (strstr(err->text, sentence) == NULL) {
        fail_msg("'%s' expected, it says '%s'", sentence, err->text);
    }
}

/* Runs SQL on ledger.db, as another program would. */
static void
run_sql(const char *folder, const char *sql)
{
    char path[512];
    sqlite3 *db;
    (void)snprintf(path, sizeof path, "%s/ledger.db", folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Whatever the umask and the folder allow, only the owner may read what is in it: SQLite gives the other files the same mode. */
static void
test_private(void **state)
{
    struct fixture *const at = *state;
    static const char *const names[] = { "ledger.db", "ledger.db-wal", "ledger.db-shm", "index.db", "ledger.lock" };
    assert_ok(put_entry(at->ledger, "e", "", 1, 1, 1, &at->err));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[512];
        struct stat status;
        (void)snprintf(path, sizeof path, "%s/%s", at->folder, names[i]);
        /* The index is made by a thread of its own, a moment later. */
        for (unsigned tries = 0; tries < 2000 && stat(path, &status) != 0; tries++) {
            usleep(5000);
        }
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
    }
}

static void
test_lock(void **state)
{
    struct fixture *const at = *state;
    char pid[32];
    (void)snprintf(pid, sizeof pid, "process %d", (int)getpid());
    assert_code(try_open(at->folder, true, &at->err), OCC_ERR_LOCKED);
    assert_says(&at->err, pid);
    assert_says(&at->err, "ledger.lock");
    assert_ok(try_read(at->folder, &at->err));
    assert_ok(put_entry(at->ledger, "e", "", 1, 1, 1, &at->err));
}

static void
test_missing(void **state)
{
    struct fixture *const at = *state;
    char *const folder = make_folder();
    assert_code(try_open(folder, false, &at->err), OCC_ERR_NOT_FOUND);
    assert_says(&at->err, "ledger.db");
    assert_code(try_read(folder, &at->err), OCC_ERR_NOT_FOUND);
    assert_code(try_open("/nonexistent/folder", true, &at->err), OCC_ERR_NOT_FOUND);
    assert_ok(try_open(folder, true, &at->err));
    assert_ok(try_open(folder, false, &at->err));
    remove_folder(folder);
}

static void
test_foreign(void **state)
{
    struct fixture *const at = *state;
    char *const folder = make_folder();
    run_sql(folder, "CREATE TABLE x(y)");
    assert_code(try_open(folder, true, &at->err), OCC_ERR_LEDGER_FOREIGN);
    assert_says(&at->err, "another program's file");
    assert_code(try_read(folder, &at->err), OCC_ERR_LEDGER_FOREIGN);
    run_sql(folder, "PRAGMA application_id=1; PRAGMA user_version=1");
    assert_code(try_open(folder, true, &at->err), OCC_ERR_LEDGER_FOREIGN);
    /* It was left as it was. */
    sqlite3 *db;
    sqlite3_stmt *statement;
    char path[512];
    (void)snprintf(path, sizeof path, "%s/ledger.db", folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(statement, 0), "delete");
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(db);
    remove_folder(folder);

    close_fixture(at);
    run_sql(at->folder, "PRAGMA user_version=2");
    assert_code(try_open(at->folder, true, &at->err), OCC_ERR_LEDGER_FOREIGN);
    assert_says(&at->err, "version 2 of the tables, this program knows versions up to 1");
    assert_code(try_read(at->folder, &at->err), OCC_ERR_LEDGER_FOREIGN);
    run_sql(at->folder, "PRAGMA user_version=1");
    assert_ok(try_open(at->folder, true, &at->err));
}

static void
test_not_a_database(void **state)
{
    struct fixture *const at = *state;
    close_fixture(at);
    char path[512];
    (void)snprintf(path, sizeof path, "%s/ledger.db", at->folder);
    FILE *const file = fopen(path, "wb");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++) {
        (void)fputs("not a database ", file);
    }
    fclose(file);
    assert_code(try_open(at->folder, true, &at->err), OCC_ERR_LEDGER_CORRUPT);
    assert_says(&at->err, "ledger.db");
    assert_code(try_read(at->folder, &at->err), OCC_ERR_LEDGER_CORRUPT);
}

/* Root may write everything, so it is somebody else for a while. */
static void
become(uid_t uid)
{
    assert_true(getuid() != 0 || seteuid(uid) == 0);
}

static void
test_read_only(void **state)
{
    struct fixture *const at = *state;
    enum { NOBODY = 65534 };
    assert_ok(put_entry(at->ledger, "e", "", 1, 1, 3, &at->err));
    close_fixture(at);
    char path[512];
    (void)snprintf(path, sizeof path, "%s/ledger.db", at->folder);
    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(chmod(at->folder, 0777), 0);
    (void)snprintf(path, sizeof path, "%s/ledger.lock", at->folder);
    (void)unlink(path);
    become(NOBODY);
    assert_code(try_open(at->folder, true, &at->err), OCC_ERR_LEDGER_READ_ONLY);
    assert_says(&at->err, "ledger.db");
    assert_ok(try_read(at->folder, &at->err));
    become(0);
    /* A folder in which nothing can be made, as on a disk that is mounted read-only. */
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/ledger.db-shm", at->folder);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/ledger.db-wal", at->folder);
    (void)unlink(path);
    assert_int_equal(chmod(at->folder, 0555), 0);
    become(NOBODY);
    struct occ_ledger_reader *const reader = open_reader(NULL, at->folder);
    struct seen seen = SEEN_INIT;
    uint64_t cursor = 0;
    assert_ok(occ_ledger_walk(reader, &cursor, 10, see, &seen, &at->err));
    assert_int_equal(seen.count, 3);
    uint8_t digest[32];
    digest_of(2, digest);
    assert_ok(occ_ledger_by_digest(reader, digest, see, &seen, &at->err));
    assert_int_equal(seen.count, 4);
    occ_buf_clear(&seen.text);
    occ_ledger_reader_free(reader);
    assert_false(occ_is_ok(try_open(at->folder, true, &at->err)));
    become(0);
    /* With a WAL, whose index cannot be made: what is in it must not be passed over in silence. */
    (void)snprintf(path, sizeof path, "%s/ledger.db-wal", at->folder);
    FILE *const wal = fopen(path, "w");
    assert_non_null(wal);
    assert_int_equal(fclose(wal), 0);
    become(NOBODY);
    assert_code(try_read(at->folder, &at->err), OCC_ERR_LEDGER_READ_ONLY);
    assert_says(&at->err, "ledger.db-wal has its newest proofs");
    become(0);
    assert_int_equal(chmod(at->folder, 0700), 0);
}

/* The disk is as good as full: files may not grow. Then they may again, and the same ledger goes on. */
static void
test_full_and_then_not(void **state)
{
    struct fixture *const at = *state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_ok(put_entry(at->ledger, "e", "", 1, 1, 100, &at->err));
    const struct rlimit small = { .rlim_cur = 60000, .rlim_max = before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    uint64_t position = 2;
    while (occ_is_ok(put_entry(at->ledger, "e", "", position, position * 100, 100, &at->err))) {
        position++;
        assert_true(position < 100);
    }
    assert_code(put_entry(at->ledger, "e", "", position, position * 100, 100, &at->err), OCC_ERR_LEDGER_FULL);
    /* Reading goes on. */
    struct seen seen = SEEN_INIT;
    uint64_t cursor = 0;
    assert_ok(occ_ledger_walk(at->reader, &cursor, 10000, see, &seen, &at->err));
    assert_int_equal(seen.count, (position - 1) * 100);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_ok(put_entry(at->ledger, "e", "", position, position * 100, 100, &at->err));
    assert_ok(occ_ledger_walk(at->reader, &cursor, 10000, see, &seen, &at->err));
    assert_int_equal(seen.count, position * 100);
    occ_buf_clear(&seen.text);
}

/* An operator who puts a backup in place of the file, or takes it away, while it is open: nothing is said to be durable. */
static void
test_moved(void **state)
{
    struct fixture *const at = *state;
    char path[512], aside[512];
    (void)snprintf(path, sizeof path, "%s/ledger.db", at->folder);
    (void)snprintf(aside, sizeof aside, "%s/aside", at->folder);
    assert_ok(put_entry(at->ledger, "e", "", 1, 1, 1, &at->err));
    assert_int_equal(rename(path, aside), 0);
    assert_code(put_entry(at->ledger, "e", "", 2, 2, 1, &at->err), OCC_ERR_IO);
    assert_non_null(strstr(at->err.text, "ledger.db: it was removed, or another file is in its place"));
    FILE *const other = fopen(path, "wb");
    assert_non_null(other);
    assert_int_equal(fclose(other), 0);
    assert_code(put_entry(at->ledger, "e", "", 2, 2, 1, &at->err), OCC_ERR_IO);
    assert_int_equal(rename(aside, path), 0);
    assert_ok(put_entry(at->ledger, "e", "", 2, 2, 1, &at->err));
}

/* While somebody reads, the ledger is closed and opened: what is in the WAL cannot be copied away, and it starts all the same. */
static struct occ_result
reopen_meanwhile(void *ctx, const struct occ_ledger_found *found)
{
    struct fixture *const at = ctx;
    assert_int_equal(found->counter, 1);
    reopen_fixture(at);
    assert_ok(put_entry(at->ledger, "e", "", 2, 2, 1, &at->err));
    return occ_success();
}

static void
test_opened_while_read(void **state)
{
    struct fixture *const at = *state;
    assert_ok(put_entry(at->ledger, "e", "", 1, 1, 1, &at->err));
    struct occ_ledger_reader *const own = open_reader(NULL, at->folder);
    uint64_t cursor = 0;
    assert_ok(occ_ledger_walk(own, &cursor, 10, reopen_meanwhile, at, &at->err));
    struct seen seen = SEEN_INIT;
    assert_ok(occ_ledger_walk(own, &cursor, 10, see, &seen, &at->err));
    assert_int_equal(seen.count, 1);
    occ_buf_clear(&seen.text);
    occ_ledger_reader_free(own);
}

static void
test_relative_folder(void **state)
{
    struct fixture *const at = *state;
    char *const folder = make_folder();
    char before[512];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(mkdir("file:x?mode=ro", 0700), 0);
    assert_ok(try_open("file:x?mode=ro", true, &at->err));
    assert_int_equal(access("file:x?mode=ro/ledger.db", F_OK), 0);
    assert_int_equal(chdir("file:x?mode=ro"), 0);
    char here[600];
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(before), 0);
    remove_folder(strdup(here));
    remove_folder(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_private, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lock, setup, teardown),
        cmocka_unit_test_setup_teardown(test_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_foreign, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_a_database, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_and_then_not, setup, teardown),
        cmocka_unit_test_setup_teardown(test_opened_while_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_moved, setup, teardown),
        cmocka_unit_test_setup_teardown(test_relative_folder, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
