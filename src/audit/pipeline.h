/*
 * pipeline.h — verifies the proofs of any number of streams on all cores, and hands the results over in the input's order.
 *
 * The calling thread reads and splits the input into batches and takes the results; threads of the pipeline's own judge
 * batches. The number of batches is fixed: when all are in use, reading waits.
 */
#ifndef OCC_AUDIT_PIPELINE_H
#define OCC_AUDIT_PIPELINE_H

#include "audit/judge.h"

/* Where the bytes come from. Called by the thread that called occ_pipeline_run. */
struct occ_pipeline_source {
    void *ctx;
    /* Goes to the next stream; *ret_more false = there is none. */
    struct occ_result (*next)(void *ctx, struct occ_error *err, bool *ret_more);
    /* Reads up to cap bytes of it; *ret_len 0 = it ends. */
    struct occ_result (*read)(void *ctx, struct occ_error *err, uint8_t *ret, size_t cap, size_t *ret_len);
};

struct occ_pipeline_job {
    const occ_verifier *verifier;
    const struct occ_json *policy; /* or NULL */
    unsigned jobs;                 /* threads, 1 to OCC_LIMIT_AUDIT_JOBS */
    const struct occ_pipeline_source *source;
    /* Takes one value's result, the record's place filled in; in the input's order. A failure ends the run. */
    struct occ_result (*take)(void *ctx, const struct occ_judged *judged, const struct occ_place *place,
                              struct occ_error *err);
    void *ctx;
};

/* Reads all streams to their end. The first failure of source, take or a verification ends it, with a sentence. */
OCC_RESULT occ_pipeline_run(const struct occ_pipeline_job *job, struct occ_error *err);

#endif
