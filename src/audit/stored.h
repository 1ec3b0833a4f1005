/*
 * stored.h — a ledger as the input of an audit, and what an audit of it looks at beyond the proofs themselves: that each stands
 * in the place that it names.
 *
 * The proofs come as one stream, one a line, in the order in which they were put, tokens joined: line n is the n-th proof.
 * Whoever writes to the ledger may go on; what was put after the end was reached is not looked at. Memory does not grow with
 * the number of proofs but for 8 bytes per 1,024 of them.
 */
#ifndef OCC_AUDIT_STORED_H
#define OCC_AUDIT_STORED_H

#include "audit/audit.h"

struct occ_stored;

/* folder: of the ledger; nothing in it is changed. Codes as occ_ledger_reader_new. */
OCC_RESULT occ_stored_new(const char *folder, struct occ_error *err, struct occ_stored **ret_stored);
void occ_stored_free(struct occ_stored *stored); /* NULL is allowed */
/*
 * occ_audit_run over the ledger; a proof that is kept in another's place is a finding too (OCC_FINDING_MISPLACED).
 * options->seen is not used. To be called once.
 */
OCC_RESULT occ_stored_audit(struct occ_stored *stored, const struct occ_audit_options *options, struct occ_error *err,
                            struct occ_audit **ret_audit);

/* What the ledger calls a proof. */
struct occ_stored_name {
    size_t epoch_len, chain_len; /* chain_len 0 = the default chain */
    uint8_t epoch[OCC_LIMIT_AUDIT_NAME_LEN];
    uint8_t chain[OCC_LIMIT_CHAIN_ID_LEN];
    uint64_t counter;
};
/* The proof of that line, from 1; false if it cannot be read. After the audit. */
bool occ_stored_name(struct occ_stored *stored, uint64_t line, struct occ_stored_name *ret_name);

#endif
