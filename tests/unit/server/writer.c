/*
 * Writes on their way to the ledger: they gather while one is synced, share a transaction, keep their order; and what becomes
 * of them when the ledger cannot be written. The ledger is this test's: it can be held up and told to fail.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "server/jobs.h"
#include "server/writer.h"

enum { JOBS = 6, GUARD_MS = 20000, WRITES_MAX = 32 };

/* ---- the ledger that is played; lock guards all of it ---- */

struct occ_ledger {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool held;         /* a write waits until it is let go */
    unsigned begun;    /* writes */
    enum occ_err fail; /* what writes are to give */
    unsigned at_fault; /* a write with this position is OCC_ERR_NOT_FOUND */
    unsigned writes;
    unsigned old; /* how often there is something to be forgotten */
    unsigned forgotten;
    char seen[WRITES_MAX][64]; /* of each good write: "epoch:position,position" */
};

struct occ_result
occ_ledger_write(struct occ_ledger *ledger, const struct occ_ledger_write *write, struct occ_error *err)
{
    (void)pthread_mutex_lock(&ledger->lock);
    ledger->begun++;
    (void)pthread_cond_broadcast(&ledger->changed);
    while (ledger->held) {
        (void)pthread_cond_wait(&ledger->changed, &ledger->lock);
    }
    enum occ_err code = ledger->fail;
    for (size_t i = 0; i < write->entry_count; i++) {
        code = write->entries[i].position == ledger->at_fault ? OCC_ERR_NOT_FOUND : code;
    }
    if (code == OCC_OK) {
        OCC_BUF_AUTO(text, 64);
        occ_buf_put(&text, write->entry_count > 0 ? write->epoch->epoch_id : occ_bytes_str("tokens"));
        for (size_t i = 0; i < write->entry_count; i++) {
            occ_buf_put_byte(&text, i == 0 ? ':' : ',');
            occ_buf_put_u64(&text, write->entries[i].position);
        }
        occ_buf_put_byte(&text, 0);
        memcpy(ledger->seen[ledger->writes++], text.ptr, text.len);
    }
    (void)pthread_mutex_unlock(&ledger->lock);
    return code == OCC_OK ? occ_success() : occ_error_set(err, code, "ledger.db: told to fail");
}

struct occ_result
occ_ledger_forget_repeats(struct occ_ledger *ledger, uint64_t now_ms, bool *ret_more, struct occ_error *err)
{
    (void)err;
    assert_true(now_ms > 1600000000000u);
    (void)pthread_mutex_lock(&ledger->lock);
    ledger->forgotten++;
    *ret_more = ledger->forgotten < ledger->old;
    (void)pthread_mutex_unlock(&ledger->lock);
    return occ_success();
}

static void
tell(struct occ_ledger *ledger, bool held, enum occ_err fail)
{
    (void)pthread_mutex_lock(&ledger->lock);
    ledger->held = held;
    ledger->fail = fail;
    (void)pthread_cond_broadcast(&ledger->changed);
    (void)pthread_mutex_unlock(&ledger->lock);
}

static bool
has_begun(struct occ_ledger *ledger)
{
    (void)pthread_mutex_lock(&ledger->lock);
    const bool begun = ledger->begun > 0;
    (void)pthread_mutex_unlock(&ledger->lock);
    return begun;
}

/* ---- the test's own jobs ---- */

struct job {
    struct occ_store_job job; /* first */
    struct fixture *fixture;
    struct occ_ledger_entry entry;
    struct occ_ledger_proof proof;
    unsigned done, kept;
    enum occ_err done_code, kept_code;
};

struct fixture {
    struct occ_ledger ledger;
    struct occ_loop *loop;
    struct occ_writer *writer;
    struct occ_timer *guard, *look, *turned;
    struct job jobs[JOBS];
    unsigned calls, stop_at; /* the loop is stopped at so many calls of done and kept */
    bool stop_when_well;
    char order[32]; /* "d0d1k0": which was called, in order */
    unsigned troubles, wells;
    void (*in_trouble)(struct fixture *fixture);
    uint64_t troubled_ms;
    unsigned written; /* calls of on_written */
};

static const struct occ_ledger_epoch epoch_a = { .epoch_id = { (const uint8_t *)"a", 1 }, .public_key = { 1 } };
static const struct occ_ledger_epoch epoch_b = { .epoch_id = { (const uint8_t *)"b", 1 }, .public_key = { 2 } };

