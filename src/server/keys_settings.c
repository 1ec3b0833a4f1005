/* keys_settings.c — see keys_settings.h. */
#include "server/keys_settings.h"

/* Settings that do nothing without API keys: whoever gives them believes that there are some. */
static OCC_RESULT
check_needs_no_keys(const struct occ_options *options, struct occ_error *err)
{
    const char *needs = options->require_key_everywhere ? "--require-key-everywhere"
                        : options->demo_rate.calls > 0  ? "--demo-rate"
                        : options->rate_key.calls > 0   ? "--rate-key"
                                                        : NULL;
    return needs == NULL ? occ_success()
                         : occ_error_set(err, OCC_ERR_USAGE, "%s: there are no API keys, expected some", needs);
}

struct occ_result
occ_keys_settings_load(const struct occ_options *options, const struct occ_keys *fixed_keys, struct occ_error *err,
                       struct occ_keys **ret_keys)
{
    struct occ_keys *keys = NULL;
    struct occ_result loaded = occ_keys_new(&keys);
    if (!occ_is_ok(loaded)) {
        return occ_error_code(err, loaded.code);
    }
    if (fixed_keys != NULL) {
        loaded = occ_keys_add_all(keys, fixed_keys, err);
    }
    if (occ_is_ok(loaded) && options->api_keys != NULL) {
        loaded = occ_keys_add_file(keys, options->api_keys, err);
        if (!occ_is_ok(loaded) && loaded.code != OCC_ERR_NOMEM) {
            loaded = occ_result_of(OCC_ERR_USAGE); /* missing or too long is as wrong a setting as a wrong line */
        }
    }
    if (occ_is_ok(loaded) && occ_keys_count(keys) == 0) {
        loaded = check_needs_no_keys(options, err);
    }
    if (!occ_is_ok(loaded)) {
        occ_keys_free(keys);
        return loaded;
    }
    *ret_keys = keys;
    return occ_success();
}
