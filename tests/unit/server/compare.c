/* A boundary's hello against a real ledger: what agrees, every way in which it does not, and what is linked to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "epoch.h"
#include "server/compare.h"
#include "wire/frame.h"
#include "wire/link.h"

struct fixture {
    char folder[64];
    struct occ_ledger_reader *reader;
    struct occ_compare_epoch epoch;
    struct occ_error err;
};

/* A ledger with results 1 to last of epoch A; and a hello of that epoch that agrees. */
static void
set_up(struct fixture *fixture, uint64_t last)
{
    *fixture = (struct fixture){ .folder = "/tmp/occ-compare-XXXXXX" };
    assert_non_null(mkdtemp(fixture->folder));
    epoch_seed(fixture->folder, EPOCH_B, 9, 1, 2);
    epoch_seed(fixture->folder, EPOCH_A, 7, 1, last);
    const struct occ_ledger_options options = { .folder = fixture->folder };
    assert_true(occ_is_ok(occ_ledger_reader_new(NULL, &options, &fixture->err, &fixture->reader)));
    const struct epoch_proof newest = epoch_make_proof(EPOCH_A, last);
    struct occ_hello_ok hello = { .epoch_id = occ_bytes_str(EPOCH_A),
                                  .public_key = { 7 },
                                  .last_position = last,
                                  .acknowledged_position = last,
                                  .frame_len_max = OCC_LIMIT_FRAME_LEN,
                                  .head_count = 2,
                                  .heads = { { .counter = last }, { .chain_id = occ_bytes_str("other") } } };
    if (last > 0) {
        memcpy(hello.heads[0].link_hash, newest.link_hash, sizeof(newest.link_hash));
    }
    occ_compare_copy(&hello, &fixture->epoch);
}

static void
tear_down(struct fixture *fixture)
{
    occ_ledger_reader_free(fixture->reader);
    epoch_remove_folder(fixture->folder);
}

static void
test_copy(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture, 3);
    assert_string_equal(fixture.epoch.epoch_id, EPOCH_A);
    assert_int_equal(fixture.epoch.head_count, 2);
    assert_string_equal(fixture.epoch.heads[0].chain_id, "");
    assert_int_equal(fixture.epoch.heads[0].counter, 3);
    assert_string_equal(fixture.epoch.heads[1].chain_id, "other");
    tear_down(&fixture);
}

static void
test_agrees(void **state)
{
    (void)state;
    for (uint64_t last = 0; last <= 3; last += 3) {
        struct fixture fixture;
        set_up(&fixture, last);
        assert_true(occ_is_ok(occ_compare_positions(fixture.reader, &fixture.epoch, &fixture.err)));
        assert_true(occ_is_ok(occ_compare_heads(fixture.reader, &fixture.epoch, &fixture.err)));
        tear_down(&fixture);
    }
}

/* The ledger may be behind what the boundary made, and ahead of what was acknowledged: both are given again. */
static void
test_in_between(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture, 3);
    fixture.epoch.acknowledged_position = 1;
    fixture.epoch.last_position = 5;
    assert_true(occ_is_ok(occ_compare_positions(fixture.reader, &fixture.epoch, &fixture.err)));
    tear_down(&fixture);
}

static void
refuses_positions(struct fixture *fixture, const char *sentence)
{
    assert_int_equal(occ_compare_positions(fixture->reader, &fixture->epoch, &fixture->err).code, OCC_ERR_INTEGRITY);
    assert_string_equal(fixture->err.text, sentence);
    tear_down(fixture);
}

