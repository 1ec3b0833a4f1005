/* evidence.c — see evidence.h: copying, the report's evidence object, and what a policy gets to see. */
#include "verify/evidence.h"

#include "base/calendar.h"
#include "codec/canonical.h"

void
occ_evidence_copy(char *to, size_t size, struct occ_bytes text)
{
    size_t len = text.len < size ? text.len : size - 1;
    if (len < text.len) {
        len = occ_bytes_utf8_length(occ_bytes_of(text.ptr, len));
    }
    if (len > 0) {
        memcpy(to, text.ptr, len);
    }
    to[len] = '\0';
}

struct occ_policy_evidence
occ_evidence_for_policy(const struct occ_evidence *evidence)
{
    const struct occ_evidence_attestation *attestation = &evidence->attestation;
    struct occ_policy_evidence found = {
        .attestation_verified = attestation->verified,
        .binding = attestation->binding,
        .actor_verified = evidence->actor.verified,
        .actor_covers_digest = evidence->actor.verified && evidence->actor.facts.covers_digest,
        .slot_verified = evidence->slot_verified,
    };
    for (size_t i = 0; attestation->verified && i < OCC_LIMIT_NITRO_PCRS; i++) {
        found.pcrs[i] = attestation->pcrs[i][0] == '\0' ? NULL : attestation->pcrs[i];
    }
    for (size_t i = 0; i < OCC_EVIDENCE_TIMESTAMPS; i++) {
        const struct occ_evidence_timestamp *timestamp = &evidence->timestamps[i];
        found.timestamp_trusted[i] = timestamp->read && timestamp->facts.trusted;
        found.timestamp_ms[i] = (double)timestamp->facts.gen_time_ms;
    }
    return found;
}

/* ---- the JSON text ---- */

/* Members of one object: the first has no comma in front. */
static void
put_name(struct occ_buf *buf, const char *name)
{
    const bool first =
        buf->fail == OCC_OK && buf->len > 0 && (buf->ptr[buf->len - 1] == '{' || buf->ptr[buf->len - 1] == '[');
    occ_buf_put_str(buf, first ? "" : ",");
    occ_canonical_put_string(buf, occ_bytes_str(name));
    occ_buf_put_byte(buf, ':');
}

static void
put_text(struct occ_buf *buf, const char *name, const char *text)
{
    if (text[0] != '\0') {
        put_name(buf, name);
        occ_canonical_put_string(buf, occ_bytes_str(text));
    }
}

static void
put_bool(struct occ_buf *buf, const char *name, bool value)
{
    put_name(buf, name);
    occ_buf_put_str(buf, value ? "true" : "false");
}

static void
put_u64(struct occ_buf *buf, const char *name, uint64_t value)
{
    put_name(buf, name);
    occ_canonical_put_number(buf, (double)value);
}

/* "name": Unix milliseconds, as commit.time is written. */
static void
put_number(struct occ_buf *buf, const char *name, double value)
{
    put_name(buf, name);
    occ_canonical_put_number(buf, value);
}

static void
put_pcrs(struct occ_buf *buf, const struct occ_evidence_attestation *attestation)
{
    put_name(buf, "pcrs");
    occ_buf_put_byte(buf, '{');
    for (size_t i = 0; i < OCC_LIMIT_NITRO_PCRS; i++) {
        char index[4] = { 0 };
        index[0] = (char)('0' + i % 10);
        if (i >= 10) {
            index[1] = index[0];
            index[0] = (char)('0' + i / 10);
        }
        put_text(buf, index, attestation->pcrs[i]);
    }
    occ_buf_put_byte(buf, '}');
}

static void
put_attestation(struct occ_buf *buf, const struct occ_evidence_attestation *attestation, const struct occ_proof *proof)
{
    put_name(buf, "attestation");
    occ_buf_put_byte(buf, '{');
    put_bool(buf, "verified", attestation->verified);
    put_text(buf, "format", attestation->format);
    if (attestation->simulated) {
        put_bool(buf, "simulated", true);
    }
    if (attestation->verified) {
        put_text(buf, "binding", occ_policy_binding_name(attestation->binding));
        put_text(buf, "measurement", attestation->pcrs[0]);
    }
    if (attestation->body_without_format) {
        put_bool(buf, "bodyWithoutAttestationFormat", true);
    }
    put_text(buf, "moduleId", attestation->module_id);
    put_u64(buf, "time", attestation->time_ms);
    if (proof->has_time) {
        put_number(buf, "timeAfterCommitMs", (double)attestation->time_ms - proof->time_ms);
    }
    if (attestation->not_after_ms > 0) {
        put_u64(buf, "certificateNotBefore", attestation->not_before_ms);
        put_u64(buf, "certificateNotAfter", attestation->not_after_ms);
    }
    put_text(buf, "rootSha256", attestation->root_sha256);
    put_bool(buf, "rootIsAws", attestation->root_is_aws);
    put_pcrs(buf, attestation);
    occ_buf_put_byte(buf, '}');
}

