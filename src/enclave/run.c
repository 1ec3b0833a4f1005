/* run.c — occ-enclave: gives up what it does not need, makes its key, serves its parent. */
#include "enclave/run.h"

#include <stdio.h>
#include <unistd.h>

#include "base/base64.h"
#include "codec/json.h"
#include "crypto/certificate.h"
#include "crypto/secret.h"
#include "enclave/config.h"
#include "enclave/crew.h"
#include "enclave/entropy.h"
#include "enclave/hardware.h"
#include "enclave/keygen.h"
#include "enclave/measure.h"
#include "enclave/notice.h"
#include "enclave/predecessor.h"
#include "enclave/serve.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/memory.h"
#include "os/process.h"
#include "os/sandbox.h"
#include "os/signal.h"
#include "os/socket.h"
#include "os/urandom.h"
#include "os/vsock.h"
#include "verify/verify.h"

enum { EXIT_DONE = 0, EXIT_USAGE = 2, EXIT_COULD_NOT = 3 };
enum { STANDARD_OUTPUT = 1, REFUSAL_LEN_MAX = 4096 };

/* What lives as long as the gate, beside its settings. */
struct epoch {
    const struct occ_enclave_device *kind;
    struct occ_nsm nsm; /* open if has_nsm */
    bool has_nsm;
    struct occ_random *random;     /* with an NSM; else NULL: the kernel's alone */
    struct occ_hardware *hardware; /* with a key in a token; else NULL */
    occ_verifier *verifier;
    struct occ_bytes chain_ids[OCC_LIMIT_CHAINS];
    struct occ_attester attester;
    size_t workers;        /* threads that sign, */
    struct occ_crew *crew; /* where they are more than one; else NULL */
    struct occ_gate *gate;
    struct occ_device *device; /* NULL = the attester gives no documents */
};

static void
epoch_cleanup(struct epoch *epoch)
{
    const bool has_ended = occ_device_free(epoch->device);
    occ_crew_free(epoch->crew);
    occ_gate_free(epoch->gate); /* wipes the keys */
    occ_hardware_free(epoch->hardware);
    occ_random_free(epoch->random);
    occ_verifier_free(epoch->verifier);
    if (!has_ended) { /* the device hangs, with what it works with; the end of the process ends it */
        return;
    }
    occ_attester_clear(&epoch->attester);
    if (epoch->has_nsm) {
        epoch->kind->close(&epoch->nsm);
    }
}

/* ---- what the gate gets: time, random, a judge of its predecessor. ctx is the epoch ---- */

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
    const struct epoch *epoch = ctx;
    if (epoch->random != NULL) {
        occ_random_fill(epoch->random, ret, len);
        return;
    }
    occ_secret_random(ret, len);
}

static struct occ_result
check_predecessor(void *ctx, const struct occ_json *proof, struct occ_error *err)
{
    const struct epoch *epoch = ctx;
    return occ_predecessor_check(epoch->verifier, proof, err);
}

/* ---- the start ---- */

/* The libraries, and all that they want to open or look up. */
static struct occ_result
set_up_libraries(struct occ_error *err)
{
    struct occ_result ready = occ_secret_init();
    ready = occ_is_ok(ready) ? occ_path_prepare() : ready;
    if (!occ_is_ok(ready)) {
        return occ_error_code(err, ready.code);
    }
    occ_json_watch_memory();
    occ_json_init();
    return occ_success();
}

