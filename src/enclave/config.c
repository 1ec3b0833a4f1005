/* config.c — the table of settings, and what it means. */
#include "enclave/config.h"

#include "base/limits.h"
#include "proof/value.h"

enum { LIST_LEN_MAX = 64 << 10 };

static const struct occ_setting table[] = {
    { .name = "listen",
      .type = OCC_SETTING_TEXT,
      .argument = "unix:PATH",
      .env = "OCC_ENCLAVE_LISTEN",
      .help = "Listen on a unix socket (mode 0600) and serve one parent at a time." },
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
};

static const char *const usage[] = { "[--fd N]", "--listen unix:PATH", "keygen --signer pkcs11:…", NULL };

const struct occ_settings_program occ_config_program = {
    .name = "occ-enclave",
    .usage = usage,
    .about =
        "The boundary of an occ/1 proof-commit service: it makes the signing key, which never leaves it, or has it in "
        "a "
        "hardware token; counts, chains and signs. It has no configuration file, opens no network, and after its start "
        "no file, but what a token's library needs. Tier: stub, or hw-key with a token.",
    .table = table,
    .count = sizeof table / sizeof table[0],
    .epilog = "Diagnostics are JSON lines on standard error. SIGTERM ends it at once; its key, and with it its epoch, "
              "end with it; a key in a token stays there. keygen makes one: occ-enclave keygen --help.\n\nExit status: "
              "0 done, 2 wrong use, 3 could not.\n",
};

static struct occ_result
read_listen(const char *text, struct occ_error *err, struct occ_config *config)
{
    static const char prefix[] = "unix:";
    if (strncmp(text, prefix, sizeof prefix - 1) != 0 || text[sizeof prefix - 1] == '\0') {
        return occ_error_set(err, OCC_ERR_USAGE, "--listen: \"%s\", expected unix:PATH", text);
    }
    config->listen_path = text + sizeof prefix - 1;
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
read_webauthn(const struct occ_settings *settings, struct occ_error *err, struct occ_config *config)
{
    OCC_TRY(read_list(settings, "rp-id", err, &config->rp_ids));
    OCC_TRY(read_list(settings, "origin", err, &config->origins));
    config->webauthn_compat = occ_settings_switch(settings, "webauthn-compat");
    if ((config->rp_ids.count == 0) != (config->origins.count == 0)) {
        return occ_error_set(err, OCC_ERR_USAGE, "--rp-id and --origin: give both, or neither");
    }
    if (config->webauthn_compat && config->rp_ids.count == 0) {
        return occ_error_set(err, OCC_ERR_USAGE, "--webauthn-compat: needs --rp-id and --origin");
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
    };
    if (!occ_settings_is_set(settings, "listen")) {
        config->fd = (int)occ_settings_number(settings, "fd");
    } else if (occ_settings_is_set(settings, "fd")) {
        return occ_error_set(err, OCC_ERR_USAGE, "--listen and --fd: give one of them");
    } else {
        OCC_TRY(read_listen(occ_settings_text(settings, "listen"), err, config));
    }
    OCC_TRY(read_list(settings, "chains", err, &config->chains));
    OCC_TRY(check_chains(&config->chains, err));
    OCC_TRY(occ_hardware_read(settings, err, &config->hardware));
    return read_webauthn(settings, err, config);
}

void
occ_config_clear(struct occ_config *config)
{
    occ_buf_clear(&config->chains.text);
    occ_buf_clear(&config->rp_ids.text);
    occ_buf_clear(&config->origins.text);
}
