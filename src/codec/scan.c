/* scan.c — the rules in front of jansson. */
#include "codec/scan.h"

#include "base/limits.h"
#include "codec/number.h"
#include "codec/plain.h"

/* Integers of so many digits all survive: 10^15 < 2^53. */
enum { SAFE_DIGITS = 15 };

struct scan {
    struct occ_bytes text;
    size_t at;
    unsigned depth;
    unsigned max_depth;
    size_t values; /* begun so far, one after each '[', '{' and ','; an empty one counts as if it held one */
    struct occ_error *err;
};

/* Where an offset is, as an editor counts: lines and characters from 1. */
struct position {
    size_t line;
    size_t column;
};

static struct position
position_of(struct occ_bytes text, size_t offset)
{
    struct position position = { .line = 1, .column = 1 };
    for (size_t i = 0; i < offset; i++) {
        if (text.ptr[i] == '\n') {
            position.line++;
            position.column = 1;
        } else if ((text.ptr[i] & 0xc0) != 0x80) {
            position.column++;
        }
    }
    return position;
}

static struct occ_result
refuse(const struct scan *scan, enum occ_err code, const char *what)
{
    const struct position at = position_of(scan->text, scan->at);
    return occ_error_set(scan->err, code, "line %zu, column %zu: %s", at.line, at.column, what);
}

static bool
is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static bool
is_number_byte(uint8_t byte)
{
    return is_digit(byte) || byte == '-' || byte == '+' || byte == '.' || byte == 'e' || byte == 'E';
}

/* True for what RFC 8259 §6 calls a number without fraction and exponent. */
static bool
is_integer_literal(struct occ_bytes literal)
{
    const size_t first = literal.ptr[0] == '-' ? 1 : 0;
    if (literal.len == first || (literal.ptr[first] == '0' && literal.len > first + 1)) {
        return false;
    }
    for (size_t i = first; i < literal.len; i++) {
        if (!is_digit(literal.ptr[i])) {
            return false;
        }
    }
    return true;
}

/* PROTOCOL §1: an integer literal whose double prints as another integer is refused. */
static struct occ_result
scan_number(struct scan *scan)
{
    size_t end = scan->at;
    while (end < scan->text.len && is_number_byte(scan->text.ptr[end])) {
        end++;
    }
    const struct occ_bytes literal = occ_bytes_of(scan->text.ptr + scan->at, end - scan->at);
    if (literal.len > SAFE_DIGITS && is_integer_literal(literal) && !occ_number_integer_survives(literal)) {
        return refuse(scan, OCC_ERR_JSON_NUMBER, "an integer that IEEE doubles cannot hold exactly");
    }
    scan->at = end;
    return occ_success();
}

/* The offset of the quote that ends a string whose text begins at an offset; the text's length if none does. */
static size_t
string_end(struct occ_bytes text, size_t at)
{
    while (at < text.len) {
        at += occ_plain_length(occ_bytes_of(text.ptr + at, text.len - at));
        if (at == text.len || text.ptr[at] == '"') {
            return at;
        }
        at += text.ptr[at] == '\\' ? 2 : 1;
    }
    return text.len;
}

/* Goes past a string; an unterminated one ends with the text. */
static void
scan_string(struct scan *scan)
{
    const size_t end = string_end(scan->text, scan->at + 1);
    scan->at = end < scan->text.len ? end + 1 : end;
}

/* PROTOCOL §1 bounds depth; DESIGN §4, promise 5, bounds the rest. */
static struct occ_result
count_value(struct scan *scan)
{
    scan->values++;
    if (scan->values > OCC_LIMIT_JSON_VALUES + scan->text.len / OCC_LIMIT_JSON_VALUE_LEN) {
        return refuse(scan, OCC_ERR_LIMIT, "too many JSON values for a text of this length");
    }
    return occ_success();
}

static struct occ_result
scan_bracket(struct scan *scan, uint8_t byte)
{
    if (byte == '[' || byte == '{') {
        if (scan->depth == scan->max_depth) {
            return refuse(scan, OCC_ERR_JSON_DEPTH, "JSON nested too deeply");
        }
        scan->depth++;
        return count_value(scan);
    }
    if (byte == ',') {
        return count_value(scan);
    }
    if ((byte == ']' || byte == '}') && scan->depth > 0) {
        scan->depth--;
    }
    return occ_success();
}

static struct occ_result
scan_tokens(struct scan *scan)
{
    while (scan->at < scan->text.len) {
        const uint8_t byte = scan->text.ptr[scan->at];
        if (byte == '"') {
            scan_string(scan);
            continue;
        }
        if (byte == '-' || is_digit(byte)) {
            OCC_TRY(scan_number(scan));
            continue;
        }
        OCC_TRY(scan_bracket(scan, byte));
        scan->at++;
    }
    return occ_success();
}

static bool
is_blank(struct occ_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t byte = text.ptr[i];
        if (byte != ' ' && byte != '\t' && byte != '\n' && byte != '\r') {
            return false;
        }
    }
    return true;
}

struct occ_result
occ_scan_check(struct occ_bytes text, unsigned max_depth, struct occ_error *err)
{
    struct scan scan = { .text = text, .max_depth = max_depth, .err = err };
    if (is_blank(text)) {
        return occ_error_set(err, OCC_ERR_JSON_SYNTAX, "no JSON value: the text is empty");
    }
    const uint8_t *nul = memchr(text.ptr, 0, text.len);
    if (nul != NULL) {
        scan.at = (size_t)(nul - text.ptr);
        return refuse(&scan, OCC_ERR_JSON_NUL, "a zero byte in JSON text");
    }
    /* RFC 8259 §8.1 lets a reader ignore a byte order mark; then two readers would hash different bytes. */
    if (occ_bytes_starts(text, "\xef\xbb\xbf")) {
        return refuse(&scan, OCC_ERR_JSON_SYNTAX, "a byte order mark, expected JSON text without one");
    }
    scan.at = occ_bytes_utf8_length(text);
    if (scan.at < text.len) {
        return refuse(&scan, OCC_ERR_UTF8, "not valid UTF-8");
    }
    scan.at = 0;
    return scan_tokens(&scan);
}
