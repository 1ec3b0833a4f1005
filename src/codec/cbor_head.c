/* cbor_head.c — see cbor_head.h. */
#include "codec/cbor_head.h"

#include "base/reader.h"

/* RFC 8949 §3: the initial byte is a major type (three bits) and additional information (five). */
enum {
    MAJOR_UINT = 0,
    MAJOR_NEGINT = 1,
    MAJOR_BYTES = 2,
    MAJOR_TEXT = 3,
    MAJOR_ARRAY = 4,
    MAJOR_MAP = 5,
    MAJOR_TAG = 6,
    MAJOR_SIMPLE = 7
};
enum {
    SIMPLE_FIRST_ASSIGNED = 20, /* false, true, null, undefined; then floats of two, four and eight bytes */
    SIMPLE_NULL = 22,
    ONE_BYTE = 24,
    TWO_BYTES = 25,
    FOUR_BYTES = 26,
    EIGHT_BYTES = 27,
    INDEFINITE = 31
};

static const char too_short[] = "CBOR that ends in the middle of an item";
static const char no_item[] = "a byte that begins no CBOR item";

static uint64_t
read_argument(struct occ_reader *reader, unsigned info)
{
    switch (info) {
    case ONE_BYTE:
        return occ_reader_u8(reader);
    case TWO_BYTES:
        return occ_reader_be16(reader);
    case FOUR_BYTES:
        return occ_reader_be32(reader);
    case EIGHT_BYTES:
        return occ_reader_be64(reader);
    default:
        return info;
    }
}

/* RFC 8949 §4.2.1. */
static bool
is_shortest(unsigned info, uint64_t argument)
{
    switch (info) {
    case ONE_BYTE:
        return argument >= ONE_BYTE;
    case TWO_BYTES:
        return argument > UINT8_MAX;
    case FOUR_BYTES:
        return argument > UINT16_MAX;
    case EIGHT_BYTES:
        return argument > UINT32_MAX;
    default:
        return true;
    }
}

/* Additional information 31. */
static const char *
read_indefinite(unsigned major, struct occ_cbor_head *head)
{
    switch (major) {
    case MAJOR_BYTES:
    case MAJOR_TEXT:
        return "a string in pieces (indefinite length)";
    case MAJOR_ARRAY:
    case MAJOR_MAP:
        head->indefinite = true;
        return NULL;
    case MAJOR_SIMPLE:
        return "a break code where an item is expected";
    default:
        return no_item;
    }
}

static const char *
read_simple(struct occ_reader *reader, unsigned info, struct occ_cbor_head *head)
{
    if (info < SIMPLE_FIRST_ASSIGNED || info == ONE_BYTE) {
        return "a simple value that nobody assigned";
    }
    (void)read_argument(reader, info); /* a float's bits: nobody asks for them */
    if (info == SIMPLE_NULL) {
        head->type = OCC_CBOR_NULL;
    }
    return reader->bad ? too_short : NULL;
}

static const char *
read_string(struct occ_reader *reader, struct occ_cbor_head *head)
{
    if (head->argument > occ_reader_left(reader)) {
        return too_short;
    }
    head->content = occ_reader_take(reader, (size_t)head->argument);
    if (head->type == OCC_CBOR_TEXT && !occ_bytes_is_utf8(head->content)) {
        return "text that is not UTF-8";
    }
    return NULL;
}

/* What follows the initial byte. */
static const char *
read_rest(struct occ_reader *reader, unsigned major, unsigned info, struct occ_cbor_head *head)
{
    if (info == INDEFINITE) {
        return read_indefinite(major, head);
    }
    if (info > EIGHT_BYTES) {
        return no_item;
    }
    if (major == MAJOR_SIMPLE) {
        return read_simple(reader, info, head);
    }
    head->argument = read_argument(reader, info);
    if (reader->bad) {
        return too_short;
    }
    if (!is_shortest(info, head->argument)) {
        return "a number or length that is not in its shortest form";
    }
    return major == MAJOR_BYTES || major == MAJOR_TEXT ? read_string(reader, head) : NULL;
}

const char *
occ_cbor_head_read(struct occ_bytes bytes, struct occ_cbor_head *ret_head)
{
    static const enum occ_cbor_type types[] = {
        [MAJOR_UINT] = OCC_CBOR_UINT, [MAJOR_NEGINT] = OCC_CBOR_NEGINT, [MAJOR_BYTES] = OCC_CBOR_BYTES,
        [MAJOR_TEXT] = OCC_CBOR_TEXT, [MAJOR_ARRAY] = OCC_CBOR_ARRAY,   [MAJOR_MAP] = OCC_CBOR_MAP,
        [MAJOR_TAG] = OCC_CBOR_TAG,   [MAJOR_SIMPLE] = OCC_CBOR_OTHER,
    };
    struct occ_reader reader = occ_reader_of(bytes);
    const uint8_t initial = occ_reader_u8(&reader);
    const unsigned major = initial >> 5u;
    struct occ_cbor_head head = { .type = types[major] };
    const char *why = read_rest(&reader, major, initial & 0x1fu, &head);
    if (why == NULL) {
        head.len = bytes.len - occ_reader_left(&reader);
        *ret_head = head;
    }
    return why;
}