static void
test_positions_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture, 3);
    fixture.epoch.acknowledged_position = fixture.epoch.last_position = 4;
    refuses_positions(&fixture,
                      "the ledger is older than the boundary was told: it ends at position 3 of epoch " EPOCH_A
                      ", and 4 was durable (a restored backup?)");
    set_up(&fixture, 3);
    fixture.epoch.acknowledged_position = fixture.epoch.last_position = 2;
    refuses_positions(&fixture, "the ledger has more than the boundary made: it ends at position 3 of epoch " EPOCH_A
                                ", and the boundary at 2");
    set_up(&fixture, 3);
    fixture.epoch.public_key[31] = 1;
    refuses_positions(&fixture, "epoch " EPOCH_A ": the ledger has it with another public key");
    set_up(&fixture, 3);
    fixture.epoch.heads[0] = fixture.epoch.heads[1];
    fixture.epoch.head_count = 1;
    refuses_positions(&fixture,
                      "epoch " EPOCH_A ": the ledger has proofs of chain \"\", which the boundary does not know");
}

static void
refuses_heads(struct fixture *fixture, const char *sentence)
{
    assert_int_equal(occ_compare_heads(fixture->reader, &fixture->epoch, &fixture->err).code, OCC_ERR_INTEGRITY);
    assert_string_equal(fixture->err.text, sentence);
    tear_down(fixture);
}

static void
test_heads_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture, 3);
    fixture.epoch.heads[0].counter = 4;
    refuses_heads(&fixture,
                  "the default chain of epoch " EPOCH_A " ends in the ledger at counter 3, and in the boundary at 4");
    set_up(&fixture, 3);
    fixture.epoch.heads[0].link_hash[0] ^= 1;
    refuses_heads(&fixture, "the default chain of epoch " EPOCH_A
                            ": the ledger's newest proof is not the one that the boundary goes on from");
    set_up(&fixture, 3);
    fixture.epoch.heads[1].counter = 1;
    refuses_heads(&fixture, "other of epoch " EPOCH_A " ends in the ledger at counter 0, and in the boundary at 1");
}

/* The newest proof of whatever epoch began last, on each chain that has none of this one. */
static void
test_link(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture, 0);
    OCC_BUF_AUTO(buf, OCC_LIMIT_FRAME_LEN);
    size_t chains = 9;
    assert_true(occ_is_ok(occ_compare_put_link(fixture.reader, &fixture.epoch, 5, &fixture.err, &buf, &chains)));
    assert_int_equal(chains, 1); /* of "other" there is no proof */
    struct occ_frame frame;
    struct occ_reader reader;
    struct occ_link_entry entry;
    uint16_t count;
    size_t used;
    assert_true(occ_is_ok(occ_frame_next(occ_buf_view(&buf), &frame, &used)) && used == buf.len);
    assert_int_equal(frame.type, OCC_FRAME_LINK);
    assert_int_equal(frame.id, 5);
    assert_true(occ_is_ok(occ_link_read(frame.payload, &reader, &count)) && count == 1);
    assert_true(occ_is_ok(occ_link_next(&reader, &entry)));
    assert_int_equal(entry.chain_id.len, 0);
    const struct epoch_proof newest = epoch_make_proof(EPOCH_B, 2);
    assert_true(occ_bytes_is(entry.proof, newest.text));
    tear_down(&fixture);
}

static void
test_no_link(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture, 3); /* the chain has proofs of this epoch: it was linked, or never will be */
    OCC_BUF_AUTO(buf, OCC_LIMIT_FRAME_LEN);
    size_t chains = 9;
    assert_true(occ_is_ok(occ_compare_put_link(fixture.reader, &fixture.epoch, 5, &fixture.err, &buf, &chains)));
    assert_int_equal(chains, 0);
    tear_down(&fixture);
    set_up(&fixture, 0);
    fixture.epoch.frame_len_max = 500;
    OCC_BUF_AUTO(small, OCC_LIMIT_FRAME_LEN);
    assert_int_equal(occ_compare_put_link(fixture.reader, &fixture.epoch, 5, &fixture.err, &small, &chains).code,
                     OCC_ERR_LIMIT);
    tear_down(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy),          cmocka_unit_test(test_agrees),
        cmocka_unit_test(test_in_between),    cmocka_unit_test(test_positions_refused),
        cmocka_unit_test(test_heads_refused), cmocka_unit_test(test_link),
        cmocka_unit_test(test_no_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
