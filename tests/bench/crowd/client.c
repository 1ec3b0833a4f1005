#include "client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/tcp.h>

#include "kinds.h"

enum { READ_ONCE = 65536, CONNECT_AGAIN_US = 100000 };

static void
make_room(struct bytes *bytes, size_t more)
{
    if (bytes->len + more <= bytes->size) {
        return;
    }
    bytes->size = (bytes->len + more) * 2;
    bytes->at = realloc(bytes->at, bytes->size);
    if (bytes->at == NULL) {
        perror("crowd");
        exit(3);
    }
}

void
client_put_bytes(struct client *client, const char *bytes, size_t len)
{
    make_room(&client->out, len);
    memcpy(client->out.at + client->out.len, bytes, len);
    client->out.len += len;
}

void
client_put(struct client *client, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    const int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (len < 0 || (size_t)len >= sizeof text) {
        fprintf(stderr, "crowd: a request is too long\n");
        exit(3);
    }
    client_put_bytes(client, text, (size_t)len);
}

void
crowd_say(struct crowd *crowd, unsigned kind, const char *what, const char *detail, size_t detail_len)
{
    if (crowd->wrong < SAID_MAX) {
        snprintf(crowd->said[crowd->wrong], SAID_LEN, "%s: %s %.*s", kinds[kind].name, what,
                 (int)(detail_len < 80 ? detail_len : 80), detail);
    }
    crowd->wrong++;
}

static void
forget(struct client *client)
{
    client->crowd->pending -= client->awaited > 0;
    client->out.len = client->out_at = client->in.len = 0;
    client->awaited = 0;
    client->call = CALL_NONE;
    client->cut_after = client->step_us = 0;
    client->is_last = false;
}

void
client_leave(struct client *client, bool with_reset, uint64_t wait_us)
{
    if (with_reset) {
        const struct linger at_once = { .l_onoff = 1 };
        setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    if (client->fd >= 0) {
        close(client->fd);
        client->crowd->open -= !client->is_connecting;
    }
    forget(client);
    client->fd = -1;
    client->wake_us = client->crowd->now_us + wait_us;
}

void
client_open(struct client *client)
{
    struct crowd *crowd = client->crowd;
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    client->is_connecting = true;
    client->can_read = client->can_write = false;
    client->served = 0;
    client->wake_us = UINT64_MAX;
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = client };
    if (client->fd < 0 ||
        (connect(client->fd, (struct sockaddr *)&crowd->address, sizeof crowd->address) != 0 && errno != EINPROGRESS) ||
        epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, client->fd, &event) != 0) {
        crowd_say(crowd, client->kind, "cannot connect:", strerror(errno), strlen(strerror(errno)));
        client_leave(client, false, CONNECT_AGAIN_US);
    }
}

static bool
is_connected(struct client *client)
{
    int error = 0;
    socklen_t len = sizeof error;
    getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error != 0) {
        crowd_say(client->crowd, client->kind, "cannot connect:", strerror(error), strlen(strerror(error)));
        client_leave(client, false, CONNECT_AGAIN_US);
        return false;
    }
    client->is_connecting = false;
    client->crowd->open++;
    client->crowd->connects++;
    return true;
}

/* Sends what pace and socket take. */
static void
send_some(struct client *client)
{
    while (client->can_write && client->out_at < client->out.len) {
        size_t len = client->out.len - client->out_at;
        if (client->step_us != 0 && client->send_step != 0 && len > client->send_quota) {
            len = client->send_quota;
        }
        if (len == 0) {
            return;
        }
        const ssize_t sent = send(client->fd, client->out.at + client->out_at, len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            client->can_write = false;
            return;
        }
        if (sent < 0) {
            /* An answer may have come before: it says why. */
            client->out_at = client->out.len;
            return;
        }
        client->out_at += (size_t)sent;
        client->send_quota -= client->step_us != 0 && client->send_step != 0 ? (size_t)sent : 0;
    }
}

/* One answer at the begin of what was read: its length, with head; 0 if it is not whole. The server says how long its bodies are. */
static size_t
answer_len(const struct bytes *in, int *ret_status, size_t *ret_head_len)
{
    const char *end = memmem(in->at, in->len, "\r\n\r\n", 4);
    if (end == NULL) {
        return 0;
    }
    const size_t head_len = (size_t)(end - in->at) + 4;
    const char *length = memmem(in->at, head_len, "Content-Length: ", 16);
    size_t body_len = 0;
    for (const char *at = length == NULL ? end : length + 16; *at >= '0' && *at <= '9'; at++) {
        body_len = body_len * 10 + (size_t)(*at - '0');
    }
    if (in->len < head_len + body_len) {
        return 0;
    }
    *ret_status = in->len > 12 ? (in->at[9] - '0') * 100 + (in->at[10] - '0') * 10 + in->at[11] - '0' : 0;
    *ret_head_len = head_len;
    return head_len + body_len;
}

static void
take_answers(struct client *client)
{
    int status;
    size_t head_len, len;
    size_t at = 0;
    while (at < client->in.len) {
        const struct bytes rest = { client->in.at + at, client->in.len - at, 0 };
        len = answer_len(&rest, &status, &head_len);
        if (len == 0) {
            break;
        }
        const int fd = client->fd;
        kinds_answered(client, status, rest.at + head_len, len - head_len);
        if (client->fd != fd || client->in.len == 0) {
            return; /* it left meanwhile */
        }
        at += len;
    }
    memmove(client->in.at, client->in.at + at, client->in.len - at);
    client->in.len -= at;
}

/* Reads what pace and socket give. False: the connection is gone. */
static bool
read_some(struct client *client)
{
    while (client->can_read) {
        size_t len = READ_ONCE;
        if (client->step_us != 0 && client->read_step != 0 && len > client->read_quota) {
            len = client->read_quota;
        }
        if (len == 0) {
            return true;
        }
        make_room(&client->in, len);
        const ssize_t got = recv(client->fd, client->in.at + client->in.len, len, 0);
        if (got < 0 && errno == EAGAIN) {
            client->can_read = false;
            return true;
        }
        if (got <= 0) {
            return false;
        }
        client->in.len += (size_t)got;
        client->crowd->bytes_read += (uint64_t)got;
        client->read_quota -= client->step_us != 0 && client->read_step != 0 ? (size_t)got : 0;
        if (client->cut_after != 0 && client->in.len >= client->cut_after) {
            client_leave(client, client->plan % 2 == 0, 500000 + client->random % 1000000);
            return true;
        }
        const int fd = client->fd;
        take_answers(client);
        if (client->fd != fd || fd < 0) {
            return true;
        }
    }
    return true;
}

void
client_pump(struct client *client)
{
    if (client->fd < 0) {
        return;
    }
    if (client->is_connecting) {
        if (!client->can_write || !is_connected(client)) {
            return;
        }
        kinds_next(client);
    }
    do {
        send_some(client);
        if (!read_some(client)) {
            kinds_closed(client);
        }
        /* Answers have made requests, which are sent at once. */
    } while (client->fd >= 0 && client->out_at < client->out.len && client->can_write && client->step_us == 0);
}

void
client_wake(struct client *client)
{
    client->wake_us = UINT64_MAX;
    if (client->fd < 0) {
        if (!client->crowd->is_ending) {
            client_open(client);
        }
        return;
    }
    if (client->step_us != 0) {
        client->send_quota += client->send_step;
        client->read_quota += client->read_step;
        client->wake_us = client->crowd->now_us + client->step_us;
    } else if (client->awaited == 0 && !client->crowd->is_ending) {
        kinds_next(client);
    }
    client_pump(client);
}
