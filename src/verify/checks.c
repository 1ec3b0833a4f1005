/* checks.c — see checks.h. One row per check, in order; one function per row. */
#include "verify/checks.h"

#include "base/limits.h"
#include "crypto/ed25519.h"
#include "proof/body.h"
#include "proof/slot.h"
#include "verify/run.h"

/* applies: whether the check is listed at all. passed: the sentence of a check that has none of its own. */
struct row {
    const char *name;
    bool (*applies)(const struct occ_run *run);
    occ_run_check *perform;
    const char *passed;
};

static bool
always(const struct occ_run *run)
{
    (void)run;
    return true;
}

/* Also writes the signed body, which the signature, the attestation and the report are about. */
static struct occ_result
check_structure(struct occ_run *run, struct occ_error *err)
{
    OCC_TRY(occ_proof_read(run->input->proof, err, &run->proof));
    occ_body_put(run->body, &run->proof);
    return occ_buf_check(run->body);
}

static bool
has_digest(const struct occ_run *run)
{
    return run->input->digest != NULL;
}

static struct occ_result
check_digest(struct occ_run *run, struct occ_error *err)
{
    const bool same = memcmp(run->input->digest, run->proof.digest, sizeof run->proof.digest) == 0;
    return same ? occ_success() : occ_error_code(err, OCC_ERR_DIGEST_MISMATCH);
}

/* PROTOCOL §2.1: Ed25519 over the canonical JSON of the signed body. */
static struct occ_result
check_signature(struct occ_run *run, struct occ_error *err)
{
    const struct occ_result result =
        occ_ed25519_verify(run->proof.public_key, occ_buf_view(run->body), run->proof.signature);
    return occ_is_ok(result) ? result : occ_error_code(err, result.code);
}

static bool
has_agency(const struct occ_run *run)
{
    return run->proof.agency != NULL;
}

/* slotAllocation is not signed: a proof from which somebody took it still says in its commit that it consumed a slot. */
static bool
has_slot(const struct occ_run *run)
{
    return run->proof.root != NULL && occ_slot_is_claimed(&run->proof);
}

static bool
has_epoch_link(const struct occ_run *run)
{
    return run->proof.epoch_link != NULL;
}

static bool
has_attestation(const struct occ_run *run)
{
    return run->proof.attestation_format.len > 0;
}

static bool
has_timestamps(const struct occ_run *run)
{
    return run->proof.timestamps != NULL;
}

static bool
has_policy(const struct occ_run *run)
{
    return run->input->policy != NULL;
}

static struct occ_result
check_policy(struct occ_run *run, struct occ_error *err)
{
    struct occ_policy_evidence evidence = occ_evidence_for_policy(run->evidence);
    evidence.why_no_attestation = run->why_no_attestation.text[0] == '\0' ? NULL : run->why_no_attestation.text;
    return occ_policy_judge(run->input->policy, &run->proof, &evidence, err);
}

static const struct row rows[] = {
    { "structure", always, check_structure, "an occ/1 proof" },
    { "digest", has_digest, check_digest, "the file's digest is the one in the proof" },
    { "signature", always, check_signature, "the signature covers the signed body and is the key's" },
    { "agency", has_agency, occ_run_agency, "" },
    { "slot", has_slot, occ_run_slot, "" },
    { "epoch-link", has_epoch_link, occ_run_epoch_link, "" },
    { "attestation", has_attestation, occ_run_attestation, "" },
    { "timestamps", has_timestamps, occ_run_timestamps, "" },
    { "policy", has_policy, check_policy, "the proof meets the policy" },
};
_Static_assert(sizeof rows / sizeof rows[0] == OCC_REPORT_CHECKS_MAX, "a report has room for every check");

/* Performs one check and says in the report how it went. */
static OCC_RESULT
run_row(const struct row *row, struct occ_run *run, occ_report *report)
{
    struct occ_report_check *check = occ_report_add(report, row->name);
    check->passed = row->passed;
    if (!occ_report_valid(report)) {
        check->status = OCC_CHECK_NOT_PERFORMED;
        (void)occ_error_set(&check->said, OCC_ERR_UNSUPPORTED, "not performed after the failure before it");
        return occ_success();
    }
    const struct occ_result result = row->perform(run, &check->said);
    if (occ_is_ok(result)) {
        check->status = OCC_CHECK_PASSED;
        return occ_success();
    }
    if (result.code == OCC_ERR_UNSUPPORTED) {
        check->status = OCC_CHECK_NOT_PERFORMED;
        return occ_success();
    }
    OCC_ENSURE(result.code >= OCC_ERR_PROOF_STRUCTURE, result.code);
    check->status = OCC_CHECK_FAILED;
    report->reason = check->said;
    return occ_success();
}

static OCC_RESULT
run_rows(struct occ_run *run, occ_report *report)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].applies(run)) {
            OCC_TRY(run_row(&rows[i], run, report));
        }
    }
    if (run->input->ret_proof != NULL) {
        *run->input->ret_proof = run->proof;
    }
    if (!run->input->with_json) {
        return occ_success();
    }
    const bool sound = run->proof.root != NULL;
    return occ_report_finish(report, sound ? &run->proof : NULL, occ_buf_view(run->body));
}

struct occ_result
occ_checks_run(const struct occ_checks_input *input, occ_report *report)
{
    OCC_BUF_AUTO(body, OCC_LIMIT_CANONICAL_LEN);
    struct occ_run run = { .input = input,
                           .body = input->body == NULL ? &body : input->body,
                           .evidence = &report->evidence };
    occ_buf_reset(run.body);
    return run_rows(&run, report);
}
