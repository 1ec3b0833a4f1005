/* spent.c — used tickets are remembered until they expire, in a bounded store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "boundary/spent.h"

static struct occ_ticket
ticket(uint64_t number, uint64_t expires_ms)
{
    struct occ_ticket ticket = { .expires_ms = expires_ms };
    number = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
    memcpy(ticket.id, &number, sizeof number);
    ticket.id[15] = 1;
    return ticket;
}

static enum occ_err
use(struct occ_spent *spent, uint64_t now_ms, const struct occ_ticket *used)
{
    if (occ_spent_has(spent, used)) {
        return OCC_ERR_CHALLENGE_USED;
    }
    const enum occ_err code = occ_spent_reserve(spent, now_ms, used, 1).code;
    if (code == OCC_OK) {
        assert_true(occ_spent_put(spent, used));
        assert_false(occ_spent_put(spent, used));
    }
    return code;
}

/* Over a day, a ticket each second with a life of its own: each is known until it expires, and few are held at a time. */
static void
test_expiry(void **state)
{
    (void)state;
    struct occ_spent spent = { .count_max = 200 };
    enum { KEPT = 200 };
    static struct occ_ticket kept[KEPT];
    uint64_t number = 0;
    for (uint64_t now = 7; now < 86400000; now += 1000) {
        const struct occ_ticket next = ticket(number, now + 1 + number * 7919 % OCC_LIMIT_SLOT_MS);
        assert_int_equal(use(&spent, now, &next), OCC_OK);
        kept[number % KEPT] = next;
        number++;
        assert_true(spent.count <= (OCC_LIMIT_SLOT_MS + OCC_SPENT_SLICE_MS) / 1000 + 1);
        for (size_t i = 0; i < KEPT && i < number; i += 13) {
            if (kept[i].expires_ms > now) {
                assert_true(occ_spent_has(&spent, &kept[i]));
            }
        }
    }
    occ_spent_clear(&spent);
    assert_int_equal(spent.count, 0);
}

/* Full is full, whatever slice it is about; and there is room again when a slice is over. */
static void
test_full(void **state)
{
    (void)state;
    struct occ_spent spent = { .count_max = 1000 };
    for (uint64_t i = 0; i < 1000; i++) {
        const struct occ_ticket next = ticket(i, 60000);
        assert_int_equal(use(&spent, 5, &next), OCC_OK);
    }
    struct occ_ticket more = ticket(1000, 60000), later = ticket(1001, 100000);
    assert_int_equal(use(&spent, 5, &more), OCC_ERR_BUSY);
    assert_int_equal(use(&spent, 5, &later), OCC_ERR_BUSY);
    assert_false(occ_spent_has(&spent, &more));
    assert_int_equal(spent.count, 1000);
    assert_int_equal(use(&spent, 59999, &more), OCC_ERR_BUSY);
    assert_int_equal(use(&spent, 60000, &later),
                     OCC_ERR_BUSY); /* all of them expire in this slice's first millisecond */
    assert_int_equal(use(&spent, 60000 + OCC_SPENT_SLICE_MS, &later), OCC_OK);
    assert_int_equal(spent.count, 1);
    assert_int_equal(occ_spent_reserve(&spent, 60000 + OCC_SPENT_SLICE_MS, &later, 999).code, OCC_OK);
    assert_int_equal(occ_spent_reserve(&spent, 60000 + OCC_SPENT_SLICE_MS, &later, 1000).code, OCC_ERR_BUSY);
    assert_int_equal(occ_spent_reserve(&spent, 60000 + OCC_SPENT_SLICE_MS, &later, SIZE_MAX).code, OCC_ERR_BUSY);
    occ_spent_clear(&spent);
}

/* A ticket that has expired, or would live longer than any, was never given out: whoever asks has not looked. */
static void
test_out_of_range(void **state)
{
    (void)state;
    struct occ_spent spent = { .count_max = 10 };
    struct occ_ticket expired = ticket(0, 1000), far = ticket(1, 1001 + OCC_LIMIT_SLOT_MS);
    assert_int_equal(use(&spent, 1000, &expired), OCC_ERR_INTERNAL);
    assert_int_equal(use(&spent, 1000, &far), OCC_ERR_INTERNAL);
    assert_int_equal(use(&spent, 1001, &far), OCC_OK);
    occ_spent_clear(&spent);
}

/* The most that there may be, in one slice: what it costs. */
static void
test_most(void **state)
{
    (void)state;
    struct occ_spent spent = { .count_max = OCC_LIMIT_SPENT };
    for (uint64_t i = 0; i < OCC_LIMIT_SPENT; i++) {
        const struct occ_ticket next = ticket(i, 60000);
        assert_int_equal(occ_spent_reserve(&spent, 5, &next, 1).code, OCC_OK);
        assert_true(occ_spent_put(&spent, &next));
    }
    size_t bytes = 0;
    for (size_t i = 0; i < OCC_SPENT_SLICES; i++) {
        bytes += spent.slices[i].ids.place_count * OCC_IDSET_ID_LEN;
    }
    assert_true(bytes <= 32 << 20);
    occ_spent_clear(&spent);
}

/* Taken back, it can be used again; one that is no longer remembered, or never was, changes nothing. */
static void
test_take_back(void **state)
{
    (void)state;
    struct occ_spent spent = { .count_max = 2 };
    const struct occ_ticket one = ticket(1, 60000), two = ticket(2, 60000), other = ticket(3, 90000);
    occ_spent_take_back(&spent, &one);
    assert_int_equal(use(&spent, 5, &one), OCC_OK);
    assert_int_equal(use(&spent, 5, &two), OCC_OK);
    assert_int_equal(use(&spent, 5, &other), OCC_ERR_BUSY);
    occ_spent_take_back(&spent, &other);
    occ_spent_take_back(&spent, &one);
    assert_int_equal(spent.count, 1);
    assert_false(occ_spent_has(&spent, &one));
    assert_true(occ_spent_has(&spent, &two));
    assert_int_equal(use(&spent, 5, &one), OCC_OK);
    assert_int_equal(use(&spent, 5, &one), OCC_ERR_CHALLENGE_USED);
    occ_spent_clear(&spent);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take_back),    cmocka_unit_test(test_expiry), cmocka_unit_test(test_full),
        cmocka_unit_test(test_out_of_range), cmocka_unit_test(test_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
