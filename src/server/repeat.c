#include "server/repeat.h"

#include "server/keys.h"

enum { SCOPE_BODY = 0, SCOPE_NAME = 1 };

static struct occ_result
refuse_length(struct occ_error *err)
{
    return occ_error_set(err, OCC_ERR_FIELD_LENGTH, "Idempotency-Key: expected 1 to %d characters",
                         OCC_LIMIT_REPEAT_KEY_LEN);
}

static struct occ_result
refuse_value(struct occ_error *err)
{
    return occ_error_set(
        err, OCC_ERR_FIELD_VALUE,
        "Idempotency-Key: expected visible ASCII characters, or a quoted string (RFC 8941 section 3.3.3)");
}

static struct occ_result
put(struct occ_repeat_key *key, uint8_t byte, struct occ_error *err)
{
    if (key->len == sizeof(key->text)) {
        return refuse_length(err);
    }
    key->text[key->len++] = (char)byte;
    return occ_success();
}

static struct occ_result
read_bare(struct occ_bytes value, struct occ_error *err, struct occ_repeat_key *key)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] <= ' ' || value.ptr[i] > '~') {
            return refuse_value(err);
        }
        OCC_TRY(put(key, value.ptr[i], err));
    }
    return occ_success();
}

/* value: what is between the quotes, the last one included. */
static struct occ_result
read_quoted(struct occ_bytes value, struct occ_error *err, struct occ_repeat_key *key)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t byte = value.ptr[i];
        if (byte == '"') {
            return i + 1 == value.len ? occ_success() : refuse_value(err);
        }
        if (byte == '\\') {
            byte = ++i < value.len ? value.ptr[i] : 0;
            if (byte != '"' && byte != '\\') {
                return refuse_value(err);
            }
        }
        if (byte < ' ' || byte > '~') {
            return refuse_value(err);
        }
        OCC_TRY(put(key, byte, err));
    }
    return refuse_value(err); /* no end */
}

struct occ_result
occ_repeat_read_key(struct occ_bytes value, struct occ_error *err, struct occ_repeat_key *ret_key)
{
    struct occ_repeat_key key = { .len = 0 };
    if (value.len > 0 && value.ptr[0] == '"') {
        OCC_TRY(read_quoted(occ_bytes_of(value.ptr + 1, value.len - 1), err, &key));
    } else {
        OCC_TRY(read_bare(value, err, &key));
    }
    if (key.len == 0) {
        return refuse_length(err);
    }
    *ret_key = key;
    return occ_success();
}

void
occ_repeat_hash(const struct occ_repeat_key *key, const char *scope, const uint8_t body[OCC_SHA256_LEN],
                uint8_t ret_repeat[OCC_SHA256_LEN])
{
    static const char domain[] = "occ/idempotency-key/v1"; /* its zero byte is hashed too */
    uint8_t text[sizeof(domain) + 2 + OCC_SHA256_LEN + OCC_KEYS_NAME_SIZE + OCC_LIMIT_REPEAT_KEY_LEN];
    uint8_t *to = text;
    memcpy(to, domain, sizeof(domain));
    to += sizeof(domain);
    const size_t scope_len = strnlen(scope, OCC_KEYS_NAME_SIZE);
    /* The length in front of what varies: no two of (scope, key) give the same bytes. */
    *to++ = scope_len == 0 ? SCOPE_BODY : SCOPE_NAME;
    *to++ = (uint8_t)(scope_len == 0 ? OCC_SHA256_LEN : scope_len);
    if (scope_len == 0) {
        memcpy(to, body, OCC_SHA256_LEN);
        to += OCC_SHA256_LEN;
    } else {
        memcpy(to, scope, scope_len);
        to += scope_len;
    }
    memcpy(to, key->text, key->len);
    to += key->len;
    occ_digest_sha256(occ_bytes_of(text, (size_t)(to - text)), ret_repeat);
}
