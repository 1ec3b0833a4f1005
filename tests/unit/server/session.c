/* What a parent believes of a boundary's hello. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/session.h"

static const char epoch[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static struct occ_hello_ok
good_hello(void)
{
    return (struct occ_hello_ok){ .version = OCC_WIRE_VERSION,
                                  .frame_len_max = 24 << 20,
                                  .requests_max = 1024,
                                  .digests_max = 10000,
                                  .public_key = { 1 },
                                  .epoch_id = occ_bytes_str(epoch),
                                  .enforcement = occ_bytes_str("stub"),
                                  .measurement = occ_bytes_str("stub:00"),
                                  .last_position = 9,
                                  .acknowledged_position = 9 };
}

static void
refused(const struct occ_hello_ok *hello, const char *sentence)
{
    struct occ_error err = { 0 };
    assert_false(occ_is_ok(occ_session_check_hello(hello, &err)));
    assert_string_equal(err.text, sentence);
}

static void
test_hello(void **state)
{
    (void)state;
    struct occ_error err = { 0 };
    struct occ_hello_ok hello = good_hello();
    assert_true(occ_is_ok(occ_session_check_hello(&hello, &err)));

    hello.version = 1;
    refused(&hello, "the boundary speaks version 1, expected 3 without features");
    hello = good_hello();
    hello.features = 1;
    refused(&hello, "the boundary speaks version 3, expected 3 without features");
    hello = good_hello();
    hello.public_key[0] = 0;
    refused(&hello, "the boundary's public key is all zeros");
    hello = good_hello();
    hello.epoch_id = occ_bytes_of(epoch, 63);
    refused(&hello, "the boundary's epochId is not 64 lower-case hex digits");
    hello = good_hello();
    hello.enforcement = occ_bytes_str("tee");
    refused(&hello, "the boundary's enforcement is no known tier");
    hello = good_hello();
    hello.measurement = occ_bytes_str("");
    refused(&hello, "the boundary's measurement is not 1 to 256 bytes of UTF-8");
    hello.measurement = occ_bytes_str("\xff");
    refused(&hello, "the boundary's measurement is not 1 to 256 bytes of UTF-8");
    hello = good_hello();
    hello.digests_max = 0;
    refused(&hello, "the boundary's limits leave no room for a commit");
    hello = good_hello();
    hello.frame_len_max = 1000;
    refused(&hello, "the boundary's limits leave no room for a commit");
    hello = good_hello();
    hello.acknowledged_position = 10;
    refused(&hello, "the boundary says that more was acknowledged than it did");
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_hello) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
