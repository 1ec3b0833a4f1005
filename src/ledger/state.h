/*
 * state.h — the writer's side of a ledger, as its parts share it: ledger.c opens and closes, write.c writes.
 */
#ifndef OCC_LEDGER_STATE_H
#define OCC_LEDGER_STATE_H

#include <stdatomic.h>

#include "ledger/copier.h"
#include "ledger/db.h"
#include "ledger/fetch.h"
#include "ledger/indexer.h"
#include "ledger/ledger.h"
#include "ledger/row.h"
#include "ledger/tail.h"

/* Bytes of a fixed most, as a value that can be copied. */
struct occ_heads_name {
    uint8_t len;
    uint8_t bytes[OCC_LIMIT_LEDGER_EPOCH_ID_LEN];
};

/* A chain of the epoch that is being written. */
struct occ_heads_chain {
    struct occ_heads_name id;
    uint64_t number;
    uint64_t last_counter, proofs;
    uint64_t open_first; /* first counter in the row that is being filled; 0 = none is in it */
};

/* What the tables end with. A transaction works on a copy, which takes the place of the first when it is durable. */
struct occ_heads {
    uint64_t row, proofs, document, epochs, chains; /* the greatest numbers; proofs = how many there are */
    uint64_t epoch;                                 /* the number of the one that is loaded; 0 = none */
    struct occ_heads_name epoch_id;
    uint64_t epoch_sum;     /* of its key, enforcement and measurement */
    uint64_t position;      /* its last */
    uint64_t open_position; /* the first that begins in the row that is being filled; 0 = none */
    size_t chain_count;
    struct occ_heads_chain chain[OCC_LIMIT_CHAINS];
};

/* A document that was put not long ago. */
struct occ_ledger_document {
    uint64_t number, sum;
    struct occ_buf text;
};

struct occ_ledger {
    char *folder, *vfs; /* owned; vfs may be NULL */
    int lock_fd;
    struct occ_db db;
    struct occ_fetch fetch;
    bool must_reopen; /* a sync failed, or a rollback did: what SQLite and the system have in memory is not trusted */
    struct occ_heads heads, next; /* next: of the transaction that is open */
    struct occ_row_writer row;
    struct occ_ledger_document documents[OCC_LIMIT_LEDGER_DOCUMENTS];
    size_t document_oldest;
    struct occ_bytes document_view; /* of the document that was put last in the open transaction, as it was given, */
    uint64_t document_number;       /* and its number: proofs of a frame share one */
    struct occ_buf put;             /* struct occ_ledger_put of the transaction: for the tail once it is durable */
    struct occ_tail *tail;
    struct occ_indexer *indexer;
    struct occ_copier *copier;
    uint64_t wal_frames; /* after the last transaction */
    _Atomic uint64_t proofs, rows, syncs, last_sync_us;
};

struct occ_ledger_put {
    uint8_t digest[32];
    uint64_t place;
};

/* Reads what the tables end with into ledger->heads. */
OCC_RESULT occ_state_load(struct occ_ledger *ledger, struct occ_error *err);
/* Makes the connection usable again after must_reopen. */
OCC_RESULT occ_state_reopen(struct occ_ledger *ledger, struct occ_error *err);
/* Remembered documents are of a transaction that did not become durable. */
void occ_state_forget_documents(struct occ_ledger *ledger);

#endif
