/* canonical.c — RFC 8785, and the order that a JavaScript peer has. */
#include "codec/canonical.h"

#include <stdlib.h>

#include "codec/number.h"
#include "codec/plain.h"

/* Members of an object that are sorted on the stack; larger objects get memory of their own. */
enum { STACK_MEMBERS = 24 };

struct member {
    struct occ_bytes name;
    const struct occ_json *value;
};

/* ---- strings ---- */

/* RFC 8785 §3.2.2.2: what JSON.stringify escapes, and how: 'u' is the \u00xx form, 0 is none. */
static const char escapes[256] = {
    [0x00] = 'u', [0x01] = 'u', [0x02] = 'u', [0x03] = 'u', [0x04] = 'u', [0x05] = 'u',  [0x06] = 'u',
    [0x07] = 'u', [0x08] = 'b', [0x09] = 't', [0x0a] = 'n', [0x0b] = 'u', [0x0c] = 'f',  [0x0d] = 'r',
    [0x0e] = 'u', [0x0f] = 'u', [0x10] = 'u', [0x11] = 'u', [0x12] = 'u', [0x13] = 'u',  [0x14] = 'u',
    [0x15] = 'u', [0x16] = 'u', [0x17] = 'u', [0x18] = 'u', [0x19] = 'u', [0x1a] = 'u',  [0x1b] = 'u',
    [0x1c] = 'u', [0x1d] = 'u', [0x1e] = 'u', [0x1f] = 'u', ['"'] = '"',  ['\\'] = '\\',
};

static void
put_escape(struct occ_buf *buf, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    const char escape = escapes[byte];
    if (escape != 'u') {
        const char text[2] = { '\\', escape };
        occ_buf_put(buf, occ_bytes_of(text, sizeof text));
        return;
    }
    const char text[6] = { '\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15] };
    occ_buf_put(buf, occ_bytes_of(text, sizeof text));
}

/* The text of a string, from the first byte on that may need an escape. */
static void
put_escaped(struct occ_buf *buf, struct occ_bytes text)
{
    while (text.len > 0) {
        const size_t plain = occ_plain_length(text);
        occ_buf_put(buf, occ_bytes_of(text.ptr, plain));
        if (plain == text.len) {
            break;
        }
        put_escape(buf, text.ptr[plain]);
        text = occ_bytes_of(text.ptr + plain + 1, text.len - plain - 1);
    }
}

void
occ_canonical_put_string(struct occ_buf *buf, struct occ_bytes text)
{
    const size_t plain = occ_plain_length(text);
    uint8_t *to = occ_buf_reserve(buf, plain + 2);
    if (to == NULL) {
        return;
    }
    to[0] = '"';
    if (plain > 0) {
        memcpy(to + 1, text.ptr, plain);
    }
    buf->len += plain + 1;
    if (plain < text.len) {
        put_escaped(buf, occ_bytes_of(text.ptr + plain, text.len - plain));
    }
    occ_buf_put_byte(buf, '"');
}

/* ---- numbers ---- */

void
occ_canonical_put_number(struct occ_buf *buf, double number)
{
    char text[OCC_NUMBER_TEXT_SIZE];
    const size_t len = occ_number_format(number, text);
    occ_buf_put(buf, occ_bytes_of(text, len));
}

/* ---- objects ---- */

int
occ_canonical_compare_names(struct occ_bytes a, struct occ_bytes b)
{
    const size_t common = a.len < b.len ? a.len : b.len;
    size_t at = 0;
    while (at < common && a.ptr[at] == b.ptr[at]) {
        at++;
    }
    if (at == common) {
        return a.len < b.len ? -1 : (a.len > b.len ? 1 : 0);
    }
    /* UTF-8 bytes order as UTF-16 units do, but for one case: U+10000 and up (first byte from f0) are surrogates in UTF-16,
     * which come before U+E000 to U+FFFF (first byte ee or ef). */
    const uint8_t x = a.ptr[at];
    const uint8_t y = b.ptr[at];
    if (x >= 0xee && y >= 0xee && (x >= 0xf0) != (y >= 0xf0)) {
        return x >= 0xf0 ? -1 : 1;
    }
    return x < y ? -1 : 1;
}

/* ECMA-262 "array index": the canonical text of an integer from 0 to 2^32 - 2. */
static bool
is_array_index(struct occ_bytes name)
{
    if (name.len == 0 || name.len > 10 || (name.ptr[0] == '0' && name.len > 1)) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] < '0' || name.ptr[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(name.ptr[i] - '0');
    }
    return value <= UINT32_MAX - UINT64_C(1);
}

