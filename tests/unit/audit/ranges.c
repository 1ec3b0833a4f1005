/* Tests of src/audit/ranges.c. */
#include "unit/audit/support.h"

#include "audit/ranges.h"

static void
add(struct occ_ranges *ranges, uint64_t first, uint64_t last, bool counted, size_t *budget)
{
    assert_true(occ_is_ok(occ_ranges_add(ranges, (struct occ_range){ first, last, counted }, budget)));
}

static int
take(struct occ_ranges *ranges, uint64_t counter, size_t *budget)
{
    bool taken = false;
    bool counted = false;
    assert_true(occ_is_ok(occ_ranges_take(ranges, counter, budget, &taken, &counted)));
    return taken ? 1 + counted : 0;
}

static void
test_take(void **state)
{
    (void)state;
    struct occ_ranges ranges = { .list = NULL };
    size_t budget = 10;
    assert_int_equal(take(&ranges, 5, &budget), 0);
    add(&ranges, 0, 4, false, &budget);
    add(&ranges, 10, 10, true, &budget);
    add(&ranges, 20, 24, true, &budget);
    assert_int_equal(budget, 7);
    assert_int_equal(take(&ranges, 5, &budget), 0);
    assert_int_equal(take(&ranges, 9, &budget), 0);
    assert_int_equal(take(&ranges, 25, &budget), 0);
    assert_int_equal(take(&ranges, 10, &budget), 2); /* all of a range */
    assert_int_equal(take(&ranges, 10, &budget), 0);
    assert_int_equal(budget, 8);
    assert_int_equal(take(&ranges, 22, &budget), 2); /* its middle */
    assert_int_equal(budget, 7);
    assert_int_equal(take(&ranges, 22, &budget), 0);
    assert_int_equal(take(&ranges, 20, &budget), 2); /* its ends */
    assert_int_equal(take(&ranges, 24, &budget), 2);
    assert_int_equal(take(&ranges, 21, &budget), 2);
    assert_int_equal(take(&ranges, 23, &budget), 2);
    for (uint64_t i = 0; i < 5; i++) {
        assert_int_equal(take(&ranges, 4 - i, &budget), 1);
    }
    assert_int_equal(ranges.count, 0);
    assert_int_equal(budget, 10);
    occ_ranges_clear(&ranges);
}

static void
test_budget(void **state)
{
    (void)state;
    struct occ_ranges ranges = { .list = NULL };
    struct occ_ranges other = { .list = NULL };
    size_t budget = 8;
    for (uint64_t i = 0; i < 100; i++) {
        add(&ranges, 10 * i, 10 * i + 5, true, &budget);
        assert_true(ranges.count + budget == 8);
    }
    assert_int_equal(take(&ranges, 0, &budget), 0); /* forgotten */
    assert_int_equal(take(&ranges, 990, &budget), 2);
    while (budget > 0) {
        add(&ranges, 2000, 2005, true, &budget);
    }
    const size_t before = ranges.count;
    assert_int_equal(take(&ranges, 993, &budget), 2); /* no room for two halves: the upper one stays */
    assert_int_equal(ranges.count, before);
    assert_int_equal(take(&ranges, 992, &budget), 0);
    assert_int_equal(take(&ranges, 994, &budget), 2);
    budget = 0;
    add(&other, 1, 2, true, &budget); /* nothing of its own to forget */
    assert_int_equal(take(&other, 1, &budget), 0);
    occ_ranges_clear(&ranges);
    occ_ranges_clear(&other);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_take), cmocka_unit_test(test_budget) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
