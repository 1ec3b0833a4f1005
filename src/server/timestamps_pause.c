/* timestamps_pause.c — see timestamps_pause.h. */
#include "server/timestamps_pause.h"

#include "base/limits.h"
#include "crypto/secret.h"

uint64_t
occ_timestamps_pause_next(uint64_t *step_ms)
{
    const uint64_t doubled_ms = *step_ms * 2;
    *step_ms = doubled_ms < OCC_LIMIT_TSA_PAUSE_MIN_MS   ? OCC_LIMIT_TSA_PAUSE_MIN_MS
               : doubled_ms > OCC_LIMIT_TSA_PAUSE_MAX_MS ? OCC_LIMIT_TSA_PAUSE_MAX_MS
                                                         : doubled_ms;
    uint32_t chance = 0;
    occ_secret_random(&chance, sizeof chance);
    return *step_ms - *step_ms / 4 + *step_ms / 2 * chance / UINT32_MAX;
}
