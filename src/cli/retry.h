/*
 * retry.h — what became of a request, and whether, when and how it is sent again. Decisions only: no clock, no network.
 */
#ifndef OCC_CLI_RETRY_H
#define OCC_CLI_RETRY_H

#include "net/http_client.h"

enum occ_retry_outcome {
    OCC_RETRY_DONE,    /* 200 */
    OCC_RETRY_REFUSED, /* an answer, or a mistake, that another try does not change; nothing was done */
    OCC_RETRY_NOT_TAKEN, /* 429 and 503 (PROTOCOL §3), or no connection: nothing was done, and another try may go better */
    OCC_RETRY_UNKNOWN,     /* 500, 502, 504, no answer: it may have been done, and another try may go better */
    OCC_RETRY_UNKNOWN_ENDS /* it may have been done, and another try is of no use */
};

/* called: what occ_http_client_call gave; of *answer its status and passing are read. */
enum occ_retry_outcome occ_retry_judge(struct occ_result called, const struct occ_http_answer *answer);

/*
 * How long to wait before the next try: doubling from 100 ms to 5 s, of which a random part of up to half is taken off, so that
 * many clients do not come back at one moment; and what Retry-After says (retry_after_s, 0 = nothing) on top of that. tries: how
 * often it was tried, from 1. random: any number. False if that is not less than left_ms.
 */
bool occ_retry_pause(unsigned tries, uint64_t retry_after_s, uint64_t left_ms, uint32_t random, uint64_t *ret_wait_ms);

/* How long one try may take of left_ms, so that a try that hangs leaves time for another. */
uint64_t occ_retry_share_ms(uint64_t left_ms);

#endif
