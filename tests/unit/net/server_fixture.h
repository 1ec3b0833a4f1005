/*
 * server_fixture.h — an HTTP server in a process of its own, as its tests need it.
 *
 * The server answers by path: /now at once, /turn at the end of the turn, /echo the body, /hold when /release comes, and so
 * /drop, which keeps its body no longer,
 * /early and /early-204 in on_head, /none with 204, /big/N with N bytes, /small a body of 10 bytes at most, /stall when the
 * test calls server_let_go, and until then the loop's thread stands still. Every finished
 * exchange is a line "METHOD TARGET STATUS REQUEST-LEN RESPONSE-LEN" that the test can wait for; so is "held TARGET".
 * SIGTERM stops it; it exits 0 if nothing was left over.
 *
 * http_connection.c and http_listen.c run all their tests with one thread, and again with several: server_threads.
 */
#ifndef OCC_TESTS_SERVER_FIXTURE_H
#define OCC_TESTS_SERVER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/http_server.h"

enum { HELD_MAX = 16, WAIT_S = 20 };

static unsigned server_threads = 1; /* of the servers that are begun from now on */

/* Runs the tests with one thread; if they pass, with several. */
#define RUN_WITH_THREADS(tests) \
    (cmocka_run_group_tests_name("one thread", tests, NULL, NULL) != 0 || \
     (server_threads = 3, cmocka_run_group_tests_name("three threads", tests, NULL, NULL)) != 0)

/* ---- the server's process ---- */

struct server_process {
    struct occ_loop *loop;
    struct occ_http_server *server;
    struct occ_http_request *held[HELD_MAX], *at_turn[1024];
    unsigned held_len, at_turn_len;
    uint64_t stop_ms;
    int log_fd, gate_fd;
};

__attribute__((format(printf, 2, 3))) static void
server_log(const struct server_process *process, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (write(process->log_fd, line, (size_t)len) != len) {
        _exit(98);
    }
}

static void
answer_text(struct occ_http_request *request, unsigned status, const char *text)
{
    struct occ_buf body = OCC_BUF_INIT(4096);
    occ_buf_put_str(&body, text);
    occ_http_respond(request, status, "text/plain", "X-Own: 1\r\n", &body);
}

static size_t
server_on_head(void *ctx, struct occ_http_request *request)
{
    (void)ctx;
    if (occ_bytes_is(occ_http_path(request), "/early")) {
        answer_text(request, 401, "early");
    } else if (occ_bytes_is(occ_http_path(request), "/early-204")) {
        occ_http_respond(request, 204, NULL, NULL, NULL);
    } else if (occ_bytes_is(occ_http_path(request), "/small")) {
        return 10;
    }
    return 8 << 20;
}

static void
answer_big(struct occ_http_request *request)
{
    uint64_t len = 0;
    const struct occ_bytes path = occ_http_path(request);
    for (size_t i = 5; i < path.len; i++) {
        len = len * 10 + (uint64_t)(path.ptr[i] - '0');
    }
    struct occ_buf body = OCC_BUF_INIT(len);
    uint8_t *to = occ_buf_reserve(&body, len);
    memset(to, 'b', len);
    body.len = len;
    occ_http_respond(request, 200, "text/plain", NULL, &body);
}

static void
release_held(struct server_process *process)
{
    for (unsigned i = 0; i < process->held_len; i++) {
        answer_text(process->held[i], 200, "held");
    }
    process->held_len = 0;
}

static void
server_on_request(void *ctx, struct occ_http_request *request)
{
    struct server_process *process = ctx;
    const struct occ_bytes path = occ_http_path(request);
    if (occ_bytes_is(path, "/turn")) {
        process->at_turn[process->at_turn_len++] = request;
    } else if (occ_bytes_is(path, "/hold") || occ_bytes_is(path, "/drop")) {
        if (occ_bytes_is(path, "/drop")) {
            occ_http_drop_body(request);
        }
        process->held[process->held_len++] = request;
        server_log(process, "held %.*s\n", OCC_BYTES_ARG(path));
    } else if (occ_bytes_is(path, "/stall")) {
        server_log(process, "stalled\n");
        (void)!read(process->gate_fd, (char[1]){ 0 }, 1);
        answer_text(request, 200, "stalled");
    } else if (occ_bytes_is(path, "/release")) {
        release_held(process);
        answer_text(request, 200, "released");
    } else if (occ_bytes_is(path, "/echo") || occ_bytes_is(path, "/small")) {
        struct occ_buf body = OCC_BUF_INIT(8 << 20);
        occ_buf_put(&body, occ_http_body(request));
        occ_http_respond(request, 200, "text/plain", NULL, &body);
    } else if (occ_bytes_is(path, "/none")) {
        answer_text(request, 204, "must not be seen");
    } else if (occ_bytes_starts(path, "/big/")) {
        answer_big(request);
    } else if (occ_bytes_is(path, "/now")) {
        answer_text(request, 200, "now");
    } else {
        answer_text(request, 404, "nothing here");
    }
}

