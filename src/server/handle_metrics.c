/* handle_metrics.c — GET /metrics: everything that is counted, for Prometheus. docs/operations.md says what to watch. */
#include "os/process.h"
#include "server/answer.h"
#include "server/handle.h"
#include "server/routes.h"

enum { TEXT_LEN_MAX = 1 << 20 };

static const char *
route_name(size_t index)
{
    const char *path = occ_routes_path(index);
    return path == NULL ? "other" : path;
}

static size_t
route_count(void)
{
    size_t count = 0;
    while (occ_routes_path(count) != NULL) {
        count++;
    }
    return count + 1; /* and what goes to none of them */
}

static void
put_requests(const struct occ_server *server, struct occ_buf *out)
{
    const struct occ_metrics *metrics = &server->metrics;
    const size_t routes = route_count();
    occ_prometheus_begin(out, "occ_http_requests_total", "counter",
                         "HTTP requests that are over, by route and class of status; gone: the client left first.");
    for (size_t i = 0; i < routes; i++) {
        for (unsigned class = 0; class < OCC_METRICS_CLASSES; class ++) {
            const struct occ_prometheus_label labels[] = {
                { "route", route_name(i) }, { "status", occ_metrics_class_name((enum occ_metrics_class) class) }, { 0 }
            };
            occ_prometheus_put(out, "occ_http_requests_total", labels, metrics->routes[i].requests[class]);
        }
    }
    occ_prometheus_begin(out, "occ_http_request_duration_seconds", "histogram",
                         "From a request's first byte to its answer's last, by route.");
    for (size_t i = 0; i < routes; i++) {
        const struct occ_prometheus_label labels[] = { { "route", route_name(i) }, { 0 } };
        occ_prometheus_put_histogram(out, "occ_http_request_duration_seconds", labels, &metrics->routes[i].latency,
                                     &occ_histogram_latency);
    }
    occ_prometheus_put_one(out, "occ_http_rate_limited_total", "counter", "Calls that were answered 429.",
                           metrics->too_many);
}

static void
put_http(const struct occ_server *server, struct occ_buf *out)
{
    occ_prometheus_put_one(out, "occ_http_connections", "gauge", "Open connections of clients.",
                           occ_http_server_connections(server->http));
    occ_prometheus_put_one(out, "occ_http_connections_max", "gauge", "Connections that are allowed.",
                           server->options->max_connections);
    occ_prometheus_put_one(out, "occ_http_threads", "gauge", "Threads that read requests and write answers.",
                           occ_http_server_threads(server->http));
    occ_prometheus_put_one(out, "occ_http_unsent_bytes", "gauge", "Bytes of answers that clients have not taken yet.",
                           occ_http_server_unsent(server->http));
    occ_prometheus_put_one(out, "occ_verify_pending", "gauge", "Verifications that wait or are under way.",
                           server->workers == NULL ? 0 : occ_workers_pending(server->workers));
    occ_prometheus_put_one(out, "occ_commit_bodies_pending", "gauge",
                           "Large bodies of commits that wait to be read or are being read.",
                           server->readers == NULL ? 0 : occ_workers_pending(server->readers));
}

static void
put_commits(const struct occ_server *server, struct occ_buf *out)
{
    const struct occ_metrics *metrics = &server->metrics;
    struct occ_boundary_stats stats;
    occ_boundary_get_stats(server->boundary, &stats);
    occ_prometheus_put_one(out, "occ_proofs_total", "counter", "Proofs that were given to clients.", metrics->proofs);
    occ_prometheus_put_one(out, "occ_commit_queue_requests", "gauge", "Commit requests that wait for the boundary.",
                           stats.waiting);
    occ_prometheus_put_one(out, "occ_commit_queue_requests_max", "gauge", "Commit requests that may wait.",
                           server->options->queue);
    occ_prometheus_put_one(out, "occ_commit_queue_bytes", "gauge", "Bytes of the commit requests that wait.",
                           stats.waiting_len);
    occ_prometheus_put_one(out, "occ_boundary_frames_in_flight", "gauge", "Frames that the boundary works on.",
                           stats.in_flight);
    occ_prometheus_begin(out, "occ_boundary_frame_requests", "histogram", "Commit requests that shared a frame.");
    occ_prometheus_put_histogram(out, "occ_boundary_frame_requests", NULL, &metrics->frame_requests,
                                 &occ_histogram_sizes);
    occ_prometheus_begin(out, "occ_boundary_frame_digests", "histogram", "Digests that shared a frame.");
    occ_prometheus_put_histogram(out, "occ_boundary_frame_digests", NULL, &metrics->frame_digests,
                                 &occ_histogram_sizes);
}

