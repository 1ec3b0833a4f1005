/*
 * audit.h — the chain check: streams of proofs in, what holds and what does not out (PROTOCOL §5, §6).
 *
 * The model: every proof is verified in full, and becomes a small record. Chains are judged as the records come; what comes
 * in the order of its chains needs constant memory and no disk. If something cannot be settled that way, the records,
 * which were kept all along (in memory, then in a temporary file without a name), are sorted and judged again, with the
 * whole set in view. The verdict is the same either way.
 *
 * A proof speaks for its chain if its signature verifies. One that is refused for another reason (the policy, say) is a
 * fault of its own and still stands in its chain.
 */
#ifndef OCC_AUDIT_AUDIT_H
#define OCC_AUDIT_AUDIT_H

#include "audit/findings.h"
#include "audit/pipeline.h"
#include "audit/tally.h"

struct occ_audit_options {
    const occ_verifier *verifier;
    const struct occ_json *policy; /* what every proof must meet, or NULL */
    unsigned jobs;                 /* threads that verify, 1 to OCC_LIMIT_AUDIT_JOBS */
    bool allow_gaps;               /* missing proofs are noted, not faults */
    size_t max_findings;           /* faults that are kept, 0 to OCC_LIMIT_AUDIT_FINDINGS */
    const char *temp_dir;          /* for temporary files */
    size_t sort_memory;            /* bytes of records kept in memory; 0 = OCC_LIMIT_AUDIT_SORT_LEN */
    /*
     * Called for every value in the order of the input, before its chain is judged; may be NULL. What it finds itself it adds to
     * findings. A failure ends the audit.
     */
    struct occ_result (*seen)(void *ctx, const struct occ_judged *judged, const struct occ_place *place,
                              struct occ_findings *findings);
    void *seen_ctx;
    /* Called after every batch or so with what was judged so far; may be NULL. */
    void (*progress)(void *ctx, uint64_t proofs);
    void *progress_ctx;
};

struct occ_audit {
    uint64_t values;    /* JSON values of the input, malformed text included */
    uint64_t malformed; /* of them, those that are no JSON */
    uint64_t valid;     /* and those that are valid proofs */
    uint64_t simulated; /* whose signature verified, with a SIMULATED attestation, verified or not */
    uint64_t chains;    /* chains that valid signatures speak of */
    bool sorted;        /* the input did not come in the order of its chains */
    uint64_t spilled;   /* bytes that went to temporary files */
    struct occ_findings findings;
    struct occ_tally tally; /* the first OCC_LIMIT_AUDIT_CHAINS chains, in the order of the input */
};

/*
 * Audits all streams of the source; they are numbered from 0. Findings are a result, not a failure. Failures: what the
 * source gives; a policy that is none (OCC_ERR_FIELD_…); no space for temporary files where sorting is needed
 * (OCC_ERR_IO, OCC_ERR_DENIED, …); OCC_ERR_NOMEM; OCC_ERR_USAGE. *ret_audit is the caller's, to free.
 */
OCC_RESULT occ_audit_run(const struct occ_audit_options *options, const struct occ_pipeline_source *source,
                         struct occ_error *err, struct occ_audit **ret_audit);
void occ_audit_free(struct occ_audit *audit); /* NULL is allowed */

#endif
