/*
 * server_fixture.h — an HTTP server in a process of its own, and a client made of bare sockets.
 *
 * The server answers by path: /now at once, /turn at the end of the turn, /echo the body, /hold when /release comes,
 * /early and /early-204 in on_head, /none with 204, /big/N with N bytes, /small a body of 10 bytes at most. Every finished
 * exchange is a line "METHOD TARGET STATUS REQUEST-LEN RESPONSE-LEN" that the test can wait for; so are "held TARGET" and
 * "gone" or "there" at /release. SIGTERM stops it; it exits 0 if nothing was left over.
 */
#ifndef OCC_TESTS_SERVER_FIXTURE_H
#define OCC_TESTS_SERVER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/http_server.h"

enum { TAKEN_LEN_MAX = 64 << 20, HELD_MAX = 16, WAIT_S = 20 };

/* ---- the server's process ---- */

struct server_process {
    struct occ_loop *loop;
    struct occ_http_server *server;
    struct occ_http_request *held[HELD_MAX], *at_turn[1024];
    unsigned held_len, at_turn_len;
    uint64_t stop_ms;
    int log_fd;
};

static void
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
        server_log(process, "%s\n", occ_http_is_gone(process->held[i]) ? "gone" : "there");
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
    } else if (occ_bytes_is(path, "/hold")) {
        process->held[process->held_len++] = request;
        server_log(process, "held %.*s\n", OCC_BYTES_ARG(path));
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

static void
server_begin(struct server_fixture *fixture, const char *listen, const struct occ_http_config *config, uint64_t stop_ms)
{
    int pair[2];
    assert_int_equal(pipe(pair), 0);
    fflush(NULL);
    fixture->pid = fork();
    assert_true(fixture->pid >= 0);
    if (fixture->pid == 0) {
        close(pair[0]);
        struct server_process process = { .log_fd = pair[1], .stop_ms = stop_ms };
        server_main(&process, listen, config);
    }
    close(pair[1]);
    fixture->log = fdopen(pair[0], "r");
    snprintf(fixture->address, sizeof fixture->address, "%s", next_line(fixture));
}

/* Stops it and checks that it ended well: no leak, no error of a sanitizer. */
static void
server_end(struct server_fixture *fixture)
{
    int status;
    kill(fixture->pid, SIGTERM);
    alarm(WAIT_S);
    assert_int_equal(waitpid(fixture->pid, &status, 0), fixture->pid);
    alarm(0);
    fclose(fixture->log);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int
client_connect(const struct server_fixture *fixture)
{
    int fd;
    const char *address = fixture->address;
    if (strncmp(address, "unix:", 5) == 0) {
        struct sockaddr_un to = { .sun_family = AF_UNIX };
        snprintf(to.sun_path, sizeof to.sun_path, "%s", address + 5);
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    } else if (address[0] == '[') {
        struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
        to.sin6_port = htons((uint16_t)strtoul(strrchr(address, ':') + 1, NULL, 10));
        fd = socket(AF_INET6, SOCK_STREAM, 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    } else {
        struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        to.sin_port = htons((uint16_t)strtoul(strrchr(address, ':') + 1, NULL, 10));
        fd = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    }
    const struct timeval patience = { .tv_sec = WAIT_S };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return fd;
}

static void
send_bytes(int fd, struct occ_bytes bytes)
{
    while (bytes.len > 0) {
        const ssize_t sent = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        assert_true(sent > 0);
        bytes = occ_bytes_of(bytes.ptr + sent, bytes.len - (size_t)sent);
    }
}

static void
send_text(int fd, const char *text)
{
    send_bytes(fd, occ_bytes_str(text));
}

/* What was received and not looked at yet: one per connection. */
struct taken {
    int fd;
    struct occ_buf buf;
    struct occ_bytes head, body; /* of the last answer, in buf */
    size_t used;
    bool ended;
};

static void
take_some(struct taken *taken)
{
    char part[64 << 10];
    const ssize_t len = recv(taken->fd, part, sizeof part, 0);
    assert_true(len >= 0); /* a reset or a timeout is a failure */
    taken->ended = len == 0;
    occ_buf_put(&taken->buf, occ_bytes_of(part, (size_t)len));
    assert_true(occ_is_ok(occ_buf_check(&taken->buf)));
}

static size_t
head_len_of(const struct taken *taken)
{
    if (taken->buf.len == 0) {
        return 0;
    }
    const uint8_t *end = memmem(taken->buf.ptr, taken->buf.len, "\r\n\r\n", 4);
    return end == NULL ? 0 : (size_t)(end - taken->buf.ptr) + 4;
}

static bool
head_has(const struct taken *taken, const char *text)
{
    return memmem(taken->head.ptr, taken->head.len, text, strlen(text)) != NULL;
}

/* Receives one answer and gives its status. */
static unsigned
take_answer(struct taken *taken, bool without_body)
{
    static const char length_name[] = "\r\nContent-Length: ";
    occ_buf_drop_front(&taken->buf, taken->used);
    taken->used = 0;
    while (head_len_of(taken) == 0) {
        assert_false(taken->ended);
        take_some(taken);
    }
    taken->head = occ_bytes_of(taken->buf.ptr, head_len_of(taken));
    const uint8_t *length = memmem(taken->head.ptr, taken->head.len, length_name, sizeof length_name - 1);
    const size_t head_len = taken->head.len;
    const size_t body_len =
        length == NULL || without_body ? 0 : strtoul((const char *)length + sizeof length_name - 1, NULL, 10);
    while (taken->buf.len < head_len + body_len) {
        assert_false(taken->ended);
        take_some(taken);
    }
    taken->head = occ_bytes_of(taken->buf.ptr, head_len);
    taken->body = occ_bytes_of(taken->buf.ptr + head_len, body_len);
    taken->used = head_len + body_len;
    assert_true(occ_bytes_starts(taken->head, "HTTP/1.1 "));
    return (unsigned)strtoul((const char *)taken->head.ptr + 9, NULL, 10);
}

static void
expect_answer(struct taken *taken, unsigned status, const char *body)
{
    assert_int_equal(take_answer(taken, false), status);
    if (body != NULL) {
        assert_int_equal(taken->body.len, strlen(body));
        assert_memory_equal(taken->body.ptr, body, taken->body.len);
    }
}

/* An error of the server's own: its text, its type, and the connection's end. */
static void
expect_error(struct taken *taken, unsigned status)
{
    char prefix[32];
    assert_int_equal(take_answer(taken, false), status);
    snprintf(prefix, sizeof prefix, "{\"error\":\"%u ", status);
    assert_true(occ_bytes_starts(taken->body, prefix));
    assert_true(head_has(taken, "\r\nConnection: close\r\n"));
    assert_true(head_has(taken, "\r\nContent-Type: application/json\r\n"));
    assert_true(head_has(taken, "\r\nX-Extra: 1\r\n"));
    while (!taken->ended) {
        take_some(taken);
    }
    assert_int_equal(taken->buf.len, taken->used);
}

static void
expect_end(struct taken *taken)
{
    while (!taken->ended) {
        take_some(taken);
    }
    assert_int_equal(taken->buf.len, taken->used);
}

static struct taken
client_begin(const struct server_fixture *fixture)
{
    return (struct taken){ .fd = client_connect(fixture), .buf = OCC_BUF_INIT(TAKEN_LEN_MAX) };
}

static void
client_end(struct taken *taken)
{
    close(taken->fd);
    occ_buf_clear(&taken->buf);
}

#endif
