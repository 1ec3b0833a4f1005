/* predecessor.c — see predecessor.h. */
#include "enclave/predecessor.h"

#include "verify/verify.h"

static void
report_cleanup(occ_report **report)
{
    occ_report_free(*report);
}

/* What is there was verified; it is not enough that nothing failed. */
static struct occ_result
check_performed(const occ_report *report, struct occ_error *err)
{
    for (size_t i = 0; i < occ_report_check_count(report); i++) {
        struct occ_check check = { .size = sizeof check };
        (void)occ_report_check(report, i, &check);
        if (check.status == OCC_CHECK_NOT_PERFORMED && strcmp(check.name, "timestamps") != 0) {
            return occ_error_set(err, OCC_ERR_UNSUPPORTED, "%s: %s", check.name, check.text);
        }
    }
    return occ_success();
}

struct occ_result
occ_predecessor_check(void *ctx, const struct occ_json *proof, struct occ_error *err)
{
    __attribute__((cleanup(report_cleanup))) occ_report *report = NULL;
    const struct occ_verify_request request = { .proof = proof, .without_json = true };
    const enum occ_err code = occ_verify_json(ctx, &request, &report);
    if (code != OCC_OK) {
        return occ_error_set(err, code, "%s", report == NULL ? occ_result_text(code) : occ_report_reason(report));
    }
    return check_performed(report, err);
}