static void
put_timestamp(struct occ_buf *buf, const struct occ_evidence *evidence, size_t index)
{
    const struct occ_evidence_timestamp *timestamp = &evidence->timestamps[index];
    const struct occ_timestamp_facts *facts = &timestamp->facts;
    const struct occ_evidence_attestation *attestation = &evidence->attestation;
    put_name(buf, occ_policy_timestamp_name(index));
    occ_buf_put_byte(buf, '{');
    put_bool(buf, "trusted", facts->trusted);
    put_text(buf, "untrustedBecause", facts->trusted ? "" : facts->untrusted);
    char text[OCC_CALENDAR_TEXT_SIZE];
    occ_calendar_format(facts->gen_time_ms, text);
    put_u64(buf, "genTime", facts->gen_time_ms);
    put_text(buf, "genTimeText", text);
    if (facts->has_accuracy) {
        put_u64(buf, "accuracyUs", facts->accuracy_us);
    }
    put_text(buf, "authority", timestamp->authority);
    put_text(buf, "signer", facts->signer);
    put_text(buf, "signerSha256", timestamp->signer_sha256);
    put_text(buf, "rootSha256", timestamp->root_sha256);
    put_text(buf, "policy", facts->policy);
    put_text(buf, "serial", facts->serial);
    if (attestation->verified &&
        facts->trusted) { /* anybody makes a token of an untrusted authority, with any genTime */
        put_bool(buf, "insideAttestationCertificate",
                 facts->gen_time_ms >= attestation->not_before_ms && facts->gen_time_ms <= attestation->not_after_ms);
    }
    occ_buf_put_byte(buf, '}');
}

static void
put_actor(struct occ_buf *buf, const struct occ_evidence_actor *actor)
{
    const struct occ_webauthn_facts *webauthn = &actor->facts.webauthn;
    put_name(buf, "actor");
    occ_buf_put_byte(buf, '{');
    put_bool(buf, "verified", actor->verified);
    put_text(buf, "keyId", actor->key_id);
    put_text(buf, "provider", actor->provider);
    if (actor->verified) {
        put_text(buf, "form", occ_actor_form_name(actor->facts.form));
        put_bool(buf, "coversArtifact", actor->facts.covers_digest);
    }
    if (actor->verified && actor->facts.form == OCC_ACTOR_DIRECT) {
        put_number(buf, "time", actor->facts.timestamp_ms); /* in a WebAuthn authorization no signature covers it */
    }
    if (actor->verified && actor->facts.first_of_batch) {
        put_u64(buf, "batchIndex", actor->facts.batch_index);
        put_u64(buf, "batchSize", actor->facts.batch_size);
    }
    if (actor->verified && actor->facts.form != OCC_ACTOR_DIRECT) {
        put_text(buf, "rpId", actor->rp_id);
        put_text(buf, "origin", webauthn->origin);
        put_bool(buf, "originChecked", webauthn->origin_checked);
        put_bool(buf, "crossOrigin", webauthn->cross_origin);
        put_bool(buf, "backedUp", webauthn->backed_up);
    }
    occ_buf_put_byte(buf, '}');
}

/* A text member of an object of the proof, whose structure was found sound. */
static void
put_member(struct occ_buf *buf, const char *name, const struct occ_json *object, const char *member)
{
    const struct occ_json *value = occ_json_get(object, member);
    if (value != NULL) {
        put_name(buf, name);
        occ_canonical_put(buf, value);
    }
}

static void
put_slot(struct occ_buf *buf, const struct occ_evidence *evidence, const struct occ_proof *proof)
{
    put_name(buf, "slot");
    occ_buf_put_byte(buf, '{');
    put_member(buf, "counter", proof->slot_allocation, "counter");
    put_member(buf, "time", proof->slot_allocation, "time");
    put_bool(buf, "hashWithoutChainId", evidence->slot_hash_without_chain_id);
    occ_buf_put_byte(buf, '}');
}

static void
put_epoch_link(struct occ_buf *buf, const struct occ_proof *proof)
{
    put_name(buf, "epochLink");
    occ_buf_put_byte(buf, '{');
    put_member(buf, "prevEpochId", proof->epoch_link, "prevEpochId");
    put_member(buf, "prevCounter", proof->epoch_link, "prevCounter");
    put_member(buf, "prevProofHashB64", proof->epoch_link, "prevProofHashB64");
    occ_buf_put_byte(buf, '}');
}

static bool
has_timestamp(const struct occ_evidence *evidence)
{
    return evidence->timestamps[OCC_TIMESTAMP_ARTIFACT].read || evidence->timestamps[OCC_TIMESTAMP_PROOF].read;
}

void
occ_evidence_put(struct occ_buf *buf, const struct occ_evidence *evidence, const struct occ_proof *proof)
{
    const bool any = evidence->attestation.read || evidence->actor.read || evidence->slot_verified ||
                     evidence->epoch_link_checked || has_timestamp(evidence);
    if (!any) {
        return;
    }
    occ_buf_put_str(buf, ",\"evidence\":{");
    if (evidence->actor.read) {
        put_actor(buf, &evidence->actor);
    }
    if (evidence->slot_verified) {
        put_slot(buf, evidence, proof);
    }
    if (evidence->epoch_link_checked) {
        put_epoch_link(buf, proof);
    }
    if (evidence->attestation.read) {
        put_attestation(buf, &evidence->attestation, proof);
    }
    if (has_timestamp(evidence)) {
        put_name(buf, "timestamps");
        occ_buf_put_byte(buf, '{');
        for (size_t i = 0; i < OCC_EVIDENCE_TIMESTAMPS; i++) {
            if (evidence->timestamps[i].read) {
                put_timestamp(buf, evidence, i);
            }
        }
        occ_buf_put_byte(buf, '}');
    }
    occ_buf_put_byte(buf, '}');
}
