/* device.c — see device.h. */
#include "enclave_sim/device.h"

#include "sim/nsm.h"

static const struct occ_setting settings_table[] = {
    { .name = "sim-ca",
      .type = OCC_SETTING_TEXT,
      .argument = "FOLDER",
      .env = "OCC_SIM_CA",
      .help = "Where the root of the simulated documents lies: root.pem, which verifiers are to be given, and "
              "root.key. Made "
              "if missing. Without, a root that is never written, which nobody can verify under." },
    { .name = "sim-pcr0",
      .type = OCC_SETTING_TEXT,
      .argument = "HEX",
      .env = "OCC_SIM_PCR0",
      .help =
          "What the device says that PCR0 is, 96 digits. Without, the SHA-384 of this program's binary. Zero: a debug "
          "enclave." },
    { .name = "sim-delay",
      .type = OCC_SETTING_TIME,
      .argument = "TIME",
      .env = "OCC_SIM_DELAY",
      .fallback = "0ms",
      .max = 60000,
      .help = "How long each document takes; a real device needs up to 5ms." },
    { .name = "sim-unsigned",
      .type = OCC_SETTING_SWITCH,
      .env = "OCC_SIM_UNSIGNED",
      .help =
          "Documents have no signature, so that nobody takes them. For measuring: a real device signs on a processor "
          "of its own, this one takes a millisecond from the others." },
    { .name = "sim-leaf",
      .type = OCC_SETTING_TIME,
      .argument = "TIME",
      .env = "OCC_SIM_LEAF",
      .fallback = "3h",
      .min = 2000,
      .max = 86400000,
      .help = "How long the certificate of a document is valid. It is renewed when half of that is over." },
    { .name = "sim-faults",
      .type = OCC_SETTING_TEXT,
      .argument = "FILE",
      .env = "OCC_SIM_FAULTS",
      .help = "What goes wrong: lines that a test appends to this file, as src/sim/faults.h says." },
};

static struct occ_result
open_device(const struct occ_settings *settings, struct occ_error *err, struct occ_nsm *ret_nsm)
{
    const struct occ_sim_nsm_options options = { .ca_folder = occ_settings_text(settings, "sim-ca"),
                                                 .pcr0 = occ_settings_text(settings, "sim-pcr0"),
                                                 .faults = occ_settings_text(settings, "sim-faults"),
                                                 .delay_ms = occ_settings_number(settings, "sim-delay"),
                                                 .is_unsigned = occ_settings_switch(settings, "sim-unsigned"),
                                                 .leaf_s = occ_settings_number(settings, "sim-leaf") / 1000 };
    struct occ_sim_nsm *nsm = NULL;
    OCC_TRY(occ_sim_nsm_new(&options, err, &nsm));
    *ret_nsm = (struct occ_nsm){ .ctx = nsm, .exchange = occ_sim_nsm_exchange };
    return occ_success();
}

static void
close_device(struct occ_nsm *nsm)
{
    occ_sim_nsm_free(nsm->ctx);
}

static struct occ_bytes
root_of(const struct occ_nsm *nsm)
{
    return occ_sim_nsm_root(nsm->ctx);
}

const struct occ_enclave_device occ_enclave_sim_device = {
    .format = "sim-nitro",
    .simulated = true,
    .settings = settings_table,
    .setting_count = sizeof settings_table / sizeof settings_table[0],
    .open = open_device,
    .close = close_device,
    .root = root_of,
};
