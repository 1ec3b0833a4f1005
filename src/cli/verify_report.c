/* verify_report.c — see verify_report.h. */
#include "cli/verify_report.h"

#include "base/limits.h"
#include "cli/facts.h"
#include "cli/text.h"
#include "codec/canonical.h"
#include "proof/proof.h"
#include "verify/unsigned.h"

enum { LINE_LEN_MAX = 4096 };

void
occ_verify_report_put_mark(struct occ_buf *out, bool color, enum occ_check_status status)
{
    static const struct {
        const char *color, *sign;
    } marks[] = { [OCC_CHECK_PASSED] = { "\033[32m", "✓" },
                  [OCC_CHECK_FAILED] = { "\033[31m", "✗" },
                  [OCC_CHECK_NOT_PERFORMED] = { "\033[33m", "–" } };
    occ_buf_put_format(out, "%s%s%s", color ? marks[status].color : "", marks[status].sign, color ? "\033[0m" : "");
}

static void
put_check(struct occ_buf *out, bool color, enum occ_check_status status, const char *name, const char *text)
{
    occ_buf_put_str(out, "  ");
    occ_verify_report_put_mark(out, color, status);
    occ_buf_put_format(out, " %-11s ", name);
    occ_text_put_safe(out, occ_bytes_str(text));
    occ_buf_put_byte(out, '\n');
}

static void
put_checks(struct occ_buf *out, const struct occ_verify_view *view, const occ_report *report)
{
    struct occ_check check = { .size = sizeof check };
    for (size_t i = 0; occ_report_check(report, i, &check) != 0; i++) {
        put_check(out, view->color, check.status, check.name, check.text);
        if (i == 0 && !view->has_digest) {
            put_check(out, view->color, OCC_CHECK_NOT_PERFORMED, "digest",
                      "no FILE was given to hold the proof against");
        }
    }
}

static bool
is_simulated(const struct occ_attestation *found)
{
    return strcmp(found->format, "sim-nitro") == 0;
}

/* " (not verified: slot, attestation)": valid is not to read as more than it is. */
static void
put_left_open(struct occ_buf *out, const occ_report *report)
{
    struct occ_check check = { .size = sizeof check };
    const char *gap = " (not verified: ";
    for (size_t i = 0; occ_report_check(report, i, &check) != 0; i++) {
        if (check.status == OCC_CHECK_NOT_PERFORMED) {
            occ_buf_put_format(out, "%s%s", gap, check.name);
            gap = ", ";
        }
    }
    occ_buf_put_str(out, gap[0] == ',' ? ")" : "");
    struct occ_attestation found = { .size = sizeof found };
    if (occ_report_attestation(report, &found) != 0 && is_simulated(&found)) {
        occ_buf_put_str(out, " (SIMULATED attestation)");
    }
}

static void
put_verdict(struct occ_buf *out, const struct occ_verify_view *view, const occ_report *report)
{
    const bool valid = occ_report_valid(report) != 0;
    occ_text_put_safe(out, occ_bytes_str(view->proof_name));
    if (view->is_array) {
        occ_buf_put_format(out, "[%zu]", view->index);
    }
    const char *color = valid ? "\033[1;32m" : "\033[1;31m";
    occ_buf_put_format(out, ": %s%s%s", view->color ? color : "", valid ? "valid" : "NOT VALID",
                       view->color ? "\033[0m" : "");
    if (!valid) {
        occ_buf_put_str(out, ": ");
        occ_text_put_safe(out, occ_bytes_str(occ_report_reason(report)));
    } else {
        if (view->file_name != NULL) {
            occ_buf_put_str(out, ", for ");
            occ_text_put_safe(out, occ_bytes_str(view->file_name));
        }
        put_left_open(out, report);
    }
    occ_buf_put_byte(out, '\n');
}

/* ---- the evidence ---- */

/* "0.4 s after", "3 ms before": a time as seen from another. */
static void
put_distance(struct occ_buf *line, double ms)
{
    const double size = ms < 0 ? -ms : ms;
    const uint64_t whole = size < 1e15 ? (uint64_t)size : UINT64_C(1000000000000000);
    if (whole < 10000) {
        occ_buf_put_u64(line, whole);
        occ_buf_put_str(line, " ms");
    } else {
        occ_buf_put_u64(line, whole / 1000);
        occ_buf_put_str(line, " s");
    }
    occ_buf_put_str(line, ms < 0 ? " before" : " after");
}

static void
put_attestation(struct occ_buf *out, const struct occ_proof *proof, const struct occ_attestation *found)
{
    OCC_BUF_AUTO(line, LINE_LEN_MAX);
    const bool simulated = is_simulated(found);
    occ_buf_put_str(&line, simulated ? "SIMULATED document of " : "document of ");
    occ_text_put_time(&line, (double)found->time_ms);
    if (proof->has_time) {
        occ_buf_put_str(&line, ", ");
        put_distance(&line, (double)found->time_ms - proof->time_ms);
        occ_buf_put_str(&line, " the signer's time");
    }
    if (found->verified == 0) {
        occ_buf_put_str(&line, " (NOT verified)");
    }
    occ_facts_put_line(out, "attestation", occ_buf_view(&line));
    occ_facts_put_line(out, "enclave", occ_bytes_str(found->module_id));
    occ_buf_reset(&line);
    const char *whose = simulated                 ? "the simulation's, given with --sim-nitro-root"
                        : found->root_is_aws != 0 ? "AWS's"
                                                  : "given with --nitro-root, not AWS's";
    occ_buf_put_format(&line, "%s%s, SHA-256 %s", found->verified != 0 ? "" : "held against ", whose,
                       found->root_sha256);
    occ_facts_put_line(out, "root", occ_buf_view(&line));
}

