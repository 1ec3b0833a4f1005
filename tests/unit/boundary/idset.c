/* idset.c — a set that grows, against what is known to be in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "boundary/idset.h"

/* Ids that are spread evenly, as those of tickets are (SplitMix64). */
static void
make_id(uint64_t number, uint8_t ret_id[OCC_IDSET_ID_LEN])
{
    for (size_t i = 0; i < 2; i++) {
        uint64_t z = (2 * number + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        z ^= z >> 31;
        memcpy(ret_id + 8 * i, &z, sizeof z);
    }
}

static void
test_many(void **state)
{
    (void)state;
    struct occ_idset set = { 0 };
    uint8_t id[OCC_IDSET_ID_LEN];
    for (uint64_t i = 0; i < 100000; i++) {
        make_id(i, id);
        assert_false(occ_idset_has(&set, id));
        assert_int_equal(occ_idset_reserve(&set, 1).code, OCC_OK);
        assert_true(occ_idset_put(&set, id));
        assert_false(occ_idset_put(&set, id));
        assert_int_equal(set.count, i + 1);
        assert_true(set.count <= set.place_count / 4 * 3);
    }
    assert_true(set.place_count <= 1 << 18);
    for (uint64_t i = 0; i < 200000; i++) {
        make_id(i, id);
        assert_true(occ_idset_has(&set, id) == (i < 100000));
    }
    occ_idset_clear(&set);
    assert_int_equal(set.count, 0);
    make_id(1, id);
    assert_false(occ_idset_has(&set, id));
}

/* Ids whose beginnings meet, at the end of the places too: they are told apart all the same. */
static void
test_meeting(void **state)
{
    (void)state;
    struct occ_idset set = { 0 };
    uint8_t id[OCC_IDSET_ID_LEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    for (uint8_t i = 1; i < 100; i++) {
        id[15] = i;
        assert_int_equal(occ_idset_reserve(&set, 1).code, OCC_OK);
        assert_true(occ_idset_put(&set, id));
    }
    for (uint8_t i = 0; i < 200; i++) {
        id[15] = i;
        assert_true(occ_idset_has(&set, id) == (i >= 1 && i < 100));
    }
    occ_idset_clear(&set);
}

/* What was reserved is there: that many ids later nothing has grown. */
static void
test_reserve(void **state)
{
    (void)state;
    struct occ_idset set = { 0 };
    uint8_t id[OCC_IDSET_ID_LEN];
    assert_int_equal(occ_idset_reserve(&set, 10000).code, OCC_OK);
    const size_t places = set.place_count;
    for (uint64_t i = 0; i < 10000; i++) {
        make_id(i, id);
        assert_int_equal(occ_idset_reserve(&set, 10000 - i).code, OCC_OK);
        assert_true(occ_idset_put(&set, id));
    }
    assert_int_equal(set.place_count, places);
    occ_idset_clear(&set);
}

/* Taken out in any order, those that meet too: the others are found, and what was taken can be put again. */
static void
test_take(void **state)
{
    (void)state;
    struct occ_idset set = { 0 };
    uint8_t id[OCC_IDSET_ID_LEN];
    assert_false(occ_idset_take(&set, (const uint8_t[OCC_IDSET_ID_LEN]){ 1 }));
    for (uint64_t spread = 1; spread <= 1000; spread *= 10) { /* ids per home: few places meet, or all do */
        assert_int_equal(occ_idset_reserve(&set, 3000).code, OCC_OK);
        bool has[3000] = { false };
        uint64_t state_of_random = 88172645463325252;
        for (unsigned step = 0; step < 20000; step++) {
            state_of_random ^= state_of_random << 13;
            state_of_random ^= state_of_random >> 7;
            state_of_random ^= state_of_random << 17;
            const uint64_t number = state_of_random % 3000;
            make_id(number / spread, id);
            memcpy(id + 8, &number, sizeof number);
            id[15] = 1;
            if (has[number]) {
                assert_true(occ_idset_take(&set, id));
                assert_false(occ_idset_take(&set, id));
            } else {
                assert_true(occ_idset_put(&set, id));
            }
            has[number] = !has[number];
        }
        size_t count = 0;
        for (uint64_t number = 0; number < 3000; number++) {
            make_id(number / spread, id);
            memcpy(id + 8, &number, sizeof number);
            id[15] = 1;
            assert_true(occ_idset_has(&set, id) == has[number]);
            count += has[number];
        }
        assert_int_equal(set.count, count);
        occ_idset_clear(&set);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_meeting),
        cmocka_unit_test(test_reserve),
        cmocka_unit_test(test_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
