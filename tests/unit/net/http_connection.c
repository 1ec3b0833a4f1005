/* http_connection.c — connections over real sockets: order, early answers, refusals, the client's end. */
#include "unit/net/client_fixture.h"

#define H " HTTP/1.1\r\nHost: a\r\n"

static const struct occ_http_config config = { .extra_headers = "X-Extra: 1\r\n" };

struct state {
    struct server_fixture server;
    struct taken client;
};

static int
setup(void **ret_state)
{
    struct state *state = calloc(1, sizeof *state);
    server_begin(&state->server, "127.0.0.1:0", &config, 5000);
    state->client = client_begin(&state->server);
    *ret_state = state;
    return 0;
}

static int
teardown(void **ret_state)
{
    struct state *state = *ret_state;
    client_end(&state->client);
    server_end(&state->server);
    free(state);
    return 0;
}

static void
test_keep_alive(void **ret_state)
{
    struct state *state = *ret_state;
    for (int i = 0; i < 3; i++) {
        send_text(state->client.fd, "GET /now?x=1" H "\r\n");
        expect_answer(&state->client, 200, "now");
        assert_true(head_has(&state->client, "HTTP/1.1 200 OK\r\nDate: "));
        assert_true(head_has(&state->client, " GMT\r\nContent-Type: text/plain\r\n"));
        assert_true(head_has(&state->client, "\r\nContent-Length: 3\r\n"));
        assert_true(head_has(&state->client, "\r\nConnection: keep-alive\r\n"));
        assert_true(head_has(&state->client, "\r\nX-Own: 1\r\nX-Extra: 1\r\n\r\n"));
        expect_line(&state->server, "GET /now?x=1 200 0 3");
    }
    send_text(state->client.fd, "GET /now" H "Connection: close\r\n\r\nGET /now" H "\r\n");
    expect_answer(&state->client, 200, "now");
    assert_true(head_has(&state->client, "\r\nConnection: close\r\n"));
    expect_end(&state->client);
}

