/*
 * device.h — the Nitro Secure Module of occ-enclave-sim: sim/nsm.h, as enclave/run.h wants a device.
 */
#ifndef OCC_ENCLAVE_SIM_DEVICE_H
#define OCC_ENCLAVE_SIM_DEVICE_H

#include "enclave/run.h"

/* Its settings: --sim-ca, --sim-pcr0, --sim-delay, --sim-faults, --sim-leaf. */
extern const struct occ_enclave_device occ_enclave_sim_device;

#endif
