/* So many calls in so much time: rates, bursts, debts, many callers, and a table that is full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "server/limiter.h"

static void
id_of(uint64_t number, uint8_t ret_id[OCC_LIMITER_ID_LEN])
{
    memset(ret_id, 0, OCC_LIMITER_ID_LEN);
    memcpy(ret_id, &number, sizeof(number));
}

static bool
take(struct occ_limiter *limiter, uint64_t caller, uint64_t now_ms, uint64_t *ret_wait_ms)
{
    uint8_t id[OCC_LIMITER_ID_LEN];
    id_of(caller, id);
    return occ_limiter_take(limiter, id, now_ms, ret_wait_ms);
}

static struct occ_limiter *
limiter_of(const char *text, size_t callers)
{
    struct occ_rate rate;
    struct occ_error err = { 0 };
    struct occ_limiter *limiter = NULL;
    assert_true(occ_is_ok(occ_limiter_read_rate(text, "--rate-key", &err, &rate)));
    assert_true(occ_is_ok(occ_limiter_new(&rate, callers, &limiter)));
    return limiter;
}

static void
test_read_rate(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t calls, period_ms; /* 0: refused */
    } cases[] = {
        { "1", 1, 60000 },
        { "600/m", 600, 60000 },
        { "50/s", 50, 1000 },
        { "7/h", 7, 3600000 },
        { "1000000", 1000000, 60000 },
        { "", 0, 0 },
        { "0", 0, 0 },
        { "-1", 0, 0 },
        { "1.5", 0, 0 },
        { "01", 0, 0 },
        { "5 /s", 0, 0 },
        { "5/d", 0, 0 },
        { "/s", 0, 0 },
        { "5/", 0, 0 },
        { "5/sec", 0, 0 },
        { "1000001", 0, 0 },
        { "99999999999999999999", 0, 0 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct occ_rate rate = { 0 };
        struct occ_error err = { 0 };
        const struct occ_result read = occ_limiter_read_rate(cases[i].text, "--demo-rate", &err, &rate);
        assert_int_equal(read.code, cases[i].calls == 0 ? OCC_ERR_USAGE : OCC_OK);
        assert_int_equal(rate.calls, cases[i].calls);
        assert_int_equal(rate.period_ms, cases[i].period_ms);
        assert_int_equal(strncmp(err.text, "--demo-rate: \"", 14) == 0, cases[i].calls == 0);
    }
}

static void
test_burst_and_refill(void **state)
{
    (void)state;
    struct occ_limiter *limiter = limiter_of("60/m", 8);
    uint64_t wait_ms = 0;
    for (unsigned i = 0; i < 60; i++) {
        assert_true(take(limiter, 1, 5000, &wait_ms));
    }
    assert_false(take(limiter, 1, 5000, &wait_ms));
    assert_int_equal(wait_ms, 1000);
    assert_false(take(limiter, 1, 5999, &wait_ms));
    assert_int_equal(wait_ms, 1);
    assert_true(take(limiter, 1, 6000, &wait_ms));
    assert_false(take(limiter, 1, 6000, &wait_ms));
    for (unsigned i = 0; i < 60; i++) { /* full again, and not more than full */
        assert_true(take(limiter, 1, 600000, &wait_ms));
    }
    assert_false(take(limiter, 1, 600000, &wait_ms));
    occ_limiter_free(limiter);
}

static void
test_callers_are_apart(void **state)
{
    (void)state;
    struct occ_limiter *limiter = limiter_of("1/s", 64);
    uint64_t wait_ms;
    assert_true(take(limiter, 1, 1, &wait_ms));
    assert_false(take(limiter, 1, 1, &wait_ms));
    assert_true(take(limiter, 2, 1, &wait_ms));
    assert_false(take(limiter, 1, 1, &wait_ms));
    occ_limiter_free(limiter);
}

