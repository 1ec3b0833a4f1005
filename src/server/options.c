#include "server/options.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/decimal.h"
#include "os/file.h"
#include "os/vsock.h"
#include "server/enclave_flags.h"

enum { PATH_LEN_MAX = 4096, PORT_MAX = 65535, HTTP_THREADS_MAX = 4, VERIFY_THREADS_MAX = 4 };

/* The value of a variable that is set and not empty, or NULL. */
static const char *
get_env(char *const *envp, const char *name)
{
    const size_t len = strlen(name);
    for (; *envp != NULL; envp++) {
        if (strncmp(*envp, name, len) == 0 && (*envp)[len] == '=') {
            return (*envp)[len + 1] == 0 ? NULL : *envp + len + 1;
        }
    }
    return NULL;
}

/* a and b joined, the caller's; *ret_text stays NULL without memory. */
static struct occ_result
join(struct occ_bytes a, const char *b, struct occ_error *err, char **ret_text)
{
    OCC_BUF_AUTO(text, PATH_LEN_MAX);
    occ_buf_put(&text, a);
    occ_buf_put_str(&text, b);
    occ_buf_put_byte(&text, 0);
    const struct occ_result joined = occ_buf_check(&text);
    if (!occ_is_ok(joined)) {
        return occ_error_set(err, joined.code, "a path of more than %d bytes", PATH_LEN_MAX);
    }
    *ret_text = (char *)text.ptr;
    text = OCC_BUF_INIT(PATH_LEN_MAX);
    return occ_success();
}

static struct occ_result
copy(const char *text, struct occ_error *err, char **ret_text)
{
    return join(occ_bytes_str(text), "", err, ret_text);
}

/* ---- listen ---- */

static bool
is_port(struct occ_bytes text)
{
    uint64_t port;
    return occ_is_ok(occ_decimal_to_u64(text, &port)) && port <= PORT_MAX;
}

static struct occ_result
check_listen(const char *flag, const char *listen, struct occ_error *err)
{
    const struct occ_bytes text = occ_bytes_str(listen);
    const char *colon = strrchr(listen, ':');
    const bool is_unix = occ_bytes_starts(text, "unix:") && text.len > strlen("unix:");
    const bool is_tcp =
        !occ_bytes_starts(text, "unix:") && colon != NULL && colon != listen && is_port(occ_bytes_str(colon + 1));
    if (!is_unix && !is_tcp) {
        return occ_error_set(err, OCC_ERR_USAGE,
                             "%s: \"%s\", expected HOST:PORT with a port from 0 to 65535, or unix:PATH", flag, listen);
    }
    return occ_success();
}

static struct occ_result
read_listen(const struct occ_settings *settings, char *const *envp, struct occ_error *err, char **ret_listen)
{
    const char *port = get_env(envp, "PORT");
    if (port == NULL || occ_settings_is_set(settings, "listen")) {
        const char *listen = occ_settings_text(settings, "listen");
        OCC_TRY(check_listen("--listen", listen, err));
        return copy(listen, err, ret_listen);
    }
    /* The seed era's variable. It moves the port only, never the address: a server that was local stays local. */
    if (!is_port(occ_bytes_str(port))) {
        return occ_error_set(err, OCC_ERR_USAGE, "PORT: \"%s\", expected a port from 0 to 65535", port);
    }
    return join(occ_bytes_str("127.0.0.1:"), port, err, ret_listen);
}

/* ---- folders and programs ---- */

static struct occ_result
read_data(const struct occ_settings *settings, char *const *envp, struct occ_error *err, char **ret_data)
{
    const char *data = occ_settings_text(settings, "data");
    if (data != NULL) {
        return copy(data, err, ret_data);
    }
    const char *state = get_env(envp, "STATE_DIRECTORY");
    if (state != NULL) {
        /* systemd.exec(5): several are separated by colons; the first is ours. */
        return join(occ_bytes_of(state, strcspn(state, ":")), "", err, ret_data);
    }
    const char *shared = get_env(envp, "XDG_DATA_HOME");
    if (shared != NULL && shared[0] == '/') { /* the XDG specification: a relative path is to be ignored */
        return join(occ_bytes_str(shared), "/occ", err, ret_data);
    }
    const char *home = get_env(envp, "HOME");
    if (home != NULL) {
        return join(occ_bytes_str(home), "/.local/share/occ", err, ret_data);
    }
    return occ_error_set(
        err, OCC_ERR_USAGE,
        "--data: expected a folder, since the environment has no STATE_DIRECTORY, XDG_DATA_HOME or HOME");
}

