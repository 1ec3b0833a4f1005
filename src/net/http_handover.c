/* http_handover.c — fronts apart: their threads, and requests on their way to the handler's thread and back. */
#include "net/http_private.h"

enum { REPORT_MS = 10 };

/* ---- queues ---- */

static void
append(struct occ_http_queue *queue, struct occ_http_request *request)
{
    request->next = NULL;
    if (queue->last == NULL) {
        queue->first = request;
    } else {
        queue->last->next = request;
    }
    queue->last = request;
}

static struct occ_http_request *
take_first(struct occ_http_queue *queue)
{
    struct occ_http_request *request = queue->first;
    queue->first = request->next;
    if (queue->first == NULL) {
        queue->last = NULL;
    }
    return request;
}

static struct occ_http_queue
take_all(struct occ_http_queue *queue)
{
    const struct occ_http_queue all = *queue;
    *queue = (struct occ_http_queue){ 0 };
    return all;
}

static void
join_queues(struct occ_http_queue *queue, struct occ_http_queue *behind)
{
    if (queue->last == NULL) {
        *queue = *behind;
    } else if (behind->first != NULL) {
        queue->last->next = behind->first;
        queue->last = behind->last;
    }
    *behind = (struct occ_http_queue){ 0 };
}

/* Under the lock. True: the receiver is to be woken. */
static bool
send_gathered(struct occ_http_way *way)
{
    join_queues(&way->sent, &way->gathered);
    const bool wakes = way->is_urgent && !way->woken;
    way->woken = way->woken || wakes;
    way->is_urgent = false;
    return wakes;
}

static void
on_late(uv_timer_t *timer)
{
    struct occ_http_front *front = timer->data;
    front->to_main.is_urgent = true;
    occ_loop_flush(front->loop, &front->to_main.send);
}

/* Reports wait for requests to go along with, but not long. */
static void
send_to_main(struct occ_loop_task *task)
{
    struct occ_http_front *front =
        (struct occ_http_front *)(void *)((char *)task - offsetof(struct occ_http_front, to_main.send));
    struct occ_http_queue spare = { 0 };
    uv_mutex_lock(&front->lock);
    const bool wakes = send_gathered(&front->to_main);
    const bool waits = !front->to_main.woken;
    if (!front->to_front.woken) { /* then there is nothing but spare ones, which nobody wakes this front for */
        spare = take_all(&front->to_front.sent);
    }
    uv_mutex_unlock(&front->lock);
    if (wakes) {
        (void)uv_async_send(&front->server->wake);
    }
    if (!waits) {
        (void)uv_timer_stop(&front->late);
    } else if (!uv_is_active((uv_handle_t *)&front->late)) {
        (void)uv_timer_start(&front->late, on_late, REPORT_MS, 0);
    }
    while (spare.first != NULL) {
        occ_http_exchange_back(take_first(&spare));
    }
}

static void
send_to_front(struct occ_loop_task *task)
{
    struct occ_http_front *front =
        (struct occ_http_front *)(void *)((char *)task - offsetof(struct occ_http_front, to_front.send));
    uv_mutex_lock(&front->lock);
    const bool wakes = send_gathered(&front->to_front);
    uv_mutex_unlock(&front->lock);
    if (wakes) {
        (void)uv_async_send(&front->wake);
    }
}

/* ---- on the front's thread ---- */

void
occ_http_handover_ask(struct occ_http_request *request, enum occ_http_errand errand)
{
    struct occ_http_front *front = request->front;
    request->errand = errand;
    request->is_away = true;
    append(&front->to_main.gathered, request);
    front->to_main.is_urgent = front->to_main.is_urgent || errand != OCC_HTTP_ERRAND_REPORT;
    front->reports_len += errand == OCC_HTTP_ERRAND_REPORT;
    occ_loop_flush(front->loop, &front->to_main.send);
}

void
occ_http_handover_connection(struct occ_http_front *front, struct occ_http_connection *connection)
{
    uv_mutex_lock(&front->lock);
    connection->next = front->arrived;
    front->arrived = connection;
    uv_mutex_unlock(&front->lock);
    (void)uv_async_send(&front->wake);
}

