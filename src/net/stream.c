/*
 * stream.c — a byte stream over a unix socket or a vsock.
 *
 * What is sent within one turn of the loop goes out at its end, in as few system calls as it takes. While the kernel
 * takes no more, the rest waits in order.
 */
#include "net/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "net/loop_private.h"
#include "net/stream_private.h"

enum { READ_LEN = 256 << 10, PARTS_MAX = 64 };

struct chunk {
    struct occ_buf buf;
    size_t sent;
    struct chunk *next;
};

/* A socket until it is known whether it is connected. */
struct connecting {
    uv_poll_t poll;
    struct occ_stream *stream;
    int fd;
};

struct occ_stream {
    uv_pipe_t handle; /* of any stream socket: libuv only reads and writes */
    struct occ_loop *loop;
    struct occ_stream_events events;
    struct chunk *first, *last; /* not taken by the kernel yet */
    size_t unsent;
    uv_connect_t connect;
    struct connecting *connecting; /* NULL: the socket is libuv's */
    uv_write_t write;
    size_t in_flight; /* bytes at the front that libuv is writing; 0 = it is not */
    struct occ_loop_task flush;
    bool open, closed, failed; /* failed: nothing more is sent, on_close was or will be called */
};

/* ---- sending ---- */

static void
drop_front(struct occ_stream *stream, size_t len)
{
    stream->unsent -= len;
    while (len > 0 && stream->first != NULL) {
        struct chunk *chunk = stream->first;
        const size_t left = chunk->buf.len - chunk->sent;
        if (len < left) {
            chunk->sent += len;
            return;
        }
        len -= left;
        stream->first = chunk->next;
        if (stream->first == NULL) {
            stream->last = NULL;
        }
        occ_buf_clear(&chunk->buf);
        free(chunk);
    }
}

/* No more can be sent. What the other side has sent before it went is still read; then comes the end and on_close. */
static void
stop_sending(struct occ_stream *stream)
{
    int fd;
    stream->failed = true;
    drop_front(stream, stream->unsent);
    if (uv_fileno((uv_handle_t *)&stream->handle, &fd) == 0) {
        (void)shutdown(fd, SHUT_RDWR);
    }
}

static unsigned
gather(const struct occ_stream *stream, uv_buf_t *ret_parts, size_t *ret_len)
{
    unsigned count = 0;
    *ret_len = 0;
    for (const struct chunk *chunk = stream->first; chunk != NULL && count < PARTS_MAX; chunk = chunk->next) {
        const size_t left = chunk->buf.len - chunk->sent;
        ret_parts[count++] = uv_buf_init((char *)chunk->buf.ptr + chunk->sent, (unsigned)left);
        *ret_len += left;
    }
    return count;
}

static void
on_written(uv_write_t *write, int status)
{
    struct occ_stream *stream = write->data;
    const size_t len = stream->in_flight;
    stream->in_flight = 0;
    if (stream->closed) {
        return;
    }
    if (status != 0) {
        stop_sending(stream);
        return;
    }
    drop_front(stream, len);
    occ_loop_flush(stream->loop, &stream->flush);
}

static void
on_flush(struct occ_loop_task *task)
{
    struct occ_stream *stream = (struct occ_stream *)(void *)((char *)task - offsetof(struct occ_stream, flush));
    while (stream->open && !stream->failed && stream->in_flight == 0 && stream->first != NULL) {
        uv_buf_t parts[PARTS_MAX];
        size_t len;
        const unsigned count = gather(stream, parts, &len);
        int taken = uv_try_write((uv_stream_t *)&stream->handle, parts, count);
        if (taken == UV_EAGAIN) {
            stream->write.data = stream;
            stream->in_flight = len;
            taken = uv_write(&stream->write, (uv_stream_t *)&stream->handle, parts, count, on_written);
            if (taken < 0) {
                stream->in_flight = 0;
            }
        }
        if (taken < 0) {
            stop_sending(stream);
            return;
        }
        drop_front(stream, (size_t)taken);
    }
}

void
occ_stream_send(struct occ_stream *stream, struct occ_buf *buf)
{
    struct chunk *chunk = stream->failed || stream->closed || buf->len == 0 ? NULL : calloc(1, sizeof *chunk);
    if (chunk == NULL) {
        if (buf->len > 0 && !stream->failed && !stream->closed) {
            stop_sending(stream); /* out of memory: a hole in the stream would be worse than its end */
        }
        occ_buf_clear(buf);
        return;
    }
    occ_buf_move(buf, &chunk->buf);
    stream->unsent += chunk->buf.len;
    if (stream->last == NULL) {
        stream->first = chunk;
    } else {
        stream->last->next = chunk;
    }
    stream->last = chunk;
    occ_loop_flush(stream->loop, &stream->flush);
}

size_t
occ_stream_unsent(const struct occ_stream *stream)
{
    return stream->unsent;
}

/* ---- receiving ---- */

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
    const struct occ_stream *stream = handle->data;
    (void)suggested;
    *ret_buffer = occ_loop_read_buffer(stream->loop, READ_LEN);
}

static void
on_read(uv_stream_t *handle, ssize_t len, const uv_buf_t *buffer)
{
    struct occ_stream *stream = handle->data;
    if (len > 0) {
        stream->events.on_data(stream->events.ctx, occ_bytes_of(buffer->base, (size_t)len));
        return;
    }
    if (len == 0) {
        return;
    }
    (void)uv_read_stop(handle);
    stream->failed = true;
    stream->events.on_close(stream->events.ctx, occ_result_of(occ_loop_code((int)len)));
}

/* ---- life ---- */

static void
close_fd(int fd)
{
    uv_fs_t request;
    (void)uv_fs_close(NULL, &request, fd, NULL);
}

