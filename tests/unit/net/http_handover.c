/*
 * http_handover.c — a server with threads where they matter: while the handler's thread stands still, and where they cannot
 * be had. What a server does with any number of threads is tested by http_connection.c and http_listen.c.
 */
#include "base/limits.h"
#include "unit/net/client_fixture.h"

#include <pthread.h>
#include <sys/resource.h>
#include <uv.h>

#define H " HTTP/1.1\r\nHost: a\r\n"

enum { THREADS = 3 };

static const struct occ_http_config plain = { .extra_headers = "X-Extra: 1\r\n" };

/* ---- threads that cannot be had: libuv's function, replaced for this program ---- */

static unsigned threads_left = UINT32_MAX;

struct thread_begin {
    uv_thread_cb entry;
    void *arg;
};

static void *
thread_main(void *begin)
{
    const struct thread_begin own = *(struct thread_begin *)begin;
    free(begin);
    own.entry(own.arg);
    return NULL;
}

int
uv_thread_create(uv_thread_t *ret_thread, uv_thread_cb entry, void *arg)
{
    if (threads_left == 0) {
        return UV_EAGAIN;
    }
    threads_left--;
    struct thread_begin *begin = malloc(sizeof *begin);
    *begin = (struct thread_begin){ entry, arg };
    return pthread_create(ret_thread, NULL, thread_main, begin) == 0 ? 0 : UV_EAGAIN;
}

static struct occ_http_server *
try_to_listen(struct occ_loop *loop, const char *listen, unsigned threads, enum occ_err code)
{
    struct occ_http_config config = plain;
    struct occ_http_server *server = NULL;
    struct occ_error err = { 0 };
    config.threads = threads;
    const struct occ_result result = occ_http_server_new(loop, listen, &config, &err, &server);
    assert_int_equal(result.code, code);
    assert_int_equal(server == NULL, code != OCC_OK);
    assert_int_equal(err.text[0] == '\0', code == OCC_OK);
    return server;
}

static void
on_stopped(void *ctx)
{
    occ_http_server_free(ctx);
}

/* However many could be started, they end, and the address is free at once. */
static void
test_no_threads(void **state)
{
    (void)state;
    char address[64];
    struct occ_error err = { 0 };
    struct occ_loop *loop;
    assert_true(occ_is_ok(occ_loop_new(&err, &loop)));
    struct occ_http_server *server = try_to_listen(loop, "127.0.0.1:0", THREADS, OCC_OK);
    assert_int_equal(occ_http_server_threads(server), THREADS);
    snprintf(address, sizeof address, "%s", occ_http_server_address(server));
    try_to_listen(loop, address, THREADS, OCC_ERR_IO);
    occ_http_server_stop(server, 1000, on_stopped, server);
    occ_loop_run(loop);
    for (unsigned i = 0; i < THREADS; i++) {
        threads_left = i;
        try_to_listen(loop, address, THREADS, OCC_ERR_NOMEM);
        threads_left = UINT32_MAX;
        server = try_to_listen(loop, address, THREADS, OCC_OK);
        occ_http_server_stop(server, 1000, on_stopped, server);
        occ_loop_run(loop);
    }
    occ_loop_free(loop);
}

/* Nor does a socket's name stay behind. */
static void
test_no_threads_at_a_path(void **state)
{
    (void)state;
    char folder[] = "/tmp/occ-handover-XXXXXX";
    char address[64];
    struct occ_error err = { 0 };
    struct occ_loop *loop;
    assert_non_null(mkdtemp(folder));
    snprintf(address, sizeof address, "unix:%s/socket", folder);
    assert_true(occ_is_ok(occ_loop_new(&err, &loop)));
    threads_left = 1;
    try_to_listen(loop, address, THREADS, OCC_ERR_NOMEM);
    threads_left = UINT32_MAX;
    assert_int_equal(rmdir(folder), 0);
    occ_loop_free(loop);
}

