/* main.c — occ-enclave: gives up what it does not need, makes its key, serves its parent. */
#include "base/base64.h"
#include "codec/json.h"
#include "crypto/certificate.h"
#include "crypto/secret.h"
#include "enclave/config.h"
#include "enclave/keygen.h"
#include "enclave/measure.h"
#include "enclave/notice.h"
#include "enclave/predecessor.h"
#include "enclave/serve.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/sandbox.h"
#include "os/signal.h"
#include "os/socket.h"
#include "verify/verify.h"

enum { EXIT_DONE = 0, EXIT_USAGE = 2, EXIT_COULD_NOT = 3 };
enum { STANDARD_OUTPUT = 1, REFUSAL_LEN_MAX = 4096 };

extern char **environ;

static uint64_t
now_ms(void *ctx)
{
    (void)ctx;
    return occ_clock_unix_ms();
}

static uint64_t
uptime_ms(void *ctx)
{
    (void)ctx;
    return occ_clock_monotonic_us() / 1000;
}

static void
random_bytes(void *ctx, void *ret, size_t len)
{
    (void)ctx;
    occ_secret_random(ret, len);
}

/* The libraries, and all that they want to open or look up. *ret_verifier judges the proofs that an epoch goes on from. */
static struct occ_result
set_up_libraries(struct occ_error *err, occ_verifier **ret_verifier)
{
    struct occ_result ready = occ_secret_init();
    ready = occ_is_ok(ready) ? occ_path_prepare() : ready;
    if (!occ_is_ok(ready)) {
        return occ_error_code(err, ready.code);
    }
    occ_json_watch_memory();
    occ_json_init();
    OCC_TRY(occ_verifier_make(NULL, err, ret_verifier));
    return occ_gate_rehearse(occ_predecessor_check, *ret_verifier, err);
}

/* chain_ids: room for OCC_LIMIT_CHAINS, as long as the gate. */
static void
set_rules(const struct occ_config *config, struct occ_bytes *chain_ids, struct occ_gate_config *gate)
{
    for (size_t i = 0; i < config->chains.count; i++) {
        chain_ids[i] = occ_bytes_str(config->chains.names[i]);
    }
    gate->chain_ids = chain_ids;
    gate->chain_id_count = config->chains.count;
    gate->rules = (struct occ_agency_rules){
        .rp_ids = { config->rp_ids.names, config->rp_ids.count },
        .origins = { config->origins.names, config->origins.count },
        .webauthn_compat = config->webauthn_compat,
    };
}

/* What lives as long as the gate, beside its settings. */
struct epoch {
    occ_verifier *verifier;
    struct occ_bytes chain_ids[OCC_LIMIT_CHAINS];
    struct occ_attester attester;
    struct occ_hardware *hardware;
    struct occ_gate *gate;
};

static void
epoch_cleanup(struct epoch *epoch)
{
    occ_gate_free(epoch->gate); /* wipes the keys */
    occ_hardware_free(epoch->hardware);
    occ_verifier_free(epoch->verifier);
}

/* The key, and what vouches for it. */
static struct occ_result
make_signer(const struct occ_config *config, struct occ_error *err, struct epoch *epoch, struct occ_gate_config *gate)
{
    if (config->hardware.uri != NULL) {
        OCC_TRY(occ_hardware_new(&config->hardware, environ, err, &epoch->hardware));
        return occ_hardware_open(epoch->hardware, uptime_ms, err, &gate->attester, &gate->signer);
    }
    uint8_t binary[OCC_SHA256_LEN];
    OCC_TRY(occ_measure_self(err, binary));
    occ_attester_none(binary, &gate->attester);
    return occ_signer_software_new(err, &gate->signer);
}

static struct occ_result
make_gate(const struct occ_config *config, struct occ_error *err, struct epoch *epoch)
{
    struct occ_gate_config gate = {
        .now_ms = now_ms,
        .uptime_ms = uptime_ms,
        .random = random_bytes,
        .check_predecessor = occ_predecessor_check,
        .ctx = epoch->verifier,
        .digests_max = config->digests_max,
        .retained_len_max = config->retained_len_max,
    };
    set_rules(config, epoch->chain_ids, &gate);
    OCC_TRY(make_signer(config, err, epoch, &gate));
    epoch->attester = gate.attester;
    return occ_gate_new(&gate, err, &epoch->gate);
}

