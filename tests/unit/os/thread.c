/* thread.c — a thread that signals do not reach. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>

#include "os/event.h"
#include "os/thread.h"

struct seen {
    int begin_fd, end_fd; /* events: it may look; it has */
    sigset_t blocked;
    char name[16];
};

static void *
look(void *ctx)
{
    struct seen *const seen = ctx;
    occ_event_await(seen->begin_fd);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &seen->blocked);
    (void)pthread_getname_np(pthread_self(), seen->name, sizeof seen->name);
    occ_event_signal(seen->end_fd);
    return NULL;
}

static void
test_thread(void **state)
{
    (void)state;
    struct seen seen = { .begin_fd = -1 };
    sigset_t before, after;
    pthread_t thread;
    assert_int_equal(occ_event_open(NULL, &seen.begin_fd).code, OCC_OK);
    assert_int_equal(occ_event_open(NULL, &seen.end_fd).code, OCC_OK);
    for (unsigned round = 0; round < 2; round++) {
        assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
        assert_int_equal(occ_thread_start("looks", look, &seen, NULL, &thread).code, OCC_OK);
        assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
        occ_event_signal(seen.begin_fd);
        if (round == 0) {
            occ_thread_join(thread);
        } else {
            occ_thread_leave(thread);
        }
        occ_event_await(seen.end_fd);
        assert_string_equal(seen.name, "looks");
        for (int number = 1; number <= SIGSYS; number++) {
            assert_int_equal(sigismember(&before, number), sigismember(&after, number));
            assert_true(number == SIGKILL || number == SIGSTOP || sigismember(&seen.blocked, number) == 1);
        }
    }
    occ_event_close(seen.begin_fd);
    occ_event_close(seen.end_fd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_thread) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
