/* split.c — see split.h. A window of the stream, and a position in it; a value is a part of the window. */
#include "audit/split.h"

#include <stdlib.h>

#include "audit/tokens.h"
#include "base/buf.h"
#include "base/limits.h"

enum { BLOCK_LEN = 256 << 10, WINDOW_MAX = OCC_LIMIT_PROOF_LEN + BLOCK_LEN };

/* What may come next outside of a value: in a sequence; in an array after '[', after ',', after a value. */
enum outside { SEQUENCE, ARRAY_OPENED, ARRAY_COMMA, ARRAY_VALUE };

/*
 * window[start … end) is what was read and is still needed, at the next byte to look at; start <= at <= end <= cap. Inside a
 * value start is its first byte, else start == at.
 */
struct occ_split {
    occ_split_read *read;
    void *ctx;
    uint8_t *window;
    size_t cap, start, at, end;
    bool ended; /* the stream has no bytes behind the window */

    struct occ_tokens tokens; /* the line, and where in the value's grammar */
    uint64_t index;

    enum outside outside;
    uint64_t array_line;
    bool lenient;  /* after malformed text nobody knows which array one is in */
    bool skipping; /* until a line that may begin a value */

    bool in_value;
    uint64_t value_line;
    size_t value_indent;
    const char *wanted; /* of what does not fit: what was expected, static; NULL = nested too deeply */
};

struct occ_result
occ_split_new(occ_split_read *read, void *ctx, struct occ_split **ret_split)
{
    struct occ_split *split = calloc(1, sizeof *split);
    OCC_ENSURE(split != NULL, OCC_ERR_NOMEM);
    split->window = malloc(BLOCK_LEN);
    if (split->window == NULL) {
        free(split);
        return occ_result_of(OCC_ERR_NOMEM);
    }
    split->cap = BLOCK_LEN;
    split->read = read;
    split->ctx = ctx;
    split->ended = true;
    *ret_split = split;
    return occ_success();
}

void
occ_split_free(struct occ_split *split)
{
    if (split != NULL) {
        free(split->window);
        free(split);
    }
}

void
occ_split_begin(struct occ_split *split)
{
    *split = (struct occ_split){ .read = split->read,
                                 .ctx = split->ctx,
                                 .window = split->window,
                                 .cap = split->cap,
                                 .tokens = { .line = 1, .blank = true } };
}

/* ---- the window ---- */

/* Reads a block behind what is there. */
static OCC_RESULT
read_more(struct occ_split *split, struct occ_error *err)
{
    if (split->start > 0) {
        memmove(split->window, split->window + split->start, split->end - split->start);
        split->at -= split->start;
        split->end -= split->start;
        split->start = 0;
    }
    if (split->end == split->cap) {
        const size_t cap = 2 * split->cap > WINDOW_MAX ? WINDOW_MAX : 2 * split->cap;
        OCC_ENSURE(cap > split->cap, OCC_ERR_INTERNAL);
        uint8_t *window = realloc(split->window, cap);
        OCC_ENSURE(window != NULL, OCC_ERR_NOMEM);
        split->window = window;
        split->cap = cap;
    }
    size_t len = 0;
    OCC_TRY(split->read(split->ctx, err, split->window + split->end, split->cap - split->end, &len));
    OCC_ENSURE(len <= split->cap - split->end, OCC_ERR_INTERNAL);
    split->ended = len == 0;
    split->end += len;
    return occ_success();
}

/* ---- between values ---- */

static enum occ_scan
bad(struct occ_split *split, const char *wanted)
{
    split->wanted = wanted;
    return OCC_SCAN_BAD;
}

static void
begin_value(struct occ_split *split)
{
    split->start = split->at;
    split->at++;
    split->in_value = true;
    split->value_line = split->tokens.line;
    split->value_indent = split->tokens.indent;
    occ_tokens_begin(&split->tokens);
}

/* One byte outside of values that is not white space. */
static enum occ_scan
take_outside(struct occ_split *split, uint8_t byte)
{
    const enum outside outside = split->outside;
    const bool in_array = outside != SEQUENCE;
    const bool lenient = split->lenient;
    if (byte == '{') {
        if (outside == ARRAY_VALUE && !lenient) {
            return bad(split, "',' or ']' of the array");
        }
        begin_value(split);
        return OCC_SCAN_COMPLETE;
    }
    if (byte == '[' && (!in_array || lenient)) {
        split->outside = ARRAY_OPENED;
        split->array_line = split->tokens.line;
    } else if (byte == ',' && (outside == ARRAY_VALUE || lenient)) {
        split->outside = in_array ? ARRAY_COMMA : SEQUENCE;
    } else if (byte == ']' && (outside == ARRAY_VALUE || outside == ARRAY_OPENED || lenient)) {
        split->outside = SEQUENCE;
    } else {
        return bad(split, in_array ? outside == ARRAY_VALUE ? "',' or ']' of the array" : "an object"
                          : byte == 0xef || byte == 0xfe ? "an object or an array (and no byte order mark)"
                                                         : "an object or an array");
    }
    split->at++;
    return OCC_SCAN_MORE;
}

/* Looks for the next value's first byte. OCC_SCAN_COMPLETE: it begins. */
static enum occ_scan
scan_outside(struct occ_split *split)
{
    while (split->at < split->end) {
        const uint8_t byte = split->window[split->at];
        const bool begins_line = split->tokens.blank;
        if (occ_tokens_take_space(&split->tokens, byte)) {
            split->at++;
            continue;
        }
        if (split->skipping) {
            if (!begins_line || (byte != '{' && byte != '[') || split->tokens.indent > split->value_indent) {
                split->at++;
                continue;
            }
            split->skipping = false;
        }
        const enum occ_scan scan = take_outside(split, byte);
        if (scan != OCC_SCAN_MORE) {
            return scan;
        }
    }
    split->start = split->at;
    return OCC_SCAN_MORE;
}

