/* http_response.c — answers: status line, header lines, and handing them to the kernel. */
#include <stdio.h>
#include <time.h>

#include "net/http_private.h"
#include "os/clock.h"

enum { ERROR_BODY_LEN_MAX = 4096 };

static const char *
reason(unsigned status)
{
    switch (status) {
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 202:
        return "Accepted";
    case 204:
        return "No Content";
    case 206:
        return "Partial Content";
    case 301:
        return "Moved Permanently";
    case 302:
        return "Found";
    case 303:
        return "See Other";
    case 304:
        return "Not Modified";
    case 307:
        return "Temporary Redirect";
    case 308:
        return "Permanent Redirect";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 406:
        return "Not Acceptable";
    case 408:
        return "Request Timeout";
    case 409:
        return "Conflict";
    case 410:
        return "Gone";
    case 411:
        return "Length Required";
    case 412:
        return "Precondition Failed";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 415:
        return "Unsupported Media Type";
    case 416:
        return "Range Not Satisfiable";
    case 417:
        return "Expectation Failed";
    case 422:
        return "Unprocessable Content";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Unknown"; /* RFC 9112 §4: a client ignores it */
    }
}

/* RFC 9110 §5.6.7, IMF-fixdate; written anew once a second. strftime would ask the locale for the names. */
static const char *
date_line(struct occ_http_front *front)
{
    static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    const uint64_t second = occ_clock_unix_ms() / 1000;
    if (second == front->date_second) {
        return front->date;
    }
    const time_t now = (time_t)second;
    struct tm utc;
    if (gmtime_r(&now, &utc) == NULL) {
        return "";
    }
    (void)snprintf(front->date, sizeof front->date, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[utc.tm_wday],
                   utc.tm_mday, months[utc.tm_mon], (utc.tm_year + 1900) % 10000, utc.tm_hour, utc.tm_min, utc.tm_sec);
    front->date_second = second;
    return front->date;
}

bool
occ_http_is_last(const struct occ_http_request *request)
{
    const struct occ_http_parse *parse = &request->parse;
    const struct occ_http_connection *connection = request->connection;
    if (!parse->keep_alive || connection->last || request->ends_connection || request->front->stopping) {
        return true;
    }
    /*
     * Answered before the body was read: what is left of it must be got over with. A client that waits for "100
     * Continue" may send it or not, so nobody could say where the next request begins.
     */
    const bool early = connection->phase == OCC_HTTP_IN_HEAD && parse->has_body;
    return early && (parse->chunked || parse->expects_continue || parse->content_length > OCC_LIMIT_HTTP_DRAIN_LEN);
}

static void
put_head(const struct occ_http_request *request, const char *headers, size_t body_len)
{
    struct occ_http_front *front = request->front;
    struct occ_buf *head = &front->scratch;
    occ_buf_reset(head);
    occ_buf_put_str(head, "HTTP/1.1 ");
    occ_buf_put_u64(head, request->status);
    occ_buf_put_byte(head, ' ');
    occ_buf_put_str(head, reason(request->status));
    occ_buf_put_str(head, "\r\n");
    occ_buf_put_str(head, date_line(front));
    if (request->content_type != NULL) {
        occ_buf_put_str(head, "Content-Type: ");
        occ_buf_put_str(head, request->content_type);
        occ_buf_put_str(head, "\r\n");
    }
    /* RFC 9110 §8.6: none with 204; 304 has no content either, and what its length would mean is another answer's. */
    if (request->status != 204 && request->status != 304) {
        occ_buf_put_str(head, "Content-Length: ");
        occ_buf_put_u64(head, body_len);
        occ_buf_put_str(head, "\r\n");
    }
    occ_buf_put_str(head, request->connection->last ? "Connection: close\r\n" : "Connection: keep-alive\r\n");
    occ_buf_put_str(head, headers == NULL ? "" : headers);
    occ_buf_put_str(head, front->server->extra_headers);
    occ_buf_put_str(head, "\r\n");
}

static void
on_written(uv_write_t *write, int status)
{
    struct occ_http_request *request = write->data;
    struct occ_http_connection *connection = request->connection;
    occ_http_request_count_unsent(request, 0);
    request->written = true;
    if (status != 0) {
        request->status = 0;
    }
    occ_http_connection_answered(connection);
}

/* What the kernel did not take at once: head and body are kept with the request until it has. */
static int
write_rest(struct occ_http_request *request, struct occ_bytes head, size_t taken)
{
    uv_buf_t parts[2];
    unsigned parts_len = 0;
    size_t body_at = 0;
    if (taken < head.len) {
        request->rest.limit = head.len;
        occ_buf_put(&request->rest, occ_bytes_of(head.ptr + taken, head.len - taken));
        if (!occ_is_ok(occ_buf_check(&request->rest))) {
            return UV_ENOMEM;
        }
        parts[parts_len++] = uv_buf_init((char *)request->rest.ptr, (unsigned)request->rest.len);
    } else {
        body_at = taken - head.len;
    }
    if (request->body.len > body_at) {
        parts[parts_len++] = uv_buf_init((char *)request->body.ptr + body_at, (unsigned)(request->body.len - body_at));
    }
    request->write.data = request;
    return uv_write(&request->write, &request->connection->handle.stream, parts, parts_len, on_written);
}

