/* main.c — occ-enclave, whose Nitro Secure Module is /dev/nsm. */
#include <stdlib.h>

#include "enclave/run.h"
#include "os/nsm_device.h"

/* An open device. */
struct device {
    int fd;
};

static struct occ_result
exchange(void *ctx, struct occ_bytes request, struct occ_error *err, uint8_t ret_response[OCC_LIMIT_NSM_RESPONSE_LEN],
         size_t *ret_len)
{
    const struct device *device = ctx;
    return occ_nsm_device_exchange(device->fd, request, err, ret_response, ret_len);
}

static struct occ_result
open_device(const struct occ_settings *settings, struct occ_error *err, struct occ_nsm *ret_nsm)
{
    (void)settings;
    struct device *device = malloc(sizeof *device);
    if (device == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    const struct occ_result opened = occ_nsm_device_open(OCC_NSM_DEVICE_PATH, err, &device->fd);
    if (!occ_is_ok(opened)) {
        free(device);
        return opened;
    }
    *ret_nsm = (struct occ_nsm){ .ctx = device, .exchange = exchange };
    return opened;
}

static void
close_device(struct occ_nsm *nsm)
{
    struct device *device = nsm->ctx;
    occ_nsm_device_close(device->fd);
    free(device);
}

static struct occ_bytes
no_root_of_its_own(const struct occ_nsm *nsm)
{
    (void)nsm;
    return occ_bytes_of(NULL, 0);
}

static struct occ_sandbox_device
driver(const struct occ_nsm *nsm)
{
    const struct device *device = nsm->ctx;
    return (struct occ_sandbox_device){ .fd = device->fd, .request = occ_nsm_device_request() };
}

int
main(int argc, char **argv)
{
    static const struct occ_enclave_device nitro = {
        .format = "aws-nitro", .open = open_device, .close = close_device, .root = no_root_of_its_own, .driver = driver
    };
    return occ_enclave_run("occ-enclave", &nitro, argc, argv);
}
