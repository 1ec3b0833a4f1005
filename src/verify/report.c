/* report.c — see report.h and <occ/verify.h>. */
#include "verify/report.h"

#include <stdlib.h>

#include "base/base64.h"
#include "base/limits.h"
#include "codec/canonical.h"
#include "crypto/digest.h"
#include "proof/body.h"
#include "verify/unsigned.h"

/* What a report says of itself; what it quotes is bounded by the proof's own text. */
enum { OWN_TEXT_LEN = 64 << 10 };

struct occ_result
occ_report_new(occ_report **ret_report)
{
    occ_report *report = calloc(1, sizeof *report);
    OCC_ENSURE(report != NULL, OCC_ERR_NOMEM);
    report->json = OCC_BUF_INIT(OCC_LIMIT_CANONICAL_LEN + OWN_TEXT_LEN);
    *ret_report = report;
    return occ_success();
}

void
occ_report_free(occ_report *report)
{
    if (report != NULL) {
        occ_buf_clear(&report->json);
        free(report);
    }
}

void
occ_report_cleanup(occ_report **report)
{
    occ_report_free(*report);
    *report = NULL;
}

struct occ_report_check *
occ_report_add(occ_report *report, const char *name)
{
    struct occ_report_check *check = &report->checks[report->check_count++];
    check->name = name;
    return check;
}

/* ---- getters ---- */

int
occ_report_valid(const occ_report *report)
{
    return report != NULL && report->reason.code == OCC_OK;
}

enum occ_err
occ_report_code(const occ_report *report)
{
    return report == NULL ? OCC_ERR_USAGE : report->reason.code;
}

const char *
occ_report_reason(const occ_report *report)
{
    return report == NULL ? "" : report->reason.text;
}

size_t
occ_report_check_count(const occ_report *report)
{
    return report == NULL ? 0 : report->check_count;
}

static const char *
check_text(const struct occ_report_check *check)
{
    return check->status == OCC_CHECK_PASSED && check->said.text[0] == '\0' ? check->passed : check->said.text;
}

static enum occ_err
check_code(const struct occ_report_check *check)
{
    return check->status == OCC_CHECK_FAILED ? check->said.code : OCC_OK;
}

int
occ_report_hand_out(const void *full, size_t known, size_t first, void *ret)
{
    size_t size;
    memcpy(&size, ret, sizeof size);
    if (size < first || size > OCC_LIMIT_STRUCT_LEN) {
        return 0;
    }
    memset(ret, 0, size);
    memcpy(ret, full, size < known ? size : known);
    memcpy(ret, &size, sizeof size);
    return 1;
}

int
occ_report_check(const occ_report *report, size_t index, struct occ_check *ret_check)
{
    enum { FIRST_CHECK = OCC_REPORT_END_OF(struct occ_check, text) };
    if (report == NULL || ret_check == NULL || index >= report->check_count) {
        return 0;
    }
    const struct occ_report_check *check = &report->checks[index];
    const struct occ_check full = {
        .name = check->name, .status = check->status, .code = check_code(check), .text = check_text(check)
    };
    return occ_report_hand_out(&full, sizeof full, FIRST_CHECK, ret_check);
}

const char *
occ_report_json(const occ_report *report, size_t *ret_len)
{
    const bool finished = report != NULL && report->json.len > 0;
    if (ret_len != NULL) {
        *ret_len = finished ? report->json.len - 1 : 0;
    }
    return finished ? (const char *)report->json.ptr : "";
}

/* ---- the JSON text ---- */

static void
put_text(struct occ_buf *buf, const char *lead, struct occ_bytes text)
{
    occ_buf_put_str(buf, lead);
    occ_canonical_put_string(buf, text);
}

/* A member that is left out when its text is empty. */
static void
put_optional(struct occ_buf *buf, const char *lead, struct occ_bytes text)
{
    if (text.len > 0) {
        put_text(buf, lead, text);
    }
}

static void
put_base64(struct occ_buf *buf, const char *lead, const uint8_t *bytes, size_t len)
{
    occ_buf_put_str(buf, lead);
    occ_buf_put_byte(buf, '"');
    occ_base64_put(buf, occ_bytes_of(bytes, len));
    occ_buf_put_byte(buf, '"');
}

static void
put_checks(struct occ_buf *buf, const occ_report *report)
{
    static const char *const status_names[] = {
        [OCC_CHECK_PASSED] = "passed",
        [OCC_CHECK_FAILED] = "failed",
        [OCC_CHECK_NOT_PERFORMED] = "not performed",
    };
    occ_buf_put_str(buf, ",\"checks\":[");
    for (size_t i = 0; i < report->check_count; i++) {
        const struct occ_report_check *check = &report->checks[i];
        put_text(buf, i == 0 ? "{\"name\":" : ",{\"name\":", occ_bytes_str(check->name));
        put_text(buf, ",\"status\":", occ_bytes_str(status_names[check->status]));
        if (check_code(check) != OCC_OK) {
            put_text(buf, ",\"code\":", occ_bytes_str(occ_result_name(check_code(check))));
        }
        put_text(buf, ",\"text\":", occ_bytes_str(check_text(check)));
        occ_buf_put_byte(buf, '}');
    }
    occ_buf_put_byte(buf, ']');
}

