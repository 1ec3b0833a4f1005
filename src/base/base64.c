/* base64.c — canonical base64. */
#include "base/base64.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* A letter's value + 1; 0 for what is no letter. */
static const uint8_t values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

void
occ_base64_encode(struct occ_bytes bytes, char *ret_text)
{
    const uint8_t *from = bytes.ptr;
    char *to = ret_text;
    size_t left = bytes.len;
    for (; left >= 3; left -= 3, from += 3, to += 4) {
        const uint32_t group = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
        to[0] = letters[group >> 18];
        to[1] = letters[group >> 12 & 63];
        to[2] = letters[group >> 6 & 63];
        to[3] = letters[group & 63];
    }
    if (left == 0) {
        return;
    }
    const uint32_t group = (uint32_t)from[0] << 16 | (left == 2 ? (uint32_t)from[1] << 8 : 0);
    to[0] = letters[group >> 18];
    to[1] = letters[group >> 12 & 63];
    to[2] = '=';
    if (left == 2) {
        to[2] = letters[group >> 6 & 63];
    }
    to[3] = '=';
}

void
occ_base64_put(struct occ_buf *buf, struct occ_bytes bytes)
{
    if (bytes.len > buf->limit) { /* also keeps OCC_BASE64_LEN from overflowing */
        buf->fail = buf->fail == OCC_OK ? OCC_ERR_LIMIT : buf->fail;
        return;
    }
    const size_t len = OCC_BASE64_LEN(bytes.len);
    uint8_t *to = occ_buf_reserve(buf, len);
    if (to == NULL) {
        return;
    }
    occ_base64_encode(bytes, (char *)to);
    buf->len += len;
}

/* How many '=' the text ends in: 0, 1 or 2. More are letters that are none. */
static size_t
padding_of(struct occ_bytes text)
{
    if (text.len < 4 || text.ptr[text.len - 1] != '=') {
        return 0;
    }
    return text.ptr[text.len - 2] == '=' ? 2 : 1;
}

struct occ_result
occ_base64_check(struct occ_bytes text, size_t *ret_len)
{
    OCC_ENSURE(text.len % 4 == 0, OCC_ERR_BASE64);
    const size_t padding = padding_of(text);
    const size_t count = text.len - padding;
    unsigned others = 0;
    for (size_t i = 0; i < count; i++) {
        others |= values[text.ptr[i]] - 1u; /* wraps to all ones for what is no letter */
    }
    OCC_ENSURE(others < 64, OCC_ERR_BASE64);
    /* RFC 4648 §3.5: the bits that padding leaves over are zero. */
    if (padding > 0) {
        const unsigned last = values[text.ptr[count - 1]] - 1u;
        OCC_ENSURE((last & (padding == 2 ? 15u : 3u)) == 0, OCC_ERR_BASE64);
    }
    if (ret_len != NULL) {
        *ret_len = text.len / 4 * 3 - padding;
    }
    return occ_success();
}

/* The 24 bits of four characters that are known to be letters. */
static uint32_t
group_of(const uint8_t *from)
{
    return (values[from[0]] - 1u) << 18 | (values[from[1]] - 1u) << 12 | (values[from[2]] - 1u) << 6 |
           (values[from[3]] - 1u);
}

/* The last group, with its padding: 1 or 2 bytes. */
static void
decode_last(const uint8_t *from, size_t len, uint8_t *to)
{
    to[0] = (uint8_t)((values[from[0]] - 1u) << 2 | (values[from[1]] - 1u) >> 4);
    if (len == 2) {
        to[1] = (uint8_t)((values[from[1]] - 1u) << 4 | (values[from[2]] - 1u) >> 2);
    }
}

struct occ_result
occ_base64_decode(struct occ_bytes text, size_t cap, uint8_t *ret, size_t *ret_len)
{
    size_t len = 0;
    OCC_TRY(occ_base64_check(text, &len));
    OCC_ENSURE(len <= cap, OCC_ERR_LIMIT);
    const uint8_t *from = text.ptr;
    uint8_t *to = ret;
    size_t left = len;
    for (; left >= 3; left -= 3, from += 4, to += 3) {
        const uint32_t group = group_of(from);
        to[0] = (uint8_t)(group >> 16);
        to[1] = (uint8_t)(group >> 8);
        to[2] = (uint8_t)group;
    }
    if (left > 0) {
        decode_last(from, left, to);
    }
    *ret_len = len;
    return occ_success();
}
