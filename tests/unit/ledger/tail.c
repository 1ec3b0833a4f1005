/* tests/unit/ledger/tail.c — the newest digests: found, bounded, and honest about what was dropped. */
#include "ledger/tail.h"

#include "ledger/row.h"
#include "unit/ledger/support.h"

static struct occ_buf places = OCC_BUF_INIT(1 << 20);

static struct occ_result
find(struct occ_tail *tail, uint64_t number, uint64_t after, uint64_t last)
{
    uint8_t digest[32];
    digest_of(number, digest);
    occ_buf_reset(&places);
    return occ_tail_find(tail, digest, after, last, &places);
}

static void
put(struct occ_tail *tail, uint64_t number, uint64_t row, uint64_t n)
{
    uint8_t digest[32];
    digest_of(number, digest);
    occ_tail_put(tail, digest, occ_row_place(row, n));
}

static void
test_find(void **state)
{
    (void)state;
    struct occ_tail *tail;
    assert_ok(occ_tail_new(10, &tail));
    for (uint64_t row = 11; row <= 20; row++) {
        put(tail, row, row, 0);
        put(tail, 7, row, 1);
        assert_code(find(tail, 7, 10, row), OCC_ERR_BUSY); /* not told yet */
        occ_tail_publish(tail, row);
    }
    assert_ok(find(tail, 7, 10, 20));
    assert_int_equal(places.len, 10 * sizeof(uint64_t));
    uint64_t newest;
    memcpy(&newest, places.ptr, sizeof newest);
    assert_int_equal(newest, occ_row_place(20, 1));
    assert_ok(find(tail, 7, 15, 17)); /* only rows 16 and 17 */
    assert_int_equal(places.len, 2 * sizeof(uint64_t));
    assert_ok(find(tail, 15, 10, 20));
    assert_int_equal(places.len, sizeof(uint64_t));
    assert_ok(find(tail, 21, 10, 20));
    assert_int_equal(places.len, 0);
    assert_code(find(tail, 7, 9, 20), OCC_ERR_BUSY);  /* from further back than it begins */
    assert_code(find(tail, 7, 10, 21), OCC_ERR_BUSY); /* further than it goes */
    assert_ok(find(tail, 7, 30, 20));                 /* nothing is asked */
    occ_tail_drop(tail, 18);
    assert_code(find(tail, 7, 17, 20), OCC_ERR_BUSY);
    assert_ok(find(tail, 7, 18, 20));
    assert_int_equal(places.len, 2 * sizeof(uint64_t));
    occ_tail_restart(tail, 50);
    assert_code(find(tail, 7, 18, 20), OCC_ERR_BUSY);
    assert_ok(find(tail, 7, 50, 50));
    assert_int_equal(places.len, 0);
    occ_tail_free(tail);
    occ_tail_free(NULL);
}

/* Far more than it holds, all with one digest. */
static void
test_overflow(void **state)
{
    (void)state;
    enum { ROWS = 2 * OCC_LIMIT_LEDGER_TAIL };
    struct occ_tail *tail;
    assert_ok(occ_tail_new(0, &tail));
    for (uint64_t row = 1; row <= ROWS; row++) {
        put(tail, 7, row, 0);
    }
    occ_tail_publish(tail, ROWS);
    assert_code(find(tail, 7, 0, ROWS), OCC_ERR_BUSY);
    assert_code(find(tail, 7, ROWS - OCC_LIMIT_LEDGER_TAIL - 1, ROWS), OCC_ERR_BUSY);
    assert_ok(find(tail, 7, ROWS - OCC_LIMIT_LEDGER_TAIL, ROWS));
    assert_int_equal(places.len, OCC_LIMIT_LEDGER_TAIL * sizeof(uint64_t));
    uint64_t base, last;
    occ_tail_bounds(tail, &base, &last);
    assert_true(base == ROWS - OCC_LIMIT_LEDGER_TAIL && last == ROWS);
    occ_tail_free(tail);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_find), cmocka_unit_test(test_overflow) };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    occ_buf_clear(&places);
    return failed;
}
