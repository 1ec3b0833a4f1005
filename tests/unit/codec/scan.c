/* Tests of src/codec/scan.c: what is refused before jansson, and that nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/limits.h"
#include "codec/scan.h"

static struct occ_error
scan_bytes(struct occ_bytes text, unsigned max_depth)
{
    struct occ_error err = { 0 };
    const struct occ_result result = occ_scan_check(text, max_depth, &err);
    assert_int_equal(result.code, err.code);
    assert_int_equal(occ_scan_check(text, max_depth, NULL).code, err.code);
    return err;
}

static struct occ_error
scan_text(const char *text, unsigned max_depth)
{
    return scan_bytes(occ_bytes_str(text), max_depth);
}

static void
test_empty(void **state)
{
    (void)state;
    static const char *const texts[] = { "", " ", "\n\t\r \n" };
    for (size_t i = 0; i < 3; i++) {
        const struct occ_error err = scan_text(texts[i], 64);
        assert_int_equal(err.code, OCC_ERR_JSON_SYNTAX);
        assert_string_equal(err.text, "no JSON value: the text is empty");
    }
    assert_int_equal(scan_bytes(occ_bytes_of(NULL, 0), 64).code, OCC_ERR_JSON_SYNTAX);
}

static void
test_positions(void **state)
{
    (void)state;
    assert_string_equal(scan_bytes(occ_bytes_of("[1,\n \"\xc3\xbc\0\"]", 10), 64).text,
                        "line 2, column 4: a zero byte in JSON text");
    assert_string_equal(scan_text("[\"a\xff\"]", 64).text, "line 1, column 4: not valid UTF-8");
    assert_string_equal(scan_text("[\n[\n[[1]]]]", 3).text, "line 3, column 2: JSON nested too deeply");
    assert_string_equal(scan_text("{\"a\":\n  9007199254740993}", 3).text,
                        "line 2, column 3: an integer that IEEE doubles cannot hold exactly");
}

static void
test_zero_bytes(void **state)
{
    (void)state;
    assert_int_equal(scan_bytes(occ_bytes_of("1\0", 2), 64).code, OCC_ERR_JSON_NUL);
    assert_int_equal(scan_bytes(occ_bytes_of("\0", 1), 64).code, OCC_ERR_JSON_NUL);
    assert_int_equal(scan_bytes(occ_bytes_of("\"\0\"", 3), 64).code, OCC_ERR_JSON_NUL);
    assert_int_equal(scan_text("\"\\u0000\"", 64).code, OCC_OK);
}

static void
test_byte_order_mark(void **state)
{
    (void)state;
    assert_int_equal(scan_text("\xef\xbb\xbf{}", 64).code, OCC_ERR_JSON_SYNTAX);
    assert_int_equal(scan_text("\"\xef\xbb\xbf\"", 64).code, OCC_OK); /* inside a string it is a character */
}

static void
test_depth(void **state)
{
    (void)state;
    assert_int_equal(scan_text("1", 0).code, OCC_OK);
    assert_int_equal(scan_text("[]", 0).code, OCC_ERR_JSON_DEPTH);
    assert_int_equal(scan_text("[]", 1).code, OCC_OK);
    assert_int_equal(scan_text("[{}]", 1).code, OCC_ERR_JSON_DEPTH);
    assert_int_equal(scan_text("[[],[],{},{\"a\":[]}]", 3).code, OCC_OK);
    assert_int_equal(scan_text("[[],[],{},{\"a\":[]}]", 2).code, OCC_ERR_JSON_DEPTH);
    /* brackets inside strings do not count, whatever is escaped there */
    assert_int_equal(scan_text("[\"[[[[{{{\",\"\\\"[[[\",\"\\\\\"]", 1).code, OCC_OK);
    assert_int_equal(scan_text("[\"\\\\\",[]]", 1).code, OCC_ERR_JSON_DEPTH);
    assert_int_equal(scan_text("[\"\\\\\\\"\",[]]", 1).code, OCC_ERR_JSON_DEPTH);
    /* closing more than was opened gives no credit */
    assert_int_equal(scan_text("]]]][[", 1).code, OCC_ERR_JSON_DEPTH);
}

