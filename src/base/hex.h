/*
 * hex.h — lower-case hex (PROTOCOL §1).
 */
#ifndef OCC_BASE_HEX_H
#define OCC_BASE_HEX_H

#include "base/buf.h"

/* Writes 2 * bytes.len characters to ret_text, no zero byte. */
void occ_hex_encode(struct occ_bytes bytes, char *ret_text);
/* Decodes exactly len bytes to ret. OCC_ERR_HEX if text is not 2 * len characters of 0-9a-f. */
OCC_RESULT occ_hex_decode(struct occ_bytes text, size_t len, uint8_t *ret);

#endif
