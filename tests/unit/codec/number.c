/* Tests of src/codec/number.c. tests/interop/numbers.mjs compares a million more with Node. */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/number.h"

static double
from_bits(uint64_t bits)
{
    double number = 0;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static uint64_t
to_bits(double number)
{
    uint64_t bits = 0;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

/* RFC 8785 appendix B, and the edges of the exponent form and of the fast way for integers. */
static void
test_known(void **state)
{
    (void)state;
    static const struct {
        uint64_t bits;
        const char *text;
    } rows[] = {
        { 0x0000000000000000, "0" },
        { 0x8000000000000000, "0" },
        { 0x0000000000000001, "5e-324" },
        { 0x8000000000000001, "-5e-324" },
        { 0x7fefffffffffffff, "1.7976931348623157e+308" },
        { 0xffefffffffffffff, "-1.7976931348623157e+308" },
        { 0x4340000000000000, "9007199254740992" },
        { 0xc340000000000000, "-9007199254740992" },
        { 0x4430000000000000, "295147905179352830000" },
        { 0x44b52d02c7e14af5, "9.999999999999997e+22" },
        { 0x44b52d02c7e14af6, "1e+23" },
        { 0x44b52d02c7e14af7, "1.0000000000000001e+23" },
        { 0x444b1ae4d6e2ef4e, "999999999999999700000" },
        { 0x444b1ae4d6e2ef4f, "999999999999999900000" },
        { 0x444b1ae4d6e2ef50, "1e+21" },
        { 0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7" },
        { 0x3eb0c6f7a0b5ed8d, "0.000001" },
        { 0x41b3de4355555553, "333333333.3333332" },
        { 0x41b3de4355555554, "333333333.33333325" },
        { 0x41b3de4355555555, "333333333.3333333" },
        { 0x41b3de4355555556, "333333333.3333334" },
        { 0x41b3de4355555557, "333333333.33333343" },
        { 0xbecbf647612f3696, "-0.0000033333333333333333" },
        { 0x43143ff3c1cb0959, "1424953923781206.2" },
        { 0x433fffffffffffff, "9007199254740991" },
        { 0xc33fffffffffffff, "-9007199254740991" },
        { 0x3ff8000000000000, "1.5" },
        { 0xbff0000000000000, "-1" },
        { 0x4279579461be9000, "1741496392681" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[OCC_NUMBER_TEXT_SIZE];
        const size_t len = occ_number_format(from_bits(rows[i].bits), text);
        assert_string_equal(text, rows[i].text);
        assert_int_equal(len, strlen(text));
    }
}

/* Significant digits of a text, without leading and trailing zeros. */
static size_t
count_digits(const char *text)
{
    size_t digits = 0;
    size_t zeros = 0;
    for (const char *at = text; *at != '\0' && *at != 'e'; at++) {
        if (*at < '0' || *at > '9' || (*at == '0' && digits == 0)) {
            continue;
        }
        digits++;
        zeros = *at == '0' ? zeros + 1 : 0;
    }
    return digits - zeros;
}

/* What Number::toString demands, checked against the C library: reads back as the same, and no shorter text does. */
static void
check_shortest(double number)
{
    char text[OCC_NUMBER_TEXT_SIZE];
    (void)occ_number_format(number, text);
    assert_true(strtod(text, NULL) == number);
    const size_t digits = count_digits(text);
    assert_in_range(digits, 1, 17);
    if (digits > 1) {
        char shorter[64];
        assert_in_range(snprintf(shorter, sizeof shorter, "%.*e", (int)digits - 2, number), 1, 63);
        assert_true(strtod(shorter, NULL) != number);
    }
}

static void
test_powers_of_two(void **state)
{
    (void)state;
    for (int exponent = -1074; exponent <= 1023; exponent++) {
        const uint64_t bits = to_bits(ldexp(1.0, exponent));
        for (uint64_t neighbour = bits - 1; neighbour <= bits + 1; neighbour++) {
            if (neighbour != 0) {
                check_shortest(from_bits(neighbour));
            }
        }
    }
}

/* The same texts under a locale with a decimal comma. */
static void
test_locale(void **state)
{
    (void)state;
    const locale_t german = newlocale(LC_ALL_MASK, "de_DE.UTF-8", (locale_t)0);
    if (german == (locale_t)0) {
        if (getenv("OCC_REQUIRE_LOCALES") != NULL) {
            fail_msg("%s", "the locale de_DE.UTF-8 is missing, and OCC_REQUIRE_LOCALES is set");
        }
        print_message("the locale de_DE.UTF-8 is missing: not tested\n");
        skip();
    }
    const locale_t before = uselocale(german);
    char libc_text[32];
    (void)snprintf(libc_text, sizeof libc_text, "%.1f", 1.5);
    char text[OCC_NUMBER_TEXT_SIZE];
    (void)occ_number_format(1.5, text);
    test_known(state);
    (void)uselocale(before);
    freelocale(german);
    assert_string_equal(libc_text, "1,5"); /* the locale was really there */
    assert_string_equal(text, "1.5");
}

static bool
survives(const char *literal)
{
    return occ_number_integer_survives(occ_bytes_str(literal));
}

static void
test_integers(void **state)
{
    (void)state;
    static const char *const kept[] = {
        "0",
        "-0",
        "1",
        "-1",
        "1741496392841",
        "9007199254740991",
        "9007199254740992",
        "-9007199254740992",
        "9007199254740994",
        "100000000000000000000",
        "1000000000000000000000",
        "100000000000000000000000",
        "-100000000000000000000000",
        "18446744073709552000",
        "123456789012345680000",
        "295147905179352830000",
        "9223372036854776000",
    };
    static const char *const lost[] = {
        "9007199254740993",
        "-9007199254740993",
        "9007199254740995",
        "18446744073709551615",
        "18446744073709551616",
        "9223372036854775807",
        "123456789012345678901234567890",
        "100000000000000000000001",
        "99999999999999999999999",
        "1000000000000000000001",
        "",
        "-",
    };
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (!survives(kept[i])) {
            fail_msg("lost: %s", kept[i]);
        }
    }
    for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++) {
        if (survives(lost[i])) {
            fail_msg("kept: %s", lost[i]);
        }
    }
}

/* 1, 10, … 10^400: a double prints each power of ten up to 10^308 as itself, and has none beyond. */
static void
test_powers_of_ten(void **state)
{
    (void)state;
    char literal[402];
    memset(literal, '0', sizeof literal);
    literal[0] = '1';
    for (size_t zeros = 0; zeros <= 400; zeros++) {
        assert_int_equal(occ_number_integer_survives(occ_bytes_of(literal, zeros + 1)), zeros <= 308);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),    cmocka_unit_test(test_powers_of_two), cmocka_unit_test(test_locale),
        cmocka_unit_test(test_integers), cmocka_unit_test(test_powers_of_ten),
    };
    return cmocka_run_group_tests_name("codec.number", tests, NULL, NULL);
}
