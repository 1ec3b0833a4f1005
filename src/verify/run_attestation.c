/*
 * run_attestation.c — the attestation document of a proof, verified and tied to this very proof (PROTOCOL §5, §7).
 */
#include "base/base64.h"
#include "base/hex.h"
#include "base/limits.h"
#include "evidence/nitro.h"
#include "proof/body.h"
#include "proof/tree.h"
#include "verify/run.h"

/* The document's bytes. The proof's structure has seen that they are canonical base64. */
static OCC_RESULT
decode_report(const struct occ_proof *proof, struct occ_error *err, struct occ_buf *ret_report)
{
    size_t len = 0;
    OCC_TRY(occ_base64_check(proof->attestation_report_b64, &len));
    if (len > OCC_LIMIT_NITRO_DOCUMENT_LEN) {
        return occ_error_set(err, OCC_ERR_NITRO_DOCUMENT,
                             "environment.attestation.reportB64: %zu bytes, expected at most %u", len,
                             (unsigned)OCC_LIMIT_NITRO_DOCUMENT_LEN);
    }
    uint8_t *to = occ_buf_reserve(ret_report, len);
    OCC_TRY(occ_buf_check(ret_report));
    OCC_TRY(occ_base64_decode(proof->attestation_report_b64, len, to, &ret_report->len));
    return occ_success();
}

static void
put_hex(char *to, struct occ_bytes bytes)
{
    occ_hex_encode(bytes, to);
    to[2 * bytes.len] = '\0';
}

/* The root that a document of this format must go up to. */
static const struct occ_checks_root *
root_for(const struct occ_run *run)
{
    const struct occ_checks_trust *trust = run->input->trust;
    return run->evidence->attestation.simulated ? &trust->sim_nitro : &trust->nitro;
}

static void
record(const struct occ_run *run, const struct occ_nitro_document *document)
{
    struct occ_evidence_attestation *found = &run->evidence->attestation;
    found->read = true;
    found->root_is_aws = !found->simulated && run->input->trust->nitro_is_aws;
    found->time_ms = document->time_ms;
    occ_evidence_copy(found->format, sizeof found->format, run->proof.attestation_format);
    occ_evidence_copy(found->module_id, sizeof found->module_id, document->module_id);
    put_hex(found->root_sha256, occ_bytes_of(occ_path_trust_fingerprint(root_for(run)->path), OCC_SHA256_LEN));
    for (size_t i = 0; i < OCC_LIMIT_NITRO_PCRS; i++) {
        if (document->pcrs[i].len > 0) {
            put_hex(found->pcrs[i], document->pcrs[i]);
        }
    }
}

/* PROTOCOL §5: PCR0 is the measurement, after "sim:" in a simulated one, and was measured at all. */
static OCC_RESULT
check_measurement(const struct occ_run *run, const struct occ_nitro_document *document, struct occ_error *err)
{
    if (occ_nitro_is_debug(document)) {
        return occ_error_code(err, OCC_ERR_NITRO_DEBUG);
    }
    const struct occ_evidence_attestation *found = &run->evidence->attestation;
    const char *prefix = found->simulated ? "sim:" : "";
    const struct occ_bytes measurement = run->proof.measurement;
    const size_t len = strlen(prefix);
    if (!occ_bytes_starts(measurement, prefix) ||
        !occ_bytes_is(occ_bytes_of(measurement.ptr + len, measurement.len - len), found->pcrs[0])) {
        return occ_error_set(err, OCC_ERR_NITRO_MEASUREMENT, "%sPCR0 is not the measurement of the proof: %s%.16s…",
                             prefix, prefix, found->pcrs[0]);
    }
    return occ_success();
}

static bool
is_hash_of(struct occ_bytes user_data, const uint8_t hash[OCC_SHA256_LEN])
{
    return occ_bytes_equal(user_data, occ_bytes_of(hash, OCC_SHA256_LEN));
}

/* PROTOCOL §7: the document is about the root of a tree; batch says where in it this proof stands. */
static OCC_RESULT
check_batch(const struct occ_run *run, struct occ_bytes user_data, struct occ_error *err)
{
    struct occ_tree_place place;
    OCC_TRY(occ_tree_read(run->proof.attestation_batch, err, &place));
    uint8_t hash[OCC_SHA256_LEN];
    uint8_t root[OCC_SHA256_LEN];
    occ_digest_sha256(occ_buf_view(run->body), hash);
    occ_tree_root_of(&place, hash, root);
    return is_hash_of(user_data, root) ? occ_success() : occ_error_code(err, OCC_ERR_ATTESTATION_BATCH);
}

/* The document is about this proof's signed body, as it is or as it was written before 2026-03-31. */
static OCC_RESULT
check_body(const struct occ_run *run, struct occ_bytes user_data, struct occ_error *err)
{
    uint8_t hash[OCC_SHA256_LEN];
    occ_digest_sha256(occ_buf_view(run->body), hash);
    if (is_hash_of(user_data, hash)) {
        return occ_success();
    }
    OCC_BUF_AUTO(older, OCC_LIMIT_CANONICAL_LEN);
    occ_body_put_without_format(&older, &run->proof);
    OCC_TRY(occ_buf_check(&older));
    occ_digest_sha256(occ_buf_view(&older), hash);
    if (!is_hash_of(user_data, hash)) {
        return occ_error_code(err, OCC_ERR_NITRO_BINDING);
    }
    run->evidence->attestation.body_without_format = true;
    return occ_success();
}

