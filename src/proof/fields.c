/* fields.c — see fields.h. */
#include "proof/fields.h"

#include "base/base64.h"
#include "base/decimal.h"
#include "base/hex.h"
#include "codec/canonical.h"
#include "codec/number.h"
#include "proof/proof.h"
#include "proof/value.h"

enum { PATH_SIZE = 96, HEX_MAX = 64 };

/* A member under check: the path of its object and its row, for the sentence of a refusal. */
struct subject {
    const char *parent;
    const struct occ_field *field;
    struct occ_error *err;
};

/* Cut if it is very long. Made only for a refusal. */
struct path {
    char text[PATH_SIZE];
};

static void
path_append(struct path *path, const char *text)
{
    size_t at = strlen(path->text);
    for (; *text != '\0' && at + 1 < PATH_SIZE; at++, text++) {
        path->text[at] = *text;
    }
    path->text[at] = '\0';
}

static struct path
path_of(const struct subject *subject)
{
    struct path path = { "" };
    path_append(&path, subject->parent);
    path_append(&path, subject->parent[0] == '\0' ? "" : ".");
    path_append(&path, subject->field->name);
    return path;
}

static OCC_RESULT
refuse_type(const struct subject *subject, const struct occ_json *value, const char *expected)
{
    return occ_error_set(subject->err, OCC_ERR_PROOF_STRUCTURE, "%s: %s, expected %s", path_of(subject).text,
                         occ_json_type_name(value), expected);
}

static OCC_RESULT
check_length(const struct subject *subject, size_t len)
{
    const size_t min = subject->field->min;
    const size_t max = subject->field->max;
    if (len >= min && (max == 0 || len <= max)) {
        return occ_success();
    }
    if (len == 0) {
        return occ_error_set(subject->err, OCC_ERR_PROOF_STRUCTURE, "%s: empty", path_of(subject).text);
    }
    if (min == max) {
        return occ_error_set(subject->err, OCC_ERR_PROOF_STRUCTURE, "%s: %zu bytes, expected %zu",
                             path_of(subject).text, len, min);
    }
    if (max == 0) {
        return occ_error_set(subject->err, OCC_ERR_PROOF_STRUCTURE, "%s: %zu bytes, expected at least %zu",
                             path_of(subject).text, len, min);
    }
    return occ_error_set(subject->err, OCC_ERR_PROOF_STRUCTURE, "%s: %zu bytes, expected %zu to %zu",
                         path_of(subject).text, len, min, max);
}

static OCC_RESULT
check_text(const struct subject *subject, const struct occ_json *value)
{
    if (!occ_json_is(value, OCC_JSON_STRING)) {
        return refuse_type(subject, value, "a string");
    }
    return check_length(subject, occ_json_string(value).len);
}

static OCC_RESULT
check_exact(const struct subject *subject, const struct occ_json *value)
{
    if (!occ_json_is(value, OCC_JSON_STRING)) {
        return refuse_type(subject, value, "a string");
    }
    const struct occ_bytes text = occ_json_string(value);
    if (!occ_bytes_is(text, subject->field->exact)) {
        return occ_error_set(subject->err, OCC_ERR_PROOF_STRUCTURE, "%s: \"%.*s\", expected \"%s\"",
                             path_of(subject).text, OCC_BYTES_ARG(text), subject->field->exact);
    }
    return occ_success();
}

static OCC_RESULT
check_base64(const struct subject *subject, const struct occ_json *value)
{
    if (!occ_json_is(value, OCC_JSON_STRING)) {
        return refuse_type(subject, value, "a string of base64");
    }
    size_t len = 0;
    if (!occ_is_ok(occ_base64_check(occ_json_string(value), &len))) {
        return occ_error_set(subject->err, OCC_ERR_PROOF_STRUCTURE, "%s: not canonical base64", path_of(subject).text);
    }
    return check_length(subject, len);
}

static OCC_RESULT
check_hex(const struct subject *subject, const struct occ_json *value)
{
    if (!occ_json_is(value, OCC_JSON_STRING)) {
        return refuse_type(subject, value, "a string of hex");
    }
    uint8_t bytes[HEX_MAX];
    const size_t len = subject->field->min;
    if (len > sizeof bytes || !occ_is_ok(occ_hex_decode(occ_json_string(value), len, bytes))) {
        return occ_error_set(subject->err, OCC_ERR_PROOF_STRUCTURE, "%s: expected %zu characters of lower-case hex",
                             path_of(subject).text, 2 * len);
    }
    return occ_success();
}

static OCC_RESULT
check_decimal(const struct subject *subject, const struct occ_json *value)
{
    if (!occ_json_is(value, OCC_JSON_STRING)) {
        return refuse_type(subject, value, "a string of decimal digits");
    }
    const struct occ_bytes text = occ_json_string(value);
    if (!occ_decimal_is_valid(text)) {
        return occ_error_set(subject->err, OCC_ERR_PROOF_STRUCTURE,
                             "%s: \"%.*s\", expected a decimal number without leading zeros", path_of(subject).text,
                             OCC_BYTES_ARG(text));
    }
    return occ_success();
}

static OCC_RESULT
check_number(const struct subject *subject, const struct occ_json *value)
{
    return occ_json_is(value, OCC_JSON_NUMBER) ? occ_success() : refuse_type(subject, value, "a number");
}

