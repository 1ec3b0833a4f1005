/*
 * canonical.c — fuzzes the canonical writer against the reader. The first byte chooses: a number from eight bytes, or a
 * string, or two names; what is written must read back as the same value.
 */
#include <math.h>
#include <stdlib.h>

#include "base/reader.h"
#include "codec/canonical.h"
#include "codec/json.h"

#define JSON_AUTO __attribute__((cleanup(occ_json_cleanup))) struct occ_json *

enum { OUTPUT_LIMIT = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static struct occ_json *
parse(struct occ_bytes text)
{
    struct occ_json *root = NULL;
    require(occ_is_ok(occ_json_parse(text, 1, NULL, &root)));
    return root;
}

static void
check_number(uint64_t bits)
{
    double number = 0;
    memcpy(&number, &bits, sizeof number);
    if (!isfinite(number)) {
        return;
    }
    OCC_BUF_AUTO(text, 32);
    occ_canonical_put_number(&text, number);
    require(occ_is_ok(occ_buf_check(&text)));
    JSON_AUTO root = parse(occ_buf_view(&text));
    require(occ_json_is(root, OCC_JSON_NUMBER));
    require(occ_json_number(root) == number);
}

static void
check_string(struct occ_bytes string)
{
    if (!occ_bytes_is_utf8(string)) {
        return;
    }
    OCC_BUF_AUTO(text, OUTPUT_LIMIT);
    occ_canonical_put_string(&text, string);
    require(occ_is_ok(occ_buf_check(&text)));
    JSON_AUTO root = parse(occ_buf_view(&text));
    require(occ_json_is(root, OCC_JSON_STRING));
    require(occ_bytes_equal(occ_json_string(root), string));
}

/* The next UTF-16 unit of well-formed UTF-8, the slow way: what the order of names is measured against. */
static uint32_t
next_unit(struct occ_bytes *text, uint32_t *pending)
{
    if (*pending != 0) {
        const uint32_t low = *pending;
        *pending = 0;
        return low;
    }
    const size_t len = occ_bytes_utf8_char(*text);
    static const uint8_t masks[5] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    uint32_t point = text->ptr[0] & masks[len];
    for (size_t i = 1; i < len; i++) {
        point = point << 6 | (text->ptr[i] & 0x3f);
    }
    *text = occ_bytes_of(text->ptr + len, text->len - len);
    if (point < 0x10000) {
        return point;
    }
    *pending = 0xdc00 | ((point - 0x10000) & 0x3ff);
    return 0xd800 | ((point - 0x10000) >> 10);
}

static int
slow_order(struct occ_bytes a, struct occ_bytes b)
{
    uint32_t a_pending = 0;
    uint32_t b_pending = 0;
    for (;;) {
        const bool a_ends = a.len == 0 && a_pending == 0;
        const bool b_ends = b.len == 0 && b_pending == 0;
        if (a_ends || b_ends) {
            return a_ends && b_ends ? 0 : (a_ends ? -1 : 1);
        }
        const uint32_t x = next_unit(&a, &a_pending);
        const uint32_t y = next_unit(&b, &b_pending);
        if (x != y) {
            return x < y ? -1 : 1;
        }
    }
}

static void
check_names(struct occ_bytes a, struct occ_bytes b)
{
    if (!occ_bytes_is_utf8(a) || !occ_bytes_is_utf8(b)) {
        return;
    }
    require(occ_canonical_compare_names(a, b) == slow_order(a, b));
    require(occ_canonical_compare_names(b, a) == -slow_order(a, b));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct occ_reader reader = occ_reader_of(occ_bytes_of(data, size));
    const uint8_t kind = occ_reader_u8(&reader);
    if (kind % 4 == 0) {
        check_number(occ_reader_be64(&reader));
        return 0;
    }
    const size_t left = occ_reader_left(&reader);
    if (kind % 4 == 1) {
        check_string(occ_reader_take(&reader, left));
        return 0;
    }
    const struct occ_bytes a = occ_reader_take(&reader, kind / 4u < left ? kind / 4u : left);
    check_names(a, occ_reader_take(&reader, occ_reader_left(&reader)));
    return 0;
}
