/* timestamp_rules.c — see timestamp_maker.h: named variations, each with what a verifier must say. */
#include "support/timestamp_maker.h"

#include <stdio.h>

#define RULE(function, assignments) \
    static void function(struct timestamp_plan *plan) \
    { \
        assignments; \
    }

static void
set_gen_time(struct timestamp_plan *plan, size_t at, const char *rest)
{
    snprintf(plan->gen_time + at, sizeof plan->gen_time - at, "%s", rest);
}

/* Good ones. */
RULE(good, (void)plan)
RULE(ess_v1, plan->naming = TIMESTAMP_NAMES_V1)
RULE(ess_v1_issuer, plan->naming = TIMESTAMP_NAMES_V1 | TIMESTAMP_NAMES_ISSUER)
RULE(ess_v2_issuer, plan->naming = TIMESTAMP_NAMES_V2 | TIMESTAMP_NAMES_ISSUER)
RULE(ess_v2_sha512, plan->naming_digest = "SHA512")
RULE(ess_both, plan->naming = TIMESTAMP_NAMES_V1 | TIMESTAMP_NAMES_V2)
RULE(key_id, plan->by_key_id = true)
RULE(rsa, plan->signer.key = TIMESTAMP_RSA_2048)
RULE(rsa_pss, plan->signer.key = TIMESTAMP_RSA_2048; plan->is_pss = true)
RULE(p384, plan->signer.key = TIMESTAMP_P384; plan->digest = "SHA384")
RULE(sha512, plan->digest = "SHA512")
RULE(fraction, set_gen_time(plan, 14, ".123456789Z"))
RULE(with_root, plan->with_root = true)
RULE(no_authority, plan->signer_by_root = true)
RULE(strangers, plan->more_certificates = 3)
RULE(other_authorities, plan->more_certificates = 3; plan->more_authorities = true)
RULE(no_accuracy, plan->accuracy_s = plan->accuracy_ms = plan->accuracy_us = -1)
RULE(no_nonce, plan->has_nonce = false)
RULE(no_key_usage, plan->signer.key_usage = NULL)
RULE(non_repudiation, plan->signer.key_usage = "critical,nonRepudiation")
RULE(unsigned_attribute, plan->unsigned_attribute = true)
/* valid at genTime and not since: what a proof that is decades old has */
RULE(expired_since, plan->signer.not_after = plan->signer.not_before + 101 * 86400)

/* Not a token. */
RULE(version, plan->version = 2)
RULE(imprint_sha1, plan->imprint_algorithm = "SHA1"; plan->imprint.len = 20)
RULE(imprint_length, plan->imprint.len = 31)
RULE(content_data, plan->content_type = "1.2.840.113549.1.7.1")
RULE(content_type, plan->content_type = "1.3.6.1.4.1.32473.6")
RULE(no_attributes, plan->no_attributes = true)
RULE(two_signers, plan->two_signers = true)
RULE(signature_sha1, plan->digest = "SHA1")
RULE(critical_extension, plan->has_critical_extension = true)
RULE(gen_time_offset, set_gen_time(plan, 14, "+0100"))
RULE(gen_time_local, set_gen_time(plan, 14, ""))
RULE(gen_time_no_seconds, set_gen_time(plan, 12, "Z"))
RULE(gen_time_leap, set_gen_time(plan, 12, "60Z"))
RULE(gen_time_date, set_gen_time(plan, 4, "0230120000Z"))
RULE(gen_time_point, set_gen_time(plan, 14, ".Z"))
RULE(accuracy, plan->accuracy_ms = 1000)
RULE(many_certificates, plan->more_certificates = 15)

/* Not its signer's certificate. */
RULE(no_certificate, plan->no_signer_certificate = true)
RULE(no_naming, plan->naming = 0)
RULE(other_v1, plan->naming = TIMESTAMP_NAMES_V1 | TIMESTAMP_NAMES_OTHER)
RULE(other_v2, plan->naming = TIMESTAMP_NAMES_V2 | TIMESTAMP_NAMES_OTHER)
RULE(other_issuer, plan->naming = TIMESTAMP_NAMES_V2 | TIMESTAMP_NAMES_OTHER_ISSUER)
RULE(ess_v2_sha1, plan->naming_digest = "SHA1")

