/*
 * entry.h — what an entry is held against before it is written: its own form, its epoch and chain, and, where the epoch
 * has its position already, what stands there.
 */
#ifndef OCC_LEDGER_ENTRY_H
#define OCC_LEDGER_ENTRY_H

#include "ledger/state.h"

/* Lengths and counts. OCC_ERR_LIMIT, OCC_ERR_FIELD_VALUE. */
OCC_RESULT occ_entry_check_write(const struct occ_ledger_write *write, struct occ_error *err);
/*
 * Loads the epoch into ledger->next, putting it into the ledger if it is new. OCC_ERR_INTEGRITY: it is there as another
 * one.
 */
OCC_RESULT occ_entry_epoch(struct occ_ledger *ledger, const struct occ_ledger_epoch *epoch, uint64_t received_ms,
                           struct occ_error *err);
/* The chain in ledger->next, put into the ledger if it is new. */
OCC_RESULT occ_entry_chain(struct occ_ledger *ledger, struct occ_bytes chain_id, struct occ_error *err,
                           struct occ_heads_chain **ret_chain);
/* The number of a chain; 0 = it is not there. */
OCC_RESULT occ_entry_find_chain(struct occ_db *db, struct occ_bytes epoch_id, struct occ_bytes chain_id,
                                struct occ_error *err, uint64_t *ret_number);
/* Success if the ledger has the same proofs at entry->position, else OCC_ERR_INTEGRITY. */
OCC_RESULT occ_entry_compare(struct occ_ledger *ledger, const struct occ_ledger_entry *entry, struct occ_error *err);

#endif
