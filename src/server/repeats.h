/*
 * repeats.h — requests with an Idempotency-Key that are under way: of each repeat (repeat.h) one has the lead, and does what is
 * to be done; the others wait, and take the lead one after the other. What the first committed, the next finds in the ledger;
 * what was refused, the next tries on its own.
 */
#ifndef OCC_SERVER_REPEATS_H
#define OCC_SERVER_REPEATS_H

#include "base/limits.h"
#include "crypto/digest.h"
#include "net/loop.h"

struct occ_repeats;

/* wait_ms: how long a request waits for the lead. */
OCC_RESULT occ_repeats_new(struct occ_loop *loop, uint64_t wait_ms, struct occ_repeats **ret_repeats);
/* go is called, with OCC_ERR_UNAVAILABLE, for those that wait; whoever has the lead must have left. NULL is allowed. */
void occ_repeats_free(struct occ_repeats *repeats);

/* A request, embedded in its owner's. From a good enter on it is the table's until go fails or occ_repeats_leave. */
struct occ_repeats_entry {
    uint8_t repeat[OCC_SHA256_LEN];
    uint8_t body[OCC_SHA256_LEN];
    /*
     * It waited, and has the lead now. A failure: it is out. OCC_ERR_TIMEOUT, OCC_ERR_UNAVAILABLE. Never called from enter or
     * leave.
     */
    void (*go)(struct occ_repeats_entry *entry, struct occ_result result);

    /* repeats.c's: */
    uint64_t since_ms;
    struct occ_repeats_entry *next;                   /* in its bucket, or among those that wait */
    struct occ_repeats_entry *waiting, *waiting_last; /* of one in the lead: who comes after it */
    struct occ_repeats_entry *next_told;              /* of one that is to be told that it has the lead */
};
/*
 * *ret_leads: it has the lead at once; else go is called later. OCC_ERR_REPEAT: the one under way has another body;
 * OCC_ERR_BUSY: OCC_LIMIT_REPEATS_WAITING wait already.
 */
OCC_RESULT occ_repeats_enter(struct occ_repeats *repeats, struct occ_repeats_entry *entry, bool *ret_leads);
/* The one in the lead is done. */
void occ_repeats_leave(struct occ_repeats *repeats, struct occ_repeats_entry *entry);

#endif
