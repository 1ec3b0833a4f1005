/* waiting.c — frames that wait for their documents: when they are sent, in which order, and how they are joined. */
#include "unit/boundary/witness.h"

/* What one document is about goes out with it; what came while it was out waits for the next. */
static void
test_batch(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_BATCH);
    witness_waits(&witness, 1, 1);
    assert_true(witness_is_asked(&witness));
    witness_waits(&witness, 2, 3);
    witness_waits(&witness, 3, 2);
    witness_gives(&witness);
    witness_expect(&witness, 1, 1, 1);
    assert_true(parent_is_done(&witness.parent));
    witness_gives_proofs(&witness);
    witness_expect(&witness, 2, 2, 3);
    witness_expect(&witness, 3, 3, 2);
    assert_true(parent_is_done(&witness.parent));
    assert_false(witness_is_asked(&witness));
    assert_int_equal(witness.documents, 3);
    witness_end(&witness);
}

static void
test_epoch(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_EPOCH);
    witness_commits(&witness, 1, 3);
    witness_expect(&witness, 1, 1, 3);
    assert_false(witness_is_asked(&witness));
    witness_commits(&witness, 2, 1);
    witness_expect(&witness, 2, 2, 1);
    witness_end(&witness);
}

static void
test_commit(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_COMMIT);
    witness_waits(&witness, 1, 2);
    witness_waits(&witness, 2, 1);
    witness_gives_proofs(&witness);
    assert_true(parent_is_done(&witness.parent));
    witness_gives_proofs(&witness);
    witness_expect(&witness, 1, 1, 2);
    assert_true(parent_is_done(&witness.parent));
    witness_gives_proofs(&witness);
    witness_expect(&witness, 2, 2, 1);
    assert_false(witness_is_asked(&witness));
    witness_end(&witness);
}

/* A refusal waits for what stands in front of it, and goes at once if nothing does. */
static void
test_order(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_BATCH);
    parent_commit(&witness.parent, "x", "[]", 1);
    witness_expect_refused(&witness, 5, OCC_ERR_FIELD_TYPE, "");
    witness_waits(&witness, 6, 1);
    parent_commit(&witness.parent, "x", "[]", 1);
    assert_true(parent_is_done(&witness.parent));
    assert_true(witness_is_asked(&witness));
    parent_commit(&witness.parent, "x", "{", 1); /* it comes while the document is out, and goes with it */
    assert_true(parent_is_done(&witness.parent));
    witness_waits(&witness, 7, 1);
    witness_gives(&witness);
    witness_expect(&witness, 6, 1, 1);
    witness_expect_refused(&witness, 5, OCC_ERR_FIELD_TYPE, "");
    witness_expect_refused(&witness, 5, OCC_ERR_JSON_SYNTAX, "");
    assert_true(parent_is_done(&witness.parent));
    witness_gives_proofs(&witness);
    witness_expect(&witness, 7, 2, 1);
    witness_end(&witness);
}

