/*
 * repeat.c — an Idempotency-Key as a stranger writes it, and the parent's opaque bytes as a boundary may give them back. A key that
 * is taken has a length within the limit, and quoted it is the same key; opaque bytes that are read are written the same.
 */
#include <stdio.h>
#include <stdlib.h>

#include "server/opaque.h"
#include "server/repeat.h"

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "not so: %s\n", #condition); \
            abort(); \
        } \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
quote(const struct occ_repeat_key *key, struct occ_buf *out)
{
    occ_buf_put_byte(out, '"');
    for (size_t i = 0; i < key->len; i++) {
        if (key->text[i] == '"' || key->text[i] == '\\') {
            occ_buf_put_byte(out, '\\');
        }
        occ_buf_put_byte(out, (uint8_t)key->text[i]);
    }
    occ_buf_put_byte(out, '"');
}

static void
try_key(struct occ_bytes value)
{
    struct occ_error err = { 0 };
    struct occ_repeat_key key, again;
    if (!occ_is_ok(occ_repeat_read_key(value, &err, &key))) {
        CHECK(err.code == OCC_ERR_FIELD_VALUE || err.code == OCC_ERR_FIELD_LENGTH);
        CHECK(err.text[0] != 0);
        return;
    }
    CHECK(key.len >= 1 && key.len <= OCC_LIMIT_REPEAT_KEY_LEN);
    OCC_BUF_AUTO(quoted, 4096);
    quote(&key, &quoted);
    CHECK(occ_is_ok(occ_repeat_read_key(occ_buf_view(&quoted), &err, &again)));
    CHECK(occ_bytes_equal(occ_bytes_of(key.text, key.len), occ_bytes_of(again.text, again.len)));
}

static void
try_opaque(struct occ_bytes bytes)
{
    struct occ_opaque opaque;
    uint8_t again[OCC_OPAQUE_LEN_MAX];
    if (occ_is_ok(occ_opaque_decode(bytes, &opaque))) {
        CHECK(occ_bytes_equal(bytes, occ_bytes_of(again, occ_opaque_encode(&opaque, again))));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct occ_bytes input = occ_bytes_of(data, size);
    try_key(input);
    try_opaque(input);
    return 0;
}
