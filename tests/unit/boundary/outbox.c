/* outbox.c — what is for the parent: its order, and whose memory it is while the parent takes it slowly, or not at all. */
#include "unit/boundary/witness.h"

enum { LONG = 1000 /* proofs: a result that is sent from where it is kept */ };

static struct occ_retain_entry *
kept(struct occ_retain *retain, const char *result)
{
    struct occ_retain_entry *entry = NULL;
    const struct occ_retain_room room = { .result_len = strlen(result) };
    assert_int_equal(occ_retain_reserve(retain, &room, &entry).code, OCC_OK);
    occ_retain_keep(retain, entry, occ_bytes_str(result), NULL);
    return entry;
}

static void
put(struct occ_outbox *outbox, struct occ_retain *retain, const char *result)
{
    assert_int_equal(occ_outbox_reserve(outbox, 1).code, OCC_OK);
    occ_outbox_put_stored(outbox, kept(retain, result));
}

/* Takes so many bytes, at most step at a time, and expects them to be text. */
static void
expect_sent(struct occ_outbox *outbox, const char *text, size_t step)
{
    for (size_t left = strlen(text); left > 0;) {
        const struct occ_bytes next = occ_outbox_next(outbox);
        size_t len = next.len < step ? next.len : step;
        len = len < left ? len : left;
        assert_true(len > 0);
        assert_memory_equal(next.ptr, text, len);
        occ_outbox_sent(outbox, len);
        text += len;
        left -= len;
    }
}

static void
test_order(void **state)
{
    (void)state;
    for (size_t step = 1; step < 8; step++) {
        struct occ_retain retain = { .len_max = 10000 };
        struct occ_outbox outbox = OCC_OUTBOX_INIT(1000);
        assert_int_equal(occ_outbox_next(&outbox).len, 0);
        put(&outbox, &retain, "first ");
        occ_buf_put_str(&outbox.bytes, "head ");
        put(&outbox, &retain, "second ");
        put(&outbox, &retain, "third ");
        occ_buf_put_str(&outbox.bytes, "tail ");
        assert_int_equal(occ_outbox_len(&outbox), strlen("first head second third tail "));
        expect_sent(&outbox, "first head sec", step);
        occ_buf_put_str(&outbox.bytes, "and more ");
        put(&outbox, &retain, "last");
        expect_sent(&outbox, "ond third tail and more la", step);
        assert_int_equal(occ_outbox_len(&outbox), 2);
        expect_sent(&outbox, "st", step);
        assert_int_equal(occ_outbox_len(&outbox), 0);
        assert_int_equal(occ_outbox_next(&outbox).len, 0);
        occ_outbox_clear(&outbox);
        occ_retain_clear(&retain);
        assert_int_equal(retain.len, 0);
    }
}

/* An ACK of what was not sent: it is in the store no more, but the outbox still has it, and it counts. */
static void
test_acknowledged_unsent(void **state)
{
    (void)state;
    struct occ_retain retain = { .len_max = 10000 };
    struct occ_outbox outbox = OCC_OUTBOX_INIT(1000);
    put(&outbox, &retain, "one");
    put(&outbox, &retain, "two");
    const size_t both = retain.len;
    assert_int_equal(occ_retain_acknowledge(&retain, 2).code, OCC_OK);
    assert_null(occ_retain_next(&retain, NULL));
    assert_int_equal(retain.len, both);
    expect_sent(&outbox, "onet", 2);
    assert_int_equal(retain.len, both / 2);
    occ_outbox_clear(&outbox);
    assert_int_equal(retain.len, 0);
}

static void
test_cut(void **state)
{
    (void)state;
    struct occ_retain retain = { .len_max = 10000 };
    struct occ_outbox outbox = OCC_OUTBOX_INIT(10);
    occ_buf_put_str(&outbox.bytes, "a");
    put(&outbox, &retain, "one");
    const struct occ_outbox_end end = occ_outbox_end(&outbox);
    put(&outbox, &retain, "two");
    occ_buf_put_str(&outbox.bytes, "longer than there is room for");
    assert_int_equal(outbox.bytes.fail, OCC_ERR_LIMIT);
    occ_outbox_cut(&outbox, end);
    assert_int_equal(outbox.bytes.fail, OCC_OK);
    assert_int_equal(occ_outbox_len(&outbox), 4);
    expect_sent(&outbox, "aone", 9);
    assert_int_equal(occ_outbox_len(&outbox), 0);
    assert_int_equal(occ_outbox_reserve(&outbox, OCC_OUTBOX_STORED_MAX).code, OCC_ERR_LIMIT);
    assert_int_equal(occ_outbox_reserve(&outbox, 1).code, OCC_OK); /* a refusal leaves it as it was */
    occ_outbox_clear(&outbox);
    occ_retain_clear(&retain);
    assert_int_equal(retain.len, 0);
}

/* ---- a gate's ---- */

