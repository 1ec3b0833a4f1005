/* stream.c — a byte stream over a unix socket: connecting, order, what is left when the other side goes. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/stream.h"
#include "net/stream_private.h"
#include "unit/net/cmocka_all.h"

enum { RECEIVED_MAX = 32 << 20 };

struct peer {
    struct occ_loop *loop;
    struct occ_stream *stream;
    int fd; /* the other side, blocking */
    struct occ_buf received;
    unsigned opened, closed;
    enum occ_err open_code, close_code;
    bool stop_on_data;
};

static void
on_open(void *ctx, struct occ_result result)
{
    struct peer *peer = ctx;
    peer->opened++;
    peer->open_code = result.code;
    if (!occ_is_ok(result)) {
        return;
    }
    struct occ_buf hello = OCC_BUF_INIT(64);
    occ_buf_put_str(&hello, "two");
    occ_stream_send(peer->stream, &hello);
    occ_loop_stop(peer->loop);
}

static void
on_data(void *ctx, struct occ_bytes data)
{
    struct peer *peer = ctx;
    occ_buf_put(&peer->received, data);
    if (peer->stop_on_data) {
        occ_stream_close(peer->stream); /* no event follows */
        peer->stream = NULL;
    }
}

static void
on_close(void *ctx, struct occ_result why)
{
    struct peer *peer = ctx;
    peer->closed++;
    peer->close_code = why.code;
}

static struct occ_stream_events
events_of(struct peer *peer)
{
    return (struct occ_stream_events){ on_open, on_data, on_close, peer };
}

static int
setup(void **state)
{
    struct peer *peer = calloc(1, sizeof *peer);
    struct occ_error err;
    int pair[2];
    peer->received = OCC_BUF_INIT(RECEIVED_MAX);
    assert_true(occ_is_ok(occ_loop_new(&err, &peer->loop)));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    peer->fd = pair[1];
    const struct occ_stream_events events = events_of(peer);
    assert_true(occ_is_ok(occ_stream_adopt(peer->loop, pair[0], &events, &peer->stream)));
    *state = peer;
    return 0;
}

static int
teardown(void **state)
{
    struct peer *peer = *state;
    occ_stream_close(peer->stream);
    occ_loop_free(peer->loop);
    if (peer->fd >= 0) {
        close(peer->fd);
    }
    occ_buf_clear(&peer->received);
    free(peer);
    return 0;
}

static void
send_number(struct peer *peer, unsigned number)
{
    struct occ_buf buf = OCC_BUF_INIT(64);
    occ_buf_put_format(&buf, "%06u", number);
    occ_stream_send(peer->stream, &buf);
    assert_int_equal(buf.len, 0);
    assert_null(buf.ptr);
}

static void
on_timer(void *ctx)
{
    struct peer *peer = ctx;
    occ_loop_stop(peer->loop);
}

/* One turn or a few. */
static void
run_briefly(struct peer *peer)
{
    struct occ_timer *timer;
    assert_true(occ_is_ok(occ_timer_new(peer->loop, on_timer, peer, &timer)));
    occ_timer_start(timer, 1);
    occ_loop_run(peer->loop);
    occ_timer_free(timer);
}

/* More than the kernel takes at once: all of it arrives, in order, and unsent says how much is left. */
static void
test_order(void **state)
{
    enum { COUNT = 400000 };
    struct peer *peer = *state;
    for (unsigned i = 0; i < COUNT; i++) {
        send_number(peer, i);
    }
    assert_int_equal(occ_stream_unsent(peer->stream), COUNT * 6);
    /* In the first turn or in a later one: libuv's versions differ in what a turn does first. */
    while (occ_stream_unsent(peer->stream) == COUNT * 6) {
        run_briefly(peer);
    }
    assert_in_range(occ_stream_unsent(peer->stream), 1, COUNT * 6 - 1);
    char *text = malloc(COUNT * 6 + 1);
    size_t len = 0;
    while (len < COUNT * 6) {
        const ssize_t got = recv(peer->fd, text + len, COUNT * 6 - len, MSG_DONTWAIT);
        if (got > 0) {
            len += (size_t)got;
        } else {
            run_briefly(peer);
        }
    }
    assert_int_equal(occ_stream_unsent(peer->stream), 0);
    for (unsigned i = 0; i < COUNT; i++) {
        char expected[16];
        snprintf(expected, sizeof expected, "%06u", i);
        assert_memory_equal(text + (size_t)i * 6, expected, 6);
    }
    free(text);
    assert_int_equal(peer->closed, 0);
}

