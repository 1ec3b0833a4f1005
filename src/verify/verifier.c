/* verifier.c — the entry points of <occ/verify.h>: what the caller passes is checked here, and parsed. */
#include "verify/verify.h"

#include <stdlib.h>

#include "base/limits.h"
#include "crypto/secret.h"
#include "proof/policy.h"
#include "verify/checks.h"
#include "verify/report.h"

/* Read-only once made, so that threads share it. Roots and caches come here. */
struct occ_verifier {
    struct occ_verifier_options options;
};

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

/*
 * A struct of the caller's that begins with its size: at least what this library knows, and what it does not know zero.
 */
static OCC_RESULT
check_struct(const void *given, size_t size, size_t known)
{
    OCC_ENSURE(size >= known, OCC_ERR_USAGE);
    for (size_t i = known; i < size; i++) {
        OCC_ENSURE(((const uint8_t *)given)[i] == 0, OCC_ERR_UNSUPPORTED);
    }
    return occ_success();
}

enum occ_err
occ_verifier_new(const struct occ_verifier_options *options, occ_verifier **ret_verifier)
{
    if (ret_verifier == NULL) {
        return OCC_ERR_USAGE;
    }
    *ret_verifier = NULL;
    if (options != NULL) {
        const struct occ_result checked = check_struct(options, options->size, sizeof *options);
        if (!occ_is_ok(checked)) {
            return checked.code;
        }
    }
    occ_json_init();
    const struct occ_result ready = occ_secret_init();
    if (!occ_is_ok(ready)) {
        return ready.code;
    }
    occ_verifier *verifier = calloc(1, sizeof *verifier);
    if (verifier == NULL) {
        return OCC_ERR_NOMEM;
    }
    if (options != NULL) {
        verifier->options = *options;
    }
    verifier->options.size = sizeof verifier->options;
    *ret_verifier = verifier;
    return OCC_OK;
}

void
occ_verifier_free(occ_verifier *verifier)
{
    free(verifier);
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
fill_report(const struct occ_json *proof, const struct occ_json *policy_value, const uint8_t *digest,
            occ_report *report)
{
    struct occ_policy policy;
    struct occ_error err = { 0 };
    if (policy_value != NULL && !occ_is_ok(occ_policy_read(policy_value, "policy", &err, &policy))) {
        return report_malformed(&err, report);
    }
    const struct occ_checks_input input = { proof, policy_value == NULL ? NULL : &policy, digest };
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
fill_report_from_text(const struct occ_verify_input *input, occ_report *report)
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
    return fill_report(proof, policy, input->digest, report);
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

enum occ_err
occ_verify(const occ_verifier *verifier, const struct occ_verify_input *input, occ_report **ret_report)
{
    if (ret_report != NULL) {
        *ret_report = NULL;
    }
    if (verifier == NULL || input == NULL) {
        return OCC_ERR_USAGE;
    }
    const struct occ_result checked = check_struct(input, input->size, sizeof *input);
    if (!occ_is_ok(checked)) {
        return checked.code;
    }
    if (input->proof == NULL || (input->policy == NULL && input->policy_len > 0)) {
        return OCC_ERR_USAGE;
    }
    __attribute__((cleanup(occ_report_cleanup))) occ_report *report = NULL;
    const struct occ_result made = occ_report_new(&report);
    if (!occ_is_ok(made)) {
        return made.code;
    }
    return hand_out(fill_report_from_text(input, report), &report, ret_report);
}

enum occ_err
occ_verify_json(const occ_verifier *verifier, const struct occ_json *proof, const struct occ_json *policy,
                const uint8_t *digest, occ_report **ret_report)
{
    if (ret_report != NULL) {
        *ret_report = NULL;
    }
    if (verifier == NULL || proof == NULL) {
        return OCC_ERR_USAGE;
    }
    __attribute__((cleanup(occ_report_cleanup))) occ_report *report = NULL;
    const struct occ_result made = occ_report_new(&report);
    if (!occ_is_ok(made)) {
        return made.code;
    }
    return hand_out(fill_report(proof, policy, digest, report), &report, ret_report);
}
