/* issuer.c — challenges and slots are given out, and slots come back in proofs. */
#include "unit/boundary/issue.h"

#include "proof/slot.h"

static const struct occ_bytes chain_ids[] = { { (const uint8_t *)"a", 1 }, { (const uint8_t *)"b:2", 3 } };

static void
begin(struct parent *parent)
{
    struct occ_gate_config config = world_config(&parent->world);
    config.chain_ids = chain_ids;
    config.chain_id_count = 2;
    parent_begin_with(parent, &config);
}

/* Two challenges are never the same, and nothing is kept of them: a million leave the process as large as it was. */
static void
test_challenges(void **state)
{
    (void)state;
    struct parent parent;
    begin(&parent);
    const struct issued first = parent_challenge(&parent), second = parent_challenge(&parent);
    assert_int_equal(strlen(first.ticket), 44);
    assert_string_not_equal(first.ticket, second.ticket);
    assert_int_equal(parent_hello(&parent).heads[0].counter, 0);
    parent_commit_well(&parent, 1, 1); /* no counter moved */
    parent_end(&parent);
}

/* The proof of the outcome's result, verified with its slot by what a verifier uses; its counter is returned. */
static uint64_t
check_slot_proof(struct occ_commit_outcome outcome, const char *slot, const char *chain_id)
{
    struct occ_commit_proof proof;
    assert_true(occ_bytes_is(outcome.chain_id, chain_id));
    assert_true(occ_commit_next_proof(&outcome.proofs, &proof));
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
    struct occ_error err;
    struct occ_proof read;
    struct occ_slot_facts facts;
    assert_int_equal(occ_json_parse(proof.text, OCC_LIMIT_JSON_DEPTH, &err, &root).code, OCC_OK);
    assert_int_equal(occ_proof_read(root, &err, &read).code, OCC_OK);
    OCC_BUF_AUTO(body, 1 << 20);
    occ_body_put(&body, &read);
    assert_int_equal(occ_ed25519_verify(read.public_key, occ_buf_view(&body), read.signature).code, OCC_OK);
    if (occ_slot_verify(&read, &err, &facts).code != OCC_OK) {
        fail_msg("%s", err.text);
    }
    assert_false(facts.hash_without_chain_id);
    assert_true(occ_bytes_is(read.chain_id, chain_id));
    assert_non_null(memmem(proof.text.ptr, proof.text.len, slot, strlen(slot))); /* the very slot that was given out */
    return proof.counter;
}

static void
test_slots(void **state)
{
    (void)state;
    struct parent parent;
    begin(&parent);
    static const char *const chains[] = { "", "b:2" };
    for (size_t i = 0; i < 2; i++) {
        const struct issued slot = parent_slot(&parent, chains[i]);
        assert_int_equal(strlen(slot.ticket), 184);
        assert_non_null(strstr(slot.slot, "\"counter\":\"1\",\"epochId\":\"89200985"));
        assert_non_null(strstr(slot.slot, "\"time\":1741496392841,\"version\":\"occ/slot/1\"}"));
        assert_true(i == 0 || strstr(slot.slot, "{\"chainId\":\"b:2\",") != NULL);
        parent_commit_slots(&parent, chains[i], (const char *[]){ slot.ticket }, 1);
        struct occ_commit_results in = parent_results(&parent, 5, 1);
        struct occ_commit_outcome outcome;
        assert_int_equal(occ_commit_next_result(&in, &outcome).code, OCC_OK);
        assert_int_equal(outcome.code, OCC_OK);
        assert_true(check_slot_proof(outcome, slot.slot, chains[i]) == 2);
        /* Once. */
        parent_commit_slots(&parent, chains[i], (const char *[]){ slot.ticket }, 1);
        in = parent_results(&parent, 5, 1);
        parent_expect_refusal(&in, OCC_ERR_SLOT_USED, "digests[0].slotId: the slot was used before");
    }
    const struct occ_hello_ok ok = parent_hello(&parent);
    assert_int_equal(ok.head_count, 3);
    assert_int_equal(ok.heads[0].counter, 2);
    assert_int_equal(ok.heads[1].counter, 0);
    assert_true(occ_bytes_is(ok.heads[2].chain_id, "b:2"));
    assert_int_equal(ok.heads[2].counter, 2);
    parent_end(&parent);
}

