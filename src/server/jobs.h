/*
 * jobs.h — lists of writes for the ledger, and several of them written as one transaction.
 */
#ifndef OCC_SERVER_JOBS_H
#define OCC_SERVER_JOBS_H

#include "server/store.h"

/* First in, first out. */
struct occ_jobs {
    struct occ_store_job *first, *last;
    size_t count;
    size_t len; /* bytes: the sum of theirs */
};
void occ_jobs_push(struct occ_jobs *jobs, struct occ_store_job *job);
/* Puts all of front, in their order, before those of jobs; front is empty then. */
void occ_jobs_push_front(struct occ_jobs *jobs, struct occ_jobs *front);
struct occ_store_job *occ_jobs_pop(struct occ_jobs *jobs); /* NULL if it is empty */

/*
 * Moves jobs from the front of jobs to batch (which is empty): as many as may share a transaction (one epoch,
 * OCC_LIMIT_LEDGER_WRITE_ENTRIES, OCC_LIMIT_LEDGER_WRITE_LEN) and max of them at most, but one if there is one.
 */
void occ_jobs_take(struct occ_jobs *jobs, size_t max, struct occ_jobs *batch);
/* Writes all of batch in one transaction. Codes as occ_ledger_write. */
OCC_RESULT occ_jobs_write(const struct occ_jobs *batch, struct occ_ledger *ledger, struct occ_error *err);

#endif
