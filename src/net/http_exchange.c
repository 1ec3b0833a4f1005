/* http_exchange.c — one request on its connection: what follows from its head, its body, and from what the handler says. */
#include "net/http_private.h"

void
occ_http_exchange_finish(struct occ_http_connection *connection)
{
    connection->phase = OCC_HTTP_WRITING;
    if (connection->request->written) {
        occ_http_connection_answered(connection);
    }
}

void
occ_http_exchange_refuse(struct occ_http_connection *connection, unsigned status, const char *sentence)
{
    connection->last = true;
    occ_http_respond_error(connection->request, status, sentence);
    occ_http_exchange_finish(connection);
}

/* ---- the head ---- */

/* Answered before the body was read. */
static enum occ_http_step
drain(struct occ_http_connection *connection)
{
    struct occ_http_request *request = connection->request;
    if (connection->last || !request->parse.has_body) {
        occ_http_exchange_finish(connection);
        return OCC_HTTP_STEP_MORE;
    }
    connection->phase = OCC_HTTP_DRAIN;
    connection->deadline_ms = occ_http_connection_until(connection, connection->front->server->config.body_ms);
    const enum occ_http_step step = occ_http_parse_discard(&request->parse, OCC_LIMIT_HTTP_DRAIN_LEN);
    if (request->written) {
        occ_http_connection_answered(connection);
    }
    return step;
}

static enum occ_http_step
begin_body(struct occ_http_connection *connection, size_t body_max, bool more_follows)
{
    struct occ_http_parse *parse = &connection->request->parse;
    const enum occ_http_step step = occ_http_parse_accept(parse, body_max);
    if (step == OCC_HTTP_STEP_MORE) {
        connection->phase = OCC_HTTP_IN_BODY;
        connection->deadline_ms = occ_http_connection_until(connection, connection->front->server->config.body_ms);
        if (parse->expects_continue && !more_follows) {
            occ_http_send_continue(connection);
        }
    }
    return step;
}

/* Not where an answer to the head alone would have to be the connection's last: see occ_http_is_last. */
static bool
may_go_along(const struct occ_http_parse *parse, size_t following)
{
    return !parse->chunked && !parse->expects_continue && parse->content_length <= following &&
           parse->content_length <= OCC_LIMIT_HTTP_DRAIN_LEN;
}

/* on_head is called on main. Where the body is here already it goes along: main is asked once instead of twice. */
static enum occ_http_step
ask_about_head(struct occ_http_connection *connection, size_t following)
{
    const struct occ_http_parse *parse = &connection->request->parse;
    if (!parse->has_body || may_go_along(parse, following)) {
        return begin_body(connection, (size_t)parse->content_length, true);
    }
    connection->phase = OCC_HTTP_ASKING;
    connection->deadline_ms = 0;
    occ_http_handover_ask(connection->request, OCC_HTTP_ERRAND_HEAD);
    return OCC_HTTP_STEP_MORE;
}

enum occ_http_step
occ_http_exchange_head(struct occ_http_connection *connection, size_t following)
{
    const struct occ_http_events *events = &connection->front->server->config.events;
    struct occ_http_request *request = connection->request;
    if (connection->front->is_apart) {
        return ask_about_head(connection, following);
    }
    const size_t body_max = events->on_head(events->ctx, request);
    return request->answered ? drain(connection) : begin_body(connection, body_max, following > 0);
}

/* ---- the whole request ---- */

static void
take_request(struct occ_http_connection *connection)
{
    const struct occ_http_events *events = &connection->front->server->config.events;
    struct occ_http_request *request = connection->request;
    if (connection->phase == OCC_HTTP_DRAIN) {
        connection->deadline_ms = occ_http_connection_until(connection, connection->front->server->config.write_ms);
        occ_http_exchange_finish(connection);
        return;
    }
    connection->phase = OCC_HTTP_IN_HANDLER;
    connection->deadline_ms = 0;
    if (connection->front->is_apart) {
        occ_http_handover_ask(request, request->asked ? OCC_HTTP_ERRAND_BODY : OCC_HTTP_ERRAND_WHOLE);
    } else {
        events->on_request(events->ctx, request);
    }
}

void
occ_http_exchange_take(struct occ_http_connection *connection, enum occ_http_step step)
{
    if (step == OCC_HTTP_STEP_REFUSED) {
        const struct occ_http_refusal refusal = connection->request->parse.refusal;
        occ_http_exchange_refuse(connection, refusal.status, refusal.sentence);
    } else if (step == OCC_HTTP_STEP_DONE) {
        take_request(connection);
    }
}

/* ---- back from main ---- */

/* on_head was called while this connection waited in ASKING; what has come meanwhile is in its input. */
static void
head_is_back(struct occ_http_connection *connection)
{
    struct occ_http_request *request = connection->request;
    connection->phase = OCC_HTTP_IN_HEAD;
    if (request->errand == OCC_HTTP_ERRAND_ANSWER) {
        occ_http_send_answer(request, (const char *)request->headers.ptr);
        occ_http_exchange_take(connection, drain(connection));
    } else if (connection->last) { /* bytes of the body did not fit into input, and are lost */
        occ_http_exchange_refuse(connection, 503, "too many bodies are being received, try again later");
    } else {
        const bool more_follows = occ_http_connection_input(connection) > 0;
        occ_http_exchange_take(connection, begin_body(connection, request->body_max, more_follows));
    }
    if (connection->phase != OCC_HTTP_CLOSED && connection->phase != OCC_HTTP_LINGER) {
        occ_http_connection_go_on(connection);
    }
}

void
occ_http_exchange_back(struct occ_http_request *request)
{
    struct occ_http_connection *connection = request->connection;
    if (request->errand == OCC_HTTP_ERRAND_SPARE) {
        request->front->reports_len--;
        occ_http_request_recycle(request);
    } else if (connection != NULL && connection->phase == OCC_HTTP_ASKING) {
        head_is_back(connection);
    } else { /* if the connection has gone, nobody is told, whatever main has said */
        occ_http_send_answer(request, (const char *)request->headers.ptr);
    }
}