/* What nothing but the signer's word stands for, as far as no evidence was verified (PROTOCOL §5). */
static void
put_claimed(struct occ_buf *buf, const struct occ_proof *proof, const struct occ_evidence *evidence)
{
    const struct {
        const char *name;
        bool claimed;
    } claims[] = {
        /* PROTOCOL §5: an attestation shows a program in a TEE; of a hardware key it shows nothing */
        { "enforcement", !evidence->attestation.verified || proof->enforcement != OCC_ENFORCEMENT_MEASURED_TEE },
        /* software that stood in for the device measures nothing */
        { "measurement", !evidence->attestation.verified || evidence->attestation.simulated },
        { "time", proof->has_time },
        { "attestationFormat", proof->attestation_format.len > 0 && !evidence->attestation.verified },
        { "actor", proof->agency != NULL && !evidence->actor.verified },
        { "actor.provider", proof->agency != NULL && evidence->actor.verified },
    };
    const char *lead = ",\"claimed\":[\"";
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        if (claims[i].claimed) {
            occ_buf_put_str(buf, lead);
            occ_buf_put_str(buf, claims[i].name);
            occ_buf_put_byte(buf, '"');
            lead = ",\"";
        }
    }
    occ_buf_put_str(buf, lead[2] == '\0' ? "]" : ",\"claimed\":[]");
}

/* One entry of "unsigned" or "advisory": the path parent.name as one JSON string. */
static void
put_path(struct occ_buf *buf, const char *parent, struct occ_bytes name)
{
    if (buf->fail == OCC_OK && buf->ptr[buf->len - 1] != '[') {
        occ_buf_put_byte(buf, ',');
    }
    if (parent[0] != '\0') {
        occ_buf_put_byte(buf, '"');
        occ_buf_put_str(buf, parent);
    }
    const size_t at = buf->len;
    occ_canonical_put_string(buf, name);
    if (parent[0] != '\0' && buf->fail == OCC_OK) {
        buf->ptr[at] = '.'; /* in place of the name's own opening quote */
    }
}

static void
put_unsigned(void *ctx, const char *parent, struct occ_bytes name, const struct occ_json *value)
{
    (void)value;
    put_path(ctx, parent, name);
}

static void
put_advisory(void *ctx, const char *parent, struct occ_bytes name, bool backed)
{
    if (!backed) {
        put_path(ctx, parent, name);
    }
}

static void
put_facts(struct occ_buf *buf, const struct occ_proof *proof, struct occ_bytes body, const occ_report *report)
{
    put_base64(buf, ",\"proof\":{\"digestB64\":", proof->digest, sizeof proof->digest);
    put_optional(buf, ",\"counter\":", proof->counter);
    if (proof->has_time) {
        occ_buf_put_str(buf, ",\"time\":");
        occ_canonical_put_number(buf, proof->time_ms);
    }
    put_optional(buf, ",\"epochId\":", proof->epoch_id);
    put_optional(buf, ",\"chainId\":", proof->chain_id);
    put_text(buf, ",\"publicKeyB64\":", proof->public_key_b64);
    put_text(buf, ",\"enforcement\":", occ_bytes_str(occ_proof_enforcement_name(proof->enforcement)));
    put_text(buf, ",\"measurement\":", proof->measurement);
    put_optional(buf, ",\"attestationFormat\":", proof->attestation_format);
    uint8_t hash[OCC_SHA256_LEN];
    occ_digest_sha256(body, hash);
    put_base64(buf, ",\"proofHash\":", hash, sizeof hash);
    put_claimed(buf, proof, &report->evidence);
    occ_buf_put_str(buf, ",\"unsigned\":[");
    occ_body_each_unsigned(proof, put_unsigned, buf);
    occ_buf_put_str(buf, "],\"advisory\":[");
    occ_unsigned_each(report, proof, put_advisory, buf);
    occ_buf_put_str(buf, "]}");
}

struct occ_result
occ_report_finish(occ_report *report, const struct occ_proof *proof, struct occ_bytes body)
{
    struct occ_buf *buf = &report->json;
    occ_buf_put_str(buf, occ_report_valid(report) ? "{\"valid\":true" : "{\"valid\":false");
    if (!occ_report_valid(report)) {
        put_text(buf, ",\"reason\":", occ_bytes_str(report->reason.text));
        put_text(buf, ",\"code\":", occ_bytes_str(occ_result_name(report->reason.code)));
    }
    put_checks(buf, report);
    if (proof != NULL) {
        put_facts(buf, proof, body, report);
        occ_evidence_put(buf, &report->evidence, proof);
    }
    occ_buf_put_str(buf, "}");
    occ_buf_put_byte(buf, 0);
    return occ_buf_check(buf);
}
