#include "server/server.h"

#include <signal.h>
#include <unistd.h>

#include "crypto/secret.h"
#include "os/memory.h"
#include "server/answer.h"
#include "server/boundary_log.h"
#include "server/keys_settings.h"
#include "server/metrics_listener.h"
#include "server/routes.h"

enum { ACCESS_LOG_GATHER_MS = 50, READERS = 1 };

/* ---- signals ---- */

static void
on_hangup(void *ctx, int number)
{
    (void)number;
    struct occ_server *server = ctx;
    struct occ_error err = { 0 };
    struct occ_keys *keys = NULL;
    if (server->access_log != NULL && !occ_is_ok(occ_log_reopen(server->access_log, &err))) {
        occ_event_error(&server->events, OCC_EVENT_ERROR, "access log not opened again, the old one stays", err.text);
    }
    if (!occ_is_ok(occ_keys_settings_load(server->options, server->fixed_keys, &err, &keys))) {
        occ_event_error(&server->events, OCC_EVENT_ERROR, "API keys not read again, the old ones stay", err.text);
        return;
    }
    occ_keys_free(server->keys);
    server->keys = keys;
    const struct occ_event_field count = OCC_EVENT_NUMBER("keys", occ_keys_count(keys));
    occ_event_write(&server->events, OCC_EVENT_INFO, "API keys read again", &count, 1);
}

static void
on_boundary_stopped(void *ctx)
{
    struct occ_server *server = ctx;
    occ_loop_stop(server->loop);
}

/* Before the store is freed, and before what may still want timestamps. */
static void
stop_timestamps(struct occ_server *server)
{
    occ_timestamps_free(server->timestamps);
    server->timestamps = NULL;
}

/*
 * Both listeners have stopped. What is still in our hands now was cut off: stopping the boundary, the workers and the store
 * answers it, to nobody. What the boundary has signed becomes durable all the same.
 */
static void
go_on_stopping(struct occ_server *server)
{
    if (!server->http_stopped || (server->metrics_http != NULL && !server->metrics_stopped)) {
        return;
    }
    stop_timestamps(server);
    occ_workers_free(server->workers);
    occ_workers_free(server->readers);
    server->workers = NULL;
    server->readers = NULL;
    occ_boundary_stop(server->boundary, on_boundary_stopped, server);
    occ_store_free(server->store);
    server->store = NULL;
    occ_repeats_free(server->repeats);
    server->repeats = NULL;
}

static void
on_http_stopped(void *ctx)
{
    struct occ_server *server = ctx;
    server->http_stopped = true;
    go_on_stopping(server);
}

static void
on_metrics_stopped(void *ctx)
{
    struct occ_server *server = ctx;
    server->metrics_stopped = true;
    go_on_stopping(server);
}

static void
on_stop_signal(void *ctx, int number)
{
    struct occ_server *server = ctx;
    if (server->stopping) {
        _exit(0); /* the second signal: at once; the child sees its connection end, and ends */
    }
    server->stopping = true;
    const struct occ_event_field field = OCC_EVENT_NUMBER("signal", (uint64_t)number);
    occ_event_write(&server->events, OCC_EVENT_INFO, "stopping", &field, 1);
    if (server->timestamps != NULL) {
        /* Their proofs are durable, or were not made: they are told so before they are cut off. */
        occ_timestamps_end_by(server->timestamps, occ_loop_now_ms(server->loop) + server->options->stop_ms / 2);
    }
    if (server->metrics_http != NULL) {
        occ_http_server_stop(server->metrics_http, server->options->stop_ms, on_metrics_stopped, server);
    }
    occ_http_server_stop(server->http, server->options->stop_ms, on_http_stopped, server);
}

/* ---- start ---- */

static void
on_frame_sent(void *ctx, uint64_t requests, uint64_t digests)
{
    struct occ_server *server = ctx;
    occ_metrics_count_frame(&server->metrics, requests, digests);
}

static void
on_boundary_change(void *ctx, const struct occ_boundary_identity *identity)
{
    struct occ_server *server = ctx;
    server->metrics.sessions += identity != NULL;
    server->metrics.sessions_lost += identity == NULL;
    if (server->said_listening) {
        return;
    }
    server->said_listening = true;
    occ_memory_give_back(); /* the start is over: two thirds of what it took is not needed again */
    const char *address = server->options->boundary;
    occ_boundary_log_listening(&server->events, identity, occ_http_server_address(server->http),
                               address == NULL ? "child" : address);
}

