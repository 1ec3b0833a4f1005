/* metrics_listener.c — see metrics_listener.h. */
#include "server/metrics_listener.h"

#include "server/answer.h"
#include "server/handle.h"

enum { CONNECTIONS = 64 };
/* Without CORS: pages of other origins have no business here. */
static const char extra_headers[] = "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";

static size_t
on_head(void *ctx, struct occ_http_request *request)
{
    (void)ctx;
    const enum occ_http_method method = occ_http_method(request);
    if (!occ_bytes_is(occ_http_path(request), "/metrics")) {
        occ_answer_error(request, 404, "no such path: expected /metrics", NULL);
    } else if (method != OCC_HTTP_GET && method != OCC_HTTP_HEAD) {
        occ_answer_error(request, 405, "/metrics: expected one of GET, HEAD", "GET, HEAD");
    }
    return 0;
}

static void
on_request(void *ctx, struct occ_http_request *request)
{
    occ_handle_metrics(ctx, request);
}

static void
put_error_body(void *ctx, unsigned status, const char *sentence, struct occ_buf *body)
{
    (void)ctx;
    (void)status;
    occ_answer_put_error(body, sentence);
}

struct occ_result
occ_metrics_listener_start(struct occ_server *server, struct occ_error *err)
{
    const struct occ_options *options = server->options;
    const struct occ_http_config config = {
        .events = { .on_head = on_head, .on_request = on_request, .put_error_body = put_error_body, .ctx = server },
        .extra_headers = extra_headers,
        .connections_max = CONNECTIONS
    };
    if (options->metrics == NULL) {
        return occ_success();
    }
    struct occ_error why = { 0 };
    const struct occ_result made =
        occ_http_server_new(server->loop, options->metrics, &config, &why, &server->metrics_http);
    if (occ_is_ok(made)) {
        const struct occ_event_field field = OCC_EVENT_TEXT("address", occ_http_server_address(server->metrics_http));
        occ_event_write(&server->events, OCC_EVENT_INFO, "serving metrics", &field, 1);
        return made;
    }
    if (options->metrics_is_default) {
        occ_event_error(&server->events, OCC_EVENT_WARN, "metrics are not served, --metrics says where else", why.text);
        return occ_success();
    }
    return occ_error_set(err, made.code, "--metrics: %s", why.text);
}
