/*
 * timestamps_pause.h — how long to leave something alone that keeps failing.
 */
#ifndef OCC_SERVER_TIMESTAMPS_PAUSE_H
#define OCC_SERVER_TIMESTAMPS_PAUSE_H

#include <stdint.h>

/*
 * The pause after one more failure in a row, in milliseconds: OCC_LIMIT_TSA_PAUSE_MIN_MS, then twice as long each time, up to
 * OCC_LIMIT_TSA_PAUSE_MAX_MS; a quarter of it more or less by chance, so that many servers do not come back at the same
 * moment. *step_ms is kept by the caller: 0 = there was no failure.
 */
uint64_t occ_timestamps_pause_next(uint64_t *step_ms);

#endif