static size_t
unsent_answers(void *ctx)
{
    const struct occ_server *server = ctx;
    return occ_http_server_unsent(server->http) + server->held_len;
}

static struct occ_result
open_logs(struct occ_server *server, struct occ_error *err)
{
    OCC_TRY(occ_log_new(NULL, 0, err, &server->events.log));
    server->events.level = server->options->log_level;
    if (server->options->access_log == NULL) {
        return occ_success();
    }
    return occ_log_new(server->options->access_log, ACCESS_LOG_GATHER_MS, err, &server->access_log);
}

static struct occ_result
start_http(struct occ_server *server, struct occ_error *err)
{
    const struct occ_options *options = server->options;
    const size_t bodies =
        options->max_body > OCC_LIMIT_HTTP_BODIES_LEN / 2 ? 2 * (size_t)options->max_body : OCC_LIMIT_HTTP_BODIES_LEN;
    const struct occ_http_config config = { .events = occ_routes_events(server),
                                            .extra_headers = occ_answer_extra_headers,
                                            .body_len_total_max = bodies,
                                            .connections_max = (unsigned)options->max_connections,
                                            .threads = (unsigned)options->threads,
                                            .head_ms = options->head_ms,
                                            .body_ms = options->body_ms,
                                            .idle_ms = options->idle_ms,
                                            .write_ms = options->write_ms };
    return occ_http_server_new(server->loop, options->listen, &config, err, &server->http);
}

/* --rp-id and --origin are said to nobody else, but POST /verify goes by them. */
static void
warn_of_childs_settings(const struct occ_server *server)
{
    const char *flag = occ_enclave_flags_only_childs(server->options->settings);
    if (flag != NULL && server->options->boundary != NULL) {
        const struct occ_event_field field = OCC_EVENT_TEXT("setting", flag);
        occ_event_write(&server->events, OCC_EVENT_WARN,
                        "a setting without effect: the boundary is not a child of ours", &field, 1);
    }
}

static struct occ_result
start_boundary(struct occ_server *server, struct occ_error *err)
{
    const struct occ_options *options = server->options;
    occ_enclave_flags_make(options->settings, server->enclave_flags);
    warn_of_childs_settings(server);
    const struct occ_boundary_config config = { .loop = server->loop,
                                                .events = &server->events,
                                                .enclave = options->enclave,
                                                .address = options->boundary,
                                                .enclave_flags = server->enclave_flags,
                                                .enclave_environment = occ_enclave_flags_environment(options->settings),
                                                .timeout_ms = options->boundary_ms,
                                                .health_ms = OCC_LIMIT_HEALTH_MS,
                                                .waiting_max = (size_t)options->queue,
                                                .store = server->store,
                                                .genesis = options->genesis,
                                                .unsent = unsent_answers,
                                                .on_sent = on_frame_sent,
                                                .on_change = on_boundary_change,
                                                .ctx = server };
    return occ_boundary_new(&config, err, &server->boundary);
}

static void
on_ledger_written(void *ctx, uint64_t duration_us)
{
    struct occ_server *server = ctx;
    occ_histogram_add(&server->metrics.sync, &occ_histogram_sync, duration_us);
}

static struct occ_result
start_store(struct occ_server *server, struct occ_error *err)
{
    const struct occ_options *options = server->options;
    const struct occ_store_config config = { .loop = server->loop,
                                             .events = &server->events,
                                             .folder = options->data,
                                             .read_threads = (unsigned)options->read_threads,
                                             .reads_max = (size_t)options->queue,
                                             .on_written = on_ledger_written,
                                             .ctx = server };
    OCC_TRY(occ_store_new(&config, err, &server->store));
    const struct occ_result made = occ_repeats_new(server->loop, options->boundary_ms, &server->repeats);
    return occ_is_ok(made) ? made : occ_error_code(err, made.code);
}

static struct occ_result
start_timestamps(struct occ_server *server, struct occ_error *err)
{
    const struct occ_timestamps_config config = { .loop = server->loop,
                                                  .events = &server->events,
                                                  .settings = server->options->settings,
                                                  .roots = occ_verifier_timestamp_roots(server->verifier),
                                                  .store = server->store };
    return occ_timestamps_new(&config, err, &server->timestamps);
}

