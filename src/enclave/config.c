/* config.c — the table of settings, and what it means. */
#include "enclave/config.h"

#include "base/limits.h"
#include "os/vsock.h"
#include "proof/value.h"
#include "settings/names.h"

enum { LIST_LEN_MAX = 64 << 10 };

static const struct occ_setting table[] = {
    { .name = "listen",
      .type = OCC_SETTING_TEXT,
      .argument = "unix:PATH|vsock:PORT",
      .env = "OCC_ENCLAVE_LISTEN",
      .help =
          "Listen on a unix socket (mode 0600), or on a vsock port for the instance that an enclave belongs to (CID "
          "3), and serve one parent at a time." },
    { .name = "fd",
      .type = OCC_SETTING_NUMBER,
      .argument = "N",
      .env = "OCC_ENCLAVE_FD",
      .fallback = "3",
      .min = 0,
      .max = 1023,
      .help =
          "Serve the parent at the other end of this connected socket, and end when it is gone. occd starts its own "
          "occ-enclave this way." },
    { .name = "batch-limit",
      .type = OCC_SETTING_NUMBER,
      .argument = "N",
      .env = "OCC_ENCLAVE_BATCH_LIMIT",
      .fallback = "10000",
      .min = 1,
      .max = OCC_LIMIT_BATCH_DIGESTS_MAX,
      .help = "Digests that one request may have." },
    { .name = "retain-limit",
      .type = OCC_SETTING_SIZE,
      .argument = "BYTES",
      .env = "OCC_ENCLAVE_RETAIN_LIMIT",
      .fallback = "64M",
      .min = 1 << 20,
      .max = UINT64_C(1) << 30,
      .help =
          "Bytes of proofs that are kept until the parent says that they are durable. Full = commits are refused." },
    { .name = "chains",
      .type = OCC_SETTING_TEXT,
      .argument = "ID,…",
      .env = "OCC_ENCLAVE_CHAINS",
      .help = "Chains beside the default one, up to 63, by their chainId: 1 to 64 characters of A-Z a-z 0-9 . _ : -" },
    { .name = "workers",
      .type = OCC_SETTING_NUMBER,
      .argument = "N",
      .env = "OCC_ENCLAVE_WORKERS",
      .min = 1,
      .max = OCC_LIMIT_WORKERS,
      .help = "Chains that are signed at the same time, each by a thread. Without it: as many as there are chains and "
              "processors, at most 4. A hardware token has 1." },
    { .name = "rp-id",
      .type = OCC_SETTING_TEXT,
      .argument = "NAME,…",
      .env = "OCC_ENCLAVE_RP_ID",
      .help = "What a WebAuthn authorization may be for: relying party ids, for example example.com. Needs --origin; "
              "without the two no WebAuthn authorization is taken." },
    { .name = "origin",
      .type = OCC_SETTING_TEXT,
      .argument = "URL,…",
      .env = "OCC_ENCLAVE_ORIGIN",
      .help = "Where a WebAuthn authorization may come from, for example https://example.com." },
    { .name = "webauthn-compat",
      .type = OCC_SETTING_SWITCH,
      .env = "OCC_ENCLAVE_WEBAUTHN_COMPAT",
      .help = "Also take WebAuthn authorizations whose signature does not cover the digest: whoever relays such a one "
              "can put another digest beside it." },
    OCC_HARDWARE_SETTINGS("software"),
    { .name = "nsm",
      .type = OCC_SETTING_SWITCH,
      .env = "OCC_ENCLAVE_NSM",
      .help =
          "The Nitro Secure Module (/dev/nsm of an AWS Nitro Enclave) vouches for this boundary, and its random goes "
          "into keys and nonces together with the kernel's." },
    { .name = "attest",
      .type = OCC_SETTING_CHOICE,
      .argument = "WHAT",
      .env = "OCC_ENCLAVE_ATTEST",
      .fallback = "batch",
      .choices = "commit|batch|epoch",
      .help =
          "What an attestation document is about: each proof, all proofs that wait for one, or the key alone. Needs "
          "--nsm." },
    { .name = "allow-debug",
      .type = OCC_SETTING_SWITCH,
      .env = "OCC_ENCLAVE_ALLOW_DEBUG",
      .help =
          "Commit also in an enclave in debug mode, which measures nothing and hides nothing: tier stub, measurement "
          "nitro-debug, no attestation. Needs --nsm." },
    { .name = "config",
      .type = OCC_SETTING_TEXT,
      .argument = "FILE",
      .env = "OCC_ENCLAVE_CONFIG",
      .only_flag = true,
      .help = "File with lines \"name = value\"; names as the flags, without \"--\"." },
    { .name = "check",
      .type = OCC_SETTING_SWITCH,
      .only_flag = true,
      .help = "Read the settings, say what is wrong with them, and end: 0 nothing, 2 something." },
};

