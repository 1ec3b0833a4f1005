/* Whom a request is counted for: peers, proxies that are trusted, and what is invented in X-Forwarded-For. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/client_address.h"

static struct occ_proxies
proxies_of(const char *text)
{
    struct occ_proxies proxies = { 0 };
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(occ_client_address_read_proxies(text, &err, &proxies)));
    return proxies;
}

static void
check(const struct occ_proxies *proxies, const char *peer, const char *const *lines, const char *expected)
{
    struct occ_bytes forwarded[4];
    size_t count = 0;
    for (; lines[count] != NULL; count++) {
        forwarded[count] = occ_bytes_str(lines[count]);
    }
    struct occ_address found, wanted;
    assert_true(occ_address_read(occ_bytes_str(expected), &wanted));
    occ_client_address_find(proxies, occ_bytes_str(peer), forwarded, count, &found);
    assert_memory_equal(found.bytes, wanted.bytes, sizeof(found.bytes));
}

static void
test_nobody_trusted(void **state)
{
    (void)state;
    const struct occ_proxies none = { 0 };
    const char *const lines[] = { "203.0.113.9", NULL };
    check(&none, "127.0.0.1:5000", lines, "127.0.0.1");
    check(&none, "[2001:db8::7]:5000", lines, "2001:db8::7");
    check(&none, "unix", lines, "::");
}

static void
test_trusted(void **state)
{
    (void)state;
    const struct occ_proxies proxies = proxies_of("127.0.0.1,10.0.0.0/8,2001:db8:1::/48");
    static const struct {
        const char *lines[4], *expected;
    } cases[] = {
        { { NULL }, "127.0.0.1" },
        { { "203.0.113.9", NULL }, "203.0.113.9" },
        { { "1.1.1.1, 203.0.113.9", NULL }, "203.0.113.9" },            /* the left one is what the client said */
        { { "1.1.1.1,203.0.113.9 ,\t10.2.3.4", NULL }, "203.0.113.9" }, /* a second proxy */
        { { "1.1.1.1", "203.0.113.9", NULL }, "203.0.113.9" },          /* a field of its own per proxy */
        { { "203.0.113.9", "10.2.3.4", NULL }, "203.0.113.9" },
        { { "203.0.113.9", "10.2.3.4, 2001:db8:1::5", NULL }, "203.0.113.9" },
        { { "203.0.113.9:4711", NULL }, "203.0.113.9" },
        { { "[2001:db8:9::1]:443", NULL }, "2001:db8:9::1" },
        { { "10.1.1.1, 10.1.1.2", NULL }, "10.1.1.1" }, /* all trusted: the first */
        { { "203.0.113.9, unknown", NULL }, "127.0.0.1" },
        { { "203.0.113.9, unknown, 10.0.0.5", NULL }, "10.0.0.5" },
        { { "203.0.113.9,", NULL }, "127.0.0.1" },
        { { "", NULL }, "127.0.0.1" },
        { { ",", NULL }, "127.0.0.1" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check(&proxies, "127.0.0.1:5000", cases[i].lines, cases[i].expected);
    }
    const char *const invented[] = { "203.0.113.9", NULL };
    check(&proxies, "192.0.2.1:5000", invented, "192.0.2.1");
    check(&proxies, "[2001:db8:2::1]:5000", invented, "2001:db8:2::1");
    check(&proxies, "[2001:db8:1:ff::1]:5000", invented, "203.0.113.9");
    check(&proxies, "unix", invented, "::");
    const struct occ_proxies by_socket = proxies_of("unix");
    check(&by_socket, "unix", invented, "203.0.113.9");
    check(&by_socket, "127.0.0.1:5000", invented, "127.0.0.1");
}

static void
test_setting_refused(void **state)
{
    (void)state;
    static const char *const cases[] = { "",         "localhost", "10.0.0.1,",    ",10.0.0.1",   "10.0.0.0/33",
                                         "::/129",   "10.0.0.0/", "10.0.0.0/8/8", "10.0.0.0/-1", "10.0.0.0/08",
                                         " 10.0.0.1" };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct occ_error err = { 0 };
        struct occ_proxies proxies;
        assert_int_equal(occ_client_address_read_proxies(cases[i], &err, &proxies).code, OCC_ERR_USAGE);
        assert_memory_equal(err.text, "--trusted-proxy: ", strlen("--trusted-proxy: "));
    }
}

static void
test_subscriber(void **state)
{
    (void)state;
    struct occ_address a, b;
    assert_true(occ_address_read(occ_bytes_str("2001:db8:1:2:3:4:5:6"), &a));
    assert_true(occ_address_read(occ_bytes_str("2001:db8:1:2::"), &b));
    a = occ_client_address_subscriber(&a);
    assert_memory_equal(a.bytes, b.bytes, sizeof(a.bytes));
    assert_true(occ_address_read(occ_bytes_str("192.0.2.1"), &a));
    b = occ_client_address_subscriber(&a);
    assert_memory_equal(a.bytes, b.bytes, sizeof(a.bytes));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_trusted),
        cmocka_unit_test(test_trusted),
        cmocka_unit_test(test_setting_refused),
        cmocka_unit_test(test_subscriber),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
