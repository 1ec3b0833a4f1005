#include "cli/retry.h"

enum { FIRST_PAUSE_MS = 100, LONGEST_PAUSE_MS = 5000, LEAST_SHARE_MS = 2000 };

static enum occ_retry_outcome
judge_failure(enum occ_err code, bool passing)
{
    switch (code) {
    case OCC_ERR_UNAVAILABLE:
        return passing ? OCC_RETRY_NOT_TAKEN : OCC_RETRY_REFUSED;
    case OCC_ERR_USAGE:
        return OCC_RETRY_REFUSED;
    default:
        return passing ? OCC_RETRY_UNKNOWN : OCC_RETRY_UNKNOWN_ENDS;
    }
}

enum occ_retry_outcome
occ_retry_judge(struct occ_result called, const struct occ_http_answer *answer)
{
    if (!occ_is_ok(called)) {
        return judge_failure(called.code, answer->passing);
    }
    switch (answer->status) {
    case 200:
        return OCC_RETRY_DONE;
    case 429:
    case 503:
        return OCC_RETRY_NOT_TAKEN;
    case 500: /* PROTOCOL §3: taken and failed, or the outcome is unknown */
    case 502: /* of what stands before the server, as the next */
    case 504:
        return OCC_RETRY_UNKNOWN;
    case 501: /* it cannot do this at all */
        return OCC_RETRY_REFUSED;
    default:
        return answer->status > 500 ? OCC_RETRY_UNKNOWN_ENDS : OCC_RETRY_REFUSED;
    }
}

bool
occ_retry_pause(unsigned tries, uint64_t retry_after_s, uint64_t left_ms, uint32_t random, uint64_t *ret_wait_ms)
{
    uint64_t pause_ms = FIRST_PAUSE_MS;
    for (unsigned i = 1; i < tries && pause_ms < LONGEST_PAUSE_MS; i++) {
        pause_ms *= 2;
    }
    pause_ms = pause_ms > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : pause_ms;
    pause_ms -= random % (pause_ms / 2 + 1);
    if (retry_after_s > left_ms / 1000) {
        return false; /* also: what would not fit into milliseconds */
    }
    pause_ms += retry_after_s * 1000;
    if (pause_ms >= left_ms) {
        return false;
    }
    *ret_wait_ms = pause_ms;
    return true;
}

uint64_t
occ_retry_share_ms(uint64_t left_ms)
{
    const uint64_t share_ms = left_ms / 2 > LEAST_SHARE_MS ? left_ms / 2 : LEAST_SHARE_MS;
    return share_ms < left_ms ? share_ms : left_ms;
}
