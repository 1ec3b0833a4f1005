/*
 * run.h — one verification on its way: what the checks share. Inside verify only.
 */
#ifndef OCC_VERIFY_RUN_H
#define OCC_VERIFY_RUN_H

#include "verify/checks.h"
#include "verify/evidence.h"

struct occ_run {
    const struct occ_checks_input *input;
    struct occ_proof proof;              /* root is NULL until the structure was found sound */
    struct occ_buf *body;                /* the signed body's canonical JSON, from then on; empty before */
    struct occ_evidence *evidence;       /* the report's */
    struct occ_error why_no_attestation; /* text is "" unless it is there and could not be verified */
};

/*
 * A check: success = passed, and *err may hold a sentence of its own for that with code OCC_OK; OCC_ERR_UNSUPPORTED = could
 * not be done, with a sentence; a code from 100 on = failed, with a sentence; any other = the verification is given up.
 */
typedef struct occ_result occ_run_check(struct occ_run *run, struct occ_error *err);

occ_run_check occ_run_agency;
occ_run_check occ_run_slot;
occ_run_check occ_run_epoch_link;
occ_run_check occ_run_attestation;
occ_run_check occ_run_timestamps;

#endif
