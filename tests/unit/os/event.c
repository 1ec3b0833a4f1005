/* event.c — a descriptor that one thread makes readable for another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>

#include "os/event.h"

static bool
is_readable(int fd)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    return poll(&ready, 1, 0) == 1;
}

static void
test_event(void **state)
{
    (void)state;
    int fd = -1;
    assert_int_equal(occ_event_open(NULL, &fd).code, OCC_OK);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_false(is_readable(fd));
    assert_false(occ_event_await_for(fd, 0));
    assert_false(occ_event_await_for(fd, 1));
    occ_event_signal(fd);
    assert_true(is_readable(fd));
    occ_event_signal(fd); /* twice is as once */
    occ_event_await(fd);
    assert_false(is_readable(fd));
    occ_event_signal(fd);
    assert_true(occ_event_await_for(fd, 0));
    assert_false(is_readable(fd));
    occ_event_close(fd);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    occ_event_close(-1);
}

static void
test_no_descriptor(void **state)
{
    (void)state;
    struct rlimit before, none;
    struct occ_error err;
    int fd = -7;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){ 0, before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(occ_event_open(&err, &fd).code, OCC_ERR_IO);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(fd, -7);
    assert_non_null(strstr(err.text, "cannot make an event between threads"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_event), cmocka_unit_test(test_no_descriptor) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
