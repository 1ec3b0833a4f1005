/*
 * cbor_head.h — one head of CBOR: the initial byte, its argument and the content of a string (RFC 8949 §3). For cbor.c.
 */
#ifndef OCC_CODEC_CBOR_HEAD_H
#define OCC_CODEC_CBOR_HEAD_H

#include "codec/cbor.h"

struct occ_cbor_head {
    enum occ_cbor_type type;
    uint64_t argument;        /* the integer (a negative one is -1 - argument), length, count or tag */
    struct occ_bytes content; /* of a string: a view into what was read */
    size_t len;               /* of head and content */
    bool indefinite;          /* an array or map of indefinite length */
};

/* Ends an array or map of indefinite length. */
#define OCC_CBOR_BREAK 0xffu

/*
 * Reads the head that bytes begin with; there is at least one byte. NULL, or static text that says why there is none. Refused
 * are what cbor.h says of single items: what is not well-formed or cut, longer forms, strings in pieces, text that is not
 * UTF-8, unassigned simple values, and a break code.
 */
const char *occ_cbor_head_read(struct occ_bytes bytes, struct occ_cbor_head *ret_head);

#endif
