/* token_uri.c — see token_uri.h. */
#include "crypto/token_uri.h"

#define SCHEME "pkcs11:"

enum { NAMES_MAX = 7 };

/* What may stand in the name of a signing key. */
static const char *const names[NAMES_MAX] = { "token", "serial", "model", "manufacturer", "object", "id", "type" };
enum { TOKEN, SERIAL, MODEL, MANUFACTURER, OBJECT, ID, TYPE };

bool
occ_token_uri_is(const char *text)
{
    return strncmp(text, SCHEME, sizeof SCHEME - 1) == 0;
}

/* The path attributes, without scheme and query. */
static struct occ_bytes
path_of(struct occ_bytes uri)
{
    if (!occ_bytes_starts(uri, SCHEME)) {
        return occ_bytes_of(NULL, 0);
    }
    const uint8_t *const begin = uri.ptr + sizeof SCHEME - 1;
    const size_t len = uri.len - (sizeof SCHEME - 1);
    const uint8_t *const query = len == 0 ? NULL : memchr(begin, '?', len);
    return occ_bytes_of(begin, query == NULL ? len : (size_t)(query - begin));
}

/* Takes the next attribute off path. False at the end. Without '=' the value's ptr is NULL. */
static bool
next_attribute(struct occ_bytes *path, struct occ_bytes *ret_name, struct occ_bytes *ret_value)
{
    if (path->len == 0) {
        return false;
    }
    const uint8_t *const end = memchr(path->ptr, ';', path->len);
    const size_t len = end == NULL ? path->len : (size_t)(end - path->ptr);
    const uint8_t *const equals = len == 0 ? NULL : memchr(path->ptr, '=', len);
    const size_t name_len = equals == NULL ? len : (size_t)(equals - path->ptr);
    *ret_name = occ_bytes_of(path->ptr, name_len);
    *ret_value = equals == NULL ? occ_bytes_of(NULL, 0) : occ_bytes_of(equals + 1, len - name_len - 1);
    const size_t used = end == NULL ? len : len + 1;
    *path = occ_bytes_of(path->ptr + used, path->len - used);
    return true;
}

static int
digit_of(uint8_t character)
{
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    if (character >= 'a' && character <= 'f') {
        return character - 'a' + 10;
    }
    return character >= 'A' && character <= 'F' ? character - 'A' + 10 : -1;
}

static struct occ_result
decode(struct occ_bytes value, struct occ_buf *ret)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] != '%') {
            occ_buf_put_byte(ret, value.ptr[i]);
            continue;
        }
        OCC_ENSURE(value.len - i > 2, OCC_ERR_FIELD_ENCODING);
        const int high = digit_of(value.ptr[i + 1]);
        const int low = digit_of(value.ptr[i + 2]);
        OCC_ENSURE(high >= 0 && low >= 0, OCC_ERR_FIELD_ENCODING);
        occ_buf_put_byte(ret, (uint8_t)(high * 16 + low));
        i += 2;
    }
    return occ_buf_check(ret);
}

struct occ_result
occ_token_uri_get(struct occ_bytes uri, const char *attribute, struct occ_buf *ret)
{
    struct occ_bytes path = path_of(uri);
    struct occ_bytes name;
    struct occ_bytes value;
    while (next_attribute(&path, &name, &value)) {
        if (occ_bytes_is(name, attribute)) {
            return decode(value, ret);
        }
    }
    return occ_result_of(OCC_ERR_NOT_FOUND);
}

void
occ_token_uri_put_without(struct occ_buf *buf, struct occ_bytes uri, const char *attribute)
{
    struct occ_bytes path = path_of(uri);
    struct occ_bytes name;
    struct occ_bytes value;
    const char *gap = SCHEME;
    while (next_attribute(&path, &name, &value)) {
        if (!occ_bytes_is(name, attribute)) {
            occ_buf_put_str(buf, gap);
            occ_buf_put(buf, name);
            occ_buf_put_byte(buf, '=');
            occ_buf_put(buf, value);
            gap = ";";
        }
    }
}

void
occ_token_uri_put_value(struct occ_buf *buf, struct occ_bytes bytes)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.ptr[i] != '\0' && strchr(plain, bytes.ptr[i]) != NULL) {
            occ_buf_put_byte(buf, bytes.ptr[i]);
        } else {
            occ_buf_put_format(buf, "%%%02X", bytes.ptr[i]);
        }
    }
}

/* ---- what a person wrote ---- */

static struct occ_result
check_attribute(const char *where, struct occ_bytes name, struct occ_bytes value, bool seen[NAMES_MAX],
                struct occ_error *err)
{
    size_t known = 0;
    while (known < NAMES_MAX && !occ_bytes_is(name, names[known])) {
        known++;
    }
    if (known == NAMES_MAX) {
        return occ_error_set(err, OCC_ERR_USAGE,
                             "%s: \"%.*s\" is no attribute of a key, expected token, serial, object, id, model, "
                             "manufacturer or type",
                             where, OCC_BYTES_ARG(name));
    }
    if (seen[known]) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: %s is given twice", where, names[known]);
    }
    seen[known] = true;
    OCC_BUF_AUTO(text, OCC_TOKEN_URI_LEN_MAX);
    const struct occ_result decoded = decode(value, &text);
    if (decoded.code == OCC_ERR_FIELD_ENCODING) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: %s: a '%%' that two hex digits do not follow", where,
                             names[known]);
    }
    if (!occ_is_ok(decoded)) {
        return occ_error_code(err, decoded.code);
    }
    if (text.len == 0) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: %s is empty", where, names[known]);
    }
    if (known == TYPE && !occ_bytes_is(occ_buf_view(&text), "private")) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: type is not \"private\", which alone can sign", where);
    }
    return occ_success();
}

struct occ_result
occ_token_uri_check(const char *where, const char *uri, struct occ_error *err)
{
    bool seen[NAMES_MAX] = { false };
    const struct occ_bytes text = occ_bytes_str(uri);
    if (!occ_token_uri_is(uri) || text.len > OCC_TOKEN_URI_LEN_MAX) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: expected pkcs11:token=…;object=… of at most %d bytes", where,
                             (int)OCC_TOKEN_URI_LEN_MAX);
    }
    /* The value is not repeated: it may be a PIN. */
    if (strstr(uri, "pin-value") != NULL || strstr(uri, "pin-source") != NULL) {
        return occ_error_set(err, OCC_ERR_USAGE,
                             "%s: a PIN in the uri can be read by other users of this machine; it is given by a file "
                             "or the environment",
                             where);
    }
    if (strchr(uri, '?') != NULL) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: a query (behind '?') is not taken", where);
    }
    struct occ_bytes path = path_of(text);
    struct occ_bytes name;
    struct occ_bytes value;
    while (next_attribute(&path, &name, &value)) {
        OCC_TRY(check_attribute(where, name, value, seen, err));
    }
    if (!seen[TOKEN] && !seen[SERIAL]) {
        return occ_error_set(err, OCC_ERR_USAGE,
                             "%s: names no token, expected token=… or serial=…: the PIN is tried on no other", where);
    }
    if (!seen[OBJECT] && !seen[ID]) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: names no key, expected object=… or id=…", where);
    }
    return occ_success();
}
