/*
 * durable.h — makes durable what can be read in a database.
 *
 * What a process before this one wrote and did not sync, because it was killed in between or because its sync failed, can be read
 * all the same: the system has it in memory. It must not be taken for durable, and another sync says nothing about pages that a
 * failed one has given up.
 */
#ifndef OCC_LEDGER_DURABLE_H
#define OCC_LEDGER_DURABLE_H

#include "ledger/db.h"

/*
 * After a success all that is seen was written and synced since. The connection is open for writing, in WAL mode and in no
 * transaction. Others may read meanwhile, for as long as they like. OCC_ERR_BUSY: another process writes.
 */
OCC_RESULT occ_durable_make(struct occ_db *db, struct occ_error *err);

#endif