static void
on_poll_closed(uv_handle_t *handle)
{
    free(handle->data);
}

/* The socket is the caller's again. */
static int
stop_connecting(struct occ_stream *stream)
{
    struct connecting *connecting = stream->connecting;
    stream->connecting = NULL;
    (void)uv_poll_stop(&connecting->poll);
    uv_close((uv_handle_t *)&connecting->poll, on_poll_closed);
    return connecting->fd;
}

static void
on_closed(uv_handle_t *handle)
{
    struct occ_stream *stream = handle->data;
    drop_front(stream, stream->unsent);
    free(stream);
}

void
occ_stream_close(struct occ_stream *stream)
{
    if (stream == NULL || stream->closed) {
        return;
    }
    on_flush(&stream->flush); /* what was sent in this turn has not had its chance yet */
    stream->closed = true;
    if (stream->connecting != NULL) {
        close_fd(stop_connecting(stream));
    }
    occ_loop_task_cancel(&stream->flush);
    uv_close((uv_handle_t *)&stream->handle, on_closed);
}

static struct occ_stream *
stream_new(struct occ_loop *loop, const struct occ_stream_events *events)
{
    struct occ_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        return NULL;
    }
    (void)uv_pipe_init(occ_loop_uv(loop), &stream->handle, 0);
    stream->handle.data = stream;
    stream->loop = loop;
    stream->events = *events;
    stream->flush.run = on_flush;
    return stream;
}

static OCC_RESULT
begin(struct occ_stream *stream)
{
    OCC_ENSURE(uv_read_start((uv_stream_t *)&stream->handle, on_alloc, on_read) == 0, OCC_ERR_IO);
    stream->open = true;
    if (stream->first != NULL) {
        occ_loop_flush(stream->loop, &stream->flush);
    }
    return occ_success();
}

static void
on_connected(uv_connect_t *connect, int status)
{
    struct occ_stream *stream = connect->data;
    if (stream->closed) {
        return;
    }
    struct occ_result result = occ_result_of(occ_loop_code(status));
    if (occ_is_ok(result)) {
        result = begin(stream);
    }
    stream->failed = !occ_is_ok(result);
    stream->events.on_open(stream->events.ctx, result);
}

OCC_RESULT
occ_stream_connect_unix(struct occ_loop *loop, const char *path, const struct occ_stream_events *events,
                        struct occ_stream **ret_stream)
{
    /* libuv would cut a longer path short and connect to another one. */
    OCC_ENSURE(path[0] != '\0' && strlen(path) < sizeof((struct sockaddr_un *)NULL)->sun_path, OCC_ERR_USAGE);
    struct occ_stream *stream = stream_new(loop, events);
    OCC_ENSURE(stream != NULL, OCC_ERR_NOMEM);
    stream->connect.data = stream;
    uv_pipe_connect(&stream->connect, &stream->handle, path, on_connected);
    *ret_stream = stream;
    return occ_success();
}

/* What came of connect(2), as errno. */
static int
reason_of(int fd)
{
    int reason = 0;
    socklen_t len = sizeof reason;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &len) == 0 ? reason : EIO;
}

static void
on_connectable(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct connecting *connecting = poll->data;
    struct occ_stream *stream = connecting->stream;
    const int fd = stop_connecting(stream);
    int reason = reason_of(fd);
    if (reason == 0 && status != 0) {
        reason = -status; /* libuv says EBADF for any error, so this comes second */
    }
    enum occ_err code = occ_loop_code(-reason);
    code = code == OCC_ERR_CLOSED ? OCC_ERR_UNAVAILABLE : code; /* vsock says ECONNRESET where nobody listens */
    struct occ_result result = occ_result_of(code);
    if (occ_is_ok(result) && uv_pipe_open(&stream->handle, fd) == 0) {
        result = begin(stream);
    } else {
        close_fd(fd);
        result = occ_is_ok(result) ? occ_result_of(OCC_ERR_NOMEM) : result;
    }
    stream->failed = !occ_is_ok(result);
    stream->events.on_open(stream->events.ctx, result);
}

OCC_RESULT
occ_stream_connect_fd(struct occ_loop *loop, int fd, const struct occ_stream_events *events,
                      struct occ_stream **ret_stream)
{
    struct connecting *connecting = calloc(1, sizeof *connecting);
    struct occ_stream *stream = connecting == NULL ? NULL : stream_new(loop, events);
    if (stream == NULL || uv_poll_init(occ_loop_uv(loop), &connecting->poll, fd) != 0) {
        free(connecting);
        close_fd(fd);
        occ_stream_close(stream);
        return occ_result_of(OCC_ERR_NOMEM);
    }
    connecting->poll.data = connecting;
    connecting->stream = stream;
    connecting->fd = fd;
    stream->connecting = connecting;
    if (uv_poll_start(&connecting->poll, UV_WRITABLE, on_connectable) != 0) {
        occ_stream_close(stream);
        return occ_result_of(OCC_ERR_IO);
    }
    *ret_stream = stream;
    return occ_success();
}

OCC_RESULT
occ_stream_adopt(struct occ_loop *loop, int fd, const struct occ_stream_events *events, struct occ_stream **ret_stream)
{
    struct occ_stream *stream = stream_new(loop, events);
    if (stream == NULL || uv_pipe_open(&stream->handle, fd) != 0) {
        close_fd(fd);
        occ_stream_close(stream);
        return occ_result_of(OCC_ERR_NOMEM);
    }
    const struct occ_result begun = begin(stream);
    if (!occ_is_ok(begun)) {
        occ_stream_close(stream);
        return begun;
    }
    *ret_stream = stream;
    return occ_success();
}
