#include "server/routes.h"

#include "os/clock.h"
#include "server/answer.h"
#include "server/auth.h"
#include "server/handle.h"

/* OPEN: unless --require-key-everywhere. LOOKUP: as NEEDS_KEY, unless --public-lookup makes it OPEN. */
enum access { ALWAYS_OPEN, OPEN, LOOKUP, NEEDS_KEY };

enum {
    COSTS = 1,        /* counts for --rate-key and --rate-address */
    IN_DEMO = 2,      /* also without a key, if there is --demo-rate */
    BODY_IS_EXTRA = 4 /* small, and may be absent: then without Content-Type too */
};

struct route {
    const char *path;            /* the whole path; "{" begins a name that stands for one segment, the last */
    enum occ_http_method method; /* GET stands for HEAD too */
    enum access access;
    unsigned flags;
    const char *allow;
    void (*handle)(struct occ_server *server, struct occ_http_request *request);
};

/* PROTOCOL §3 */
static const struct route table[] = {
    { "/commit", OCC_HTTP_POST, NEEDS_KEY, COSTS | IN_DEMO, "POST, OPTIONS", occ_handle_commit },
    { "/verify", OCC_HTTP_POST, OPEN, COSTS, "POST, OPTIONS", occ_handle_verify },
    { "/key", OCC_HTTP_GET, OPEN, 0, "GET, HEAD, OPTIONS", occ_handle_key },
    { "/health", OCC_HTTP_GET, ALWAYS_OPEN, 0, "GET, HEAD, OPTIONS", occ_handle_health },
    { "/challenge", OCC_HTTP_POST, NEEDS_KEY, COSTS | IN_DEMO | BODY_IS_EXTRA, "POST, OPTIONS", occ_handle_challenge },
    { "/allocate-slot", OCC_HTTP_POST, NEEDS_KEY, COSTS | IN_DEMO | BODY_IS_EXTRA, "POST, OPTIONS",
      occ_handle_allocate_slot },
    { "/metrics", OCC_HTTP_GET, NEEDS_KEY, 0, "GET, HEAD, OPTIONS", occ_handle_metrics },
    { "/proofs/{digest}", OCC_HTTP_GET, LOOKUP, COSTS, "GET, HEAD, OPTIONS", occ_handle_proofs_of },
    { "/proofs", OCC_HTTP_GET, NEEDS_KEY, COSTS, "GET, HEAD, OPTIONS", occ_handle_proofs },
    { "/epochs", OCC_HTTP_GET, NEEDS_KEY, COSTS, "GET, HEAD, OPTIONS", occ_handle_epochs },
};

#define ROUTES (sizeof(table) / sizeof(table[0]))
_Static_assert(ROUTES < OCC_METRICS_ROUTES_MAX, "no place to count all routes, and what goes to none");

static bool
matches(const struct route *route, struct occ_bytes path)
{
    const char *brace = strchr(route->path, '{');
    if (brace == NULL) {
        return occ_bytes_is(path, route->path);
    }
    const size_t lead = (size_t)(brace - route->path);
    return path.len > lead && memcmp(path.ptr, route->path, lead) == 0 &&
           memchr(path.ptr + lead, '/', path.len - lead) == NULL;
}

/* /metrics has a listener of its own, unless the operator wants it here. */
static const struct route *
find_route(const struct occ_server *server, struct occ_bytes path)
{
    for (size_t i = 0; i < ROUTES; i++) {
        if (matches(&table[i], path)) {
            const bool is_elsewhere = table[i].handle == occ_handle_metrics && !server->options->metrics_on_main;
            return is_elsewhere ? NULL : &table[i];
        }
    }
    return NULL;
}

const char *
occ_routes_path(size_t index)
{
    return index < ROUTES ? table[index].path : NULL;
}

/* Each check answers the request and returns false, or returns true. */

static bool
check_path(struct occ_http_request *request, const struct route *route)
{
    if (route != NULL) {
        return true;
    }
    struct occ_error err;
    (void)occ_error_set(&err, OCC_ERR_NOT_FOUND, "%.*s: no such path", OCC_BYTES_ARG(occ_http_path(request)));
    occ_answer_error(request, 404, err.text, NULL);
    return false;
}

