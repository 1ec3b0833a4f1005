/* Tests of src/base/hex.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hex.h"

static void
test_round_trip(void **state)
{
    (void)state;
    uint8_t bytes[256];
    char text[512];
    uint8_t back[256];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    occ_hex_encode(occ_bytes_of(bytes, sizeof bytes), text);
    assert_memory_equal(text, "000102", 6);
    assert_memory_equal(text + 506, "fdfeff", 6);
    assert_true(occ_is_ok(occ_hex_decode(occ_bytes_of(text, sizeof text), sizeof back, back)));
    assert_memory_equal(back, bytes, sizeof bytes);
    assert_true(occ_is_ok(occ_hex_decode(occ_bytes_of(NULL, 0), 0, back)));
}

static void
test_every_byte(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        const bool digit = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
        for (size_t place = 0; place < 2; place++) {
            uint8_t text[2] = { '0', '0' };
            uint8_t out = 0;
            text[place] = (uint8_t)byte;
            assert_int_equal(occ_is_ok(occ_hex_decode(occ_bytes_of(text, 2), 1, &out)), digit);
        }
    }
}

static void
test_lengths(void **state)
{
    (void)state;
    uint8_t out[2] = { 7, 7 };
    assert_int_equal(occ_hex_decode(occ_bytes_str("000"), 1, out).code, OCC_ERR_HEX);
    assert_int_equal(occ_hex_decode(occ_bytes_str("0000"), 1, out).code, OCC_ERR_HEX);
    assert_int_equal(occ_hex_decode(occ_bytes_str("00"), 2, out).code, OCC_ERR_HEX);
    assert_int_equal(occ_hex_decode(occ_bytes_str(""), SIZE_MAX / 2 + 1, out).code, OCC_ERR_HEX);
    assert_int_equal(occ_hex_decode(occ_bytes_str("00 0"), 2, out).code, OCC_ERR_HEX);
    assert_int_equal(out[0], 7); /* untouched */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_lengths),
    };
    return cmocka_run_group_tests_name("base.hex", tests, NULL, NULL);
}
