/* getters.c — the evidence of a report, for C callers: see <occ/verify.h>. */
#include "verify/report.h"

/*
 * Clears the caller's struct, of which this library knows the first known bytes, and keeps its size. A newer caller's members,
 * which this library does not know, are zero.
 */
static bool
prepare(void *ret, size_t size, size_t known)
{
    if (size < known) {
        return false;
    }
    memset(ret, 0, size);
    memcpy(ret, &size, sizeof size);
    return true;
}

int
occ_report_attestation(const occ_report *report, struct occ_attestation *ret)
{
    if (report == NULL || ret == NULL || !report->evidence.attestation.read || !prepare(ret, ret->size, sizeof *ret)) {
        return 0;
    }
    const struct occ_evidence_attestation *found = &report->evidence.attestation;
    ret->verified = found->verified;
    ret->format = found->format;
    ret->binding = found->verified ? occ_policy_binding_name(found->binding) : "";
    ret->module_id = found->module_id;
    ret->time_ms = found->time_ms;
    ret->certificate_not_before_ms = found->not_before_ms;
    ret->certificate_not_after_ms = found->not_after_ms;
    ret->root_sha256 = found->root_sha256;
    ret->root_is_aws = found->root_is_aws;
    return 1;
}

const char *
occ_report_pcr(const occ_report *report, unsigned index)
{
    if (report == NULL || index >= OCC_LIMIT_NITRO_PCRS || report->evidence.attestation.pcrs[index][0] == '\0') {
        return NULL;
    }
    return report->evidence.attestation.pcrs[index];
}

int
occ_report_timestamp(const occ_report *report, unsigned index, struct occ_timestamp *ret)
{
    if (report == NULL || ret == NULL || index >= OCC_EVIDENCE_TIMESTAMPS || !report->evidence.timestamps[index].read ||
        !prepare(ret, ret->size, sizeof *ret)) {
        return 0;
    }
    const struct occ_evidence_timestamp *found = &report->evidence.timestamps[index];
    ret->trusted = found->facts.trusted;
    ret->gen_time_ms = found->facts.gen_time_ms;
    ret->accuracy_us = found->facts.accuracy_us;
    ret->authority = found->authority;
    ret->signer = found->facts.signer;
    ret->signer_name = found->facts.signer_name;
    ret->signer_sha256 = found->signer_sha256;
    ret->policy = found->facts.policy;
    ret->serial = found->facts.serial;
    ret->untrusted = found->facts.trusted ? "" : found->facts.untrusted;
    return 1;
}

int
occ_report_actor(const occ_report *report, struct occ_actor *ret)
{
    if (report == NULL || ret == NULL || !report->evidence.actor.read || !prepare(ret, ret->size, sizeof *ret)) {
        return 0;
    }
    const struct occ_evidence_actor *found = &report->evidence.actor;
    const bool webauthn = found->verified && found->facts.form != OCC_ACTOR_DIRECT;
    ret->verified = found->verified;
    ret->key_id = found->key_id;
    ret->provider = found->provider;
    ret->form = found->verified ? occ_actor_form_name(found->facts.form) : "";
    ret->covers_artifact = found->verified && found->facts.covers_digest;
    ret->first_of_batch = found->verified && found->facts.first_of_batch;
    ret->rp_id = found->rp_id;
    ret->origin = webauthn ? found->facts.webauthn.origin : "";
    ret->time_ms = found->verified && !webauthn ? found->facts.timestamp_ms : 0;
    return 1;
}
