/*
 * policy.h — a verification policy: the 13 fields of the seed, and ours (PROTOCOL §5).
 *
 * Equality, not order; list entries compare as text; a field that the policy needs and the proof lacks fails; an empty list
 * allows nothing; an unknown name or a wrong type is an error, so that a typing mistake never turns a check off.
 */
#ifndef OCC_PROOF_POLICY_H
#define OCC_PROOF_POLICY_H

#include "base/limits.h"
#include "proof/proof.h"

/* What ties an attestation document to a proof (PROTOCOL §5): its signed body, a batch that holds it, or the key alone. */
enum occ_binding { OCC_BINDING_BODY, OCC_BINDING_BATCH, OCC_BINDING_KEY };

/* "body", "batch", "key" */
const char *occ_policy_binding_name(enum occ_binding binding);

/* The timestamps that a proof can have; also bits of require_timestamp. */
enum occ_policy_timestamp { OCC_TIMESTAMP_ARTIFACT, OCC_TIMESTAMP_PROOF, OCC_TIMESTAMPS };
/* "artifact", "proof": the members of timestamps; index below OCC_TIMESTAMPS. */
const char *occ_policy_timestamp_name(size_t index);

/* A parsed policy; views into its tree, which must outlive it. */
struct occ_policy {
    bool has_enforcement;
    enum occ_enforcement enforcement;            /* requireEnforcement */
    const struct occ_json *allowed_measurements; /* arrays of strings, or NULL */
    const struct occ_json *allowed_public_keys;
    bool require_attestation;
    const struct occ_json *require_attestation_format;
    struct occ_bytes min_counter, max_counter; /* decimal text; empty = not asked for */
    bool has_min_time, has_max_time;
    double min_time_ms, max_time_ms;
    bool require_epoch_id;
    bool require_actor;
    const struct occ_json *allowed_actor_key_ids;
    const struct occ_json *allowed_actor_providers;
    /* ours */
    bool require_slot;
    bool require_actor_binding;
    const struct occ_json *allowed_attestation_bindings;
    const struct occ_json *required_pcrs; /* an object: index → array of hex; or NULL */
    unsigned require_timestamp;           /* bit 1 << OCC_TIMESTAMP_… for each that is required */
    bool has_min_timestamp, has_max_timestamp;
    double min_timestamp_ms, max_timestamp_ms;
};

/*
 * Reads a policy. Refusals are OCC_ERR_FIELD_… with a sentence that names the field as path, which begins with prefix
 * ("policy" gives "policy.minCounter: a number, expected a string of decimal digits").
 */
OCC_RESULT occ_policy_read(const struct occ_json *value, const char *prefix, struct occ_error *err,
                           struct occ_policy *ret_policy);

/* What verification established, for the fields that only evidence can satisfy. Views live as long as what made them. */
struct occ_policy_evidence {
    bool attestation_verified;
    enum occ_binding binding;               /* if so */
    const char *pcrs[OCC_LIMIT_NITRO_PCRS]; /* hex, NULL = absent; of a verified attestation only */
    const char *why_no_attestation;         /* a sentence, if there is one that was not verified */
    bool actor_verified;
    bool actor_covers_digest;
    bool slot_verified;
    bool timestamp_trusted[OCC_TIMESTAMPS];
    double timestamp_ms[OCC_TIMESTAMPS]; /* genTime of those trusted */
};

/*
 * Judges a structurally sound proof whose signature verified. The first field that refuses gives code and sentence
 * (OCC_ERR_POLICY_…), in the order of the seed's list and then of ours; first what the proof says is held against every
 * field, then, if all of it fits, what the policy needs evidence for: so "not in allowed set" is said before "only claimed".
 */
OCC_RESULT occ_policy_judge(const struct occ_policy *policy, const struct occ_proof *proof,
                            const struct occ_policy_evidence *evidence, struct occ_error *err);

#endif
