/*
 * main.c — occ-enclave-sim: an occ-enclave whose Nitro Secure Module is software. For tests and demos: its proofs are of tier
 * stub and say that their attestation is simulated. It is built beside the others and never installed or packaged.
 */
#include "enclave_sim/device.h"

int
main(int argc, char **argv)
{
    return occ_enclave_run("occ-enclave-sim", &occ_enclave_sim_device, argc, argv);
}
