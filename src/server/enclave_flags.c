/* enclave_flags.c — see enclave_flags.h. */
#include "server/enclave_flags.h"

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
    add(settings, "rp-id", "--rp-id", ret_flags, &count);
    add(settings, "origin", "--origin", ret_flags, &count);
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
