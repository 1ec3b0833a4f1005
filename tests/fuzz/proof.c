/*
 * fuzz/proof.c — a proof of any bytes through the whole verifier. Nothing crashes; every verdict is one that verify.h
 * names; and the canonical form of what was read gets the verdict that the bytes got.
 */
#include <stdlib.h>

#include <occ/occ.h>

#include "base/limits.h"
#include "codec/canonical.h"
#include "codec/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static enum occ_err
verify(const occ_verifier *verifier, struct occ_bytes proof)
{
    const struct occ_verify_input input = { .size = sizeof input, .proof = proof.ptr, .proof_len = proof.len };
    occ_report *report = NULL;
    const enum occ_err code = occ_verify(verifier, &input, &report);
    require(report != NULL);
    require(occ_report_code(report) == code);
    require(occ_report_valid(report) == (code == OCC_OK));
    require((occ_report_reason(report)[0] == '\0') == (code == OCC_OK));
    require(code == OCC_OK || (code >= 40 && code < 70) || (code >= 100 && code < 200));

    /* the report is JSON, whatever the proof was */
    size_t len = 0;
    const char *json = occ_report_json(report, &len);
    struct occ_json *root = NULL;
    require(occ_is_ok(occ_json_parse(occ_bytes_of(json, len), OCC_LIMIT_JSON_DEPTH, NULL, &root)));
    require(occ_json_is(occ_json_get(root, "valid"), code == OCC_OK ? OCC_JSON_TRUE : OCC_JSON_FALSE));
    occ_json_free(root);
    occ_report_free(report);
    return code;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    occ_verifier *verifier = NULL;
    require(occ_verifier_new(NULL, &verifier) == OCC_OK);
    const struct occ_bytes text = occ_bytes_of(data == NULL ? (const void *)"" : data, size);
    const enum occ_err code = verify(verifier, text);
    struct occ_json *root = NULL;
    if (occ_is_ok(occ_json_parse(text, OCC_LIMIT_JSON_DEPTH, NULL, &root))) {
        OCC_BUF_AUTO(canonical, OCC_LIMIT_CANONICAL_LEN);
        occ_canonical_put(&canonical, root);
        require(occ_is_ok(occ_buf_check(&canonical)));
        require(verify(verifier, occ_buf_view(&canonical)) == code);
        occ_json_free(root);
    } else {
        require(code >= 40 && code < 60);
    }
    occ_verifier_free(verifier);
    return 0;
}
