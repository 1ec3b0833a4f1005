/*
 * config.h — the settings of occ-enclave. They are its own: nothing that a parent sends changes them (DESIGN §4, promise 8).
 *
 * In an enclave image the program gets one flag, --config, and no environment: the file is measured with the image.
 */
#ifndef OCC_ENCLAVE_CONFIG_H
#define OCC_ENCLAVE_CONFIG_H

#include "base/buf.h"
#include "base/limits.h"
#include "boundary/attester.h"
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
    const char *listen_path;       /* the unix socket to listen on; NULL = none */
    uint32_t listen_vsock;         /* the vsock port to listen on; 0 = none. Exactly one of the three is given */
    bool nsm;                      /* the Nitro Secure Module vouches, */
    enum occ_attest_mode attest;   /* with documents about this; OCC_ATTEST_NONE without it */
    bool allow_debug;              /* commit also in an enclave that measures nothing */
    bool check;                    /* say what is wrong with the settings, and do nothing else */
    uint32_t digests_max;          /* of one request */
    size_t retained_len_max;       /* bytes */
    struct occ_config_list chains; /* beside the default one */
    size_t workers;                /* chains that are signed at the same time; 0 = what the machine has */
    struct occ_config_list rp_ids, origins; /* both, or neither: then no WebAuthn is taken */
    bool webauthn_compat;
    struct occ_hardware_config hardware; /* its uri NULL = the key is made in software */
};

/*
 * What occ_settings_load and --help need to know, in the caller's storage: of every occ-enclave, and count (may be 0) further
 * settings that a program's own device has. name and the texts of extra outlive it.
 */
struct occ_config_program {
    struct occ_settings_program program;
    struct occ_setting table[OCC_SETTINGS_MAX];
};
OCC_RESULT occ_config_program_make(const char *name, const struct occ_setting *extra, size_t count,
                                   struct occ_error *err, struct occ_config_program *ret_program);

/*
 * Reads what was loaded into *config, whatever was in it. OCC_ERR_USAGE with a sentence. Texts live as long as settings; in
 * either case occ_config_clear gives back the rest.
 */
OCC_RESULT occ_config_read(const struct occ_settings *settings, struct occ_error *err, struct occ_config *config);
void occ_config_clear(struct occ_config *config);

#endif