static OCC_RESULT
check_time(const struct subject *subject, const struct occ_json *value)
{
    OCC_TRY(check_number(subject, value));
    const double number = occ_json_number(value);
    const double max = 9007199254740991.0; /* 2^53 - 1: beyond, doubles skip milliseconds */
    if (!(number >= 0 && number <= max) || (double)(uint64_t)number != number) {
        char text[OCC_NUMBER_TEXT_SIZE];
        occ_number_format(number, text);
        return occ_error_set(subject->err, OCC_ERR_PROOF_STRUCTURE,
                             "%s: %s, expected a whole number from 0 to 9007199254740991", path_of(subject).text, text);
    }
    return occ_success();
}

static OCC_RESULT
check_object(const struct subject *subject, const struct occ_json *value)
{
    if (!occ_json_is(value, OCC_JSON_OBJECT)) {
        return refuse_type(subject, value, "an object");
    }
    /* PROTOCOL §2: an optional field that does not apply is absent, never empty. */
    if (occ_json_length(value) < subject->field->min) {
        return occ_error_set(subject->err, OCC_ERR_PROOF_STRUCTURE, "%s: empty, expected to be absent then",
                             path_of(subject).text);
    }
    return occ_success();
}

static OCC_RESULT
check_enforcement(const struct subject *subject, const struct occ_json *value)
{
    if (!occ_json_is(value, OCC_JSON_STRING)) {
        return refuse_type(subject, value, "a string");
    }
    const struct occ_bytes text = occ_json_string(value);
    enum occ_enforcement enforcement;
    if (!occ_proof_enforcement_of(text, &enforcement)) {
        return occ_error_set(subject->err, OCC_ERR_PROOF_STRUCTURE,
                             "%s: \"%.*s\", expected \"stub\", \"hw-key\" or \"measured-tee\"", path_of(subject).text,
                             OCC_BYTES_ARG(text));
    }
    return occ_success();
}

static OCC_RESULT
check_chain_id(const struct subject *subject, const struct occ_json *value)
{
    if (!occ_json_is(value, OCC_JSON_STRING)) {
        return refuse_type(subject, value, "a string");
    }
    const struct occ_bytes text = occ_json_string(value);
    if (!occ_value_is_chain_id(text)) {
        return occ_error_set(subject->err, OCC_ERR_PROOF_STRUCTURE,
                             "%s: \"%.*s\", expected 1 to 64 characters of A-Z a-z 0-9 . _ : -", path_of(subject).text,
                             OCC_BYTES_ARG(text));
    }
    return occ_success();
}

static OCC_RESULT
check_value(const struct subject *subject, const struct occ_json *value)
{
    switch (subject->field->kind) {
    case OCC_FIELD_TEXT:
        return check_text(subject, value);
    case OCC_FIELD_EXACT:
        return check_exact(subject, value);
    case OCC_FIELD_BASE64:
        return check_base64(subject, value);
    case OCC_FIELD_HEX:
        return check_hex(subject, value);
    case OCC_FIELD_DECIMAL:
        return check_decimal(subject, value);
    case OCC_FIELD_TIME:
        return check_time(subject, value);
    case OCC_FIELD_NUMBER:
        return check_number(subject, value);
    case OCC_FIELD_OBJECT:
        return check_object(subject, value);
    case OCC_FIELD_ENFORCEMENT:
        return check_enforcement(subject, value);
    case OCC_FIELD_CHAIN_ID:
        return check_chain_id(subject, value);
    }
    return occ_error_code(subject->err, OCC_ERR_INTERNAL);
}

struct occ_result
occ_fields_read(const struct occ_json *object, const char *path, const struct occ_field *fields, size_t field_count,
                struct occ_error *err, const struct occ_json **ret_values)
{
    for (size_t i = 0; i < field_count; i++) {
        const struct subject subject = { .parent = path, .field = &fields[i], .err = err };
        const struct occ_json *value = occ_json_get(object, fields[i].name);
        if (value == NULL && !fields[i].optional) {
            return occ_error_set(err, OCC_ERR_PROOF_STRUCTURE, "%s: missing", path_of(&subject).text);
        }
        if (value != NULL) {
            OCC_TRY(check_value(&subject, value));
        }
        ret_values[i] = value;
    }
    return occ_success();
}

struct occ_result
occ_fields_check(const struct occ_json *object, const char *path, const struct occ_field *fields, size_t field_count,
                 struct occ_error *err)
{
    for (size_t i = 0; i < field_count; i++) {
        const struct occ_json *value = NULL;
        OCC_TRY(occ_fields_read(object, path, &fields[i], 1, err, &value));
    }
    return occ_success();
}

struct occ_bytes
occ_fields_text(const struct occ_json *object, const char *name)
{
    const struct occ_json *value = occ_json_get(object, name);
    return value == NULL ? occ_bytes_of(NULL, 0) : occ_json_string(value);
}

struct occ_result
occ_fields_check_names(const struct occ_json *value, const char *path, struct occ_error *err)
{
    struct occ_bytes name;
    if (value != NULL && occ_canonical_has_unsafe_name(value, &name)) {
        return occ_error_set(err, OCC_ERR_PROOF_STRUCTURE,
                             "%s: a member is named \"%.*s\", which JavaScript would reorder or drop", path,
                             OCC_BYTES_ARG(name));
    }
    return occ_success();
}
