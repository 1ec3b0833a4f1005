/*
 * sweep.h — the whole index as one number, to be held against the rows.
 */
#ifndef OCC_LEDGER_SWEEP_H
#define OCC_LEDGER_SWEEP_H

#include "ledger/index.h"

/* What an entry adds to the number; the order of entries does not matter. */
uint64_t occ_sweep_entry(const uint8_t entry[OCC_BLOCK_ENTRY_LEN]);
/*
 * Goes through all runs within the caller's transaction: order, checksums, fences. OCC_ERR_LEDGER_CORRUPT names what is
 * wrong. *ret_sum: over all entries, modulo 2^64; *ret_entries: how many there are.
 */
OCC_RESULT occ_sweep_index(struct occ_db *db, struct occ_error *err, uint64_t *ret_sum, uint64_t *ret_entries);

#endif
