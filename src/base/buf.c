/* buf.c — the bounded buffer. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_CAP = 256 };

void
occ_buf_clear(struct occ_buf *buf)
{
    free(buf->ptr);
    *buf = OCC_BUF_INIT(buf->limit);
}

void
occ_buf_reset(struct occ_buf *buf)
{
    buf->len = 0;
    buf->fail = OCC_OK;
}

void
occ_buf_trim(struct occ_buf *buf)
{
    if (buf->len == 0) {
        free(buf->ptr);
        buf->ptr = NULL;
        buf->cap = 0;
        return;
    }
    uint8_t *trimmed = buf->len < buf->cap ? realloc(buf->ptr, buf->len) : NULL;
    if (trimmed != NULL) { /* without memory for a smaller one it stays as it is */
        buf->ptr = trimmed;
        buf->cap = buf->len;
    }
}

void
occ_buf_move(struct occ_buf *from, struct occ_buf *to)
{
    if (from == to) {
        return;
    }
    occ_buf_clear(to);
    *to = *from;
    *from = OCC_BUF_INIT(from->limit);
}

/* Twice what there is, at least what is needed, at most the limit. */
static size_t
next_cap(const struct occ_buf *buf, size_t needed)
{
    size_t cap = buf->cap > buf->limit / 2 ? buf->limit : buf->cap * 2;
    if (cap < FIRST_CAP) {
        cap = FIRST_CAP;
    }
    if (cap < needed) {
        cap = needed;
    }
    return cap > buf->limit ? buf->limit : cap;
}

uint8_t *
occ_buf_reserve(struct occ_buf *buf, size_t len)
{
    if (buf->fail != OCC_OK) {
        return NULL;
    }
    if (buf->ptr != NULL && len <= buf->cap - buf->len) {
        return buf->ptr + buf->len;
    }
    if (len > buf->limit - buf->len) {
        buf->fail = OCC_ERR_LIMIT;
        return NULL;
    }
    const size_t cap = next_cap(buf, buf->len + len);
    uint8_t *grown = realloc(buf->ptr, cap == 0 ? 1 : cap);
    if (grown == NULL) {
        buf->fail = OCC_ERR_NOMEM;
        return NULL;
    }
    buf->ptr = grown;
    buf->cap = cap;
    return buf->ptr + buf->len;
}

void
occ_buf_put(struct occ_buf *buf, struct occ_bytes bytes)
{
    if (bytes.len == 0) {
        return;
    }
    uint8_t *to = occ_buf_reserve(buf, bytes.len);
    if (to == NULL) {
        return;
    }
    memcpy(to, bytes.ptr, bytes.len);
    buf->len += bytes.len;
}

void
occ_buf_put_str(struct occ_buf *buf, const char *text)
{
    occ_buf_put(buf, occ_bytes_str(text));
}

void
occ_buf_put_byte(struct occ_buf *buf, uint8_t byte)
{
    uint8_t *to = occ_buf_reserve(buf, 1);
    if (to == NULL) {
        return;
    }
    *to = byte;
    buf->len++;
}

void
occ_buf_put_u64(struct occ_buf *buf, uint64_t value)
{
    uint8_t digits[20];
    size_t at = sizeof digits;
    do {
        at--;
        digits[at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    occ_buf_put(buf, occ_bytes_of(digits + at, sizeof digits - at));
}

static void
put_big_endian(struct occ_buf *buf, uint64_t value, size_t len)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
    }
    occ_buf_put(buf, occ_bytes_of(bytes, len));
}

void
occ_buf_put_be16(struct occ_buf *buf, uint16_t value)
{
    put_big_endian(buf, value, 2);
}

void
occ_buf_put_be32(struct occ_buf *buf, uint32_t value)
{
    put_big_endian(buf, value, 4);
}

void
occ_buf_put_be64(struct occ_buf *buf, uint64_t value)
{
    put_big_endian(buf, value, 8);
}

/* The long way of occ_buf_put_format. printf wants room for a zero byte, which the limit need not have: a copy. */
__attribute__((format(printf, 3, 0))) static void
put_long_format(struct occ_buf *buf, size_t len, const char *format, va_list args)
{
    if (len > buf->limit - buf->len) {
        buf->fail = OCC_ERR_LIMIT;
        return;
    }
    char *text = malloc(len + 1);
    if (text == NULL) {
        buf->fail = OCC_ERR_NOMEM;
        return;
    }
    (void)vsnprintf(text, len + 1, format, args);
    occ_buf_put(buf, occ_bytes_of(text, len));
    free(text);
}

void
occ_buf_put_format(struct occ_buf *buf, const char *format, ...)
{
    if (buf->fail != OCC_OK) {
        return;
    }
    char text[256];
    va_list args;
    va_start(args, format);
    const int wanted = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (wanted < 0) { /* only for a text of over 2 GiB: these are numbers and ASCII */
        buf->fail = OCC_ERR_LIMIT;
        return;
    }
    const size_t len = (size_t)wanted;
    if (len < sizeof text) {
        occ_buf_put(buf, occ_bytes_of(text, len));
        return;
    }
    va_start(args, format);
    put_long_format(buf, len, format, args);
    va_end(args);
}

void
occ_buf_drop_front(struct occ_buf *buf, size_t len)
{
    if (len >= buf->len) {
        buf->len = 0;
        return;
    }
    if (len == 0) {
        return;
    }
    memmove(buf->ptr, buf->ptr + len, buf->len - len);
    buf->len -= len;
}

struct occ_result
occ_buf_check(const struct occ_buf *buf)
{
    return occ_result_of(buf->fail);
}
