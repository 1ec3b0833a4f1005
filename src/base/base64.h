/*
 * base64.h — RFC 4648 §4, padded, canonical only (PROTOCOL §1). Not constant-time: never for secrets.
 */
#ifndef OCC_BASE_BASE64_H
#define OCC_BASE_BASE64_H

#include "base/buf.h"

/* Characters that len bytes encode to, without a zero byte. */
#define OCC_BASE64_LEN(len) (((len) + 2) / 3 * 4)

/* Appends the encoding of bytes. */
void occ_base64_put(struct occ_buf *buf, struct occ_bytes bytes);
/* Writes OCC_BASE64_LEN(bytes.len) characters to ret_text, no zero byte. */
void occ_base64_encode(struct occ_bytes bytes, char *ret_text);
/*
 * Decodes text into at most cap bytes at ret and sets *ret_len. OCC_ERR_BASE64 for anything that encode would not have
 * written (white space, URL-safe letters, missing padding, non-zero trailing bits); OCC_ERR_LIMIT if it does not fit.
 */
OCC_RESULT occ_base64_decode(struct occ_bytes text, size_t cap, uint8_t *ret, size_t *ret_len);
/* Checks without decoding; *ret_len (may be NULL) gets the decoded length. */
OCC_RESULT occ_base64_check(struct occ_bytes text, size_t *ret_len);

#endif
