/* enclave_flags.c — see enclave_flags.h. */
#include "server/enclave_flags.h"

#include "base/limits.h"
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

struct occ_result
occ_enclave_flags_check(const struct occ_settings *settings, struct occ_error *err)
{
    const char *chains = occ_settings_text(settings, "chains");
    if (occ_settings_switch(settings, "webauthn-compat") && !has_webauthn(settings)) {
        return occ_error_set(err, OCC_ERR_USAGE, "--webauthn-compat: needs --rp-id and --origin");
    }
    return chains == NULL ? occ_success() : check_chains(chains, err);
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
    if (has_webauthn(settings)) {
        add(settings, "rp-id", "--rp-id", ret_flags, &count);
        add(settings, "origin", "--origin", ret_flags, &count);
    }
    if (occ_settings_switch(settings, "webauthn-compat")) {
        ret_flags[count++] = "--webauthn-compat";
    }
    ret_flags[count] = NULL;
}

const char *
occ_enclave_flags_only_childs(const struct occ_settings *settings)
{
    if (occ_settings_text(settings, "chains") != NULL) {
        return "--chains";
    }
    return occ_settings_switch(settings, "webauthn-compat") ? "--webauthn-compat" : NULL;
}
