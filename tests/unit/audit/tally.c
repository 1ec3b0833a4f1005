/* Tests of src/audit/tally.c. */
#include "unit/audit/support.h"

static void
test_find(void **state)
{
    (void)state;
    struct occ_tally tally;
    assert_true(occ_is_ok(occ_tally_init(&tally)));
    for (unsigned i = 0; i <= OCC_LIMIT_AUDIT_CHAINS; i++) {
        const struct plan plan = { .id = 1, .chain = i, .counter = 1 };
        const struct occ_record record = record_of(&plan, 100 + i);
        const struct occ_chain_name name = name_of(i);
        long index = 0;
        assert_int_equal(occ_tally_find(&tally, record.chain), -1);
        assert_true(occ_is_ok(occ_tally_add(&tally, &record, &name, &index)));
        assert_int_equal(index, i == OCC_LIMIT_AUDIT_CHAINS ? -1 : (long)i);
    }
    assert_int_equal(tally.count, OCC_LIMIT_AUDIT_CHAINS);
    for (unsigned i = 0; i <= OCC_LIMIT_AUDIT_CHAINS; i++) {
        uint8_t key[OCC_SHA256_LEN];
        hash_of("chain", i, key);
        assert_int_equal(occ_tally_find(&tally, key), i == OCC_LIMIT_AUDIT_CHAINS ? -1 : (long)i);
    }
    assert_int_equal(tally.chains[5].place.ordinal, 105);
    assert_memory_equal(tally.chains[17].name.epoch, "e17", 3);
    occ_tally_clear(&tally);
}

/* Keys that begin with the same bytes share a place in the table, round its end too. */
static void
test_collisions(void **state)
{
    (void)state;
    struct occ_tally tally;
    assert_true(occ_is_ok(occ_tally_init(&tally)));
    for (uint8_t i = 0; i < 200; i++) {
        struct occ_record record = { .chain = { 0xff, 0xff, i } };
        const struct occ_chain_name name = { .key_len = 0 };
        long index = -1;
        assert_true(occ_is_ok(occ_tally_add(&tally, &record, &name, &index)));
        assert_int_equal(index, i);
    }
    for (uint8_t i = 0; i < 200; i++) {
        const uint8_t key[OCC_SHA256_LEN] = { 0xff, 0xff, i };
        assert_int_equal(occ_tally_find(&tally, key), i);
    }
    occ_tally_clear(&tally);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_find), cmocka_unit_test(test_collisions) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