/* Under the lock: a front that has been told may end, and its wake-up with it. */
static void
tell_to_stop(struct occ_http_front *front)
{
    uv_mutex_lock(&front->lock);
    front->stop_wanted = true;
    (void)uv_async_send(&front->wake);
    uv_mutex_unlock(&front->lock);
}

static void
pass_stop_on(struct occ_http_server *server)
{
    for (unsigned i = 1; i < server->fronts_len; i++) {
        tell_to_stop(&server->fronts[i]);
    }
}

static void
on_front_wake(uv_async_t *wake)
{
    struct occ_http_front *front = wake->data;
    uv_mutex_lock(&front->lock);
    struct occ_http_queue batch = take_all(&front->to_front.sent);
    struct occ_http_connection *arrived = front->arrived;
    const bool stop_wanted = front->stop_wanted;
    front->arrived = NULL;
    front->to_front.woken = false;
    uv_mutex_unlock(&front->lock);
    while (arrived != NULL) {
        struct occ_http_connection *connection = arrived;
        arrived = connection->next;
        occ_http_listen_arrived(front, connection);
    }
    while (batch.first != NULL) {
        occ_http_exchange_back(take_first(&batch));
    }
    if (stop_wanted && !front->stopping) {
        occ_http_front_stop(front);
        if (front == &front->server->fronts[0]) {
            pass_stop_on(front->server);
        }
    }
}

static void
front_main(void *arg)
{
    struct occ_http_front *front = arg;
    occ_loop_run(front->loop);
    uv_mutex_lock(&front->lock);
    front->has_ended = true;
    uv_mutex_unlock(&front->lock);
    (void)uv_async_send(&front->server->wake);
}

/* ---- on main ---- */

void
occ_http_handover_return(struct occ_http_request *request, enum occ_http_errand errand)
{
    struct occ_http_front *front = request->front;
    request->errand = errand;
    request->is_away = false;
    if (!front->is_apart) { /* it has ended, and so has the connection */
        occ_http_exchange_back(request);
        return;
    }
    if (errand == OCC_HTTP_ERRAND_ANSWER) {
        occ_http_request_count_unsent(request, request->body.len);
    }
    append(&front->to_front.gathered, request);
    front->to_front.is_urgent = front->to_front.is_urgent || errand != OCC_HTTP_ERRAND_SPARE;
    occ_loop_flush(front->server->loop, &front->to_front.send);
}

/* The body came with the head; only now it is known how long it may be. */
static void
take_whole(struct occ_http_request *request, const struct occ_http_events *events, size_t body_max)
{
    if (request->parse.body_len > body_max) {
        request->ends_connection = true;
        occ_http_respond_error(request, 413, "body: too large");
        return;
    }
    events->on_request(events->ctx, request);
}

static void
take_errand(struct occ_http_request *request)
{
    const struct occ_http_events *events = &request->front->server->config.events;
    switch (request->errand) {
    case OCC_HTTP_ERRAND_BODY:
        events->on_request(events->ctx, request);
        return;
    case OCC_HTTP_ERRAND_REPORT:
        occ_http_request_tell(request);
        occ_http_handover_return(request, OCC_HTTP_ERRAND_SPARE);
        return;
    default:
        break;
    }
    const bool is_whole = request->errand == OCC_HTTP_ERRAND_WHOLE;
    request->asked = true;
    const size_t body_max = events->on_head(events->ctx, request);
    if (request->answered) {
        return; /* and on its way back */
    }
    if (is_whole) {
        take_whole(request, events, body_max);
        return;
    }
    request->body_max = body_max;
    occ_http_handover_return(request, OCC_HTTP_ERRAND_BODY);
}

/* What the front sent and nobody saw was cut off. What was sent to it has lost its connection. */
static void
take_leftovers(struct occ_http_front *front)
{
    struct occ_http_queue to_main = take_all(&front->to_main.sent), to_front = take_all(&front->to_front.sent);
    join_queues(&to_main, &front->to_main.gathered);
    join_queues(&to_front, &front->to_front.gathered);
    occ_loop_task_cancel(&front->to_front.send);
    while (to_main.first != NULL) {
        struct occ_http_request *request = take_first(&to_main);
        if (request->errand == OCC_HTTP_ERRAND_REPORT) {
            take_errand(request);
        } else {
            occ_http_handover_return(request, OCC_HTTP_ERRAND_ANSWER);
        }
    }
    while (to_front.first != NULL) {
        occ_http_exchange_back(take_first(&to_front));
    }
}

