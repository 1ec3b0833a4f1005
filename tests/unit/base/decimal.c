/* Tests of src/base/decimal.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/decimal.h"

static bool
valid(const char *text)
{
    return occ_decimal_is_valid(occ_bytes_str(text));
}

static int
compare(const char *a, const char *b)
{
    return occ_decimal_compare(occ_bytes_str(a), occ_bytes_str(b));
}

static void
test_valid(void **state)
{
    (void)state;
    static const char *const good[] = { "0", "1", "9", "10", "278", "340282366920938463463374607431768211456" };
    static const char
        *const bad[] = { "",   "00",  "01", "-1", "+1", "1.0", "1e3",     " 1",
                         "1 ", "0x1", "1a", "/",  ":",  "1\n", "\xd9\xa1" /* U+0661, a digit elsewhere */ };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(valid(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(valid(bad[i]));
    }
    assert_false(occ_decimal_is_valid(occ_bytes_of("1\0", 2)));
}

static void
test_compare(void **state)
{
    (void)state;
    assert_int_equal(compare("0", "0"), 0);
    assert_true(compare("9", "10") < 0);
    assert_true(compare("10", "9") > 0);
    assert_true(compare("99", "100") < 0);
    assert_true(compare("18446744073709551616", "18446744073709551615") > 0);
    assert_true(compare("99999999999999999999", "100000000000000000000") < 0);
    assert_int_equal(compare("340282366920938463463374607431768211456", "340282366920938463463374607431768211456"), 0);
}

static void
test_to_u64(void **state)
{
    (void)state;
    uint64_t value = 77;
    assert_int_equal(occ_decimal_to_u64(occ_bytes_str("018"), &value).code, OCC_ERR_DECIMAL);
    assert_int_equal(occ_decimal_to_u64(occ_bytes_str(""), &value).code, OCC_ERR_DECIMAL);
    assert_int_equal(occ_decimal_to_u64(occ_bytes_str("18446744073709551616"), &value).code, OCC_ERR_LIMIT);
    assert_int_equal(occ_decimal_to_u64(occ_bytes_str("18446744073709551620"), &value).code, OCC_ERR_LIMIT);
    assert_int_equal(occ_decimal_to_u64(occ_bytes_str("99999999999999999999999"), &value).code, OCC_ERR_LIMIT);
    assert_true(value == 77); /* untouched */
    assert_true(occ_is_ok(occ_decimal_to_u64(occ_bytes_str("18446744073709551615"), &value)));
    assert_true(value == UINT64_MAX);
    assert_true(occ_is_ok(occ_decimal_to_u64(occ_bytes_str("0"), &value)));
    assert_true(value == 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_to_u64),
    };
    return cmocka_run_group_tests_name("base.decimal", tests, NULL, NULL);
}