static void
note_call(struct job *job, char what)
{
    struct fixture *fixture = job->fixture;
    fixture->order[2 * fixture->calls] = what;
    fixture->order[2 * fixture->calls + 1] = (char)('0' + (job - fixture->jobs));
    if (++fixture->calls == fixture->stop_at) {
        occ_loop_stop(fixture->loop);
    }
}

static void
on_done(struct occ_store_job *store_job, struct occ_result result)
{
    struct job *job = (struct job *)store_job;
    job->done++;
    job->done_code = result.code;
    note_call(job, 'd');
}

static void
on_kept(struct occ_store_job *store_job, struct occ_result result)
{
    struct job *job = (struct job *)store_job;
    job->kept++;
    job->kept_code = result.code;
    note_call(job, 'k');
}

static void
on_trouble(void *ctx, const char *why)
{
    struct fixture *fixture = ctx;
    if (why == NULL) {
        fixture->wells++;
        if (fixture->stop_when_well) {
            occ_loop_stop(fixture->loop);
        }
        return;
    }
    assert_string_equal(why, occ_writer_trouble(fixture->writer));
    fixture->troubles++;
    if (fixture->in_trouble != NULL) {
        fixture->in_trouble(fixture);
    }
}

static void
on_written(void *ctx, uint64_t duration_us)
{
    struct fixture *fixture = ctx;
    assert_true(duration_us < (uint64_t)GUARD_MS * 1000);
    fixture->written++;
}

static void
on_guard(void *ctx)
{
    (void)ctx;
    fail();
}

static void
set_up(struct fixture *fixture)
{
    static const struct occ_events no_log = { 0 };
    struct occ_error err = { 0 };
    *fixture = (struct fixture){ .stop_at = ~0u };
    assert_int_equal(pthread_mutex_init(&fixture->ledger.lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&fixture->ledger.changed, NULL), 0);
    assert_true(occ_is_ok(occ_loop_new(&err, &fixture->loop)));
    assert_true(occ_is_ok(occ_timer_new(fixture->loop, on_guard, fixture, &fixture->guard)));
    occ_timer_start(fixture->guard, GUARD_MS);
    const struct occ_writer_config config = { .loop = fixture->loop,
                                              .events = &no_log,
                                              .ledger = &fixture->ledger,
                                              .stuck_ms = 20,
                                              .on_trouble = on_trouble,
                                              .on_written = on_written,
                                              .ctx = fixture };
    assert_true(occ_is_ok(occ_writer_new(&config, &fixture->writer)));
    for (unsigned i = 0; i < JOBS; i++) {
        struct job *job = &fixture->jobs[i];
        job->fixture = fixture;
        job->proof = (struct occ_ledger_proof){ .counter = i + 1, .text = occ_bytes_str("{}") };
        job->entry = (struct occ_ledger_entry){ .position = i + 1, .proof_count = 1, .proofs = &job->proof };
        job->job = (struct occ_store_job){ .keep = true, .done = on_done, .kept = on_kept };
        job->job.write = (struct occ_ledger_write){ .epoch = &epoch_a, .entries = &job->entry, .entry_count = 1 };
    }
}

static void
end_writer(struct fixture *fixture)
{
    occ_writer_free(fixture->writer);
    fixture->writer = NULL;
}

static void
tear_down(struct fixture *fixture)
{
    occ_writer_free(fixture->writer);
    occ_timer_free(fixture->guard);
    occ_loop_free(fixture->loop);
    (void)pthread_cond_destroy(&fixture->ledger.changed);
    (void)pthread_mutex_destroy(&fixture->ledger.lock);
}

static void
write_job(struct fixture *fixture, unsigned index)
{
    assert_true(occ_is_ok(occ_writer_write(fixture->writer, &fixture->jobs[index].job)));
    assert_int_equal(fixture->jobs[index].done, 0); /* never from the call itself */
}

static void
on_turned(void *ctx)
{
    struct fixture *fixture = ctx;
    if (has_begun(&fixture->ledger)) {
        occ_loop_stop(fixture->loop);
    } else {
        occ_timer_start(fixture->turned, 1);
    }
}

/* The job is on the ledger's thread, alone, when this returns: what is written from now on waits. */
static void
begin_job(struct fixture *fixture, unsigned index)
{
    write_job(fixture, index);
    assert_true(occ_is_ok(occ_timer_new(fixture->loop, on_turned, fixture, &fixture->turned)));
    occ_timer_start(fixture->turned, 1);
    occ_loop_run(fixture->loop);
    occ_timer_free(fixture->turned);
}

