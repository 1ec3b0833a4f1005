/* crew.c — every job once, all done when run comes back, and really at the same time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/limits.h"
#include "enclave/crew.h"

enum { JOBS_MAX = 40, ROUNDS = 500 };

/* Not atomic: what a job wrote is there for the caller. */
struct work {
    unsigned done[JOBS_MAX];
};

static void
count(void *arg, size_t index)
{
    struct work *const work = arg;
    work->done[index]++;
}

static void
test_each_once(void **state)
{
    (void)state;
    static const size_t workers[] = { 2, 3, OCC_LIMIT_WORKERS };
    for (size_t i = 0; i < sizeof workers / sizeof workers[0]; i++) {
        struct occ_crew *crew = NULL;
        assert_int_equal(occ_crew_new(workers[i], NULL, &crew).code, OCC_OK);
        for (size_t jobs = 0; jobs <= JOBS_MAX; jobs++) {
            struct work work = { { 0 } };
            occ_crew_run(crew, count, &work, jobs);
            for (size_t j = 0; j < JOBS_MAX; j++) {
                assert_int_equal(work.done[j], j < jobs ? 1 : 0);
            }
        }
        occ_crew_free(crew);
    }
    occ_crew_free(NULL);
}

/* One run behind the other, each with the same memory. */
static void
test_many_runs(void **state)
{
    (void)state;
    struct occ_crew *crew = NULL;
    assert_int_equal(occ_crew_new(4, NULL, &crew).code, OCC_OK);
    struct work work = { { 0 } };
    for (unsigned i = 1; i <= ROUNDS; i++) {
        occ_crew_run(crew, count, &work, 5);
        for (size_t j = 0; j < 5; j++) {
            assert_int_equal(work.done[j], i);
        }
    }
    occ_crew_free(crew);
}

static void
test_size(void **state)
{
    (void)state;
    assert_int_equal(occ_crew_size(1, 5), 1);
    assert_int_equal(occ_crew_size(3, 5), 3);
    assert_int_equal(occ_crew_size(9, 5), 5);
    assert_int_equal(occ_crew_size(0, 1), 1);
    assert_in_range(occ_crew_size(0, 64), 1, 4);
}

struct meeting {
    pthread_barrier_t barrier;
    atomic_uint blocked; /* jobs on a thread with SIGTERM blocked */
};

/* Comes back only when all of them have come. */
static void
meet(void *arg, size_t index)
{
    struct meeting *const meeting = arg;
    (void)index;
    sigset_t mask;
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
    atomic_fetch_add(&meeting->blocked, sigismember(&mask, SIGTERM) == 1 ? 1 : 0);
    (void)pthread_barrier_wait(&meeting->barrier);
}

static void
test_at_the_same_time(void **state)
{
    (void)state;
    struct occ_crew *crew = NULL;
    struct meeting meeting = { .blocked = 0 };
    assert_int_equal(pthread_barrier_init(&meeting.barrier, NULL, 3), 0);
    assert_int_equal(occ_crew_new(3, NULL, &crew).code, OCC_OK);
    occ_crew_run(crew, meet, &meeting, 3);
    assert_int_equal(atomic_load(&meeting.blocked), 2); /* all but the caller's */
    occ_crew_free(crew);
    assert_int_equal(pthread_barrier_destroy(&meeting.barrier), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_each_once),
        cmocka_unit_test(test_many_runs),
        cmocka_unit_test(test_at_the_same_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