/* The counter of a slot is taken when it is given out: a proof that does not use it goes on behind it. */
static void
test_gap(void **state)
{
    (void)state;
    struct parent parent;
    begin(&parent);
    parent_commit_well(&parent, 1, 2);
    (void)parent_slot(&parent, "");
    assert_int_equal(parent_hello(&parent).heads[0].counter, 2); /* the newest proof's */
    parent_results(&parent, 0, 1);
    parent.counter++;
    parent_commit_well(&parent, 2, 1);
    parent_end(&parent);
}

/* PROTOCOL §2.3: a clock that is put back shows on no chain of the epoch. */
static void
test_clock(void **state)
{
    (void)state;
    static const char time[] = "\"time\":1741496392841";
    struct parent parent;
    begin(&parent);
    parent_commit_well(&parent, 1, 1);
    parent.world.now_ms -= 1000;
    const struct issued slot = parent_slot(&parent, "a");
    assert_non_null(strstr(slot.slot, time));
    parent_commit_slots(&parent, "a", (const char *[]){ slot.ticket }, 1);
    struct occ_commit_results in = parent_results(&parent, 5, 1);
    struct occ_commit_outcome outcome;
    struct occ_commit_proof proof;
    assert_int_equal(occ_commit_next_result(&in, &outcome).code, OCC_OK);
    assert_true(occ_commit_next_proof(&outcome.proofs, &proof));
    const struct occ_bytes commit = occ_bytes_of(
        proof.text.ptr,
        (size_t)((const uint8_t *)memmem(proof.text.ptr, proof.text.len, "\"environment\"", 13) - proof.text.ptr));
    assert_non_null(memmem(commit.ptr, commit.len, time, sizeof time - 1));
    parent_end(&parent);
}

static void
expect_slot_refused(struct parent *parent, const char *chain_id, const char *slot_id, enum occ_err code)
{
    const uint64_t before = parent_hello(parent).heads[0].counter;
    parent_commit_slots(parent, chain_id, (const char *[]){ slot_id }, 1);
    struct occ_commit_results in = parent_results(parent, 5, 1);
    parent_expect_refusal(&in, code, "digests[0].slotId: ");
    assert_true(parent_hello(parent).heads[0].counter == before);
}

static void
test_refusals(void **state)
{
    (void)state;
    struct parent parent;
    begin(&parent);
    struct issued slot = parent_slot(&parent, "a");
    expect_slot_refused(&parent, "", slot.ticket, OCC_ERR_SLOT_UNKNOWN); /* of another chain */
    expect_slot_refused(&parent, "b:2", slot.ticket, OCC_ERR_SLOT_UNKNOWN);
    expect_slot_refused(&parent, "a", "", OCC_ERR_SLOT_UNKNOWN);
    expect_slot_refused(&parent, "a", "x", OCC_ERR_SLOT_UNKNOWN);
    for (size_t i = 0; i < strlen(slot.ticket); i += 7) { /* any part of it changed */
        struct issued other = slot;
        other.ticket[i] = other.ticket[i] == 'A' ? 'B' : 'A';
        expect_slot_refused(&parent, "a", other.ticket, OCC_ERR_SLOT_UNKNOWN);
    }
    struct issued other = slot;
    other.ticket[0] = '+'; /* the other alphabet, though its letters are known */
    expect_slot_refused(&parent, "a", other.ticket, OCC_ERR_SLOT_UNKNOWN);
    parent.world.uptime_ms += OCC_LIMIT_SLOT_MS - 1;
    parent_commit_slots(&parent, "a", (const char *[]){ slot.ticket, slot.ticket }, 2);
    struct occ_commit_results in = parent_results(&parent, 5, 1);
    parent_expect_refusal(&in, OCC_ERR_SLOT_USED, "digests[1].slotId: another digest of this request uses the slot");
    parent_commit_slots(&parent, "a", (const char *[]){ NULL, slot.ticket }, 2); /* still good: that was refused */
    in = parent_results(&parent, 5, 1);
    struct occ_commit_outcome outcome;
    assert_int_equal(occ_commit_next_result(&in, &outcome).code, OCC_OK);
    assert_int_equal(outcome.code, OCC_OK);
    slot = parent_slot(&parent, "a");
    parent.world.uptime_ms += OCC_LIMIT_SLOT_MS;
    expect_slot_refused(&parent, "a", slot.ticket, OCC_ERR_SLOT_EXPIRED);
    assert_int_equal(parent_ask(&parent, OCC_ISSUE_SLOT, "c").code, OCC_ERR_CHAIN_UNKNOWN);
    parent_end(&parent);
}

