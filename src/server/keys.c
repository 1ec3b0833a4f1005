#include "server/keys.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "base/limits.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "os/file.h"

struct key {
    char name[OCC_KEYS_NAME_SIZE];
    uint8_t digest[OCC_SHA256_LEN];
};

struct occ_keys {
    size_t count;
    struct key keys[OCC_LIMIT_API_KEYS];
};

struct occ_result
occ_keys_new(struct occ_keys **ret_keys)
{
    struct occ_keys *keys = calloc(1, sizeof(*keys));
    OCC_ENSURE(keys != NULL, OCC_ERR_NOMEM);
    *ret_keys = keys;
    return occ_success();
}

void
occ_keys_free(struct occ_keys *keys)
{
    free(keys);
}

size_t
occ_keys_count(const struct occ_keys *keys)
{
    return keys->count;
}

/* where begins a message: "FILE:3: " or "API_KEYS: ". */
static struct occ_result
add_key(struct occ_keys *keys, const struct key *key, const char *where, struct occ_error *err)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->keys[i].name, key->name) == 0) {
            return occ_error_set(err, OCC_ERR_USAGE, "%s: the name \"%s\" is used twice", where, key->name);
        }
        if (occ_secret_equal(keys->keys[i].digest, key->digest, OCC_SHA256_LEN)) {
            return occ_error_set(err, OCC_ERR_USAGE, "%s: the same key as \"%s\"", where, keys->keys[i].name);
        }
    }
    if (keys->count == OCC_LIMIT_API_KEYS) {
        return occ_error_set(err, OCC_ERR_LIMIT, "%s: more than %d keys", where, OCC_LIMIT_API_KEYS);
    }
    keys->keys[keys->count++] = *key;
    return occ_success();
}

struct occ_result
occ_keys_add_all(struct occ_keys *keys, const struct occ_keys *from, struct occ_error *err)
{
    for (size_t i = 0; i < from->count; i++) {
        OCC_TRY(add_key(keys, &from->keys[i], "API_KEYS", err));
    }
    return occ_success();
}

/* Takes the text before the next separator off the front of *text. */
static struct occ_bytes
take_until(struct occ_bytes *text, uint8_t separator)
{
    const uint8_t *end = text->len == 0 ? NULL : memchr(text->ptr, separator, text->len);
    const size_t len = end == NULL ? text->len : (size_t)(end - text->ptr);
    const struct occ_bytes part = occ_bytes_of(text->ptr, len);
    const size_t used = end == NULL ? len : len + 1;
    *text = occ_bytes_of(used == 0 ? text->ptr : text->ptr + used, text->len - used);
    return part;
}

struct occ_result
occ_keys_add_list(struct occ_keys *keys, struct occ_bytes list, struct occ_error *err)
{
    unsigned number = 0;
    while (list.len > 0) {
        const struct occ_bytes plain = occ_bytes_trim(take_until(&list, ','));
        if (plain.len == 0) {
            continue;
        }
        struct key key = { 0 };
        (void)snprintf(key.name, sizeof(key.name), "env.%u", ++number);
        occ_digest_sha256(plain, key.digest);
        OCC_TRY(add_key(keys, &key, "API_KEYS", err));
    }
    if (number == 0) {
        return occ_error_set(err, OCC_ERR_USAGE, "API_KEYS: no key in it, expected keys separated by commas");
    }
    return occ_success();
}

static bool
is_name_byte(uint8_t byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
           byte == '.' || byte == '_' || byte == '-';
}

static bool
is_name(struct occ_bytes text)
{
    if (text.len == 0 || text.len >= OCC_KEYS_NAME_SIZE) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (!is_name_byte(text.ptr[i])) {
            return false;
        }
    }
    return true;
}

/* What is wrong with a line is never shown: a user may have put the key itself there. */
static struct occ_result
read_line(struct occ_bytes line, const char *where, struct occ_error *err, struct key *ret_key)
{
    size_t name_len = 0;
    while (name_len < line.len && !occ_bytes_is_blank(line.ptr[name_len])) {
        name_len++;
    }
    const struct occ_bytes name = occ_bytes_of(line.ptr, name_len);
    const struct occ_bytes digest = occ_bytes_trim(occ_bytes_of(line.ptr + name_len, line.len - name_len));
    if (!is_name(name)) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: the name is not 1 to 64 characters of A-Za-z0-9._-", where);
    }
    struct key key = { 0 };
    memcpy(key.name, name.ptr, name.len);
    if (!occ_is_ok(occ_hex_decode(digest, OCC_SHA256_LEN, key.digest))) {
        return occ_error_set(err, OCC_ERR_USAGE,
                             "%s: after the name, expected the key's SHA-256 as 64 lower-case hex digits", where);
    }
    *ret_key = key;
    return occ_success();
}

struct occ_result
occ_keys_add_text(struct occ_keys *keys, const char *path, struct occ_bytes text, struct occ_error *err)
{
    size_t added = 0;
    for (unsigned number = 1; text.len > 0; number++) {
        const struct occ_bytes line = occ_bytes_trim(take_until(&text, '\n'));
        if (line.len == 0 || line.ptr[0] == '#') {
            continue;
        }
        char where[OCC_ERROR_TEXT_SIZE];
        (void)snprintf(where, sizeof(where), "%.200s:%u", path, number);
        struct key key;
        OCC_TRY(read_line(line, where, err, &key));
        OCC_TRY(add_key(keys, &key, where, err));
        added++;
    }
    /* An empty file must not mean "no keys configured, all open". */
    if (added == 0) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: no key in it, expected lines of NAME SHA256HEX", path);
    }
    return occ_success();
}

struct occ_result
occ_keys_add_file(struct occ_keys *keys, const char *path, struct occ_error *err)
{
    OCC_BUF_AUTO(text, OCC_LIMIT_API_KEYS_LEN);
    OCC_TRY(occ_file_read(path, err, &text));
    return occ_keys_add_text(keys, path, occ_buf_view(&text), err);
}

const char *
occ_keys_match(const struct occ_keys *keys, struct occ_bytes token)
{
    uint8_t digest[OCC_SHA256_LEN];
    occ_digest_sha256(token, digest);
    const char *name = NULL;
    for (size_t i = 0; i < keys->count; i++) {
        if (occ_secret_equal(keys->keys[i].digest, digest, OCC_SHA256_LEN)) {
            name = keys->keys[i].name;
        }
    }
    return name;
}