static void
server_on_turn(void *ctx)
{
    struct server_process *process = ctx;
    const unsigned count = process->at_turn_len;
    process->at_turn_len = 0;
    for (unsigned i = 0; i < count; i++) {
        answer_text(process->at_turn[i], 200, "turn");
    }
}

static void
server_on_done(void *ctx, const struct occ_http_exchange *exchange)
{
    server_log(ctx, "%.*s %.*s %u %zu %zu\n", OCC_BYTES_ARG(exchange->method), OCC_BYTES_ARG(exchange->target),
               exchange->status, exchange->request_len, exchange->response_len);
}

static void
server_put_error(void *ctx, unsigned status, const char *sentence, struct occ_buf *body)
{
    (void)ctx;
    occ_buf_put_format(body, "{\"error\":\"%u %s\"}", status, sentence);
}

static void
server_on_stopped(void *ctx)
{
    struct server_process *process = ctx;
    occ_http_server_free(process->server);
    release_held(process); /* answered after the end: must reach nobody and break nothing */
}

static void
server_on_signal(void *ctx, int number)
{
    struct server_process *process = ctx;
    (void)number;
    server_log(process, "stopping\n");
    occ_http_server_stop(process->server, process->stop_ms, server_on_stopped, process);
}

static void
server_main(struct server_process *process, const char *listen, const struct occ_http_config *config)
{
    struct occ_error err = { 0 };
    struct occ_http_config own = *config;
    own.threads = server_threads;
    own.events =
        (struct occ_http_events){ server_on_head, server_on_request, server_on_done, server_put_error, process };
    if (!occ_is_ok(occ_loop_new(&err, &process->loop)) ||
        !occ_is_ok(occ_http_server_new(process->loop, listen, &own, &err, &process->server)) ||
        !occ_is_ok(occ_loop_on_turn(process->loop, server_on_turn, process)) ||
        !occ_is_ok(occ_loop_on_signal(process->loop, SIGTERM, server_on_signal, process))) {
        server_log(process, "%s\n", err.text);
        exit(97);
    }
    server_log(process, "%s\n", occ_http_server_address(process->server));
    occ_loop_run(process->loop);
    occ_loop_free(process->loop);
    exit(0);
}

/* ---- the test's side ---- */

struct server_fixture {
    pid_t pid;
    bool told; /* to stop */
    int gate_fd;
    FILE *log;
    char address[256];
};

/* The next line of the server's log, without its end. */
static const char *
next_line(struct server_fixture *fixture)
{
    static char line[512];
    alarm(WAIT_S);
    assert_non_null(fgets(line, sizeof line, fixture->log));
    alarm(0);
    line[strcspn(line, "\n")] = '\0';
    return line;
}

static void
expect_line(struct server_fixture *fixture, const char *expected)
{
    assert_string_equal(next_line(fixture), expected);
}

/* Of two connections: with threads, in any order. */
static inline void
expect_two_lines(struct server_fixture *fixture, const char *one, const char *other)
{
    char first[512];
    snprintf(first, sizeof first, "%s", next_line(fixture));
    expect_line(fixture, strcmp(first, one) == 0 ? other : one);
    if (strcmp(first, one) != 0) {
        assert_string_equal(first, other);
    }
}

static void
server_begin(struct server_fixture *fixture, const char *listen, const struct occ_http_config *config, uint64_t stop_ms)
{
    int pair[2], gate[2];
    fixture->told = false;
    assert_int_equal(pipe(pair), 0);
    assert_int_equal(pipe(gate), 0);
    fflush(NULL);
    fixture->pid = fork();
    assert_true(fixture->pid >= 0);
    if (fixture->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves none behind */
        close(pair[0]);
        close(gate[1]);
        struct server_process process = { .log_fd = pair[1], .gate_fd = gate[0], .stop_ms = stop_ms };
        server_main(&process, listen, config);
    }
    close(pair[1]);
    close(gate[0]);
    fixture->gate_fd = gate[1];
    fixture->log = fdopen(pair[0], "r");
    snprintf(fixture->address, sizeof fixture->address, "%s", next_line(fixture));
}

static inline void
server_let_go(const struct server_fixture *fixture)
{
    assert_int_equal(write(fixture->gate_fd, "", 1), 1);
}

/* Stops it and checks that it ended well: no leak, no error of a sanitizer. */
static void
server_end(struct server_fixture *fixture)
{
    int status;
    if (!fixture->told) {
        kill(fixture->pid, SIGTERM);
    }
    alarm(WAIT_S);
    while (fgetc(fixture->log) != EOF) { /* nobody else reads it: a full pipe would hold the server up */
    }
    assert_int_equal(waitpid(fixture->pid, &status, 0), fixture->pid);
    alarm(0);
    fclose(fixture->log);
    close(fixture->gate_fd);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

#endif