/* A slot of another epoch, with the same chain and counter. */
static void
test_other_epoch(void **state)
{
    (void)state;
    struct parent first, second;
    begin(&first);
    begin(&second);
    second.world.random_block = 0x99;
    const struct issued slot = parent_slot(&first, "");
    expect_slot_refused(&second, "", "", OCC_ERR_SLOT_UNKNOWN);
    parent_end(&second);
    struct occ_gate_config config = world_config(&second.world);
    second.world.random_block = 0x77; /* another boot nonce, another key of tickets */
    parent_begin_with(&second, &config);
    expect_slot_refused(&second, "", slot.ticket, OCC_ERR_SLOT_UNKNOWN);
    parent_end(&first);
    parent_end(&second);
}

/* A commit that fails in signing leaves its slot unused. */
static void
test_failed_commit(void **state)
{
    (void)state;
    struct parent parent;
    begin(&parent);
    const struct issued slot = parent_slot(&parent, "");
    parent.world.fail_at = parent.world.signatures + 1;
    parent.world.fail_code = OCC_ERR_UNAVAILABLE;
    parent_commit_slots(&parent, "", (const char *[]){ slot.ticket }, 1);
    struct occ_commit_results in = parent_results(&parent, 5, 1);
    parent_expect_refusal(&in, OCC_ERR_UNAVAILABLE, "the boundary could not sign: ");
    parent_commit_slots(&parent, "", (const char *[]){ slot.ticket }, 1);
    in = parent_results(&parent, 5, 1);
    struct occ_commit_outcome outcome;
    assert_int_equal(occ_commit_next_result(&in, &outcome).code, OCC_OK);
    assert_true(check_slot_proof(outcome, slot.slot, "") == 2);
    parent_end(&parent);
}

/* A slot's signature that does not verify, and a random source that stands still, halt the boundary. */
static void
test_integrity(void **state)
{
    (void)state;
    for (int stuck = 0; stuck < 2; stuck++) {
        struct parent parent;
        begin(&parent);
        if (stuck == 1) {
            parent.world.random_is_stuck = true;
            (void)parent_slot(&parent, "");
        } else {
            parent.world.lie_at = parent.world.signatures + 1;
        }
        assert_int_equal(parent_ask(&parent, OCC_ISSUE_SLOT, "").code, OCC_ERR_INTEGRITY);
        assert_false(occ_gate_is_sound(parent.gate));
        assert_int_equal(parent_ask(&parent, OCC_ISSUE_CHALLENGE, "").code, OCC_ERR_INTEGRITY);
        parent_end(&parent);
    }
}

static void
test_malformed(void **state)
{
    (void)state;
    struct parent parent;
    begin(&parent);
    const struct occ_issue_request request = { OCC_ISSUE_CHALLENGE, { NULL, 0 } };
    occ_issue_put(&parent.in, 0, &request);
    assert_int_equal(parent_play(&parent), OCC_ERR_WIRE_MESSAGE);
    parent_hello(&parent);
    occ_frame_end(&parent.in, occ_frame_begin(&parent.in, OCC_FRAME_ISSUE, 1));
    assert_int_equal(parent_play(&parent), OCC_ERR_WIRE_MESSAGE);
    parent_end(&parent);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_challenges),    cmocka_unit_test(test_slots),     cmocka_unit_test(test_gap),
        cmocka_unit_test(test_clock),         cmocka_unit_test(test_refusals),  cmocka_unit_test(test_other_epoch),
        cmocka_unit_test(test_failed_commit), cmocka_unit_test(test_integrity), cmocka_unit_test(test_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