/* Several requests in a frame, one of them refused: one RESULT, its documents once. */
static void
expect_mixed(enum occ_attest_mode mode, unsigned documents)
{
    struct witness witness;
    witness_begin(&witness, mode);
    struct occ_commit_writer writer;
    occ_buf_reset(&witness.parent.in);
    occ_commit_begin(&writer, &witness.parent.in, 9);
    parent_put_request(&writer, "first", "{\"a\":1}", 2);
    parent_put_request(&writer, "bad", "[]", 1);
    parent_put_request(&writer, "third", NULL, 3);
    occ_commit_end(&writer);
    assert_int_equal(parent_play(&witness.parent), OCC_OK);
    for (unsigned i = 0; i < documents && mode != OCC_ATTEST_EPOCH; i++) {
        assert_true(parent_is_done(&witness.parent));
        witness_gives_proofs(&witness);
    }
    struct occ_commit_results in = parent_results(&witness.parent, 9, 3);
    assert_int_equal(in.document_count, documents);
    assert_true(occ_bytes_is(witness_expect_success(&witness, &in, 1, 2).opaque, "first"));
    parent_expect_refusal(&in, OCC_ERR_FIELD_TYPE, "");
    assert_true(occ_bytes_is(witness_expect_success(&witness, &in, 2, 3).opaque, "third"));
    /* The next session is given the same again, and once it is durable, nothing. */
    witness.parent.counter = 0;
    witness.parent.time_ms = 0;
    memset(witness.parent.link_hash, 0, 32);
    parent_hello(&witness.parent);
    in = parent_results(&witness.parent, 0, 2);
    assert_int_equal(in.document_count, documents);
    witness_expect_success(&witness, &in, 1, 2);
    witness_expect_success(&witness, &in, 2, 3);
    assert_int_equal(parent_ack(&witness.parent, 1), OCC_OK);
    parent_hello(&witness.parent);
    in = parent_results(&witness.parent, 0, 1);
    assert_int_equal(in.document_count, mode == OCC_ATTEST_COMMIT ? 3 : 1);
    witness.parent.counter = 2;
    uint8_t link_hash[32];
    memcpy(link_hash, witness.parent.link_hash, 32);
    struct occ_commit_results first = in;
    struct occ_commit_outcome outcome;
    struct occ_commit_proof proof;
    assert_int_equal(occ_commit_next_result(&first, &outcome).code, OCC_OK);
    assert_true(occ_commit_next_proof(&outcome.proofs, &proof));
    assert_int_equal(proof.document, 1); /* renumbered */
    assert_int_equal(parent_ack(&witness.parent, 2), OCC_OK);
    parent_hello(&witness.parent);
    assert_true(parent_is_done(&witness.parent));
    witness_end(&witness);
}

static void
test_mixed(void **state)
{
    (void)state;
    expect_mixed(OCC_ATTEST_BATCH, 1);
    expect_mixed(OCC_ATTEST_COMMIT, 5);
    expect_mixed(OCC_ATTEST_EPOCH, 1);
}

/* The largest request there may be, which shares its document with a small one. */
static void
test_large(void **state)
{
    (void)state;
    struct witness witness;
    struct occ_gate_config config = witness_config(&witness, OCC_ATTEST_BATCH);
    witness.document_len = 60;
    witness_begin_with(&witness, &config);
    witness_waits(&witness, 1, 5000);
    witness_waits(&witness, 2, 1);
    witness_gives_proofs(&witness);
    witness_expect(&witness, 1, 1, 5000);
    witness_expect(&witness, 2, 2, 1);
    assert_true(parent_is_done(&witness.parent));
    witness_end(&witness);
}

/* What one caller is given, documents and all, has a limit. */
static void
test_answer_limit(void **state)
{
    (void)state;
    static const enum occ_attest_mode modes[] = { OCC_ATTEST_BATCH, OCC_ATTEST_EPOCH };
    for (size_t i = 0; i < 2; i++) {
        struct witness witness;
        struct occ_gate_config config = witness_config(&witness, modes[i]);
        witness.document_len = OCC_LIMIT_NSM_RESPONSE_LEN;
        witness_begin_with(&witness, &config);
        witness_commits(&witness, 1, 1000);
        witness_expect_refused(&witness, 1, OCC_ERR_LIMIT, "digests: their proofs would take ");
        witness_commits(&witness, 2, 800);
        if (modes[i] == OCC_ATTEST_BATCH) {
            witness_gives_proofs(&witness);
        }
        witness_expect(&witness, 2, 1, 800);
        witness_end(&witness);
    }
}

/* The next frame holds one success of so many proofs, in a tree of so many. They are judged elsewhere. */
static void
expect_in_tree(struct witness *witness, uint64_t id, unsigned proofs, unsigned tree_size)
{
    struct occ_commit_results in = parent_results(&witness->parent, id, 1);
    struct occ_commit_outcome outcome;
    assert_int_equal(occ_commit_next_result(&in, &outcome).code, OCC_OK);
    assert_int_equal(outcome.code, OCC_OK);
    assert_int_equal(outcome.proof_count, proofs);
    char size[40];
    snprintf(size, sizeof size, "],\"treeSize\":%u},", tree_size);
    assert_non_null(memmem(outcome.proofs.ptr, outcome.proofs.len, size, strlen(size)));
}

