/* Internet addresses out of text: what is one, what is none, and which share a block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "os/address.h"

static struct occ_address
address_of(const char *text)
{
    struct occ_address address = { { 0 } };
    assert_true(occ_address_read(occ_bytes_str(text), &address));
    return address;
}

static void
test_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *same;
        bool is_v4;
    } cases[] = {
        { "192.0.2.1", "::ffff:192.0.2.1", true },
        { "192.0.2.1:65535", "192.0.2.1", true },
        { "[::ffff:192.0.2.1]:80", "192.0.2.1", true },
        { "2001:db8::1", "2001:0DB8:0:0:0:0:0:1", false },
        { "[2001:db8::1]", "2001:db8::1", false },
        { "[2001:db8::1]:51234", "2001:db8::1", false },
        { "::1", "[::1]:0", false },
        { "::", "0:0:0:0:0:0:0:0", false },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct occ_address a = address_of(cases[i].text), b = address_of(cases[i].same);
        assert_memory_equal(a.bytes, b.bytes, 16);
        assert_int_equal(occ_address_is_v4(&a), cases[i].is_v4);
    }
    const struct occ_address v4 = address_of("192.0.2.1");
    static const uint8_t expected[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1 };
    assert_memory_equal(v4.bytes, expected, 16);
}

static void
test_no_address(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "unknown",
        "192.0.2",
        "192.0.2.256",
        "192.0.2.1:",
        "192.0.2.1:65536",
        "192.0.2.1:x",
        " 192.0.2.1",
        "192.0.2.1 ",
        "192.0.2.1/24",
        "[192.0.2.1]:80",
        "[2001:db8::1",
        "2001:db8::1]",
        "[2001:db8::1]80",
        "[2001:db8::1]:",
        "[]",
        "fe80::1%eth0",
        "2001:db8:::1",
        ":",
        "[",
        "_hidden",
        "192.0.2.01",
        "1:2:3:4:5:6:7:8:9",
        "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct occ_address address = { { 7 } };
        assert_false(occ_address_read(occ_bytes_str(cases[i]), &address));
        assert_int_equal(address.bytes[0], 7);
    }
    struct occ_address address;
    assert_false(occ_address_read(occ_bytes_of("192.0.2.1\0", 10), &address));
}

static void
test_put(void **state)
{
    (void)state;
    static const char *const texts[] = { "192.0.2.1", "2001:db8::1", "::", "::1" };
    OCC_BUF_AUTO(text, 64);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const struct occ_address address = address_of(texts[i]);
        occ_buf_reset(&text);
        occ_address_put(&text, &address);
        assert_true(occ_bytes_is(occ_buf_view(&text), texts[i]));
    }
}

static void
test_shares(void **state)
{
    (void)state;
    const struct occ_address a = address_of("10.1.2.3"), b = address_of("10.1.3.3"), c = address_of("11.1.2.3");
    assert_true(occ_address_shares(&a, &b, 96 + 23));
    assert_false(occ_address_shares(&a, &b, 96 + 24));
    assert_true(occ_address_shares(&a, &c, 96 + 7));
    assert_false(occ_address_shares(&a, &c, 96 + 8));
    assert_true(occ_address_shares(&a, &a, 128));
    assert_true(occ_address_shares(&a, &c, 0));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_no_address),
        cmocka_unit_test(test_put),
        cmocka_unit_test(test_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
