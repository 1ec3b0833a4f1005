/* judge.c — see judge.h. */
#include "audit/judge.h"

static void
free_report(occ_report **report)
{
    occ_report_free(*report);
}

/* A proof whose signature verified speaks for its chain, also if something else about it does not please. */
static bool
is_signed(const occ_report *report)
{
    struct occ_check check = { .size = sizeof check };
    for (size_t i = 0; occ_report_check(report, i, &check) != 0; i++) {
        if (strcmp(check.name, "signature") == 0) {
            return check.status == OCC_CHECK_PASSED;
        }
    }
    return false;
}

/* The one place where an audit verifies a proof. */
static OCC_RESULT
verify(const occ_verifier *verifier, const struct occ_json *value, const struct occ_json *policy,
       struct occ_judged *judged, struct occ_proof *ret_proof)
{
    __attribute__((cleanup(free_report))) occ_report *report = NULL;
    const struct occ_verify_request request = {
        .proof = value, .policy = policy, .without_json = true, .ret_proof = ret_proof
    };
    const enum occ_err code = occ_verify_json(verifier, &request, &report);
    OCC_ENSURE(code == OCC_OK || (code >= OCC_ERR_PROOF_STRUCTURE && report != NULL), code);
    judged->verdict = code == OCC_OK ? OCC_VERDICT_VALID : OCC_VERDICT_NOT_VALID;
    judged->in_chain = code == OCC_OK || is_signed(report);
    if (code != OCC_OK) {
        (void)occ_error_set(&judged->why, code, "%s", occ_report_reason(report));
    }
    return occ_success();
}

struct occ_result
occ_judge(const occ_verifier *verifier, const struct occ_json *policy, struct occ_bytes text, struct occ_buf *buf,
          struct occ_judged *ret_judged)
{
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
    ret_judged->in_chain = false;
    ret_judged->simulated = false;
    const struct occ_result parsed = occ_json_parse(text, OCC_LIMIT_JSON_DEPTH, &ret_judged->why, &root);
    if (!occ_is_ok(parsed)) {
        OCC_ENSURE(parsed.code != OCC_ERR_NOMEM, parsed.code);
        ret_judged->verdict = OCC_VERDICT_MALFORMED;
        return occ_success();
    }
    struct occ_proof proof = { .root = NULL };
    OCC_TRY(verify(verifier, root, policy, ret_judged, &proof));
    if (!ret_judged->in_chain) {
        return occ_success();
    }
    memcpy(ret_judged->digest, proof.digest, sizeof ret_judged->digest);
    ret_judged->simulated = occ_bytes_is(proof.attestation_format, "sim-nitro");
    struct occ_error why = { 0 };
    const struct occ_result made = occ_record_make(&proof, buf, &why, &ret_judged->record, &ret_judged->name);
    if (made.code == OCC_ERR_LIMIT && why.code == OCC_ERR_LIMIT) { /* a counter that nothing here can put in order */
        ret_judged->in_chain = false;
        ret_judged->verdict = OCC_VERDICT_NOT_VALID;
        ret_judged->why = why;
        return occ_success();
    }
    return made;
}
