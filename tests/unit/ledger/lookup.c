/* tests/unit/ledger/lookup.c — what was written is found: by counter, by digest, as the last one, in a walk. */
#include "unit/ledger/support.h"

#define EPOCH "epoch-1"

/* 30 entries on two chains, of 1, 2 and 3 proofs, with gaps in the counters. */
static void
put_two_chains(struct fixture *at)
{
    uint64_t next[2] = { 100, 1 };
    for (uint64_t position = 1; position <= 30; position++) {
        const size_t which = position % 2;
        assert_ok(
            put_entry(at->ledger, EPOCH, which ? "" : "other", position, next[which], position % 3 + 1, &at->err));
        next[which] += position % 3 + 1 + (position % 5 == 0 ? 4 : 0);
    }
}

static void
test_by_counter(void **state)
{
    struct fixture *const at = *state;
    put_two_chains(at);
    struct seen seen = SEEN_INIT;
    struct occ_buf expected = OCC_BUF_INIT(1 << 20);
    uint64_t counter = 100;
    for (uint64_t position = 2; position <= 30; position += 2) {
        for (uint64_t i = 0; i < position % 3 + 1; i++) {
            expect_proof(&expected, EPOCH, "other", counter++, position);
        }
        counter += position % 5 == 0 ? 4 : 0;
    }
    assert_ok(
        occ_ledger_by_counter(at->reader, occ_bytes_str(EPOCH), occ_bytes_str("other"), 0, 1000, see, &seen, &at->err));
    assert_seen(&seen, &expected);

    /* From the middle of an entry, two of them; then behind the last. */
    expect_proof(&expected, EPOCH, "", 2, 1);
    expect_proof(&expected, EPOCH, "", 3, 3);
    assert_ok(occ_ledger_by_counter(at->reader, occ_bytes_str(EPOCH), occ_bytes_str(""), 2, 2, see, &seen, &at->err));
    assert_seen(&seen, &expected);
    assert_ok(
        occ_ledger_by_counter(at->reader, occ_bytes_str(EPOCH), occ_bytes_str(""), 1000, 2, see, &seen, &at->err));
    assert_ok(
        occ_ledger_by_counter(at->reader, occ_bytes_str(EPOCH), occ_bytes_str("none"), 1, 2, see, &seen, &at->err));
    assert_ok(occ_ledger_by_counter(at->reader, occ_bytes_str("none"), occ_bytes_str(""), 1, 2, see, &seen, &at->err));
    assert_ok(occ_ledger_by_counter(at->reader, occ_bytes_str(""), occ_bytes_str(""), 1, 2, see, &seen, &at->err));
    assert_ok(occ_ledger_by_counter(at->reader, occ_bytes_str(EPOCH), occ_bytes_str(""), UINT64_MAX, 2, see, &seen,
                                    &at->err));
    assert_int_equal(seen.count, 0);
}

static void
test_walk_in_pages(void **state)
{
    struct fixture *const at = *state;
    put_two_chains(at);
    struct seen all = SEEN_INIT, pages = SEEN_INIT;
    uint64_t cursor = 0;
    assert_ok(occ_ledger_walk(at->reader, &cursor, 1000, see, &all, &at->err));
    assert_int_equal(all.count, 60);
    cursor = 0;
    for (size_t i = 0; i < 9; i++) {
        assert_ok(occ_ledger_walk(at->reader, &cursor, 7, see, &pages, &at->err));
    }
    assert_int_equal(pages.count, 60);
    assert_ok(occ_ledger_walk(at->reader, &cursor, 7, see, &pages, &at->err));
    assert_int_equal(pages.count, 60);
    assert_ok(put_entry(at->ledger, EPOCH, "", 31, 500, 1, &at->err));
    assert_ok(occ_ledger_walk(at->reader, &cursor, 7, see, &pages, &at->err));
    assert_int_equal(pages.count, 61);
    expect_proof(&all.text, EPOCH, "", 500, 31);
    assert_seen(&pages, &all.text);
}

static void
test_head(void **state)
{
    struct fixture *const at = *state;
    struct seen seen = SEEN_INIT;
    struct occ_buf expected = OCC_BUF_INIT(1 << 20);
    assert_ok(occ_ledger_head(at->reader, occ_bytes_str(EPOCH), occ_bytes_str(""), see, &seen, &at->err));
    assert_int_equal(seen.count, 0);
    assert_ok(put_entry(at->ledger, EPOCH, "", 1, 1, 3, &at->err));
    assert_ok(put_entry(at->ledger, "epoch-2", "x", 1, 10, 2, &at->err));
    assert_ok(put_entry(at->ledger, "epoch-2", "", 2, 4, 2, &at->err));
    assert_ok(put_entry(at->ledger, EPOCH, "", 2, 9, 1, &at->err));
    assert_ok(occ_ledger_head(at->reader, occ_bytes_str(EPOCH), occ_bytes_str(""), see, &seen, &at->err));
    assert_ok(occ_ledger_head(at->reader, occ_bytes_str(""), occ_bytes_str(""), see, &seen, &at->err));
    assert_ok(occ_ledger_head(at->reader, occ_bytes_str(""), occ_bytes_str("x"), see, &seen, &at->err));
    assert_ok(occ_ledger_head(at->reader, occ_bytes_str(""), occ_bytes_str("y"), see, &seen, &at->err));
    expect_proof(&expected, EPOCH, "", 9, 2);
    expect_proof(&expected, "epoch-2", "", 5, 2);
    expect_proof(&expected, "epoch-2", "x", 11, 1);
    assert_seen(&seen, &expected);
}

