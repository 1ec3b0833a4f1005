/*
 * server.h — occd, put together: the event loop, the ledger, the HTTP server, the boundary, the verification workers, keys
 * and logs.
 */
#ifndef OCC_SERVER_SERVER_H
#define OCC_SERVER_SERVER_H

#include "net/http_server.h"
#include "server/admit.h"
#include "server/boundary.h"
#include "server/enclave_flags.h"
#include "server/keys.h"
#include "server/metrics.h"
#include "server/options.h"
#include "server/repeats.h"
#include "server/timestamps.h"
#include "verify/verify.h"

struct occ_server {
    const struct occ_options *options;
    struct occ_events events;
    struct occ_log *access_log;        /* NULL: off */
    const struct occ_keys *fixed_keys; /* from the environment; borrowed */
    struct occ_keys *keys;             /* those and the file's; replaced by SIGHUP */
    struct occ_loop *loop;
    struct occ_http_server *http;
    struct occ_store *store;
    struct occ_boundary *boundary;
    const char *enclave_flags[OCC_ENCLAVE_FLAGS_MAX];
    struct occ_repeats *repeats; /* requests with an Idempotency-Key */
    struct occ_workers *workers; /* for POST /verify */
    struct occ_workers *readers; /* for large bodies of POST /commit */
    occ_verifier *verifier;
    struct occ_timestamps *timestamps; /* NULL: off */
    size_t held_len;                   /* proofs that are durable and wait for their timestamps, bytes */
    struct occ_admit admit;            /* who may call how often */
    struct occ_metrics metrics;
    struct occ_http_server *metrics_http; /* a listener for GET /metrics alone, or NULL */
    bool said_listening;
    bool stopping, http_stopped, metrics_stopped;
};

/*
 * Opens the ledger, listens, starts the boundary, and runs until SIGTERM or SIGINT has been obeyed. fixed_keys: keys that are there beside
 * those of the file. Failures are those of the start: OCC_ERR_USAGE for what the operator wrote wrongly (listen address, key
 * file), anything else for what could not be had (ledger, port, boundary's program, log file, memory).
 */
OCC_RESULT occ_server_run(const struct occ_options *options, const struct occ_keys *fixed_keys, struct occ_error *err);

#endif
