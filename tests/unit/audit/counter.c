/* Tests of src/audit/counter.c. */
#include "unit/audit/support.h"

#define DIGITS_64 "1234567890123456789012345678901234567890123456789012345678901234"

static void
test_order(void **state)
{
    (void)state;
    static const char *const ascending[] = { "", "0", "1", "9", "10", "99", "18446744073709551616", DIGITS_64 };
    for (size_t i = 0; i < 8; i++) {
        for (size_t j = 0; j < 8; j++) {
            const struct occ_counter a = counter_of(ascending[i]);
            const struct occ_counter b = counter_of(ascending[j]);
            const int order = occ_counter_compare(&a, &b);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
            OCC_BUF_AUTO(x, 100);
            OCC_BUF_AUTO(y, 100);
            occ_counter_put(&x, &a);
            occ_counter_put(&y, &b);
            const int encoded = occ_bytes_compare(occ_buf_view(&x), occ_buf_view(&y));
            assert_int_equal((encoded > 0) - (encoded < 0), (i > j) - (i < j));
            struct occ_reader reader = occ_reader_of(occ_buf_view(&x));
            const struct occ_counter again = occ_counter_take(&reader);
            assert_true(occ_reader_done(&reader));
            assert_int_equal(occ_counter_compare(&a, &again), 0);
        }
    }
}

static void
test_limits(void **state)
{
    (void)state;
    struct occ_counter counter;
    assert_int_equal(occ_counter_of(occ_bytes_str(DIGITS_64 "0"), &counter).code, OCC_ERR_LIMIT);
    static const uint8_t too_long[] = { OCC_LIMIT_AUDIT_COUNTER_LEN + 1, '1' };
    struct occ_reader reader = occ_reader_of(occ_bytes_of(too_long, sizeof too_long));
    (void)occ_counter_take(&reader);
    assert_true(reader.bad);
}

static void
test_distance(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        uint64_t distance;
    } rows[] = {
        { "0", "0", 0 },
        { "7", "9", 2 },
        { "0", "18446744073709551614", UINT64_MAX - 1 },
        { "0", "18446744073709551615", UINT64_MAX },
        { "18446744073709551615", "18446744073709551617", 2 },
        { "9999999999999999999999", "10000000000000000000000", 1 },
        { "1000000000000000000000000", "1000018446744073709551614", UINT64_C(18446744073709551614) },
        { "1000000000000000000000000", "1000018446744073709551616", UINT64_MAX },
        { "1", DIGITS_64, UINT64_MAX },
        { DIGITS_64, DIGITS_64, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct occ_counter from = counter_of(rows[i].from);
        const struct occ_counter to = counter_of(rows[i].to);
        assert_int_equal(occ_counter_distance(&from, &to), rows[i].distance);
    }
}

static void
test_small(void **state)
{
    (void)state;
    uint64_t value = 5;
    struct occ_counter counter = counter_of("18446744073709551614");
    assert_true(occ_counter_small(&counter, &value));
    assert_int_equal(value, UINT64_MAX - 1);
    counter = counter_of("18446744073709551615");
    assert_false(occ_counter_small(&counter, &value));
    counter = counter_of("");
    assert_false(occ_counter_small(&counter, &value));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
