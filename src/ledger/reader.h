/*
 * reader.h — a reader's inside, shared by the files that answer: lookup.c, epochs.c, digest.c, check.c.
 */
#ifndef OCC_LEDGER_READER_H
#define OCC_LEDGER_READER_H

#include "ledger/fetch.h"
#include "ledger/ledger.h"
#include "ledger/tail.h"

struct occ_ledger_reader {
    struct occ_db db;
    struct occ_fetch fetch;
    struct occ_tail *tail; /* the writer's, or own_tail */
    struct occ_tail *own_tail;
    struct occ_buf places;
};

/* A call sees the ledger as it was at its begin. Every begin that succeeded has one end. */
OCC_RESULT occ_reading_begin(struct occ_ledger_reader *reader, struct occ_error *err);
void occ_reading_end(struct occ_ledger_reader *reader);
/* The last row that this call sees, and how many proofs there are up to it. */
OCC_RESULT occ_reading_last(struct occ_ledger_reader *reader, struct occ_error *err, uint64_t *ret_row,
                            uint64_t *ret_proofs);
/* Visits the proof at which fetch stands. */
OCC_RESULT occ_reading_visit(struct occ_ledger_reader *reader, occ_ledger_visit *visit, void *ctx,
                             struct occ_error *err);

#endif