static void
test_too_many_threads(void **state)
{
    (void)state;
    struct occ_error err = { 0 };
    struct occ_loop *loop;
    assert_true(occ_is_ok(occ_loop_new(&err, &loop)));
    try_to_listen(loop, "127.0.0.1:0", OCC_LIMIT_HTTP_THREADS + 1, OCC_ERR_USAGE);
    struct occ_http_server *server = try_to_listen(loop, "127.0.0.1:0", OCC_LIMIT_HTTP_THREADS, OCC_OK);
    occ_http_server_stop(server, 1000, on_stopped, server);
    occ_loop_run(loop);
    occ_loop_free(loop);
}

/* Each thread's loop needs descriptors of its own. (libuv keeps one or two of a loop that it could not make.) */
static void
test_no_descriptors(void **state)
{
    (void)state;
    struct occ_error err = { 0 };
    struct occ_loop *loop;
    struct rlimit before;
    assert_true(occ_is_ok(occ_loop_new(&err, &loop)));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const int next = dup(0);
    close(next);
    unsigned failures = 0;
    for (rlim_t more = 0; more < 150; more += 5) {
        const struct rlimit few = { .rlim_cur = (rlim_t)next + more, .rlim_max = before.rlim_max };
        struct occ_http_config config = plain;
        struct occ_http_server *server = NULL;
        config.threads = THREADS;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        const struct occ_result result = occ_http_server_new(loop, "127.0.0.1:0", &config, &err, &server);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        if (occ_is_ok(result)) {
            occ_http_server_stop(server, 1000, on_stopped, server);
            occ_loop_run(loop);
            break;
        }
        assert_int_equal(result.code, OCC_ERR_IO);
        failures++;
    }
    assert_in_range(failures, 2, 29);
    occ_loop_free(loop);
}

/* ---- while the handler's thread stands still ---- */

struct state {
    struct server_fixture server;
    struct taken stalled;
};

static void
begin_stalled(struct state *state, const struct occ_http_config *config)
{
    server_threads = THREADS;
    server_begin(&state->server, "127.0.0.1:0", config, 5000);
    state->stalled = client_begin(&state->server);
    send_text(state->stalled.fd, "GET /stall" H "\r\n");
    expect_line(&state->server, "stalled");
}

static void
end_stalled(struct state *state)
{
    client_end(&state->stalled);
    server_end(&state->server);
}

/* What needs no handler goes on: the policy, deadlines, connections that come and go. */
static void
test_policy_goes_on(void **unused)
{
    (void)unused;
    struct state state;
    struct occ_http_config config = plain;
    config.head_ms = 200;
    begin_stalled(&state, &config);
    for (int i = 0; i < 3 * THREADS; i++) {
        struct taken client = client_begin(&state.server);
        send_text(client.fd, i % 2 == 0 ? "GET /now" H "Bad Name: x\r\n\r\n" : "GET /now HTTP/1.1\r\nHo");
        expect_error(&client, i % 2 == 0 ? 400 : 408);
        client_end(&client);
    }
    struct taken waiting[2 * THREADS];
    for (int i = 0; i < 2 * THREADS; i++) {
        waiting[i] = client_begin(&state.server);
        send_text(waiting[i].fd, "GET /now" H "\r\nPOST /echo" H "Content-Length: 2\r\n\r\nhi");
    }
    server_let_go(&state.server);
    expect_answer(&state.stalled, 200, "stalled");
    for (int i = 0; i < 2 * THREADS; i++) {
        expect_answer(&waiting[i], 200, "now");
        expect_answer(&waiting[i], 200, "hi");
        client_end(&waiting[i]);
    }
    end_stalled(&state);
}

/* Clients that go before anybody could look at their request. */
static void
test_gone_before_it_was_seen(void **unused)
{
    (void)unused;
    static const char *const requests[] = { "GET /now" H "\r\n", "POST /echo" H "Content-Length: 5\r\n\r\n",
                                            "POST /early" H "Content-Length: 5\r\n\r\n" };
    enum { COUNT = sizeof requests / sizeof *requests };
    struct state state;
    begin_stalled(&state, &plain);
    for (size_t i = 0; i < COUNT; i++) {
        struct taken client = client_begin(&state.server);
        const struct linger at_once = { .l_onoff = 1 };
        send_text(client.fd, requests[i]);
        setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        client_end(&client);
    }
    server_let_go(&state.server);
    expect_answer(&state.stalled, 200, "stalled");
    unsigned gone = 0;
    for (size_t i = 0; i < COUNT + 1; i++) {
        gone += strstr(next_line(&state.server), " 0 0 0") != NULL;
    }
    assert_int_equal(gone, COUNT);
    end_stalled(&state);
}

