/*
 * tests/unit/ledger/crash.c — a process that writes is killed at a random moment: what it had told as written is there, byte for
 * byte, nothing is half, and the next one goes on.
 */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "unit/ledger/support.h"

enum { ROUNDS = 30, PROOFS_MAX = 300 };

static size_t
count_of(uint64_t position)
{
    return position % 37 == 0 ? PROOFS_MAX : 1 + position % 7;
}

static struct occ_result
put_number(struct occ_ledger *ledger, uint64_t position)
{
    struct occ_error err;
    return put_entry(ledger, "e", position % 2 == 0 ? "" : "odd", position, position * PROOFS_MAX, count_of(position),
                     &err);
}

/* Writes from position on until it is killed; tells each position after it was written. */
static void
write_for_ever(const char *folder, uint64_t position, int fd)
{
    const struct occ_ledger_options options = { .folder = folder, .create = true };
    struct occ_error err;
    struct occ_ledger *ledger;
    if (!occ_is_ok(occ_ledger_open(&options, &err, &ledger))) {
        _exit(1);
    }
    for (;; position++) {
        if (!occ_is_ok(put_number(ledger, position)) || write(fd, &position, sizeof position) != sizeof position) {
            _exit(2);
        }
    }
}

static void
refuse_problem(void *ctx, const char *sentence)
{
    (void)ctx;
    fail_msg("check: %s", sentence);
}

/* How far the ledger goes; all of it is looked at. */
static uint64_t
look(const char *folder)
{
    struct occ_error err = { 0 };
    struct occ_ledger_reader *reader = open_reader(NULL, folder);
    struct seen seen = SEEN_INIT;
    OCC_BUF_AUTO(expected, 64u << 20);
    uint64_t cursor = 0, last = 0;
    assert_ok(occ_ledger_walk(reader, &cursor, SIZE_MAX, see, &seen, &err));
    for (size_t proofs = 0; proofs < seen.count;) {
        last++;
        for (size_t i = 0; i < count_of(last); i++, proofs++) {
            expect_proof(&expected, "e", last % 2 == 0 ? "" : "odd", last * PROOFS_MAX + i, last);
        }
    }
    assert_seen(&seen, &expected);
    assert_ok(occ_ledger_check(reader, refuse_problem, NULL, NULL, &err));
    occ_ledger_reader_free(reader);
    return last;
}

/* Starts one that goes on behind position, kills it after some time; the last position that it told. */
static uint64_t
run_and_kill(const char *folder, uint64_t position, unsigned microseconds)
{
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(pipes[0]);
        write_for_ever(folder, position + 1, pipes[1]);
    }
    close(pipes[1]);
    usleep(microseconds);
    assert_int_equal(kill(child, SIGKILL), 0);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    uint64_t told = position, next;
    while (read(pipes[0], &next, sizeof next) == sizeof next) {
        assert_int_equal(next, told + 1);
        told = next;
    }
    close(pipes[0]);
    return told;
}

static void
test_kill(void **state)
{
    (void)state;
    char *folder = make_folder();
    occ_ledger_close(open_ledger(folder));
    uint64_t last = 0, begin = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const uint64_t told = run_and_kill(folder, last, 5000 + round * 2654435761u % 40000);
        const uint64_t there = look(folder);
        assert_true(there == told || there == told + 1);
        /* What may have been lost on the way is given again. */
        struct occ_ledger *ledger = open_ledger(folder);
        for (uint64_t position = told > 3 ? told - 3 : 1; position <= told + 1; position++) {
            assert_ok(put_number(ledger, position));
        }
        occ_ledger_close(ledger);
        last = told + 1;
        begin = round == 0 ? last : begin;
    }
    assert_true(last > begin);
    assert_int_equal(look(folder), last);
    remove_folder(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_kill) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
