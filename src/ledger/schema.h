/*
 * schema.h — the tables of ledger.db and how an older version becomes today's.
 *
 * application_id says whose file it is, user_version which version of the tables it has. Docs: docs/ledger.md.
 */
#ifndef OCC_LEDGER_SCHEMA_H
#define OCC_LEDGER_SCHEMA_H

#include "ledger/db.h"

/* Steps in order: steps[i] makes version i + 1 out of version i. */
struct occ_schema {
    uint32_t application_id;
    const char *const *steps;
    size_t version; /* the number of steps */
};

/* "occ1": ledger.db. */
extern const struct occ_schema occ_schema_ledger;

/*
 * Checks whose file it is, and, of a connection that may write, makes the tables in an empty file and brings an older
 * version to this one, all in one transaction. OCC_ERR_LEDGER_FOREIGN: another program's file, a later version, or an
 * older one that may not be written.
 */
OCC_RESULT occ_schema_apply(struct occ_db *db, const struct occ_schema *schema, bool may_write, struct occ_error *err);

#endif
