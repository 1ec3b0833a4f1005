/* split.c — see split.h. A window of the stream, and a position in it; a value is a part of the window. */
#include "audit/split.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"

enum { BLOCK_LEN = 256 << 10, WINDOW_MAX = OCC_LIMIT_PROOF_LEN + BLOCK_LEN };

/* What may come next inside a value. */
enum expect { VALUE, VALUE_OR_CLOSE, NAME, NAME_OR_CLOSE, COLON, COMMA_OR_CLOSE };
/* What may come next outside of one: in a sequence; in an array after '[', after ',', after a value. */
enum outside { SEQUENCE, ARRAY_OPENED, ARRAY_COMMA, ARRAY_VALUE };
/* Where a scan stopped. */
enum scan { WANTS_MORE, COMPLETE, BAD };

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

    uint64_t line, index;
    size_t indent; /* blanks at the current line's beginning */
    bool blank;    /* nothing but blanks in it so far */

    enum outside outside;
    uint64_t array_line;
    bool lenient;  /* after malformed text nobody knows which array one is in */
    bool skipping; /* until a line that may begin a value */

    bool in_value;
    uint64_t value_line;
    size_t value_indent;
    uint64_t containers; /* a bit for each that is open, the innermost lowest: 1 = object */
    unsigned depth;
    enum expect expect;
    bool in_string, escaped, in_word;
    const char *wanted; /* of BAD: a static text */
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
    *split = (struct occ_split){
        .read = split->read, .ctx = split->ctx, .window = split->window, .cap = split->cap, .line = 1, .blank = true
    };
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

static void
take_line_end(struct occ_split *split)
{
    split->line++;
    split->indent = 0;
    split->blank = true;
}

/* Takes white space and keeps count of lines; false if the byte is something else. */
static inline bool
take_space(struct occ_split *split, uint8_t byte)
{
    switch (byte) {
    case '\n':
        take_line_end(split);
        return true;
    case ' ':
    case '\t':
        split->indent += split->blank;
        return true;
    case '\r':
        return true;
    default:
        split->blank = false;
        return false;
    }
}

/* ---- inside a value ---- */

static enum scan
bad(struct occ_split *split, const char *wanted)
{
    split->wanted = wanted;
    return BAD;
}

static const char *
wanted_text(const struct occ_split *split)
{
    static const char *const texts[] = { [VALUE] = "a value",
                                         [VALUE_OR_CLOSE] = "a value or ']'",
                                         [NAME] = "a name",
                                         [NAME_OR_CLOSE] = "a name or '}'",
                                         [COLON] = "':'" };
    return split->expect != COMMA_OR_CLOSE ? texts[split->expect]
           : (split->containers & 1) != 0  ? "',' or '}'"
                                           : "',' or ']'";
}

static bool
wants_value(const struct occ_split *split)
{
    return split->expect == VALUE || split->expect == VALUE_OR_CLOSE;
}

static enum scan
open_container(struct occ_split *split, bool object)
{
    if (split->depth == OCC_LIMIT_JSON_DEPTH) {
        return bad(split, NULL);
    }
    split->containers = split->containers << 1 | object;
    split->depth++;
    split->expect = object ? NAME_OR_CLOSE : VALUE_OR_CLOSE;
    return WANTS_MORE;
}

static enum scan
close_container(struct occ_split *split, bool object)
{
    const enum expect empty = object ? NAME_OR_CLOSE : VALUE_OR_CLOSE;
    if ((split->containers & 1) != object || (split->expect != empty && split->expect != COMMA_OR_CLOSE)) {
        return bad(split, wanted_text(split));
    }
    split->containers >>= 1;
    split->depth--;
    split->expect = COMMA_OR_CLOSE;
    return split->depth == 0 ? COMPLETE : WANTS_MORE;
}

static enum scan
begin_string(struct occ_split *split)
{
    if (split->expect == NAME || split->expect == NAME_OR_CLOSE) {
        split->expect = COLON;
    } else if (wants_value(split)) {
        split->expect = COMMA_OR_CLOSE;
    } else {
        return bad(split, wanted_text(split));
    }
    split->in_string = true;
    return WANTS_MORE;
}

/* One byte that is neither in a string nor white space. */
static enum scan
take_token(struct occ_split *split, uint8_t byte)
{
    const bool goes_on = split->in_word;
    split->in_word = false;
    switch (byte) {
    case '"':
        return begin_string(split);
    case '{':
    case '[':
        return wants_value(split) ? open_container(split, byte == '{') : bad(split, wanted_text(split));
    case '}':
    case ']':
        return close_container(split, byte == '}');
    case ',':
        if (split->expect != COMMA_OR_CLOSE) {
            return bad(split, wanted_text(split));
        }
        split->expect = (split->containers & 1) != 0 ? NAME : VALUE;
        return WANTS_MORE;
    case ':':
        if (split->expect != COLON) {
            return bad(split, wanted_text(split));
        }
        split->expect = VALUE;
        return WANTS_MORE;
    default: /* of a number, or of true, false, null */
        if (!goes_on && !wants_value(split)) {
            return bad(split, wanted_text(split));
        }
        split->expect = COMMA_OR_CLOSE;
        split->in_word = true;
        return WANTS_MORE;
    }
}

