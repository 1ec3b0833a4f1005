/* audit.c — see audit.h. */
#include "audit/audit.h"

#include <stdlib.h>

#include "audit/follow.h"
#include "audit/sorted.h"
#include "proof/policy.h"

/* How many proofs lie between two calls of progress. */
enum { PROGRESS_STEP = 256 };

struct run {
    const struct occ_audit_options *options;
    struct occ_audit *audit;
    struct occ_follow *follow;
    struct occ_sort *sort;
    struct occ_buf text;
};

void
occ_audit_free(struct occ_audit *audit)
{
    if (audit == NULL) {
        return;
    }
    occ_findings_clear(&audit->findings);
    occ_tally_clear(&audit->tally);
    free(audit);
}

static OCC_RESULT
add_refusal(struct run *run, const struct occ_judged *judged, const struct occ_place *place)
{
    const bool malformed = judged->verdict == OCC_VERDICT_MALFORMED;
    struct occ_finding finding = occ_finding_at(malformed ? OCC_FINDING_MALFORMED : OCC_FINDING_NOT_VALID, place, NULL);
    finding.said = judged->why;
    run->audit->malformed += malformed;
    return occ_findings_add(&run->audit->findings, &finding);
}

/* One value's result, in the order of the input. */
static struct occ_result
take(void *ctx, const struct occ_judged *judged, const struct occ_place *place, struct occ_error *err)
{
    struct run *run = ctx;
    run->audit->values++;
    if (judged->verdict == OCC_VERDICT_VALID) {
        run->audit->valid++;
    } else {
        OCC_TRY(add_refusal(run, judged, place));
    }
    run->audit->simulated += judged->simulated;
    if (run->options->seen != NULL) {
        OCC_TRY(run->options->seen(run->options->seen_ctx, judged, place, &run->audit->findings));
    }
    if (judged->in_chain) {
        OCC_TRY(occ_follow_put(run->follow, &judged->record, &judged->name));
        OCC_TRY(occ_sorted_put(run->sort, &judged->record, &run->text));
        if (!occ_follow_is_settled(run->follow, NULL)) { /* the order will be needed: say now that it cannot be had */
            OCC_TRY(occ_sort_check(run->sort, err));
        }
    }
    if (run->options->progress != NULL && run->audit->values % PROGRESS_STEP == 0) {
        run->options->progress(run->options->progress_ctx, run->audit->values);
    }
    return occ_success();
}

static size_t
sort_memory(const struct occ_audit_options *options)
{
    return options->sort_memory == 0 ? OCC_LIMIT_AUDIT_SORT_LEN : options->sort_memory;
}

static OCC_RESULT
judge_chains(struct run *run, struct occ_error *err)
{
    struct occ_audit *audit = run->audit;
    const struct occ_findings *notes = NULL;
    if (occ_follow_is_settled(run->follow, &notes)) {
        audit->chains = audit->tally.count;
        audit->spilled = occ_sort_spilled(run->sort);
        return occ_findings_add_notes(&audit->findings, notes);
    }
    const struct occ_sorted_job job = { .sort = run->sort,
                                        .memory = sort_memory(run->options),
                                        .folder = run->options->temp_dir,
                                        .allow_gaps = run->options->allow_gaps,
                                        .tally = &audit->tally,
                                        .findings = &audit->findings };
    audit->sorted = true;
    OCC_TRY(occ_sorted_judge(&job, err, &audit->chains));
    audit->spilled = occ_sort_spilled(run->sort);
    return occ_success();
}

static OCC_RESULT
run_all(struct run *run, const struct occ_pipeline_source *source, struct occ_error *err)
{
    const struct occ_audit_options *options = run->options;
    OCC_TRY(occ_tally_init(&run->audit->tally));
    OCC_TRY(occ_follow_new(&run->audit->tally, &run->follow));
    OCC_TRY(occ_sort_new(sort_memory(options), options->temp_dir, &run->sort));
    const struct occ_pipeline_job job = { .verifier = options->verifier,
                                          .policy = options->policy,
                                          .jobs = options->jobs,
                                          .source = source,
                                          .take = take,
                                          .ctx = run };
    OCC_TRY(occ_pipeline_run(&job, err));
    return judge_chains(run, err);
}

static OCC_RESULT
check_options(const struct occ_audit_options *options, struct occ_error *err)
{
    if (options->verifier == NULL || options->temp_dir == NULL || options->jobs == 0 ||
        options->jobs > OCC_LIMIT_AUDIT_JOBS || options->max_findings > OCC_LIMIT_AUDIT_FINDINGS) {
        return occ_error_code(err, OCC_ERR_USAGE);
    }
    struct occ_policy policy;
    return options->policy == NULL ? occ_success() : occ_policy_read(options->policy, "policy", err, &policy);
}

struct occ_result
occ_audit_run(const struct occ_audit_options *options, const struct occ_pipeline_source *source, struct occ_error *err,
              struct occ_audit **ret_audit)
{
    OCC_TRY(check_options(options, err));
    struct occ_error why = { 0 };
    struct occ_audit *audit = calloc(1, sizeof *audit);
    if (audit == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    audit->findings.list_max = options->max_findings;
    struct run run = { .options = options, .audit = audit, .text = OCC_BUF_INIT(OCC_LIMIT_AUDIT_ITEM_LEN) };
    const struct occ_result result = run_all(&run, source, &why);
    occ_follow_free(run.follow);
    occ_sort_free(run.sort);
    occ_buf_clear(&run.text);
    if (!occ_is_ok(result)) {
        occ_audit_free(audit);
        return why.code == result.code ? occ_error_set(err, why.code, "%s", why.text)
                                       : occ_error_code(err, result.code);
    }
    *ret_audit = audit;
    return occ_success();
}
