/*
 * cbor_writer.h — writes CBOR (RFC 8949) for tests, shortest heads. Containers: a head, then their members.
 */
#ifndef OCC_TESTS_CBOR_WRITER_H
#define OCC_TESTS_CBOR_WRITER_H

#include "base/buf.h"

enum cbor_major { CBOR_UINT, CBOR_NEGINT, CBOR_BYTES, CBOR_TEXT, CBOR_ARRAY, CBOR_MAP, CBOR_TAG };

/* The head of an item: of an integer, length or count, or of a tag. */
void cbor_put_head(struct occ_buf *buf, enum cbor_major major, uint64_t value);
void cbor_put_int(struct occ_buf *buf, int64_t value);
void cbor_put_bytes(struct occ_buf *buf, struct occ_bytes bytes);
void cbor_put_text(struct occ_buf *buf, const char *text);
void cbor_put_null(struct occ_buf *buf);
/* The head of an array or map of indefinite length, and its end. */
void cbor_put_indefinite(struct occ_buf *buf, enum cbor_major major);
void cbor_put_break(struct occ_buf *buf);

#endif
