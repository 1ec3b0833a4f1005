/* hardware.c — see hardware.h. */
#include "enclave/hardware.h"

#include <stdlib.h>

#include "base/base64.h"
#include "crypto/ed25519_token.h"
#include "crypto/token_uri.h"
#include "enclave/notice.h"
#include "enclave/pin.h"
#include "os/file.h"

struct occ_hardware {
    struct occ_hardware_config config;
    struct occ_pin pin;
    uint64_t (*uptime_ms)(void *ctx);
};

static struct occ_result
check_unused(const struct occ_settings *settings, const char *name, struct occ_error *err)
{
    if (occ_settings_text(settings, name) != NULL) {
        return occ_error_set(err, OCC_ERR_USAGE, "--%s: is for --signer pkcs11:… only", name);
    }
    return occ_success();
}

struct occ_result
occ_hardware_read(const struct occ_settings *settings, struct occ_error *err, struct occ_hardware_config *ret_config)
{
    const char *const signer = occ_settings_text(settings, "signer");
    if (signer == NULL) {
        return occ_error_set(err, OCC_ERR_USAGE, "--signer: expected pkcs11:token=…;object=…");
    }
    if (strcmp(signer, "software") == 0) {
        OCC_TRY(check_unused(settings, "pkcs11-module", err));
        OCC_TRY(check_unused(settings, "pin-file", err));
        *ret_config = (struct occ_hardware_config){ .uri = NULL };
        return occ_success();
    }
    if (!occ_token_uri_is(signer)) {
        /* The value is not repeated: it may hold a PIN. */
        return occ_error_set(err, OCC_ERR_USAGE, "--signer: expected software or pkcs11:token=…;object=…");
    }
    OCC_TRY(occ_token_uri_check("--signer", signer, err));
    const struct occ_hardware_config config = { .uri = signer,
                                                .module = occ_settings_text(settings, "pkcs11-module"),
                                                .pin_file = occ_settings_text(settings, "pin-file") };
    if (config.module == NULL || config.module[0] != '/') {
        return occ_error_set(err, OCC_ERR_USAGE,
                             "--pkcs11-module: expected the absolute path of the token's PKCS#11 library");
    }
    *ret_config = config;
    return occ_success();
}

struct occ_result
occ_hardware_new(const struct occ_hardware_config *config, char **envp, struct occ_error *err,
                 struct occ_hardware **ret_hardware)
{
    struct occ_hardware *hardware = calloc(1, sizeof *hardware);
    struct occ_result read = hardware == NULL ? occ_error_code(err, OCC_ERR_NOMEM) : occ_success();
    if (occ_is_ok(read)) {
        hardware->config = *config;
        read = occ_pin_read(config->pin_file, envp, err, &hardware->pin);
    }
    occ_pin_wipe_environment(envp);
    if (!occ_is_ok(read)) {
        free(hardware);
        return read;
    }
    *ret_hardware = hardware;
    return occ_success();
}

void
occ_hardware_free(struct occ_hardware *hardware)
{
    if (hardware == NULL) {
        return;
    }
    occ_pin_clear(&hardware->pin);
    free(hardware);
}

/*
 * What the provider would say of a library that is not there is less. Its own variable would win over the setting without a
 * word.
 */
static struct occ_result
check_module(const struct occ_hardware *hardware, struct occ_error *err)
{
    (void)unsetenv("PKCS11_PROVIDER_MODULE");
    int fd = -1;
    uint64_t size = 0;
    OCC_TRY(occ_file_open(hardware->config.module, err, &fd, &size));
    occ_file_close(fd);
    return occ_success();
}

static uint64_t
uptime_ms(void *ctx)
{
    const struct occ_hardware *const hardware = ctx;
    return hardware->uptime_ms(NULL);
}

static void
on_change(void *ctx, const char *why)
{
    (void)ctx;
    if (why == NULL) {
        occ_notice_write("info", "the hardware key is back", NULL, 0);
    } else {
        occ_notice_error("the hardware key is away", why);
    }
}

struct occ_result
occ_hardware_open(struct occ_hardware *hardware, uint64_t (*uptime)(void *ctx), struct occ_error *err,
                  struct occ_attester *ret_attester, struct occ_signer *ret_signer)
{
    OCC_TRY(check_module(hardware, err));
    hardware->uptime_ms = uptime;
    const struct occ_signer_pkcs11_config config = { .uri = hardware->config.uri,
                                                     .module = hardware->config.module,
                                                     .pin = hardware->pin.text,
                                                     .uptime_ms = uptime_ms,
                                                     .on_change = on_change,
                                                     .ctx = hardware };
    return occ_signer_pkcs11_new(&config, err, ret_attester, ret_signer);
}

/* ---- making a key ---- */

static OCC_RESULT
describe(const struct occ_ed25519_token *key, struct occ_error *err, struct occ_buf *text)
{
    static const char type[] = ";type=private"; /* the provider's last word, which says nothing here */
    struct occ_attester attester;
    const char *const uri = occ_ed25519_token_uri(key);
    struct occ_error why = { .code = OCC_OK };
    const struct occ_result named = occ_attester_hw_key(uri, &why, &attester);
    if (!occ_is_ok(named)) {
        return occ_error_set(err, named.code, "the key was made, but cannot be used here: %s", why.text);
    }
    struct occ_bytes name = occ_bytes_str(uri);
    if (name.len > sizeof type - 1 && strcmp(uri + name.len - (sizeof type - 1), type) == 0) {
        name.len -= sizeof type - 1;
    }
    occ_buf_put_str(text, "publicKeyB64 ");
    occ_base64_put(text, occ_bytes_of(occ_ed25519_token_public(key), OCC_ED25519_PUBLIC_LEN));
    occ_buf_put_str(text, "\nsigner       ");
    occ_buf_put(text, name);
    occ_buf_put_str(text, "\nmeasurement  ");
    occ_buf_put_str(text, attester.measurement);
    occ_buf_put_byte(text, '\n');
    const struct occ_result put = occ_buf_check(text);
    return occ_is_ok(put) ? put : occ_error_code(err, put.code);
}

/* That it signs shows now, and not when a service wants to begin. */
static OCC_RESULT
try_key(const struct occ_ed25519_token *key, struct occ_error *err)
{
    const struct occ_bytes message = occ_bytes_str("occ/self-test/v1:keygen");
    uint8_t signature[OCC_ED25519_SIGNATURE_LEN];
    struct occ_result tried = occ_ed25519_token_sign(key, message, signature);
    tried = occ_is_ok(tried) ? occ_ed25519_verify(occ_ed25519_token_public(key), message, signature) : tried;
    return occ_is_ok(tried)
               ? tried
               : occ_error_set(err, tried.code, "the key was made, but does not sign: %s", occ_result_text(tried.code));
}

struct occ_result
occ_hardware_make(struct occ_hardware *hardware, struct occ_error *err, struct occ_buf *ret_text)
{
    OCC_TRY(check_module(hardware, err));
    const struct occ_ed25519_token_config config = { .uri = hardware->config.uri,
                                                     .module = hardware->config.module,
                                                     .pin = hardware->pin.text };
    struct occ_ed25519_token *key = NULL;
    OCC_TRY(occ_ed25519_token_make(&config, err, &key));
    struct occ_result made = try_key(key, err);
    made = occ_is_ok(made) ? describe(key, err, ret_text) : made;
    occ_ed25519_token_free(key);
    return made;
}