/* PROTOCOL §5: if user_data is there, it alone decides; only if it is not may public_key bind. */
static OCC_RESULT
check_binding(const struct occ_run *run, const struct occ_nitro_document *document, struct occ_error *err,
              enum occ_binding *ret_binding)
{
    const struct occ_bytes key = occ_bytes_of(run->proof.public_key, sizeof run->proof.public_key);
    const bool has_raw_key = document->has_public_key && document->public_key.len == key.len;
    if (has_raw_key && !occ_bytes_equal(document->public_key, key)) {
        return occ_error_code(err, OCC_ERR_NITRO_KEY);
    }
    if (document->has_user_data && run->proof.attestation_batch != NULL) {
        OCC_TRY(check_batch(run, document->user_data, err));
        *ret_binding = OCC_BINDING_BATCH;
        return occ_success();
    }
    if (document->has_user_data) {
        OCC_TRY(check_body(run, document->user_data, err));
        *ret_binding = OCC_BINDING_BODY;
        return occ_success();
    }
    if (run->proof.attestation_batch != NULL) {
        return occ_error_set(err, OCC_ERR_ATTESTATION_BATCH,
                             "environment.attestation.batch: present, but the document has no user_data");
    }
    OCC_ENSURE(has_raw_key, occ_error_code(err, OCC_ERR_NITRO_BINDING).code);
    *ret_binding = OCC_BINDING_KEY;
    return occ_success();
}

/* What is wrong inside the document, with the document in front, unless it is the whole of it. */
static OCC_RESULT
say_refused(struct occ_result refused, const struct occ_error *why, struct occ_error *err)
{
    if (refused.code < OCC_ERR_PROOF_STRUCTURE || refused.code == OCC_ERR_NITRO_SIGNATURE) {
        *err = *why;
        return refused;
    }
    return occ_error_set(err, refused.code, "attestation document: %s", why->text);
}

static OCC_RESULT
say_verified(const struct occ_evidence_attestation *found, struct occ_error *err)
{
    static const char *const what[] = {
        [OCC_BINDING_BODY] = "about this very proof",
        [OCC_BINDING_BATCH] = "about a batch that holds this proof",
        [OCC_BINDING_KEY] = "about the key that signed",
    };
    if (found->simulated) {
        return occ_error_set(err, OCC_OK, "SIMULATED document %s, under the given root of the simulation, enclave %s",
                             what[found->binding], found->module_id);
    }
    return occ_error_set(err, OCC_OK, "Nitro document %s, %s root, enclave %s", what[found->binding],
                         found->root_is_aws ? "AWS's" : "under the given, NOT AWS's,", found->module_id);
}

/*
 * Its signature and certificates, unless just these bytes were verified under just this root before: they are judged at the
 * document's own time, so the verdict is the same for ever.
 */
static OCC_RESULT
verify_once(const struct occ_checks_root *root, struct occ_bytes report, const struct occ_nitro_document *document,
            struct occ_error *err, struct occ_evidence_attestation *found)
{
    uint8_t name[OCC_SHA256_LEN];
    uint64_t window[2];
    occ_digest_sha256(report, name);
    if (!occ_seen_get(root->documents, name, window)) {
        struct occ_nitro_facts facts;
        OCC_TRY(occ_nitro_verify(document, root->path, err, &facts));
        window[0] = facts.not_before_ms;
        window[1] = facts.not_after_ms;
        occ_seen_put(root->documents, name, window);
    }
    found->not_before_ms = window[0];
    found->not_after_ms = window[1];
    return occ_success();
}

static OCC_RESULT
verify_nitro(struct occ_run *run, struct occ_error *err)
{
    struct occ_evidence_attestation *found = &run->evidence->attestation;
    OCC_BUF_AUTO(report, OCC_LIMIT_NITRO_DOCUMENT_LEN);
    OCC_TRY(decode_report(&run->proof, err, &report));
    struct occ_nitro_document document;
    struct occ_error why = { 0 };
    const struct occ_result read = occ_nitro_read(occ_buf_view(&report), &why, &document);
    if (!occ_is_ok(read)) {
        return say_refused(read, &why, err);
    }
    record(run, &document);
    const struct occ_result verified = verify_once(root_for(run), occ_buf_view(&report), &document, &why, found);
    if (!occ_is_ok(verified)) {
        return say_refused(verified, &why, err);
    }
    OCC_TRY(check_measurement(run, &document, err));
    OCC_TRY(check_binding(run, &document, err, &found->binding));
    found->verified = true;
    return say_verified(found, err);
}

static OCC_RESULT
not_performed(struct occ_run *run, const char *why, struct occ_error *err)
{
    const struct occ_result result = occ_error_set(err, OCC_ERR_UNSUPPORTED, "attestation format \"%.*s\" %s",
                                                   OCC_BYTES_ARG(run->proof.attestation_format), why);
    run->why_no_attestation = *err;
    return result;
}

/* A document of the software that stands in for the device: it vouches for nothing, so the proof may not claim anything. */
static OCC_RESULT
verify_simulated(struct occ_run *run, struct occ_error *err)
{
    if (run->proof.enforcement != OCC_ENFORCEMENT_STUB) {
        return occ_error_set(err, OCC_ERR_ATTESTATION_SIMULATED,
                             "enforcement \"%s\" beside a simulated attestation, expected \"stub\"",
                             occ_proof_enforcement_name(run->proof.enforcement));
    }
    if (run->input->trust->sim_nitro.path == NULL) {
        return not_performed(run, "is SIMULATED: verified only under a root of the simulation, and none was given",
                             err);
    }
    run->evidence->attestation.simulated = true;
    return verify_nitro(run, err);
}

struct occ_result
occ_run_attestation(struct occ_run *run, struct occ_error *err)
{
    if (occ_bytes_is(run->proof.attestation_format, "aws-nitro")) {
        return verify_nitro(run, err);
    }
    if (occ_bytes_is(run->proof.attestation_format, "sim-nitro")) {
        return verify_simulated(run, err);
    }
    return not_performed(run, "cannot be verified by this version", err);
}
