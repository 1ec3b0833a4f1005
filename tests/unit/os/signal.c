/* signal.c — SIGTERM becomes a readable descriptor, SIGPIPE nothing; or all are ignored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/signal.h"

static bool
is_readable(int fd)
{
    struct pollfd polled = { .fd = fd, .events = POLLIN };
    return poll(&polled, 1, 0) == 1;
}

/* Both in a child, so that the test program's own signals stay as they are. 0 = as expected. */

static int
child_opens(void)
{
    int fd = -1;
    struct occ_error err;
    if (!occ_is_ok(occ_signal_open(&err, &fd)) || is_readable(fd)) {
        return 1;
    }
    raise(SIGPIPE); /* would kill */
    if (is_readable(fd)) {
        return 2;
    }
    raise(SIGINT); /* as would this */
    if (!is_readable(fd)) {
        return 3;
    }
    struct signalfd_siginfo taken;
    if (read(fd, &taken, sizeof taken) != (ssize_t)sizeof taken || is_readable(fd)) {
        return 4;
    }
    raise(SIGTERM);
    return is_readable(fd) ? 0 : 5;
}

static int
child_ignores(void)
{
    struct occ_error err;
    if (!occ_is_ok(occ_signal_ignore(&err))) {
        return 1;
    }
    raise(SIGPIPE);
    raise(SIGINT);
    raise(SIGTERM);
    raise(SIGHUP);
    return 0;
}

static void
run(int (*child)(void))
{
    const pid_t pid = fork();
    if (pid == 0) {
        _exit(child());
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void
test_open(void **state)
{
    (void)state;
    run(child_opens);
}

static void
test_ignore(void **state)
{
    (void)state;
    run(child_ignores);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_ignore),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