static void
join(struct occ_http_front *front)
{
    (void)uv_thread_join(&front->thread);
    front->is_apart = false;
    front->server->running--;
    take_leftovers(front);
}

static void
on_main_wake(uv_async_t *wake)
{
    struct occ_http_server *server = wake->data;
    for (unsigned i = 0; i < server->fronts_len; i++) {
        struct occ_http_front *front = &server->fronts[i];
        uv_mutex_lock(&front->lock);
        struct occ_http_queue batch = take_all(&front->to_main.sent);
        const bool has_ended = front->has_ended;
        front->to_main.woken = false;
        uv_mutex_unlock(&front->lock);
        while (batch.first != NULL) {
            take_errand(take_first(&batch));
        }
        if (has_ended && front->is_apart) {
            join(front);
        }
    }
    if (server->running == 0) {
        occ_http_handover_end(server);
    }
}

/* ---- beginning and end ---- */

static OCC_RESULT
init_front(struct occ_http_front *front, struct occ_http_server *server, struct occ_error *err)
{
    struct occ_loop *loop;
    OCC_TRY(occ_loop_new(err, &loop));
    if (uv_async_init(occ_loop_uv(loop), &front->wake, on_front_wake) != 0) {
        occ_loop_free(loop);
        return occ_error_set(err, OCC_ERR_IO, "a loop for HTTP: out of file descriptors");
    }
    if (uv_mutex_init(&front->lock) != 0) {
        uv_close((uv_handle_t *)&front->wake, NULL);
        occ_loop_free(loop);
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    (void)uv_timer_init(occ_loop_uv(loop), &front->late);
    front->wake.data = front;
    front->late.data = front;
    front->to_main.send.run = send_to_main;
    front->to_front.send.run = send_to_front;
    occ_http_front_init(front, server, loop);
    return occ_success();
}

struct occ_result
occ_http_handover_init(struct occ_http_server *server, struct occ_error *err)
{
    if (uv_async_init(occ_loop_uv(server->loop), &server->wake, on_main_wake) != 0) {
        return occ_error_code(err, OCC_ERR_IO);
    }
    server->wake.data = server;
    for (; server->fronts_len < server->config.threads; server->fronts_len++) {
        OCC_TRY(init_front(&server->fronts[server->fronts_len], server, err));
    }
    return occ_success();
}

/* The first front comes last: until then there are no connections. */
struct occ_result
occ_http_handover_start(struct occ_http_server *server, struct occ_error *err)
{
    for (unsigned i = server->fronts_len; i-- > 0;) {
        struct occ_http_front *front = &server->fronts[i];
        front->is_apart = true;
        if (uv_thread_create(&front->thread, front_main, front) != 0) {
            front->is_apart = false;
            while (++i < server->fronts_len) {
                tell_to_stop(&server->fronts[i]);
                join(&server->fronts[i]);
            }
            return occ_error_set(err, OCC_ERR_NOMEM, "a thread for HTTP could not be started");
        }
        server->running++;
    }
    return occ_success();
}

static void
on_closed(uv_handle_t *handle)
{
    occ_http_server_ended(handle->data);
}

void
occ_http_handover_end(struct occ_http_server *server)
{
    for (unsigned i = 0; i < server->fronts_len; i++) {
        struct occ_http_front *front = &server->fronts[i];
        occ_http_front_close_all(front);
        uv_close((uv_handle_t *)&front->wake, NULL);
        uv_close((uv_handle_t *)&front->late, NULL);
        occ_loop_free(front->loop);
        uv_mutex_destroy(&front->lock);
    }
    uv_close((uv_handle_t *)&server->wake, on_closed);
}

void
occ_http_handover_stop(struct occ_http_server *server)
{
    tell_to_stop(&server->fronts[0]);
}