static const char *const usage[] = { "[--fd N]",      "--listen unix:PATH",       "--listen vsock:PORT --nsm",
                                     "--config FILE", "keygen --signer pkcs11:…", NULL };

static const struct occ_settings_program program_of_all = {
    .usage = usage,
    .about = "The boundary of an occ/1 proof-commit service: it makes the signing key, which never leaves it, or has "
             "it in a hardware token; counts, chains and signs. It opens no network, and after its start no file, but "
             "what a token's library needs. Tier: stub, measured-tee with --nsm, or hw-key with --signer pkcs11:….",
    .config_setting = "config",
    .epilog = "Flags win over environment variables, those over the file. An enclave image\n"
              "gives --config and nothing else.\n"
              "\n"
              "Diagnostics are JSON lines on standard error. SIGTERM ends it at once; its key,\n"
              "and with it its epoch, end with it; a key in a token stays there. keygen makes\n"
              "one: occ-enclave keygen --help.\n"
              "\n"
              "Exit status: 0 done, 2 wrong use, 3 could not.\n",
};

struct occ_result
occ_config_program_make(const char *name, const struct occ_setting *extra, size_t count, struct occ_error *err,
                        struct occ_config_program *ret_program)
{
    const size_t common = sizeof table / sizeof table[0];
    if (count > OCC_SETTINGS_MAX - common) {
        return occ_error_code(err, OCC_ERR_INTERNAL);
    }
    memcpy(ret_program->table, table, sizeof table);
    if (count > 0) {
        memcpy(ret_program->table + common, extra, count * sizeof *extra);
    }
    ret_program->program = program_of_all;
    ret_program->program.name = name;
    ret_program->program.table = ret_program->table;
    ret_program->program.count = common + count;
    return occ_success();
}

static struct occ_result
read_listen(const char *text, struct occ_error *err, struct occ_config *config)
{
    const struct occ_bytes bytes = occ_bytes_str(text);
    const size_t unix_len = strlen("unix:"), vsock_len = strlen("vsock:");
    if (occ_bytes_starts(bytes, "unix:") && bytes.len > unix_len) {
        config->listen_path = text + unix_len;
        return occ_success();
    }
    if (occ_bytes_starts(bytes, "vsock:") &&
        occ_vsock_parse_port(occ_bytes_str(text + vsock_len), &config->listen_vsock)) {
        return occ_success();
    }
    return occ_error_set(err, OCC_ERR_USAGE,
                         "--listen: \"%s\", expected unix:PATH, or vsock:PORT with a port from 1 to 4294967294", text);
}

/* The choices of --attest. */
static enum occ_attest_mode
mode_of(const char *word)
{
    if (strcmp(word, "commit") == 0) {
        return OCC_ATTEST_COMMIT;
    }
    return strcmp(word, "epoch") == 0 ? OCC_ATTEST_EPOCH : OCC_ATTEST_BATCH;
}

static struct occ_result
read_nsm(const struct occ_settings *settings, struct occ_error *err, struct occ_config *config)
{
    config->nsm = occ_settings_switch(settings, "nsm");
    config->allow_debug = occ_settings_switch(settings, "allow-debug");
    if (!config->nsm && (config->allow_debug || occ_settings_is_set(settings, "attest"))) {
        return occ_error_set(err, OCC_ERR_USAGE, "--%s: needs --nsm", config->allow_debug ? "allow-debug" : "attest");
    }
    if (config->nsm) {
        config->attest = mode_of(occ_settings_text(settings, "attest"));
    }
    return occ_success();
}

/* A setting that is not there is an empty list. */
static struct occ_result
read_list(const struct occ_settings *settings, const char *name, struct occ_error *err, struct occ_config_list *list)
{
    const char *const setting = occ_settings_text(settings, name);
    list->text = OCC_BUF_INIT(LIST_LEN_MAX);
    list->count = 0;
    if (setting == NULL) {
        return occ_success();
    }
    occ_buf_put_str(&list->text, setting);
    occ_buf_put_byte(&list->text, '\0');
    if (!occ_is_ok(occ_buf_check(&list->text))) {
        return occ_error_set(err, OCC_ERR_USAGE, "--%s: too long", name);
    }
    char *at = (char *)list->text.ptr;
    for (bool more = true; more;) {
        const size_t len = strcspn(at, ",");
        if (len == 0) {
            return occ_error_set(err, OCC_ERR_USAGE, "--%s: an empty entry between commas", name);
        }
        if (list->count == OCC_LIMIT_VERIFIER_NAMES) {
            return occ_error_set(err, OCC_ERR_USAGE, "--%s: more than %d entries", name, OCC_LIMIT_VERIFIER_NAMES);
        }
        list->names[list->count] = at;
        list->count++;
        more = at[len] != '\0';
        at[len] = '\0';
        at += len + 1;
    }
    return occ_success();
}

