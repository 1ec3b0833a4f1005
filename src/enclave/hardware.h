/*
 * hardware.h — a signing key in a hardware token: its settings, its PIN, opening it, and making one.
 *
 * hardware.c, or no_hardware.c in a program that is built without hardware keys (CMake's OCC_PKCS11): there every function here
 * says so in one sentence.
 */
#ifndef OCC_ENCLAVE_HARDWARE_H
#define OCC_ENCLAVE_HARDWARE_H

#include "boundary/attester.h"
#include "boundary/signer.h"
#include "settings/settings.h"

/* Rows for a program's table. The PIN itself is no setting: it would be seen in the list of processes. */
#define OCC_HARDWARE_SETTINGS(default_signer) \
    { .name = "signer", \
      .type = OCC_SETTING_TEXT, \
      .argument = "software|pkcs11:…", \
      .env = "OCC_ENCLAVE_SIGNER", \
      .fallback = default_signer, \
      .help = "Where the signing key lives: in this process, or in a hardware token (RFC 7512), for example " \
              "'pkcs11:token=occ;object=k1'. The PIN comes from --pin-file or the environment variable " \
              "OCC_ENCLAVE_PIN." }, \
        { .name = "pkcs11-module", \
          .type = OCC_SETTING_TEXT, \
          .argument = "FILE", \
          .env = "OCC_ENCLAVE_PKCS11_MODULE", \
          .help = "The token's PKCS#11 library, by its absolute path. It is used by OpenSSL's pkcs11-provider." }, \
    { \
        .name = "pin-file", .type = OCC_SETTING_TEXT, .argument = "FILE", .env = "OCC_ENCLAVE_PIN_FILE", \
        .help = "The token's PIN; a line end behind it does not count." \
    }

struct occ_hardware_config {
    const char *uri;      /* NULL = the key is made in software, and the rest is not set */
    const char *module;   /* path of the PKCS#11 library */
    const char *pin_file; /* NULL = the environment */
};

/* The settings of that table; OCC_ERR_USAGE with a sentence. Texts are views into settings. */
OCC_RESULT occ_hardware_read(const struct occ_settings *settings, struct occ_error *err,
                             struct occ_hardware_config *ret_config);

struct occ_hardware;

/*
 * Reads the PIN into locked memory; that in the environment ("OCC_ENCLAVE_PIN=…" in envp) is overwritten there, whether it is
 * used or not. Free with occ_hardware_free (NULL is allowed), after the signer.
 */
OCC_RESULT occ_hardware_new(const struct occ_hardware_config *config, char **envp, struct occ_error *err,
                            struct occ_hardware **ret_hardware);
void occ_hardware_free(struct occ_hardware *hardware);

/*
 * Opens the key. Codes as occ_ed25519_token_open; OCC_ERR_DENIED must not be tried again. When the token goes away or comes
 * back, a notice says so. uptime_ms as in struct occ_gate_config.
 */
OCC_RESULT occ_hardware_open(struct occ_hardware *hardware, uint64_t (*uptime_ms)(void *ctx), struct occ_error *err,
                             struct occ_attester *ret_attester, struct occ_signer *ret_signer);
/* Makes a key in the token; appends what a person is told, in lines. OCC_ERR_STATE: there is one of that name. */
OCC_RESULT occ_hardware_make(struct occ_hardware *hardware, struct occ_error *err, struct occ_buf *ret_text);

#endif