/* Runs the loop until so many calls of done and kept were made in all. */
static void
run_until(struct fixture *fixture, unsigned calls)
{
    fixture->stop_at = calls;
    if (fixture->calls < calls) {
        occ_loop_run(fixture->loop);
    }
    assert_int_equal(fixture->calls, calls);
}

/* ---- gathering ---- */

static void
test_alone(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    assert_null(occ_writer_trouble(fixture.writer));
    tell(&fixture.ledger, true, OCC_OK);
    begin_job(&fixture, 0); /* it does not wait for company */
    assert_int_equal(occ_writer_waiting(fixture.writer), 1);
    tell(&fixture.ledger, false, OCC_OK);
    run_until(&fixture, 1);
    assert_int_equal(fixture.jobs[0].done_code, OCC_OK);
    assert_int_equal(fixture.jobs[0].kept, 0);
    assert_int_equal(occ_writer_waiting(fixture.writer), 0);
    assert_string_equal(fixture.ledger.seen[0], "a:1");
    tear_down(&fixture);
}

/* What comes in one turn of the loop shares a transaction. */
static void
test_turn(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    for (unsigned i = 0; i < 3; i++) {
        write_job(&fixture, i);
    }
    run_until(&fixture, 3);
    assert_string_equal(fixture.order, "d0d1d2");
    assert_int_equal(fixture.ledger.writes, 1);
    assert_string_equal(fixture.ledger.seen[0], "a:1,2,3");
    tear_down(&fixture);
}

/* What comes during a sync shares the next; another epoch does not. */
static void
test_gathers(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    tell(&fixture.ledger, true, OCC_OK);
    fixture.jobs[4].job.write.epoch = &epoch_b;
    begin_job(&fixture, 0);
    for (unsigned i = 1; i < 5; i++) {
        write_job(&fixture, i);
    }
    assert_int_equal(occ_writer_waiting(fixture.writer), 5);
    tell(&fixture.ledger, false, OCC_OK);
    run_until(&fixture, 5);
    assert_string_equal(fixture.order, "d0d1d2d3d4");
    assert_int_equal(fixture.ledger.writes, 3);
    assert_string_equal(fixture.ledger.seen[0], "a:1");
    assert_string_equal(fixture.ledger.seen[1], "a:2,3,4");
    assert_string_equal(fixture.ledger.seen[2], "b:5");
    assert_int_equal(fixture.written, 3);
    tear_down(&fixture);
}

/* Tokens go with any epoch. */
static void
test_tokens_join(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    const struct occ_ledger_token token = { .text = occ_bytes_str("{}") };
    tell(&fixture.ledger, true, OCC_OK);
    fixture.jobs[1].job.write = (struct occ_ledger_write){ .tokens = &token, .token_count = 1 };
    fixture.jobs[3].job.write = (struct occ_ledger_write){ .tokens = &token, .token_count = 1 };
    begin_job(&fixture, 0);
    for (unsigned i = 1; i < 4; i++) {
        write_job(&fixture, i);
    }
    tell(&fixture.ledger, false, OCC_OK);
    run_until(&fixture, 4);
    assert_string_equal(fixture.ledger.seen[fixture.ledger.writes - 1], "a:3");
    assert_int_equal(fixture.ledger.writes, 2);
    tear_down(&fixture);
}

static void
test_full(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    tell(&fixture.ledger, true, OCC_OK);
    begin_job(&fixture, 0);
    fixture.jobs[1].job.keep = false;
    fixture.jobs[1].proof.text.len = OCC_LIMIT_LEDGER_WRITE_LEN; /* the ledger of this test does not read it */
    write_job(&fixture, 1);
    fixture.jobs[2].job.keep = false;
    assert_int_equal(occ_writer_write(fixture.writer, &fixture.jobs[2].job).code, OCC_ERR_BUSY);
    write_job(&fixture, 3); /* what the boundary has signed is always taken */
    tell(&fixture.ledger, false, OCC_OK);
    run_until(&fixture, 3);
    assert_string_equal(fixture.order, "d0d1d3");
    assert_int_equal(fixture.ledger.writes, 3); /* 1 filled a transaction alone */
    tear_down(&fixture);
}

/* A job that is wrong fails alone, whoever shares its transaction; the ledger is not in trouble for it. */
static void
test_set_apart(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    tell(&fixture.ledger, true, OCC_OK);
    fixture.ledger.at_fault = 3;
    fixture.jobs[2].job.keep = false;
    begin_job(&fixture, 0);
    for (unsigned i = 1; i < 5; i++) {
        write_job(&fixture, i);
    }
    tell(&fixture.ledger, false, OCC_OK);
    run_until(&fixture, 5);
    assert_string_equal(fixture.order, "d0d1d2d3d4");
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(fixture.jobs[i].done_code, i == 2 ? OCC_ERR_NOT_FOUND : OCC_OK);
    }
    assert_int_equal(fixture.ledger.writes, 4);
    assert_int_equal(fixture.troubles, 0);
    tear_down(&fixture);
}

