/* retain.c — the queue of unacknowledged results, and its limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "boundary/retain.h"

static enum occ_err
keep(struct occ_retain *retain, const char *result, size_t reserved)
{
    struct occ_retain_entry *entry = NULL;
    const struct occ_result room = occ_retain_reserve(retain, reserved, &entry);
    if (occ_is_ok(room)) {
        occ_retain_keep(retain, entry, occ_bytes_str(result));
    }
    return room.code;
}

static void
expect(const struct occ_retain *retain, const char *const *results, size_t count)
{
    const struct occ_retain_entry *entry = occ_retain_next(retain, NULL);
    for (size_t i = 0; i < count; i++) {
        assert_non_null(entry);
        assert_true(occ_bytes_is(occ_retain_result(entry), results[i]));
        entry = occ_retain_next(retain, entry);
    }
    assert_null(entry);
}

static void
test_queue(void **state)
{
    (void)state;
    struct occ_retain retain = { .len_max = 10000 };
    static const char *const results[] = { "one", "two", "three" };
    expect(&retain, results, 0);
    assert_int_equal(keep(&retain, "one", 3), OCC_OK);
    assert_int_equal(keep(&retain, "two", 10), OCC_OK);
    assert_int_equal(keep(&retain, "three", 5), OCC_OK);
    assert_int_equal(retain.newest, 3);
    expect(&retain, results, 3);
    assert_int_equal(occ_retain_acknowledge(&retain, 0).code, OCC_OK);
    assert_int_equal(occ_retain_acknowledge(&retain, 1).code, OCC_OK);
    expect(&retain, results + 1, 2);
    assert_int_equal(occ_retain_acknowledge(&retain, 1).code, OCC_OK); /* the same again changes nothing */
    assert_int_equal(occ_retain_acknowledge(&retain, 0).code, OCC_ERR_WIRE_MESSAGE);
    assert_int_equal(occ_retain_acknowledge(&retain, 4).code, OCC_ERR_WIRE_MESSAGE);
    assert_int_equal(occ_retain_acknowledge(&retain, UINT64_MAX).code, OCC_ERR_WIRE_MESSAGE);
    expect(&retain, results + 1, 2);
    assert_int_equal(occ_retain_acknowledge(&retain, 3).code, OCC_OK);
    expect(&retain, results, 0);
    assert_int_equal(retain.len, 0);
    assert_int_equal(keep(&retain, "one", 3), OCC_OK); /* goes on after it was empty */
    assert_int_equal(retain.newest, 4);
    assert_int_equal(retain.durable, 3);
    expect(&retain, results, 1);
    occ_retain_clear(&retain);
    assert_int_equal(retain.len, 0);
}

static void
test_limit(void **state)
{
    (void)state;
    struct occ_retain retain = { .len_max = 1000 };
    struct occ_retain_entry *entry = NULL;
    assert_int_equal(occ_retain_reserve(&retain, 1000, &entry).code, OCC_ERR_LIMIT); /* book-keeping counts */
    assert_int_equal(occ_retain_reserve(&retain, SIZE_MAX, &entry).code, OCC_ERR_LIMIT);
    unsigned kept = 0;
    while (keep(&retain, "x", 100) == OCC_OK) {
        kept++;
        assert_true(retain.len <= 1000);
        assert_true(kept < 10);
    }
    assert_true(kept >= 5);
    assert_int_equal(keep(&retain, "x", 100), OCC_ERR_BUSY);
    assert_int_equal(occ_retain_acknowledge(&retain, 1).code, OCC_OK);
    assert_int_equal(keep(&retain, "x", 100), OCC_OK);
    assert_int_equal(keep(&retain, "x", 100), OCC_ERR_BUSY);
    occ_retain_clear(&retain);
    struct occ_retain none = { .len_max = 0 };
    assert_int_equal(occ_retain_reserve(&none, 0, &entry).code, OCC_ERR_LIMIT);
}

static void
test_drop(void **state)
{
    (void)state;
    struct occ_retain retain = { .len_max = 1000 };
    struct occ_retain_entry *entry = NULL;
    assert_int_equal(occ_retain_reserve(&retain, 100, &entry).code, OCC_OK);
    occ_retain_drop(entry);
    assert_int_equal(retain.newest, 0);
    assert_int_equal(retain.len, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queue),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