/* RFC 9110 §15.5.6: 405 comes with Allow. */
static bool
check_method(struct occ_http_request *request, const struct route *route)
{
    const enum occ_http_method method = occ_http_method(request);
    if (method == route->method || (method == OCC_HTTP_HEAD && route->method == OCC_HTTP_GET)) {
        return true;
    }
    struct occ_error err;
    (void)occ_error_set(&err, OCC_ERR_USAGE, "%s: expected one of %s", route->path, route->allow);
    occ_answer_error(request, 405, err.text, route->allow);
    return false;
}

/* PROTOCOL §3: a token that is sent and wrong is 401 everywhere, also where there is nothing. */
static bool
check_token(struct occ_server *server, struct occ_http_request *request)
{
    struct occ_bytes value = { 0 };
    unsigned count = 0;
    const bool sent = occ_http_header(request, "authorization", &value, &count);
    if (count > 1) {
        occ_answer_error(request, 400, "Authorization: sent more than once", NULL);
        return false;
    }
    const char *name;
    if (occ_auth_judge(server->keys, sent, value, &name) == OCC_AUTH_WRONG) {
        occ_answer_error(request, 401, "unauthorized", NULL);
        return false;
    }
    if (name != NULL) {
        struct occ_answer_note *note = occ_http_note(request);
        memcpy(note->key, name, strlen(name) + 1);
    }
    return true;
}

static bool
needs_key(const struct occ_options *options, enum access access)
{
    const enum access meant = access != LOOKUP ? access : options->public_lookup ? OPEN : NEEDS_KEY;
    return meant == NEEDS_KEY || (meant == OPEN && options->require_key_everywhere);
}

static bool
check_access(struct occ_server *server, struct occ_http_request *request, const struct route *route)
{
    struct occ_answer_note *note = occ_http_note(request);
    const bool is_needed = occ_keys_count(server->keys) > 0 && needs_key(server->options, route->access);
    if (!is_needed || note->key[0] != 0) {
        return true;
    }
    note->caller.is_demo = server->admit.demo != NULL && (route->flags & IN_DEMO) != 0;
    if (!note->caller.is_demo) {
        occ_answer_error(request, 401, "unauthorized", NULL);
        return false;
    }
    return true;
}

static bool
check_content(struct occ_http_request *request, const struct route *route)
{
    struct occ_bytes value = { 0 };
    unsigned count = 0;
    const bool has_type = occ_http_header(request, "content-type", &value, &count);
    if (!has_type && (route->flags & BODY_IS_EXTRA) != 0 && !occ_http_has_body(request)) {
        return true;
    }
    if (!has_type || count != 1 || !occ_auth_is_json(value)) {
        occ_answer_error(request, 415, "Content-Type: expected application/json, once, with charset=utf-8 or without",
                         NULL);
        return false;
    }
    if (occ_http_header(request, "content-encoding", &value, &count) &&
        (count != 1 || !occ_auth_equal_nocase(value, "identity"))) {
        occ_answer_error(request, 415, "Content-Encoding: expected none", NULL);
        return false;
    }
    return true;
}

static bool
check_query(struct occ_http_request *request, const struct route *route)
{
    bool report;
    if (route->handle != occ_handle_verify || occ_handle_verify_query(occ_http_query(request), &report)) {
        return true;
    }
    occ_answer_error(request, 400, "report: expected 0 or 1", NULL);
    return false;
}

/* GET /key costs nothing but with a nonce: a document for it takes the device's time. */
static bool
costs(const struct occ_http_request *request, const struct route *route)
{
    return (route->flags & COSTS) != 0 || (route->handle == occ_handle_key && occ_http_query(request).len > 0);
}

/* The last check: what is refused for another reason costs next to nothing, and counts for nobody. */
static bool
check_rate(struct occ_server *server, struct occ_http_request *request, const struct route *route)
{
    struct occ_answer_note *note = occ_http_note(request);
    uint64_t wait_ms;
    if (!costs(request, route)) {
        return true;
    }
    occ_admit_identify(&server->admit, request, note->key, &note->caller);
    if (occ_admit_call(&server->admit, &note->caller, occ_loop_now_ms(server->loop), &wait_ms)) {
        return true;
    }
    server->metrics.too_many++;
    occ_answer_too_many(request, wait_ms);
    return false;
}

