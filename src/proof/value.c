/* value.c — see value.h. */
#include "proof/value.h"

#include "base/limits.h"
#include "codec/canonical.h"

/* True if value has more than levels nested arrays and objects. Recursion ends at levels, whatever the tree. */
static bool
is_deeper(const struct occ_json *value, unsigned levels)
{
    const bool is_object = occ_json_is(value, OCC_JSON_OBJECT);
    if (!is_object && !occ_json_is(value, OCC_JSON_ARRAY)) {
        return false;
    }
    if (levels == 0) {
        return true;
    }
    struct occ_json_iter it = { 0 };
    while (is_object && occ_json_next(value, &it)) {
        if (is_deeper(it.value, levels - 1)) {
            return true;
        }
    }
    for (size_t i = 0; !is_object && i < occ_json_length(value); i++) {
        if (is_deeper(occ_json_at(value, i), levels - 1)) {
            return true;
        }
    }
    return false;
}

struct occ_result
occ_value_put_metadata(const struct occ_json *value, const char *where, struct occ_error *err, struct occ_buf *buf)
{
    if (!occ_json_is(value, OCC_JSON_OBJECT)) {
        return occ_error_set(err, OCC_ERR_FIELD_TYPE, "%s: %s, expected an object", where, occ_json_type_name(value));
    }
    if (occ_json_length(value) == 0) {
        return occ_success();
    }
    if (is_deeper(value, OCC_LIMIT_JSON_VALUE_DEPTH)) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "%s: nested deeper than %d levels", where,
                             OCC_LIMIT_JSON_VALUE_DEPTH);
    }
    OCC_BUF_AUTO(text, OCC_LIMIT_VALUE_LEN);
    occ_canonical_put(&text, value);
    const struct occ_result written = occ_buf_check(&text);
    if (written.code == OCC_ERR_LIMIT) {
        return occ_error_set(err, OCC_ERR_FIELD_LENGTH, "%s: more than %u bytes of canonical JSON", where,
                             OCC_LIMIT_VALUE_LEN);
    }
    if (!occ_is_ok(written)) {
        return occ_error_code(err, written.code);
    }
    occ_buf_put(buf, occ_buf_view(&text));
    const struct occ_result appended = occ_buf_check(buf);
    return occ_is_ok(appended) ? appended : occ_error_code(err, appended.code);
}

struct occ_result
occ_value_put_signed(const struct occ_json *value, const char *where, struct occ_error *err, struct occ_buf *buf)
{
    struct occ_bytes name;
    if (occ_canonical_has_unsafe_name(value, &name)) {
        return occ_error_set(err, OCC_ERR_FIELD_NAME,
                             "%s: a member is named \"%.*s\", which JavaScript would reorder or drop", where,
                             OCC_BYTES_ARG(name));
    }
    return occ_value_put_metadata(value, where, err, buf);
}

static bool
is_chain_id_char(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == ':' || c == '-';
}

bool
occ_value_is_chain_id(struct occ_bytes text)
{
    bool good = text.len >= 1 && text.len <= OCC_LIMIT_CHAIN_ID_LEN;
    for (size_t i = 0; good && i < text.len; i++) {
        good = is_chain_id_char(text.ptr[i]);
    }
    return good;
}