/* Judges the proofs that an epoch goes on from: a simulated one's under the root of its own simulation. */
static struct occ_result
make_verifier(struct epoch *epoch, struct occ_error *err)
{
    const bool simulated = epoch->has_nsm && epoch->kind->simulated;
    const struct occ_bytes root = simulated ? epoch->kind->root(&epoch->nsm) : occ_bytes_of(NULL, 0);
    const struct occ_verifier_options options = { .size = sizeof options,
                                                  .sim_nitro_root = root.ptr,
                                                  .sim_nitro_root_len = root.len };
    OCC_TRY(occ_verifier_make(&options, err, &epoch->verifier));
    return occ_gate_rehearse(occ_predecessor_check, epoch->verifier, err);
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

/* What vouches for this boundary. */
static struct occ_result
make_attester(const struct occ_config *config, struct epoch *epoch, struct occ_error *err)
{
    if (epoch->has_nsm) {
        const struct occ_attester_nsm_options options = { .nsm = &epoch->nsm,
                                                          .format = epoch->kind->format,
                                                          .mode = config->attest,
                                                          .simulated = epoch->kind->simulated,
                                                          .allow_debug = config->allow_debug };
        return occ_attester_nsm(&options, err, &epoch->attester);
    }
    uint8_t binary[OCC_SHA256_LEN];
    OCC_TRY(occ_measure_self(err, binary));
    occ_attester_none(binary, &epoch->attester);
    return occ_success();
}

/* Threads that sign, where there are to be more than this one. */
static struct occ_result
set_workers(const struct occ_config *config, struct epoch *epoch, struct occ_error *err, struct occ_gate_config *gate)
{
    epoch->workers = occ_crew_size(config->workers, config->chains.count + 1);
    if (epoch->workers < 2) {
        return occ_success();
    }
    OCC_TRY(occ_crew_new(epoch->workers, err, &epoch->crew));
    gate->workers = epoch->workers;
    gate->run = occ_crew_run;
    gate->run_ctx = epoch->crew;
    return occ_success();
}

static struct occ_result
make_gate(const struct occ_config *config, struct occ_error *err, struct epoch *epoch)
{
    struct occ_gate_config gate = {
        .now_ms = now_ms,
        .uptime_ms = uptime_ms,
        .random = random_bytes,
        .check_predecessor = check_predecessor,
        .ctx = epoch,
        .digests_max = config->digests_max,
        .retained_len_max = config->retained_len_max,
    };
    set_rules(config, epoch->chain_ids, &gate);
    OCC_TRY(set_workers(config, epoch, err, &gate));
    if (epoch->hardware != NULL) { /* one thing is both: the key, and what is said of it */
        OCC_TRY(occ_hardware_open(epoch->hardware, uptime_ms, err, &epoch->attester, &gate.signer));
    } else {
        OCC_TRY(make_attester(config, epoch, err));
        OCC_TRY(occ_signer_software_new(random_bytes, epoch, err, &gate.signer));
    }
    gate.attester = epoch->attester;
    return occ_gate_new(&gate, err, &epoch->gate);
}

/* The first document, and the thread for those that come: both need what the process is about to give up. */
static struct occ_result
start_device(struct epoch *epoch, struct occ_error *err)
{
    if (epoch->attester.mode == OCC_ATTEST_NONE) {
        return occ_success();
    }
    OCC_TRY(occ_device_first(&epoch->attester, epoch->gate, err));
    return occ_device_new(&epoch->attester, err, &epoch->device);
}

static struct occ_result
open_nsm(const struct occ_settings *settings, struct epoch *epoch, struct occ_error *err)
{
    OCC_TRY(epoch->kind->open(settings, err, &epoch->nsm));
    epoch->has_nsm = true;
    return occ_entropy_open(&epoch->nsm, OCC_URANDOM_PATH, err, &epoch->random);
}

static struct occ_result
open_descriptors(const struct occ_config *config, struct occ_error *err, struct occ_serve_config *serve)
{
    if (config->listen_path != NULL || config->listen_vsock != 0) {
        OCC_TRY(occ_signal_open(err, &serve->stop_fd));
        return config->listen_path != NULL ? occ_socket_listen_unix(config->listen_path, err, &serve->listen_fd)
                                           : occ_vsock_listen(config->listen_vsock, err, &serve->listen_fd);
    }
    OCC_TRY(occ_signal_ignore(err));
    serve->session_fd = config->fd;
    return occ_socket_adopt(config->fd, err);
}

static const char *
mode_name(enum occ_attest_mode mode)
{
    switch (mode) {
    case OCC_ATTEST_COMMIT:
        return "commit";
    case OCC_ATTEST_BATCH:
        return "batch";
    case OCC_ATTEST_EPOCH:
        return "epoch";
    case OCC_ATTEST_NONE:
        break;
    }
    return "none";
}

static void
tell_start(const struct epoch *epoch, const struct occ_config *config, bool is_full)
{
    const struct occ_gate *gate = epoch->gate;
    const struct occ_attester *attester = &epoch->attester;
    char workers[16];
    snprintf(workers, sizeof workers, "%zu", epoch->workers);
    char key[OCC_BASE64_LEN(OCC_ED25519_PUBLIC_LEN) + 1] = "";
    occ_base64_encode(occ_bytes_of(occ_gate_public_key(gate), OCC_ED25519_PUBLIC_LEN), key);
    const struct occ_notice_field fields[] = {
        { "enforcement", attester->enforcement },
        { "measurement", attester->measurement },
        { "epochId", occ_gate_epoch_id(gate) },
        { "publicKeyB64", key },
        { "attest", mode_name(attester->mode) },
        { "sandbox", is_full ? "full" : "reduced" },
        { "workers", workers },
    };
    if (config->nsm && attester->mode == OCC_ATTEST_NONE) {
        occ_notice_write("warn",
                         "DEBUG MODE: this enclave measures nothing and its memory can be read; its proofs say nothing "
                         "about the program that made them",
                         NULL, 0);
    }
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

/* While SIGTERM still ends the process at once: the file may be a pipe that nobody writes to. */
static struct occ_result
read_pin(const struct occ_config *config, struct epoch *epoch, struct occ_error *err)
{
    if (config->hardware.uri == NULL) {
        return occ_success();
    }
    const struct occ_result read = occ_hardware_new(&config->hardware, environ, err, &epoch->hardware);
    if (!occ_is_ok(read)) {
        tell_parent(config, err);
    }
    return read;
}

static struct occ_result
enter_sandbox(const struct epoch *epoch, struct occ_error *err, bool *ret_full)
{
    if (epoch->hardware != NULL) {
        return occ_sandbox_enter(OCC_SANDBOX_BOUNDARY_TOKEN, NULL, err, ret_full);
    }
    if (!epoch->has_nsm || epoch->kind->driver == NULL) {
        return occ_sandbox_enter(OCC_SANDBOX_BOUNDARY, NULL, err, ret_full);
    }
    const struct occ_sandbox_device device = epoch->kind->driver(&epoch->nsm);
    return occ_sandbox_enter(OCC_SANDBOX_BOUNDARY, &device, err, ret_full);
}

static struct occ_result
run(const struct occ_enclave_device *device, const struct occ_settings *settings, const struct occ_config *config,
    struct occ_error *err)
{
    __attribute__((cleanup(epoch_cleanup))) struct epoch epoch = { .kind = device };
    OCC_TRY(set_up_libraries(err));
    if (config->nsm) {
        OCC_TRY(open_nsm(settings, &epoch, err));
    }
    OCC_TRY(make_verifier(&epoch, err));
    OCC_TRY(read_pin(config, &epoch, err));
    struct occ_serve_config serve = { .listen_fd = -1, .session_fd = -1, .stop_fd = -1 };
    OCC_TRY(open_descriptors(config, err, &serve));
    const struct occ_result made = make_gate(config, err, &epoch);
    if (!occ_is_ok(made)) {
        tell_parent(config, err);
        return made;
    }
    OCC_TRY(start_device(&epoch, err));
    serve.gate = epoch.gate;
    serve.device = epoch.device;
    serve.retained_len_max = config->retained_len_max;
    bool is_full = false;
    OCC_TRY(enter_sandbox(&epoch, err, &is_full));
    occ_memory_give_back();
    tell_start(&epoch, config, is_full);
    return occ_serve_run(&serve, err);
}

/* ---- the program ---- */

/* --help or --version to standard output. */
static int
show(const struct occ_settings_program *program, bool help)
{
    OCC_BUF_AUTO(text, 64 << 10);
    if (help) {
        occ_settings_put_help(program, &text);
    } else {
        occ_settings_put_version(program, &text);
    }
    return occ_is_ok(occ_file_write_all(STANDARD_OUTPUT, occ_buf_view(&text), NULL)) ? EXIT_DONE : EXIT_COULD_NOT;
}

static int
run_settings(const struct occ_enclave_device *device, const struct occ_settings *settings)
{
    struct occ_error err = { .code = OCC_OK };
    __attribute__((cleanup(occ_config_clear))) struct occ_config config;
    struct occ_result result = occ_config_read(settings, &err, &config);
    if (!occ_is_ok(result)) {
        occ_notice_error("wrong use", err.text);
        return EXIT_USAGE;
    }
    if (config.check) {
        return EXIT_DONE;
    }
    result = run(device, settings, &config, &err);
    if (!occ_is_ok(result)) {
        occ_notice_error("ended", err.text);
        return EXIT_COULD_NOT;
    }
    return EXIT_DONE;
}

int
occ_enclave_run(const char *name, const struct occ_enclave_device *device, int argc, char **argv)
{
    struct occ_error err = { .code = OCC_OK };
    struct occ_config_program program;
    occ_memory_keep_small();
    if (!occ_process_fill_standard()) {
        return EXIT_COULD_NOT;
    }
    if (!occ_is_ok(occ_sandbox_hide(&err)) ||
        !occ_is_ok(occ_config_program_make(name, device->settings, device->setting_count, &err, &program))) {
        occ_notice_error("cannot start", err.text);
        return EXIT_COULD_NOT;
    }
    if (argc > 1 && strcmp(argv[1], "keygen") == 0) {
        return occ_keygen_run(argc - 1, argv + 1, environ);
    }
    struct occ_settings *settings = NULL;
    if (!occ_is_ok(occ_settings_load(&program.program, argc, argv, environ, &err, &settings))) {
        occ_notice_error("wrong use", err.text);
        return EXIT_USAGE;
    }
    const int status = occ_settings_wants_help(settings) || occ_settings_wants_version(settings)
                           ? show(&program.program, occ_settings_wants_help(settings))
                           : run_settings(device, settings);
    occ_settings_free(settings);
    return status;
}