/* Gives head and body to the kernel. */
static void
write_answer(struct occ_http_request *request)
{
    struct occ_http_connection *connection = request->connection;
    struct occ_http_front *front = request->front;
    const struct occ_bytes head = occ_buf_view(&front->scratch);
    const uv_buf_t parts[2] = { { .base = (char *)front->scratch.ptr, .len = head.len },
                                { .base = (char *)request->body.ptr, .len = request->body.len } };
    const size_t len = head.len + request->body.len;
    int taken = occ_is_ok(occ_buf_check(&front->scratch))
                    ? uv_try_write(&connection->handle.stream, parts, request->body.len > 0 ? 2 : 1)
                    : UV_ENOMEM;
    if (taken == UV_EAGAIN) {
        taken = 0;
    }
    int status = taken < 0 ? taken : 0;
    if (taken >= 0 && (size_t)taken < len) {
        const uint64_t patience = front->server->config.write_ms + len / OCC_LIMIT_HTTP_WRITE_BYTES_PER_MS;
        connection->deadline_ms = occ_http_connection_until(connection, patience);
        status = write_rest(request, head, (size_t)taken);
        if (status == 0) {
            occ_http_request_count_unsent(request, request->body.len);
            return;
        }
    }
    occ_http_request_count_unsent(request, 0);
    request->written = true;
    if (status != 0) {
        request->status = 0; /* nobody will see it */
        connection->last = true;
    }
}

/* RFC 9110 §10.1.1. If the kernel has no room for it, the client goes on by itself after a while. */
void
occ_http_send_continue(struct occ_http_connection *connection)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    char text[sizeof line];
    memcpy(text, line, sizeof line);
    const uv_buf_t part = uv_buf_init(text, sizeof line - 1);
    const int taken = uv_try_write(&connection->handle.stream, &part, 1);
    if (taken != UV_EAGAIN && taken != (int)part.len) {
        occ_http_connection_close(connection); /* half a status line cannot be taken back */
    }
}

/* True for the answers that have no content whatever the handler gave. */
static bool
is_without_content(const struct occ_http_request *request)
{
    return request->status == 204 || request->status == 304 ||
           (request->parse.method.ptr != NULL && occ_http_method(request) == OCC_HTTP_HEAD);
}

void
occ_http_send_answer(struct occ_http_request *request, const char *headers)
{
    struct occ_http_connection *connection = request->connection;
    if (connection == NULL) {
        occ_http_request_count_unsent(request, 0);
        occ_http_request_report(request, 0);
        occ_http_request_give_back(request);
        return;
    }
    connection->last = occ_http_is_last(request);
    put_head(request, headers, request->body.len);
    if (is_without_content(request)) {
        occ_buf_clear(&request->body);
    }
    request->response_len = request->body.len;
    const enum occ_http_phase phase = connection->phase;
    if (phase == OCC_HTTP_IN_HANDLER) {
        connection->phase = OCC_HTTP_WRITING;
    }
    write_answer(request);
    if (phase == OCC_HTTP_IN_HANDLER && request->written) {
        occ_http_connection_answered(connection);
    }
}

/* The caller's lines are gone when the answer is sent by another thread. */
static bool
keep_headers(struct occ_http_request *request, const char *headers)
{
    if (headers == NULL) {
        return true;
    }
    request->headers.limit = OCC_HTTP_ANSWER_HEAD_LEN;
    occ_buf_put_str(&request->headers, headers);
    occ_buf_put_byte(&request->headers, '\0');
    return occ_is_ok(occ_buf_check(&request->headers));
}

void
occ_http_respond(struct occ_http_request *request, unsigned status, const char *content_type, const char *headers,
                 struct occ_buf *body)
{
    const bool is_whole =
        (body == NULL || occ_is_ok(occ_buf_check(body))) && (!request->is_away || keep_headers(request, headers));
    if (!is_whole) {
        if (body != NULL) {
            occ_buf_clear(body);
        }
        occ_buf_clear(&request->headers);
        occ_http_respond_error(request, 500, "internal server error"); /* a half-written body is no answer */
        return;
    }
    request->answered = true;
    request->status = status;
    request->content_type = content_type;
    if (body != NULL) {
        occ_buf_move(body, &request->body);
    }
    if (request->is_away) {
        occ_http_handover_return(request, OCC_HTTP_ERRAND_ANSWER);
    } else {
        occ_http_send_answer(request, headers);
    }
}

void
occ_http_respond_error(struct occ_http_request *request, unsigned status, const char *sentence)
{
    const struct occ_http_events *events = &request->front->server->config.events;
    OCC_BUF_AUTO(body, ERROR_BODY_LEN_MAX);
    events->put_error_body(events->ctx, status, sentence, &body);
    if (!occ_is_ok(occ_buf_check(&body))) {
        occ_buf_clear(&body);
    }
    occ_http_respond(request, status, body.len > 0 ? "application/json" : NULL,
                     status == 503 ? "Retry-After: 1\r\n" : NULL, &body);
}
