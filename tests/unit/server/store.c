/* The store over a real ledger: what was written is read, by threads of its own; an end in between loses no call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "epoch.h"
#include "server/store.h"

enum { READS = 20, GUARD_MS = 20000 };

struct fixture {
    char folder[64];
    struct occ_loop *loop;
    struct occ_timer *guard;
    struct occ_store *store;
    struct job {
        struct occ_store_job job; /* first */
        struct fixture *fixture;
        struct epoch_proof text;
        struct occ_ledger_proof proof;
        struct occ_ledger_entry entry;
        unsigned done;
        enum occ_err code;
    } job;
    struct read {
        struct fixture *fixture;
        unsigned runs, done;
        unsigned found;
    } reads[READS];
    unsigned calls, stop_at;
    atomic_uint running, most_running;
};

static const struct occ_ledger_epoch epoch = { .epoch_id = { (const uint8_t *)EPOCH_A, 64 },
                                               .public_key = { 7 },
                                               .enforcement = { (const uint8_t *)"stub", 4 },
                                               .measurement = { (const uint8_t *)"stub:test", 9 } };

static void
note_call(struct fixture *fixture)
{
    if (++fixture->calls == fixture->stop_at) {
        occ_loop_stop(fixture->loop);
    }
}

static void
on_written(struct occ_store_job *store_job, struct occ_result result)
{
    struct job *job = (struct job *)store_job;
    job->done++;
    job->code = result.code;
    note_call(job->fixture);
}

static struct occ_result
visit(void *ctx, const struct occ_ledger_found *found)
{
    struct read *read = ctx;
    assert_true(occ_bytes_is(found->text, read->fixture->job.text.text));
    read->found++;
    return occ_success();
}

static void
run_read(void *ctx, struct occ_ledger_reader *reader)
{
    struct read *read = ctx;
    struct occ_error err = { 0 };
    read->runs++;
    const unsigned running = atomic_fetch_add(&read->fixture->running, 1) + 1;
    unsigned most = atomic_load(&read->fixture->most_running);
    while (running > most && !atomic_compare_exchange_weak(&read->fixture->most_running, &most, running)) {
    }
    assert_true(occ_is_ok(
        occ_ledger_by_counter(reader, occ_bytes_str(EPOCH_A), occ_bytes_of(NULL, 0), 1, 10, visit, read, &err)));
    atomic_fetch_sub(&read->fixture->running, 1);
}

static void
read_done(void *ctx)
{
    struct read *read = ctx;
    read->done++;
    note_call(read->fixture);
}

static void
on_guard(void *ctx)
{
    (void)ctx;
    fail();
}

static void
set_up(struct fixture *fixture, size_t reads_max)
{
    static const struct occ_events no_log = { 0 };
    struct occ_error err = { 0 };
    *fixture = (struct fixture){ .folder = "/tmp/occ-store-XXXXXX" };
    assert_non_null(mkdtemp(fixture->folder));
    assert_true(occ_is_ok(occ_loop_new(&err, &fixture->loop)));
    assert_true(occ_is_ok(occ_timer_new(fixture->loop, on_guard, fixture, &fixture->guard)));
    occ_timer_start(fixture->guard, GUARD_MS);
    const struct occ_store_config config = {
        .loop = fixture->loop, .events = &no_log, .folder = fixture->folder, .read_threads = 2, .reads_max = reads_max
    };
    assert_true(occ_is_ok(occ_store_new(&config, &err, &fixture->store)));
    struct job *job = &fixture->job;
    job->fixture = fixture;
    job->text = epoch_make_proof(EPOCH_A, 1);
    job->proof = (struct occ_ledger_proof){ .counter = 1, .text = occ_bytes_str(job->text.text) };
    job->entry = (struct occ_ledger_entry){
        .position = 1, .received_ms = 1795646612531, .proof_count = 1, .proofs = &job->proof
    };
    job->job = (struct occ_store_job){ .keep = true, .done = on_written };
    job->job.write = (struct occ_ledger_write){ .epoch = &epoch, .entries = &job->entry, .entry_count = 1 };
}

