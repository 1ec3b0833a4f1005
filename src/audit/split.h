/*
 * split.h — a stream of bytes as the JSON objects in it, one after the other, nothing built.
 *
 * A stream is any mixture of objects (one a line, or over many lines, or several on one line) and of arrays of objects;
 * white space between them, commas only inside an array. Every token's place is checked, so that a text that was cut or
 * damaged is noticed where it stops making sense; what stands inside strings, numbers and words is for the JSON reader.
 * After text that is no JSON, reading goes on at the next line that begins with '{' or '[' and is not indented deeper than
 * the line where the bad text began. Memory: one object, at most OCC_LIMIT_PROOF_LEN bytes, and one block.
 *
 * The values do not depend on how the bytes come: blocks of any size give the same.
 */
#ifndef OCC_AUDIT_SPLIT_H
#define OCC_AUDIT_SPLIT_H

#include "base/bytes.h"
#include "base/result.h"

struct occ_split_value {
    struct occ_bytes text; /* the object, from '{' to '}'; valid until the next call. Empty if malformed */
    uint64_t line;         /* of its first byte, from 1 */
    uint64_t index;        /* which value of the stream it is, from 0; malformed ones count */
    bool malformed;
    struct occ_error why; /* of malformed text: OCC_ERR_JSON_SYNTAX, _DEPTH, OCC_ERR_LIMIT */
};

/* Reads up to cap bytes (cap > 0) of the stream; *ret_len 0 = it ends here. A failure is handed through. */
typedef struct occ_result occ_split_read(void *ctx, struct occ_error *err, uint8_t *ret, size_t cap, size_t *ret_len);

struct occ_split;

OCC_RESULT occ_split_new(occ_split_read *read, void *ctx, struct occ_split **ret_split);
void occ_split_free(struct occ_split *split); /* NULL is allowed */
/* Begins the next stream; line and index begin anew. Needed before the first, too. */
void occ_split_begin(struct occ_split *split);
/* The next value; *ret_more false = the stream has no more, and *ret_value is not touched. OCC_ERR_NOMEM, what read gives. */
OCC_RESULT occ_split_next(struct occ_split *split, struct occ_error *err, struct occ_split_value *ret_value,
                          bool *ret_more);

#endif