static void
put_timestamps(struct occ_buf *out, const occ_report *report, const struct occ_attestation *attestation)
{
    static const char *const labels[] = { "timestamp", "timestamp 2" };
    static const char *const about[] = { " for the digest", " for the whole proof" };
    struct occ_timestamp found = { .size = sizeof found };
    for (unsigned i = 0; i < 2; i++) {
        if (occ_report_timestamp(report, i, &found) == 0) {
            continue;
        }
        OCC_BUF_AUTO(line, LINE_LEN_MAX);
        occ_text_put_time(&line, (double)found.gen_time_ms);
        occ_buf_put_format(&line, "%s, %s by ", about[i],
                           found.trusted != 0 ? "signed" : "NOT of a trusted authority, signed");
        occ_buf_put_str(&line, found.signer_name);
        if (found.trusted != 0 && attestation != NULL && attestation->verified != 0) {
            const bool inside = found.gen_time_ms >= attestation->certificate_not_before_ms &&
                                found.gen_time_ms <= attestation->certificate_not_after_ms;
            occ_buf_put_str(&line, inside ? "; while the attestation's certificate was valid"
                                          : "; NOT while the attestation's certificate was valid");
        }
        occ_facts_put_line(out, labels[i], occ_buf_view(&line));
    }
}

static void
put_actor(struct occ_buf *out, const struct occ_actor *found)
{
    OCC_BUF_AUTO(line, LINE_LEN_MAX);
    occ_buf_put_format(&line, "%s, ", found->key_id);
    if (found->verified == 0) {
        occ_buf_put_str(&line, "NOT verified");
    } else if (found->covers_artifact != 0) {
        occ_buf_put_format(&line, "%s: signed for this digest", found->form);
    } else if (found->first_of_batch != 0 && strcmp(found->form, "webauthn-bare") != 0) {
        occ_buf_put_format(&line, "%s: signed the first digest of a batch, not this one", found->form);
    } else {
        occ_buf_put_format(&line, "%s: signed a challenge, not this digest", found->form);
    }
    occ_facts_put_line(out, "actor", occ_buf_view(&line));
    if (found->origin[0] != '\0') {
        occ_buf_reset(&line);
        occ_buf_put_format(&line, "%s%s%s", found->origin, found->cross_origin != 0 ? ", inside another page" : "",
                           found->origin_checked != 0 ? "" : " (no --origin was given to hold it against)");
        occ_facts_put_line(out, "origin", occ_buf_view(&line));
    }
}

/* A member's name. In quotes if it could be taken for more than a name: "note (verified by its own signature)". */
static void
put_name(struct occ_buf *names, struct occ_bytes name)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    bool is_plain = name.len > 0;
    for (size_t i = 0; is_plain && i < name.len; i++) {
        is_plain = memchr(plain, name.ptr[i], sizeof plain - 1) != NULL;
    }
    if (is_plain) {
        occ_buf_put(names, name);
    } else {
        occ_canonical_put_string(names, name);
    }
}

/* What the proof's signature does not cover; after it, whether another signature does that was verified here. */
static void
put_unsigned_name(void *ctx, const char *parent, struct occ_bytes name, bool backed)
{
    struct occ_buf *names = ctx;
    occ_buf_put_format(names, "%s%s%s", names->len == 0 ? "" : ", ", parent, parent[0] == '\0' ? "" : ".");
    put_name(names, name);
    if (backed) {
        occ_buf_put_str(names, " (verified by its own signature)");
    }
}

void
occ_verify_report_put(struct occ_buf *out, const struct occ_verify_view *view, const struct occ_json *value,
                      const occ_report *report)
{
    if (view->index > 0) {
        occ_buf_put_byte(out, '\n');
    }
    put_verdict(out, view, report);
    put_checks(out, view, report);
    struct occ_proof proof;
    if (!occ_is_ok(occ_proof_read(value, NULL, &proof))) {
        return;
    }
    struct occ_attestation attestation = { .size = sizeof attestation };
    struct occ_actor actor = { .size = sizeof actor };
    const bool has_document = occ_report_attestation(report, &attestation) != 0;
    occ_buf_put_str(out, occ_report_valid(report) ? "\n" : "\n  What the refused proof says of itself:\n");
    occ_facts_put_proof(out, &proof, has_document && attestation.verified != 0);
    if (has_document) {
        put_attestation(out, &proof, &attestation);
    }
    put_timestamps(out, report, has_document ? &attestation : NULL);
    if (occ_report_actor(report, &actor) != 0) {
        put_actor(out, &actor);
    }
    OCC_BUF_AUTO(names, OCC_LIMIT_CANONICAL_LEN);
    occ_unsigned_each(report, &proof, put_unsigned_name, &names);
    if (names.len > 0) {
        occ_facts_put_line(out, "not signed", occ_buf_view(&names));
    }
}
