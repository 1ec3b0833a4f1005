/* Tests of src/codec/cbor_head.c: every initial byte, and where heads end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_initial_bytes), cmocka_unit_test(test_break) };
    return cmocka_run_group_tests_name("codec.cbor_head", tests, NULL, NULL);
}
