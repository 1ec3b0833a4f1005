/* Tests of src/codec/cbor_head.c: every initial byte, where heads end, and libcbor's opinion of the same bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cbor.h>

#include "codec/cbor_head.h"

/* RFC 8949 §3, table 1 and 4: what an initial byte begins, with enough behind it. */
static bool
is_allowed(unsigned major, unsigned info)
{
    if (major == 7) {
        return (info >= 20 && info <= 23) || (info >= 25 && info <= 27);
    }
    return info <= 27 || (info == 31 && (major == 4 || major == 5));
}

static void
test_initial_bytes(void **state)
{
    (void)state;
    static const enum occ_cbor_type types[] = { OCC_CBOR_UINT,  OCC_CBOR_NEGINT, OCC_CBOR_BYTES, OCC_CBOR_TEXT,
                                                OCC_CBOR_ARRAY, OCC_CBOR_MAP,    OCC_CBOR_TAG,   OCC_CBOR_OTHER };
    static const size_t argument_len[] = { 1, 2, 4, 8 };
    for (unsigned first = 0; first < 256; first++) {
        const unsigned major = first >> 5u;
        const unsigned info = first & 0x1fu;
        const bool string = major == 2 || major == 3;
        if (string && (info == 26 || info == 27)) {
            continue; /* content of 64 KiB and more */
        }
        uint8_t bytes[512] = { (uint8_t)first };
        const size_t extra = info >= 24 && info <= 27 ? argument_len[info - 24] : 0;
        if (extra > 0) { /* the least argument that needs so many bytes: 24, 0x100, 0x10000, 0x100000000 */
            bytes[extra == 1 ? 1 : extra / 2] = extra == 1 ? 24 : 1;
        }
        struct occ_cbor_head head = { 0 };
        const char *why = occ_cbor_head_read(occ_bytes_of(bytes, sizeof bytes), &head);
        assert_int_equal(why == NULL, is_allowed(major, info));
        if (why != NULL) {
            assert_int_equal(head.len, 0); /* untouched */
            continue;
        }
        static const uint64_t least[] = { 24, 0x100, 0x10000, 0x100000000 };
        const uint64_t argument = extra > 0 ? least[info - 24] : info;
        assert_int_equal(head.type, first == 0xf6 ? OCC_CBOR_NULL : types[major]);
        assert_int_equal(head.indefinite, info == 31);
        assert_int_equal(head.len, 1 + extra + (string ? argument : 0));
        if (major < 7 && info != 31) {
            assert_true(head.argument == argument);
        }
    }
}

static void
test_break(void **state)
{
    (void)state;
    const uint8_t bytes[] = { OCC_CBOR_BREAK };
    struct occ_cbor_head head = { 0 };
    assert_string_equal(occ_cbor_head_read(occ_bytes_of(bytes, 1), &head), "a break code where an item is expected");
}

/* RFC 8949 §4.2.1, in other words: no shorter head says the same. */
static bool
is_longer_form(const struct occ_cbor_head *head, size_t argument_len)
{
    static const uint64_t limits[] = { [1] = 24, [2] = 1u << 8u, [4] = 1u << 16u, [8] = UINT64_C(1) << 32u };
    return argument_len > 0 && head->argument < limits[argument_len];
}

/* What libcbor's callbacks wrote down. */
struct opinion {
    uint64_t argument;
    size_t content_len;
    bool has_content;
};

static void
on_u8(void *ctx, uint8_t value)
{
    ((struct opinion *)ctx)->argument = value;
}

static void
on_u16(void *ctx, uint16_t value)
{
    ((struct opinion *)ctx)->argument = value;
}

static void
on_u32(void *ctx, uint32_t value)
{
    ((struct opinion *)ctx)->argument = value;
}

static void
on_u64(void *ctx, uint64_t value)
{
    ((struct opinion *)ctx)->argument = value;
}

