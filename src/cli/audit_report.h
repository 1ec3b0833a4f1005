/*
 * audit_report.h — the result of an audit, for people and as JSON.
 */
#ifndef OCC_CLI_AUDIT_REPORT_H
#define OCC_CLI_AUDIT_REPORT_H

#include "audit/audit.h"
#include "audit/stored.h"
#include "cli/audit_input.h"

struct occ_audit_report {
    const struct occ_cli *cli;
    const struct occ_audit *audit;
    const struct occ_audit_input *input; /* what the streams are called */
    struct occ_stored *stored;           /* the ledger that was audited, or NULL */
};

/* The lines for a person. */
void occ_audit_report_put_text(const struct occ_audit_report *report, struct occ_buf *out);
/* The object that docs/cli.md describes, without a newline. */
void occ_audit_report_put_json(const struct occ_audit_report *report, struct occ_buf *out);
/* 2 malformed input (of a ledger's own proofs: a fault), 1 another fault, 0 intact. */
enum occ_exit occ_audit_report_exit(const struct occ_audit_report *report);

#endif
