/*
 * limiter.h — so many calls in so much time for each caller, in a table of fixed size.
 *
 * A rate is N calls in a period. Each caller has a bucket of N calls that fills again at that rate: N can come at once, and
 * then one every period / N. What a call counts beyond its first is paid afterwards: the bucket goes into debt, and the next
 * call waits until it is paid.
 *
 * The table is an array of sets; a caller's set is chosen by a keyed hash, so nobody can aim at another's. A full bucket is
 * the same as none, and makes room for a new caller. If all buckets of a set are in use, a new caller shares one bucket with
 * all others that find that set in use: whoever is in the table is not touched, newcomers are slowed down together and not
 * shut out, and no memory is taken.
 */
#ifndef OCC_SERVER_LIMITER_H
#define OCC_SERVER_LIMITER_H

#include "base/bytes.h"
#include "base/result.h"

/* calls in period_ms; at least 1 each. calls 0 = no limit. */
struct occ_rate {
    uint64_t calls, period_ms;
};
/* Reads "N" or "N/m" (a minute), "N/s" (a second), "N/h" (an hour); N from 1 to OCC_LIMIT_RATE. flag names it in the error. */
OCC_RESULT occ_limiter_read_rate(const char *text, const char *flag, struct occ_error *err, struct occ_rate *ret_rate);

enum { OCC_LIMITER_ID_LEN = 16 };
struct occ_limiter;
/* callers: how many buckets at most, a power of two and at least 8. */
OCC_RESULT occ_limiter_new(const struct occ_rate *rate, size_t callers, struct occ_limiter **ret_limiter);
void occ_limiter_free(struct occ_limiter *limiter); /* NULL is allowed */

/*
 * One call of the caller id now. False: not now; *ret_wait_ms is how long to wait, at least 1. now_ms never goes back.
 */
bool occ_limiter_take(struct occ_limiter *limiter, const uint8_t id[OCC_LIMITER_ID_LEN], uint64_t now_ms,
                      uint64_t *ret_wait_ms);
/* That call counts more calls more. False, as above: the bucket is in debt already, and nothing was taken. */
bool occ_limiter_take_more(struct occ_limiter *limiter, const uint8_t id[OCC_LIMITER_ID_LEN], uint64_t more,
                           uint64_t now_ms, uint64_t *ret_wait_ms);

#endif
