/*
 * reader.h — a reader's inside, shared by the files that answer: lookup.c, digest.c, answers.c, check.c.
 */
#ifndef OCC_LEDGER_READER_H
#define OCC_LEDGER_READER_H

#include "ledger/fetch.h"
#include "ledger/indexer.h"
#include "ledger/ledger.h"
#include "ledger/tail.h"

struct occ_ledger_reader {
    struct occ_db db;
    struct occ_fetch fetch;
    struct occ_tail *tail; /* the writer's, or own_tail */
    struct occ_tail *own_tail;
    struct occ_indexer *indexer;       /* the writer's, or NULL */
    struct occ_index_options folder;   /* owned strings */
    struct occ_db index;               /* opened when it is needed; handle NULL = not open */
    struct occ_index_covered verified; /* the last that was found to be of this ledger */
    struct occ_buf places;
};

/* A call sees the ledger as it was at its begin. Every begin that succeeded has one end. */
OCC_RESULT occ_reading_begin(struct occ_ledger_reader *reader, struct occ_error *err);
void occ_reading_end(struct occ_ledger_reader *reader);
/*
 * The same of the index; to be called first, so that what it covers is in the ledger. False: there is none to be had, and
 * nothing is covered.
 */
bool occ_reading_begin_index(struct occ_ledger_reader *reader, struct occ_index_covered *ret_covered);
void occ_reading_end_index(struct occ_ledger_reader *reader);
/* The last row that this call sees, and how many proofs there are up to it. */
OCC_RESULT occ_reading_last(struct occ_ledger_reader *reader, struct occ_error *err, uint64_t *ret_row,
                            uint64_t *ret_proofs);
/* How many proofs there are up to a row, that row included. */
OCC_RESULT occ_reading_proofs(struct occ_ledger_reader *reader, uint64_t row, struct occ_error *err,
                              uint64_t *ret_proofs);
/* Visits the proof at which fetch stands. */
OCC_RESULT occ_reading_visit(struct occ_ledger_reader *reader, occ_ledger_visit *visit, void *ctx,
                             struct occ_error *err);

#endif
