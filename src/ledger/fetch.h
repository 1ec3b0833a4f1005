/*
 * fetch.h — rows, documents and tokens of ledger.db as they were put. What was read last is kept: rows
 * are never rewritten within what one transaction sees.
 */
#ifndef OCC_LEDGER_FETCH_H
#define OCC_LEDGER_FETCH_H

#include "ledger/db.h"
#include "ledger/ledger.h"
#include "ledger/row.h"
#include "ledger/tail.h"

struct occ_fetch {
    struct occ_db *db; /* borrowed; prepared with occ_query_sql */
    struct occ_buf body;
    uint64_t row; /* which body is; 0 = none */
    struct occ_row_reader at;
    struct occ_buf document;
    uint64_t document_number;
    struct occ_buf text;
    uint64_t chain; /* whose names these are; 0 = none */
    struct occ_buf epoch_id, chain_id;
    struct occ_buf artifact_token, proof_token;
};

void occ_fetch_init(struct occ_fetch *fetch, struct occ_db *db);
void occ_fetch_clear(struct occ_fetch *fetch);
/* After a rollback: numbers that it knows may come to mean something else. */
void occ_fetch_forget(struct occ_fetch *fetch);

/*
 * Loads a row and stands in front of its first proof; occ_row_next on fetch->at goes on. OCC_ERR_LEDGER_CORRUPT if it is
 * not there or not as it was written, with a sentence.
 */
OCC_RESULT occ_fetch_row(struct occ_fetch *fetch, uint64_t row, struct occ_error *err);
/* Stands at the proof of that place. OCC_ERR_LEDGER_CORRUPT if there is none. */
OCC_RESULT occ_fetch_place(struct occ_fetch *fetch, uint64_t place, struct occ_error *err);
/* The text of the proof at which it stands, its document put in; valid until the next call. */
OCC_RESULT occ_fetch_text(struct occ_fetch *fetch, struct occ_error *err, struct occ_bytes *ret_text);
/* The epochId and chainId of a chain's number, in fetch->epoch_id and chain_id. */
OCC_RESULT occ_fetch_names(struct occ_fetch *fetch, uint64_t chain, struct occ_error *err);
/* All of the proof at which it stands, valid until the next call. */
OCC_RESULT occ_fetch_found(struct occ_fetch *fetch, struct occ_error *err, struct occ_ledger_found *ret_found);
/* The place of a chain's counter; 0 = it is not there. Stands at the proof then. */
OCC_RESULT occ_fetch_counter(struct occ_fetch *fetch, uint64_t chain, uint64_t counter, struct occ_error *err,
                             uint64_t *ret_place);
/*
 * Puts a row's digests into a tail. A damaged row is passed over: what cannot be read cannot be found, and the others
 * can.
 */
OCC_RESULT occ_fetch_into_tail(struct occ_fetch *fetch, uint64_t row, struct occ_tail *tail, struct occ_error *err);

#endif
