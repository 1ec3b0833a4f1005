/*
 * store.h — the ledger as the event loop sees it: writes are gathered and synced on a thread of their own, reads have threads of
 * theirs (DESIGN §3, §4 promise 1).
 *
 * While one transaction is being synced the next ones gather, and share the next sync: group commit forms by itself, and a
 * lone write never waits for company. Invariants:
 *   - every write that was taken gets exactly one done, in the order in which they were taken;
 *   - after a failed write the store is in trouble: it says so (occ_store_trouble), and those that wait are told at once (done,
 *     with the failure). What must become durable all the same (keep) is kept, in its order, and tried again every
 *     OCC_LIMIT_LEDGER_RETRY_MS: to those who were told, its outcome is unknown. Meanwhile only such writes are taken;
 *   - what was kept is durable before anything that was taken later;
 *   - while one transaction takes longer than OCC_LIMIT_LEDGER_STUCK_MS the store says that too; nothing is given up for it;
 *   - a ledger that disagrees (OCC_ERR_INTEGRITY) is never written again: occ_store_trouble stays until a restart.
 */
#ifndef OCC_SERVER_STORE_H
#define OCC_SERVER_STORE_H

#include "ledger/ledger.h"
#include "net/loop.h"
#include "server/event.h"

struct occ_store;

struct occ_store_config {
    struct occ_loop *loop;
    const struct occ_events *events;
    const char *folder;
    unsigned read_threads; /* for occ_store_read */
    size_t reads_max;      /* reads not yet begun, of either kind */
    /* Called when it gets into trouble (the sentence) and out of it (NULL). May be NULL. */
    void (*on_trouble)(void *ctx, const char *why);
    /* A transaction is durable; from its begin to the end of its sync it took so long. May be NULL. */
    void (*on_written)(void *ctx, uint64_t duration_us);
    void *ctx;
};

/* Opens the ledger, making it if it is not there. Codes as occ_ledger_open. */
OCC_RESULT occ_store_new(const struct occ_store_config *config, struct occ_error *err, struct occ_store **ret_store);
/*
 * Writes what was taken and waits for it (once: what cannot be written now is given up), then closes. All calls that are owed
 * are made before it returns. NULL is allowed.
 */
void occ_store_free(struct occ_store *store);

/* Microseconds that the last transaction took, from its begin to the end of its sync; 0 before the first. */
uint64_t occ_store_last_write_us(const struct occ_store *store);

/* NULL, or one sentence for whoever asks: why commits are refused (503) and what /health says. */
const char *occ_store_trouble(const struct occ_store *store);

/*
 * Results of one frame, or tokens, on their way to the ledger. The owner fills in the first part, whose views must stay valid
 * until the last call: done, or, after a failed one with keep, kept. Until then the job is the store's.
 */
struct occ_store_job {
    struct occ_ledger_write write;
    bool keep; /* the boundary has signed it: a failure does not drop it */
    /* On the loop's thread, never from occ_store_write. */
    void (*done)(struct occ_store_job *job, struct occ_result result);
    /* With keep, after a failed done: it is durable now, or (not OCC_OK) it was given up: a halt, or the end of the store. */
    void (*kept)(struct occ_store_job *job, struct occ_result result);
    size_t len; /* writer.c's, as next */
    struct occ_store_job *next;
};
/*
 * OCC_ERR_BUSY: not taken. With keep only when the ledger disagrees (halted); without, also in trouble, and when
 * OCC_LIMIT_LEDGER_WRITE_LEN bytes wait already.
 */
OCC_RESULT occ_store_write(struct occ_store *store, struct occ_store_job *job);

/*
 * run(job, reader) on a reading thread, then done(job) on the loop's; a job that the stop came before is given to done without
 * run having been called. OCC_ERR_BUSY: reads_max jobs wait already; not taken.
 */
OCC_RESULT occ_store_read(struct occ_store *store, void (*run)(void *job, struct occ_ledger_reader *reader),
                          void (*done)(void *job), void *job);

/*
 * The same for what commits wait for. It has a thread and a queue of its own, so that look-ups, which anybody may ask for and
 * which may take long, never keep a commit waiting.
 */
OCC_RESULT occ_store_read_first(struct occ_store *store, void (*run)(void *job, struct occ_ledger_reader *reader),
                                void (*done)(void *job), void *job);

/* For metrics. */
void occ_store_get_stats(const struct occ_store *store, struct occ_ledger_stats *ret_stats);
/* Writes taken that are not durable yet, the kept ones included. */
size_t occ_store_waiting(const struct occ_store *store);

#endif
