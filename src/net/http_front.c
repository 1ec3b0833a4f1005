/* http_front.c — a front: some of the server's connections on one loop, their deadlines, and their end. */
#include <stdlib.h>

#include "net/http_private.h"

enum { STOP_SWEEP_MS = 10 };

static void on_sweep(uv_timer_t *timer);

void
occ_http_front_init(struct occ_http_front *front, struct occ_http_server *server, struct occ_loop *loop)
{
    front->server = server;
    front->loop = loop;
    front->scratch = OCC_BUF_INIT(OCC_HTTP_ANSWER_HEAD_LEN);
    front->connections.next = front->connections.previous = &front->connections;
    (void)uv_timer_init(occ_loop_uv(loop), &front->sweep);
    front->sweep.data = front;
    front->handles = 1;
}

void
occ_http_front_watch(struct occ_http_front *front)
{
    if (!uv_is_active((uv_handle_t *)&front->sweep)) {
        const uint64_t period_ms = front->server->sweep_ms;
        (void)uv_timer_start(&front->sweep, on_sweep, period_ms, period_ms);
    }
}

void
occ_http_front_enter(struct occ_http_front *front, struct occ_http_connection *connection)
{
    connection->front = front;
    connection->handle.any.data = connection;
    connection->next = &front->connections;
    connection->previous = front->connections.previous;
    connection->previous->next = connection;
    front->connections.previous = connection;
    occ_http_front_watch(front);
}

/* ---- the end ---- */

static void
on_handle_closed(uv_handle_t *handle)
{
    struct occ_http_front *front = handle->data;
    if (--front->handles == 0) {
        occ_http_server_front_closed(front);
    }
}

static void
close_handle(struct occ_http_front *front, uv_handle_t *handle)
{
    handle->data = front;
    if (!uv_is_closing(handle)) {
        uv_close(handle, on_handle_closed);
    }
}

static bool
is_first(const struct occ_http_front *front)
{
    return front == &front->server->fronts[0];
}

void
occ_http_front_close_all(struct occ_http_front *front)
{
    close_handle(front, (uv_handle_t *)&front->sweep);
    if (is_first(front) && front->server->listener.any.type != UV_UNKNOWN_HANDLE) { /* it may never have been made */
        close_handle(front, &front->server->listener.any);
    }
}

void
occ_http_front_forget(struct occ_http_connection *connection)
{
    struct occ_http_front *front = connection->front;
    connection->next->previous = connection->previous;
    connection->previous->next = connection->next;
    if (connection->turned_away) {
        front->server->turned_away--;
    }
    free(connection);
    if (--front->connections_len > 0) {
        return;
    }
    if (front->stopping) {
        occ_http_front_close_all(front);
    } else if (!is_first(front) || !front->server->accept_again) {
        (void)uv_timer_stop(&front->sweep);
    }
}

/*
 * Requests may be on their way on a connection that looks idle, or on one that waits to be accepted: for a short grace they
 * are still taken, and told "Connection: close". Then the sweep ends what is idle, and the listener.
 */
void
occ_http_front_stop(struct occ_http_front *front)
{
    front->stopping = true;
    if (front->connections_len == 0) {
        occ_http_front_close_all(front);
    } else {
        (void)uv_timer_start(&front->sweep, on_sweep, STOP_SWEEP_MS, STOP_SWEEP_MS);
    }
}

static void
on_sweep(uv_timer_t *timer)
{
    struct occ_http_front *front = timer->data;
    struct occ_http_server *server = front->server;
    const uint64_t now_ms = occ_loop_now_ms(front->loop);
    if (is_first(front) && !front->stopping) {
        occ_http_listen_again(server);
    }
    const bool cut_off = front->stopping && now_ms >= server->stop_deadline_ms;
    const bool grace_over = front->stopping && now_ms >= server->grace_deadline_ms;
    if (is_first(front) && grace_over) {
        close_handle(front, &server->listener.any);
    }
    for (struct occ_http_connection *connection = front->connections.next; connection != &front->connections;
         connection = connection->next) { /* closing does not take it out of the ring before its handle is closed */
        const bool is_idle = connection->phase == OCC_HTTP_IDLE && connection->input.len == 0;
        if (cut_off || (grace_over && is_idle)) {
            occ_http_connection_close(connection);
        } else if (connection->deadline_ms != 0 && now_ms >= connection->deadline_ms) {
            occ_http_connection_expire(connection);
        }
    }
}
