/*
 * unsigned.h — what the proof's signature does not cover, and which of it another signature covers that was verified here.
 */
#ifndef OCC_VERIFY_UNSIGNED_H
#define OCC_VERIFY_UNSIGNED_H

#include "proof/proof.h"
#include "verify/report.h"

/*
 * Calls visit for each member that occ_body_each_unsigned names, with the same path; backed = it brings a signature of its own,
 * which was verified here. After one that is backed, for each member inside it that its own signature does not cover
 * either: "timestamps.artifact.authority", or what somebody put into it. The report's checks are done.
 */
typedef void occ_unsigned_visit(void *ctx, const char *parent, struct occ_bytes name, bool backed);
void occ_unsigned_each(const occ_report *report, const struct occ_proof *proof, occ_unsigned_visit *visit, void *ctx);

#endif
