/* policy.c — reads a policy; policy_judge.c judges. See policy.h. */
#include "proof/policy.h"

#include <stddef.h>

#include "base/decimal.h"
#include "base/hex.h"
#include "base/limits.h"

/* A member under reading: where it stands (prefix.name), for the sentence of a refusal, and its value. */
struct member {
    const char *prefix;
    const char *name;
    const struct occ_json *value;
    struct occ_error *err;
};

/* One row per field: who reads it, and where its value goes. */
struct row {
    const char *name;
    struct occ_result (*read)(const struct member *member, void *ret_value);
    size_t value_offset;
    size_t flag_offset; /* of the bool that says "asked for", or NO_FLAG: the value itself says it */
};
#define NO_FLAG SIZE_MAX

static OCC_RESULT
refuse_type(const struct member *member, const char *expected)
{
    return occ_error_set(member->err, OCC_ERR_FIELD_TYPE, "%s.%s: %s, expected %s", member->prefix, member->name,
                         occ_json_type_name(member->value), expected);
}

static OCC_RESULT
read_enforcement(const struct member *member, void *ret_value)
{
    if (!occ_json_is(member->value, OCC_JSON_STRING)) {
        return refuse_type(member, "a string");
    }
    const struct occ_bytes name = occ_json_string(member->value);
    if (!occ_proof_enforcement_of(name, ret_value)) {
        return occ_error_set(member->err, OCC_ERR_FIELD_VALUE,
                             "%s.%s: \"%.*s\", expected \"stub\", \"hw-key\" or \"measured-tee\"", member->prefix,
                             member->name, OCC_BYTES_ARG(name));
    }
    return occ_success();
}

static OCC_RESULT
read_list(const struct member *member, void *ret_value)
{
    if (!occ_json_is(member->value, OCC_JSON_ARRAY)) {
        return refuse_type(member, "an array of strings");
    }
    const size_t len = occ_json_length(member->value);
    if (len > OCC_LIMIT_POLICY_LIST) {
        return occ_error_set(member->err, OCC_ERR_FIELD_LENGTH, "%s.%s: %zu entries, expected at most %d",
                             member->prefix, member->name, len, OCC_LIMIT_POLICY_LIST);
    }
    for (size_t i = 0; i < len; i++) {
        const struct occ_json *entry = occ_json_at(member->value, i);
        if (!occ_json_is(entry, OCC_JSON_STRING)) {
            return occ_error_set(member->err, OCC_ERR_FIELD_TYPE, "%s.%s[%zu]: %s, expected a string", member->prefix,
                                 member->name, i, occ_json_type_name(entry));
        }
    }
    *(const struct occ_json **)ret_value = member->value;
    return occ_success();
}

static OCC_RESULT
read_bool(const struct member *member, void *ret_value)
{
    const bool is_true = occ_json_is(member->value, OCC_JSON_TRUE);
    if (!is_true && !occ_json_is(member->value, OCC_JSON_FALSE)) {
        return refuse_type(member, "a boolean");
    }
    *(bool *)ret_value = is_true;
    return occ_success();
}

/* PROTOCOL §1: counters are decimal strings of any length. */
static OCC_RESULT
read_counter(const struct member *member, void *ret_value)
{
    if (!occ_json_is(member->value, OCC_JSON_STRING)) {
        return refuse_type(member, "a string of decimal digits");
    }
    const struct occ_bytes text = occ_json_string(member->value);
    if (!occ_decimal_is_valid(text)) {
        return occ_error_set(member->err, OCC_ERR_FIELD_VALUE,
                             "%s.%s: \"%.*s\", expected a decimal number without leading zeros", member->prefix,
                             member->name, OCC_BYTES_ARG(text));
    }
    *(struct occ_bytes *)ret_value = text;
    return occ_success();
}

static OCC_RESULT
read_number(const struct member *member, void *ret_value)
{
    if (!occ_json_is(member->value, OCC_JSON_NUMBER)) {
        return refuse_type(member, "a number");
    }
    *(double *)ret_value = occ_json_number(member->value);
    return occ_success();
}

/* ---- ours ---- */

static const char *const binding_names[] = {
    [OCC_BINDING_BODY] = "body",
    [OCC_BINDING_BATCH] = "batch",
    [OCC_BINDING_KEY] = "key",
};
enum { BINDINGS = sizeof binding_names / sizeof binding_names[0] };

static const char *const timestamp_names[] = {
    [OCC_TIMESTAMP_ARTIFACT] = "artifact",
    [OCC_TIMESTAMP_PROOF] = "proof",
};

