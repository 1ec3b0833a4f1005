/* attester_none.c — a measurement that says that nothing vouches for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "boundary/attester.h"

static void
test_measurement(void **state)
{
    (void)state;
    uint8_t digest[32];
    for (size_t i = 0; i < sizeof digest; i++) {
        digest[i] = (uint8_t)(i * 8);
    }
    struct occ_attester attester;
    memset(&attester, 0xff, sizeof attester);
    occ_attester_none(digest, &attester);
    assert_string_equal(attester.enforcement, "stub");
    assert_string_equal(attester.measurement, "stub:0008101820283038404850586068707880889098a0a8b0b8c0c8d0d8e0e8f0f8");
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_measurement) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
