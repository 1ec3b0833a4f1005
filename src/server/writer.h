/*
 * writer.h — the writing half of the store: jobs gather in a turn of the loop, and while a transaction is being synced on a
 * thread of its own, and share the next one. What store.h says about writes is kept here.
 *
 * State     a job waits in   leaves it by
 * well      waiting          the turn ends and the writer's thread is free: it becomes part of a batch, then done
 * trouble   kept             the retry timer: the kept jobs in their order, then kept(…); none left → well
 * halted    nowhere          never: the ledger disagrees
 */
#ifndef OCC_SERVER_WRITER_H
#define OCC_SERVER_WRITER_H

#include "server/store.h"

struct occ_writer;

struct occ_writer_config {
    struct occ_loop *loop;
    const struct occ_events *events;
    struct occ_ledger *ledger;
    uint64_t stuck_ms;                              /* a write that takes longer is trouble until it ends */
    void (*on_trouble)(void *ctx, const char *why); /* as in struct occ_store_config, and the next one */
    void (*on_written)(void *ctx, uint64_t duration_us);
    void *ctx;
};

OCC_RESULT occ_writer_new(const struct occ_writer_config *config, struct occ_writer **ret_writer);
/* As occ_store_free says; the ledger stays open. NULL is allowed. */
void occ_writer_free(struct occ_writer *writer);

/* As the functions of store.h of these names. */
uint64_t occ_writer_last_us(const struct occ_writer *writer);
const char *occ_writer_trouble(const struct occ_writer *writer);
OCC_RESULT occ_writer_write(struct occ_writer *writer, struct occ_store_job *job);
size_t occ_writer_waiting(const struct occ_writer *writer);

#endif