const char *
occ_policy_binding_name(enum occ_binding binding)
{
    return binding_names[binding];
}

const char *
occ_policy_timestamp_name(size_t index)
{
    return timestamp_names[index];
}

/* The position of name in a list of count names; count if it is not there. */
static size_t
find_name(const char *const *names, size_t count, struct occ_bytes name)
{
    size_t i = 0;
    while (i < count && !occ_bytes_is(name, names[i])) {
        i++;
    }
    return i;
}

/* A name that does not exist can only be a mistake. */
static OCC_RESULT
read_bindings(const struct member *member, void *ret_value)
{
    const struct occ_json *list = NULL;
    OCC_TRY(read_list(member, (void *)&list));
    for (size_t i = 0; i < occ_json_length(list); i++) {
        const struct occ_bytes name = occ_json_string(occ_json_at(list, i));
        if (find_name(binding_names, BINDINGS, name) == BINDINGS) {
            return occ_error_set(member->err, OCC_ERR_FIELD_VALUE,
                                 "%s.%s[%zu]: \"%.*s\", expected \"body\", \"batch\" or \"key\"", member->prefix,
                                 member->name, i, OCC_BYTES_ARG(name));
        }
    }
    *(const struct occ_json **)ret_value = list;
    return occ_success();
}

static OCC_RESULT
read_timestamp_name(const struct member *member, const struct occ_json *value, unsigned *bits)
{
    const struct occ_bytes name = occ_json_string(value);
    const size_t at = find_name(timestamp_names, OCC_TIMESTAMPS, name);
    if (!occ_json_is(value, OCC_JSON_STRING) || at == OCC_TIMESTAMPS) {
        return occ_error_set(member->err, OCC_ERR_FIELD_VALUE,
                             "%s.%s: expected \"artifact\", \"proof\" or an array of them", member->prefix,
                             member->name);
    }
    *bits |= 1u << at;
    return occ_success();
}

/* "artifact", "proof", or an array of them. An empty array would be a requirement that requires nothing. */
static OCC_RESULT
read_timestamps(const struct member *member, void *ret_value)
{
    unsigned bits = 0;
    if (occ_json_is(member->value, OCC_JSON_STRING)) {
        OCC_TRY(read_timestamp_name(member, member->value, &bits));
        *(unsigned *)ret_value = bits;
        return occ_success();
    }
    if (!occ_json_is(member->value, OCC_JSON_ARRAY)) {
        return refuse_type(member, "\"artifact\", \"proof\" or an array of them");
    }
    for (size_t i = 0; i < occ_json_length(member->value); i++) {
        OCC_TRY(read_timestamp_name(member, occ_json_at(member->value, i), &bits));
    }
    if (bits == 0) {
        return occ_error_set(member->err, OCC_ERR_FIELD_LENGTH, "%s.%s: empty, expected at least one entry",
                             member->prefix, member->name);
    }
    *(unsigned *)ret_value = bits;
    return occ_success();
}

/* The hex of a PCR: 32, 48 or 64 bytes, lower case, so that a slip of the pen is told rather than never matched. */
static OCC_RESULT
check_pcr_value(const struct member *member, struct occ_bytes index, const struct occ_json *value)
{
    uint8_t bytes[64];
    const struct occ_bytes hex = occ_json_string(value);
    const bool good_length = hex.len == 64 || hex.len == 96 || hex.len == 128;
    if (good_length && occ_is_ok(occ_hex_decode(hex, hex.len / 2, bytes))) {
        return occ_success();
    }
    return occ_error_set(member->err, OCC_ERR_FIELD_ENCODING,
                         "%s.%s.%.*s: expected strings of 64, 96 or 128 characters of lower-case hex", member->prefix,
                         member->name, OCC_BYTES_ARG(index));
}

static OCC_RESULT
check_pcr(const struct member *member, struct occ_bytes index, const struct occ_json *values)
{
    uint64_t number = 0;
    if (!occ_is_ok(occ_decimal_to_u64(index, &number)) || number >= OCC_LIMIT_NITRO_PCRS) {
        return occ_error_set(member->err, OCC_ERR_FIELD_UNKNOWN, "%s.%s.%.*s: not a PCR, expected 0 to %d",
                             member->prefix, member->name, OCC_BYTES_ARG(index), OCC_LIMIT_NITRO_PCRS - 1);
    }
    if (!occ_json_is(values, OCC_JSON_ARRAY)) {
        return occ_error_set(member->err, OCC_ERR_FIELD_TYPE, "%s.%s.%.*s: %s, expected an array of strings",
                             member->prefix, member->name, OCC_BYTES_ARG(index), occ_json_type_name(values));
    }
    if (occ_json_length(values) > OCC_LIMIT_POLICY_LIST) {
        return occ_error_set(member->err, OCC_ERR_FIELD_LENGTH, "%s.%s.%.*s: %zu entries, expected at most %d",
                             member->prefix, member->name, OCC_BYTES_ARG(index), occ_json_length(values),
                             OCC_LIMIT_POLICY_LIST);
    }
    for (size_t i = 0; i < occ_json_length(values); i++) {
        OCC_TRY(check_pcr_value(member, index, occ_json_at(values, i)));
    }
    return occ_success();
}