static void
test_receive_and_end(void **state)
{
    struct peer *peer = *state;
    assert_int_equal(write(peer->fd, "hello", 5), 5);
    close(peer->fd);
    peer->fd = -1;
    occ_loop_run(peer->loop); /* ends by itself: a stream at its end waits for nothing */
    assert_int_equal(peer->received.len, 5);
    assert_int_equal(peer->closed, 1);
    assert_int_equal(peer->close_code, OCC_ERR_CLOSED);
}

/* What the other side sent before it went is read although writing to it fails. */
static void
test_write_to_the_gone(void **state)
{
    struct peer *peer = *state;
    static char data[100000];
    assert_int_equal(write(peer->fd, data, sizeof data), sizeof data);
    close(peer->fd);
    peer->fd = -1;
    send_number(peer, 1);
    occ_loop_run(peer->loop);
    assert_int_equal(peer->received.len, sizeof data);
    assert_int_equal(peer->closed, 1);
    assert_int_equal(peer->opened, 0);
    send_number(peer, 2); /* no harm */
    assert_int_equal(occ_stream_unsent(peer->stream), 0);
}

static void
test_close_in_event(void **state)
{
    struct peer *peer = *state;
    peer->stop_on_data = true;
    assert_int_equal(write(peer->fd, "hello", 5), 5);
    close(peer->fd);
    peer->fd = -1;
    occ_loop_run(peer->loop);
    assert_int_equal(peer->received.len, 5);
    assert_int_equal(peer->closed, 0);
}

static void
test_sent_before_close(void **state)
{
    struct peer *peer = *state;
    char text[8];
    send_number(peer, 7);
    occ_stream_close(peer->stream);
    peer->stream = NULL;
    assert_int_equal(read(peer->fd, text, sizeof text), 6);
    assert_memory_equal(text, "000007", 6);
}

static void
test_connect(void **state)
{
    struct peer *peer = *state;
    char folder[] = "/tmp/occ-unit-stream-XXXXXX";
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct peer other = { .loop = peer->loop, .received = OCC_BUF_INIT(64) };
    const struct occ_stream_events events = events_of(&other);
    assert_non_null(mkdtemp(folder));
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", folder);

    assert_true(occ_is_ok(occ_stream_connect_unix(peer->loop, address.sun_path, &events, &other.stream)));
    while (other.opened == 0) {
        run_briefly(peer);
    }
    assert_int_equal(other.open_code, OCC_ERR_UNAVAILABLE);
    assert_int_equal(other.closed, 0);
    occ_stream_close(other.stream);

    const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    other.opened = 0;
    assert_true(occ_is_ok(occ_stream_connect_unix(peer->loop, address.sun_path, &events, &other.stream)));
    struct occ_buf early = OCC_BUF_INIT(64);
    occ_buf_put_str(&early, "one");
    occ_stream_send(other.stream, &early); /* waits until it is open */
    while (other.opened == 0) {
        occ_loop_run(peer->loop);
    }
    assert_int_equal(other.open_code, OCC_OK);
    run_briefly(peer);
    const int fd = accept(listener, NULL, NULL);
    char text[8];
    assert_int_equal(read(fd, text, sizeof text), 6);
    assert_memory_equal(text, "onetwo", 6);
    occ_stream_close(other.stream);
    close(fd);
    close(listener);
    unlink(address.sun_path);
    rmdir(folder);
}

