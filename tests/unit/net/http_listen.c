/* http_listen.c — addresses, deadlines, limits of the whole server, and its end. */
#include "unit/net/client_fixture.h"

#include <sys/stat.h>

#define H " HTTP/1.1\r\nHost: a\r\n"

static const struct occ_http_config plain = { .extra_headers = "X-Extra: 1\r\n" };

static void
expect_now(const struct server_fixture *server)
{
    struct taken client = client_begin(server);
    send_text(client.fd, "GET /now" H "\r\n");
    expect_answer(&client, 200, "now");
    client_end(&client);
}

/* ---- addresses ---- */

static void
test_addresses(void **state)
{
    (void)state;
    static const char *const good[][2] = { { "127.0.0.1:0", "127.0.0.1:" },
                                           { "[::1]:0", "[::1]:" },
                                           { "localhost:0", "" } };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct server_fixture server;
        server_begin(&server, good[i][0], &plain, 1000);
        assert_true(occ_bytes_starts(occ_bytes_str(server.address), good[i][1]));
        assert_string_not_equal(strrchr(server.address, ':'), ":0");
        expect_now(&server);
        server_end(&server);
    }
}

static void
expect_refused(const char *listen, enum occ_err code, const char *part)
{
    struct occ_loop *loop;
    struct occ_error err = { 0 };
    struct occ_http_server *server = NULL;
    const struct occ_http_config config = { .events.on_head = NULL };
    assert_true(occ_is_ok(occ_loop_new(&err, &loop)));
    const struct occ_result result = occ_http_server_new(loop, listen, &config, &err, &server);
    assert_int_equal(result.code, code);
    assert_null(server);
    if (strstr(err.text, part) == NULL) {
        assert_string_equal(err.text, part);
    }
    occ_loop_free(loop);
}

static void
test_bad_addresses(void **state)
{
    (void)state;
    static const char *const bad[] = { "",        "8080",  ":8080", "127.0.0.1",    "127.0.0.1:",   "127.0.0.1:65536",
                                       "::1:80",  "[::1]", "[]:80", "127.0.0.1:-1", "127.0.0.1:08", "127.0.0.1:80a",
                                       "[::1:80", "a b:80" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        expect_refused(bad[i], OCC_ERR_USAGE, bad[i]);
    }
    struct server_fixture server;
    server_begin(&server, "127.0.0.1:0", &plain, 1000);
    expect_refused(server.address, OCC_ERR_IO, "address already in use");
    server_end(&server);
}

static void
test_unix(void **state)
{
    (void)state;
    char folder[] = "/tmp/occ-unit-net-XXXXXX";
    char path[64], listen[80];
    struct stat found;
    struct server_fixture server;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
    snprintf(listen, sizeof listen, "unix:%s", path);
    server_begin(&server, listen, &plain, 1000);
    assert_string_equal(server.address, listen);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode, S_IFSOCK | 0660);
    expect_now(&server);
    expect_refused(listen, OCC_ERR_LOCKED, path); /* somebody listens */
    expect_now(&server);

    struct taken client = client_begin(&server); /* a client that has gone altogether shows, unlike with TCP */
    expect_line(&server, "GET /now 200 0 3");
    expect_line(&server, "GET /now 200 0 3");
    send_text(client.fd, "GET /hold" H "\r\n");
    expect_line(&server, "held /hold");
    client_end(&client);
    client = client_begin(&server);
    send_text(client.fd, "GET /release" H "\r\n");
    expect_answer(&client, 200, "released");
    client_end(&client);

    kill(server.pid, SIGKILL);
    assert_int_equal(waitpid(server.pid, NULL, 0), server.pid);
    fclose(server.log);
    close(server.gate_fd);
    assert_int_equal(stat(path, &found), 0); /* stale */
    server_begin(&server, listen, &plain, 1000);
    expect_now(&server);
    server_end(&server);
    assert_int_not_equal(stat(path, &found), 0); /* taken away at the end */

    FILE *file = fopen(path, "w");
    fclose(file);
    expect_refused(listen, OCC_ERR_STATE, path);
    assert_int_equal(stat(path, &found), 0);
    unlink(path);
    rmdir(folder);
}

/* ---- deadlines ---- */

static void
test_slow_head(void **state)
{
    (void)state;
    struct server_fixture server;
    struct occ_http_config config = plain;
    config.head_ms = 400;
    server_begin(&server, "127.0.0.1:0", &config, 1000);
    struct taken silent = client_begin(&server);
    struct taken slow = client_begin(&server);
    send_text(slow.fd, "GET /now HTTP/1.1\r\nHost: a\r\nX: ");
    for (int i = 0; i < 200; i++) { /* trickling must not extend the time */
        if (send(slow.fd, "x", 1, MSG_NOSIGNAL) != 1 || recv(slow.fd, (char[1]){ 0 }, 1, MSG_PEEK | MSG_DONTWAIT) > 0) {
            break;
        }
        assert_true(i < 199);
        usleep(20000);
    }
    expect_error(&slow, 408);
    expect_line(&server, "  408 0 62");
    expect_end(&silent); /* no request had begun: no answer */
    assert_int_equal(silent.buf.len, 0);
    client_end(&slow);
    client_end(&silent);
    server_end(&server);
}

