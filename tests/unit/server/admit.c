/* For whom a call counts: its key, its address, the demo. (Who asks is read from requests by scenario 225.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/admit.h"
#include "server/options.h"

static const struct occ_rate none, two = { .calls = 2, .period_ms = 3600000 },
                                   three = { .calls = 3, .period_ms = 3600000 };

static struct occ_admit
admit_of(struct occ_rate key, struct occ_rate address, struct occ_rate demo)
{
    const struct occ_options options = { .rate_key = key, .rate_address = address, .demo_rate = demo };
    struct occ_admit admit;
    assert_true(occ_is_ok(occ_admit_init(&options, &admit)));
    return admit;
}

/* How many calls of the caller are let through in one moment; at most 10. */
static unsigned
calls_of(struct occ_admit *admit, struct occ_admit_caller caller)
{
    uint64_t wait_ms = 0;
    for (unsigned i = 0; i < 10; i++) {
        if (!occ_admit_call(admit, &caller, 1000, &wait_ms)) {
            assert_true(wait_ms > 0);
            return i;
        }
    }
    return 10;
}

static void
test_no_limits(void **state)
{
    (void)state;
    struct occ_admit admit = admit_of(none, none, none);
    assert_null(admit.per_key);
    assert_null(admit.per_address);
    assert_null(admit.demo);
    uint64_t wait_ms;
    const struct occ_admit_caller caller = { .has_key = true };
    assert_int_equal(calls_of(&admit, caller), 10);
    assert_true(occ_admit_more(&admit, &caller, 10000, 1000, &wait_ms));
    assert_int_equal(calls_of(&admit, caller), 10);
    occ_admit_clear(&admit);
}

static void
test_key_and_address(void **state)
{
    (void)state;
    struct occ_admit admit = admit_of(two, three, none);
    const struct occ_admit_caller alice = { .has_key = true, .key_id = { 1 } };
    const struct occ_admit_caller bob = { .has_key = true, .key_id = { 2 } };
    const struct occ_admit_caller nobody = { .address_id = { 1 } };
    assert_int_equal(calls_of(&admit, alice), 2);
    assert_int_equal(calls_of(&admit, bob), 2);
    assert_int_equal(calls_of(&admit, nobody), 3); /* none of theirs was its */
    occ_admit_clear(&admit);
}

static void
test_key_without_a_rate_of_its_own(void **state)
{
    (void)state;
    struct occ_admit admit = admit_of(none, three, none);
    const struct occ_admit_caller alice = { .has_key = true, .key_id = { 1 }, .address_id = { 7 } };
    const struct occ_admit_caller nobody = { .address_id = { 7 } };
    assert_int_equal(calls_of(&admit, alice), 3);
    assert_int_equal(calls_of(&admit, nobody), 0);
    occ_admit_clear(&admit);
}

static void
test_demo(void **state)
{
    (void)state;
    struct occ_admit admit = admit_of(none, none, two);
    const struct occ_admit_caller visitor = { .is_demo = true, .address_id = { 1 } };
    const struct occ_admit_caller verifier = { .address_id = { 1 } };
    assert_int_equal(calls_of(&admit, visitor), 2);
    assert_int_equal(calls_of(&admit, verifier), 10);
    occ_admit_clear(&admit);
    admit = admit_of(none, three, two); /* both count for a visitor */
    assert_int_equal(calls_of(&admit, visitor), 2);
    assert_int_equal(calls_of(&admit, verifier), 0); /* the refused one was counted for the address, too */
    occ_admit_clear(&admit);
}

static void
test_more(void **state)
{
    (void)state;
    struct occ_admit admit = admit_of(two, none, none);
    const struct occ_admit_caller alice = { .has_key = true, .key_id = { 1 } };
    uint64_t wait_ms;
    assert_true(occ_admit_call(&admit, &alice, 1000, &wait_ms));
    assert_true(occ_admit_more(&admit, &alice, 5, 1000, &wait_ms));
    assert_false(occ_admit_more(&admit, &alice, 1, 1000, &wait_ms));
    assert_true(occ_admit_more(&admit, &alice, 0, 1000, &wait_ms));
    assert_int_equal(calls_of(&admit, alice), 0);
    occ_admit_clear(&admit);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_limits),
        cmocka_unit_test(test_key_and_address),
        cmocka_unit_test(test_key_without_a_rate_of_its_own),
        cmocka_unit_test(test_demo),
        cmocka_unit_test(test_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
