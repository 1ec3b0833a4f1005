/* http_server.c — the server as a whole: its fronts, its limits, its stop. */
#include <stdlib.h>

#include "net/http_private.h"

enum { SWEEP_MS_MIN = 10, SWEEP_MS_MAX = 250, STOP_GRACE_MS = 100, ADDRESS_LEN_MAX = 300 };

/* ---- the end ---- */

void
occ_http_server_let_go(struct occ_http_server *server)
{
    for (unsigned i = 0; i < server->fronts_len; i++) {
        occ_http_request_free_spare(&server->fronts[i]);
    }
    for (unsigned i = 0; i < server->fronts_len; i++) {
        if (server->fronts[i].requests > 0) {
            return;
        }
    }
    for (unsigned i = 0; i < server->fronts_len; i++) {
        occ_buf_clear(&server->fronts[i].scratch);
    }
    occ_buf_clear(&server->address);
    free(server->fronts);
    free(server->extra_headers);
    free(server->unix_path);
    free(server);
}

void
occ_http_server_ended(struct occ_http_server *server)
{
    if (server->stopped != NULL) {
        server->stopped(server->stopped_ctx);
    } else if (server->abandoned) { /* occ_http_server_new failed */
        occ_http_server_let_go(server);
    }
}

void
occ_http_server_front_closed(struct occ_http_front *front)
{
    if (front->is_apart) {
        occ_loop_stop(front->loop); /* and its thread ends */
    } else if (front->server->config.threads == 1) {
        occ_http_server_ended(front->server);
    }
}

void
occ_http_server_stop(struct occ_http_server *server, uint64_t limit_ms, void (*stopped)(void *ctx), void *ctx)
{
    if (server->stopping) {
        return;
    }
    server->stopping = true;
    server->stopped = stopped;
    server->stopped_ctx = ctx;
    const uint64_t now_ms = occ_loop_now_ms(server->loop);
    server->stop_deadline_ms = now_ms + limit_ms;
    server->grace_deadline_ms = now_ms + (limit_ms < STOP_GRACE_MS ? limit_ms : STOP_GRACE_MS);
    occ_http_listen_unlink(server);
    if (server->config.threads > 1) {
        occ_http_handover_stop(server);
    } else {
        occ_http_front_stop(&server->fronts[0]);
    }
}

void
occ_http_server_free(struct occ_http_server *server)
{
    if (server != NULL) {
        server->abandoned = true;
        occ_http_server_let_go(server);
    }
}

/* ---- the beginning ---- */

static uint64_t
least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void
fill_config(struct occ_http_server *server, const struct occ_http_config *config)
{
    struct occ_http_config *to = &server->config;
    *to = *config;
    to->extra_headers = NULL;
    to->head_len_max = config->head_len_max == 0 ? OCC_LIMIT_HTTP_HEAD_LEN : config->head_len_max;
    to->body_len_total_max = config->body_len_total_max == 0 ? OCC_LIMIT_HTTP_BODIES_LEN : config->body_len_total_max;
    to->connections_max = config->connections_max == 0 ? OCC_LIMIT_HTTP_CONNECTIONS : config->connections_max;
    to->head_ms = config->head_ms == 0 ? OCC_LIMIT_HTTP_HEAD_MS : config->head_ms;
    to->body_ms = config->body_ms == 0 ? OCC_LIMIT_HTTP_BODY_MS : config->body_ms;
    to->idle_ms = config->idle_ms == 0 ? OCC_LIMIT_HTTP_IDLE_MS : config->idle_ms;
    to->write_ms = config->write_ms == 0 ? OCC_LIMIT_HTTP_WRITE_MS : config->write_ms;
    to->threads = config->threads == 0 ? 1 : config->threads;
    server->budget.max = to->body_len_total_max;
    const uint64_t shortest = least(least(to->head_ms, to->body_ms), least(to->idle_ms, to->write_ms));
    server->sweep_ms = least(shortest / 8 < SWEEP_MS_MIN ? SWEEP_MS_MIN : shortest / 8, SWEEP_MS_MAX);
}

/* What was made is there after a failure too: see give_up. */
static OCC_RESULT
build(struct occ_http_server *server, const char *listen, struct occ_error *err)
{
    if (server->extra_headers == NULL || server->fronts == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    if (server->config.threads == 1) {
        occ_http_front_init(&server->fronts[server->fronts_len++], server, server->loop);
        return occ_http_listen(server, listen, err);
    }
    OCC_TRY(occ_http_handover_init(server, err));
    OCC_TRY(occ_http_listen(server, listen, err));
    return occ_http_handover_start(server, err);
}

/* The start has failed. What is on the owner's loop is freed when that has run once more. */
static void
give_up(struct occ_http_server *server)
{
    server->abandoned = true;
    occ_http_listen_unlink(server);
    if (server->wake.data != NULL) {
        occ_http_handover_end(server);
    } else if (server->fronts_len > 0) {
        occ_http_front_close_all(&server->fronts[0]);
    } else {
        occ_http_server_let_go(server);
    }
}

OCC_RESULT
occ_http_server_new(struct occ_loop *loop, const char *listen, const struct occ_http_config *config,
                    struct occ_error *err, struct occ_http_server **ret_server)
{
    if (config->threads > OCC_LIMIT_HTTP_THREADS) {
        return occ_error_set(err, OCC_ERR_USAGE, "HTTP threads: %u, expected at most %d", config->threads,
                             OCC_LIMIT_HTTP_THREADS);
    }
    struct occ_http_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    server->loop = loop;
    server->address = OCC_BUF_INIT(ADDRESS_LEN_MAX);
    fill_config(server, config);
    server->extra_headers = strdup(config->extra_headers == NULL ? "" : config->extra_headers);
    server->fronts = calloc(server->config.threads, sizeof *server->fronts);
    const struct occ_result result = build(server, listen, err);
    if (!occ_is_ok(result)) {
        give_up(server);
        return result;
    }
    *ret_server = server;
    return result;
}

/* ---- what the owner asks ---- */

const char *
occ_http_server_address(const struct occ_http_server *server)
{
    return (const char *)server->address.ptr;
}

unsigned
occ_http_server_threads(const struct occ_http_server *server)
{
    return server->config.threads;
}

unsigned
occ_http_server_connections(const struct occ_http_server *server)
{
    unsigned count = 0;
    for (unsigned i = 0; i < server->fronts_len; i++) {
        count += server->fronts[i].connections_len;
    }
    return count;
}

size_t
occ_http_server_unsent(const struct occ_http_server *server)
{
    return server->unsent_len;
}
