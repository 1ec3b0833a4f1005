/* keygen.c — see keygen.h. A person reads what it says: sentences, no JSON. */
#include "enclave/keygen.h"

#include <stdio.h>

#include "crypto/secret.h"
#include "enclave/hardware.h"
#include "os/file.h"

enum { EXIT_DONE = 0, EXIT_USAGE = 2, EXIT_COULD_NOT = 3 };
enum { STANDARD_OUTPUT = 1, TEXT_LEN_MAX = 64 << 10 };

static const struct occ_setting table[] = { OCC_HARDWARE_SETTINGS(NULL) };

static const char *const usage[] = { "--signer pkcs11:… --pkcs11-module FILE [--pin-file FILE]", NULL };

static const struct occ_settings_program program = {
    .name = "occ-enclave keygen",
    .usage = usage,
    .about =
        "Makes an Ed25519 key in a hardware token, which it cannot leave, and prints its public key, the name that "
        "--signer takes, and the measurement that proofs will have. A key of that name is never replaced.",
    .table = table,
    .count = sizeof table / sizeof table[0],
    .epilog = "Exit status: 0 done, 2 wrong use, 3 could not.\n",
};

static int
complain(struct occ_result result, const struct occ_error *err)
{
    (void)fprintf(stderr, "occ-enclave keygen: %s\n", err->text[0] != '\0' ? err->text : occ_result_text(result.code));
    if (result.code == OCC_ERR_USAGE) {
        (void)fputs("Try 'occ-enclave keygen --help'.\n", stderr);
        return EXIT_USAGE;
    }
    return EXIT_COULD_NOT;
}

static struct occ_result
make(const struct occ_settings *settings, char **envp, struct occ_error *err, struct occ_buf *text)
{
    struct occ_hardware_config config;
    OCC_TRY(occ_hardware_read(settings, err, &config));
    if (config.uri == NULL) {
        return occ_error_set(err, OCC_ERR_USAGE, "--signer: expected pkcs11:token=…;object=…");
    }
    const struct occ_result ready = occ_secret_init();
    if (!occ_is_ok(ready)) {
        return occ_error_code(err, ready.code);
    }
    struct occ_hardware *hardware = NULL;
    OCC_TRY(occ_hardware_new(&config, envp, err, &hardware));
    const struct occ_result made = occ_hardware_make(hardware, err, text);
    occ_hardware_free(hardware);
    return made;
}

int
occ_keygen_run(int argc, char **argv, char **envp)
{
    struct occ_error err = { .code = OCC_OK };
    OCC_BUF_AUTO(text, TEXT_LEN_MAX);
    struct occ_settings *settings = NULL;
    struct occ_result result = occ_settings_load(&program, argc, argv, envp, &err, &settings);
    if (occ_is_ok(result) && occ_settings_wants_help(settings)) {
        occ_settings_put_help(&program, &text);
    } else if (occ_is_ok(result) && occ_settings_wants_version(settings)) {
        occ_settings_put_version(&program, &text);
    } else if (occ_is_ok(result)) {
        result = make(settings, envp, &err, &text);
    }
    occ_settings_free(settings);
    if (!occ_is_ok(result)) {
        return complain(result, &err);
    }
    result = occ_file_write_all(STANDARD_OUTPUT, occ_buf_view(&text), &err);
    if (!occ_is_ok(result)) { /* the key is there all the same: its name must not be lost */
        (void)fprintf(stderr, "occ-enclave keygen: standard output: %s. What was to be said:\n%.*s", err.text,
                      OCC_BYTES_ARG(occ_buf_view(&text)));
        return EXIT_COULD_NOT;
    }
    return EXIT_DONE;
}
