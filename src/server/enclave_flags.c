/* enclave_flags.c — see enclave_flags.h. */
#include "server/enclave_flags.h"

#include "base/limits.h"
#include "crypto/token_uri.h"
#include "proof/value.h"

static bool
has_webauthn(const struct occ_settings *settings)
{
    return occ_settings_text(settings, "rp-id") != NULL && occ_settings_text(settings, "origin") != NULL;
}

static struct occ_result
check_chains(const char *chains, struct occ_error *err)
{
    size_t count = 0;
    for (const char *at = chains;; at++) {
        const struct occ_bytes chain_id = occ_bytes_of(at, strcspn(at, ","));
        if (!occ_value_is_chain_id(chain_id)) {
            return occ_error_set(err, OCC_ERR_USAGE, "--chains: \"%.*s\", expected 1 to %d characters of A-Za-z0-9._:-",
                                 OCC_BYTES_ARG(chain_id), OCC_LIMIT_CHAIN_ID_LEN);
        }
        if (++count == OCC_LIMIT_CHAINS) {
            return occ_error_set(err, OCC_ERR_USAGE, "--chains: more than %d entries", OCC_LIMIT_CHAINS - 1);
        }
        for (const char *before = chains; before < at; before += strcspn(before, ",") + 1) {
            if (occ_bytes_equal(occ_bytes_of(before, strcspn(before, ",")), chain_id)) {
                return occ_error_set(err, OCC_ERR_USAGE, "--chains: \"%.*s\" twice", OCC_BYTES_ARG(chain_id));
            }
        }
        at += chain_id.len;
        if (*at == 0) {
            return occ_success();
        }
    }
}

/* As occ-enclave itself judges them, as far as that can be said without opening anything. */
static struct occ_result
check_signer(const struct occ_settings *settings, struct occ_error *err)
{
    const char *signer = occ_settings_text(settings, "signer");
    const char *module = occ_settings_text(settings, "pkcs11-module");
    const char *pin_file = occ_settings_text(settings, "pin-file");
    if (strcmp(signer, "software") == 0 && (module != NULL || pin_file != NULL)) {
        return occ_error_set(err, OCC_ERR_USAGE, "--%s: is for --signer pkcs11:… only",
                             module != NULL ? "pkcs11-module" : "pin-file");
    }
    if (strcmp(signer, "software") == 0) {
        return occ_success();
    }
    if (!occ_token_uri_is(signer)) {
        /* The value is not repeated: it may hold a PIN. */
        return occ_error_set(err, OCC_ERR_USAGE, "--signer: expected software or pkcs11:token=…;object=…");
    }
    OCC_TRY(occ_token_uri_check("--signer", signer, err));
    if (occ_settings_is_set(settings, "workers") && occ_settings_number(settings, "workers") > 1) {
        return occ_error_set(err, OCC_ERR_USAGE, "--workers: a hardware token signs one after the other, expected 1");
    }
    if (module == NULL || module[0] != '/') {
        return occ_error_set(err, OCC_ERR_USAGE,
                             "--pkcs11-module: expected the absolute path of the token's PKCS#11 library");
    }
    return occ_success();
}

static bool
has_token(const struct occ_settings *settings)
{
    return occ_token_uri_is(occ_settings_text(settings, "signer"));
}

struct occ_result
occ_enclave_flags_check(const struct occ_settings *settings, struct occ_error *err)
{
    const char *chains = occ_settings_text(settings, "chains");
    if (occ_settings_switch(settings, "webauthn-compat") && !has_webauthn(settings)) {
        return occ_error_set(err, OCC_ERR_USAGE, "--webauthn-compat: needs --rp-id and --origin");
    }
    OCC_TRY(chains == NULL ? occ_success() : check_chains(chains, err));
    return check_signer(settings, err);
}

static void
add(const struct occ_settings *settings, const char *name, const char *flag, const char **flags, size_t *count)
{
    const char *text = occ_settings_text(settings, name);
    if (text != NULL) {
        flags[(*count)++] = flag;
        flags[(*count)++] = text;
    }
}

void
occ_enclave_flags_make(const struct occ_settings *settings, const char *ret_flags[OCC_ENCLAVE_FLAGS_MAX])
{
    size_t count = 0;
    add(settings, "chains", "--chains", ret_flags, &count);
    add(settings, "workers", "--workers", ret_flags, &count);
    if (has_webauthn(settings)) {
        add(settings, "rp-id", "--rp-id", ret_flags, &count);
        add(settings, "origin", "--origin", ret_flags, &count);
    }
    if (occ_settings_switch(settings, "webauthn-compat")) {
        ret_flags[count++] = "--webauthn-compat";
    }
    if (has_token(settings)) {
        add(settings, "signer", "--signer", ret_flags, &count);
        add(settings, "pkcs11-module", "--pkcs11-module", ret_flags, &count);
        add(settings, "pin-file", "--pin-file", ret_flags, &count);
    }
    ret_flags[count] = NULL;
}

const char *const *
occ_enclave_flags_environment(const struct occ_settings *settings)
{
    static const char *const none[] = { NULL };
    static const char *const token[] = { "OCC_ENCLAVE_PIN",     "OPENSSL_MODULES",       "HOME",        "SOFTHSM2_CONF",
                                         "YUBIHSM_PKCS11_CONF", "P11NETHSM_CONFIG_FILE", "OPENSC_CONF", NULL };
    return has_token(settings) ? token : none;
}

const char *
occ_enclave_flags_only_childs(const struct occ_settings *settings)
{
    if (occ_settings_text(settings, "chains") != NULL) {
        return "--chains";
    }
    if (has_token(settings)) {
        return "--signer";
    }
    if (occ_settings_is_set(settings, "workers")) {
        return "--workers";
    }
    return occ_settings_switch(settings, "webauthn-compat") ? "--webauthn-compat" : NULL;
}
