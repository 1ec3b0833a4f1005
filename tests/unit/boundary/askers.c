/* askers.c — documents with a nonce: who gets one, when, and what they cost those who commit. */
#include "unit/boundary/witness.h"
#include "wire/attest.h"

#define NO_DEVICE "the device gave no document"

static void
ask(struct witness *witness, uint64_t id, const char *nonce)
{
    occ_buf_reset(&witness->parent.in);
    occ_attest_put(&witness->parent.in, id, occ_bytes_str(nonce));
    assert_int_equal(parent_play(&witness->parent), OCC_OK);
}

static void
ask_and_wait(struct witness *witness, uint64_t id, const char *nonce)
{
    ask(witness, id, nonce);
    assert_true(parent_is_done(&witness->parent));
}

static struct occ_attest_answer
expect_answer(struct witness *witness, uint64_t id)
{
    struct occ_attest_answer answer;
    const struct occ_frame frame = parent_frame(&witness->parent);
    assert_int_equal(frame.type, OCC_FRAME_ATTESTED);
    assert_true(frame.id == id);
    assert_int_equal(occ_attest_read_answer(frame.payload, &answer).code, OCC_OK);
    return answer;
}

/* A document with that nonce ("" = the key's), and the key, and nothing else. */
static void
expect_document(struct witness *witness, uint64_t id, const char *nonce)
{
    const struct occ_attest_answer answer = expect_answer(witness, id);
    uint8_t scratch[OCC_LIMIT_NSM_RESPONSE_LEN];
    assert_int_equal(answer.code, OCC_OK);
    assert_true(occ_bytes_is(answer.format, "aws-nitro"));
    const struct occ_attest_request held = witness_read(answer.report_b64, scratch);
    assert_true(occ_bytes_is(held.nonce, nonce));
    assert_memory_equal(held.public_key.ptr, occ_gate_public_key(witness->parent.gate), 32);
    assert_int_equal(held.user_data.len, 0);
}

static void
expect_refusal(struct witness *witness, uint64_t id, enum occ_err code, const char *text)
{
    const struct occ_attest_answer answer = expect_answer(witness, id);
    assert_int_equal(answer.code, code);
    assert_true(occ_bytes_starts(answer.text, text));
}

static void
expect_asked_for(struct witness *witness, const char *nonce)
{
    assert_true(witness_is_asked(witness));
    assert_true(occ_bytes_is(witness->request.nonce, nonce));
    assert_int_equal(witness->request.user_data.len, 0);
}

static void
test_at_hand(void **state)
{
    (void)state;
    struct witness witness;
    const struct occ_gate_config config = witness_config(&witness, OCC_ATTEST_BATCH);
    parent_begin_with(&witness.parent, &config);
    ask(&witness, 3, "");
    expect_refusal(&witness, 3, OCC_ERR_ATTESTER, "there is no attestation document about the signing key yet");
    witness_gives_key(&witness);
    ask(&witness, 4, "");
    expect_document(&witness, 4, "");
    assert_false(witness_is_asked(&witness));
    witness_end(&witness);
}

static void
test_none(void **state)
{
    (void)state;
    struct witness witness;
    const struct occ_gate_config config = world_config(&witness.parent.world);
    parent_begin_with(&witness.parent, &config);
    ask(&witness, 3, "");
    expect_refusal(&witness, 3, OCC_ERR_UNSUPPORTED, "this boundary has no attestation");
    ask(&witness, 4, "n");
    expect_refusal(&witness, 4, OCC_ERR_UNSUPPORTED, "this boundary has no attestation");
    witness_end(&witness);
}

static void
test_malformed(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_BATCH);
    occ_attest_put(&witness.parent.in, 0, occ_bytes_str("n"));
    assert_int_equal(parent_play(&witness.parent), OCC_ERR_WIRE_MESSAGE);
    parent_hello(&witness.parent);
    occ_frame_end(&witness.parent.in, occ_frame_begin(&witness.parent.in, OCC_FRAME_ATTEST, 1));
    assert_int_equal(parent_play(&witness.parent), OCC_ERR_WIRE_MESSAGE);
    witness_end(&witness);
}

/* The longest nonce there may be, while a commit waits: after it comes the commit, then, nine times as long later, the next. */
static void
test_nonces(void **state)
{
    (void)state;
    char nonce[OCC_LIMIT_ATTEST_NONCE + 1];
    memset(nonce, 'n', sizeof nonce - 1);
    nonce[sizeof nonce - 1] = '\0';
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_BATCH);
    ask_and_wait(&witness, 3, nonce);
    ask_and_wait(&witness, 4, "second");
    witness_waits(&witness, 5, 1);
    expect_asked_for(&witness, nonce);
    witness.parent.world.uptime_ms += 5;
    witness_gives(&witness);
    expect_document(&witness, 3, nonce);
    assert_true(parent_is_done(&witness.parent));
    witness_gives_proofs(&witness);
    witness_expect(&witness, 5, 1, 1);
    assert_false(witness_is_asked(&witness));
    assert_true(occ_gate_next_ms(witness.parent.gate) == witness.parent.world.uptime_ms + 45);
    witness.parent.world.uptime_ms += 44;
    witness_waits(&witness, 6, 1);
    witness_gives_proofs(&witness);
    witness.parent.world.uptime_ms++;
    expect_asked_for(&witness, "second");
    witness_gives(&witness);
    expect_document(&witness, 4, "second");
    assert_true(occ_gate_next_ms(witness.parent.gate) > witness.parent.world.uptime_ms + 1000000); /* nobody asks */
    witness_end(&witness);
}

