/* tests/unit/proof/policy.c — src/proof/policy.c: each field right, and wrong in every way. */
#include "proof/policy.h"

#include "unit/proof/support.h"

enum kind { TIER, LIST, BOOLEAN, COUNTER, NUMBER, BINDINGS, PCRS, TIMESTAMPS };

static const struct {
    const char *name;
    enum kind kind;
} fields[] = {
    { "requireEnforcement", TIER },
    { "allowedMeasurements", LIST },
    { "allowedPublicKeys", LIST },
    { "requireAttestation", BOOLEAN },
    { "requireAttestationFormat", LIST },
    { "minCounter", COUNTER },
    { "maxCounter", COUNTER },
    { "minTime", NUMBER },
    { "maxTime", NUMBER },
    { "requireEpochId", BOOLEAN },
    { "requireActor", BOOLEAN },
    { "allowedActorKeyIds", LIST },
    { "allowedActorProviders", LIST },
    { "requireSlot", BOOLEAN },
    { "requireActorBinding", BOOLEAN },
    { "allowedAttestationBindings", BINDINGS },
    { "requiredPcrs", PCRS },
    { "requireTimestamp", TIMESTAMPS },
    { "minTimestamp", NUMBER },
    { "maxTimestamp", NUMBER },
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

/* What each kind takes and refuses: the value, and what follows "policy.NAME" in the sentence (NULL: it is taken). */
struct value {
    enum kind kind;
    const char *json;
    enum occ_err code;
    const char *text;
};

#define TYPE(kind, json, found, expected) \
    { \
        kind, json, OCC_ERR_FIELD_TYPE, ": " found ", expected " expected \
    }
#define A_TIER "\"stub\", \"hw-key\" or \"measured-tee\""
static const struct value values[] = {
    { TIER, "\"stub\"", OCC_OK, NULL },
    { TIER, "\"hw-key\"", OCC_OK, NULL },
    { TIER, "\"measured-tee\"", OCC_OK, NULL },
    { TIER, "\"\"", OCC_ERR_FIELD_VALUE, ": \"\", expected " A_TIER },
    { TIER, "\"Stub\"", OCC_ERR_FIELD_VALUE, ": \"Stub\", expected " A_TIER },
    TYPE(TIER, "null", "null", "a string"),
    TYPE(TIER, "0", "a number", "a string"),
    TYPE(TIER, "[\"stub\"]", "an array", "a string"),
    { LIST, "[]", OCC_OK, NULL },
    { LIST, "[\"a\",\"\"]", OCC_OK, NULL },
    TYPE(LIST, "null", "null", "an array of strings"),
    TYPE(LIST, "\"a\"", "a string", "an array of strings"),
    TYPE(LIST, "{}", "an object", "an array of strings"),
    { LIST, "[\"a\",1]", OCC_ERR_FIELD_TYPE, "[1]: a number, expected a string" },
    { LIST, "[null]", OCC_ERR_FIELD_TYPE, "[0]: null, expected a string" },
    { BOOLEAN, "true", OCC_OK, NULL },
    { BOOLEAN, "false", OCC_OK, NULL },
    TYPE(BOOLEAN, "null", "null", "a boolean"),
    TYPE(BOOLEAN, "1", "a number", "a boolean"),
    TYPE(BOOLEAN, "\"true\"", "a string", "a boolean"),
    { COUNTER, "\"0\"", OCC_OK, NULL },
    { COUNTER, "\"99999999999999999999999999\"", OCC_OK, NULL },
    TYPE(COUNTER, "1", "a number", "a string of decimal digits"),
    TYPE(COUNTER, "null", "null", "a string of decimal digits"),
    { COUNTER, "\"01\"", OCC_ERR_FIELD_VALUE, ": \"01\", expected a decimal number without leading zeros" },
    { COUNTER, "\"\"", OCC_ERR_FIELD_VALUE, ": \"\", expected a decimal number without leading zeros" },
    { COUNTER, "\"-1\"", OCC_ERR_FIELD_VALUE, ": \"-1\", expected a decimal number without leading zeros" },
    { COUNTER, "\"1 \"", OCC_ERR_FIELD_VALUE, ": \"1 \", expected a decimal number without leading zeros" },
    { NUMBER, "0", OCC_OK, NULL },
    { NUMBER, "-1.5", OCC_OK, NULL },
    TYPE(NUMBER, "\"1\"", "a string", "a number"),
    TYPE(NUMBER, "null", "null", "a number"),
    TYPE(NUMBER, "true", "a boolean", "a number"),
    { BINDINGS, "[]", OCC_OK, NULL },
    { BINDINGS, "[\"body\",\"batch\",\"key\"]", OCC_OK, NULL },
    TYPE(BINDINGS, "\"body\"", "a string", "an array of strings"),
    { BINDINGS, "[\"body\",1]", OCC_ERR_FIELD_TYPE, "[1]: a number, expected a string" },
    { BINDINGS, "[\"Body\"]", OCC_ERR_FIELD_VALUE, "[0]: \"Body\", expected \"body\", \"batch\" or \"key\"" },
    { BINDINGS, "[\"key\",\"\"]", OCC_ERR_FIELD_VALUE, "[1]: \"\", expected \"body\", \"batch\" or \"key\"" },
    { PCRS, "{}", OCC_OK, NULL },
    { PCRS, "{\"0\":[]}", OCC_OK, NULL },
    { PCRS, "{\"31\":[\"" HEX_64 "\"],\"8\":[\"" HEX_64 HEX_64 "\",\"" HEX_64 "\"]}", OCC_OK, NULL },
    TYPE(PCRS, "[]", "an array", "an object of PCR indices"),
    TYPE(PCRS, "null", "null", "an object of PCR indices"),
    { PCRS, "{\"32\":[]}", OCC_ERR_FIELD_UNKNOWN, ".32: not a PCR, expected 0 to 31" },
    { PCRS, "{\"00\":[]}", OCC_ERR_FIELD_UNKNOWN, ".00: not a PCR, expected 0 to 31" },
    { PCRS, "{\"PCR0\":[]}", OCC_ERR_FIELD_UNKNOWN, ".PCR0: not a PCR, expected 0 to 31" },
    { PCRS, "{\"99999999999999999999999\":[]}", OCC_ERR_FIELD_UNKNOWN,
      ".99999999999999999999999: not a PCR, expected 0 to 31" },
    { PCRS, "{\"0\":\"" HEX_64 "\"}", OCC_ERR_FIELD_TYPE, ".0: a string, expected an array of strings" },
    { PCRS, "{\"0\":[1]}", OCC_ERR_FIELD_ENCODING,
      ".0: expected strings of 64, 96 or 128 characters of lower-case hex" },
    { PCRS, "{\"0\":[\"\"]}", OCC_ERR_FIELD_ENCODING,
      ".0: expected strings of 64, 96 or 128 characters of lower-case hex" },
    { PCRS, "{\"0\":[\"AB" HEX_64 "\"]}", OCC_ERR_FIELD_ENCODING,
      ".0: expected strings of 64, 96 or 128 characters of lower-case hex" },
    { TIMESTAMPS, "\"artifact\"", OCC_OK, NULL },
    { TIMESTAMPS, "\"proof\"", OCC_OK, NULL },
    { TIMESTAMPS, "[\"proof\",\"artifact\"]", OCC_OK, NULL },
    { TIMESTAMPS, "\"both\"", OCC_ERR_FIELD_VALUE, ": expected \"artifact\", \"proof\" or an array of them" },
    { TIMESTAMPS, "[\"artifact\",\"\"]", OCC_ERR_FIELD_VALUE,
      ": expected \"artifact\", \"proof\" or an array of them" },
    { TIMESTAMPS, "[1]", OCC_ERR_FIELD_VALUE, ": expected \"artifact\", \"proof\" or an array of them" },
    { TIMESTAMPS, "[]", OCC_ERR_FIELD_LENGTH, ": empty, expected at least one entry" },
    TYPE(TIMESTAMPS, "true", "a boolean", "\"artifact\", \"proof\" or an array of them"),
    TYPE(TIMESTAMPS, "{}", "an object", "\"artifact\", \"proof\" or an array of them"),
};

/* Reads a policy text; checks code and sentence, and that *ret_policy is untouched on failure. */
static void
check(const char *text, enum occ_err code, const char *sentence)
{
    struct occ_json *value = parse_json(text);
    struct occ_error err = { 0 };
    struct occ_policy policy = { .min_counter = occ_bytes_str("untouched") };
    assert_int_equal(occ_policy_read(value, "policy", &err, &policy).code, code);
    assert_string_equal(err.text, sentence);
    if (code != OCC_OK) {
        assert_true(occ_bytes_is(policy.min_counter, "untouched"));
    }
    occ_json_free(value);
}

static void
test_every_field(void **state)
{
    (void)state;
    for (size_t f = 0; f < FIELDS; f++) {
        unsigned tried = 0;
        for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
            if (values[v].kind != fields[f].kind) {
                continue;
            }
            char text[512];
            char sentence[512] = "";
            snprintf(text, sizeof text, "{\"%s\":%s}", fields[f].name, values[v].json);
            if (values[v].text != NULL) {
                snprintf(sentence, sizeof sentence, "policy.%s%s", fields[f].name, values[v].text);
            }
            check(text, values[v].code, sentence);
            tried++;
        }
        assert_true(tried >= 5);
    }
}

