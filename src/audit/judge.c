/* judge.c — see judge.h. */
#include "audit/judge.h"

#include "base/limits.h"

struct occ_result
occ_judge_init(struct occ_judge *judge)
{
    *judge = (struct occ_judge){ .body = OCC_BUF_INIT(OCC_LIMIT_CANONICAL_LEN) };
    OCC_TRY(occ_json_room_new(&judge->room));
    return occ_record_maker_init(&judge->maker);
}

void
occ_judge_clear(struct occ_judge *judge)
{
    occ_json_room_free(judge->room);
    occ_buf_clear(&judge->body);
    occ_record_maker_clear(&judge->maker);
}

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
verify(const occ_verifier *verifier, const struct occ_verify_request *request, struct occ_judged *judged)
{
    __attribute__((cleanup(free_report))) occ_report *report = NULL;
    const enum occ_err code = occ_verify_json(verifier, request, &report);
    OCC_ENSURE(code == OCC_OK || (code >= OCC_ERR_PROOF_STRUCTURE && report != NULL), code);
    judged->verdict = code == OCC_OK ? OCC_VERDICT_VALID : OCC_VERDICT_NOT_VALID;
    judged->in_chain = code == OCC_OK || is_signed(report);
    if (code != OCC_OK) {
        (void)occ_error_set(&judged->why, code, "%s", occ_report_reason(report));
    }
    return occ_success();
}

struct occ_result
occ_judge_proof(struct occ_judge *judge, const occ_verifier *verifier, const struct occ_json *policy,
                struct occ_bytes text, struct occ_judged *ret_judged)
{
    const struct occ_json *root = NULL;
    ret_judged->in_chain = false;
    ret_judged->simulated = false;
    const struct occ_result parsed =
        occ_json_room_parse(judge->room, text, OCC_LIMIT_JSON_DEPTH, &ret_judged->why, &root);
    if (!occ_is_ok(parsed)) {
        OCC_ENSURE(parsed.code != OCC_ERR_NOMEM, parsed.code);
        ret_judged->verdict = OCC_VERDICT_MALFORMED;
        return occ_success();
    }
    struct occ_proof proof = { .root = NULL };
    const struct occ_verify_request request = {
        .proof = root, .policy = policy, .without_json = true, .body = &judge->body, .ret_proof = &proof
    };
    OCC_TRY(verify(verifier, &request, ret_judged));
    if (!ret_judged->in_chain) {
        return occ_success();
    }
    memcpy(ret_judged->digest, proof.digest, sizeof ret_judged->digest);
    ret_judged->simulated = occ_bytes_is(proof.attestation_format, "sim-nitro");
    struct occ_error why = { 0 };
    const struct occ_result made = occ_record_make(&judge->maker, &proof, occ_buf_view(&judge->body), &why,
                                                   &ret_judged->record, &ret_judged->name);
    if (made.code == OCC_ERR_LIMIT && why.code == OCC_ERR_LIMIT) { /* a counter that nothing here can put in order */
        ret_judged->in_chain = false;
        ret_judged->verdict = OCC_VERDICT_NOT_VALID;
        ret_judged->why = why;
        return occ_success();
    }
    return made;
}