int
occ_canonical_compare_ordered(struct occ_bytes a, struct occ_bytes b, enum occ_canonical_order order)
{
    if (order == OCC_CANONICAL_RFC8785) {
        return occ_canonical_compare_names(a, b);
    }
    /* ECMA-262 OrdinaryOwnPropertyKeys: array indices first, by their number. */
    const bool a_is_index = is_array_index(a);
    const bool b_is_index = is_array_index(b);
    if (a_is_index != b_is_index) {
        return a_is_index ? -1 : 1;
    }
    if (a_is_index && a.len != b.len) { /* no leading zeros: the longer text is the larger number */
        return a.len < b.len ? -1 : 1;
    }
    return occ_canonical_compare_names(a, b);
}

static int
compare_members(const void *a, const void *b)
{
    return occ_canonical_compare_names(((const struct member *)a)->name, ((const struct member *)b)->name);
}

static int
compare_members_ecmascript(const void *a, const void *b)
{
    return occ_canonical_compare_ordered(((const struct member *)a)->name, ((const struct member *)b)->name,
                                         OCC_CANONICAL_ECMASCRIPT);
}

typedef int compare_function(const void *a, const void *b);

static bool
is_sorted(const struct member *members, size_t count, compare_function *compare)
{
    for (size_t i = 1; i < count; i++) {
        if (compare(&members[i - 1], &members[i]) > 0) {
            return false;
        }
    }
    return true;
}

/* Few members: insertion. Many: qsort, whose order of equal names cannot matter, as there are none. */
static void
sort_members(struct member *members, size_t count, enum occ_canonical_order order)
{
    compare_function *const compare = order == OCC_CANONICAL_ECMASCRIPT ? compare_members_ecmascript : compare_members;
    if (is_sorted(members, count, compare)) {
        return;
    }
    if (count > STACK_MEMBERS) {
        qsort(members, count, sizeof members[0], compare);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        const struct member moved = members[i];
        size_t at = i;
        for (; at > 0 && compare(&members[at - 1], &moved) > 0; at--) {
            members[at] = members[at - 1];
        }
        members[at] = moved;
    }
}

struct choice {
    enum occ_canonical_order order;
    bool (*leaves_out)(void *ctx, struct occ_bytes name);
    void *ctx;
};

static size_t
collect_members(const struct occ_json *object, const struct choice *choice, struct member *members)
{
    size_t count = 0;
    struct occ_json_iter iter = { 0 };
    while (occ_json_next(object, &iter)) {
        if (choice->leaves_out != NULL && choice->leaves_out(choice->ctx, iter.name)) {
            continue;
        }
        /* In JavaScript, assigning to this name makes no member. */
        if (choice->order == OCC_CANONICAL_ECMASCRIPT && occ_bytes_is(iter.name, "__proto__")) {
            continue;
        }
        members[count] = (struct member){ .name = iter.name, .value = iter.value };
        count++;
    }
    return count;
}

static void
put_members(struct occ_buf *buf, const struct member *members, size_t count, enum occ_canonical_order order)
{
    occ_buf_put_byte(buf, '{');
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            occ_buf_put_byte(buf, ',');
        }
        occ_canonical_put_string(buf, members[i].name);
        occ_buf_put_byte(buf, ':');
        occ_canonical_put_ordered(buf, members[i].value, order);
    }
    occ_buf_put_byte(buf, '}');
}