static struct occ_result
open_descriptors(const struct occ_config *config, struct occ_error *err, struct occ_serve_config *serve)
{
    if (config->listen_path != NULL) {
        OCC_TRY(occ_signal_open(err, &serve->stop_fd));
        return occ_socket_listen_unix(config->listen_path, err, &serve->listen_fd);
    }
    OCC_TRY(occ_signal_ignore(err));
    serve->session_fd = config->fd;
    return occ_socket_adopt(config->fd, err);
}

static void
tell_start(const struct occ_gate *gate, const struct occ_attester *attester, bool is_full)
{
    char key[OCC_BASE64_LEN(OCC_ED25519_PUBLIC_LEN) + 1] = "";
    occ_base64_encode(occ_bytes_of(occ_gate_public_key(gate), OCC_ED25519_PUBLIC_LEN), key);
    const struct occ_notice_field fields[] = {
        { "enforcement", attester->enforcement },    { "measurement", attester->measurement },
        { "epochId", occ_gate_epoch_id(gate) },      { "publicKeyB64", key },
        { "sandbox", is_full ? "full" : "reduced" },
    };
    occ_notice_write("info", "epoch begins", fields, sizeof fields / sizeof fields[0]);
}

/* A parent that starts its boundary again whenever it ends is told not to: the token would be locked. */
static void
tell_parent(const struct occ_config *config, const struct occ_error *why)
{
    if (why->code != OCC_ERR_DENIED || config->fd < 0) {
        return;
    }
    OCC_BUF_AUTO(out, REFUSAL_LEN_MAX);
    occ_gate_put_refusal(why, &out);
    size_t len = 0;
    (void)!occ_is_ok(occ_socket_write(config->fd, occ_buf_view(&out), &len)); /* a fresh socket has room for it */
}

static struct occ_result
run(const struct occ_config *config, struct occ_error *err)
{
    __attribute__((cleanup(epoch_cleanup))) struct epoch epoch = { 0 };
    OCC_TRY(set_up_libraries(err, &epoch.verifier));
    struct occ_serve_config serve = { .listen_fd = -1, .session_fd = -1, .stop_fd = -1 };
    OCC_TRY(open_descriptors(config, err, &serve));
    const struct occ_result made = make_gate(config, err, &epoch);
    if (!occ_is_ok(made)) {
        tell_parent(config, err);
        return made;
    }
    serve.gate = epoch.gate;
    serve.retained_len_max = config->retained_len_max;
    bool is_full = false;
    OCC_TRY(
        occ_sandbox_enter(epoch.hardware == NULL ? OCC_SANDBOX_BOUNDARY : OCC_SANDBOX_BOUNDARY_TOKEN, err, &is_full));
    tell_start(epoch.gate, &epoch.attester, is_full);
    return occ_serve_run(&serve, err);
}

/* --help or --version to standard output. */
static int
show(bool help)
{
    OCC_BUF_AUTO(text, 64 << 10);
    if (help) {
        occ_settings_put_help(&occ_config_program, &text);
    } else {
        occ_settings_put_version(&occ_config_program, &text);
    }
    return occ_is_ok(occ_file_write_all(STANDARD_OUTPUT, occ_buf_view(&text), NULL)) ? EXIT_DONE : EXIT_COULD_NOT;
}

static int
run_settings(const struct occ_settings *settings)
{
    if (occ_settings_wants_help(settings) || occ_settings_wants_version(settings)) {
        return show(occ_settings_wants_help(settings));
    }
    struct occ_error err = { .code = OCC_OK };
    __attribute__((cleanup(occ_config_clear))) struct occ_config config;
    struct occ_result result = occ_config_read(settings, &err, &config);
    if (!occ_is_ok(result)) {
        occ_notice_error("wrong use", err.text);
        return EXIT_USAGE;
    }
    result = run(&config, &err);
    if (!occ_is_ok(result)) {
        occ_notice_error("ended", err.text);
        return EXIT_COULD_NOT;
    }
    return EXIT_DONE;
}

int
main(int argc, char **argv)
{
    struct occ_error err = { .code = OCC_OK };
    if (!occ_is_ok(occ_sandbox_hide(&err))) {
        occ_notice_error("cannot start", err.text);
        return EXIT_COULD_NOT;
    }
    if (argc > 1 && strcmp(argv[1], "keygen") == 0) {
        return occ_keygen_run(argc - 1, argv + 1, environ);
    }
    struct occ_settings *settings = NULL;
    if (!occ_is_ok(occ_settings_load(&occ_config_program, argc, argv, environ, &err, &settings))) {
        occ_notice_error("wrong use", err.text);
        return EXIT_USAGE;
    }
    const int status = run_settings(settings);
    occ_settings_free(settings);
    return status;
}