static void
on_count(void *ctx, size_t count)
{
    ((struct opinion *)ctx)->argument = count;
}

static void
on_string(void *ctx, cbor_data content, size_t len)
{
    (void)content;
    *(struct opinion *)ctx = (struct opinion){ .argument = len, .content_len = len, .has_content = true };
}

static struct cbor_callbacks
listeners(void)
{
    struct cbor_callbacks callbacks = cbor_empty_callbacks;
    callbacks.uint8 = callbacks.negint8 = on_u8;
    callbacks.uint16 = callbacks.negint16 = on_u16;
    callbacks.uint32 = callbacks.negint32 = on_u32;
    callbacks.uint64 = callbacks.negint64 = callbacks.tag = on_u64;
    callbacks.array_start = callbacks.map_start = on_count;
    callbacks.byte_string = callbacks.string = on_string;
    return callbacks;
}

/* One input: both take it and read the same, or ours refuses it for a rule that libcbor does not have. */
static void
compare(const uint8_t *bytes, size_t len)
{
    const unsigned major = bytes[0] >> 5u;
    const unsigned info = bytes[0] & 0x1fu;
    const size_t argument_len = info >= 24 && info <= 27 ? (size_t)1 << (info - 24) : 0;
    if ((major == 6 && info < 24) || (major == 7 && (info < 20 || info == 24))) {
        return; /* versions of libcbor differ in them */
    }
    struct opinion opinion = { 0 };
    const struct cbor_callbacks callbacks = listeners();
    const struct cbor_decoder_result theirs = cbor_stream_decode(bytes, len, &callbacks, &opinion);
    struct occ_cbor_head head = { 0 };
    const char *const why = occ_cbor_head_read(occ_bytes_of(bytes, len), &head);
    if (theirs.status == CBOR_DECODER_NEDATA) {
        assert_true(why != NULL);
        return;
    }
    if (theirs.status != CBOR_DECODER_FINISHED) {
        assert_string_equal(why, "a byte that begins no CBOR item");
        return;
    }
    if (why != NULL) { /* a string in pieces, a break, a longer form, text that is not UTF-8 */
        struct occ_cbor_head theirs_head = { .argument = opinion.argument };
        assert_true(info == 31 || is_longer_form(&theirs_head, argument_len) || major == 3);
        return;
    }
    assert_int_equal(head.len, theirs.read);
    assert_false(major < 7 && is_longer_form(&head, argument_len));
    if (major < 7 && info != 31) {
        assert_true(head.argument == opinion.argument);
    }
    if (opinion.has_content) {
        assert_int_equal(head.content.len, opinion.content_len);
        assert_ptr_equal(head.content.ptr, bytes + 1 + argument_len);
    }
}

/* Every initial byte before arguments of many sizes, whole and cut at every place. */
static void
test_as_libcbor(void **state)
{
    (void)state;
    static const uint64_t arguments[] = {
        0, 1, 23, 24, 25, 255, 256, 65535, 65536, UINT32_MAX, 1ull << 32, UINT64_MAX, 1ull << 63, UINT64_MAX - 8
    };
    for (unsigned first = 0; first < 256; first++) {
        const unsigned info = first & 0x1fu;
        const size_t argument_len = info >= 24 && info <= 27 ? (size_t)1 << (info - 24) : 0;
        for (size_t i = 0; i < sizeof arguments / sizeof arguments[0]; i++) {
            uint8_t bytes[64] = { (uint8_t)first };
            for (size_t j = 0; j < argument_len; j++) {
                bytes[1 + j] = (uint8_t)(arguments[i] >> (8 * (argument_len - 1 - j)));
            }
            for (size_t len = 1; len <= sizeof bytes; len++) {
                compare(bytes, len);
            }
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_initial_bytes), cmocka_unit_test(test_break),
                                        cmocka_unit_test(test_as_libcbor) };
    return cmocka_run_group_tests_name("codec.cbor_head", tests, NULL, NULL);
}
