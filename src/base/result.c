/* result.c — the names and sentences of codes, and one-sentence errors. */
#include "base/result.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

const char *
occ_result_name(enum occ_err code)
{
    switch (code) {
#define OCC_CODE_NAME_(id, number, name, text) \
    case id: \
        return name;
        OCC_CODES(OCC_CODE_NAME_)
#undef OCC_CODE_NAME_
    case OCC_CODE_RANGE_:
        break;
    }
    return occ_result_name(OCC_ERR_INTERNAL);
}

const char *
occ_result_text(enum occ_err code)
{
    switch (code) {
#define OCC_CODE_TEXT_(id, number, name, text) \
    case id: \
        return text;
        OCC_CODES(OCC_CODE_TEXT_)
#undef OCC_CODE_TEXT_
    case OCC_CODE_RANGE_:
        break;
    }
    return occ_result_text(OCC_ERR_INTERNAL);
}

/* C0, DEL and C1: what a terminal or a log reader could act on. */
static bool
is_control(const char *at, size_t char_len)
{
    const uint8_t first = (uint8_t)at[0];
    if (char_len == 1) {
        return first < 0x20 || first == 0x7f;
    }
    return char_len == 2 && first == 0xc2 && (uint8_t)at[1] < 0xa0;
}

/* Replaces what is no printable UTF-8 by '?'. */
static void
sanitize(char *text, size_t len)
{
    size_t at = 0;
    while (at < len) {
        const size_t char_len = occ_bytes_utf8_char(occ_bytes_of(text + at, len - at));
        if (char_len == 0) {
            text[at] = '?';
            at++;
            continue;
        }
        if (is_control(text + at, char_len)) {
            memset(text + at, '?', char_len);
        }
        at += char_len;
    }
}

/* The length of a sentence that was cut to len bytes, without the part of a character that the cut may have left. */
static size_t
cut_length(const char *text, size_t len)
{
    size_t start = len;
    while (start > 0 && len - start < 3 && ((uint8_t)text[start - 1] & 0xc0) == 0x80) {
        start--;
    }
    if (start == 0 || (uint8_t)text[start - 1] < 0xc0) {
        return len;
    }
    start--;
    return occ_bytes_utf8_char(occ_bytes_of(text + start, len - start)) == 0 ? start : len;
}

struct occ_result
occ_error_set(struct occ_error *err, enum occ_err code, const char *format, ...)
{
    if (err == NULL) {
        return occ_result_of(code);
    }
    va_list args;
    va_start(args, format);
    const int wanted = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    if (wanted < 0) {
        return occ_error_code(err, code);
    }
    size_t len = (size_t)wanted;
    if (len >= sizeof err->text) {
        len = cut_length(err->text, sizeof err->text - 1);
    }
    err->text[len] = '\0';
    sanitize(err->text, len);
    err->code = code;
    return occ_result_of(code);
}

struct occ_result
occ_error_code(struct occ_error *err, enum occ_err code)
{
    if (err == NULL) {
        return occ_result_of(code);
    }
    err->code = code;
    const char *text = code == OCC_OK ? "" : occ_result_text(code);
    const size_t len = strlen(text);
    memcpy(err->text, text, len + 1);
    return occ_result_of(code);
}