/* A COMMIT of so many digests, without taking what comes of it. */
static void
commit_untaken(struct parent *parent, unsigned count, struct occ_outbox *outbox)
{
    struct occ_commit_writer writer;
    size_t used = 0;
    occ_buf_reset(&parent->in);
    occ_commit_begin(&writer, &parent->in, 5);
    parent_put_request(&writer, "x", NULL, count);
    occ_commit_end(&writer);
    assert_int_equal(occ_gate_handle(parent->gate, occ_buf_view(&parent->in), &used, outbox).code, OCC_OK);
}

/* A parent that takes a part of a long answer and is gone: the next session is given all of it, and it follows what was seen before. */
static void
test_reconnect(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    parent_commit_well(&parent, 1, 2);
    for (unsigned part = 0; part < 3; part++) {
        struct occ_outbox outbox = OCC_OUTBOX_INIT(BIG_BUF);
        commit_untaken(&parent, LONG, &outbox);
        assert_true(occ_outbox_len(&outbox) > LONG * 500);
        assert_true(outbox.bytes.len < 1000); /* no copy */
        for (unsigned i = 0; i < part; i++) {
            const size_t len = occ_outbox_next(&outbox).len;
            occ_outbox_sent(&outbox, len > 1000 ? len / 2 : len);
        }
        occ_outbox_clear(&outbox);
        const struct occ_hello_ok ok = parent_hello(&parent);
        assert_true(ok.last_position == part + 2 && ok.acknowledged_position == part + (part == 0 ? 0 : 1));
        struct occ_commit_results in = parent_results(&parent, 0, part == 0 ? 2 : 1);
        if (part == 0) { /* the small one again: it was seen */
            struct occ_commit_outcome seen;
            assert_int_equal(occ_commit_next_result(&in, &seen).code, OCC_OK);
        }
        parent_expect_success(&parent, &in, part + 2, LONG);
        assert_true(parent_is_done(&parent));
        assert_int_equal(parent_ack(&parent, part + 2), OCC_OK);
    }
    parent_end(&parent);
}

/* A parent that takes nothing: what was made is held once, the store fills up, and what was held is given to the next. */
static void
test_never_taken(void **state)
{
    (void)state;
    struct parent parent;
    struct occ_gate_config config = world_config(&parent.world);
    config.retained_len_max = 2 << 20;
    parent_begin_with(&parent, &config);
    struct occ_outbox outbox = OCC_OUTBOX_INIT(BIG_BUF);
    size_t len = 0;
    unsigned frames = 0;
    do { /* a refusal is short */
        len = occ_outbox_len(&outbox);
        commit_untaken(&parent, LONG, &outbox);
        frames++;
        assert_in_range(frames, 1, 10);
    } while (occ_outbox_len(&outbox) > len + 1000);
    assert_in_range(frames, 3, 4);
    assert_true(occ_outbox_len(&outbox) < 2 << 20 && outbox.bytes.len < 1000);
    flat_send(&outbox, &parent.out);
    for (unsigned i = 1; i < frames; i++) {
        struct occ_commit_results in = parent_results(&parent, 5, 1);
        parent_expect_success(&parent, &in, i, LONG);
    }
    struct occ_commit_results in = parent_results(&parent, 5, 1);
    parent_expect_refusal(&in, OCC_ERR_BUSY, "too many results are not yet acknowledged");
    parent_end(&parent);
}

/* Results that wait for a document are written once more, where they are kept; given again they are the same. */
static void
test_documents(void **state)
{
    (void)state;
    static const enum occ_attest_mode modes[] = { OCC_ATTEST_BATCH, OCC_ATTEST_EPOCH };
    for (size_t i = 0; i < 2; i++) {
        struct witness witness;
        witness_begin(&witness, modes[i]);
        for (uint64_t id = 1; id <= 2;
             id++) { /* each has its document, and they stand in one frame when they are given again */
            witness_commits(&witness, id, 200);
            if (modes[i] == OCC_ATTEST_BATCH) {
                witness_gives_proofs(&witness);
            }
            witness_expect(&witness, id, id, 200);
        }
        witness.parent.counter = 0;
        witness.parent.time_ms = 0;
        memset(witness.parent.link_hash, 0, sizeof witness.parent.link_hash);
        parent_hello(&witness.parent);
        struct occ_commit_results in = parent_results(&witness.parent, 0, 2);
        assert_int_equal(in.document_count, modes[i] == OCC_ATTEST_BATCH ? 2 : 1);
        witness_expect_success(&witness, &in, 1, 200);
        witness_expect_success(&witness, &in, 2, 200);
        assert_true(parent_is_done(&witness.parent));
        witness_end(&witness);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),     cmocka_unit_test(test_acknowledged_unsent), cmocka_unit_test(test_cut),
        cmocka_unit_test(test_reconnect), cmocka_unit_test(test_never_taken),         cmocka_unit_test(test_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
