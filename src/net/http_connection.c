/* http_connection.c — one connection: reading, one request after the other, deadlines, the end. Phases: http_private.h. */
#include <stdlib.h>
#include <sys/socket.h>

#include "net/http_private.h"

enum { READ_AHEAD_LEN = 4096, REQUESTS_AT_ONCE = 16 };

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer);

uint64_t
occ_http_connection_until(const struct occ_http_connection *connection, uint64_t ms)
{
    return occ_loop_now_ms(connection->front->loop) + ms;
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
    const struct occ_http_connection *connection = handle->data;
    (void)suggested;
    const bool ahead = connection->phase == OCC_HTTP_IN_HANDLER || connection->phase == OCC_HTTP_WRITING;
    *ret_buffer = occ_loop_read_buffer(connection->front->loop, ahead ? READ_AHEAD_LEN : OCC_HTTP_READ_LEN);
}

static void
set_reading(struct occ_http_connection *connection, bool reading)
{
    if (reading == !connection->paused) {
        return;
    }
    connection->paused = !reading;
    if (reading) {
        (void)uv_read_start(&connection->handle.stream, on_alloc, on_read);
    } else {
        (void)uv_read_stop(&connection->handle.stream);
    }
}

/* ---- input that waits for the request before it to be answered ---- */

size_t
occ_http_connection_input(const struct occ_http_connection *connection)
{
    return connection->input.len - connection->input_at;
}

static void
drop_input(struct occ_http_connection *connection)
{
    if (connection->input_charged > 0) {
        occ_http_budget_give(&connection->front->server->budget, connection->input_charged);
    }
    connection->input_charged = 0;
    connection->input_at = 0;
    occ_buf_clear(&connection->input);
}

/* Keeps bytes for later. If they do not fit, the current answer is the last: the client asks again what was not answered. */
static void
keep_input(struct occ_http_connection *connection, struct occ_bytes bytes)
{
    if (bytes.len == 0) {
        return;
    }
    connection->input.limit = OCC_LIMIT_HTTP_PIPELINE_LEN + OCC_HTTP_READ_LEN;
    occ_buf_drop_front(&connection->input, connection->input_at);
    connection->input_at = 0;
    occ_buf_put(&connection->input, bytes);
    const size_t grown = connection->input.cap - connection->input_charged;
    connection->input_charged = connection->input.cap;
    const bool fits = occ_http_budget_take(&connection->front->server->budget, grown);
    if (!fits || !occ_is_ok(occ_buf_check(&connection->input))) {
        connection->last = true;
        drop_input(connection);
        return;
    }
    set_reading(connection, occ_http_connection_input(connection) < OCC_LIMIT_HTTP_PIPELINE_LEN);
}

/* ---- the end ---- */

static void
on_closed(uv_handle_t *handle)
{
    occ_http_front_forget(handle->data);
}

void
occ_http_connection_close(struct occ_http_connection *connection)
{
    struct occ_http_request *request = connection->request;
    const enum occ_http_phase phase = connection->phase;
    if (phase == OCC_HTTP_CLOSED) {
        return;
    }
    connection->phase = OCC_HTTP_CLOSED;
    connection->deadline_ms = 0;
    occ_loop_task_cancel(&connection->go_on);
    drop_input(connection);
    uv_close(&connection->handle.any, on_closed);
    const bool is_lent = phase == OCC_HTTP_IN_HANDLER || phase == OCC_HTTP_ASKING;
    if (request == NULL || (!is_lent && request->answered && !request->written)) {
        return; /* none, or on_written is called before the handle is closed */
    }
    connection->request = NULL;
    request->connection = NULL;
    if (is_lent) {
        return; /* whoever has it gives it back */
    }
    if (request->parse.head.buf.len > 0) {
        occ_http_request_report(request, 0);
    }
    occ_http_request_give_back(request);
}

/*
 * The last answer is out: our side says so, and what the client still sends is thrown away for a while. Closing at once
 * would reset the connection and could take the answer from the client (RFC 9112 §9.6).
 */
