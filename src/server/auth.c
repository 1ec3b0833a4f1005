#include "server/auth.h"

static uint8_t
lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

bool
occ_auth_equal_nocase(struct occ_bytes text, const char *lower_text)
{
    const struct occ_bytes expected = occ_bytes_str(lower_text);
    if (text.len != expected.len) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (lower(text.ptr[i]) != expected.ptr[i]) {
            return false;
        }
    }
    return true;
}

static struct occ_bytes
skip(struct occ_bytes text, size_t len)
{
    return occ_bytes_of(text.ptr + len, text.len - len);
}

/* RFC 9110 §5.6.3: optional white space. */
static struct occ_bytes
skip_blanks(struct occ_bytes text)
{
    while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t')) {
        text = skip(text, 1);
    }
    return text;
}

enum occ_auth
occ_auth_judge(const struct occ_keys *keys, bool sent, struct occ_bytes value, const char **ret_name)
{
    static const char scheme[] = "bearer ";
    const size_t scheme_len = sizeof(scheme) - 1;
    *ret_name = NULL;
    if (!sent || occ_keys_count(keys) == 0) {
        return OCC_AUTH_NONE;
    }
    if (value.len <= scheme_len || !occ_auth_equal_nocase(occ_bytes_of(value.ptr, scheme_len), scheme)) {
        return OCC_AUTH_WRONG;
    }
    *ret_name = occ_keys_match(keys, skip_blanks(skip(value, scheme_len)));
    return *ret_name != NULL ? OCC_AUTH_KEY : OCC_AUTH_WRONG;
}

bool
occ_auth_is_json(struct occ_bytes content_type)
{
    size_t type_len = 0;
    while (type_len < content_type.len && content_type.ptr[type_len] != ';' && content_type.ptr[type_len] != ' ' &&
           content_type.ptr[type_len] != '\t') {
        type_len++;
    }
    if (!occ_auth_equal_nocase(occ_bytes_of(content_type.ptr, type_len), "application/json")) {
        return false;
    }
    struct occ_bytes rest = skip_blanks(skip(content_type, type_len));
    if (rest.len == 0) {
        return true;
    }
    if (rest.ptr[0] != ';') {
        return false;
    }
    rest = skip_blanks(skip(rest, 1));
    return occ_auth_equal_nocase(rest, "charset=utf-8") || occ_auth_equal_nocase(rest, "charset=\"utf-8\"");
}
