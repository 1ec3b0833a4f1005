/*
 * keys_settings.h — the API keys that the settings and the environment name, and what needs some.
 */
#ifndef OCC_SERVER_KEYS_SETTINGS_H
#define OCC_SERVER_KEYS_SETTINGS_H

#include "server/keys.h"
#include "server/options.h"

/*
 * The keys of both sources: a new set, the caller's. fixed_keys, which may be NULL, are those of the environment.
 * OCC_ERR_USAGE: a key file that cannot be taken, or a setting that does nothing without keys, and there are none.
 */
OCC_RESULT occ_keys_settings_load(const struct occ_options *options, const struct occ_keys *fixed_keys,
                                  struct occ_error *err, struct occ_keys **ret_keys);

#endif
