/*
 * scan.h — what the JSON reader refuses before jansson sees the text: the rules of PROTOCOL §1 that jansson does not have.
 * Inside codec only. It decides nothing about syntax: as far as a text is well-formed it finds the same tokens as jansson,
 * and from the first fault on jansson refuses the text anyway.
 */
#ifndef OCC_CODEC_SCAN_H
#define OCC_CODEC_SCAN_H

#include "base/bytes.h"
#include "base/result.h"

/*
 * Refuses: no text at all, a zero byte, a byte order mark, invalid UTF-8, nesting beyond max_depth, integer literals
 * that a double changes (occ_number_integer_survives), and more values than a text of that length may have (limits.h: a
 * tree takes far more memory than its text). One pass, no allocation.
 */
OCC_RESULT occ_scan_check(struct occ_bytes text, unsigned max_depth, struct occ_error *err);

#endif
