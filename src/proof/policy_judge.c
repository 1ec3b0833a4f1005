/*
 * policy_judge.c — holds a proof against a policy: PROTOCOL §5. See policy.h.
 *
 * Two rounds, each in the order of the seed's list and then of ours. The first compares what the proof says; the second refuses what the
 * signer only says where the policy asks for more than words.
 */
#include "proof/policy.h"

#include "base/decimal.h"
#include "codec/number.h"

enum { TEE_MEASUREMENT_LEN = 2 * 48 };

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

/* Bindings and PCRs are those of an attestation. */
static bool
asks_for_attestation(const struct occ_policy *policy)
{
    return policy->require_attestation || policy->require_attestation_format != NULL ||
           policy->allowed_attestation_bindings != NULL || policy->required_pcrs != NULL;
}

static OCC_RESULT
judge_attestation_present(const struct judgement *j)
{
    const bool good = !asks_for_attestation(j->policy) || j->proof->attestation_format.len > 0;
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

/* "time 1 before minimum 2". */
static OCC_RESULT
refuse_time(const struct judgement *j, enum occ_err code, const char *what, double time_ms, double bound_ms)
{
    char time_text[OCC_NUMBER_TEXT_SIZE];
    char bound_text[OCC_NUMBER_TEXT_SIZE];
    occ_number_format(time_ms, time_text);
    occ_number_format(bound_ms, bound_text);
    return occ_error_set(j->err, code, "%s %s %s %s", what, time_text,
                         time_ms < bound_ms ? "before minimum" : "after maximum", bound_text);
}

static OCC_RESULT
judge_time(const struct judgement *j)
{
    const struct occ_policy *policy = j->policy;
    if (!j->proof->has_time && (policy->has_min_time || policy->has_max_time)) {
        return refuse(j, OCC_ERR_POLICY_TIME_MISSING);
    }
    if (policy->has_min_time && j->proof->time_ms < policy->min_time_ms) {
        return refuse_time(j, OCC_ERR_POLICY_TIME_LOW, "time", j->proof->time_ms, policy->min_time_ms);
    }
    if (policy->has_max_time && j->proof->time_ms > policy->max_time_ms) {
        return refuse_time(j, OCC_ERR_POLICY_TIME_HIGH, "time", j->proof->time_ms, policy->max_time_ms);
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
    return policy->require_actor || policy->require_actor_binding || policy->allowed_actor_key_ids != NULL ||
           policy->allowed_actor_providers != NULL;
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

/* Why the attestation does not back a claim: it is not there, or was not verified. */
static const char *
why_not_backed(const struct judgement *j)
{
    if (j->proof->attestation_format.len == 0) {
        return "no attestation present";
    }
    return j->evidence->why_no_attestation != NULL ? j->evidence->why_no_attestation : "attestation not verified";
}

static OCC_RESULT
refuse_claimed(const struct judgement *j, enum occ_err code, const char *claim)
{
    return occ_error_set(j->err, code, "%s is only claimed: %s", claim, why_not_backed(j));
}

static OCC_RESULT
back_enforcement(const struct judgement *j)
{
    if (!j->policy->has_enforcement || j->policy->enforcement != OCC_ENFORCEMENT_MEASURED_TEE || is_backed(j)) {
        return occ_success();
    }
    return refuse_claimed(j, OCC_ERR_POLICY_ENFORCEMENT_CLAIMED, "enforcement \"measured-tee\"");
}

/*
 * What a TEE measures, in the form in which it is written down: 48 bytes of hex. Software measures itself in words of its own
 * ("stub:…"); a proof of another tier that shows a TEE's measurement borrows it.
 */
static bool
is_tee_measurement(struct occ_bytes measurement)
{
    for (size_t i = 0; i < measurement.len; i++) {
        const uint8_t c = measurement.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) {
            return false;
        }
    }
    return measurement.len == TEE_MEASUREMENT_LEN;
}

static OCC_RESULT
back_measurement(const struct judgement *j)
{
    const bool of_tee =
        j->proof->enforcement == OCC_ENFORCEMENT_MEASURED_TEE || is_tee_measurement(j->proof->measurement);
    if (j->policy->allowed_measurements == NULL || !of_tee || is_backed(j)) {
        return occ_success();
    }
    return refuse_claimed(j, OCC_ERR_POLICY_MEASUREMENT_CLAIMED, "measurement");
}

static OCC_RESULT
back_attestation(const struct judgement *j)
{
    if (!asks_for_attestation(j->policy) || j->evidence->attestation_verified) {
        return occ_success();
    }
    return occ_error_set(j->err, OCC_ERR_POLICY_ATTESTATION_UNVERIFIED, "%s", why_not_backed(j));
}

static OCC_RESULT
back_actor(const struct judgement *j)
{
    const bool good = !asks_for_actor(j->policy) || j->evidence->actor_verified;
    return good ? occ_success() : refuse(j, OCC_ERR_POLICY_ACTOR_UNVERIFIED);
}

static OCC_RESULT
back_slot(const struct judgement *j)
{
    const bool good = !j->policy->require_slot || j->evidence->slot_verified;
    return good ? occ_success() : refuse(j, OCC_ERR_POLICY_SLOT_MISSING);
}

static OCC_RESULT
back_actor_binding(const struct judgement *j)
{
    const bool good = !j->policy->require_actor_binding || j->evidence->actor_covers_digest;
    return good ? occ_success() : refuse(j, OCC_ERR_POLICY_ACTOR_BINDING);
}

static OCC_RESULT
back_binding(const struct judgement *j)
{
    const struct occ_json *list = j->policy->allowed_attestation_bindings;
    if (list == NULL || list_has(list, occ_bytes_str(occ_policy_binding_name(j->evidence->binding)))) {
        return occ_success();
    }
    return occ_error_set(j->err, OCC_ERR_POLICY_ATTESTATION_BINDING, "attestation binding \"%s\" not in allowed set",
                         occ_policy_binding_name(j->evidence->binding));
}

/* Only what a verified document says: back_attestation came before. */
static OCC_RESULT
back_pcrs(const struct judgement *j)
{
    struct occ_json_iter it = { 0 };
    while (j->policy->required_pcrs != NULL && occ_json_next(j->policy->required_pcrs, &it)) {
        uint64_t index = 0;
        OCC_TRY(occ_decimal_to_u64(it.name, &index));
        OCC_ENSURE(index < OCC_LIMIT_NITRO_PCRS, OCC_ERR_INTERNAL);
        const char *value = j->evidence->pcrs[index];
        if (value == NULL || !list_has(it.value, occ_bytes_str(value))) {
            return occ_error_set(j->err, OCC_ERR_POLICY_PCR, "PCR%u not in allowed set", (unsigned)index);
        }
    }
    return occ_success();
}

static bool
has_timestamp(const struct occ_proof *proof, size_t index)
{
    return proof->timestamps != NULL && occ_json_get(proof->timestamps, occ_policy_timestamp_name(index)) != NULL;
}

/* Those that the policy names; if it names none and has a bound on genTime, any one will do. */
static OCC_RESULT
back_timestamps(const struct judgement *j)
{
    const struct occ_policy *policy = j->policy;
    bool any_present = false;
    bool any_trusted = false;
    for (size_t i = 0; i < OCC_TIMESTAMPS; i++) {
        const bool required = (policy->require_timestamp & (1u << i)) != 0;
        const bool present = has_timestamp(j->proof, i);
        any_present = any_present || present;
        any_trusted = any_trusted || j->evidence->timestamp_trusted[i];
        if (required && !present) {
            return occ_error_set(j->err, OCC_ERR_POLICY_TIMESTAMP_MISSING,
                                 "timestamp required but not present: timestamps.%s", occ_policy_timestamp_name(i));
        }
        if (required && !j->evidence->timestamp_trusted[i]) {
            return occ_error_set(j->err, OCC_ERR_POLICY_TIMESTAMP_UNVERIFIED,
                                 "timestamp required but not of a trusted authority: timestamps.%s",
                                 occ_policy_timestamp_name(i));
        }
    }
    if ((policy->has_min_timestamp || policy->has_max_timestamp) && !any_trusted) {
        return refuse(j, any_present ? OCC_ERR_POLICY_TIMESTAMP_UNVERIFIED : OCC_ERR_POLICY_TIMESTAMP_MISSING);
    }
    return occ_success();
}

/* minTimestamp and maxTimestamp hold for genTime of each one required, or, if none is, of each trusted one. */
static OCC_RESULT
back_timestamp_bounds(const struct judgement *j)
{
    const struct occ_policy *policy = j->policy;
    for (size_t i = 0; i < OCC_TIMESTAMPS; i++) {
        const bool meant = policy->require_timestamp == 0 || (policy->require_timestamp & (1u << i)) != 0;
        if (!meant || !j->evidence->timestamp_trusted[i]) {
            continue;
        }
        const double gen_time_ms = j->evidence->timestamp_ms[i];
        if (policy->has_min_timestamp && gen_time_ms < policy->min_timestamp_ms) {
            return refuse_time(j, OCC_ERR_POLICY_TIMESTAMP_LOW, "timestamp", gen_time_ms, policy->min_timestamp_ms);
        }
        if (policy->has_max_timestamp && gen_time_ms > policy->max_timestamp_ms) {
            return refuse_time(j, OCC_ERR_POLICY_TIMESTAMP_HIGH, "timestamp", gen_time_ms, policy->max_timestamp_ms);
        }
    }
    return occ_success();
}

struct occ_result
occ_policy_judge(const struct occ_policy *policy, const struct occ_proof *proof,
                 const struct occ_policy_evidence *evidence, struct occ_error *err)
{
    static judge *const judges[] = {
        judge_enforcement,
        judge_measurement,
        judge_public_key,
        judge_attestation_present,
        judge_attestation_format,
        judge_counter,
        judge_time,
        judge_epoch_id,
        judge_actor_present,
        judge_actor_key,
        judge_actor_provider,
        back_enforcement,
        back_measurement,
        back_attestation,
        back_actor,
        back_slot,
        back_actor_binding,
        back_binding,
        back_pcrs,
        back_timestamps,
        back_timestamp_bounds,
    };
    const struct judgement judgement = { policy, proof, evidence, err };
    for (size_t i = 0; i < sizeof judges / sizeof judges[0]; i++) {
        OCC_TRY(judges[i](&judgement));
    }
    return occ_success();
}
