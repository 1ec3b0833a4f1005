/*
 * indexer.h — the thread that keeps index.db: makes runs out of new rows, merges them, makes the index anew when it is of
 * no use.
 *
 * It reads rows from ledger.db with a connection of its own, so that falling behind costs no memory. What goes wrong with
 * index.db is tried again every OCC_LIMIT_LEDGER_RETRY_MS; nothing that it does or fails to do holds up the writer.
 */
#ifndef OCC_LEDGER_INDEXER_H
#define OCC_LEDGER_INDEXER_H

#include "ledger/index.h"
#include "ledger/ledger.h"
#include "ledger/tail.h"

struct occ_indexer;

struct occ_indexer_config {
    const char *folder, *vfs; /* borrowed */
    struct occ_tail *tail;    /* borrowed; told which rows are covered */
    uint8_t ledger[16];
    bool anew; /* what is there is of no use */
};

OCC_RESULT occ_indexer_start(const struct occ_indexer_config *config, struct occ_error *err,
                             struct occ_indexer **ret_indexer);
/* Indexes what is left, unless that goes wrong or is much, and waits for the thread. NULL is allowed. */
void occ_indexer_stop(struct occ_indexer *indexer);
/* Any thread: rows up to this one are durable, with so many proofs. */
void occ_indexer_notify(struct occ_indexer *indexer, uint64_t row, uint64_t proofs);
/* Any thread: a look-up found that the index is damaged. */
void occ_indexer_distrust(struct occ_indexer *indexer);
/* Any thread. */
uint64_t occ_indexer_covered_proofs(const struct occ_indexer *indexer);

/* Whether index.db belongs to this ledger, and what it covers, with a connection of its own. False: it is of no use. */
bool occ_indexer_look(const struct occ_index_options *options, struct occ_db *ledger_db,
                      struct occ_index_covered *ret_covered);
/* Whether what an index says of itself fits the ledger as this connection sees it. */
bool occ_indexer_is_of_ledger(struct occ_db *ledger_db, const struct occ_index_covered *covered);
/* The id of a ledger. */
OCC_RESULT occ_indexer_ledger_id(struct occ_db *ledger_db, struct occ_error *err, uint8_t ret_id[16]);

#endif