/* Not for timestamps alone. */
RULE(no_eku, plan->signer.extended_key_usage = NULL)
RULE(eku_other, plan->signer.extended_key_usage = "critical,codeSigning")
RULE(eku_not_critical, plan->signer.extended_key_usage = "timeStamping")
RULE(eku_second, plan->signer.extended_key_usage = "critical,timeStamping,codeSigning")
RULE(eku_unknown, plan->signer.extended_key_usage = "critical,timeStamping,1.3.6.1.4.1.32473.5")
RULE(eku_any, plan->signer.extended_key_usage = "critical,timeStamping,anyExtendedKeyUsage")
RULE(ca, plan->signer.basic_constraints = "critical,CA:TRUE")
RULE(key_usage, plan->signer.key_usage = "critical,keyAgreement")
RULE(key_usage_more, plan->signer.key_usage = "critical,digitalSignature,keyCertSign")

/* Not signed. */
RULE(wrong_key, plan->wrong_key = true)
RULE(swapped, plan->swapped = true)
RULE(short_key, plan->signer.key = TIMESTAMP_RSA_1024)
RULE(explicit_curve, plan->signer.key = TIMESTAMP_P256_EXPLICIT)

/* Not valid under its root at genTime. */
RULE(expired, plan->signer.not_after = plan->signer.not_before + 99 * 86400)
RULE(not_yet, plan->signer.not_before = plan->signer.not_after - 99 * 86400)
RULE(authority_expired, plan->authority.not_after = plan->authority.not_before + 999 * (int64_t)86400)
RULE(root_expired, plan->root.not_after = plan->root.not_before + 3649 * (int64_t)86400)
RULE(authority_no_ca, plan->authority.basic_constraints = "critical,CA:FALSE")
RULE(authority_key_usage, plan->authority.key_usage = "critical,digitalSignature")
RULE(path_length, plan->root.basic_constraints = "critical,CA:TRUE,pathlen:0")
RULE(short_root_key, plan->root.key = TIMESTAMP_RSA_1024)
RULE(certificate_sha1, plan->signer.digest = "SHA1")
RULE(unknown_extension, plan->signer.has_unknown_extension = true)