static struct occ_result
read_enclave(const struct occ_settings *settings, struct occ_error *err, char **ret_enclave)
{
    const char *enclave = occ_settings_text(settings, "enclave");
    if (enclave != NULL) {
        return copy(enclave, err, ret_enclave);
    }
    OCC_BUF_AUTO(self, PATH_LEN_MAX);
    OCC_TRY(occ_file_self_path(err, &self));
    const char *path = (const char *)self.ptr;
    const char *name = strrchr(path, '/');
    return join(occ_bytes_of(path, name == NULL ? 0 : (size_t)(name - path) + 1), "occ-enclave", err, ret_enclave);
}

static struct occ_result
read_boundary(const struct occ_settings *settings, struct occ_error *err, char **ret_boundary)
{
    const char *text = occ_settings_text(settings, "boundary");
    const struct occ_bytes boundary = occ_bytes_str(text);
    const size_t unix_len = strlen("unix:"), vsock_len = strlen("vsock:");
    struct occ_vsock_address vsock;
    if (occ_bytes_is(boundary, "child")) {
        return occ_success();
    }
    const bool is_unix = occ_bytes_starts(boundary, "unix:") && boundary.len > unix_len;
    const bool is_vsock =
        occ_bytes_starts(boundary, "vsock:") && occ_vsock_parse(occ_bytes_str(text + vsock_len), &vsock);
    if (!is_unix && !is_vsock) {
        return occ_error_set(err, OCC_ERR_USAGE, "--boundary: \"%.*s\", expected child, unix:PATH or vsock:CID:PORT",
                             OCC_BYTES_ARG(boundary));
    }
    return copy(text, err, ret_boundary);
}

/* ---- who may call how often ---- */

static struct occ_result
read_rate(const struct occ_settings *settings, const char *name, const char *flag, struct occ_error *err,
          struct occ_rate *ret_rate)
{
    const char *text = occ_settings_text(settings, name);
    return text == NULL ? occ_success() : occ_limiter_read_rate(text, flag, err, ret_rate);
}

static struct occ_result
read_rates(const struct occ_settings *settings, struct occ_error *err, struct occ_options *options)
{
    OCC_TRY(read_rate(settings, "rate-key", "--rate-key", err, &options->rate_key));
    OCC_TRY(read_rate(settings, "rate-address", "--rate-address", err, &options->rate_address));
    OCC_TRY(read_rate(settings, "demo-rate", "--demo-rate", err, &options->demo_rate));
    const char *proxies = occ_settings_text(settings, "trusted-proxy");
    return proxies == NULL ? occ_success() : occ_client_address_read_proxies(proxies, err, &options->proxies);
}

/* ---- the rest ---- */

/* After the data folder is known. */
static struct occ_result
read_metrics(const struct occ_settings *settings, struct occ_error *err, struct occ_options *options)
{
    const char *metrics = occ_settings_text(settings, "metrics");
    if (metrics == NULL) {
        OCC_BUF_AUTO(listen, PATH_LEN_MAX);
        options->metrics_is_default = true;
        occ_buf_put_str(&listen, "unix:");
        occ_buf_put_str(&listen, options->data);
        return join(occ_buf_view(&listen), "/metrics.sock", err, &options->metrics);
    }
    options->metrics_on_main = strcmp(metrics, "main") == 0;
    if (options->metrics_on_main || strcmp(metrics, "off") == 0) {
        return occ_success();
    }
    if (!occ_is_ok(check_listen("--metrics", metrics, err))) {
        return occ_error_set(
            err, OCC_ERR_USAGE,
            "--metrics: \"%s\", expected HOST:PORT with a port from 0 to 65535, unix:PATH, main or off", metrics);
    }
    return copy(metrics, err, &options->metrics);
}

