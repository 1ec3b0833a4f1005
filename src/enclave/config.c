/* config.c — the table of settings, and what it means. */
#include "enclave/config.h"

#include "base/limits.h"

enum { FD_DEFAULT = 3 };

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
};

static const char *const usage[] = { "[--fd N]", "--listen unix:PATH", NULL };

const struct occ_settings_program occ_config_program = {
    .name = "occ-enclave",
    .usage = usage,
    .about =
        "The boundary of an occ/1 proof-commit service: it makes the signing key, which never leaves it, counts, "
        "chains and signs. It has no configuration file, opens no network, and after its start no file. Tier: stub.",
    .table = table,
    .count = sizeof table / sizeof table[0],
    .epilog = "Diagnostics are JSON lines on standard error. SIGTERM ends it at once; its key, and with it its epoch, "
              "end with it.\n\nExit status: 0 done, 2 wrong use, 3 could not.\n",
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

struct occ_result
occ_config_read(const struct occ_settings *settings, struct occ_error *err, struct occ_config *ret_config)
{
    struct occ_config config = {
        .fd = -1,
        .digests_max = (uint32_t)occ_settings_number(settings, "batch-limit"),
        .retained_len_max = (size_t)occ_settings_number(settings, "retain-limit"),
    };
    if (!occ_settings_is_set(settings, "listen")) {
        config.fd = (int)occ_settings_number(settings, "fd");
    } else if (occ_settings_is_set(settings, "fd")) {
        return occ_error_set(err, OCC_ERR_USAGE, "--listen and --fd: give one of them");
    } else {
        OCC_TRY(read_listen(occ_settings_text(settings, "listen"), err, &config));
    }
    *ret_config = config;
    return occ_success();
}