static void
test_integers(void **state)
{
    (void)state;
    assert_int_equal(scan_text("[9007199254740992,-9007199254740992]", 1).code, OCC_OK);
    assert_int_equal(scan_text("[1,9007199254740993]", 1).code, OCC_ERR_JSON_NUMBER);
    assert_int_equal(scan_text("-9007199254740993", 1).code, OCC_ERR_JSON_NUMBER);
    assert_int_equal(scan_text("{\"a\":12345678901234567890}", 1).code, OCC_ERR_JSON_NUMBER);
    assert_int_equal(scan_text("\"9007199254740993\"", 1).code, OCC_OK);
    /* with a fraction or an exponent it is no integer literal */
    assert_int_equal(scan_text("9007199254740993.0", 1).code, OCC_OK);
    assert_int_equal(scan_text("9007199254740993e0", 1).code, OCC_OK);
    /* not JSON at all: jansson's to say */
    assert_int_equal(scan_text("00009007199254740993", 1).code, OCC_OK);
    assert_int_equal(scan_text("--9007199254740993", 1).code, OCC_OK);
    assert_int_equal(scan_text("-", 1).code, OCC_OK);
}

/* A string that does not end, also after a backslash: the scan stops at the end of the text. */
static void
test_open_strings(void **state)
{
    (void)state;
    assert_int_equal(scan_text("\"", 1).code, OCC_OK);
    assert_int_equal(scan_text("[\"abc", 1).code, OCC_OK);
    assert_int_equal(scan_text("\"\\", 1).code, OCC_OK);
    assert_int_equal(scan_bytes(occ_bytes_of("\"\\\"[[", 3), 0).code, OCC_OK);
}

/* An array of count times element. */
static enum occ_err
scan_many(const char *element, size_t count)
{
    OCC_BUF_AUTO(text, 64 << 20);
    for (size_t i = 0; i < count; i++) {
        occ_buf_put_byte(&text, i == 0 ? '[' : ',');
        occ_buf_put_str(&text, element);
    }
    occ_buf_put_byte(&text, ']');
    assert_true(occ_is_ok(occ_buf_check(&text)));
    return scan_bytes(occ_buf_view(&text), 64).code;
}

/* A tree takes many times the memory of a dense text: a text may have only so many values for its length. */
static void
test_many_values(void **state)
{
    (void)state;
    assert_int_equal(scan_many("1", OCC_LIMIT_JSON_VALUES), OCC_OK);
    assert_int_equal(scan_many("1", 2 * OCC_LIMIT_JSON_VALUES), OCC_ERR_LIMIT);
    assert_int_equal(scan_many("{}", OCC_LIMIT_JSON_VALUES), OCC_ERR_LIMIT);
    assert_int_equal(scan_many("[[]]", OCC_LIMIT_JSON_VALUES), OCC_ERR_LIMIT);
    assert_int_equal(scan_many("\",[{,[{,[{,[{,[{,[{,\"", OCC_LIMIT_JSON_VALUES), OCC_OK);
    assert_int_equal(scan_many("\"a string of twenty\"", 10 * OCC_LIMIT_JSON_VALUES), OCC_OK);
    assert_int_equal(
        scan_many("{\"digestB64\":\"jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr/RnU=\",\"hashAlg\":\"sha256\"}",
                  5 * OCC_LIMIT_JSON_VALUES),
        OCC_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),           cmocka_unit_test(test_positions),   cmocka_unit_test(test_zero_bytes),
        cmocka_unit_test(test_byte_order_mark), cmocka_unit_test(test_depth),       cmocka_unit_test(test_integers),
        cmocka_unit_test(test_open_strings),    cmocka_unit_test(test_many_values),
    };
    return cmocka_run_group_tests_name("codec.scan", tests, NULL, NULL);
}