static void
test_unknown_names(void **state)
{
    (void)state;
    check("{\"requireAttestations\":true}", OCC_ERR_FIELD_UNKNOWN, "policy.requireAttestations: unknown field");
    check("{\"RequireActor\":true}", OCC_ERR_FIELD_UNKNOWN, "policy.RequireActor: unknown field");
    check("{\"minCounter\":\"1\",\"\":0}", OCC_ERR_FIELD_UNKNOWN, "policy.: unknown field");
    check("{\"requireslot\":false}", OCC_ERR_FIELD_UNKNOWN, "policy.requireslot: unknown field");
}

static void
test_not_an_object(void **state)
{
    (void)state;
    check("[]", OCC_ERR_FIELD_TYPE, "policy: an array, expected an object");
    check("null", OCC_ERR_FIELD_TYPE, "policy: null, expected an object");
    check("\"\"", OCC_ERR_FIELD_TYPE, "policy: a string, expected an object");
    check("{}", OCC_OK, "");
}

static void
test_long_list(void **state)
{
    (void)state;
    OCC_BUF_AUTO(text, 1 << 17);
    occ_buf_put_str(&text, "{\"allowedPublicKeys\":[\"\"");
    for (int i = 1; i < OCC_LIMIT_POLICY_LIST; i++) {
        occ_buf_put_str(&text, ",\"\"");
    }
    const size_t len = text.len;
    occ_buf_put_str(&text, "]}");
    occ_buf_put_byte(&text, 0);
    check((const char *)text.ptr, OCC_OK, "");
    text.len = len;
    occ_buf_put_str(&text, ",\"\"]}");
    occ_buf_put_byte(&text, 0);
    check((const char *)text.ptr, OCC_ERR_FIELD_LENGTH,
          "policy.allowedPublicKeys: 10001 entries, expected at most 10000");
}

