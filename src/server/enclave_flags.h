/*
 * enclave_flags.h — what occd's own settings say to the boundary that it starts as a child (DESIGN §4, promise 8).
 */
#ifndef OCC_SERVER_ENCLAVE_FLAGS_H
#define OCC_SERVER_ENCLAVE_FLAGS_H

#include "settings/settings.h"

enum { OCC_ENCLAVE_FLAGS_MAX = 18 };

/* Would the child take them? OCC_ERR_USAGE names the setting: a child that ends at once would only be started again. */
OCC_RESULT occ_enclave_flags_check(const struct occ_settings *settings, struct occ_error *err);
/*
 * The child's flags for chains, workers, rp-id, origin, webauthn-compat, signer, pkcs11-module and pin-file, as far as they are set; NULL at the end. They are views into
 * settings. rp-id and origin go together: one alone is for POST /verify only.
 */
void occ_enclave_flags_make(const struct occ_settings *settings, const char *ret_flags[OCC_ENCLAVE_FLAGS_MAX]);
/*
 * Names of the variables that the child gets from our environment, NULL at the end: none, since API keys or the like are none of its
 * business; with a key in a hardware token the PIN, and what OpenSSL and the usual tokens' libraries go by.
 */
const char *const *occ_enclave_flags_environment(const struct occ_settings *settings);
/* The first setting that only a child would obey, as a flag, if one is set; or NULL. */
const char *occ_enclave_flags_only_childs(const struct occ_settings *settings);

#endif
