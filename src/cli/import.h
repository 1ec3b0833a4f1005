/*
 * import.h — proofs, verified elsewhere, into a new ledger: one after the other, gathered into transactions.
 *
 * A ledger gives back what was put into it byte for byte, so that a proof is refused that it could not give back: one without
 * an epochId or a counter that fits 64 bits, or with timestamps that cannot be kept apart from it. Counters must rise
 * within their chain, and an epoch's key, enforcement and measurement stay the same, as they do in a ledger that was
 * written by a service. Positions are counted anew, from 1 in each epoch.
 */
#ifndef OCC_CLI_IMPORT_H
#define OCC_CLI_IMPORT_H

#include "ledger/ledger.h"

struct occ_import;

/* ledger is borrowed, and has no proofs. */
OCC_RESULT occ_import_new(struct occ_ledger *ledger, struct occ_import **ret_import);
void occ_import_free(struct occ_import *import); /* NULL is allowed; what was not written is dropped */
/*
 * text: one JSON object, a proof that was verified. OCC_ERR_PROOF_STRUCTURE: it cannot be kept, and *err says why; it is
 * passed over then. Other failures are the ledger's. Written now or later.
 */
OCC_RESULT occ_import_put(struct occ_import *import, struct occ_bytes text, struct occ_error *err);
/* Writes what is still to be written. */
OCC_RESULT occ_import_finish(struct occ_import *import, struct occ_error *err);

#endif
