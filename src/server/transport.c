#include "server/transport.h"

#include <stdio.h>
#include <stdlib.h>

#include "os/vsock.h"

enum { ARGUMENTS_MAX = 24 };

struct occ_transport {
    struct occ_transport_config config;
    struct occ_stream *stream; /* NULL: no connection */
    struct occ_child *child;   /* NULL: none, or it has ended and was released */
    struct occ_timer *timer;   /* how long a child may take to end by itself */
    void (*finished)(void *ctx);
    void *finished_ctx;
};

static void
finish(struct occ_transport *transport)
{
    void (*finished)(void *ctx) = transport->finished;
    transport->finished = NULL;
    if (finished != NULL) {
        finished(transport->finished_ctx);
    }
}

static void
close_stream(struct occ_transport *transport)
{
    occ_stream_close(transport->stream);
    transport->stream = NULL;
}

static void
on_finish_limit(void *ctx)
{
    struct occ_transport *transport = ctx;
    if (transport->child != NULL) {
        occ_child_kill(transport->child); /* on_exit follows */
    }
}

struct occ_result
occ_transport_new(const struct occ_transport_config *config, struct occ_transport **ret_transport)
{
    struct occ_transport *transport = calloc(1, sizeof(*transport));
    OCC_ENSURE(transport != NULL, OCC_ERR_NOMEM);
    transport->config = *config;
    const struct occ_result made = occ_timer_new(config->loop, on_finish_limit, transport, &transport->timer);
    if (!occ_is_ok(made)) {
        free(transport);
        return made;
    }
    *ret_transport = transport;
    return occ_success();
}

static void
on_stream_data(void *ctx, struct occ_bytes data)
{
    struct occ_transport *transport = ctx;
    transport->config.on_data(transport->config.ctx, data);
}

static void
on_stream_close(void *ctx, struct occ_result why)
{
    struct occ_transport *transport = ctx;
    close_stream(transport);
    if (transport->child != NULL) {
        occ_child_kill(transport->child);
    }
    transport->config.on_close(transport->config.ctx, occ_result_text(why.code));
}

static void
on_stream_open(void *ctx, struct occ_result result)
{
    struct occ_transport *transport = ctx;
    if (occ_is_ok(result)) {
        transport->config.on_open(transport->config.ctx);
        return;
    }
    char why[OCC_ERROR_TEXT_SIZE];
    (void)snprintf(why, sizeof(why), "%.200s: %s", transport->config.address, occ_result_text(result.code));
    close_stream(transport);
    transport->config.on_close(transport->config.ctx, why);
}

/*
 * The end of the process and the end of its stream come in any order. What it wrote before it ended is still read, so only
 * the end of the stream ends the connection.
 */
static void
on_child_exit(void *ctx, int status)
{
    (void)status;
    struct occ_transport *transport = ctx;
    occ_child_free(transport->child);
    transport->child = NULL;
    occ_timer_stop(transport->timer);
    finish(transport);
}

/* Begins to connect to the address. */
static struct occ_result
open_address(struct occ_transport *transport, const struct occ_stream_events *events, struct occ_error *err)
{
    const struct occ_transport_config *config = &transport->config;
    const struct occ_bytes address = occ_bytes_str(config->address);
    const size_t unix_len = strlen("unix:"), vsock_len = strlen("vsock:");
    struct occ_result connecting = occ_result_of(OCC_ERR_USAGE);
    if (occ_bytes_starts(address, "unix:")) {
        connecting = occ_stream_connect_unix(config->loop, config->address + unix_len, events, &transport->stream);
    } else if (occ_bytes_starts(address, "vsock:")) {
        struct occ_vsock_address vsock;
        OCC_ENSURE(occ_vsock_parse(occ_bytes_str(config->address + vsock_len), &vsock), OCC_ERR_USAGE);
        int fd = -1;
        OCC_TRY(occ_vsock_connect(vsock, err, &fd));
        connecting = occ_stream_connect_fd(config->loop, fd, events, &transport->stream);
    }
    return occ_is_ok(connecting)
               ? connecting
               : occ_error_set(err, connecting.code, "%.200s: %s", config->address, occ_result_text(connecting.code));
}

struct occ_result
occ_transport_open(struct occ_transport *transport, struct occ_error *err)
{
    const struct occ_stream_events events = {
        .on_open = on_stream_open, .on_data = on_stream_data, .on_close = on_stream_close, .ctx = transport
    };
    const struct occ_transport_config *config = &transport->config;
    if (config->address != NULL) {
        return open_address(transport, &events, err);
    }
    const char *argv[ARGUMENTS_MAX] = { "occ-enclave", "--fd", "3" };
    for (size_t i = 0; config->enclave_flags != NULL && config->enclave_flags[i] != NULL; i++) {
        OCC_ENSURE(i + 4 < ARGUMENTS_MAX, OCC_ERR_INTERNAL);
        argv[i + 3] = config->enclave_flags[i];
    }
    OCC_TRY(occ_child_start(config->loop, config->enclave, argv, config->enclave_environment, &events, on_child_exit,
                            err, &transport->child, &transport->stream));
    config->on_open(config->ctx);
    return occ_success();
}

bool
occ_transport_is_idle(const struct occ_transport *transport)
{
    return transport->stream == NULL && transport->child == NULL;
}

bool
occ_transport_owns_boundary(const struct occ_transport *transport)
{
    return transport->config.address == NULL;
}

int
occ_transport_pid(const struct occ_transport *transport)
{
    return transport->child == NULL ? 0 : occ_child_pid(transport->child);
}

void
occ_transport_send(struct occ_transport *transport, struct occ_buf *buf)
{
    if (transport->stream != NULL) {
        occ_stream_send(transport->stream, buf);
    }
}

void
occ_transport_drop(struct occ_transport *transport)
{
    close_stream(transport);
    if (transport->child != NULL) {
        occ_child_kill(transport->child);
    }
}

void
occ_transport_finish(struct occ_transport *transport, uint64_t limit_ms, void (*done)(void *ctx), void *ctx)
{
    transport->finished = done;
    transport->finished_ctx = ctx;
    close_stream(transport);
    if (transport->child == NULL) {
        finish(transport);
        return;
    }
    occ_timer_start(transport->timer, limit_ms);
}

void
occ_transport_free(struct occ_transport *transport)
{
    if (transport == NULL) {
        return;
    }
    occ_stream_close(transport->stream);
    occ_child_free(transport->child);
    occ_timer_free(transport->timer);
    free(transport);
}
