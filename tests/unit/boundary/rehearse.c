/* rehearse.c — the trial commit passes, and leaves nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "boundary/gate.h"
#include "crypto/secret.h"

static void
test_rehearse(void **state)
{
    (void)state;
    struct occ_error err = { .code = OCC_OK };
    assert_int_equal(occ_secret_init().code, OCC_OK);
    assert_int_equal(occ_gate_rehearse(&err).code, OCC_OK);
    assert_int_equal(occ_gate_rehearse(&err).code, OCC_OK); /* leaks would show under a sanitizer */
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_rehearse) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