static void
linger(struct occ_http_connection *connection)
{
    int fd;
    drop_input(connection);
    if (connection->ended || uv_fileno(&connection->handle.any, &fd) != 0 || shutdown(fd, SHUT_WR) != 0) {
        occ_http_connection_close(connection);
        return;
    }
    connection->phase = OCC_HTTP_LINGER;
    connection->deadline_ms = occ_http_connection_until(connection, OCC_LIMIT_HTTP_LINGER_MS);
    set_reading(connection, true);
}

void
occ_http_connection_go_on(struct occ_http_connection *connection)
{
    occ_loop_soon(connection->front->loop, &connection->go_on);
}

static void
be_idle(struct occ_http_connection *connection)
{
    connection->phase = OCC_HTTP_IDLE;
    connection->deadline_ms = occ_http_connection_until(connection, connection->front->server->config.idle_ms);
    if (connection->advancing) {
        return;
    }
    if (occ_http_connection_input(connection) > 0) {
        occ_http_connection_go_on(connection);
    } else if (connection->ended) {
        occ_http_connection_close(connection);
    }
}

void
occ_http_connection_answered(struct occ_http_connection *connection)
{
    struct occ_http_request *request = connection->request;
    const bool failed = request->status == 0;
    occ_http_request_report(request, request->status);
    if (connection->phase == OCC_HTTP_DRAIN && !failed) {
        return; /* the rest of its body is still to come */
    }
    connection->request = NULL;
    occ_http_request_give_back(request);
    if (connection->phase == OCC_HTTP_CLOSED) {
        return;
    }
    if (failed) {
        occ_http_connection_close(connection);
    } else if (connection->last) {
        linger(connection);
    } else {
        be_idle(connection);
    }
}

/* ---- one request after the other ---- */

/* True while bytes can be parsed; in the other phases they wait, or are thrown away. */
static bool
is_reading(const struct occ_http_connection *connection)
{
    return connection->phase == OCC_HTTP_IDLE || connection->phase == OCC_HTTP_IN_HEAD ||
           connection->phase == OCC_HTTP_IN_BODY || connection->phase == OCC_HTTP_DRAIN;
}

/*
 * Parses what it can and returns how much that was. Answers given at once make it go on, so the stack stays flat. After some
 * requests it stops, IDLE, for go_on to take the next ones: other connections have their turn.
 */
static size_t
advance(struct occ_http_connection *connection, struct occ_bytes bytes)
{
    size_t used = 0;
    unsigned begun = 0;
    connection->advancing = true;
    while (used < bytes.len && is_reading(connection)) {
        if (connection->phase == OCC_HTTP_IDLE) {
            if (begun++ == REQUESTS_AT_ONCE) {
                break;
            }
            if (occ_http_request_take(connection) == NULL) {
                occ_http_connection_close(connection);
                break;
            }
            connection->phase = OCC_HTTP_IN_HEAD;
            connection->deadline_ms = occ_http_connection_until(connection, connection->front->server->config.head_ms);
        }
        size_t taken;
        enum occ_http_step step =
            occ_http_parse_feed(&connection->request->parse, occ_bytes_of(bytes.ptr + used, bytes.len - used), &taken);
        used += taken;
        if (step == OCC_HTTP_STEP_HEAD) {
            step = occ_http_exchange_head(connection, bytes.len - used);
        }
        occ_http_exchange_take(connection, step);
    }
    connection->advancing = false;
    return used;
}

/* The client will send nothing more. What it has sent is still answered. */
static void
take_end(struct occ_http_connection *connection)
{
    connection->ended = true;
    if (occ_http_connection_input(connection) > 0) {
        return; /* not the end of what can be parsed: go_on comes here again */
    }
    switch (connection->phase) {
    case OCC_HTTP_IN_HEAD:
    case OCC_HTTP_IN_BODY:
        if (connection->request->parse.head.buf.len > 0) {
            occ_http_exchange_refuse(connection, 400, "the connection ended before the request did");
            return;
        }
        occ_http_connection_close(connection);
        return;
    case OCC_HTTP_DRAIN:
        connection->last = true;
        occ_http_exchange_finish(connection);
        return;
    default:
        if (connection->phase == OCC_HTTP_LINGER || connection->phase == OCC_HTTP_IDLE) {
            occ_http_connection_close(connection);
        }
    }
}