static void
test_slow_body(void **state)
{
    (void)state;
    struct server_fixture server;
    struct occ_http_config config = plain;
    config.body_ms = 200;
    server_begin(&server, "127.0.0.1:0", &config, 1000);
    struct taken client = client_begin(&server);
    send_text(client.fd, "POST /echo" H "Content-Length: 5\r\n\r\nhel");
    expect_error(&client, 408);
    client_end(&client);
    server_end(&server);
}

static void
test_idle(void **state)
{
    (void)state;
    struct server_fixture server;
    struct occ_http_config config = plain;
    config.idle_ms = 100;
    server_begin(&server, "127.0.0.1:0", &config, 1000);
    struct taken client = client_begin(&server);
    send_text(client.fd, "GET /now" H "\r\n");
    expect_answer(&client, 200, "now");
    expect_end(&client);
    client_end(&client);
    server_end(&server);
}

/* Over a unix socket, whose buffers are small. */
static void
test_slow_reader(void **state)
{
    (void)state;
    char folder[] = "/tmp/occ-unit-net-XXXXXX";
    char listen[80];
    struct server_fixture server;
    struct occ_http_config config = plain;
    config.write_ms = 100;
    assert_non_null(mkdtemp(folder));
    snprintf(listen, sizeof listen, "unix:%s/socket", folder);
    server_begin(&server, listen, &config, 1000);
    struct taken client = client_begin(&server);
    send_text(client.fd, "GET /big/500000" H "\r\n");
    expect_line(&server, "GET /big/500000 0 0 0"); /* without a byte having been taken from here */
    client_end(&client);
    server_end(&server);
    rmdir(folder);
}

/* ---- limits ---- */

static void
test_connections(void **state)
{
    (void)state;
    struct server_fixture server;
    struct occ_http_config config = plain;
    config.connections_max = 2;
    server_begin(&server, "127.0.0.1:0", &config, 1000);
    struct taken clients[2];
    for (int i = 0; i < 2; i++) {
        clients[i] = client_begin(&server);
        send_text(clients[i].fd, "GET /now" H "\r\n");
        expect_answer(&clients[i], 200, "now");
    }
    for (int i = 0; i < 5; i++) {
        struct taken third = client_begin(&server);
        send_text(third.fd, "GET /now" H "\r\n");
        assert_int_equal(take_answer(&third, false), 503);
        assert_true(head_has(&third, "\r\nRetry-After: 1\r\n"));
        expect_end(&third);
        client_end(&third);
    }
    send_text(clients[0].fd, "GET /now" H "Connection: close\r\n\r\n");
    expect_answer(&clients[0], 200, "now");
    expect_end(&clients[0]);
    client_end(&clients[0]);
    for (unsigned status = 503; status != 200;) { /* as soon as the server has seen the end there is room again */
        struct taken third = client_begin(&server);
        send_text(third.fd, "GET /now" H "\r\n");
        status = take_answer(&third, false);
        client_end(&third);
        (void)usleep(5000); /* not faster than those turned away are let go: beyond their limit nobody is told 503 */
    }
    client_end(&clients[1]);
    server_end(&server);
}

static void
send_post(const struct taken *client, const char *path, struct occ_bytes body)
{
    OCC_BUF_AUTO(head, 256);
    occ_buf_put_format(&head, "POST %s" H "Content-Length: %zu\r\n\r\n", path, body.len);
    send_bytes(client->fd, occ_buf_view(&head));
    send_bytes(client->fd, body);
}

static void
test_bodies(void **state)
{
    (void)state;
    static char data[150000];
    struct server_fixture server;
    struct occ_http_config config = plain;
    config.body_len_total_max = 1 << 20;
    server_begin(&server, "127.0.0.1:0", &config, 1000);
    memset(data, 'x', sizeof data);
    struct taken clients[8];
    int held = 0;
    int refused = 0;
    for (int i = 0; i < 8; i++) {
        clients[i] = client_begin(&server);
        send_post(&clients[i], "/hold", occ_bytes_of(data, sizeof data));
        if (strcmp(next_line(&server), "held /hold") == 0) {
            held++;
        } else {
            assert_int_equal(take_answer(&clients[i], false), 503);
            assert_true(head_has(&clients[i], "\r\nRetry-After: 1\r\n"));
            refused++;
        }
    }
    assert_true(held >= 3 && held <= 6 && refused > 0);
    struct taken other = client_begin(&server);
    send_text(other.fd, "GET /release" H "\r\n");
    expect_answer(&other, 200, "released");
    send_post(&other, "/echo", occ_bytes_of(data, sizeof data)); /* there is room again */
    assert_int_equal(take_answer(&other, false), 200);
    client_end(&other);
    for (int i = 0; i < 8; i++) {
        client_end(&clients[i]);
    }
    server_end(&server);
}

