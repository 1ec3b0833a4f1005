/* Tests of src/base/bytes.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"

#define VIEW(literal) occ_bytes_of((literal), sizeof(literal) - 1)

static void
test_equal(void **state)
{
    (void)state;
    assert_true(occ_bytes_equal(VIEW("abc"), VIEW("abc")));
    assert_false(occ_bytes_equal(VIEW("abc"), VIEW("abd")));
    assert_false(occ_bytes_equal(VIEW("abc"), VIEW("abcd")));
    assert_false(occ_bytes_equal(VIEW("a\0b"), VIEW("a\0c")));
    assert_true(occ_bytes_equal(occ_bytes_str(NULL), VIEW("")));
    assert_true(occ_bytes_is(VIEW("stub"), "stub"));
    assert_false(occ_bytes_is(VIEW("stub\0"), "stub"));
    assert_false(occ_bytes_is(VIEW("stu"), "stub"));
}

static void
test_starts(void **state)
{
    (void)state;
    assert_true(occ_bytes_starts(VIEW("stub:ab"), "stub:"));
    assert_true(occ_bytes_starts(VIEW("stub:"), "stub:"));
    assert_true(occ_bytes_starts(VIEW(""), ""));
    assert_false(occ_bytes_starts(VIEW("stub"), "stub:"));
    assert_false(occ_bytes_starts(VIEW("Stub:ab"), "stub:"));
}

static void
test_compare(void **state)
{
    (void)state;
    assert_int_equal(occ_bytes_compare(VIEW("abc"), VIEW("abc")), 0);
    assert_true(occ_bytes_compare(VIEW("ab"), VIEW("abc")) < 0);
    assert_true(occ_bytes_compare(VIEW("abc"), VIEW("ab")) > 0);
    assert_true(occ_bytes_compare(VIEW("abd"), VIEW("abcd")) > 0);
    assert_true(occ_bytes_compare(VIEW("\x7f"), VIEW("\x80")) < 0); /* bytes are unsigned */
    assert_int_equal(occ_bytes_compare(occ_bytes_of(NULL, 0), VIEW("")), 0);
}

static void
test_trim(void **state)
{
    (void)state;
    assert_true(occ_bytes_is(occ_bytes_trim(VIEW(" \t\r a b\t ")), "a b"));
    assert_true(occ_bytes_is(occ_bytes_trim(VIEW("a")), "a"));
    assert_int_equal(occ_bytes_trim(VIEW(" \t\r ")).len, 0);
    assert_int_equal(occ_bytes_trim(occ_bytes_of(NULL, 0)).len, 0);
    assert_true(occ_bytes_is(occ_bytes_trim(VIEW("\na\v")), "\na\v")); /* line ends are none */
}

/* Encodes any number as UTF-8 would, surrogates and too large ones included, in len bytes. */
static void
encode(uint32_t point, size_t len, uint8_t ret[4])
{
    static const uint8_t marks[5] = { 0, 0x00, 0xc0, 0xe0, 0xf0 };
    for (size_t i = len; i > 1; i--) {
        ret[i - 1] = (uint8_t)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    ret[0] = (uint8_t)(marks[len] | point);
}

static size_t
right_length(uint32_t point)
{
    return point < 0x80 ? 1 : (point < 0x800 ? 2 : (point < 0x10000 ? 3 : 4));
}

/* Every number below 2^21 in every length that can hold it: well-formed in exactly one, surrogates and > 10FFFF in none. */
static void
test_utf8_every_point(void **state)
{
    (void)state;
    static const uint32_t room[5] = { 0, 0x80, 0x800, 0x10000, 0x200000 };
    for (uint32_t point = 0; point < 0x200000; point++) {
        for (size_t len = 1; len <= 4; len++) {
            if (point >= room[len]) {
                continue;
            }
            uint8_t text[4];
            encode(point, len, text);
            const bool scalar = point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
            const bool wanted = scalar && len == right_length(point);
            if (occ_bytes_is_utf8(occ_bytes_of(text, len)) != wanted) {
                fail_msg("U+%X in %zu bytes", point, len);
            }
        }
    }
}

static void
test_utf8_malformed(void **state)
{
    (void)state;
    assert_true(occ_bytes_is_utf8(VIEW("")));
    assert_true(
        occ_bytes_is_utf8(VIEW("12345678 gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80 and a long tail of ASCII")));
    assert_false(occ_bytes_is_utf8(VIEW("\x80")));
    assert_false(occ_bytes_is_utf8(VIEW("\xff")));
    assert_false(occ_bytes_is_utf8(VIEW("\xc3")));
    assert_false(occ_bytes_is_utf8(VIEW("\xe2\x82")));
    assert_false(occ_bytes_is_utf8(VIEW("\xf0\x9f\x98")));
    assert_false(occ_bytes_is_utf8(VIEW("\xc3(")));
    assert_false(occ_bytes_is_utf8(VIEW("\xe2(\xa1")));
    assert_false(occ_bytes_is_utf8(VIEW("\xf8\x88\x80\x80\x80")));
}

static void
test_utf8_length(void **state)
{
    (void)state;
    assert_int_equal(occ_bytes_utf8_length(VIEW("")), 0);
    assert_int_equal(occ_bytes_utf8_length(VIEW("abc")), 3);
    assert_int_equal(occ_bytes_utf8_length(VIEW("12345678901234567\xff"
                                                "90")),
                     17);
    assert_int_equal(occ_bytes_utf8_length(VIEW("\xc3\xbc\xc3")), 2);
    assert_int_equal(occ_bytes_utf8_char(VIEW("\xe2\x82\xac...")), 3);
    assert_int_equal(occ_bytes_utf8_char(VIEW("\xac...")), 0);
    assert_int_equal(occ_bytes_utf8_char(VIEW("")), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal),          cmocka_unit_test(test_starts),
        cmocka_unit_test(test_compare),        cmocka_unit_test(test_utf8_every_point),
        cmocka_unit_test(test_utf8_malformed), cmocka_unit_test(test_utf8_length),
        cmocka_unit_test(test_trim),
    };
    return cmocka_run_group_tests_name("base.bytes", tests, NULL, NULL);
}
