/* workers.c — jobs off the loop's thread: order, bounds, the end with work left over. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/loop.h"
#include "unit/net/cmocka_all.h"

enum { JOBS = 2000, WAITING_MAX = 4 };

struct job {
    struct pool *pool;
    uint64_t in, out;
    bool ran, done;
};

struct pool {
    struct occ_loop *loop;
    struct occ_workers *workers;
    struct job jobs[JOBS];
    size_t submitted, done_len, busy;
    pthread_t loop_thread;
    atomic_int running;
    atomic_bool gate_open; /* jobs behind the gate stand still until it is */
    unsigned patience_us;
};

static int
setup(void **state)
{
    struct pool *pool = calloc(1, sizeof *pool);
    struct occ_error err;
    assert_true(occ_is_ok(occ_loop_new(&err, &pool->loop)));
    pool->loop_thread = pthread_self();
    *state = pool;
    return 0;
}

static int
teardown(void **state)
{
    struct pool *pool = *state;
    occ_workers_free(pool->workers);
    occ_loop_free(pool->loop);
    free(pool);
    return 0;
}

static void
run(void *ctx)
{
    struct job *job = ctx;
    job->ran = pthread_equal(pthread_self(), job->pool->loop_thread) == 0;
    job->out = job->in * job->in;
}

static void
run_behind_gate(void *ctx)
{
    struct job *job = ctx;
    atomic_fetch_add(&job->pool->running, 1);
    while (!atomic_load(&job->pool->gate_open)) {
        usleep(100);
    }
    run(ctx);
}

static void submit_some(struct pool *pool);

static void
done(void *ctx)
{
    struct job *job = ctx;
    assert_false(job->done);
    job->done = true;
    assert_true(pthread_equal(pthread_self(), job->pool->loop_thread));
    job->pool->done_len++;
    submit_some(job->pool);
}

static void
submit_some(struct pool *pool)
{
    while (pool->submitted < JOBS) {
        struct job *job = &pool->jobs[pool->submitted];
        *job = (struct job){ .pool = pool, .in = pool->submitted };
        const struct occ_result result = occ_workers_submit(pool->workers, run, done, job);
        if (!occ_is_ok(result)) {
            assert_int_equal(result.code, OCC_ERR_BUSY);
            pool->busy++;
            return;
        }
        pool->submitted++;
    }
}

static void
test_many(void **state)
{
    struct pool *pool = *state;
    assert_true(occ_is_ok(occ_workers_new(pool->loop, 3, WAITING_MAX, &pool->workers)));
    submit_some(pool);
    assert_true(pool->submitted >= WAITING_MAX);
    occ_loop_run(pool->loop); /* until nothing is left to wait for */
    assert_int_equal(pool->done_len, JOBS);
    assert_int_equal(occ_workers_pending(pool->workers), 0);
    assert_true(pool->busy > 0);
    for (size_t i = 0; i < JOBS; i++) {
        assert_true(pool->jobs[i].ran);
        assert_int_equal(pool->jobs[i].out, i * i);
    }
}

static void
done_in_order(void *ctx)
{
    const struct job *job = ctx;
    assert_int_equal(job->in, job->pool->done_len);
    job->pool->done_len++;
}

static void
test_order(void **state)
{
    struct pool *pool = *state;
    assert_true(occ_is_ok(occ_workers_new(pool->loop, 1, JOBS, &pool->workers)));
    for (size_t i = 0; i < JOBS; i++) {
        pool->jobs[i] = (struct job){ .pool = pool, .in = i };
        assert_true(occ_is_ok(occ_workers_submit(pool->workers, run, done_in_order, &pool->jobs[i])));
    }
    assert_int_equal(occ_workers_pending(pool->workers), JOBS);
    occ_loop_run(pool->loop);
    assert_int_equal(pool->done_len, JOBS);
}

static void
done_only(void *ctx)
{
    struct job *job = ctx;
    job->done = true;
    job->pool->done_len++;
}

static void
submit_one(struct pool *pool, size_t i, void (*work)(void *ctx))
{
    pool->jobs[i] = (struct job){ .pool = pool, .in = i };
    assert_true(occ_is_ok(occ_workers_submit(pool->workers, work, done_only, &pool->jobs[i])));
}

static void *
open_gate_later(void *ctx)
{
    struct pool *pool = ctx;
    usleep(pool->patience_us);
    atomic_store(&pool->gate_open, true);
    return NULL;
}

/*
 * Two jobs stand in the workers' hands and three wait: a full queue refuses. At the end the two are waited for, and what
 * had not begun is handed back as it is. Whether the end comes before the two are let go is a race that the test may lose
 * (then the three are run, which is right as well), so it tries with more and more time until it wins.
 */
static void
test_busy_and_end(void **state)
{
    struct pool *pool = *state;
    unsigned not_run = 0;
    for (pool->patience_us = 1000; not_run == 0 && pool->patience_us < 10000000; pool->patience_us *= 4) {
        pthread_t opener;
        atomic_store(&pool->running, 0);
        atomic_store(&pool->gate_open, false);
        pool->done_len = 0;
        assert_true(occ_is_ok(occ_workers_new(pool->loop, 2, 3, &pool->workers)));
        submit_one(pool, 0, run_behind_gate);
        submit_one(pool, 1, run_behind_gate);
        while (atomic_load(&pool->running) < 2) {
            sched_yield();
        }
        for (size_t i = 2; i < 5; i++) {
            submit_one(pool, i, run);
        }
        const struct occ_result full = occ_workers_submit(pool->workers, run, done_only, &pool->jobs[5]);
        assert_int_equal(full.code, OCC_ERR_BUSY);
        assert_int_equal(occ_workers_pending(pool->workers), 5);
        assert_int_equal(pthread_create(&opener, NULL, open_gate_later, pool), 0);
        occ_workers_free(pool->workers);
        pool->workers = NULL;
        pthread_join(opener, NULL);
        assert_int_equal(pool->done_len, 5);
        assert_true(pool->jobs[0].ran && pool->jobs[1].ran);
        for (size_t i = 0; i < 5; i++) {
            assert_true(pool->jobs[i].done);
            not_run += pool->jobs[i].ran ? 0 : 1;
        }
        assert_false(pool->jobs[5].done);
        occ_loop_run(pool->loop);
    }
    assert_in_range(not_run, 1, 3);
}

static void
test_wrong_use(void **state)
{
    struct pool *pool = *state;
    const struct occ_result none = occ_workers_new(pool->loop, 0, 1, &pool->workers);
    assert_int_equal(none.code, OCC_ERR_USAGE);
    assert_null(pool->workers);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = { TEST(test_many), TEST(test_order), TEST(test_busy_and_end),
                                        TEST(test_wrong_use) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