static void
test_by_digest(void **state)
{
    struct fixture *const at = *state;
    put_two_chains(at);
    assert_ok(put_entry(at->ledger, "epoch-2", "", 1, 3, 1, &at->err));
    uint8_t digest[32];
    digest_of(3, digest);
    struct seen seen = SEEN_INIT;
    struct occ_buf expected = OCC_BUF_INIT(1 << 20);
    expect_proof(&expected, EPOCH, "", 3, 3);
    expect_proof(&expected, "epoch-2", "", 3, 1);
    assert_ok(occ_ledger_by_digest(at->reader, digest, see, &seen, &at->err));
    assert_seen(&seen, &expected);
    digest[0] ^= 1;
    assert_ok(occ_ledger_by_digest(at->reader, digest, see, &seen, &at->err));
    assert_int_equal(seen.count, 0);
}

/* A request that is larger than a row. */
static void
test_large_entry(void **state)
{
    struct fixture *const at = *state;
    assert_ok(put_entry(at->ledger, EPOCH, "", 1, 1, 2, &at->err));
    assert_ok(put_entry(at->ledger, EPOCH, "", 2, 3, 5000, &at->err));
    assert_ok(put_entry(at->ledger, EPOCH, "", 3, 5003, 2, &at->err));
    struct seen seen = SEEN_INIT;
    struct occ_buf expected = OCC_BUF_INIT(8 << 20);
    for (uint64_t counter = 1; counter <= 5004; counter++) {
        expect_proof(&expected, EPOCH, "", counter, counter < 3 ? 1 : counter < 5003 ? 2 : 3);
    }
    assert_ok(
        occ_ledger_by_counter(at->reader, occ_bytes_str(EPOCH), occ_bytes_str(""), 1, 10000, see, &seen, &at->err));
    assert_int_equal(seen.count, 5004);
    assert_seen(&seen, &expected);
    /* The same again is nothing new. */
    assert_ok(put_entry(at->ledger, EPOCH, "", 2, 3, 5000, &at->err));
    struct occ_ledger_stats stats;
    occ_ledger_get_stats(at->ledger, &stats);
    assert_int_equal(stats.proofs, 5004);
    assert_true(stats.rows > 5);
    assert_code(put_entry(at->ledger, EPOCH, "", 2, 3, 4999, &at->err), OCC_ERR_INTEGRITY);
}

static void
test_reader_of_its_own(void **state)
{
    struct fixture *const at = *state;
    assert_ok(put_entry(at->ledger, EPOCH, "", 1, 1, 3, &at->err));
    struct occ_ledger_reader *const own = open_reader(NULL, at->folder);
    struct seen seen = SEEN_INIT;
    struct occ_buf expected = OCC_BUF_INIT(1 << 20);
    uint8_t digest[32];
    digest_of(2, digest);
    assert_ok(occ_ledger_by_digest(own, digest, see, &seen, &at->err));
    assert_ok(put_entry(at->ledger, "epoch-2", "", 1, 2, 1, &at->err));
    assert_ok(occ_ledger_by_digest(own, digest, see, &seen, &at->err));
    expect_proof(&expected, EPOCH, "", 2, 1);
    expect_proof(&expected, EPOCH, "", 2, 1);
    expect_proof(&expected, "epoch-2", "", 2, 1);
    assert_seen(&seen, &expected);
    occ_ledger_reader_free(own);
}

static void
test_reopened(void **state)
{
    struct fixture *const at = *state;
    put_two_chains(at);
    struct seen before = SEEN_INIT, after = SEEN_INIT;
    uint64_t cursor = 0;
    assert_ok(occ_ledger_walk(at->reader, &cursor, 1000, see, &before, &at->err));
    occ_ledger_reader_free(at->reader);
    occ_ledger_close(at->ledger);
    at->ledger = open_ledger(at->folder);
    at->reader = open_reader(at->ledger, at->folder);
    cursor = 0;
    assert_ok(occ_ledger_walk(at->reader, &cursor, 1000, see, &after, &at->err));
    assert_seen(&after, &before.text);
    assert_code(put_entry(at->ledger, EPOCH, "", 32, 500, 1, &at->err), OCC_ERR_INTEGRITY);
    assert_ok(put_entry(at->ledger, EPOCH, "", 31, 500, 1, &at->err));
    uint8_t digest[32];
    digest_of(500, digest);
    assert_ok(occ_ledger_by_digest(at->reader, digest, see, &after, &at->err));
    assert_int_equal(after.count, 1);
    occ_buf_clear(&after.text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_by_counter, setup, teardown),
        cmocka_unit_test_setup_teardown(test_walk_in_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_head, setup, teardown),
        cmocka_unit_test_setup_teardown(test_by_digest, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_entry, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reader_of_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reopened, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
