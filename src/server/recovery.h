/*
 * recovery.h — the beginning of a session: the boundary and the ledger agree on what was given out, and a new epoch is linked
 * to the last one, before anything new is asked for (DESIGN §4, promises 1 and 4; PROTOCOL §6).
 *
 * State       leaves it by
 * DOWN        occ_recovery_begin → SETTLING
 * SETTLING    earlier sessions' writes are durable, the store is well: occ_recovery_turn → CHECKING
 * CHECKING    occ_compare_positions: good → REPLAYING; not read → FAILED; disagreement: halt
 * REPLAYING   what was given again is durable: occ_recovery_turn → COMPARING
 * COMPARING   occ_compare_heads: good → LINKING or, with nothing to link to, READY; not read → FAILED; disagreement: halt
 * LINKING     LINKED: good → READY; else → REFUSED
 * READY       occ_recovery_end
 * REFUSED     occ_recovery_end: commits stay refused, and nothing tries again by itself
 * FAILED      the retry timer → SETTLING
 * All of them: occ_recovery_end → DOWN
 */
#ifndef OCC_SERVER_RECOVERY_H
#define OCC_SERVER_RECOVERY_H

#include "server/compare.h"
#include "server/event.h"
#include "server/store.h"
#include "wire/frame.h"

struct occ_recovery;

enum occ_recovery_state {
    OCC_RECOVERY_DOWN,
    OCC_RECOVERY_SETTLING,
    OCC_RECOVERY_CHECKING,
    OCC_RECOVERY_REPLAYING,
    OCC_RECOVERY_COMPARING,
    OCC_RECOVERY_LINKING,
    OCC_RECOVERY_READY,
    OCC_RECOVERY_REFUSED,
    OCC_RECOVERY_FAILED
};

struct occ_recovery_config {
    struct occ_loop *loop;
    const struct occ_events *events;
    struct occ_store *store;
    bool genesis; /* the first epoch is not linked */
    /* The ledger disagrees with the boundary: why is one sentence. occ_recovery_end may be called from it. */
    void (*halt)(void *ctx, const char *why);
    /* A LINK frame, to be moved; it is answered by a LINKED. */
    void (*send)(void *ctx, struct occ_buf *frame);
    /* The state has changed. */
    void (*changed)(void *ctx);
    void *ctx;
};

OCC_RESULT occ_recovery_new(const struct occ_recovery_config *config, struct occ_recovery **ret_recovery);
/* NULL is allowed. The store's reads must have ended. */
void occ_recovery_free(struct occ_recovery *recovery);

/* A session is up; link_id is the number that a LINK frame is to have. */
void occ_recovery_begin(struct occ_recovery *recovery, const struct occ_hello_ok *hello, uint64_t link_id);
/* It is over. */
void occ_recovery_end(struct occ_recovery *recovery);
/*
 * Goes on if it can. settled: no results of earlier sessions are on their way to the ledger; durable: the position up to which
 * those of this one are in it.
 */
void occ_recovery_turn(struct occ_recovery *recovery, bool settled, uint64_t durable);
/* A LINKED frame. OCC_ERR_WIRE_MESSAGE: it was not asked for, or is malformed; OCC_ERR_INTEGRITY: so the boundary says. */
OCC_RESULT occ_recovery_take_linked(struct occ_recovery *recovery, const struct occ_frame *frame);

enum occ_recovery_state occ_recovery_state(const struct occ_recovery *recovery);
/* In REFUSED and FAILED one sentence for whoever asks, else NULL. */
const char *occ_recovery_trouble(const struct occ_recovery *recovery);

#endif