static void
put_boundary(const struct occ_server *server, struct occ_buf *out)
{
    const struct occ_boundary_identity *identity = occ_boundary_identity(server->boundary);
    occ_prometheus_put_one(out, "occ_commits_possible", "gauge",
                           "1 if boundary and ledger are there and agree: commits are taken.",
                           occ_boundary_trouble(server->boundary) == NULL);
    occ_prometheus_put_one(out, "occ_boundary_up", "gauge", "1 if there is a session with the boundary.",
                           identity != NULL);
    occ_prometheus_put_one(out, "occ_boundary_sessions_total", "counter",
                           "Sessions with the boundary that came up, the first included.", server->metrics.sessions);
    occ_prometheus_put_one(out, "occ_boundary_sessions_lost_total", "counter",
                           "Sessions with the boundary that ended, and attempts that failed.",
                           server->metrics.sessions_lost);
    occ_prometheus_begin(out, "occ_boundary_info", "gauge", "Who the boundary is; absent while it is out of reach.");
    if (identity != NULL) {
        const struct occ_prometheus_label labels[] = { { "epoch", identity->epoch_id },
                                                       { "enforcement", identity->enforcement },
                                                       { "measurement", identity->measurement },
                                                       { 0 } };
        occ_prometheus_put(out, "occ_boundary_info", labels, 1);
    }
}

/* Only of a boundary that may have a device, which is asked how it is. */
static void
put_attestation(const struct occ_server *server, struct occ_buf *out)
{
    const struct occ_status *status = occ_boundary_status(server->boundary);
    if (status == NULL) {
        return;
    }
    occ_prometheus_put_one(out, "occ_boundary_device_up", "gauge",
                           "0 if the boundary's attester or token fails, so that it takes no commits.",
                           status->trouble.len == 0);
    if (!status->has_attester) {
        return;
    }
    occ_prometheus_put_one(out, "occ_attestation_documents_total", "counter",
                           "Documents that the boundary's attester gave in this epoch.", status->documents);
    occ_prometheus_put_one(out, "occ_attestation_failures_total", "counter", "Documents that it was asked for in vain.",
                           status->failures);
    occ_prometheus_put_one(out, "occ_attestation_waiting", "gauge", "Proofs that wait for a document.",
                           status->waiting);
    occ_prometheus_begin(out, "occ_attestation_document_seconds", "gauge", "What the newest document took.");
    occ_prometheus_put_ms(out, "occ_attestation_document_seconds", NULL, status->document_ms);
    occ_prometheus_begin(out, "occ_boundary_clock_offset_seconds", "gauge",
                         "How far the newest document's time is ahead of the boundary's clock.");
    occ_prometheus_put_ms(out, "occ_boundary_clock_offset_seconds", NULL, status->clock_ms);
}

/* server->store is NULL while the server stops. */
static void
put_ledger(const struct occ_server *server, struct occ_buf *out)
{
    struct occ_ledger_stats stats = { 0 };
    if (server->store == NULL) {
        return;
    }
    occ_store_get_stats(server->store, &stats);
    occ_prometheus_put_one(out, "occ_ledger_proofs", "gauge", "Proofs in the ledger.", stats.proofs);
    occ_prometheus_put_one(out, "occ_ledger_indexed_proofs", "gauge",
                           "Proofs that the digest index has; the rest is looked up in memory.", stats.indexed_proofs);
    occ_prometheus_put_one(out, "occ_ledger_rows", "gauge", "Rows that hold them: one per frame.", stats.rows);
    occ_prometheus_put_one(out, "occ_ledger_size_bytes", "gauge", "Bytes of the ledger's files.", stats.bytes);
    occ_prometheus_put_one(out, "occ_ledger_waiting", "gauge", "Writes that wait for the ledger or are under way.",
                           occ_store_waiting(server->store));
    occ_prometheus_put_one(out, "occ_ledger_trouble", "gauge", "1 if the ledger cannot be written.",
                           occ_store_trouble(server->store) != NULL);
    occ_prometheus_begin(out, "occ_ledger_sync_seconds", "histogram",
                         "Transactions of the ledger, from their begin to the end of their sync.");
    occ_prometheus_put_histogram(out, "occ_ledger_sync_seconds", NULL, &server->metrics.sync, &occ_histogram_sync);
}

/* One family, a sample for each authority. */
static void
put_authorities(const struct occ_server *server, struct occ_buf *out, const char *name, const char *type,
                const char *help, uint64_t (*value_of)(const struct occ_timestamps_stats *stats))
{
    struct occ_timestamps_stats stats;
    occ_prometheus_begin(out, name, type, help);
    for (size_t i = 0; occ_timestamps_get_stats(server->timestamps, i, &stats); i++) {
        const struct occ_prometheus_label labels[] = { { "authority", stats.authority }, { 0 } };
        occ_prometheus_put(out, name, labels, value_of(&stats));
    }
}

