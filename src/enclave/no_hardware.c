/* no_hardware.c — hardware.h in a program that is built without hardware keys. */
#include "enclave/hardware.h"

#include "enclave/pin.h"

static struct occ_result
refuse(struct occ_error *err)
{
    return occ_error_set(err, OCC_ERR_USAGE,
                         "--signer: this program was built without hardware keys, expected software");
}

struct occ_result
occ_hardware_read(const struct occ_settings *settings, struct occ_error *err, struct occ_hardware_config *ret_config)
{
    const char *const signer = occ_settings_text(settings, "signer");
    if (signer == NULL || strcmp(signer, "software") != 0 || occ_settings_text(settings, "pkcs11-module") != NULL ||
        occ_settings_text(settings, "pin-file") != NULL) {
        return refuse(err);
    }
    *ret_config = (struct occ_hardware_config){ .uri = NULL };
    return occ_success();
}

struct occ_result
occ_hardware_new(const struct occ_hardware_config *config, char **envp, struct occ_error *err,
                 struct occ_hardware **ret_hardware)
{
    (void)config;
    (void)ret_hardware;
    occ_pin_wipe_environment(envp);
    return refuse(err);
}

void
occ_hardware_free(struct occ_hardware *hardware)
{
    (void)hardware;
}

struct occ_result
occ_hardware_open(struct occ_hardware *hardware, uint64_t (*uptime_ms)(void *ctx), struct occ_error *err,
                  struct occ_attester *ret_attester, struct occ_signer *ret_signer)
{
    (void)hardware;
    (void)uptime_ms;
    (void)ret_attester;
    (void)ret_signer;
    return refuse(err);
}

struct occ_result
occ_hardware_make(struct occ_hardware *hardware, struct occ_error *err, struct occ_buf *ret_text)
{
    (void)hardware;
    (void)ret_text;
    return refuse(err);
}