/* A batch is let through once, and paid for afterwards. */
static void
test_debt(void **state)
{
    (void)state;
    struct occ_limiter *limiter = limiter_of("10/s", 8);
    uint64_t wait_ms = 0;
    uint8_t id[OCC_LIMITER_ID_LEN];
    id_of(1, id);
    assert_true(take(limiter, 1, 1000, &wait_ms));
    assert_true(occ_limiter_take_more(limiter, id, 99, 1000, &wait_ms));
    assert_false(take(limiter, 1, 1000, &wait_ms));
    assert_int_equal(wait_ms, 9100); /* 90 of debt, and room for one */
    assert_false(take(limiter, 1, 10099, &wait_ms));
    assert_true(take(limiter, 1, 10100, &wait_ms));
    /* Two batches whose heads came together: the second finds the debt of the first. */
    assert_true(take(limiter, 1, 90000, &wait_ms));
    assert_true(take(limiter, 1, 90000, &wait_ms));
    assert_true(occ_limiter_take_more(limiter, id, 99, 90000, &wait_ms));
    assert_false(occ_limiter_take_more(limiter, id, 99, 90000, &wait_ms));
    assert_int_equal(wait_ms, 9100);
    assert_true(occ_limiter_take_more(limiter, id, 0, 90000, &wait_ms));
    occ_limiter_free(limiter);
}

/*
 * A table of one set, all of whose buckets are in use: those who have one are untouched, all others share one, and when a
 * bucket is full again it is given to a newcomer.
 */
static void
test_full_table(void **state)
{
    (void)state;
    struct occ_limiter *limiter = limiter_of("2/s", 8);
    uint64_t wait_ms = 0;
    for (uint64_t caller = 1; caller <= 8; caller++) {
        assert_true(take(limiter, caller, 1000, &wait_ms));
    }
    assert_true(take(limiter, 100, 1000, &wait_ms));
    assert_true(take(limiter, 101, 1000, &wait_ms));
    assert_false(take(limiter, 102, 1000, &wait_ms)); /* the shared bucket is empty */
    assert_int_equal(wait_ms, 500);
    for (uint64_t caller = 1; caller <= 8; caller++) {
        assert_true(take(limiter, caller, 1000, &wait_ms));
    }
    assert_true(take(limiter, 103, 1500, &wait_ms)); /* it fills again for them all */
    assert_false(take(limiter, 104, 1500, &wait_ms));
    for (uint64_t caller = 200; caller < 208; caller++) { /* by now all buckets are full: room for eight new callers */
        assert_true(take(limiter, caller, 2000, &wait_ms));
        assert_true(take(limiter, caller, 2000, &wait_ms));
        assert_false(take(limiter, caller, 2000, &wait_ms));
    }
    occ_limiter_free(limiter);
}

/* Many more callers than the table has buckets: it never lets one of them have more than the rate. */
static void
test_flood(void **state)
{
    (void)state;
    struct occ_limiter *limiter = limiter_of("1/h", OCC_LIMIT_RATE_KEYS);
    uint64_t wait_ms, taken = 0;
    for (uint64_t caller = 0; caller < 16 * OCC_LIMIT_RATE_KEYS; caller++) {
        taken += take(limiter, caller, 1000, &wait_ms);
    }
    /* Each bucket once, and the shared one of each set once. */
    assert_int_equal(taken, OCC_LIMIT_RATE_KEYS + OCC_LIMIT_RATE_KEYS / 8);
    for (uint64_t caller = 0; caller < 16 * OCC_LIMIT_RATE_KEYS; caller++) {
        assert_false(take(limiter, caller, 2000, &wait_ms));
    }
    occ_limiter_free(limiter);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_rate),         cmocka_unit_test(test_burst_and_refill),
        cmocka_unit_test(test_callers_are_apart), cmocka_unit_test(test_debt),
        cmocka_unit_test(test_full_table),        cmocka_unit_test(test_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