static void
tear_down(struct fixture *fixture)
{
    occ_store_free(fixture->store);
    occ_timer_free(fixture->guard);
    occ_loop_free(fixture->loop);
    epoch_remove_folder(fixture->folder);
}

static void
start_reads(struct fixture *fixture)
{
    for (unsigned i = 0; i < READS; i++) {
        fixture->reads[i].fixture = fixture;
        assert_true(occ_is_ok(occ_store_read(fixture->store, run_read, read_done, &fixture->reads[i])));
    }
}

static void
test_write_and_read(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture, READS);
    assert_null(occ_store_trouble(fixture.store));
    assert_true(occ_is_ok(occ_store_write(fixture.store, &fixture.job.job)));
    assert_int_equal(occ_store_waiting(fixture.store), 1);
    fixture.stop_at = 1;
    occ_loop_run(fixture.loop);
    assert_int_equal(fixture.job.code, OCC_OK);
    assert_int_equal(occ_store_waiting(fixture.store), 0);
    start_reads(&fixture);
    fixture.stop_at = 1 + READS;
    occ_loop_run(fixture.loop);
    for (unsigned i = 0; i < READS; i++) {
        assert_int_equal(fixture.reads[i].runs, 1);
        assert_int_equal(fixture.reads[i].done, 1);
        assert_int_equal(fixture.reads[i].found, 1);
    }
    assert_true(atomic_load(&fixture.most_running) <= 2);
    struct occ_ledger_stats stats;
    occ_store_get_stats(fixture.store, &stats);
    assert_int_equal(stats.proofs, 1);
    assert_true(stats.syncs >= 1);
    tear_down(&fixture);
}

static void
test_end_in_between(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture, READS);
    assert_true(occ_is_ok(occ_store_write(fixture.store, &fixture.job.job)));
    start_reads(&fixture);
    tear_down(&fixture);
    assert_int_equal(fixture.job.done, 1);
    assert_int_equal(fixture.job.code, OCC_OK);
    for (unsigned i = 0; i < READS; i++) {
        assert_int_equal(fixture.reads[i].done, 1);
    }
}

static void
block(void *ctx, struct occ_ledger_reader *reader)
{
    (void)reader;
    int *fds = ctx;
    char byte;
    assert_int_equal(read(fds[0], &byte, 1), 1);
}

static void
unblocked(void *ctx)
{
    (void)ctx;
}

static void
test_full(void **state)
{
    (void)state;
    struct fixture fixture;
    int fds[2];
    set_up(&fixture, 1);
    assert_int_equal(pipe(fds), 0);
    unsigned taken = 0;
    while (occ_is_ok(occ_store_read(fixture.store, block, unblocked, fds))) {
        taken++;
        assert_true(taken <= 3); /* two threads, and one that waits */
    }
    assert_true(taken >= 1);
    /* What a commit waits for is read all the same. */
    fixture.reads[0].fixture = &fixture;
    assert_true(occ_is_ok(occ_store_read_first(fixture.store, run_read, read_done, &fixture.reads[0])));
    fixture.stop_at = 1;
    occ_loop_run(fixture.loop);
    assert_int_equal(fixture.reads[0].runs, 1);
    for (unsigned i = 0; i < taken; i++) {
        assert_int_equal(write(fds[1], "x", 1), 1);
    }
    tear_down(&fixture);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

/* A second store, of this process or another, does not get the ledger. */
static void
test_locked(void **state)
{
    (void)state;
    struct fixture fixture;
    static const struct occ_events no_log = { 0 };
    struct occ_error err = { 0 };
    struct occ_store *second = NULL;
    set_up(&fixture, 1);
    const struct occ_store_config config = {
        .loop = fixture.loop, .events = &no_log, .folder = fixture.folder, .read_threads = 1, .reads_max = 1
    };
    assert_int_equal(occ_store_new(&config, &err, &second).code, OCC_ERR_LOCKED);
    assert_null(second);
    assert_int_equal(err.code, OCC_ERR_LOCKED);
    tear_down(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_and_read),
        cmocka_unit_test(test_end_in_between),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_locked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
