/* tests/unit/ledger/backup.c — a copy of one moment while a thread goes on writing; the copy is a ledger. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "unit/ledger/support.h"

enum { BEFORE = 60, COUNT = 200 };

struct writing {
    struct occ_ledger *ledger;
    _Atomic bool stop;
    _Atomic uint64_t last;
};

static void *
write_on(void *arg)
{
    struct writing *const writing = arg;
    struct occ_error err;
    while (!writing->stop) {
        const uint64_t position = writing->last + 1;
        assert_ok(put_entry(writing->ledger, "e", "", position, position * COUNT, COUNT, &err));
        writing->last = position;
    }
    return NULL;
}

static void
note_progress(void *ctx, uint64_t done, uint64_t all)
{
    uint64_t *const last = ctx;
    assert_true(done <= all && done >= *last);
    *last = done;
}

static void
refuse_problem(void *ctx, const char *sentence)
{
    (void)ctx;
    fail_msg("check: %s", sentence);
}

static void
test_backup_while_writing(void **state)
{
    struct fixture *const at = *state;
    struct writing writing = { .ledger = at->ledger };
    for (uint64_t position = 1; position <= BEFORE; position++) {
        assert_ok(put_entry(at->ledger, "e", "", position, position * COUNT, COUNT, &at->err));
    }
    writing.last = BEFORE;
    char *const folder = make_folder();
    char file[512];
    (void)snprintf(file, sizeof file, "%s/ledger.db", folder);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, write_on, &writing), 0);
    uint64_t progress = 0;
    assert_ok(occ_ledger_backup(at->folder, file, note_progress, &progress, &at->err));
    const uint64_t last = writing.last;
    writing.stop = true;
    pthread_join(thread, NULL);
    assert_true(progress > 0);
    struct stat status;
    assert_int_equal(stat(file, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);

    assert_code(occ_ledger_backup(at->folder, file, NULL, NULL, &at->err), OCC_ERR_STATE);
    assert_non_null(strstr(at->err.text, "exists already"));

    struct occ_ledger_reader *const reader = open_reader(NULL, folder);
    struct seen seen = SEEN_INIT;
    OCC_BUF_AUTO(expected, 64u << 20);
    uint64_t cursor = 0;
    assert_ok(occ_ledger_walk(reader, &cursor, SIZE_MAX, see, &seen, &at->err));
    assert_true(seen.count % COUNT == 0 && seen.count >= (size_t)BEFORE * COUNT && seen.count <= (last + 1) * COUNT);
    for (uint64_t counter = COUNT; counter < COUNT + seen.count; counter++) {
        expect_proof(&expected, "e", "", counter, counter / COUNT);
    }
    assert_seen(&seen, &expected);
    assert_ok(occ_ledger_check(reader, refuse_problem, NULL, NULL, &at->err));
    occ_ledger_reader_free(reader);
    struct occ_ledger *const copy = open_ledger(folder);
    assert_ok(put_entry(copy, "other", "", 1, 1, 1, &at->err));
    occ_ledger_close(copy);
    remove_folder(folder);
}

static void
test_nothing_to_copy(void **state)
{
    struct fixture *const at = *state;
    assert_code(occ_ledger_backup("/nonexistent", "/tmp/occ-never-made", NULL, NULL, &at->err), OCC_ERR_NOT_FOUND);
    assert_code(occ_ledger_backup(at->folder, "/nonexistent/x", NULL, NULL, &at->err), OCC_ERR_NOT_FOUND);
    assert_int_equal(access("/tmp/occ-never-made", F_OK), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_backup_while_writing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_to_copy, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