static enum occ_event_level
level_of(const char *name)
{
    static const char *const names[] = { "error", "warn", "info", "debug" };
    unsigned level = OCC_EVENT_ERROR;
    while (level < OCC_EVENT_DEBUG && strcmp(name, names[level]) != 0) {
        level++;
    }
    return (enum occ_event_level)level;
}

static uint64_t
from_1_to(long count, uint64_t max)
{
    const uint64_t at_least_1 = count < 1 ? 1 : (uint64_t)count;
    return at_least_1 > max ? max : at_least_1;
}

/*
 * What is not said. HTTP: handing requests over costs more than it gains where one loop does all that the other cores can
 * give it: a chain's commits always, verifications on up to some seven cores.
 */
static void
choose_threads(struct occ_options *options)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (options->threads == 0) {
        options->threads = from_1_to(cores / 4, HTTP_THREADS_MAX);
    }
    if (options->verify_threads == 0) {
        options->verify_threads = from_1_to(cores, VERIFY_THREADS_MAX);
    }
}

static void
read_numbers(const struct occ_settings *settings, struct occ_options *options)
{
    options->max_digests = occ_settings_number(settings, "max-digests");
    options->max_body = occ_settings_number(settings, "max-body");
    options->max_connections = occ_settings_number(settings, "max-connections");
    options->head_ms = occ_settings_number(settings, "head-timeout");
    options->body_ms = occ_settings_number(settings, "body-timeout");
    options->idle_ms = occ_settings_number(settings, "idle-timeout");
    options->write_ms = occ_settings_number(settings, "write-timeout");
    options->boundary_ms = occ_settings_number(settings, "boundary-timeout");
    options->stop_ms = occ_settings_number(settings, "stop-timeout");
    options->queue = occ_settings_number(settings, "queue");
    options->verify_queue = occ_settings_number(settings, "verify-queue");
    options->threads = occ_settings_number(settings, "threads");
    options->verify_threads = occ_settings_number(settings, "verify-threads");
    options->read_threads = occ_settings_number(settings, "read-threads");
    choose_threads(options);
}

struct occ_result
occ_options_read(const struct occ_settings *settings, char *const *envp, struct occ_error *err,
                 struct occ_options *ret_options)
{
    *ret_options =
        (struct occ_options){ .log_level = level_of(occ_settings_text(settings, "log-level")), .settings = settings };
    ret_options->require_key_everywhere = occ_settings_switch(settings, "require-key-everywhere");
    ret_options->public_lookup = occ_settings_switch(settings, "public-lookup");
    ret_options->check = occ_settings_switch(settings, "check");
    ret_options->genesis = occ_settings_switch(settings, "genesis");
    ret_options->check_config = occ_settings_switch(settings, "check-config");
    if (ret_options->check && ret_options->check_config) {
        return occ_error_set(err, OCC_ERR_USAGE, "--check and --check-config: expected one of them");
    }
    read_numbers(settings, ret_options);
    OCC_TRY(read_listen(settings, envp, err, &ret_options->listen));
    OCC_TRY(read_data(settings, envp, err, &ret_options->data));
    OCC_TRY(read_boundary(settings, err, &ret_options->boundary));
    OCC_TRY(read_enclave(settings, err, &ret_options->enclave));
    OCC_TRY(occ_enclave_flags_check(settings, err));
    OCC_TRY(read_rates(settings, err, ret_options));
    OCC_TRY(read_metrics(settings, err, ret_options));
    const char *keys = occ_settings_text(settings, "api-keys");
    if (keys != NULL) {
        OCC_TRY(copy(keys, err, &ret_options->api_keys));
    }
    const char *log = occ_settings_text(settings, "access-log");
    if (strcmp(log, "off") != 0) {
        OCC_TRY(copy(log, err, &ret_options->access_log));
    }
    return occ_success();
}

void
occ_options_clear(struct occ_options *options)
{
    free(options->listen);
    free(options->data);
    free(options->enclave);
    free(options->boundary);
    free(options->api_keys);
    free(options->access_log);
    free(options->metrics);
    *options = (struct occ_options){ 0 };
}
