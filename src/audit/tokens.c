/* tokens.c — see tokens.h. */
#include "audit/tokens.h"

#include "base/limits.h"
#include "codec/plain.h"

void
occ_tokens_begin(struct occ_tokens *tokens)
{
    tokens->containers = 1;
    tokens->depth = 1;
    tokens->expect = OCC_EXPECT_NAME_OR_CLOSE;
    tokens->in_string = false;
    tokens->escaped = false;
    tokens->in_word = false;
}

static enum occ_scan
bad(struct occ_tokens *tokens, const char *wanted)
{
    tokens->wanted = wanted;
    return OCC_SCAN_BAD;
}

const char *
occ_tokens_wanted(const struct occ_tokens *tokens)
{
    static const char *const texts[] = { [OCC_EXPECT_VALUE] = "a value",
                                         [OCC_EXPECT_VALUE_OR_CLOSE] = "a value or ']'",
                                         [OCC_EXPECT_NAME] = "a name",
                                         [OCC_EXPECT_NAME_OR_CLOSE] = "a name or '}'",
                                         [OCC_EXPECT_COLON] = "':'" };
    if (tokens->in_string) {
        return "the string's end";
    }
    return tokens->expect != OCC_EXPECT_COMMA_OR_CLOSE ? texts[tokens->expect]
           : (tokens->containers & 1) != 0             ? "',' or '}'"
                                                       : "',' or ']'";
}

static bool
wants_value(const struct occ_tokens *tokens)
{
    return tokens->expect == OCC_EXPECT_VALUE || tokens->expect == OCC_EXPECT_VALUE_OR_CLOSE;
}

static enum occ_scan
open_container(struct occ_tokens *tokens, bool object)
{
    if (tokens->depth == OCC_LIMIT_JSON_DEPTH) {
        return bad(tokens, NULL);
    }
    tokens->containers = tokens->containers << 1 | object;
    tokens->depth++;
    tokens->expect = object ? OCC_EXPECT_NAME_OR_CLOSE : OCC_EXPECT_VALUE_OR_CLOSE;
    return OCC_SCAN_MORE;
}

static enum occ_scan
close_container(struct occ_tokens *tokens, bool object)
{
    const enum occ_expect empty = object ? OCC_EXPECT_NAME_OR_CLOSE : OCC_EXPECT_VALUE_OR_CLOSE;
    if ((tokens->containers & 1) != object ||
        (tokens->expect != empty && tokens->expect != OCC_EXPECT_COMMA_OR_CLOSE)) {
        return bad(tokens, occ_tokens_wanted(tokens));
    }
    tokens->containers >>= 1;
    tokens->depth--;
    tokens->expect = OCC_EXPECT_COMMA_OR_CLOSE;
    return tokens->depth == 0 ? OCC_SCAN_COMPLETE : OCC_SCAN_MORE;
}

static enum occ_scan
begin_string(struct occ_tokens *tokens)
{
    if (tokens->expect == OCC_EXPECT_NAME || tokens->expect == OCC_EXPECT_NAME_OR_CLOSE) {
        tokens->expect = OCC_EXPECT_COLON;
    } else if (wants_value(tokens)) {
        tokens->expect = OCC_EXPECT_COMMA_OR_CLOSE;
    } else {
        return bad(tokens, occ_tokens_wanted(tokens));
    }
    tokens->in_string = true;
    return OCC_SCAN_MORE;
}

/* One byte that is neither in a string nor white space. */
static enum occ_scan
take_token(struct occ_tokens *tokens, uint8_t byte)
{
    const bool goes_on = tokens->in_word;
    tokens->in_word = false;
    switch (byte) {
    case '"':
        return begin_string(tokens);
    case '{':
    case '[':
        return wants_value(tokens) ? open_container(tokens, byte == '{') : bad(tokens, occ_tokens_wanted(tokens));
    case '}':
    case ']':
        return close_container(tokens, byte == '}');
    case ',':
        if (tokens->expect != OCC_EXPECT_COMMA_OR_CLOSE) {
            return bad(tokens, occ_tokens_wanted(tokens));
        }
        tokens->expect = (tokens->containers & 1) != 0 ? OCC_EXPECT_NAME : OCC_EXPECT_VALUE;
        return OCC_SCAN_MORE;
    case ':':
        if (tokens->expect != OCC_EXPECT_COLON) {
            return bad(tokens, occ_tokens_wanted(tokens));
        }
        tokens->expect = OCC_EXPECT_VALUE;
        return OCC_SCAN_MORE;
    default: /* of a number, or of true, false, null */
        if (!goes_on && !wants_value(tokens)) {
            return bad(tokens, occ_tokens_wanted(tokens));
        }
        tokens->expect = OCC_EXPECT_COMMA_OR_CLOSE;
        tokens->in_word = true;
        return OCC_SCAN_MORE;
    }
}

/* The rest of a string, as far as stop. */
static enum occ_scan
scan_string(struct occ_tokens *tokens, const uint8_t *text, size_t stop, size_t *at)
{
    while (*at < stop) {
        if (!tokens->escaped) {
            *at += occ_plain_length(occ_bytes_of(text + *at, stop - *at));
            if (*at == stop) {
                break;
            }
        }
        const uint8_t byte = text[*at];
        if (byte == '\n') {
            return bad(tokens, "the string's end");
        }
        (*at)++;
        if (tokens->escaped) {
            tokens->escaped = false;
        } else if (byte == '\\') {
            tokens->escaped = true;
        } else if (byte == '"') {
            tokens->in_string = false;
            break;
        }
    }
    return OCC_SCAN_MORE;
}

enum occ_scan
occ_tokens_scan(struct occ_tokens *tokens, const uint8_t *text, size_t stop, size_t *at)
{
    while (*at < stop) {
        if (tokens->in_string) {
            if (scan_string(tokens, text, stop, at) == OCC_SCAN_BAD) {
                return OCC_SCAN_BAD;
            }
            continue;
        }
        const uint8_t byte = text[*at];
        if (occ_tokens_take_space(tokens, byte)) {
            tokens->in_word = false;
            (*at)++;
            continue;
        }
        const enum occ_scan scan = take_token(tokens, byte);
        if (scan == OCC_SCAN_BAD) {
            return OCC_SCAN_BAD;
        }
        (*at)++;
        if (scan == OCC_SCAN_COMPLETE) {
            return OCC_SCAN_COMPLETE;
        }
    }
    return OCC_SCAN_MORE;
}
