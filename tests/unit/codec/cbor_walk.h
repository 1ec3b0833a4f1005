/*
 * cbor_walk.h — for the tests of codec/cbor.c: reads one item with the accessors and writes it in diagnostic notation
 * (RFC 8949 §8). What is never read (booleans, floats) is written as its bytes, in <>.
 */
#ifndef OCC_TESTS_CBOR_WALK_H
#define OCC_TESTS_CBOR_WALK_H

#include <inttypes.h>

#include "base/buf.h"
#include "codec/cbor.h"

static inline void
cbor_walk_put_hex(struct occ_buf *out, const char *before, struct occ_bytes bytes, const char *after)
{
    occ_buf_put_str(out, before);
    for (size_t i = 0; i < bytes.len; i++) {
        occ_buf_put_format(out, "%02x", bytes.ptr[i]);
    }
    occ_buf_put_str(out, after);
}

/* Of a negative integer that may not fit 64 bits with a sign: then from its bytes, which the skip gives. */
static inline void
cbor_walk_put_negative(struct occ_cbor *cbor, struct occ_buf *out)
{
    struct occ_cbor copy = *cbor;
    const int64_t value = occ_cbor_int(&copy);
    if (occ_cbor_ok(&copy)) {
        *cbor = copy;
        occ_buf_put_format(out, "%" PRId64, value);
        return;
    }
    cbor_walk_put_hex(out, "-<", occ_cbor_skip(cbor), ">");
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as OCC_LIMIT_CBOR_DEPTH */
static inline void
cbor_walk(struct occ_cbor *cbor, struct occ_buf *out)
{
    switch (occ_cbor_peek(cbor)) {
    case OCC_CBOR_UINT:
        occ_buf_put_u64(out, occ_cbor_uint(cbor));
        return;
    case OCC_CBOR_NEGINT:
        cbor_walk_put_negative(cbor, out);
        return;
    case OCC_CBOR_BYTES:
        cbor_walk_put_hex(out, "h'", occ_cbor_bytes(cbor), "'");
        return;
    case OCC_CBOR_TEXT:
        occ_buf_put_str(out, "\"");
        occ_buf_put(out, occ_cbor_text(cbor));
        occ_buf_put_str(out, "\"");
        return;
    case OCC_CBOR_TAG:
        occ_buf_put_u64(out, occ_cbor_tag(cbor));
        occ_buf_put_str(out, "(");
        cbor_walk(cbor, out);
        occ_buf_put_str(out, ")");
        return;
    case OCC_CBOR_NULL:
        occ_cbor_null(cbor);
        occ_buf_put_str(out, "null");
        return;
    case OCC_CBOR_OTHER:
        cbor_walk_put_hex(out, "<", occ_cbor_skip(cbor), ">");
        return;
    case OCC_CBOR_ARRAY: {
        struct occ_cbor_group group = occ_cbor_array(cbor);
        occ_buf_put_str(out, group.indefinite ? "[_" : "[");
        while (occ_cbor_array_next(cbor, &group)) {
            occ_buf_put_str(out, " ");
            cbor_walk(cbor, out);
        }
        occ_buf_put_str(out, "]");
        return;
    }
    case OCC_CBOR_MAP: {
        struct occ_cbor_group group = occ_cbor_map(cbor);
        occ_buf_put_str(out, group.indefinite ? "{_" : "{");
        while (occ_cbor_map_next(cbor, &group)) {
            occ_buf_put_str(out, " ");
            cbor_walk(cbor, out);
            occ_buf_put_str(out, ":");
            cbor_walk(cbor, out);
        }
        occ_buf_put_str(out, "}");
        return;
    }
    case OCC_CBOR_NONE:
        (void)occ_cbor_skip(cbor); /* at the end: refused */
        return;
    }
}

#endif