static OCC_RESULT
read_pcrs(const struct member *member, void *ret_value)
{
    if (!occ_json_is(member->value, OCC_JSON_OBJECT)) {
        return refuse_type(member, "an object of PCR indices");
    }
    struct occ_json_iter it = { 0 };
    while (occ_json_next(member->value, &it)) {
        OCC_TRY(check_pcr(member, it.name, it.value));
    }
    *(const struct occ_json **)ret_value = member->value;
    return occ_success();
}

#define AT(field) offsetof(struct occ_policy, field)
static const struct row rows[] = {
    { "requireEnforcement", read_enforcement, AT(enforcement), AT(has_enforcement) },
    { "allowedMeasurements", read_list, AT(allowed_measurements), NO_FLAG },
    { "allowedPublicKeys", read_list, AT(allowed_public_keys), NO_FLAG },
    { "requireAttestation", read_bool, AT(require_attestation), NO_FLAG },
    { "requireAttestationFormat", read_list, AT(require_attestation_format), NO_FLAG },
    { "minCounter", read_counter, AT(min_counter), NO_FLAG },
    { "maxCounter", read_counter, AT(max_counter), NO_FLAG },
    { "minTime", read_number, AT(min_time_ms), AT(has_min_time) },
    { "maxTime", read_number, AT(max_time_ms), AT(has_max_time) },
    { "requireEpochId", read_bool, AT(require_epoch_id), NO_FLAG },
    { "requireActor", read_bool, AT(require_actor), NO_FLAG },
    { "allowedActorKeyIds", read_list, AT(allowed_actor_key_ids), NO_FLAG },
    { "allowedActorProviders", read_list, AT(allowed_actor_providers), NO_FLAG },
    { "requireSlot", read_bool, AT(require_slot), NO_FLAG },
    { "requireActorBinding", read_bool, AT(require_actor_binding), NO_FLAG },
    { "allowedAttestationBindings", read_bindings, AT(allowed_attestation_bindings), NO_FLAG },
    { "requiredPcrs", read_pcrs, AT(required_pcrs), NO_FLAG },
    { "requireTimestamp", read_timestamps, AT(require_timestamp), NO_FLAG },
    { "minTimestamp", read_number, AT(min_timestamp_ms), AT(has_min_timestamp) },
    { "maxTimestamp", read_number, AT(max_timestamp_ms), AT(has_max_timestamp) },
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static OCC_RESULT
read_row(const struct row *row, const char *prefix, const struct occ_json *value, struct occ_error *err,
         struct occ_policy *policy)
{
    const struct member member = { .prefix = prefix, .name = row->name, .value = value, .err = err };
    OCC_TRY(row->read(&member, (char *)policy + row->value_offset));
    if (row->flag_offset != NO_FLAG) {
        *(bool *)(void *)((char *)policy + row->flag_offset) = true;
    }
    return occ_success();
}

struct occ_result
occ_policy_read(const struct occ_json *value, const char *prefix, struct occ_error *err, struct occ_policy *ret_policy)
{
    if (!occ_json_is(value, OCC_JSON_OBJECT)) {
        return occ_error_set(err, OCC_ERR_FIELD_TYPE, "%s: %s, expected an object", prefix, occ_json_type_name(value));
    }
    struct occ_policy policy = { 0 };
    struct occ_json_iter it = { 0 };
    while (occ_json_next(value, &it)) {
        size_t i = 0;
        while (i < ROWS && !occ_bytes_is(it.name, rows[i].name)) {
            i++;
        }
        /* PROTOCOL §5: a typing mistake must not turn a check off. */
        if (i == ROWS) {
            return occ_error_set(err, OCC_ERR_FIELD_UNKNOWN, "%s.%.*s: unknown field", prefix, OCC_BYTES_ARG(it.name));
        }
        OCC_TRY(read_row(&rows[i], prefix, it.value, err, &policy));
    }
    *ret_policy = policy;
    return occ_success();
}
