/* Tests of src/base/reader.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/reader.h"

static const uint8_t bytes[18] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18 };

static void
test_reads(void **state)
{
    (void)state;
    struct occ_reader reader = occ_reader_of(occ_bytes_of(bytes, sizeof bytes));
    assert_int_equal(occ_reader_u8(&reader), 1);
    assert_int_equal(occ_reader_be16(&reader), 0x0203);
    assert_int_equal(occ_reader_be32(&reader), 0x04050607);
    assert_true(occ_reader_be64(&reader) == UINT64_C(0x08090a0b0c0d0e0f));
    const struct occ_bytes one = occ_reader_take(&reader, 1);
    assert_ptr_equal(one.ptr, bytes + 15);
    assert_int_equal(occ_reader_left(&reader), 2);
    assert_false(occ_reader_done(&reader));
    uint8_t rest[2];
    occ_reader_copy(&reader, rest, sizeof rest);
    assert_memory_equal(rest, bytes + 16, 2);
    assert_true(occ_reader_done(&reader));
}

/* Each read, one byte short: it fails, gives zero, and all later reads fail too. */
static void
test_short(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 6; kind++) {
        static const size_t needs[6] = { 1, 2, 4, 8, 5, 5 };
        struct occ_reader reader = occ_reader_of(occ_bytes_of(bytes, needs[kind] - 1));
        uint8_t copy[5] = { 9, 9, 9, 9, 9 };
        uint64_t value = 0;
        switch (kind) {
        case 0:
            value = occ_reader_u8(&reader);
            break;
        case 1:
            value = occ_reader_be16(&reader);
            break;
        case 2:
            value = occ_reader_be32(&reader);
            break;
        case 3:
            value = occ_reader_be64(&reader);
            break;
        case 4:
            value = occ_reader_take(&reader, 5).len;
            break;
        default:
            occ_reader_copy(&reader, copy, sizeof copy);
            value = (uint64_t)(copy[0] | copy[1] | copy[2] | copy[3] | copy[4]);
        }
        assert_true(value == 0);
        assert_true(reader.bad);
        assert_int_equal(occ_reader_left(&reader), 0);
        assert_int_equal(occ_reader_take(&reader, 0).len, 0);
        assert_int_equal(occ_reader_u8(&reader), 0);
        assert_false(occ_reader_done(&reader));
    }
}

static void
test_lengths_from_outside(void **state)
{
    (void)state;
    struct occ_reader reader = occ_reader_of(occ_bytes_of(bytes, sizeof bytes));
    assert_int_equal(occ_reader_take(&reader, SIZE_MAX).len, 0);
    assert_true(reader.bad);
}

static void
test_empty(void **state)
{
    (void)state;
    struct occ_reader reader = occ_reader_of(occ_bytes_of(NULL, 0));
    assert_true(occ_reader_done(&reader));
    assert_int_equal(occ_reader_take(&reader, 0).len, 0);
    occ_reader_copy(&reader, NULL, 0);
    assert_true(occ_reader_done(&reader));
    assert_int_equal(occ_reader_be16(&reader), 0);
    assert_false(occ_reader_done(&reader));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_short),
        cmocka_unit_test(test_lengths_from_outside),
        cmocka_unit_test(test_empty),
    };
    return cmocka_run_group_tests_name("base.reader", tests, NULL, NULL);
}
