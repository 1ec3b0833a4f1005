/*
 * run.h — the whole of occ-enclave but its device: settings, sandbox, epoch, loop. main.c gives it /dev/nsm; the program of the
 * software NSM, which is for tests and demos only, gives it its own.
 */
#ifndef OCC_ENCLAVE_RUN_H
#define OCC_ENCLAVE_RUN_H

#include "boundary/nsm.h"
#include "os/sandbox.h"
#include "settings/settings.h"

/* The device that --nsm means. */
struct occ_enclave_device {
    const char *format; /* of its documents: "aws-nitro" or "sim-nitro" */
    bool simulated;
    const struct occ_setting *settings; /* of the device's own, beside those of every occ-enclave; may be NULL */
    size_t setting_count;
    /* Opens it, before the process gives up opening files. *ret_nsm is the device's until close. */
    OCC_RESULT (*open)(const struct occ_settings *settings, struct occ_error *err, struct occ_nsm *ret_nsm);
    void (*close)(struct occ_nsm *nsm);
    /* DER of the root that a predecessor's documents of its format must go up to; empty = AWS's, which is built in. */
    struct occ_bytes (*root)(const struct occ_nsm *nsm);
    /* What the sandbox is to leave it; NULL = it asks no driver. */
    struct occ_sandbox_device (*driver)(const struct occ_nsm *nsm);
};

/* main of an occ-enclave: reads its settings, runs until it is told to stop; returns the exit status. */
int occ_enclave_run(const char *name, const struct occ_enclave_device *device, int argc, char **argv);

#endif
