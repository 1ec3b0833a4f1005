/* cbor_head.c — see cbor_head.h. */
#include "codec/cbor_head.h"

#include <cbor.h>

/* What the callbacks write. */
struct decoded {
    struct occ_cbor_head head; /* of type OCC_CBOR_OTHER unless a callback says what it is */
    bool pieces, end_of_group;
};

static void
set_integer(void *ctx, enum occ_cbor_type type, uint64_t argument)
{
    struct decoded *decoded = ctx;
    decoded->head.type = type;
    decoded->head.argument = argument;
}

static void
on_uint8(void *ctx, uint8_t value)
{
    set_integer(ctx, OCC_CBOR_UINT, value);
}

static void
on_uint16(void *ctx, uint16_t value)
{
    set_integer(ctx, OCC_CBOR_UINT, value);
}

static void
on_uint32(void *ctx, uint32_t value)
{
    set_integer(ctx, OCC_CBOR_UINT, value);
}

static void
on_uint64(void *ctx, uint64_t value)
{
    set_integer(ctx, OCC_CBOR_UINT, value);
}

static void
on_negint8(void *ctx, uint8_t argument)
{
    set_integer(ctx, OCC_CBOR_NEGINT, argument);
}

static void
on_negint16(void *ctx, uint16_t argument)
{
    set_integer(ctx, OCC_CBOR_NEGINT, argument);
}

static void
on_negint32(void *ctx, uint32_t argument)
{
    set_integer(ctx, OCC_CBOR_NEGINT, argument);
}

static void
on_negint64(void *ctx, uint64_t argument)
{
    set_integer(ctx, OCC_CBOR_NEGINT, argument);
}

static void
on_bytes(void *ctx, cbor_data content, size_t len)
{
    struct decoded *decoded = ctx;
    set_integer(decoded, OCC_CBOR_BYTES, len);
    decoded->head.content = occ_bytes_of(content, len);
}

static void
on_text(void *ctx, cbor_data content, size_t len)
{
    struct decoded *decoded = ctx;
    set_integer(decoded, OCC_CBOR_TEXT, len);
    decoded->head.content = occ_bytes_of(content, len);
}

static void
on_pieces(void *ctx)
{
    struct decoded *decoded = ctx;
    decoded->pieces = true;
}

static void
on_array(void *ctx, size_t count)
{
    set_integer(ctx, OCC_CBOR_ARRAY, count);
}

static void
on_map(void *ctx, size_t count)
{
    set_integer(ctx, OCC_CBOR_MAP, count);
}

static void
on_indefinite_array(void *ctx)
{
    struct decoded *decoded = ctx;
    decoded->head.type = OCC_CBOR_ARRAY;
    decoded->head.indefinite = true;
}

static void
on_indefinite_map(void *ctx)
{
    struct decoded *decoded = ctx;
    decoded->head.type = OCC_CBOR_MAP;
    decoded->head.indefinite = true;
}

static void
on_tag(void *ctx, uint64_t number)
{
    set_integer(ctx, OCC_CBOR_TAG, number);
}

static void
on_null(void *ctx)
{
    struct decoded *decoded = ctx;
    decoded->head.type = OCC_CBOR_NULL;
}

static void
on_break(void *ctx)
{
    struct decoded *decoded = ctx;
    decoded->end_of_group = true;
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint8 = on_negint8,
    .negint16 = on_negint16,
    .negint32 = on_negint32,
    .negint64 = on_negint64,
    .byte_string = on_bytes,
    .byte_string_start = on_pieces,
    .string = on_text,
    .string_start = on_pieces,
    .array_start = on_array,
    .indef_array_start = on_indefinite_array,
    .map_start = on_map,
    .indef_map_start = on_indefinite_map,
    .tag = on_tag,
    .float2 = cbor_null_float2_callback,
    .float4 = cbor_null_float4_callback,
    .float8 = cbor_null_float8_callback,
    .undefined = cbor_null_undefined_callback,
    .null = on_null,
    .boolean = cbor_null_boolean_callback,
    .indef_break = on_break,
};

/* RFC 8949 §3: the initial byte. */
enum {
    MAJOR_TAG = 6,
    MAJOR_SIMPLE = 7,
    FIRST_ASSIGNED = 20,
    ONE_BYTE = 24,
    TWO_BYTES = 25,
    FOUR_BYTES = 26,
    EIGHT_BYTES = 27
};

/* RFC 8949 §4.2.1; libcbor takes every form. info is the low five bits of the initial byte. */
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

static const char *
judge(const struct decoded *decoded, unsigned major, unsigned info)
{
    const struct occ_cbor_head *head = &decoded->head;
    if (decoded->pieces) {
        return "a string in pieces (indefinite length)";
    }
    if (decoded->end_of_group) {
        return "a break code where an item is expected";
    }
    if (major != MAJOR_SIMPLE && !head->indefinite && !is_shortest(info, head->argument)) {
        return "a number or length that is not in its shortest form";
    }
    if (head->type == OCC_CBOR_TEXT && !occ_bytes_is_utf8(head->content)) {
        return "text that is not UTF-8";
    }
    return NULL;
}

const char *
occ_cbor_head_read(struct occ_bytes bytes, struct occ_cbor_head *ret_head)
{
    const unsigned major = bytes.ptr[0] >> 5u;
    const unsigned info = bytes.ptr[0] & 0x1fu;
    if (major == MAJOR_TAG && info < ONE_BYTE) { /* libcbor 0.8 does not know the tags 6 to 20; COSE_Sign1's is 18 */
        *ret_head = (struct occ_cbor_head){ .type = OCC_CBOR_TAG, .argument = info, .len = 1 };
        return NULL;
    }
    if (major == MAJOR_SIMPLE && (info < FIRST_ASSIGNED || info == ONE_BYTE)) { /* whatever libcbor's version takes */
        return "a simple value that nobody assigned";
    }
    struct decoded decoded = { .head = { .type = OCC_CBOR_OTHER } };
    const struct cbor_decoder_result result = cbor_stream_decode(bytes.ptr, bytes.len, &callbacks, &decoded);
    if (result.status == CBOR_DECODER_NEDATA) {
        return "CBOR that ends in the middle of an item";
    }
    if (result.status != CBOR_DECODER_FINISHED) {
        return "a byte that begins no CBOR item";
    }
    const char *why = judge(&decoded, major, info);
    if (why == NULL) {
        decoded.head.len = result.read;
        *ret_head = decoded.head;
    }
    return why;
}
