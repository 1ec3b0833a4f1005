/* signal.c — SIGTERM becomes a readable descriptor, SIGPIPE nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/signal.h"

static bool
is_readable(int fd)
{
    struct pollfd polled = { .fd = fd, .events = POLLIN };
    return poll(&polled, 1, 0) == 1;
}

/* In a child, so that the test program's own signals stay as they are. 0 = as expected. */
static int
child(bool with_interrupt)
{
    int fd = -1;
    struct occ_error err;
    if (!occ_is_ok(occ_signal_open(with_interrupt, &err, &fd)) || is_readable(fd)) {
        return 1;
    }
    raise(SIGPIPE); /* would kill */
    raise(SIGINT);  /* as would this */
    if (is_readable(fd) != with_interrupt) {
        return 2;
    }
    raise(SIGTERM);
    return is_readable(fd) ? 0 : 3;
}

static void
run(bool with_interrupt)
{
    const pid_t pid = fork();
    if (pid == 0) {
        _exit(child(with_interrupt));
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void
test_with_interrupt(void **state)
{
    (void)state;
    run(true);
}

static void
test_without_interrupt(void **state)
{
    (void)state;
    run(false);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_with_interrupt),
        cmocka_unit_test(test_without_interrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