static uint64_t
tokens_of(const struct occ_timestamps_stats *stats)
{
    return stats->tokens;
}

static uint64_t
timeouts_of(const struct occ_timestamps_stats *stats)
{
    return stats->timeouts;
}

static uint64_t
refused_of(const struct occ_timestamps_stats *stats)
{
    return stats->refused;
}

static uint64_t
failures_of(const struct occ_timestamps_stats *stats)
{
    return stats->failures;
}

static uint64_t
waiting_of(const struct occ_timestamps_stats *stats)
{
    return stats->waiting;
}

static uint64_t
under_way_of(const struct occ_timestamps_stats *stats)
{
    return stats->under_way;
}

static uint64_t
is_asked(const struct occ_timestamps_stats *stats)
{
    return stats->open ? 0 : 1;
}

static void
put_timestamps(const struct occ_server *server, struct occ_buf *out)
{
    if (server->timestamps == NULL) {
        return;
    }
    put_authorities(server, out, "occ_timestamp_authority_up", "gauge",
                    "1 if the authority is asked, 0 if it is left alone for a while after failures.", is_asked);
    put_authorities(server, out, "occ_timestamp_tokens_total", "counter", "Tokens that were had and verified.",
                    tokens_of);
    put_authorities(server, out, "occ_timestamp_failures_total", "counter",
                    "Requests to the authority that gave no good token, for whatever reason.", failures_of);
    put_authorities(server, out, "occ_timestamp_timeouts_total", "counter", "Those of them without an answer in time.",
                    timeouts_of);
    put_authorities(server, out, "occ_timestamp_refused_total", "counter",
                    "Those of them whose answer was refused here.", refused_of);
    put_authorities(server, out, "occ_timestamp_requests_waiting", "gauge",
                    "Requests that wait for their turn with the authority.", waiting_of);
    put_authorities(server, out, "occ_timestamp_requests_in_flight", "gauge", "Requests to the authority under way.",
                    under_way_of);
    occ_prometheus_put_one(out, "occ_timestamp_late", "gauge",
                           "Tokens that came too late for their answer and are not in the ledger yet.",
                           occ_timestamps_late_count(server->timestamps));
    occ_prometheus_put_one(out, "occ_timestamp_held_bytes", "gauge",
                           "Bytes of proofs that are durable and wait for their timestamps.", server->held_len);
}

static void
put_logs(const struct occ_server *server, struct occ_buf *out)
{
    struct occ_log *const logs[] = { server->events.log, server->access_log };
    static const char *const names[] = { "program", "access" };
    occ_prometheus_begin(out, "occ_log_lines_dropped_total", "counter",
                         "Log lines that were dropped because their reader was too slow.");
    for (size_t i = 0; i < 2; i++) {
        const struct occ_prometheus_label labels[] = { { "log", names[i] }, { 0 } };
        occ_prometheus_put(out, "occ_log_lines_dropped_total", labels, logs[i] == NULL ? 0 : occ_log_dropped(logs[i]));
    }
}

/* Names as Prometheus' own client libraries have them. */
static void
put_process(struct occ_buf *out)
{
    struct occ_process_usage usage;
    const struct occ_prometheus_label version[] = { { "version", OCC_VERSION }, { 0 } };
    occ_process_get_usage(&usage);
    occ_prometheus_begin(out, "occ_build_info", "gauge", "The version that runs.");
    occ_prometheus_put(out, "occ_build_info", version, 1);
    occ_prometheus_begin(out, "process_cpu_seconds_total", "counter", "CPU time of this process, without its child's.");
    occ_prometheus_put_us(out, "process_cpu_seconds_total", NULL, usage.cpu_us);
    occ_prometheus_put_one(out, "process_resident_memory_bytes", "gauge", "Memory of this process.",
                           usage.resident_len);
    occ_prometheus_put_one(out, "process_open_fds", "gauge", "Open file descriptors.", usage.descriptors);
    occ_prometheus_put_one(out, "process_max_fds", "gauge", "File descriptors that may be open.",
                           usage.descriptors_max);
}

void
occ_handle_metrics(struct occ_server *server, struct occ_http_request *request)
{
    OCC_BUF_AUTO(body, TEXT_LEN_MAX);
    put_requests(server, &body);
    put_http(server, &body);
    put_commits(server, &body);
    put_boundary(server, &body);
    put_attestation(server, &body);
    put_ledger(server, &body);
    put_timestamps(server, &body);
    put_logs(server, &body);
    put_process(&body);
    if (!occ_is_ok(occ_buf_check(&body))) {
        occ_answer_error(request, 503, "out of memory, try again later", NULL);
        return;
    }
    occ_http_respond(request, 200, OCC_PROMETHEUS_CONTENT_TYPE, NULL, &body);
}
