/* bytes.c — comparing views, and UTF-8. */
#include "base/bytes.h"

bool
occ_bytes_equal(struct occ_bytes a, struct occ_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool
occ_bytes_is(struct occ_bytes a, const char *text)
{
    return occ_bytes_equal(a, occ_bytes_str(text));
}

bool
occ_bytes_starts(struct occ_bytes a, const char *prefix)
{
    const struct occ_bytes wanted = occ_bytes_str(prefix);
    return a.len >= wanted.len && occ_bytes_equal(occ_bytes_of(a.ptr, wanted.len), wanted);
}

struct occ_bytes
occ_bytes_trim(struct occ_bytes text)
{
    while (text.len > 0 && occ_bytes_is_blank(text.ptr[0])) {
        text = occ_bytes_of(text.ptr + 1, text.len - 1);
    }
    while (text.len > 0 && occ_bytes_is_blank(text.ptr[text.len - 1])) {
        text.len--;
    }
    return text;
}

int
occ_bytes_compare(struct occ_bytes a, struct occ_bytes b)
{
    const size_t common = a.len < b.len ? a.len : b.len;
    const int order = common == 0 ? 0 : memcmp(a.ptr, b.ptr, common);
    if (order != 0) {
        return order;
    }
    return a.len < b.len ? -1 : (a.len > b.len ? 1 : 0);
}

static bool
is_continuation(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* RFC 3629 §4, the table UTF8-char: the second byte's range depends on the first. */
static bool
is_second(uint8_t first, uint8_t second)
{
    switch (first) {
    case 0xe0:
        return second >= 0xa0 && second <= 0xbf;
    case 0xed:
        return second >= 0x80 && second <= 0x9f;
    case 0xf0:
        return second >= 0x90 && second <= 0xbf;
    case 0xf4:
        return second >= 0x80 && second <= 0x8f;
    default:
        return is_continuation(second);
    }
}

size_t
occ_bytes_utf8_char(struct occ_bytes text)
{
    if (text.len == 0) {
        return 0;
    }
    const uint8_t first = text.ptr[0];
    if (first < 0x80) {
        return 1;
    }
    if (first < 0xc2 || first > 0xf4) {
        return 0;
    }
    const size_t len = first < 0xe0 ? 2 : (first < 0xf0 ? 3 : 4);
    if (text.len < len || !is_second(first, text.ptr[1])) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if (!is_continuation(text.ptr[i])) {
            return 0;
        }
    }
    return len;
}

/* Skips ASCII eight bytes at a time; returns the offset of the first eight that are not all ASCII. */
static size_t
skip_ascii(struct occ_bytes text, size_t at)
{
    while (text.len - at >= 8) {
        uint64_t eight;
        memcpy(&eight, text.ptr + at, 8);
        if ((eight & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
        at += 8;
    }
    return at;
}

size_t
occ_bytes_utf8_length(struct occ_bytes text)
{
    size_t at = 0;
    while (at < text.len) {
        at = skip_ascii(text, at);
        if (at == text.len) {
            break;
        }
        const size_t len = occ_bytes_utf8_char(occ_bytes_of(text.ptr + at, text.len - at));
        if (len == 0) {
            break;
        }
        at += len;
    }
    return at;
}

bool
occ_bytes_is_utf8(struct occ_bytes text)
{
    return occ_bytes_utf8_length(text) == text.len;
}
