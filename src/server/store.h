/*
 * store.h — the ledger as the event loop sees it: writes are gathered and synced on a thread of their own, reads have threads of
 * theirs (DESIGN §3, §4 promise 1).
 *
 * While one transaction is being synced the next ones gather, and share the next sync: group commit forms by itself, and a
 * lone write never waits for company. Invariants:
 *   - every write that was taken gets exactly one done, in the order in which they were taken;
 *   - after a failed write the store is in trouble: it says so (occ_store_trouble), keeps what was to be written, tries it
 *     again every OCC_LIMIT_LEDGER_RETRY_MS, and takes no write that is not a redelivery meanwhile; those that wait are told
 *     at once (done, with the failure) although their bytes may still become durable: their outcome is unknown;
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
    unsigned read_threads;
    size_t reads_max; /* reads not yet begun */
    /* Called when it gets into trouble (the sentence) and out of it (NULL). May be NULL. */
    void (*on_trouble)(void *ctx, const char *why);
    void *ctx;
};

/* Opens the ledger, making it if it is not there. Codes as occ_ledger_open. */
OCC_RESULT occ_store_new(const struct occ_store_config *config, struct occ_error *err, struct occ_store **ret_store);
/* Writes what was taken and waits for it, then closes. NULL is allowed. */
void occ_store_free(struct occ_store *store);

/* NULL, or one sentence: commits are refused (503) and /health says so. */
const char *occ_store_trouble(const struct occ_store *store);

/*
 * Results of one frame, or tokens, on their way to the ledger. The owner fills in write, whose views must stay valid until
 * done; from occ_store_write on it is the store's until done is called, on the loop's thread.
 */
struct occ_store_job {
    struct occ_ledger_write write;
    bool
        keep; /* must become durable: kept and tried again after a failure (done comes at once all the same, and a second
                  call, of kept, when it is durable at last: the boundary is acknowledged then). Else a failure drops it */
    void (*done)(struct occ_store_job *job, struct occ_result result);
    void (*kept)(struct occ_store_job *job); /* after done with a failure, if keep: durable now */
    struct occ_store_job *next;
};
/* OCC_ERR_BUSY: in trouble, or OCC_LIMIT_LEDGER_WRITE_LEN of jobs wait already; not taken. */
OCC_RESULT occ_store_write(struct occ_store *store, struct occ_store_job *job);

/*
 * run(job, reader) on a reading thread, then done(job) on the loop's; a job that the stop came before is given to done without
 * run having been called. OCC_ERR_BUSY: reads_max jobs wait already; not taken.
 */
OCC_RESULT occ_store_read(struct occ_store *store, void (*run)(void *job, struct occ_ledger_reader *reader),
                          void (*done)(void *job), void *job);

/* For metrics. */
void occ_store_get_stats(const struct occ_store *store, struct occ_ledger_stats *ret_stats);
size_t occ_store_waiting(const struct occ_store *store); /* jobs taken and not done */

#endif