static struct occ_result
check_chains(const struct occ_config_list *chains, struct occ_error *err)
{
    if (chains->count >= OCC_LIMIT_CHAINS) {
        return occ_error_set(err, OCC_ERR_USAGE, "--chains: %zu entries, expected at most %d", chains->count,
                             OCC_LIMIT_CHAINS - 1);
    }
    for (size_t i = 0; i < chains->count; i++) {
        if (!occ_value_is_chain_id(occ_bytes_str(chains->names[i]))) {
            return occ_error_set(err, OCC_ERR_USAGE,
                                 "--chains: \"%s\", expected 1 to %d characters of A-Z a-z 0-9 . _ : -",
                                 chains->names[i], OCC_LIMIT_CHAIN_ID_LEN);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(chains->names[i], chains->names[j]) == 0) {
                return occ_error_set(err, OCC_ERR_USAGE, "--chains: \"%s\" twice", chains->names[i]);
            }
        }
    }
    return occ_success();
}

static struct occ_result
check_names(const struct occ_config_list *list, const char *flag, bool (*is_good)(const char *text),
            const char *expected, struct occ_error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        if (!is_good(list->names[i])) {
            return occ_error_set(err, OCC_ERR_USAGE, "%s: \"%.100s\", expected %s", flag, list->names[i], expected);
        }
    }
    return occ_success();
}

static struct occ_result
read_webauthn(const struct occ_settings *settings, struct occ_error *err, struct occ_config *config)
{
    OCC_TRY(read_list(settings, "rp-id", err, &config->rp_ids));
    OCC_TRY(read_list(settings, "origin", err, &config->origins));
    OCC_TRY(check_names(&config->rp_ids, "--rp-id", occ_names_is_rp_id, OCC_NAMES_RP_ID_EXPECTED, err));
    OCC_TRY(check_names(&config->origins, "--origin", occ_names_is_origin, OCC_NAMES_ORIGIN_EXPECTED, err));
    config->webauthn_compat = occ_settings_switch(settings, "webauthn-compat");
    if ((config->rp_ids.count == 0) != (config->origins.count == 0)) {
        return occ_error_set(err, OCC_ERR_USAGE, "--rp-id and --origin: give both, or neither");
    }
    if (config->webauthn_compat && config->rp_ids.count == 0) {
        return occ_error_set(err, OCC_ERR_USAGE, "--webauthn-compat: needs --rp-id and --origin");
    }
    return occ_success();
}

static struct occ_result
read_workers(const struct occ_settings *settings, struct occ_error *err, struct occ_config *config)
{
    if (!occ_settings_is_set(settings, "workers")) {
        config->workers = config->hardware.uri == NULL ? 0 : 1;
        return occ_success();
    }
    config->workers = (size_t)occ_settings_number(settings, "workers");
    if (config->workers > 1 && config->hardware.uri != NULL) {
        return occ_error_set(err, OCC_ERR_USAGE, "--workers: %zu, but a hardware token signs one after the other",
                             config->workers);
    }
    return occ_success();
}

struct occ_result
occ_config_read(const struct occ_settings *settings, struct occ_error *err, struct occ_config *config)
{
    *config = (struct occ_config){
        .fd = -1,
        .digests_max = (uint32_t)occ_settings_number(settings, "batch-limit"),
        .retained_len_max = (size_t)occ_settings_number(settings, "retain-limit"),
        .check = occ_settings_switch(settings, "check"),
    };
    if (!occ_settings_is_set(settings, "listen")) {
        config->fd = (int)occ_settings_number(settings, "fd");
    } else if (occ_settings_is_set(settings, "fd")) {
        return occ_error_set(err, OCC_ERR_USAGE, "--listen and --fd: give one of them");
    } else {
        OCC_TRY(read_listen(occ_settings_text(settings, "listen"), err, config));
    }
    OCC_TRY(read_nsm(settings, err, config));
    OCC_TRY(read_list(settings, "chains", err, &config->chains));
    OCC_TRY(check_chains(&config->chains, err));
    OCC_TRY(occ_hardware_read(settings, err, &config->hardware));
    OCC_TRY(read_workers(settings, err, config));
    if (config->nsm && config->hardware.uri != NULL) {
        return occ_error_set(err, OCC_ERR_USAGE, "--nsm and --signer pkcs11:…: give one of them");
    }
    return read_webauthn(settings, err, config);
}

void
occ_config_clear(struct occ_config *config)
{
    occ_buf_clear(&config->chains.text);
    occ_buf_clear(&config->rp_ids.text);
    occ_buf_clear(&config->origins.text);
}