static void
write_again(struct occ_store_job *store_job, struct occ_result result)
{
    struct job *job = (struct job *)store_job;
    assert_int_equal(result.code, OCC_OK);
    job->done++;
    if (job->done == WRITES_MAX / 2) {
        note_call(job, 'd');
        return;
    }
    assert_true(occ_is_ok(occ_writer_write(job->fixture->writer, store_job)));
}

/* Old repeats are forgotten from the start on until there is none left, in turns with writes that never cease. */
static void
test_forgets(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    fixture.ledger.old = 5;
    for (unsigned i = 0; i < 2; i++) { /* two: one waits whenever the other is done */
        fixture.jobs[i].job.done = write_again;
        write_job(&fixture, i);
    }
    run_until(&fixture, 2);
    end_writer(&fixture);
    assert_int_equal(fixture.ledger.forgotten, 5);
    tear_down(&fixture);
}

/* ---- trouble ---- */

static void
on_look(void *ctx)
{
    struct fixture *fixture = ctx;
    if (occ_writer_trouble(fixture->writer) != NULL) {
        assert_string_equal(occ_writer_trouble(fixture->writer),
                            "commits are stopped: the ledger's disk does not answer, try again later");
        tell(&fixture->ledger, false, OCC_OK);
        return;
    }
    occ_timer_start(fixture->look, 1);
}

/* A disk that does not answer: it is said, and what waits for it is durable when it does. */
static void
test_stuck(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    assert_true(occ_is_ok(occ_timer_new(fixture.loop, on_look, &fixture, &fixture.look)));
    tell(&fixture.ledger, true, OCC_OK);
    write_job(&fixture, 0);
    assert_null(occ_writer_trouble(fixture.writer));
    occ_timer_start(fixture.look, 1);
    run_until(&fixture, 1); /* only on_look lets the ledger go on */
    assert_int_equal(fixture.jobs[0].done_code, OCC_OK);
    assert_null(occ_writer_trouble(fixture.writer));
    assert_int_equal(fixture.troubles, 0);
    occ_timer_free(fixture.look);
    tear_down(&fixture);
}

/* 1 is dropped; 0, and what comes in trouble, are kept, in order; then all is well. */
static void
write_in_trouble(struct fixture *fixture)
{
    fixture->jobs[3].job.keep = false;
    assert_int_equal(occ_writer_write(fixture->writer, &fixture->jobs[3].job).code, OCC_ERR_BUSY);
    write_job(fixture, 4);
    tell(&fixture->ledger, false, OCC_OK);
}

static void
test_trouble(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    fixture.in_trouble = write_in_trouble;
    fixture.stop_when_well = true;
    tell(&fixture.ledger, true, OCC_ERR_LEDGER_FULL);
    fixture.jobs[1].job.keep = false;
    begin_job(&fixture, 0);
    for (unsigned i = 1; i < 3; i++) {
        write_job(&fixture, i);
    }
    tell(&fixture.ledger, false, OCC_ERR_LEDGER_FULL);
    run_until(&fixture, 4); /* 0, then 1 and 2 that waited, then 4 that came meanwhile */
    assert_string_equal(fixture.order, "d0d1d2d4");
    assert_string_equal(occ_writer_trouble(fixture.writer),
                        "commits are stopped: no space left for the ledger, try again later");
    assert_int_equal(occ_writer_waiting(fixture.writer), 3);
    fixture.stop_at = ~0u;
    occ_loop_run(fixture.loop); /* until it is well */
    assert_string_equal(fixture.order, "d0d1d2d4k0k2k4");
    assert_string_equal(fixture.ledger.seen[0], "a:1,3,5");
    assert_null(occ_writer_trouble(fixture.writer));
    assert_int_equal(fixture.troubles, 1);
    assert_int_equal(fixture.wells, 1);
    for (unsigned i = 0; i < 5; i += i == 2 ? 2 : 1) {
        assert_int_equal(fixture.jobs[i].done, 1);
        assert_int_equal(fixture.jobs[i].done_code, OCC_ERR_LEDGER_FULL);
        assert_int_equal(fixture.jobs[i].kept, i == 1 ? 0 : 1);
        assert_int_equal(fixture.jobs[i].kept_code, OCC_OK);
    }
    fixture.jobs[5].job.keep = false;
    write_job(&fixture, 5);
    run_until(&fixture, 8);
    assert_int_equal(fixture.jobs[5].done_code, OCC_OK);
    tear_down(&fixture);
}