static struct occ_result
start_rest(struct occ_server *server, struct occ_error *err)
{
    const struct occ_options *options = server->options;
    OCC_TRY(occ_trust_verifier(options->settings, err, &server->verifier));
    struct occ_result started = occ_admit_init(options, &server->admit);
    if (!occ_is_ok(started)) {
        return occ_error_code(err, started.code);
    }
    started = occ_workers_new(server->loop, (unsigned)options->verify_threads, (size_t)options->verify_queue,
                              &server->workers);
    if (occ_is_ok(started)) {
        started = occ_workers_new(server->loop, READERS, (size_t)options->queue, &server->readers);
    }
    static const int stop_signals[] = { SIGTERM, SIGINT };
    for (size_t i = 0; i < 2 && occ_is_ok(started); i++) {
        started = occ_loop_on_signal(server->loop, stop_signals[i], on_stop_signal, server);
    }
    if (occ_is_ok(started)) {
        started = occ_loop_on_signal(server->loop, SIGHUP, on_hangup, server);
    }
    return occ_is_ok(started) ? started : occ_error_code(err, started.code);
}

/* No keys means open to all who can reach the address: right on one machine, seldom meant beyond it. */
static void
warn_if_open_to_many(const struct occ_server *server)
{
    const struct occ_bytes address = occ_bytes_str(occ_http_server_address(server->http));
    const bool is_local =
        occ_bytes_starts(address, "127.") || occ_bytes_starts(address, "[::1]:") || occ_bytes_starts(address, "unix:");
    if (!is_local && occ_keys_count(server->keys) == 0) {
        occ_event_error(&server->events, OCC_EVENT_WARN, "open to other machines without API keys",
                        "whoever reaches this address can commit; --api-keys closes it");
    }
}

static struct occ_result
start(struct occ_server *server, struct occ_error *err)
{
    const struct occ_result ready = occ_secret_init();
    if (!occ_is_ok(ready)) {
        return occ_error_code(err, ready.code);
    }
    OCC_TRY(occ_keys_settings_load(server->options, server->fixed_keys, err, &server->keys));
    OCC_TRY(open_logs(server, err));
    OCC_TRY(occ_loop_new(err, &server->loop));
    OCC_TRY(start_store(server, err));
    OCC_TRY(start_rest(server, err));
    OCC_TRY(start_timestamps(server, err));
    /* Nobody is served before the loop runs; until the boundary is there, callers get 503. */
    OCC_TRY(start_http(server, err));
    OCC_TRY(occ_metrics_listener_start(server, err));
    warn_if_open_to_many(server);
    return start_boundary(server, err);
}

static void
note_given_up(void *ctx)
{
    bool *stopped = ctx;
    *stopped = true;
}

/* What listens although the start failed after that: a server is freed only when it has stopped. */
static void
stop_listening(struct occ_server *server)
{
    struct occ_http_server *const all[] = { server->http, server->metrics_http };
    bool *const stopped[] = { &server->http_stopped, &server->metrics_stopped };
    for (size_t i = 0; i < 2; i++) {
        if (all[i] == NULL) {
            *stopped[i] = true;
        } else if (!*stopped[i]) {
            occ_http_server_stop(all[i], 1, note_given_up, stopped[i]);
        }
    }
    while (!server->http_stopped || !server->metrics_stopped) {
        occ_loop_run(server->loop);
    }
}

static void
free_http(struct occ_http_server *http)
{
    if (http != NULL) {
        occ_http_server_free(http);
    }
}

/*
 * Also of what was started only in part. HTTP threads may have taken requests by then, which come here while the listeners
 * stop: they are refused, for what they would need is not there.
 */
static void
finish(struct occ_server *server)
{
    server->stopping = true;
    stop_timestamps(server);
    occ_workers_free(server->workers);
    occ_workers_free(server->readers);
    occ_store_free(server->store);
    occ_repeats_free(server->repeats);
    occ_boundary_free(server->boundary);
    stop_listening(server);
    free_http(server->metrics_http);
    free_http(server->http);
    occ_loop_free(server->loop);
    occ_verifier_free(server->verifier);
    occ_admit_clear(&server->admit);
    occ_keys_free(server->keys);
    occ_log_free(server->access_log);
    occ_log_free(server->events.log);
}

struct occ_result
occ_server_run(const struct occ_options *options, const struct occ_keys *fixed_keys, struct occ_error *err)
{
    struct occ_server server = { .options = options, .fixed_keys = fixed_keys };
    const struct occ_result started = start(&server, err);
    if (occ_is_ok(started)) {
        occ_loop_run(server.loop);
        occ_event_note(&server.events, OCC_EVENT_INFO, "stopped");
    }
    finish(&server);
    return started;
}
