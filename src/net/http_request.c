/* http_request.c — requests as the handler sees them, and where their memory comes from. */
#include <stdlib.h>

#include "net/http_private.h"
#include "os/clock.h"

enum { SPARE_MAX = 64, SPARE_HEAD_CAP_MAX = 4096 };

/* ---- memory ---- */

struct occ_http_request *
occ_http_request_take(struct occ_http_connection *connection)
{
    struct occ_http_front *front = connection->front;
    struct occ_http_request *request = front->spare;
    if (front->reports_len >= front->server->config.connections_max + OCC_LIMIT_HTTP_REPORTS) {
        return NULL;
    }
    if (request != NULL) {
        front->spare = request->next;
        front->spare_len--;
    } else {
        request = calloc(1, sizeof *request);
        if (request == NULL) {
            return NULL;
        }
    }
    occ_http_parse_init(&request->parse, front->server->config.head_len_max, &front->server->budget);
    request->front = front;
    request->connection = connection;
    request->next = NULL;
    request->note = NULL;
    request->content_type = NULL;
    request->began_us = occ_clock_monotonic_us();
    request->status = 0;
    request->response_len = 0;
    request->asked = request->answered = request->written = request->reported = false;
    request->is_away = request->ends_connection = false;
    memcpy(request->peer, connection->peer, sizeof request->peer);
    front->requests++;
    connection->request = request;
    return request;
}

static void
free_request(struct occ_http_request *request)
{
    occ_http_parse_clear(&request->parse);
    occ_buf_clear(&request->headers);
    occ_buf_clear(&request->rest);
    occ_buf_clear(&request->body);
    free(request);
}

void
occ_http_request_recycle(struct occ_http_request *request)
{
    struct occ_http_front *front = request->front;
    front->requests--;
    if (front->spare_len < SPARE_MAX && request->parse.head.buf.cap <= SPARE_HEAD_CAP_MAX) {
        request->next = front->spare;
        front->spare = request;
        front->spare_len++;
    } else {
        free_request(request);
    }
    if (front->server->abandoned) {
        occ_http_server_let_go(front->server);
    }
}

void
occ_http_request_give_back(struct occ_http_request *request)
{
    occ_http_parse_release(&request->parse);
    occ_buf_clear(&request->headers);
    occ_buf_clear(&request->rest);
    occ_buf_clear(&request->body);
    if (request->front->is_apart && request->reported) {
        occ_http_handover_ask(request, OCC_HTTP_ERRAND_REPORT);
    } else {
        occ_http_request_recycle(request);
    }
}

void
occ_http_request_free_spare(struct occ_http_front *front)
{
    while (front->spare != NULL) {
        struct occ_http_request *request = front->spare;
        front->spare = request->next;
        front->spare_len--;
        free_request(request);
    }
}

void
occ_http_request_count_unsent(struct occ_http_request *request, size_t len)
{
    if (request->unsent_len != len) {
        request->front->server->unsent_len += len - request->unsent_len; /* modulo: it may be less */
        request->unsent_len = len;
    }
}

void
occ_http_request_tell(struct occ_http_request *request)
{
    const struct occ_http_events *events = &request->front->server->config.events;
    if (events->on_done == NULL) {
        return;
    }
    struct occ_http_exchange exchange = request->exchange;
    exchange.method = request->parse.method;
    exchange.target = request->parse.method.len == 0 ? occ_bytes_of(NULL, 0) : request->parse.target;
    exchange.peer = occ_bytes_str(request->peer);
    exchange.note = request->note;
    events->on_done(events->ctx, &exchange);
}

void
occ_http_request_report(struct occ_http_request *request, unsigned status)
{
    if (request->reported) {
        return;
    }
    request->reported = true;
    request->exchange = (struct occ_http_exchange){
        .status = status,
        .request_len = request->parse.body_len,
        .response_len = status == 0 ? 0 : request->response_len,
        .duration_us = occ_clock_monotonic_us() - request->began_us,
    };
    if (!request->front->is_apart) {
        occ_http_request_tell(request);
    }
}

/* ---- what the handler asks ---- */

enum occ_http_method
occ_http_method(const struct occ_http_request *request)
{
    switch (request->parse.tokens.method) {
    case HTTP_GET:
        return OCC_HTTP_GET;
    case HTTP_HEAD:
        return OCC_HTTP_HEAD;
    case HTTP_POST:
        return OCC_HTTP_POST;
    case HTTP_OPTIONS:
        return OCC_HTTP_OPTIONS;
    case HTTP_PUT:
        return OCC_HTTP_PUT;
    case HTTP_DELETE:
        return OCC_HTTP_DELETE;
    case HTTP_PATCH:
        return OCC_HTTP_PATCH;
    default:
        return OCC_HTTP_OTHER;
    }
}

struct occ_bytes
occ_http_path(const struct occ_http_request *request)
{
    const struct occ_bytes target = request->parse.target;
    const uint8_t *mark = target.len == 0 ? NULL : memchr(target.ptr, '?', target.len);
    return mark == NULL ? target : occ_bytes_of(target.ptr, (size_t)(mark - target.ptr));
}

struct occ_bytes
occ_http_query(const struct occ_http_request *request)
{
    const struct occ_bytes target = request->parse.target;
    const size_t path_len = occ_http_path(request).len;
    if (path_len == target.len) {
        return occ_bytes_of(NULL, 0);
    }
    return occ_bytes_of(target.ptr + path_len + 1, target.len - path_len - 1);
}

bool
occ_http_header(const struct occ_http_request *request, const char *name, struct occ_bytes *ret_value,
                unsigned *ret_count)
{
    return occ_http_parse_field(&request->parse, name, ret_value, ret_count);
}

bool
occ_http_header_at(const struct occ_http_request *request, const char *name, unsigned index,
                   struct occ_bytes *ret_value)
{
    return occ_http_parse_field_at(&request->parse, name, index, ret_value);
}

bool
occ_http_has_body(const struct occ_http_request *request)
{
    return request->parse.has_body;
}

struct occ_bytes
occ_http_body(const struct occ_http_request *request)
{
    return occ_buf_view(&request->parse.body);
}

void
occ_http_drop_body(struct occ_http_request *request)
{
    occ_http_parse_release(&request->parse);
}

struct occ_bytes
occ_http_peer(const struct occ_http_request *request)
{
    return occ_bytes_str(request->peer);
}

void
occ_http_set_note(struct occ_http_request *request, void *note)
{
    request->note = note;
}

void *
occ_http_note(const struct occ_http_request *request)
{
    return request->note;
}
