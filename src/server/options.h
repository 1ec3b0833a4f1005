/*
 * options.h — the settings of occd: the table, and the values as the rest of the server uses them.
 */
#ifndef OCC_SERVER_OPTIONS_H
#define OCC_SERVER_OPTIONS_H

#include "server/client_address.h"
#include "server/event.h"
#include "server/limiter.h"
#include "settings/settings.h"
#include "trust/trust.h"

extern const struct occ_settings_program occ_options_program;

/* Sizes in bytes, times in milliseconds. The texts are owned. */
struct occ_options {
    char *listen; /* "HOST:PORT" or "unix:PATH" */
    char *data;
    char *enclave;    /* path of the boundary's program */
    char *boundary;   /* "unix:PATH" or "vsock:CID:PORT"; NULL: a child */
    char *api_keys;   /* key file, or NULL */
    char *access_log; /* path, "-", or NULL: off */
    char *metrics;    /* where GET /metrics is served: as listen; NULL: nowhere, or with all other calls */
    bool metrics_on_main, metrics_is_default;
    struct occ_rate rate_key, rate_address, demo_rate; /* calls 0: not limited; the demo: off */
    struct occ_proxies proxies;
    bool require_key_everywhere, public_lookup, check, check_config, genesis;
    enum occ_event_level log_level;
    uint64_t max_digests, max_body, max_connections;
    uint64_t head_ms, body_ms, idle_ms, write_ms, boundary_ms, stop_ms;
    uint64_t threads, queue, verify_threads, verify_queue, read_threads;
    const struct occ_settings *settings; /* borrowed: what trust/ reads for itself */
};

/*
 * Fills *ret_options from loaded settings. envp is looked at for what has no setting of its own: PORT (the port of the default
 * listen address), STATE_DIRECTORY, XDG_DATA_HOME and HOME (the default data folder). Failures are OCC_ERR_USAGE with a
 * sentence, or OCC_ERR_NOMEM. Clear it in either case.
 */
OCC_RESULT occ_options_read(const struct occ_settings *settings, char *const *envp, struct occ_error *err,
                            struct occ_options *ret_options);
void occ_options_clear(struct occ_options *options);

#endif
