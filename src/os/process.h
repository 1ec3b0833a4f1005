/*
 * process.h — what this process uses of the machine.
 */
#ifndef OCC_OS_PROCESS_H
#define OCC_OS_PROCESS_H

#include <stdint.h>

struct occ_process_usage {
    uint64_t cpu_us;       /* user and system, all threads */
    uint64_t resident_len; /* bytes in memory; 0 = /proc does not say */
    uint64_t descriptors;  /* open ones; 0 = /proc does not say */
    uint64_t descriptors_max;
};
void occ_process_get_usage(struct occ_process_usage *ret_usage);

#endif