static void
put_object(struct occ_buf *buf, const struct occ_json *object, const struct choice *choice)
{
    struct member few[STACK_MEMBERS];
    struct member *members = few;
    const size_t length = occ_json_length(object);
    if (length > STACK_MEMBERS) {
        members = calloc(length, sizeof members[0]);
        if (members == NULL) {
            buf->fail = buf->fail == OCC_OK ? OCC_ERR_NOMEM : buf->fail;
            return;
        }
    }
    const size_t count = collect_members(object, choice, members);
    sort_members(members, count, choice->order);
    put_members(buf, members, count, choice->order);
    if (members != few) {
        free(members);
    }
}

/* ---- values ---- */

static void
put_array(struct occ_buf *buf, const struct occ_json *array, enum occ_canonical_order order)
{
    const size_t length = occ_json_length(array);
    occ_buf_put_byte(buf, '[');
    for (size_t i = 0; i < length; i++) {
        if (i > 0) {
            occ_buf_put_byte(buf, ',');
        }
        occ_canonical_put_ordered(buf, occ_json_at(array, i), order);
    }
    occ_buf_put_byte(buf, ']');
}

void
occ_canonical_put_ordered(struct occ_buf *buf, const struct occ_json *value, enum occ_canonical_order order)
{
    if (buf->fail != OCC_OK) {
        return;
    }
    switch (occ_json_type(value)) {
    case OCC_JSON_NULL:
        occ_buf_put_str(buf, "null");
        return;
    case OCC_JSON_FALSE:
        occ_buf_put_str(buf, "false");
        return;
    case OCC_JSON_TRUE:
        occ_buf_put_str(buf, "true");
        return;
    case OCC_JSON_NUMBER:
        occ_canonical_put_number(buf, occ_json_number(value));
        return;
    case OCC_JSON_STRING:
        occ_canonical_put_string(buf, occ_json_string(value));
        return;
    case OCC_JSON_ARRAY:
        put_array(buf, value, order);
        return;
    case OCC_JSON_OBJECT:
        put_object(buf, value, &(struct choice){ .order = order });
        return;
    }
}

void
occ_canonical_put(struct occ_buf *buf, const struct occ_json *value)
{
    occ_canonical_put_ordered(buf, value, OCC_CANONICAL_RFC8785);
}

void
occ_canonical_put_without(struct occ_buf *buf, const struct occ_json *object,
                          bool (*skip)(void *ctx, struct occ_bytes name), void *ctx)
{
    put_object(buf, object, &(struct choice){ .leaves_out = skip, .ctx = ctx });
}

void
occ_canonical_put_ordered_without(struct occ_buf *buf, const struct occ_json *object, enum occ_canonical_order order,
                                  bool (*skip)(void *ctx, struct occ_bytes name), void *ctx)
{
    put_object(buf, object, &(struct choice){ .order = order, .leaves_out = skip, .ctx = ctx });
}

/* ---- names that JavaScript treats differently ---- */

static bool
object_has_unsafe_name(const struct occ_json *object, struct occ_bytes *ret_name)
{
    struct occ_json_iter iter = { 0 };
    while (occ_json_next(object, &iter)) {
        if (is_array_index(iter.name) || occ_bytes_is(iter.name, "__proto__")) {
            if (ret_name != NULL) {
                *ret_name = iter.name;
            }
            return true;
        }
        if (occ_canonical_has_unsafe_name(iter.value, ret_name)) {
            return true;
        }
    }
    return false;
}

bool
occ_canonical_has_unsafe_name(const struct occ_json *value, struct occ_bytes *ret_name)
{
    if (occ_json_is(value, OCC_JSON_OBJECT)) {
        return object_has_unsafe_name(value, ret_name);
    }
    for (size_t i = 0; occ_json_is(value, OCC_JSON_ARRAY) && i < occ_json_length(value); i++) {
        if (occ_canonical_has_unsafe_name(occ_json_at(value, i), ret_name)) {
            return true;
        }
    }
    return false;
}
