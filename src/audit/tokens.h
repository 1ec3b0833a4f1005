/*
 * tokens.h — the grammar of one JSON object, byte by byte, for split.h: what may come next, and where it ends.
 *
 * Strings, numbers and words are not looked into. A stream's lines are counted here too, since white space is.
 */
#ifndef OCC_AUDIT_TOKENS_H
#define OCC_AUDIT_TOKENS_H

#include "base/bytes.h"

/* What may come next. */
enum occ_expect {
    OCC_EXPECT_VALUE,
    OCC_EXPECT_VALUE_OR_CLOSE,
    OCC_EXPECT_NAME,
    OCC_EXPECT_NAME_OR_CLOSE,
    OCC_EXPECT_COLON,
    OCC_EXPECT_COMMA_OR_CLOSE
};
/* Where a scan stopped. */
enum occ_scan { OCC_SCAN_MORE, OCC_SCAN_COMPLETE, OCC_SCAN_BAD };

struct occ_tokens {
    uint64_t line; /* from 1 */
    size_t indent; /* blanks at the line's beginning */
    bool blank;    /* nothing but blanks in it so far */

    uint64_t containers; /* a bit for each that is open, the innermost lowest: 1 = object */
    unsigned depth;
    enum occ_expect expect;
    bool in_string, escaped, in_word;
    const char *wanted; /* of OCC_SCAN_BAD: what was expected, static; NULL = nested too deeply */
};

/* Takes white space and keeps count of lines; false if the byte is something else. */
static inline bool
occ_tokens_take_space(struct occ_tokens *tokens, uint8_t byte)
{
    switch (byte) {
    case '\n':
        tokens->line++;
        tokens->indent = 0;
        tokens->blank = true;
        return true;
    case ' ':
    case '\t':
        tokens->indent += tokens->blank;
        return true;
    case '\r':
        return true;
    default:
        tokens->blank = false;
        return false;
    }
}

/* The '{' of an object was taken. */
void occ_tokens_begin(struct occ_tokens *tokens);
/*
 * Takes bytes from text[*at] on, as far as stop, and moves *at. COMPLETE: it is behind the object's '}'. BAD: it is on the byte
 * that does not fit.
 */
enum occ_scan occ_tokens_scan(struct occ_tokens *tokens, const uint8_t *text, size_t stop, size_t *at);
/* What would be right where the scan is. Static. */
const char *occ_tokens_wanted(const struct occ_tokens *tokens);
#endif
