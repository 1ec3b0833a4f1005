/*
 * policy_judge.c — holds a proof against a policy: PROTOCOL §5. See policy.h.
 *
 * Two rounds, each in the order of the seed's list. The first compares what the proof says; the second refuses what the
 * signer only says where the policy asks for more than words.
 */
#include "proof/policy.h"

#include "base/decimal.h"
#include "codec/number.h"

/* One judgement: all that a field's judge may look at. */
struct judgement {
    const struct occ_policy *policy;
    const struct occ_proof *proof;
    const struct occ_policy_evidence *evidence;
    struct occ_error *err;
};
typedef struct occ_result judge(const struct judgement *j);

/* Entries compare as text (PROTOCOL §5). An empty list holds nothing. */
static bool
list_has(const struct occ_json *list, struct occ_bytes text)
{
    const size_t len = occ_json_length(list);
    for (size_t i = 0; i < len; i++) {
        if (occ_bytes_equal(occ_json_string(occ_json_at(list, i)), text)) {
            return true;
        }
    }
    return false;
}

static OCC_RESULT
refuse(const struct judgement *j, enum occ_err code)
{
    return occ_error_code(j->err, code);
}

/* ---- first round: what the proof says ---- */

/* Equality, not order: "hw-key" refuses measured-tee. */
static OCC_RESULT
judge_enforcement(const struct judgement *j)
{
    if (!j->policy->has_enforcement || j->policy->enforcement == j->proof->enforcement) {
        return occ_success();
    }
    return occ_error_set(j->err, OCC_ERR_POLICY_ENFORCEMENT, "enforcement \"%s\" does not meet required \"%s\"",
                         occ_proof_enforcement_name(j->proof->enforcement),
                         occ_proof_enforcement_name(j->policy->enforcement));
}

static OCC_RESULT
judge_measurement(const struct judgement *j)
{
    const struct occ_json *list = j->policy->allowed_measurements;
    const bool good = list == NULL || list_has(list, j->proof->measurement);
    return good ? occ_success() : refuse(j, OCC_ERR_POLICY_MEASUREMENT);
}

static OCC_RESULT
judge_public_key(const struct judgement *j)
{
    const struct occ_json *list = j->policy->allowed_public_keys;
    const bool good = list == NULL || list_has(list, j->proof->public_key_b64);
    return good ? occ_success() : refuse(j, OCC_ERR_POLICY_PUBLIC_KEY);
}

static OCC_RESULT
judge_attestation_present(const struct judgement *j)
{
    const bool asked = j->policy->require_attestation || j->policy->require_attestation_format != NULL;
    const bool good = !asked || j->proof->attestation_format.len > 0;
    return good ? occ_success() : refuse(j, OCC_ERR_POLICY_ATTESTATION_MISSING);
}

static OCC_RESULT
judge_attestation_format(const struct judgement *j)
{
    const struct occ_json *list = j->policy->require_attestation_format;
    const bool good = list == NULL || list_has(list, j->proof->attestation_format);
    return good ? occ_success() : refuse(j, OCC_ERR_POLICY_ATTESTATION_FORMAT);
}

static OCC_RESULT
judge_counter(const struct judgement *j)
{
    const struct occ_bytes counter = j->proof->counter;
    const struct occ_bytes min = j->policy->min_counter;
    const struct occ_bytes max = j->policy->max_counter;
    if (counter.len == 0 && (min.len > 0 || max.len > 0)) {
        return refuse(j, OCC_ERR_POLICY_COUNTER_MISSING);
    }
    if (min.len > 0 && occ_decimal_compare(counter, min) < 0) {
        return occ_error_set(j->err, OCC_ERR_POLICY_COUNTER_LOW, "counter %.*s below minimum %.*s",
                             OCC_BYTES_ARG(counter), OCC_BYTES_ARG(min));
    }
    if (max.len > 0 && occ_decimal_compare(counter, max) > 0) {
        return occ_error_set(j->err, OCC_ERR_POLICY_COUNTER_HIGH, "counter %.*s above maximum %.*s",
                             OCC_BYTES_ARG(counter), OCC_BYTES_ARG(max));
    }
    return occ_success();
}

/* "time 1 before minimum 2": relation is what stands between the two. */
static OCC_RESULT
refuse_time(const struct judgement *j, enum occ_err code, const char *relation, double bound)
{
    char time_text[OCC_NUMBER_TEXT_SIZE];
    char bound_text[OCC_NUMBER_TEXT_SIZE];
    occ_number_format(j->proof->time_ms, time_text);
    occ_number_format(bound, bound_text);
    return occ_error_set(j->err, code, "time %s %s %s", time_text, relation, bound_text);
}

