/* verify.c — the entry points of <occ/verify.h>: what the caller passes is checked here, and parsed. */
#include "verify/verify.h"

#include "base/limits.h"
#include "crypto/errors.h"
#include "proof/policy.h"
#include "verify/checks.h"
#include "verify/verifier.h"

const char *
occ_version(void)
{
    return OCC_VERSION;
}

const char *
occ_code_name(enum occ_err code)
{
    return occ_result_name(code);
}

const char *
occ_code_text(enum occ_err code)
{
    return occ_result_text(code);
}

/* True for codes that come with a report: refused, or input that is malformed or too large. */
static bool
has_report(enum occ_err code)
{
    return code == OCC_OK || code == OCC_ERR_LIMIT || (code >= OCC_ERR_BASE64 && code < OCC_ERR_WIRE_FRAME) ||
           code >= OCC_ERR_PROOF_STRUCTURE;
}

/* Finishes a report about input that could not be read. */
static OCC_RESULT
report_malformed(const struct occ_error *why, occ_report *report)
{
    OCC_ENSURE(has_report(why->code), why->code);
    report->reason = *why;
    return occ_report_finish(report, NULL, occ_bytes_of(NULL, 0));
}

static OCC_RESULT
fill_report(const occ_verifier *verifier, const struct occ_verify_request *request, occ_report *report)
{
    struct occ_policy policy;
    struct occ_error err = { 0 };
    if (request->policy != NULL && !occ_is_ok(occ_policy_read(request->policy, "policy", &err, &policy))) {
        return report_malformed(&err, report);
    }
    const struct occ_checks_input input = { .trust = &verifier->trust,
                                            .proof = request->proof,
                                            .policy = request->policy == NULL ? NULL : &policy,
                                            .digest = request->digest,
                                            .with_json = !request->without_json,
                                            .body = request->body,
                                            .ret_proof = request->ret_proof };
    return occ_checks_run(&input, report);
}

/* Reads one text. A refusal is left in *err, with what the text is in front. */
static OCC_RESULT
parse(const char *what, struct occ_bytes text, size_t max, struct occ_error *err, struct occ_json **ret_value)
{
    if (text.len > max) {
        return occ_error_set(err, OCC_ERR_LIMIT, "%s: %zu bytes, expected at most %zu", what, text.len, max);
    }
    struct occ_error inner = { 0 };
    const struct occ_result parsed = occ_json_parse(text, OCC_LIMIT_JSON_DEPTH, &inner, ret_value);
    if (occ_is_ok(parsed)) {
        return parsed;
    }
    return occ_error_set(err, parsed.code, "%s: %s", what, inner.text);
}

static OCC_RESULT
fill_report_from_text(const occ_verifier *verifier, const struct occ_verify_input *input, occ_report *report)
{
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *proof = NULL;
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *policy = NULL;
    struct occ_error err = { 0 };
    if (!occ_is_ok(parse("proof", occ_bytes_of(input->proof, input->proof_len), OCC_LIMIT_PROOF_LEN, &err, &proof))) {
        return report_malformed(&err, report);
    }
    if (input->policy != NULL && !occ_is_ok(parse("policy", occ_bytes_of(input->policy, input->policy_len),
                                                  OCC_LIMIT_POLICY_LEN, &err, &policy))) {
        return report_malformed(&err, report);
    }
    const struct occ_verify_request request = { .proof = proof, .policy = policy, .digest = input->digest };
    return fill_report(verifier, &request, report);
}

/* The verdict, and the report to whom asked for it. */
static enum occ_err
hand_out(struct occ_result filled, occ_report **report, occ_report **ret_report)
{
    if (!occ_is_ok(filled)) {
        return filled.code;
    }
    const enum occ_err code = occ_report_code(*report);
    if (ret_report != NULL) {
        *ret_report = *report;
        *report = NULL;
    }
    return code;
}

static OCC_RESULT
take_input(const occ_verifier *verifier, const struct occ_verify_input *given, struct occ_verify_input *ret_input)
{
    enum { FIRST_INPUT = OCC_REPORT_END_OF(struct occ_verify_input, digest) };
    OCC_ENSURE(verifier != NULL && given != NULL, OCC_ERR_USAGE);
    OCC_TRY(occ_verifier_take_struct(given, FIRST_INPUT, sizeof *ret_input, ret_input));
    OCC_ENSURE(ret_input->proof != NULL && (ret_input->policy != NULL || ret_input->policy_len == 0), OCC_ERR_USAGE);
    return occ_success();
}

enum occ_err
occ_verify(const occ_verifier *verifier, const struct occ_verify_input *input, occ_report **ret_report)
{
    if (ret_report != NULL) {
        *ret_report = NULL;
    }
    struct occ_verify_input known;
    const struct occ_result accepted = take_input(verifier, input, &known);
    if (!occ_is_ok(accepted)) {
        return accepted.code;
    }
    __attribute__((cleanup(occ_errors_cleanup))) struct occ_errors *errors = NULL;
    const struct occ_result taken = occ_errors_take(&errors);
    if (!occ_is_ok(taken)) {
        return taken.code;
    }
    __attribute__((cleanup(occ_report_cleanup))) occ_report *report = NULL;
    const struct occ_result made = occ_report_new(&report);
    if (!occ_is_ok(made)) {
        return made.code;
    }
    return hand_out(fill_report_from_text(verifier, &known, report), &report, ret_report);
}

enum occ_err
occ_verify_json(const occ_verifier *verifier, const struct occ_verify_request *request, occ_report **ret_report)
{
    if (ret_report != NULL) {
        *ret_report = NULL;
    }
    if (verifier == NULL || request->proof == NULL) {
        return OCC_ERR_USAGE;
    }
    __attribute__((cleanup(occ_report_cleanup))) occ_report *report = NULL;
    const struct occ_result made = occ_report_new(&report);
    if (!occ_is_ok(made)) {
        return made.code;
    }
    return hand_out(fill_report(verifier, request, report), &report, ret_report);
}
