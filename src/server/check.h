/*
 * check.h — occd --check: the ledger of the data folder from end to end, read only; an occd may be using it.
 */
#ifndef OCC_SERVER_CHECK_H
#define OCC_SERVER_CHECK_H

#include "server/options.h"

struct occ_check_outcome {
    uint64_t problems; /* of the ledger's structure, and faults of its proofs and chains */
    uint64_t proofs;
};

/*
 * The ledger's own check (occ_ledger_check), then an audit of every proof and chain. Each problem is a line on standard output,
 * at most 100 of either kind; then come a few lines that say what was done. Where standard error is a terminal, progress is
 * shown there. Damage that ends the reading is a problem; failures are what was in the way: no ledger, no right to read it, no
 * memory.
 */
OCC_RESULT occ_check_run(const struct occ_options *options, struct occ_error *err,
                         struct occ_check_outcome *ret_outcome);

#endif