static OCC_RESULT
judge_time(const struct judgement *j)
{
    const struct occ_policy *policy = j->policy;
    if (!j->proof->has_time && (policy->has_min_time || policy->has_max_time)) {
        return refuse(j, OCC_ERR_POLICY_TIME_MISSING);
    }
    if (policy->has_min_time && j->proof->time_ms < policy->min_time_ms) {
        return refuse_time(j, OCC_ERR_POLICY_TIME_LOW, "before minimum", policy->min_time_ms);
    }
    if (policy->has_max_time && j->proof->time_ms > policy->max_time_ms) {
        return refuse_time(j, OCC_ERR_POLICY_TIME_HIGH, "after maximum", policy->max_time_ms);
    }
    return occ_success();
}

static OCC_RESULT
judge_epoch_id(const struct judgement *j)
{
    const bool good = !j->policy->require_epoch_id || j->proof->epoch_id.len > 0;
    return good ? occ_success() : refuse(j, OCC_ERR_POLICY_EPOCH_MISSING);
}

static bool
asks_for_actor(const struct occ_policy *policy)
{
    return policy->require_actor || policy->allowed_actor_key_ids != NULL || policy->allowed_actor_providers != NULL;
}

static OCC_RESULT
judge_actor_present(const struct judgement *j)
{
    const bool good = !asks_for_actor(j->policy) || j->proof->agency != NULL;
    return good ? occ_success() : refuse(j, OCC_ERR_POLICY_ACTOR_MISSING);
}

static OCC_RESULT
judge_actor_key(const struct judgement *j)
{
    const struct occ_json *list = j->policy->allowed_actor_key_ids;
    const bool good = list == NULL || list_has(list, j->proof->actor_key_id);
    return good ? occ_success() : refuse(j, OCC_ERR_POLICY_ACTOR_KEY);
}

static OCC_RESULT
judge_actor_provider(const struct judgement *j)
{
    const struct occ_json *list = j->policy->allowed_actor_providers;
    const bool good = list == NULL || list_has(list, j->proof->actor_provider);
    return good ? occ_success() : refuse(j, OCC_ERR_POLICY_ACTOR_PROVIDER);
}

/* ---- second round: what needs evidence (PROTOCOL §5, "What the signer only says") ---- */

/* An attestation that was verified here, or a key that the policy itself names. */
static bool
is_backed(const struct judgement *j)
{
    const struct occ_json *keys = j->policy->allowed_public_keys;
    return j->evidence->attestation_verified || (keys != NULL && list_has(keys, j->proof->public_key_b64));
}

static OCC_RESULT
refuse_claimed(const struct judgement *j, enum occ_err code, const char *claim)
{
    const struct occ_bytes format = j->proof->attestation_format;
    if (format.len == 0) {
        return occ_error_set(j->err, code, "%s is only claimed: no attestation present", claim);
    }
    return occ_error_set(j->err, code,
                         "%s is only claimed: attestation format \"%.*s\" cannot be verified by this version", claim,
                         OCC_BYTES_ARG(format));
}

static OCC_RESULT
back_enforcement(const struct judgement *j)
{
    if (!j->policy->has_enforcement || j->policy->enforcement != OCC_ENFORCEMENT_MEASURED_TEE || is_backed(j)) {
        return occ_success();
    }
    return refuse_claimed(j, OCC_ERR_POLICY_ENFORCEMENT_CLAIMED, "enforcement \"measured-tee\"");
}

static OCC_RESULT
back_measurement(const struct judgement *j)
{
    const bool asked = j->policy->allowed_measurements != NULL;
    if (!asked || j->proof->enforcement != OCC_ENFORCEMENT_MEASURED_TEE || is_backed(j)) {
        return occ_success();
    }
    return refuse_claimed(j, OCC_ERR_POLICY_MEASUREMENT_CLAIMED, "measurement");
}

static OCC_RESULT
back_attestation(const struct judgement *j)
{
    const bool asked = j->policy->require_attestation || j->policy->require_attestation_format != NULL;
    if (!asked || j->evidence->attestation_verified) {
        return occ_success();
    }
    return occ_error_set(j->err, OCC_ERR_POLICY_ATTESTATION_UNVERIFIED,
                         "attestation format \"%.*s\" cannot be verified by this version",
                         OCC_BYTES_ARG(j->proof->attestation_format));
}

static OCC_RESULT
back_actor(const struct judgement *j)
{
    const bool good = !asks_for_actor(j->policy) || j->evidence->actor_verified;
    return good ? occ_success() : refuse(j, OCC_ERR_POLICY_ACTOR_UNVERIFIED);
}

struct occ_result
occ_policy_judge(const struct occ_policy *policy, const struct occ_proof *proof,
                 const struct occ_policy_evidence *evidence, struct occ_error *err)
{
    static judge *const judges[] = {
        judge_enforcement,    judge_measurement, judge_public_key, judge_attestation_present, judge_attestation_format,
        judge_counter,        judge_time,        judge_epoch_id,   judge_actor_present,       judge_actor_key,
        judge_actor_provider, back_enforcement,  back_measurement, back_attestation,          back_actor,
    };
    const struct judgement judgement = { policy, proof, evidence, err };
    for (size_t i = 0; i < sizeof judges / sizeof judges[0]; i++) {
        OCC_TRY(judges[i](&judgement));
    }
    return occ_success();
}