static void
test_values(void **state)
{
    (void)state;
    struct occ_json *value = parse_json(
        "{\"requireEnforcement\":\"hw-key\",\"allowedMeasurements\":[\"m\"],\"allowedPublicKeys\":[\"k\"],"
        "\"requireAttestation\":true,\"requireAttestationFormat\":[],\"minCounter\":\"1\",\"maxCounter\":\"2\","
        "\"minTime\":3,\"maxTime\":4,\"requireEpochId\":true,\"requireActor\":true,\"allowedActorKeyIds\":[\"i\"],"
        "\"allowedActorProviders\":[\"p\"]}");
    struct occ_policy policy;
    assert_true(occ_is_ok(occ_policy_read(value, "policy", NULL, &policy)));
    assert_true(policy.has_enforcement && policy.enforcement == OCC_ENFORCEMENT_HW_KEY);
    assert_ptr_equal(policy.allowed_measurements, occ_json_get(value, "allowedMeasurements"));
    assert_ptr_equal(policy.allowed_public_keys, occ_json_get(value, "allowedPublicKeys"));
    assert_true(policy.require_attestation);
    assert_ptr_equal(policy.require_attestation_format, occ_json_get(value, "requireAttestationFormat"));
    assert_true(occ_bytes_is(policy.min_counter, "1") && occ_bytes_is(policy.max_counter, "2"));
    assert_true(policy.has_min_time && policy.min_time_ms == 3);
    assert_true(policy.has_max_time && policy.max_time_ms == 4);
    assert_true(policy.require_epoch_id && policy.require_actor);
    assert_ptr_equal(policy.allowed_actor_key_ids, occ_json_get(value, "allowedActorKeyIds"));
    assert_ptr_equal(policy.allowed_actor_providers, occ_json_get(value, "allowedActorProviders"));
    occ_json_free(value);

    value = parse_json("{\"requireSlot\":true,\"requireActorBinding\":true,\"allowedAttestationBindings\":[\"body\"],"
                       "\"requiredPcrs\":{\"1\":[]},\"requireTimestamp\":[\"proof\"],\"minTimestamp\":5,"
                       "\"maxTimestamp\":6}");
    assert_true(occ_is_ok(occ_policy_read(value, "policy", NULL, &policy)));
    assert_true(policy.require_slot && policy.require_actor_binding);
    assert_ptr_equal(policy.allowed_attestation_bindings, occ_json_get(value, "allowedAttestationBindings"));
    assert_ptr_equal(policy.required_pcrs, occ_json_get(value, "requiredPcrs"));
    assert_int_equal(policy.require_timestamp, 1u << OCC_TIMESTAMP_PROOF);
    assert_true(policy.has_min_timestamp && policy.min_timestamp_ms == 5);
    assert_true(policy.has_max_timestamp && policy.max_timestamp_ms == 6);
    occ_json_free(value);

    value = parse_json("{}");
    assert_true(occ_is_ok(occ_policy_read(value, "policy", NULL, &policy)));
    assert_false(policy.has_enforcement || policy.require_attestation || policy.has_min_time || policy.has_max_time ||
                 policy.require_epoch_id || policy.require_actor);
    assert_false(policy.require_slot || policy.require_actor_binding || policy.has_min_timestamp ||
                 policy.has_max_timestamp);
    assert_int_equal(policy.require_timestamp, 0);
    assert_null(policy.allowed_attestation_bindings);
    assert_null(policy.required_pcrs);
    assert_null(policy.allowed_measurements);
    assert_null(policy.allowed_public_keys);
    assert_null(policy.require_attestation_format);
    assert_null(policy.allowed_actor_key_ids);
    assert_null(policy.allowed_actor_providers);
    assert_int_equal(policy.min_counter.len + policy.max_counter.len, 0);
    occ_json_free(value);
}

/* The sentence begins with the prefix that the caller gives. */
static void
test_prefix(void **state)
{
    (void)state;
    struct occ_json *value = parse_json("{\"minCounter\":5}");
    struct occ_error err = { 0 };
    struct occ_policy policy;
    assert_int_equal(occ_policy_read(value, "p.json", &err, &policy).code, OCC_ERR_FIELD_TYPE);
    assert_string_equal(err.text, "p.json.minCounter: a number, expected a string of decimal digits");
    occ_json_free(value);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field), cmocka_unit_test(test_unknown_names), cmocka_unit_test(test_not_an_object),
        cmocka_unit_test(test_long_list),   cmocka_unit_test(test_values),        cmocka_unit_test(test_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
