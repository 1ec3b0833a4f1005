/*
 * crew.h — threads that sign (occ_gate_config.run): what can be done at the same time is, and nothing else runs in them.
 *
 * They are started before the process gives up making threads; the filter of system calls is to hold for them too. A job belongs to
 * one thread at any time, and changes hands with an event: there is no lock. A job opens nothing.
 */
#ifndef OCC_ENCLAVE_CREW_H
#define OCC_ENCLAVE_CREW_H

#include <stddef.h>

#include "base/result.h"

struct occ_crew;

/*
 * How many workers there are to be for so many chains: as many as are wanted, but no more than chains. wanted 0: no more than the
 * machine has processors either, and at most 4. Reads a file: before the process gives that up.
 */
size_t occ_crew_size(size_t wanted, size_t chains);

/* workers: threads at work at the same time, the caller's among them: 2 to OCC_LIMIT_WORKERS. All signals are blocked in those that are made. */
OCC_RESULT occ_crew_new(size_t workers, struct occ_error *err, struct occ_crew **ret_crew);
/* Ends the threads; none is at work. NULL is allowed. */
void occ_crew_free(struct occ_crew *crew);
/*
 * Runs job(arg, 0) … job(arg, count - 1) at the same time, as far as there are workers; the caller's thread takes its share, and
 * comes back when all are done. ctx is the struct occ_crew. One caller at a time.
 */
void occ_crew_run(void *ctx, void (*job)(void *arg, size_t index), void *arg, size_t count);

#endif