const struct timestamp_rule timestamp_rules[] = {
    { "good", OCC_OK, good },
    { "ess-v1", OCC_OK, ess_v1 },
    { "ess-v1-issuer", OCC_OK, ess_v1_issuer },
    { "ess-v2-issuer", OCC_OK, ess_v2_issuer },
    { "ess-v2-sha512", OCC_OK, ess_v2_sha512 },
    { "ess-both", OCC_OK, ess_both },
    { "key-id", OCC_OK, key_id },
    { "rsa", OCC_OK, rsa },
    { "rsa-pss", OCC_OK, rsa_pss },
    { "p384", OCC_OK, p384 },
    { "sha512", OCC_OK, sha512 },
    { "fraction", OCC_OK, fraction },
    { "with-root", OCC_OK, with_root },
    { "no-authority", OCC_OK, no_authority },
    { "other-authorities", OCC_OK, other_authorities },
    { "strangers", OCC_ERR_TIMESTAMP_SIGNER, strangers },
    { "no-accuracy", OCC_OK, no_accuracy },
    { "no-nonce", OCC_OK, no_nonce },
    { "no-key-usage", OCC_OK, no_key_usage },
    { "non-repudiation", OCC_OK, non_repudiation },
    { "unsigned-attribute", OCC_OK, unsigned_attribute },
    { "expired-since", OCC_OK, expired_since },
    { "version", OCC_ERR_TIMESTAMP_TOKEN, version },
    { "imprint-sha1", OCC_ERR_TIMESTAMP_TOKEN, imprint_sha1 },
    { "imprint-length", OCC_ERR_TIMESTAMP_TOKEN, imprint_length },
    { "content-data", OCC_ERR_TIMESTAMP_TOKEN, content_data },
    { "content-type", OCC_ERR_TIMESTAMP_TOKEN, content_type },
    { "no-attributes", OCC_ERR_TIMESTAMP_TOKEN, no_attributes },
    { "two-signers", OCC_ERR_TIMESTAMP_TOKEN, two_signers },
    { "signature-sha1", OCC_ERR_TIMESTAMP_TOKEN, signature_sha1 },
    { "critical-extension", OCC_ERR_TIMESTAMP_TOKEN, critical_extension },
    { "gen-time-offset", OCC_ERR_TIMESTAMP_TOKEN, gen_time_offset },
    { "gen-time-local", OCC_ERR_TIMESTAMP_TOKEN, gen_time_local },
    { "gen-time-no-seconds", OCC_ERR_TIMESTAMP_TOKEN, gen_time_no_seconds },
    { "gen-time-leap", OCC_ERR_TIMESTAMP_TOKEN, gen_time_leap },
    { "gen-time-date", OCC_ERR_TIMESTAMP_TOKEN, gen_time_date },
    { "gen-time-point", OCC_ERR_TIMESTAMP_TOKEN, gen_time_point },
    { "accuracy", OCC_ERR_TIMESTAMP_TOKEN, accuracy },
    { "many-certificates", OCC_ERR_TIMESTAMP_TOKEN, many_certificates },
    { "no-certificate", OCC_ERR_TIMESTAMP_SIGNER, no_certificate },
    { "no-naming", OCC_ERR_TIMESTAMP_SIGNER, no_naming },
    { "other-v1", OCC_ERR_TIMESTAMP_SIGNER, other_v1 },
    { "other-v2", OCC_ERR_TIMESTAMP_SIGNER, other_v2 },
    { "other-issuer", OCC_ERR_TIMESTAMP_SIGNER, other_issuer },
    { "ess-v2-sha1", OCC_ERR_TIMESTAMP_SIGNER, ess_v2_sha1 },
    { "no-eku", OCC_ERR_TIMESTAMP_PURPOSE, no_eku },
    { "eku-other", OCC_ERR_TIMESTAMP_PURPOSE, eku_other },
    { "eku-not-critical", OCC_ERR_TIMESTAMP_PURPOSE, eku_not_critical },
    { "eku-second", OCC_ERR_TIMESTAMP_PURPOSE, eku_second },
    { "eku-unknown", OCC_ERR_TIMESTAMP_PURPOSE, eku_unknown },
    { "eku-any", OCC_ERR_TIMESTAMP_PURPOSE, eku_any },
    { "ca", OCC_ERR_TIMESTAMP_PURPOSE, ca },
    { "key-usage", OCC_ERR_TIMESTAMP_PURPOSE, key_usage },
    { "key-usage-more", OCC_ERR_TIMESTAMP_PURPOSE, key_usage_more },
    { "wrong-key", OCC_ERR_TIMESTAMP_SIGNATURE, wrong_key },
    { "swapped", OCC_ERR_TIMESTAMP_SIGNATURE, swapped },
    { "short-key", OCC_ERR_TIMESTAMP_SIGNATURE, short_key },
    { "explicit-curve", OCC_ERR_TIMESTAMP_SIGNATURE, explicit_curve },
    { "expired", OCC_ERR_TIMESTAMP_PATH, expired },
    { "not-yet", OCC_ERR_TIMESTAMP_PATH, not_yet },
    { "authority-expired", OCC_ERR_TIMESTAMP_PATH, authority_expired },
    { "root-expired", OCC_ERR_TIMESTAMP_PATH, root_expired },
    { "authority-no-ca", OCC_ERR_TIMESTAMP_SIGNER, authority_no_ca },
    { "authority-key-usage", OCC_ERR_TIMESTAMP_PATH, authority_key_usage },
    { "path-length", OCC_ERR_TIMESTAMP_PATH, path_length },
    { "short-root-key", OCC_ERR_TIMESTAMP_PATH, short_root_key },
    { "certificate-sha1", OCC_ERR_TIMESTAMP_PATH, certificate_sha1 },
    { "unknown-extension", OCC_ERR_TIMESTAMP_PATH, unknown_extension },
};
const size_t timestamp_rules_count = sizeof timestamp_rules / sizeof timestamp_rules[0];

bool
timestamp_plan_break(struct timestamp_plan *plan, const char *rule)
{
    for (size_t i = 0; i < timestamp_rules_count; i++) {
        if (strcmp(timestamp_rules[i].name, rule) == 0) {
            timestamp_rules[i].apply(plan);
            return true;
        }
    }
    return false;
}
