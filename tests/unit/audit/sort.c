/* Tests of src/audit/sort.c. */
#include "unit/audit/support.h"

#include "audit/sort.h"

enum { SMALL = OCC_LIMIT_AUDIT_ITEM_LEN + 2 };

static uint32_t
next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* Item n: some bytes at random, then n itself, so that each comes exactly once. */
static size_t
make_item(uint32_t *random, uint32_t number, bool in_order, uint8_t *ret)
{
    const size_t lead = in_order ? 0 : next_random(random) % 40;
    for (size_t i = 0; i < lead; i++) {
        ret[i] = (uint8_t)(next_random(random) % 3);
    }
    const size_t tail = number % 1000 == 7 ? OCC_LIMIT_AUDIT_ITEM_LEN - lead - 4 : next_random(random) % 30;
    ret[lead] = (uint8_t)(number >> 24);
    ret[lead + 1] = (uint8_t)(number >> 16);
    ret[lead + 2] = (uint8_t)(number >> 8);
    ret[lead + 3] = (uint8_t)number;
    memset(ret + lead + 4, 0xee, tail);
    return lead + 4 + tail;
}

static void
sort_many(uint32_t count, size_t memory, bool in_order, bool spills)
{
    uint32_t random = count;
    struct occ_sort *sort = NULL;
    uint8_t item[OCC_LIMIT_AUDIT_ITEM_LEN];
    uint64_t sum = 0;
    assert_true(occ_is_ok(occ_sort_new(memory, "/tmp", &sort)));
    for (uint32_t i = 0; i < count; i++) {
        const size_t len = make_item(&random, i, in_order, item);
        for (size_t byte = 0; byte < len; byte++) {
            sum += (byte + 1) * item[byte];
        }
        assert_true(occ_is_ok(occ_sort_put(sort, occ_bytes_of(item, len))));
    }
    assert_true(occ_is_ok(occ_sort_finish(sort, NULL)));
    assert_int_equal(occ_sort_spilled(sort) > 0, spills);
    uint8_t before[OCC_LIMIT_AUDIT_ITEM_LEN];
    size_t before_len = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct occ_bytes next;
        bool more = false;
        assert_true(occ_is_ok(occ_sort_next(sort, NULL, &next, &more)));
        assert_true(more);
        assert_true(occ_bytes_compare(occ_bytes_of(before, before_len), next) <= 0);
        memcpy(before, next.ptr, next.len);
        before_len = next.len;
        for (size_t byte = 0; byte < next.len; byte++) {
            sum -= (byte + 1) * next.ptr[byte];
        }
    }
    for (int i = 0; i < 2; i++) {
        struct occ_bytes next;
        bool more = true;
        assert_true(occ_is_ok(occ_sort_next(sort, NULL, &next, &more)));
        assert_false(more);
    }
    assert_int_equal(sum, 0);
    occ_sort_free(sort);
}

static void
test_in_memory(void **state)
{
    (void)state;
    sort_many(0, SMALL, false, false);
    sort_many(1, SMALL, false, false);
    sort_many(5000, 1 << 20, false, false);
    sort_many(5000, 1 << 20, true, false);
}

static void
test_on_disk(void **state)
{
    (void)state;
    sort_many(200, SMALL, false, true);
    sort_many(5000, SMALL, true, true);
    sort_many(3000, 1 << 16, false, true);
    /* More runs than are merged at a time, and then more than that again. */
    sort_many(100 * (OCC_LIMIT_AUDIT_MERGE + 3), SMALL, false, true);
    sort_many(60 * OCC_LIMIT_AUDIT_MERGE * (OCC_LIMIT_AUDIT_MERGE + 1), SMALL, false, true);
}

static void
test_wrong_use(void **state)
{
    (void)state;
    struct occ_sort *sort = NULL;
    static const uint8_t bytes[OCC_LIMIT_AUDIT_ITEM_LEN + 1];
    struct occ_bytes item;
    bool more = false;
    assert_int_equal(occ_sort_new(SMALL - 1, "/tmp", &sort).code, OCC_ERR_USAGE);
    assert_true(occ_is_ok(occ_sort_new(SMALL, "/tmp", &sort)));
    assert_int_equal(occ_sort_put(sort, occ_bytes_of(bytes, 0)).code, OCC_ERR_USAGE);
    assert_int_equal(occ_sort_put(sort, occ_bytes_of(bytes, sizeof bytes)).code, OCC_ERR_USAGE);
    assert_int_equal(occ_sort_next(sort, NULL, &item, &more).code, OCC_ERR_USAGE);
    assert_true(occ_is_ok(occ_sort_put(sort, occ_bytes_of(bytes, sizeof bytes - 1))));
    assert_true(occ_is_ok(occ_sort_finish(sort, NULL)));
    assert_int_equal(occ_sort_finish(sort, NULL).code, OCC_ERR_USAGE);
    assert_int_equal(occ_sort_put(sort, occ_bytes_of(bytes, 1)).code, OCC_ERR_USAGE);
    occ_sort_free(sort);
    occ_sort_free(NULL);
}

/* No room for temporary files: told at the end, and only if there was a need. */
static void
test_no_room(void **state)
{
    (void)state;
    struct occ_sort *sort = NULL;
    struct occ_error err = { 0 };
    static const uint8_t bytes[1000];
    assert_true(occ_is_ok(occ_sort_new(SMALL, "/nowhere/at/all", &sort)));
    assert_true(occ_is_ok(occ_sort_put(sort, occ_bytes_of(bytes, sizeof bytes))));
    assert_true(occ_is_ok(occ_sort_check(sort, &err)));
    assert_true(occ_is_ok(occ_sort_finish(sort, &err)));
    occ_sort_free(sort);
    assert_true(occ_is_ok(occ_sort_new(SMALL, "/nowhere/at/all", &sort)));
    for (int i = 0; i < 100; i++) {
        assert_true(occ_is_ok(occ_sort_put(sort, occ_bytes_of(bytes, sizeof bytes))));
    }
    assert_int_equal(occ_sort_check(sort, &err).code, OCC_ERR_NOT_FOUND);
    err = (struct occ_error){ 0 };
    assert_int_equal(occ_sort_finish(sort, &err).code, OCC_ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "cannot make a temporary file in /nowhere/at/all"));
    occ_sort_free(sort);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_memory),
        cmocka_unit_test(test_on_disk),
        cmocka_unit_test(test_wrong_use),
        cmocka_unit_test(test_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
