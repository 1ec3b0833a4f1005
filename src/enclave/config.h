/*
 * config.h — the settings of occ-enclave. They are its own: nothing that a parent sends changes them (DESIGN §4, promise 8).
 */
#ifndef OCC_ENCLAVE_CONFIG_H
#define OCC_ENCLAVE_CONFIG_H

#include "base/buf.h"
#include "settings/settings.h"

struct occ_config {
    int fd;                  /* the connected socket to take over; -1 = none */
    const char *listen_path; /* the unix socket to listen on; NULL = none. Exactly one of the two is given */
    uint32_t digests_max;    /* of one request */
    size_t retained_len_max; /* bytes */
};

/* What occ_settings_load and --help need to know. */
extern const struct occ_settings_program occ_config_program;

/* Reads what was loaded. OCC_ERR_USAGE with a sentence. Texts live as long as settings. */
OCC_RESULT occ_config_read(const struct occ_settings *settings, struct occ_error *err, struct occ_config *ret_config);

#endif