/* However many ask: of a device's time, nine tenths are for commits. Whoever finds no place is told so. */
static void
test_flood(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_BATCH);
    uint64_t id = 1;
    for (; id <= OCC_LIMIT_ATTEST_ASKERS; id++) {
        ask_and_wait(&witness, id, "n");
    }
    ask(&witness, 1000, "n");
    expect_refusal(&witness, 1000, OCC_ERR_BUSY, "too many nonces wait");
    unsigned nonces = 0, proofs = 0, position = 0;
    const uint64_t begin_ms = witness.parent.world.uptime_ms;
    while (witness.parent.world.uptime_ms < begin_ms + 2000) {
        witness_waits(&witness, 100 + id, 1);
        assert_true(witness_is_asked(&witness)); /* a device that works all the time */
        const bool is_nonce = witness.request.nonce.len > 0;
        witness.parent.world.uptime_ms += 5;
        witness_gives(&witness);
        if (is_nonce) {
            nonces++;
            expect_document(&witness, nonces, "n");
            ask_and_wait(&witness, OCC_LIMIT_ATTEST_ASKERS + nonces, "n");
            continue;
        }
        proofs++;
        while (!parent_is_done(&witness.parent)) {
            witness_expect(&witness, 100 + id, ++position, 1);
        }
    }
    assert_int_equal(nonces, 40);
    assert_int_equal(proofs, 360);
    witness_end(&witness);
}

/* The failure of a document with a nonce, which a caller chose, is no failure of the commits. */
static void
test_failure(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_BATCH);
    ask_and_wait(&witness, 3, "bad");
    witness_waits(&witness, 4, 1);
    expect_asked_for(&witness, "bad");
    witness_fails(&witness, OCC_ERR_ATTESTER, NO_DEVICE);
    expect_refusal(&witness, 3, OCC_ERR_ATTESTER, NO_DEVICE);
    assert_true(parent_is_done(&witness.parent));
    assert_string_equal(occ_gate_trouble(witness.parent.gate), "");
    assert_false(occ_gate_next_ms(witness.parent.gate) == UINT64_MAX);
    witness_gives_proofs(&witness);
    witness_expect(&witness, 4, 1, 1);
    witness_end(&witness);
}

/* Those who wait are told when the device fails, and those who come later. The key's document is at hand all the same. */
static void
test_down(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_BATCH);
    witness_waits(&witness, 4, 1);
    assert_true(witness_is_asked(&witness));
    ask_and_wait(&witness, 3, "n");
    witness_fails(&witness, OCC_ERR_ATTESTER, NO_DEVICE);
    witness_expect_refused(&witness, 4, OCC_ERR_ATTESTER, NO_DEVICE);
    expect_refusal(&witness, 3, OCC_ERR_ATTESTER, NO_DEVICE);
    ask(&witness, 5, "n");
    expect_refusal(&witness, 5, OCC_ERR_ATTESTER, NO_DEVICE);
    ask(&witness, 6, "");
    expect_document(&witness, 6, "");
    witness_end(&witness);
}

static void
test_halted(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_BATCH);
    ask_and_wait(&witness, 3, "n");
    ask_and_wait(&witness, 4, "m");
    expect_asked_for(&witness, "n");
    witness_fails(&witness, OCC_ERR_INTEGRITY, "another nonce");
    expect_refusal(&witness, 3, OCC_ERR_INTEGRITY, "the boundary found");
    expect_refusal(&witness, 4, OCC_ERR_INTEGRITY, "the boundary found");
    ask(&witness, 5, "n");
    expect_refusal(&witness, 5, OCC_ERR_INTEGRITY, "the boundary found");
    witness_end(&witness);
}

/* An answer for a session that has ended is for nobody, and costs the same pause. */
static void
test_session_over(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_BATCH);
    ask_and_wait(&witness, 3, "n");
    ask_and_wait(&witness, 4, "m");
    expect_asked_for(&witness, "n");
    parent_hello(&witness.parent);
    ask_and_wait(&witness, 3, "k");
    witness_gives(&witness);
    assert_true(parent_is_done(&witness.parent));
    assert_false(witness_is_asked(&witness));
    witness.parent.world.uptime_ms += 45;
    expect_asked_for(&witness, "k");
    parent_hello(&witness.parent);
    witness_fails(&witness, OCC_ERR_ATTESTER, NO_DEVICE);
    assert_true(parent_is_done(&witness.parent));
    assert_string_equal(occ_gate_trouble(witness.parent.gate), "");
    witness_end(&witness);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_hand), cmocka_unit_test(test_none),   cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_nonces),  cmocka_unit_test(test_flood),  cmocka_unit_test(test_failure),
        cmocka_unit_test(test_down),    cmocka_unit_test(test_halted), cmocka_unit_test(test_session_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
