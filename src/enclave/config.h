/*
 * config.h — the settings of occ-enclave. They are its own: nothing that a parent sends changes them (DESIGN §4, promise 8).
 */
#ifndef OCC_ENCLAVE_CONFIG_H
#define OCC_ENCLAVE_CONFIG_H

#include "base/buf.h"
#include "base/limits.h"
#include "enclave/hardware.h"
#include "settings/settings.h"

/* A setting "a,b,c", cut at its commas; the names point into text. */
struct occ_config_list {
    struct occ_buf text;
    const char *names[OCC_LIMIT_VERIFIER_NAMES];
    size_t count;
};

struct occ_config {
    int fd;                        /* the connected socket to take over; -1 = none */
    const char *listen_path;       /* the unix socket to listen on; NULL = none. Exactly one of the two is given */
    uint32_t digests_max;          /* of one request */
    size_t retained_len_max;       /* bytes */
    struct occ_config_list chains; /* beside the default one */
    struct occ_config_list rp_ids, origins; /* both, or neither: then no WebAuthn is taken */
    bool webauthn_compat;
    struct occ_hardware_config hardware; /* its uri NULL = the key is made in software */
};

/* What occ_settings_load and --help need to know. */
extern const struct occ_settings_program occ_config_program;

/*
 * Reads what was loaded into *config, whatever was in it. OCC_ERR_USAGE with a sentence. Texts live as long as settings; in
 * either case occ_config_clear gives back the rest.
 */
OCC_RESULT occ_config_read(const struct occ_settings *settings, struct occ_error *err, struct occ_config *config);
void occ_config_clear(struct occ_config *config);

#endif