static void
test_http_1_0(void **ret_state)
{
    struct state *state = *ret_state;
    send_text(state->client.fd, "GET /now HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    expect_answer(&state->client, 200, "now");
    assert_true(head_has(&state->client, "\r\nConnection: close\r\n"));
    expect_end(&state->client);
}

static void
test_head_and_no_content(void **ret_state)
{
    struct state *state = *ret_state;
    send_text(state->client.fd, "HEAD /now" H "\r\nGET /none" H "\r\nHEAD /nothing" H "\r\nGET /now" H "\r\n");
    assert_int_equal(take_answer(&state->client, true), 200);
    assert_true(head_has(&state->client, "\r\nContent-Length: 3\r\n"));
    assert_int_equal(take_answer(&state->client, true), 204);
    assert_false(head_has(&state->client, "Content-Length"));
    assert_int_equal(take_answer(&state->client, true), 404);
    expect_answer(&state->client, 200, "now");
}

/* A burst must neither lose order nor grow the stack, answered at once or later. */
static void
test_pipelining(void **ret_state)
{
    struct state *state = *ret_state;
    enum { COUNT = 2000 };
    OCC_BUF_AUTO(burst, 1 << 20);
    for (int i = 0; i < COUNT; i++) {
        occ_buf_put_format(&burst, "POST %s" H "Content-Length: 5\r\n\r\n%05d", i % 7 == 3 ? "/turn" : "/echo", i);
    }
    send_bytes(state->client.fd, occ_buf_view(&burst));
    for (int i = 0; i < COUNT; i++) {
        char expected[16];
        snprintf(expected, sizeof expected, "%05d", i);
        expect_answer(&state->client, 200, i % 7 == 3 ? "turn" : expected);
        (void)next_line(&state->server);
    }
}

/* Whoever sends many requests at once has them answered in turn with those of others. */
static void
test_pipelining_holds_up_nobody(void **ret_state)
{
    struct state *state = *ret_state;
    enum { COUNT = 600 };
    OCC_BUF_AUTO(burst, 1 << 20);
    for (int i = 0; i < COUNT; i++) {
        occ_buf_put_str(&burst, "GET /now" H "\r\n");
    }
    struct taken stalled = client_begin(&state->server), other = client_begin(&state->server);
    send_text(stalled.fd, "GET /stall" H "\r\n");
    expect_line(&state->server, "stalled");
    send_bytes(state->client.fd, occ_buf_view(&burst));
    send_text(other.fd, "GET /now?other" H "\r\n");
    server_let_go(&state->server);
    expect_answer(&stalled, 200, "stalled");
    expect_answer(&other, 200, "now");
    int before = 0, others = 0;
    for (int i = 0; i < COUNT + 2; i++) {
        const char *line = next_line(&state->server);
        others += strcmp(line, "GET /now?other 200 0 3") == 0;
        before += others == 0 && strcmp(line, "GET /now 200 0 3") == 0;
    }
    assert_int_equal(others, 1);
    assert_in_range(before, 0, COUNT / 2);
    for (int i = 0; i < COUNT; i++) {
        expect_answer(&state->client, 200, "now");
    }
    client_end(&other);
    client_end(&stalled);
}

static void
test_pieces(void **ret_state)
{
    struct state *state = *ret_state;
    const char *text = "POST /echo" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n";
    for (size_t i = 0; text[i] != '\0'; i++) {
        send_bytes(state->client.fd, occ_bytes_of(text + i, 1));
    }
    expect_answer(&state->client, 200, "abcde");
    expect_line(&state->server, "POST /echo 200 5 5");
}

static void
test_large_body_and_answer(void **ret_state)
{
    struct state *state = *ret_state;
    enum { LEN = 5 << 20 };
    uint8_t *data = malloc(LEN);
    for (size_t i = 0; i < LEN; i++) {
        data[i] = (uint8_t)(i * 2654435761u >> 13);
    }
    OCC_BUF_AUTO(head, 256);
    occ_buf_put_format(&head, "POST /echo" H "Content-Length: %d\r\n\r\n", LEN);
    send_bytes(state->client.fd, occ_buf_view(&head));
    send_bytes(state->client.fd, occ_bytes_of(data, LEN));
    assert_int_equal(take_answer(&state->client, false), 200);
    assert_int_equal(state->client.body.len, LEN);
    assert_memory_equal(state->client.body.ptr, data, LEN);
    free(data);
    send_text(state->client.fd, "GET /big/20000000" H "\r\nGET /now" H "\r\n");
    assert_int_equal(take_answer(&state->client, false), 200);
    assert_int_equal(state->client.body.len, 20000000);
    expect_answer(&state->client, 200, "now");
}

static void
test_expect(void **ret_state)
{
    struct state *state = *ret_state;
    send_text(state->client.fd, "POST /echo" H "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_int_equal(take_answer(&state->client, false), 100);
    send_text(state->client.fd, "hi");
    expect_answer(&state->client, 200, "hi");
    /* The body is there already: nothing to wait for. */
    send_text(state->client.fd, "POST /echo" H "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nho");
    expect_answer(&state->client, 200, "ho");
    /* A refusal is the final answer. */
    send_text(state->client.fd, "POST /early" H "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    expect_answer(&state->client, 401, "early");
    assert_true(head_has(&state->client, "\r\nConnection: close\r\n"));
    expect_end(&state->client);
}

/* Also when something that may be its body has come. */
static void
test_expect_refused_with_body(void **ret_state)
{
    struct state *state = *ret_state;
    send_text(state->client.fd, "POST /early" H "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhoGET /now" H "\r\n");
    expect_answer(&state->client, 401, "early");
    assert_true(head_has(&state->client, "\r\nConnection: close\r\n"));
    expect_end(&state->client);
}

static void
test_expect_too_large(void **ret_state)
{
    struct state *state = *ret_state;
    send_text(state->client.fd, "POST /small" H "Expect: 100-continue\r\nContent-Length: 11\r\n\r\n");
    expect_error(&state->client, 413);
}

static void
test_early_answers(void **ret_state)
{
    struct state *state = *ret_state;
    send_text(state->client.fd, "GET /early" H "\r\n");
    expect_answer(&state->client, 401, "early");
    send_text(state->client.fd, "POST /early" H "Content-Length: 5\r\n\r\nhe");
    expect_answer(&state->client, 401, "early"); /* before the body is there */
    expect_line(&state->server, "GET /early 401 0 5");
    if (server_threads == 1) {
        expect_line(&state->server, "POST /early 401 0 5");
    }
    send_text(state->client.fd, "lloPOST /early-204" H "Content-Length: 2\r\n\r\nxyGET /now" H "\r\n");
    if (server_threads > 1) { /* reported when its body has been got over with */
        expect_line(&state->server, "POST /early 401 0 5");
    }
    assert_int_equal(take_answer(&state->client, true), 204);
    expect_answer(&state->client, 200, "now");
    /* A long body is not worth reading. */
    send_text(state->client.fd, "POST /early" H "Content-Length: 70000\r\n\r\n");
    expect_answer(&state->client, 401, "early");
    assert_true(head_has(&state->client, "\r\nConnection: close\r\n"));
    expect_end(&state->client);
}

/* A client that sends all of its body before it looks for the answer must find it, not a reset. */
static void
test_too_large(void **ret_state)
{
    struct state *state = *ret_state;
    enum { LEN = 10 << 20 };
    uint8_t *data = calloc(1, LEN);
    OCC_BUF_AUTO(head, 256);
    occ_buf_put_format(&head, "POST /echo" H "Content-Length: %d\r\n\r\n", LEN);
    send_bytes(state->client.fd, occ_buf_view(&head));
    send_bytes(state->client.fd, occ_bytes_of(data, LEN));
    expect_error(&state->client, 413);
    expect_line(&state->server, "POST /echo 413 0 31");
    struct taken second = client_begin(&state->server);
    send_text(second.fd, "POST /echo" H "Transfer-Encoding: chunked\r\n\r\na00000\r\n");
    send_bytes(second.fd, occ_bytes_of(data, LEN));
    expect_error(&second, 413);
    client_end(&second);
    free(data);
}

static void
test_refusals(void **ret_state)
{
    struct state *state = *ret_state;
    static const struct {
        const char *text;
        unsigned status;
    } refused[] = {
        { "POST /echo" H "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi", 400 },
        { "POST /echo" H "Content-Length: +2\r\n\r\nhi", 400 },
        { "POST /small" H "Content-Length: 11\r\n\r\nhello world", 413 },
        { "GET /now HTTP/1.1\r\n\r\n", 400 },
        { "GET /now HTTP/3.0\r\n\r\n", 505 },
        { "GET /now" H "Expect: tea\r\n\r\n", 417 },
        { "\x16\x03\x01", 400 },
        { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400 },
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct taken client = client_begin(&state->server);
        send_text(client.fd, "GET /now" H "\r\n"); /* what came before is still answered */
        send_text(client.fd, refused[i].text);
        expect_answer(&client, 200, "now");
        expect_error(&client, refused[i].status);
        client_end(&client);
    }
    send_text(state->client.fd, "GET //" H "\r\nGET //evil/now" H "\r\n");
    expect_answer(&state->client, 404, NULL);
    expect_answer(&state->client, 404, NULL);
}

static void
test_half_a_request(void **ret_state)
{
    struct state *state = *ret_state;
    static const char *const halves[] = { "GET /now HT", "GET /now" H, "POST /echo" H "Content-Length: 5\r\n\r\nhel" };
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) {
        struct taken client = client_begin(&state->server);
        send_text(client.fd, halves[i]);
        shutdown(client.fd, SHUT_WR);
        expect_error(&client, 400);
        client_end(&client);
    }
    shutdown(state->client.fd, SHUT_WR); /* nothing at all is no error */
    expect_end(&state->client);
}

static void
test_half_close(void **ret_state)
{
    struct state *state = *ret_state;
    send_text(state->client.fd, "GET /hold" H "\r\nGET /now" H "\r\nGET /turn" H "\r\n");
    shutdown(state->client.fd, SHUT_WR);
    expect_line(&state->server, "held /hold");
    struct taken other = client_begin(&state->server);
    send_text(other.fd, "GET /release" H "\r\n");
    expect_answer(&other, 200, "released");
    client_end(&other);
    expect_answer(&state->client, 200, "held");
    expect_answer(&state->client, 200, "now");
    expect_answer(&state->client, 200, "turn");
    expect_end(&state->client);
}

/* Resets the connection. */
static void
client_reset(struct taken *client)
{
    const struct linger at_once = { .l_onoff = 1 };
    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    client_end(client);
}

static void
test_client_gone(void **ret_state)
{
    struct state *state = *ret_state;
    struct taken client = client_begin(&state->server);
    send_text(client.fd, "GET /hold" H "\r\n");
    expect_line(&state->server, "held /hold");
    client_reset(&client);
    send_text(state->client.fd, "GET /now" H "\r\n"); /* by then one thread has seen the reset */
    expect_answer(&state->client, 200, "now");
    expect_line(&state->server, "GET /now 200 0 3");
    send_text(state->client.fd, "GET /release" H "\r\n");
    expect_answer(&state->client, 200, "released");
    expect_two_lines(&state->server, "GET /hold 0 0 0", "GET /release 200 0 8");

    client = client_begin(&state->server);
    send_text(client.fd, "POST /echo" H "Content-Length: 5\r\n\r\nhel");
    client_reset(&client);
    const char *line =
        next_line(&state->server); /* with threads the reset may be there before the body was looked at */
    if (server_threads == 1 || strcmp(line, "POST /echo 0 0 0") != 0) {
        assert_string_equal(line, "POST /echo 0 3 0");
    }
    client = client_begin(&state->server);
    send_text(client.fd, "GET /big/30000000" H "\r\n");
    (void)recv(client.fd, (char[1]){ 0 }, 1, 0);
    client_reset(&client);
    expect_line(&state->server, "GET /big/30000000 0 0 0");
}

/* While one request is in the handler's hands the client may send ahead, but not without end. */
static void
test_sending_ahead(void **ret_state)
{
    struct state *state = *ret_state;
    send_text(state->client.fd, "GET /hold" H "\r\n");
    expect_line(&state->server, "held /hold");
    const int fd = state->client.fd;
    const struct timeval briefly = { .tv_usec = 300000 };
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &briefly, sizeof briefly);
    static const char request[] = "POST /echo" H "Content-Length: 5\r\n\r\nahead";
    size_t sent = 0;
    const size_t enough = 64 << 20;
    while (sent < enough) {
        const ssize_t len = send(fd, request + sent % (sizeof request - 1),
                                 sizeof request - 1 - sent % (sizeof request - 1), MSG_NOSIGNAL);
        if (len < 0) {
            break; /* the server has stopped reading, the kernel's buffers are full */
        }
        sent += (size_t)len;
    }
    assert_true(sent < enough);
    struct taken other = client_begin(&state->server);
    send_text(other.fd, "GET /release" H "\r\n");
    expect_answer(&other, 200, "released");
    client_end(&other);
    expect_answer(&state->client, 200, "held");
    for (size_t i = 0; i < 1000; i++) {
        expect_answer(&state->client, 200, "ahead");
    }
    client_reset(&state->client);
    state->client = client_begin(&state->server);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_keep_alive),
        TEST(test_http_1_0),
        TEST(test_head_and_no_content),
        TEST(test_pipelining),
        TEST(test_pipelining_holds_up_nobody),
        TEST(test_pieces),
        TEST(test_expect),
        TEST(test_expect_refused_with_body),
        TEST(test_large_body_and_answer),
        TEST(test_expect_too_large),
        TEST(test_early_answers),
        TEST(test_too_large),
        TEST(test_refusals),
        TEST(test_half_a_request),
        TEST(test_half_close),
        TEST(test_client_gone),
        TEST(test_sending_ahead),
    };
    return RUN_WITH_THREADS(tests);
}
