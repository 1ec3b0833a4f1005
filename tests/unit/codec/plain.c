/* Tests of src/codec/plain.c: every byte, in every place of the words that are looked at together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/plain.h"

enum { TEXT_LEN = 27 }; /* three words and a rest */

static bool
stands_as_it_is(unsigned byte)
{
    return byte >= 0x20 && byte != '"' && byte != '\\';
}

static void
test_empty(void **state)
{
    (void)state;
    assert_int_equal(occ_plain_length(occ_bytes_of(NULL, 0)), 0);
}

/* Around the byte at hand stands each of the others that are plain: no neighbour hides or makes a find. */
static void
test_every_byte_in_every_place(void **state)
{
    (void)state;
    for (unsigned filler = 0x1f; filler < 256; filler++) {
        for (unsigned byte = 0; stands_as_it_is(filler) && byte < 256; byte++) {
            for (size_t at = 0; at < TEXT_LEN; at++) {
                uint8_t text[TEXT_LEN];
                memset(text, (int)filler, sizeof text);
                text[at] = (uint8_t)byte;
                const size_t expected = stands_as_it_is(byte) ? TEXT_LEN : at;
                assert_int_equal(occ_plain_length(occ_bytes_of(text, sizeof text)), expected);
            }
        }
    }
}

static void
test_first_of_several(void **state)
{
    (void)state;
    const uint8_t special[] = { 0x00, 0x1f, '"', '\\', '\n' };
    for (size_t first = 0; first < TEXT_LEN; first++) {
        for (size_t second = first; second < TEXT_LEN; second++) {
            for (size_t i = 0; i < sizeof special; i++) {
                uint8_t text[TEXT_LEN];
                memset(text, 'a', sizeof text);
                text[second] = special[sizeof special - 1 - i];
                text[first] = special[i];
                assert_int_equal(occ_plain_length(occ_bytes_of(text, sizeof text)), first);
            }
        }
    }
}

/* What lies behind the view is not looked at. */
static void
test_every_length(void **state)
{
    (void)state;
    const uint8_t text[] = "0123456789012345\"";
    for (size_t len = 0; len < 16; len++) {
        assert_int_equal(occ_plain_length(occ_bytes_of(text, len)), len);
    }
    assert_int_equal(occ_plain_length(occ_bytes_of(text, 17)), 16);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_every_byte_in_every_place),
        cmocka_unit_test(test_first_of_several),
        cmocka_unit_test(test_every_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
