/* rehearse.c — the trial commit passes, and leaves nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "boundary/gate.h"
#include "crypto/secret.h"

/* A verifier of its own is the program's; here it is enough that the proof of the first epoch is what is asked about. */
static unsigned asked;

static struct occ_result
check_predecessor(void *ctx, const struct occ_json *proof, struct occ_error *err)
{
    assert_ptr_equal(ctx, &asked);
    assert_non_null(occ_json_get(proof, "slotAllocation"));
    asked++;
    return asked == 3 ? occ_error_set(err, OCC_ERR_SIGNATURE, "no") : occ_success();
}

static void
test_rehearse(void **state)
{
    (void)state;
    struct occ_error err = { .code = OCC_OK };
    assert_int_equal(occ_secret_init().code, OCC_OK);
    assert_int_equal(occ_gate_rehearse(check_predecessor, &asked, &err).code, OCC_OK);
    assert_int_equal(occ_gate_rehearse(check_predecessor, &asked, &err).code, OCC_OK); /* leaks would show */
    assert_int_equal(asked, 2);
    /* A verification that does not work is found out before it counts. */
    assert_int_equal(occ_gate_rehearse(check_predecessor, &asked, &err).code, OCC_ERR_LINK);
    assert_string_equal(err.text, "the trial commit failed: the proof before this epoch cannot be linked to");
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_rehearse) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
