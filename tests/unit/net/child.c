/* child.c — a shell as the child process: descriptor 3, environment, exit, kill. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/stream.h"
#include "unit/net/cmocka_all.h"

struct family {
    struct occ_loop *loop;
    struct occ_child *child;
    struct occ_stream *stream;
    struct occ_buf received;
    int exit_status;
    unsigned exits, closes;
};

static void
on_open(void *ctx, struct occ_result result)
{
    (void)ctx;
    (void)result;
    fail(); /* it is open from the start */
}

static void
on_data(void *ctx, struct occ_bytes data)
{
    struct family *family = ctx;
    occ_buf_put(&family->received, data);
}

static void
on_close(void *ctx, struct occ_result why)
{
    struct family *family = ctx;
    assert_int_equal(why.code, OCC_ERR_CLOSED);
    family->closes++;
}

static void
on_exit_of(void *ctx, int status)
{
    struct family *family = ctx;
    family->exits++;
    family->exit_status = status;
}

static int
setup(void **state)
{
    struct family *family = calloc(1, sizeof *family);
    struct occ_error err;
    family->received = OCC_BUF_INIT(1 << 20);
    assert_true(occ_is_ok(occ_loop_new(&err, &family->loop)));
    *state = family;
    return 0;
}

static int
teardown(void **state)
{
    struct family *family = *state;
    occ_stream_close(family->stream);
    occ_child_free(family->child);
    occ_loop_free(family->loop);
    occ_buf_clear(&family->received);
    free(family);
    return 0;
}

static struct occ_result
start(struct family *family, char *script, struct occ_error *err)
{
    char shell[] = "sh";
    char option[] = "-c";
    const char *const argv[] = { shell, option, script, NULL };
    static const char *const keep[] = { "PATH", "OCC_TEST_KEPT", "OCC_TEST_NOT_SET", NULL };
    const struct occ_stream_events events = { on_open, on_data, on_close, family };
    return occ_child_start(family->loop, "/bin/sh", argv, keep, &events, on_exit_of, err, &family->child,
                           &family->stream);
}

static void
expect_received(struct family *family, const char *expected)
{
    occ_buf_put_byte(&family->received, '\0');
    assert_string_equal((const char *)family->received.ptr, expected);
}

static void
test_talk(void **state)
{
    struct family *family = *state;
    struct occ_error err = { 0 };
    char script[] = "read line <&3; echo \"heard $line\" >&3; exit 7";
    assert_true(occ_is_ok(start(family, script, &err)));
    assert_true(occ_child_pid(family->child) > 0);
    struct occ_buf line = OCC_BUF_INIT(64);
    occ_buf_put_str(&line, "hello\n");
    occ_stream_send(family->stream, &line);
    occ_loop_run(family->loop);
    expect_received(family, "heard hello\n");
    assert_int_equal(family->exits, 1);
    assert_int_equal(family->exit_status, 7);
    assert_int_equal(family->closes, 1);
}

/* Nothing of ours but descriptors 0 to 3 and the environment that was named. */
static void
test_inheritance(void **state)
{
    struct family *family = *state;
    struct occ_error err = { 0 };
    const int leak = open("/dev/null", O_RDONLY); /* without close-on-exec */
    assert_true(leak > 3);
    setenv("OCC_TEST_KEPT", "yes", 1);
    setenv("OCC_TEST_KEPT_NOT", "secret", 1);
    char script[] = "ls /proc/self/fd | tr '\\n' ' ' >&3; readlink /proc/self/fd/0 >&3;"
                    "env | grep OCC_ >&3; read line; echo \"end $?\" >&3";
    assert_true(occ_is_ok(start(family, script, &err)));
    occ_loop_run(family->loop);
    /* 4 is ls's own, for the folder. */
    expect_received(family, "0 1 2 3 4 /dev/null\nOCC_TEST_KEPT=yes\nend 1\n");
    close(leak);
}

static void
test_kill(void **state)
{
    struct family *family = *state;
    struct occ_error err = { 0 };
    char script[] = "exec sleep 1000";
    assert_true(occ_is_ok(start(family, script, &err)));
    occ_child_kill(family->child);
    occ_loop_run(family->loop);
    assert_int_equal(family->exits, 1);
    assert_int_equal(family->exit_status, -SIGKILL);
    occ_child_kill(family->child); /* no harm */
}

/* Freed while it runs: killed, no zombie, no event. */
static void
test_free_running(void **state)
{
    struct family *family = *state;
    struct occ_error err = { 0 };
    char script[] = "exec sleep 1000";
    assert_true(occ_is_ok(start(family, script, &err)));
    const int pid = occ_child_pid(family->child);
    occ_child_free(family->child);
    family->child = NULL;
    assert_int_equal(kill(pid, 0), -1);
    occ_loop_run(family->loop);
    assert_int_equal(family->exits, 0);
    assert_int_equal(family->closes, 1);
}

static void
test_cannot_start(void **state)
{
    struct family *family = *state;
    struct occ_error err = { 0 };
    char name[] = "none";
    const char *const argv[] = { name, NULL };
    const struct occ_stream_events events = { on_open, on_data, on_close, family };
    const struct occ_result result = occ_child_start(family->loop, "/nonexistent/none", argv, NULL, &events, on_exit_of,
                                                     &err, &family->child, &family->stream);
    assert_int_equal(result.code, OCC_ERR_UNAVAILABLE);
    assert_string_equal(err.text, "/nonexistent/none: cannot be started: no such file or directory");
    assert_null(family->child);
    assert_null(family->stream);
    occ_loop_run(family->loop);
    assert_int_equal(family->exits, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = { TEST(test_talk), TEST(test_inheritance), TEST(test_kill),
                                        TEST(test_free_running), TEST(test_cannot_start) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
