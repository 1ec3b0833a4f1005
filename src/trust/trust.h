/*
 * trust.h — the settings that say what a verifier trusts, the same in every program: read here, once, into a verifier.
 */
#ifndef OCC_TRUST_TRUST_H
#define OCC_TRUST_TRUST_H

#include "settings/settings.h"
#include "verify/verify.h"

/* Rows for a program's table. env(NAME) is the environment variable as the table wants it: the name, or NULL. */
#define OCC_TRUST_SETTINGS(env_of) \
    { .name = "nitro-root", \
      .type = OCC_SETTING_TEXT, \
      .argument = "FILE", \
      .env = env_of("OCC_NITRO_ROOT"), \
      .help = "Root certificate of Nitro attestation documents (PEM or DER) in place of AWS's, which is built in. " \
              "Reports " \
              "say so." }, \
        { .name = "sim-nitro-root", \
          .type = OCC_SETTING_TEXT, \
          .argument = "FILE", \
          .env = env_of("OCC_SIM_NITRO_ROOT"), \
          .help = \
              "Root certificate of SIMULATED attestation documents (PEM or DER), for tests and demos. Without, they " \
              "are not verified." }, \
        { .name = "tsa-roots", \
          .type = OCC_SETTING_TEXT, \
          .argument = "PATH", \
          .env = env_of("OCC_TSA_ROOTS"), \
          .help = "Root certificates of the timestamp authorities to trust: a PEM file, or a folder of .pem and .crt " \
                  "files. " \
                  "Without, timestamps are checked but none is trusted." }, \
        { .name = "rp-id", \
          .type = OCC_SETTING_TEXT, \
          .argument = "ID[,ID...]", \
          .env = env_of("OCC_RP_ID"), \
          .help = "Relying party ids that a WebAuthn authorization may be for, like example.com. Without, any." }, \
    { \
        .name = "origin", .type = OCC_SETTING_TEXT, .argument = "URL[,URL...]", .env = env_of("OCC_ORIGIN"), \
        .help = "Origins that a WebAuthn authorization may come from, like https://example.com. Without, any." \
    }

/* Makes a verifier from those settings. Errors name the flag: OCC_ERR_USAGE, what occ_file_read gives, OCC_ERR_NOMEM. */
OCC_RESULT occ_trust_verifier(const struct occ_settings *settings, struct occ_error *err, occ_verifier **ret_verifier);

#endif
