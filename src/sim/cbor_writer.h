/*
 * cbor_writer.h — writes CBOR (RFC 8949) for tests, shortest heads. Containers: a head, then their members.
 */
#ifndef OCC_SIM_CBOR_WRITER_H
#define OCC_SIM_CBOR_WRITER_H

#include "base/buf.h"

enum occ_sim_cbor_major {
    OCC_SIM_CBOR_UINT,
    OCC_SIM_CBOR_NEGINT,
    OCC_SIM_CBOR_BYTES,
    OCC_SIM_CBOR_TEXT,
    OCC_SIM_CBOR_ARRAY,
    OCC_SIM_CBOR_MAP,
    OCC_SIM_CBOR_TAG
};

/* The head of an item: of an integer, length or count, or of a tag. */
void occ_sim_cbor_put_head(struct occ_buf *buf, enum occ_sim_cbor_major major, uint64_t value);
void occ_sim_cbor_put_int(struct occ_buf *buf, int64_t value);
void occ_sim_cbor_put_bytes(struct occ_buf *buf, struct occ_bytes bytes);
void occ_sim_cbor_put_text(struct occ_buf *buf, const char *text);
void occ_sim_cbor_put_null(struct occ_buf *buf);
/* The head of an array or map of indefinite length, and its end. */
void occ_sim_cbor_put_indefinite(struct occ_buf *buf, enum occ_sim_cbor_major major);
void occ_sim_cbor_put_break(struct occ_buf *buf);

#endif