static void
stop_loop(struct fixture *fixture)
{
    occ_loop_stop(fixture->loop);
}

static void
let_it_work(struct fixture *fixture)
{
    tell(&fixture->ledger, false, OCC_OK);
    fixture->troubled_ms = occ_loop_now_ms(fixture->loop);
}

static void
test_next_try_has_its_time(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    fixture.in_trouble = let_it_work;
    tell(&fixture.ledger, false, OCC_ERR_IO);
    write_job(&fixture, 0);
    run_until(&fixture, 2);
    assert_string_equal(fixture.order, "d0k0");
    assert_true(occ_loop_now_ms(fixture.loop) - fixture.troubled_ms >= OCC_LIMIT_LEDGER_RETRY_MS);
    tear_down(&fixture);
}

static void
test_given_up_at_the_end(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    fixture.in_trouble = stop_loop;
    tell(&fixture.ledger, false, OCC_ERR_IO);
    write_job(&fixture, 0);
    occ_loop_run(fixture.loop);
    assert_string_equal(fixture.order, "d0");
    write_job(&fixture, 1); /* not told yet when the end comes */
    end_writer(&fixture);
    assert_string_equal(fixture.order, "d0d1k0k1");
    assert_int_equal(fixture.jobs[0].kept_code, OCC_ERR_IO);
    assert_int_equal(fixture.jobs[1].kept_code, OCC_ERR_IO);
    assert_int_equal(fixture.ledger.writes, 0);
    tear_down(&fixture);
}

/* The end writes what waits, also what failed before. */
static void
test_written_at_the_end(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    fixture.in_trouble = stop_loop;
    tell(&fixture.ledger, false, OCC_ERR_IO);
    write_job(&fixture, 0);
    occ_loop_run(fixture.loop);
    tell(&fixture.ledger, false, OCC_OK);
    write_job(&fixture, 1);
    end_writer(&fixture);
    assert_string_equal(fixture.order, "d0k0d1");
    assert_int_equal(fixture.jobs[1].done_code, OCC_OK);
    assert_string_equal(fixture.ledger.seen[1], "a:2");
    tear_down(&fixture);
}

static void
test_end_waits(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    for (unsigned i = 0; i < 3; i++) {
        write_job(&fixture, i);
    }
    end_writer(&fixture);
    assert_string_equal(fixture.order, "d0d1d2");
    assert_int_equal(fixture.jobs[2].done_code, OCC_OK);
    tear_down(&fixture);
}

/* DESIGN §4, promise 1: a ledger that disagrees is not written again. */
static void
test_integrity(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    tell(&fixture.ledger, true, OCC_ERR_INTEGRITY);
    fixture.jobs[1].job.keep = false;
    begin_job(&fixture, 0);
    for (unsigned i = 1; i < 3; i++) {
        write_job(&fixture, i);
    }
    tell(&fixture.ledger, false, OCC_ERR_INTEGRITY);
    run_until(&fixture, 5);
    assert_string_equal(fixture.order, "d0k0d1d2k2");
    assert_int_equal(fixture.jobs[0].kept_code, OCC_ERR_INTEGRITY);
    assert_string_equal(
        occ_writer_trouble(fixture.writer),
        "commits are stopped until occd is restarted: the ledger has other proofs than the boundary made");
    tell(&fixture.ledger, false, OCC_OK);
    assert_int_equal(occ_writer_write(fixture.writer, &fixture.jobs[3].job).code, OCC_ERR_BUSY);
    assert_int_equal(occ_writer_waiting(fixture.writer), 0);
    end_writer(&fixture);
    assert_int_equal(fixture.ledger.writes, 0);
    assert_int_equal(fixture.wells, 0);
    tear_down(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_turn),
        cmocka_unit_test(test_gathers),
        cmocka_unit_test(test_tokens_join),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_set_apart),
        cmocka_unit_test(test_forgets),
        cmocka_unit_test(test_stuck),
        cmocka_unit_test(test_trouble),
        cmocka_unit_test(test_next_try_has_its_time),
        cmocka_unit_test(test_given_up_at_the_end),
        cmocka_unit_test(test_written_at_the_end),
        cmocka_unit_test(test_end_waits),
        cmocka_unit_test(test_integrity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