/*
 * A body that comes before on_head could say whether it is wanted, and for which there is no room: it is refused, not half
 * taken. That all of it could be sent shows that the server has given it up: what it means to keep it stops reading.
 */
static void
test_body_without_room(void **unused)
{
    (void)unused;
    enum { LEN = 24 << 20 };
    struct state state;
    struct occ_http_config config = plain;
    config.body_len_total_max = 3000;
    begin_stalled(&state, &config);
    struct taken client = client_begin(&state.server);
    uint8_t *data = calloc(1, LEN);
    send_text(client.fd, "POST /echo" H "Transfer-Encoding: chunked\r\n\r\n");
    send_bytes(client.fd, occ_bytes_of(data, LEN));
    free(data);
    server_let_go(&state.server);
    expect_answer(&state.stalled, 200, "stalled");
    expect_error(&client, 503);
    client_end(&client);
    client = client_begin(&state.server); /* and there is room again */
    send_text(client.fd, "POST /echo" H "Content-Length: 2\r\n\r\n");
    send_text(client.fd, "hi");
    expect_answer(&client, 200, "hi");
    client_end(&client);
    end_stalled(&state);
}

/* What was refused is to be reported by the thread that stands still: those who wait for that are bounded. */
static void
test_refusals_without_end(void **unused)
{
    (void)unused;
    struct state state;
    struct occ_http_config config = plain;
    config.connections_max = 4;
    begin_stalled(&state, &config);
    unsigned refused = 0;
    for (ssize_t len = 1; len > 0; refused++) {
        const int fd = client_connect(&state.server);
        assert_true(refused <= THREADS * (OCC_LIMIT_HTTP_REPORTS + config.connections_max));
        (void)send(fd, "?\r\n", 3, MSG_NOSIGNAL);
        len = recv(fd, (char[64]){ 0 }, 64, 0); /* "HTTP/1.1 400 …", or closed */
        close(fd);
    }
    assert_true(refused > OCC_LIMIT_HTTP_REPORTS);
    server_let_go(&state.server);
    expect_answer(&state.stalled, 200, "stalled");
    for (unsigned i = 0; i < refused; i++) {
        (void)next_line(&state.server);
    }
    struct taken client = client_begin(&state.server);
    send_text(client.fd, "GET /now" H "\r\n");
    expect_answer(&client, 200, "now");
    client_end(&client);
    end_stalled(&state);
}

/* The stop waits for requests that nobody has seen yet. */
static void
test_stop_finds_them(void **unused)
{
    (void)unused;
    struct state state;
    struct taken waiting[2 * THREADS];
    begin_stalled(&state, &plain);
    for (int i = 0; i < 2 * THREADS; i++) {
        waiting[i] = client_begin(&state.server);
        send_text(waiting[i].fd, "POST /echo" H "Content-Length: 2\r\n\r\nhi");
    }
    state.server.told = true;
    kill(state.server.pid, SIGTERM);
    server_let_go(&state.server);
    expect_answer(&state.stalled, 200, "stalled");
    for (int i = 0; i < 2 * THREADS; i++) {
        expect_answer(&waiting[i], 200, "hi");
        client_end(&waiting[i]);
    }
    end_stalled(&state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_threads),        cmocka_unit_test(test_no_threads_at_a_path),
        cmocka_unit_test(test_too_many_threads),  cmocka_unit_test(test_no_descriptors),
        cmocka_unit_test(test_policy_goes_on),    cmocka_unit_test(test_gone_before_it_was_seen),
        cmocka_unit_test(test_body_without_room), cmocka_unit_test(test_refusals_without_end),
        cmocka_unit_test(test_stop_finds_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