/* A socket of ours that listens on the loopback address, or one that does not yet; *ret_address is where. */
static int
make_listener(struct sockaddr_in *ret_address)
{
    socklen_t len = sizeof *ret_address;
    *ret_address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)ret_address, sizeof *ret_address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)ret_address, &len), 0);
    return fd;
}

/* A socket whose connect is under way. */
static int
begin_connect(const struct sockaddr_in *address)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    const int connected = connect(fd, (const struct sockaddr *)address, sizeof *address);
    assert_true(connected == 0 || errno == EINPROGRESS);
    return fd;
}

static void
test_connect_fd(void **state)
{
    struct peer *peer = *state;
    struct sockaddr_in address;
    struct peer other = { .loop = peer->loop, .received = OCC_BUF_INIT(64) };
    const struct occ_stream_events events = events_of(&other);
    const int listener = make_listener(&address);

    /* Nobody listens. */
    int fd = begin_connect(&address);
    assert_true(occ_is_ok(occ_stream_connect_fd(peer->loop, fd, &events, &other.stream)));
    while (other.opened == 0) {
        run_briefly(peer);
    }
    assert_int_equal(other.open_code, OCC_ERR_UNAVAILABLE);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    occ_stream_close(other.stream);

    assert_int_equal(listen(listener, 4), 0);
    other.opened = 0;
    fd = begin_connect(&address);
    assert_true(occ_is_ok(occ_stream_connect_fd(peer->loop, fd, &events, &other.stream)));
    struct occ_buf early = OCC_BUF_INIT(64);
    occ_buf_put_str(&early, "one");
    occ_stream_send(other.stream, &early); /* waits until it is open */
    while (other.opened == 0) {
        occ_loop_run(peer->loop);
    }
    assert_int_equal(other.open_code, OCC_OK);
    run_briefly(peer);
    const int accepted = accept(listener, NULL, NULL);
    char text[8];
    assert_int_equal(recv(accepted, text, 6, MSG_WAITALL), 6);
    assert_memory_equal(text, "onetwo", 6);
    assert_int_equal(write(accepted, "back", 4), 4);
    close(accepted);
    while (other.closed == 0) {
        run_briefly(peer);
    }
    assert_true(occ_bytes_is(occ_buf_view(&other.received), "back"));
    assert_int_equal(other.opened, 1);
    occ_stream_close(other.stream);

    /* Closed before it is known: no event, and the socket is gone. */
    other.opened = 0;
    fd = begin_connect(&address);
    assert_true(occ_is_ok(occ_stream_connect_fd(peer->loop, fd, &events, &other.stream)));
    occ_stream_close(other.stream);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    run_briefly(peer);
    assert_int_equal(other.opened, 0);
    occ_buf_clear(&other.received);
    close(listener);
}

/* No socket, so libuv will not wait for it: the descriptor is closed all the same. */
static void
test_connect_no_socket(void **state)
{
    struct peer *peer = *state;
    struct occ_stream *none = NULL;
    const struct occ_stream_events events = events_of(peer);
    const int fd = open("/dev/null", O_RDWR);
    const struct occ_result refused = occ_stream_connect_fd(peer->loop, fd, &events, &none);
    assert_false(occ_is_ok(refused));
    assert_null(none);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void
test_bad_paths(void **state)
{
    struct peer *peer = *state;
    char path[200];
    struct occ_stream *none = NULL;
    const struct occ_stream_events events = events_of(peer);
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    const struct occ_result too_long = occ_stream_connect_unix(peer->loop, path, &events, &none);
    assert_int_equal(too_long.code, OCC_ERR_USAGE);
    const struct occ_result empty = occ_stream_connect_unix(peer->loop, "", &events, &none);
    assert_int_equal(empty.code, OCC_ERR_USAGE);
    assert_null(none);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_order),          TEST(test_receive_and_end),   TEST(test_write_to_the_gone),
        TEST(test_close_in_event), TEST(test_sent_before_close), TEST(test_connect),
        TEST(test_connect_fd),     TEST(test_connect_no_socket), TEST(test_bad_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