/* Input that waited, now that the request before it is answered. */
static void
go_on(struct occ_loop_task *task)
{
    struct occ_http_connection *connection =
        (struct occ_http_connection *)(void *)((char *)task - offsetof(struct occ_http_connection, go_on));
    const struct occ_bytes waiting =
        occ_bytes_of(connection->input.ptr + connection->input_at, occ_http_connection_input(connection));
    const size_t used = advance(connection, waiting);
    if (connection->phase == OCC_HTTP_CLOSED || connection->phase == OCC_HTTP_LINGER) {
        return;
    }
    connection->input_at += used;
    if (connection->last || occ_http_connection_input(connection) == 0) {
        drop_input(connection);
    }
    if (!connection->ended) {
        set_reading(connection, occ_http_connection_input(connection) < OCC_LIMIT_HTTP_PIPELINE_LEN);
    }
    if (connection->last && connection->phase == OCC_HTTP_IDLE) {
        linger(connection); /* what came did not fit (keep_input), so there is nothing to go on with */
    } else if (connection->ended && occ_http_connection_input(connection) == 0) {
        take_end(connection);
    } else if (connection->phase == OCC_HTTP_IDLE && occ_http_connection_input(connection) > 0) {
        occ_http_connection_go_on(connection);
    }
}

static void
on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer)
{
    struct occ_http_connection *connection = stream->data;
    if (len == UV_EOF) {
        take_end(connection);
        return;
    }
    if (len < 0) {
        occ_http_connection_close(connection);
        return;
    }
    const struct occ_bytes bytes = occ_bytes_of(buffer->base, (size_t)len);
    if (connection->last || connection->phase == OCC_HTTP_LINGER) {
        connection->lingered_len += bytes.len;
        if (connection->lingered_len > OCC_LIMIT_HTTP_LINGER_LEN) {
            occ_http_connection_close(connection);
        }
        return;
    }
    const size_t used = occ_http_connection_input(connection) == 0 ? advance(connection, bytes) : 0;
    if (connection->last || connection->phase == OCC_HTTP_CLOSED) {
        return;
    }
    keep_input(connection, occ_bytes_of(bytes.ptr + used, bytes.len - used));
    if (connection->phase == OCC_HTTP_IDLE && used < bytes.len) {
        occ_http_connection_go_on(connection);
    }
}

void
occ_http_connection_expire(struct occ_http_connection *connection)
{
    const struct occ_http_request *request = connection->request;
    connection->deadline_ms = 0;
    const bool begun = request != NULL && request->parse.head.buf.len > 0;
    if (begun && connection->phase == OCC_HTTP_IN_HEAD) {
        occ_http_exchange_refuse(connection, 408, "the head of the request did not arrive in time");
    } else if (begun && connection->phase == OCC_HTTP_IN_BODY) {
        occ_http_exchange_refuse(connection, 408, "the body of the request did not arrive in time");
    } else {
        occ_http_connection_close(connection);
    }
}

void
occ_http_connection_begin(struct occ_http_connection *connection, bool over_limit)
{
    const struct occ_http_config *config = &connection->front->server->config;
    connection->handle.any.data = connection;
    connection->go_on.run = go_on;
    connection->phase = OCC_HTTP_IDLE;
    /* A connection that has asked nothing yet gets no more time than a head. */
    connection->deadline_ms =
        occ_http_connection_until(connection, config->head_ms < config->idle_ms ? config->head_ms : config->idle_ms);
    if (uv_read_start(&connection->handle.stream, on_alloc, on_read) != 0) {
        occ_http_connection_close(connection);
        return;
    }
    if (over_limit) {
        if (occ_http_request_take(connection) == NULL) {
            occ_http_connection_close(connection);
            return;
        }
        connection->phase = OCC_HTTP_IN_HEAD;
        occ_http_exchange_refuse(connection, 503, "too many connections, try again later");
    }
}