/* The rest of a string, as far as stop. */
static enum scan
scan_string(struct occ_split *split, size_t stop)
{
    const uint8_t *const window = split->window;
    size_t at = split->at;
    for (; at < stop; at++) {
        const uint8_t byte = window[at];
        if (byte == '\n') {
            split->at = at;
            return bad(split, "the string's end");
        }
        if (split->escaped) {
            split->escaped = false;
        } else if (byte == '\\') {
            split->escaped = true;
        } else if (byte == '"') {
            split->in_string = false;
            at++;
            break;
        }
    }
    split->at = at;
    return WANTS_MORE;
}

/* Goes on with the value at hand, as far as stop. COMPLETE: at is behind it. BAD: at is on the byte that does not fit. */
static enum scan
scan_value(struct occ_split *split, size_t stop)
{
    while (split->at < stop) {
        if (split->in_string) {
            if (scan_string(split, stop) == BAD) {
                return BAD;
            }
            continue;
        }
        const uint8_t byte = split->window[split->at];
        if (take_space(split, byte)) {
            split->in_word = false;
            split->at++;
            continue;
        }
        const enum scan scan = take_token(split, byte);
        if (scan == BAD) {
            return BAD;
        }
        split->at++;
        if (scan == COMPLETE) {
            return COMPLETE;
        }
    }
    return WANTS_MORE;
}

/* ---- between values ---- */

static void
begin_value(struct occ_split *split)
{
    split->start = split->at;
    split->at++;
    split->in_value = true;
    split->value_line = split->line;
    split->value_indent = split->indent;
    split->containers = 1;
    split->depth = 1;
    split->expect = NAME_OR_CLOSE;
    split->in_string = false;
    split->escaped = false;
    split->in_word = false;
}

/* One byte outside of values that is not white space. */
static enum scan
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
        return COMPLETE;
    }
    if (byte == '[' && (!in_array || lenient)) {
        split->outside = ARRAY_OPENED;
        split->array_line = split->line;
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
    return WANTS_MORE;
}

/* Looks for the next value's first byte. COMPLETE: it begins. */
static enum scan
scan_outside(struct occ_split *split)
{
    while (split->at < split->end) {
        const uint8_t byte = split->window[split->at];
        const bool begins_line = split->blank;
        if (take_space(split, byte)) {
            split->at++;
            continue;
        }
        if (split->skipping) {
            if (!begins_line || (byte != '{' && byte != '[') || split->indent > split->value_indent) {
                split->at++;
                continue;
            }
            split->skipping = false;
        }
        const enum scan scan = take_outside(split, byte);
        if (scan != WANTS_MORE) {
            return scan;
        }
    }
    split->start = split->at;
    return WANTS_MORE;
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
    *ret_value = (struct occ_split_value){ .line = split->in_value ? split->value_line : split->line,
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
                            (unsigned long long)split->line, split->wanted);
    }
    split->index++;
    split->skipping = true;
    split->lenient = true;
    if (!split->in_value) {
        split->value_indent = split->indent;
        return;
    }
    split->in_value = false;
    split->at = split->start;
    split->line = split->value_line;
    split->indent = split->value_indent;
    split->blank = false;
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
        split->wanted = split->in_string ? "the string's end" : wanted_text(split);
        give_malformed(split, OCC_ERR_JSON_SYNTAX, ret_value);
        return true;
    }
    if (split->outside == SEQUENCE || split->lenient) {
        return false;
    }
    *ret_value = (struct occ_split_value){ .line = split->line, .index = split->index, .malformed = true };
    (void)occ_error_set(&ret_value->why, OCC_ERR_JSON_SYNTAX, "not JSON: the array of line %llu is not closed",
                        (unsigned long long)split->array_line);
    split->index++;
    split->lenient = true;
    return true;
}

/* One step of the search: true if *ret_value was given. WANTS_MORE in *ret_scan: the window is used up. */
static bool
search(struct occ_split *split, struct occ_split_value *ret_value, enum scan *ret_scan)
{
    if (!split->in_value) {
        *ret_scan = scan_outside(split);
        if (*ret_scan == BAD) {
            give_malformed(split, OCC_ERR_JSON_SYNTAX, ret_value);
            return true;
        }
        return false;
    }
    const size_t limit = split->start + OCC_LIMIT_PROOF_LEN;
    *ret_scan = scan_value(split, limit < split->end ? limit : split->end);
    if (*ret_scan == COMPLETE) {
        give_value(split, ret_value);
        return true;
    }
    if (*ret_scan == BAD || split->at == limit) {
        give_malformed(split, *ret_scan == BAD ? OCC_ERR_JSON_SYNTAX : OCC_ERR_LIMIT, ret_value);
        return true;
    }
    return false;
}

struct occ_result
occ_split_next(struct occ_split *split, struct occ_error *err, struct occ_split_value *ret_value, bool *ret_more)
{
    for (;;) {
        enum scan scan = WANTS_MORE;
        if (search(split, ret_value, &scan)) {
            break;
        }
        if (scan == COMPLETE) { /* a value begins */
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
