/*
 * limiter.c — see limiter.h.
 *
 * A bucket is one number: the time at which it will be full again (the "theoretical arrival time" of the generic cell rate
 * algorithm, ITU-T I.371). It is full at any time after that; it has room for a call if that time is at most N - 1 calls away,
 * and is in debt if it is more than N calls away.
 */
#include "server/limiter.h"

#include <stdlib.h>

#include "base/decimal.h"
#include "base/limits.h"
#include "crypto/digest.h"
#include "crypto/secret.h"

enum { WAYS = 8, SEED_LEN = 32, NS_PER_MS = 1000000 };

struct bucket {
    uint8_t id[OCC_LIMITER_ID_LEN];
    uint64_t full_at_ns; /* 0 = never used */
};

struct set {
    struct bucket buckets[WAYS];
    uint64_t others_full_at_ns; /* of all callers that found no bucket */
};

struct occ_limiter {
    uint64_t call_ns, burst_ns; /* what one call takes, and all that a full bucket holds */
    size_t set_count;           /* a power of two */
    uint8_t seed[SEED_LEN];
    struct set sets[];
};

struct occ_result
occ_limiter_read_rate(const char *text, const char *flag, struct occ_error *err, struct occ_rate *ret_rate)
{
    static const struct {
        const char *unit;
        uint64_t period_ms;
    } units[] = { { "", 60000 }, { "/m", 60000 }, { "/s", 1000 }, { "/h", 3600000 } };
    const size_t digits = strspn(text, "0123456789");
    struct occ_rate rate = { 0 };
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(text + digits, units[i].unit) == 0) {
            rate.period_ms = units[i].period_ms;
        }
    }
    if (rate.period_ms == 0 || !occ_is_ok(occ_decimal_to_u64(occ_bytes_of(text, digits), &rate.calls)) ||
        rate.calls == 0 || rate.calls > OCC_LIMIT_RATE) {
        return occ_error_set(
            err, OCC_ERR_USAGE,
            "%s: \"%s\", expected a number from 1 to %d, alone or with /m (a minute), /s or /h behind it", flag, text,
            OCC_LIMIT_RATE);
    }
    *ret_rate = rate;
    return occ_success();
}

struct occ_result
occ_limiter_new(const struct occ_rate *rate, size_t callers, struct occ_limiter **ret_limiter)
{
    const size_t sets = callers / WAYS;
    struct occ_limiter *limiter = calloc(1, sizeof(*limiter) + sets * sizeof(struct set));
    OCC_ENSURE(limiter != NULL, OCC_ERR_NOMEM);
    limiter->set_count = sets;
    limiter->burst_ns = rate->period_ms * NS_PER_MS;
    limiter->call_ns = limiter->burst_ns / rate->calls;
    occ_secret_random(limiter->seed, SEED_LEN);
    *ret_limiter = limiter;
    return occ_success();
}

void
occ_limiter_free(struct occ_limiter *limiter)
{
    free(limiter);
}

static struct set *
set_of(struct occ_limiter *limiter, const uint8_t id[OCC_LIMITER_ID_LEN])
{
    uint8_t input[SEED_LEN + OCC_LIMITER_ID_LEN], hash[OCC_SHA256_LEN];
    uint32_t number;
    memcpy(input, limiter->seed, SEED_LEN);
    memcpy(input + SEED_LEN, id, OCC_LIMITER_ID_LEN);
    occ_digest_sha256(occ_bytes_of(input, sizeof(input)), hash);
    memcpy(&number, hash, sizeof(number));
    return &limiter->sets[number & (limiter->set_count - 1)];
}

/* The caller's bucket, or one made for it, or that of all others. */
static uint64_t *
find_bucket(struct occ_limiter *limiter, const uint8_t id[OCC_LIMITER_ID_LEN], uint64_t now_ns)
{
    struct set *set = set_of(limiter, id);
    struct bucket *unused = NULL;
    for (size_t i = 0; i < WAYS; i++) {
        struct bucket *bucket = &set->buckets[i];
        if (bucket->full_at_ns != 0 && memcmp(bucket->id, id, OCC_LIMITER_ID_LEN) == 0) {
            return &bucket->full_at_ns;
        }
        if (unused == NULL && bucket->full_at_ns <= now_ns) {
            unused = bucket;
        }
    }
    if (unused == NULL) {
        return &set->others_full_at_ns;
    }
    memcpy(unused->id, id, OCC_LIMITER_ID_LEN);
    return &unused->full_at_ns;
}

/* Takes calls if the bucket misses at most missing_max_ns of being full. */
static bool
take(struct occ_limiter *limiter, const uint8_t id[OCC_LIMITER_ID_LEN], uint64_t calls, uint64_t missing_max_ns,
     uint64_t now_ms, uint64_t *ret_wait_ms)
{
    const uint64_t now_ns = now_ms * NS_PER_MS;
    uint64_t *full_at_ns = find_bucket(limiter, id, now_ns);
    const uint64_t missing_ns = *full_at_ns > now_ns ? *full_at_ns - now_ns : 0;
    if (missing_ns > missing_max_ns) {
        *ret_wait_ms = (missing_ns - missing_max_ns + NS_PER_MS - 1) / NS_PER_MS;
        return false;
    }
    *full_at_ns = now_ns + missing_ns + calls * limiter->call_ns;
    return true;
}

bool
occ_limiter_take(struct occ_limiter *limiter, const uint8_t id[OCC_LIMITER_ID_LEN], uint64_t now_ms,
                 uint64_t *ret_wait_ms)
{
    return take(limiter, id, 1, limiter->burst_ns - limiter->call_ns, now_ms, ret_wait_ms);
}

bool
occ_limiter_take_more(struct occ_limiter *limiter, const uint8_t id[OCC_LIMITER_ID_LEN], uint64_t more, uint64_t now_ms,
                      uint64_t *ret_wait_ms)
{
    return more == 0 || take(limiter, id, more, limiter->burst_ns, now_ms, ret_wait_ms);
}