/* Bodies that were read and dropped leave room for others, and are reported with their length all the same. */
static void
test_dropped_bodies(void **state)
{
    (void)state;
    static char data[150000];
    struct server_fixture server;
    struct occ_http_config config = plain;
    config.body_len_total_max = 512 << 10;
    server_begin(&server, "127.0.0.1:0", &config, 1000);
    memset(data, 'x', sizeof data);
    struct taken clients[8];
    for (int i = 0; i < 8; i++) {
        clients[i] = client_begin(&server);
        send_post(&clients[i], "/drop", occ_bytes_of(data, sizeof data));
        expect_line(&server, "held /drop");
    }
    struct taken other = client_begin(&server);
    send_text(other.fd, "GET /release" H "\r\n");
    expect_answer(&other, 200, "released");
    client_end(&other);
    for (int i = 0; i < 8; i++) {
        expect_answer(&clients[i], 200, "held");
    }
    int reported = 0;
    for (int i = 0; i < 9; i++) {
        reported += strcmp(next_line(&server), "POST /drop 200 150000 4") == 0;
    }
    assert_int_equal(reported, 8);
    for (int i = 0; i < 8; i++) {
        client_end(&clients[i]);
    }
    server_end(&server);
}

/* What is sent ahead counts as well. What does not fit is not answered, and the answer before it says so. */
static void
test_sent_ahead_beyond_the_limit(void **state)
{
    (void)state;
    static char ahead[6000];
    struct server_fixture server;
    struct occ_http_config config = plain;
    config.body_len_total_max = 5000;
    server_begin(&server, "127.0.0.1:0", &config, 1000);
    struct taken client = client_begin(&server);
    send_text(client.fd, "GET /hold" H "\r\n");
    expect_line(&server, "held /hold");
    memset(ahead, '\r', sizeof ahead);
    send_bytes(client.fd, occ_bytes_of(ahead, sizeof ahead));
    struct taken other = client_begin(&server);
    send_text(other.fd, "GET /release" H "\r\n");
    expect_answer(&other, 200, "released");
    expect_answer(&client, 200, "held");
    assert_true(head_has(&client, "\r\nConnection: close\r\n"));
    expect_end(&client);
    send_text(other.fd, "POST /echo" H "Content-Length: 2\r\n\r\nhi"); /* all of it was given back */
    expect_answer(&other, 200, "hi");
    client_end(&client);
    client_end(&other);
    server_end(&server);
}

/* ---- the end ---- */

static void
server_stop(struct server_fixture *fixture)
{
    fixture->told = true;
    kill(fixture->pid, SIGTERM);
    expect_line(fixture, "stopping");
}

static void
test_graceful_stop(void **state)
{
    (void)state;
    struct server_fixture server;
    server_begin(&server, "127.0.0.1:0", &plain, 10000);
    struct taken idle = client_begin(&server);
    struct taken begun = client_begin(&server);
    struct taken held = client_begin(&server);
    send_text(idle.fd, "GET /now" H "\r\n");
    expect_answer(&idle, 200, "now");
    expect_line(&server, "GET /now 200 0 3");
    send_text(held.fd, "GET /hold" H "\r\n");
    expect_line(&server, "held /hold");
    send_text(begun.fd, "POST /release" H "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_int_equal(take_answer(&begun, false), 100);
    server_stop(&server);
    expect_end(&idle);
    send_text(begun.fd, "hi");
    expect_answer(&begun, 200, "released");
    assert_true(head_has(&begun, "\r\nConnection: close\r\n"));
    expect_answer(&held, 200, "held");
    assert_true(head_has(&held, "\r\nConnection: close\r\n"));
    expect_end(&begun);
    expect_end(&held);
    client_end(&idle);
    client_end(&begun);
    client_end(&held);
    server_end(&server);
}

/* A request that is not answered in time is cut off; the handler's answer, after all is gone, does no harm. */
static void
test_stop_with_unanswered(void **state)
{
    (void)state;
    struct server_fixture server;
    server_begin(&server, "127.0.0.1:0", &plain, 100);
    struct taken client = client_begin(&server);
    send_text(client.fd, "GET /hold" H "\r\n");
    expect_line(&server, "held /hold");
    server_stop(&server);
    expect_end(&client);
    expect_line(&server, "GET /hold 0 0 0");
    client_end(&client);
    server_end(&server);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_bad_addresses),
        cmocka_unit_test(test_unix),
        cmocka_unit_test(test_slow_head),
        cmocka_unit_test(test_slow_body),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_connections),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_dropped_bodies),
        cmocka_unit_test(test_sent_ahead_beyond_the_limit),
        cmocka_unit_test(test_graceful_stop),
        cmocka_unit_test(test_stop_with_unanswered),
    };
    return RUN_WITH_THREADS(tests);
}