bool
occ_routes_admit_more(struct occ_server *server, struct occ_http_request *request, uint64_t more)
{
    const struct occ_answer_note *note = occ_http_note(request);
    uint64_t wait_ms;
    if (occ_admit_more(&server->admit, &note->caller, more, occ_loop_now_ms(server->loop), &wait_ms)) {
        return true;
    }
    server->metrics.too_many++;
    occ_answer_too_many(request, wait_ms);
    return false;
}

/* For known paths, for "*", and for a browser's preflight anywhere: without 204 its page could not read the 404 that follows. */
static bool
takes_options(const struct occ_http_request *request, const struct route *route)
{
    struct occ_bytes value;
    unsigned count;
    return route != NULL || occ_bytes_is(occ_http_path(request), "*") ||
           occ_http_header(request, "access-control-request-method", &value, &count);
}

/* The Fetch standard's CORS preflight. */
static void
answer_options(struct occ_http_request *request, const struct route *route)
{
    static const char cors[] = "Access-Control-Allow-Methods: GET, POST, OPTIONS\r\n"
                               "Access-Control-Allow-Headers: Content-Type, Authorization, Idempotency-Key\r\n"
                               "Access-Control-Max-Age: 86400\r\n";
    OCC_BUF_AUTO(headers, 1024);
    occ_buf_put_str(&headers, cors);
    occ_buf_put_str(&headers, "Allow: ");
    occ_buf_put_str(&headers, route == NULL ? "GET, HEAD, POST, OPTIONS" : route->allow);
    occ_buf_put_str(&headers, "\r\n");
    occ_buf_put_byte(&headers, 0);
    const bool is_whole = occ_is_ok(occ_buf_check(&headers));
    occ_http_respond(request, 204, NULL, is_whole ? (const char *)headers.ptr : cors, NULL);
}

static size_t
on_head(void *ctx, struct occ_http_request *request)
{
    struct occ_server *server = ctx;
    const struct route *route = find_route(server, occ_http_path(request));
    struct occ_answer_note *note = occ_answer_attach_note(request);
    if (note == NULL || server->stopping) {
        occ_answer_error(request, 503, note == NULL ? "out of memory, try again later" : "stopping, try again later",
                         NULL);
        return 0;
    }
    note->route = route;
    occ_admit_find_client(&server->admit, request, &note->caller);
    if (occ_http_method(request) == OCC_HTTP_OPTIONS && takes_options(request, route)) {
        answer_options(request, route);
        return 0;
    }
    if (!check_token(server, request) || !check_path(request, route) || !check_method(request, route) ||
        !check_access(server, request, route) || !check_query(request, route)) {
        return 0;
    }
    const bool takes_body = route->method == OCC_HTTP_POST;
    if ((takes_body && !check_content(request, route)) || !check_rate(server, request, route) || !takes_body) {
        return 0;
    }
    return (route->flags & BODY_IS_EXTRA) != 0 ? OCC_LIMIT_ISSUE_BODY_LEN : (size_t)server->options->max_body;
}

static void
on_request(void *ctx, struct occ_http_request *request)
{
    const struct occ_answer_note *note = occ_http_note(request);
    const struct route *route = note->route;
    route->handle(ctx, request);
}

static void
on_done(void *ctx, const struct occ_http_exchange *exchange)
{
    struct occ_server *server = ctx;
    const struct occ_answer_note *note = exchange->note;
    const struct route *route = note == NULL ? NULL : note->route;
    occ_metrics_count_exchange(&server->metrics, route == NULL ? ROUTES : (size_t)(route - table), exchange->status,
                               exchange->duration_us);
    server->metrics.proofs += note == NULL ? 0 : note->proofs;
    if (server->access_log != NULL) {
        struct occ_buf *line = occ_log_begin(server->access_log);
        occ_answer_put_log(line, occ_clock_unix_ms(), exchange, exchange->note);
        occ_log_end(server->access_log);
    }
    occ_answer_free_note(exchange->note);
}

static void
put_error_body(void *ctx, unsigned status, const char *sentence, struct occ_buf *body)
{
    (void)ctx;
    (void)status;
    occ_answer_put_error(body, sentence);
}

struct occ_http_events
occ_routes_events(struct occ_server *server)
{
    return (struct occ_http_events){ .on_head = on_head,
                                     .on_request = on_request,
                                     .on_done = on_done,
                                     .put_error_body = put_error_body,
                                     .ctx = server };
}