/* Never more than one document is about: the rest waits for the next. And never more than are said to wait. */
static void
test_most(void **state)
{
    (void)state;
    struct witness witness;
    struct occ_gate_config config = witness_config(&witness, OCC_ATTEST_BATCH);
    witness.document_len = 60;
    config.retained_len_max = 256 << 20;
    witness_begin_with(&witness, &config);
    for (uint64_t id = 1; id <= 6; id++) {
        witness_waits(&witness, id, 5000);
    }
    witness_waits(&witness, 7, OCC_LIMIT_ATTEST_WAITING - 30000);
    witness_waits(&witness, 8, 1);
    for (uint64_t id = 1; id <= 6; id++) {
        if (id % 3 == 1) {
            witness_gives_proofs(&witness);
        }
        expect_in_tree(&witness, id, 5000, 15000);
    }
    assert_true(parent_is_done(&witness.parent));
    witness_gives_proofs(&witness);
    expect_in_tree(&witness, 7, OCC_LIMIT_ATTEST_WAITING - 30000, OCC_LIMIT_ATTEST_WAITING - 30000);
    witness_expect_refused(&witness, 8, OCC_ERR_BUSY, "too many proofs wait for their attestation documents");
    assert_true(parent_is_done(&witness.parent));
    witness_end(&witness);
}

/* Where each proof has a document of its own, fewer wait. */
static void
test_most_alone(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_COMMIT);
    witness_waits(&witness, 1, 1);
    assert_true(witness_is_asked(&witness));
    for (uint64_t id = 2; id <= 4; id++) {
        witness_waits(&witness, id, OCC_LIMIT_ATTEST_PROOFS);
    }
    witness_waits(&witness, 5, OCC_LIMIT_ATTEST_PROOFS - 1);
    witness_waits(&witness, 6, 1);
    witness_commits(&witness, 7, OCC_LIMIT_ATTEST_PROOFS + 1);
    witness_gives(&witness);
    witness_expect(&witness, 1, 1, 1);
    witness_waits(&witness, 8, 1); /* there is room for one again */
    for (unsigned i = 0; i < 1023; i++) {
        if (parent_is_done(&witness.parent)) {
            witness_gives_proofs(&witness);
        }
        if (i % 256 == 255) {
            witness_expect(&witness, 2 + i / 256, 2 + i / 256, OCC_LIMIT_ATTEST_PROOFS);
        }
    }
    witness_expect(&witness, 5, 5, OCC_LIMIT_ATTEST_PROOFS - 1);
    witness_expect_refused(&witness, 6, OCC_ERR_BUSY, "too many proofs wait for their attestation documents");
    witness_expect_refused(&witness, 7, OCC_ERR_FIELD_LENGTH, "digests: 257 entries, expected 1 to 256");
    assert_true(parent_is_done(&witness.parent));
    witness_gives_proofs(&witness);
    witness_expect(&witness, 8, 6, 1);
    witness_end(&witness);
}

/* A parent that has more frames under way than can wait is told so at once: nothing grows. */
static void
test_most_frames(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_BATCH);
    for (uint64_t id = 1; id <= OCC_LIMIT_ATTEST_FRAMES; id++) {
        witness_waits(&witness, id, 1);
    }
    witness_commits(&witness, 5000, 1);
    witness_expect_refused(&witness, 5000, OCC_ERR_BUSY, "too many frames wait for their attestation documents");
    witness_gives_proofs(&witness);
    for (uint64_t id = 1; id <= OCC_LIMIT_ATTEST_FRAMES; id++) {
        witness_expect(&witness, id, id, 1);
    }
    witness_end(&witness);
}

