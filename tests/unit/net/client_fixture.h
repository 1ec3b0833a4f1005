/*
 * client_fixture.h — an HTTP client made of bare sockets, for a server of server_fixture.h. Whatever takes longer than
 * WAIT_S is a failure.
 */
#ifndef OCC_TESTS_CLIENT_FIXTURE_H
#define OCC_TESTS_CLIENT_FIXTURE_H

#include "unit/net/server_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

enum { TAKEN_LEN_MAX = 64 << 20 };

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

static inline void
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
