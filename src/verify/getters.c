/* getters.c — the evidence of a report, for C callers: see <occ/verify.h>. */
#include "verify/report.h"

/* The last member that each struct had in the first version: stays, when members are added behind it. */
enum {
    FIRST_ATTESTATION = OCC_REPORT_END_OF(struct occ_attestation, root_is_aws),
    FIRST_TIMESTAMP = OCC_REPORT_END_OF(struct occ_timestamp, root_sha256),
    FIRST_ACTOR = OCC_REPORT_END_OF(struct occ_actor, backed_up)
};

/* The last member that each has now. What is behind it is padding here, and may be a member of a newer caller's. */
enum {
    KNOWN_ATTESTATION = OCC_REPORT_END_OF(struct occ_attestation, root_is_aws),
    KNOWN_TIMESTAMP = OCC_REPORT_END_OF(struct occ_timestamp, root_sha256),
    KNOWN_ACTOR = OCC_REPORT_END_OF(struct occ_actor, backed_up)
};

int
occ_report_attestation(const occ_report *report, struct occ_attestation *ret)
{
    if (report == NULL || ret == NULL || !report->evidence.attestation.read) {
        return 0;
    }
    const struct occ_evidence_attestation *found = &report->evidence.attestation;
    const struct occ_attestation full = { .verified = found->verified,
                                          .format = found->format,
                                          .binding = found->verified ? occ_policy_binding_name(found->binding) : "",
                                          .module_id = found->module_id,
                                          .time_ms = found->time_ms,
                                          .certificate_not_before_ms = found->not_before_ms,
                                          .certificate_not_after_ms = found->not_after_ms,
                                          .root_sha256 = found->root_sha256,
                                          .root_is_aws = found->root_is_aws };
    return occ_report_hand_out(&full, KNOWN_ATTESTATION, FIRST_ATTESTATION, ret);
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
    if (report == NULL || ret == NULL || index >= OCC_EVIDENCE_TIMESTAMPS || !report->evidence.timestamps[index].read) {
        return 0;
    }
    const struct occ_evidence_timestamp *found = &report->evidence.timestamps[index];
    const struct occ_timestamp full = { .trusted = found->facts.trusted,
                                        .gen_time_ms = found->facts.gen_time_ms,
                                        .accuracy_us = found->facts.accuracy_us,
                                        .authority = found->authority,
                                        .signer = found->facts.signer,
                                        .signer_name = found->facts.signer_name,
                                        .signer_sha256 = found->signer_sha256,
                                        .policy = found->facts.policy,
                                        .serial = found->facts.serial,
                                        .untrusted = found->facts.trusted ? "" : found->facts.untrusted,
                                        .root_sha256 = found->root_sha256 };
    return occ_report_hand_out(&full, KNOWN_TIMESTAMP, FIRST_TIMESTAMP, ret);
}

int
occ_report_actor(const occ_report *report, struct occ_actor *ret)
{
    if (report == NULL || ret == NULL || !report->evidence.actor.read) {
        return 0;
    }
    const struct occ_evidence_actor *found = &report->evidence.actor;
    const struct occ_webauthn_facts *webauthn = &found->facts.webauthn; /* all zero unless verified, and of that form */
    const bool direct = found->verified && found->facts.form == OCC_ACTOR_DIRECT;
    const struct occ_actor full = { .verified = found->verified,
                                    .key_id = found->key_id,
                                    .provider = found->provider,
                                    .form = found->verified ? occ_actor_form_name(found->facts.form) : "",
                                    .covers_artifact = found->verified && found->facts.covers_digest,
                                    .first_of_batch = found->verified && found->facts.first_of_batch,
                                    .rp_id = found->rp_id,
                                    .origin = webauthn->origin,
                                    .time_ms = direct ? found->facts.timestamp_ms : 0,
                                    .origin_checked = webauthn->origin_checked,
                                    .cross_origin = webauthn->cross_origin,
                                    .backed_up = webauthn->backed_up };
    return occ_report_hand_out(&full, KNOWN_ACTOR, FIRST_ACTOR, ret);
}