/* The same when they are few, but large. */
static void
test_most_memory(void **state)
{
    (void)state;
    struct witness witness;
    struct occ_gate_config config = witness_config(&witness, OCC_ATTEST_BATCH);
    config.retained_len_max = 512 << 20;
    witness_begin_with(&witness, &config);
    OCC_BUF_AUTO(metadata, OCC_LIMIT_VALUE_LEN + 1);
    occ_buf_put_str(&metadata, "{\"a\":\"");
    while (metadata.len < OCC_LIMIT_VALUE_LEN - 2) {
        occ_buf_put_byte(&metadata, 'm');
    }
    occ_buf_put_str(&metadata, "\"}");
    occ_buf_put_byte(&metadata, 0);
    unsigned frames = 0;
    do {
        frames++;
        parent_commit(&witness.parent, "x", (const char *)metadata.ptr, 100);
    } while (parent_is_done(&witness.parent));
    witness_expect_refused(&witness, 5, OCC_ERR_BUSY, "too many frames wait for their attestation documents");
    assert_true(frames > 64 / 4 && frames <= 1 + (64 << 20) / (100 * OCC_LIMIT_VALUE_LEN));
    assert_true(witness_is_asked(&witness));
    witness_fails(&witness, OCC_ERR_ATTESTER, "no");
    for (unsigned i = 1; i < frames; i++) {
        witness_expect_refused(&witness, 5, OCC_ERR_ATTESTER, "no");
    }
    assert_true(parent_is_done(&witness.parent));
    witness_end(&witness);
}

/* What waits has its room in the store, its document too; what is discarded gives it back. */
static void
test_retention(void **state)
{
    (void)state;
    struct witness witness;
    struct occ_gate_config config = witness_config(&witness, OCC_ATTEST_BATCH);
    config.retained_len_max = 64000;
    witness_begin_with(&witness, &config);
    for (unsigned round = 0; round < 3; round++) {
        uint64_t id = 1;
        for (; id <= 3; id++) { /* each with up to 16 KiB of a document */
            witness_waits(&witness, id, 1);
        }
        witness_waits(&witness, 4, 1);
        if (round < 2) {
            assert_true(witness_is_asked(&witness));
            witness_fails(&witness, OCC_ERR_ATTESTER, "no");
            for (id = 1; id <= 3; id++) {
                witness_expect_refused(&witness, id, OCC_ERR_ATTESTER, "no");
            }
            witness_expect_refused(&witness, 4, OCC_ERR_BUSY, "too many results are not yet acknowledged");
            witness.parent.world.uptime_ms += OCC_LIMIT_ATTEST_RETRY_MS;
            witness_gives_key(&witness);
        }
    }
    witness_gives_proofs(&witness);
    for (uint64_t id = 1; id <= 3; id++) {
        witness_expect(&witness, id, id, 1);
    }
    witness_expect_refused(&witness, 4, OCC_ERR_BUSY, "too many results are not yet acknowledged");
    /* They share a document of 5 KB: more can wait than before. It goes with the last of them. */
    witness_waits(&witness, 5, 1);
    witness_waits(&witness, 6, 1);
    witness_gives_proofs(&witness);
    witness_expect(&witness, 5, 4, 1);
    witness_expect(&witness, 6, 5, 1);
    assert_int_equal(parent_ack(&witness.parent, 5), OCC_OK);
    for (uint64_t id = 1; id <= 3; id++) {
        witness_waits(&witness, id, 1);
    }
    witness_gives_proofs(&witness);
    witness_expect(&witness, 1, 6, 1);
    witness_end(&witness);
}

/* The requests of a frame share a document, and the room for it. */
static void
test_retention_shared(void **state)
{
    (void)state;
    struct witness witness;
    struct occ_gate_config config = witness_config(&witness, OCC_ATTEST_BATCH);
    config.retained_len_max = 40000;
    witness_begin_with(&witness, &config);
    struct occ_commit_writer writer;
    occ_buf_reset(&witness.parent.in);
    occ_commit_begin(&writer, &witness.parent.in, 1);
    for (unsigned i = 0; i < 8; i++) {
        parent_put_request(&writer, "x", NULL, 1);
    }
    occ_commit_end(&writer);
    assert_int_equal(parent_play(&witness.parent), OCC_OK);
    witness_gives_proofs(&witness);
    struct occ_commit_results in = parent_results(&witness.parent, 1, 8);
    for (unsigned i = 0; i < 8; i++) {
        witness_expect_success(&witness, &in, i + 1, 1);
    }
    witness_end(&witness);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_epoch),
        cmocka_unit_test(test_commit),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_mixed),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_answer_limit),
        cmocka_unit_test(test_most),
        cmocka_unit_test(test_most_alone),
        cmocka_unit_test(test_most_frames),
        cmocka_unit_test(test_most_memory),
        cmocka_unit_test(test_retention),
        cmocka_unit_test(test_retention_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
