/*
 * process.h — this process: its standard descriptors, and what it uses of the machine.
 */
#ifndef OCC_OS_PROCESS_H
#define OCC_OS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Opens /dev/null in the place of each standard descriptor that is closed. One that stays closed would be given to the next file
 * or socket, and what the program says then written into that. False: it cannot; the process has nowhere to say so.
 */
bool occ_process_fill_standard(void);

struct occ_process_usage {
    uint64_t cpu_us;       /* user and system, all threads */
    uint64_t resident_len; /* bytes in memory; 0 = /proc does not say */
    uint64_t descriptors;  /* open ones; 0 = /proc does not say */
    uint64_t descriptors_max;
};
void occ_process_get_usage(struct occ_process_usage *ret_usage);

#endif