/* ---- values ---- */

/* A byte as a person reads it. */
static void
describe_byte(const struct occ_split *split, char *ret_text, size_t size)
{
    OCC_BUF_AUTO(text, size);
    if (split->at == split->end) {
        occ_buf_put_str(&text, "the end");
    } else if (split->window[split->at] == '\n') {
        occ_buf_put_str(&text, "the end of the line");
    } else if (split->window[split->at] > ' ' && split->window[split->at] < 0x7f) {
        occ_buf_put_format(&text, "'%c'", split->window[split->at]);
    } else {
        occ_buf_put_format(&text, "byte 0x%02x", split->window[split->at]);
    }
    occ_buf_put_byte(&text, 0);
    memcpy(ret_text, occ_is_ok(occ_buf_check(&text)) ? (const char *)text.ptr : "", text.len);
}

/*
 * Gives out malformed text, and goes on behind the first line of it: a line that was cut must not take those that follow
 * with it.
 */
static void
give_malformed(struct occ_split *split, enum occ_err code, struct occ_split_value *ret_value)
{
    char found[32] = "";
    describe_byte(split, found, sizeof found);
    *ret_value = (struct occ_split_value){ .line = split->in_value ? split->value_line : split->tokens.line,
                                           .index = split->index,
                                           .malformed = true };
    if (code == OCC_ERR_LIMIT) {
        (void)occ_error_set(&ret_value->why, code, "longer than %u bytes, the most one proof has",
                            (unsigned)OCC_LIMIT_PROOF_LEN);
    } else if (split->wanted == NULL) {
        (void)occ_error_set(&ret_value->why, OCC_ERR_JSON_DEPTH, "not JSON: nested deeper than %d levels",
                            OCC_LIMIT_JSON_DEPTH);
    } else {
        (void)occ_error_set(&ret_value->why, code, "not JSON: %s at line %llu, expected %s", found,
                            (unsigned long long)split->tokens.line, split->wanted);
    }
    split->index++;
    split->skipping = true;
    split->lenient = true;
    if (!split->in_value) {
        split->value_indent = split->tokens.indent;
        return;
    }
    split->in_value = false;
    split->at = split->start;
    split->tokens.line = split->value_line;
    split->tokens.indent = split->value_indent;
    split->tokens.blank = false;
}

static void
give_value(struct occ_split *split, struct occ_split_value *ret_value)
{
    *ret_value = (struct occ_split_value){ .text = occ_bytes_of(split->window + split->start, split->at - split->start),
                                           .line = split->value_line,
                                           .index = split->index };
    split->index++;
    split->in_value = false;
    split->start = split->at;
    split->outside = split->outside == SEQUENCE ? SEQUENCE : ARRAY_VALUE;
}

/* The stream ends inside a value or an array; false if it ends where it may. */
static bool
give_end(struct occ_split *split, struct occ_split_value *ret_value)
{
    if (split->in_value) {
        split->wanted = occ_tokens_wanted(&split->tokens);
        give_malformed(split, OCC_ERR_JSON_SYNTAX, ret_value);
        return true;
    }
    if (split->outside == SEQUENCE || split->lenient) {
        return false;
    }
    *ret_value = (struct occ_split_value){ .line = split->tokens.line, .index = split->index, .malformed = true };
    (void)occ_error_set(&ret_value->why, OCC_ERR_JSON_SYNTAX, "not JSON: the array of line %llu is not closed",
                        (unsigned long long)split->array_line);
    split->index++;
    split->lenient = true;
    return true;
}

/* One step of the search: true if *ret_value was given. OCC_SCAN_MORE in *ret_scan: the window is used up. */
static bool
search(struct occ_split *split, struct occ_split_value *ret_value, enum occ_scan *ret_scan)
{
    if (!split->in_value) {
        *ret_scan = scan_outside(split);
        if (*ret_scan == OCC_SCAN_BAD) {
            give_malformed(split, OCC_ERR_JSON_SYNTAX, ret_value);
            return true;
        }
        return false;
    }
    const size_t limit = split->start + OCC_LIMIT_PROOF_LEN;
    *ret_scan = occ_tokens_scan(&split->tokens, split->window, limit < split->end ? limit : split->end, &split->at);
    split->wanted = split->tokens.wanted;
    if (*ret_scan == OCC_SCAN_COMPLETE) {
        give_value(split, ret_value);
        return true;
    }
    if (*ret_scan == OCC_SCAN_BAD || split->at == limit) {
        give_malformed(split, *ret_scan == OCC_SCAN_BAD ? OCC_ERR_JSON_SYNTAX : OCC_ERR_LIMIT, ret_value);
        return true;
    }
    return false;
}

struct occ_result
occ_split_next(struct occ_split *split, struct occ_error *err, struct occ_split_value *ret_value, bool *ret_more)
{
    for (;;) {
        enum occ_scan scan = OCC_SCAN_MORE;
        if (search(split, ret_value, &scan)) {
            break;
        }
        if (scan == OCC_SCAN_COMPLETE) { /* a value begins */
            continue;
        }
        if (!split->ended) {
            OCC_TRY(read_more(split, err));
            continue;
        }
        if (give_end(split, ret_value)) {
            break;
        }
        *ret_more = false;
        return occ_success();
    }
    *ret_more = true;
    return occ_success();
}
