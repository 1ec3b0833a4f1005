/*
 * attesting.c — which document is wanted when, and what becomes of what waits: when it comes, when it fails, and when nobody
 * is there any more.
 */
#include "unit/boundary/issue.h"
#include "unit/boundary/witness.h"
#include "wire/attest.h"
#include "wire/link.h"

#define NO_DEVICE "the device gave no document"

/* Others judge proofs (src/verify). */
static struct occ_result
believe(void *ctx, const struct occ_json *proof, struct occ_error *err)
{
    (void)ctx;
    (void)err;
    return occ_result_of(occ_json_get(proof, "environment") == NULL ? OCC_ERR_INTERNAL : OCC_OK);
}

static struct occ_status
ping(struct witness *witness)
{
    struct parent *const parent = &witness->parent;
    occ_buf_reset(&parent->in);
    occ_frame_end(&parent->in, occ_frame_begin(&parent->in, OCC_FRAME_PING, 7));
    assert_int_equal(parent_play(parent), OCC_OK);
    struct occ_status status;
    const struct occ_frame frame = parent_frame(parent);
    assert_int_equal(frame.type, OCC_FRAME_PONG);
    assert_int_equal(occ_status_read(frame.payload, &status).code, OCC_OK);
    return status;
}

/* ---- the first document, and those about the key after it ---- */

static void
test_first(void **state)
{
    (void)state;
    static const enum occ_attest_mode modes[] = { OCC_ATTEST_COMMIT, OCC_ATTEST_BATCH, OCC_ATTEST_EPOCH };
    static const enum occ_hello_attest named[] = { OCC_HELLO_ATTEST_COMMIT, OCC_HELLO_ATTEST_BATCH,
                                                   OCC_HELLO_ATTEST_EPOCH };
    for (size_t i = 0; i < 3; i++) {
        struct witness witness;
        const struct occ_gate_config config = witness_config(&witness, modes[i]);
        parent_begin_with(&witness.parent, &config);
        const struct occ_hello_ok ok = parent_hello(&witness.parent);
        assert_true(occ_bytes_is(ok.attestation_format, "aws-nitro"));
        assert_int_equal(ok.attest, named[i]);
        assert_true(ok.document_len > OCC_BASE64_LEN(OCC_LIMIT_NSM_RESPONSE_LEN));
        assert_true(ok.document_len < OCC_BASE64_LEN(OCC_LIMIT_NSM_RESPONSE_LEN) + 1000);
        assert_int_equal(ok.digests_max, i == 0 ? OCC_LIMIT_ATTEST_PROOFS : OCC_LIMIT_BATCH_DIGESTS_MAX);
        witness_commits(&witness, 1, 1);
        witness_expect_refused(&witness, 1, OCC_ERR_ATTESTER,
                               "there is no attestation document about the signing key yet");
        assert_int_equal(occ_gate_next_ms(witness.parent.gate), 0);
        witness_gives_key(&witness);
        assert_memory_equal(witness.public_key, occ_gate_public_key(witness.parent.gate), 32);
        /* What documents are like is known now: the next parent reckons with that. */
        occ_gate_begin_session(witness.parent.gate);
        assert_true(parent_hello(&witness.parent).document_len < 2 * DOCUMENT_LEN);
        assert_string_equal(occ_gate_trouble(witness.parent.gate), "");
        witness_commits(&witness, 2, 1);
        assert_int_equal(parent_is_done(&witness.parent), modes[i] != OCC_ATTEST_EPOCH);
        witness_end(&witness);
    }
}

static void
test_no_attester(void **state)
{
    (void)state;
    struct witness witness;
    struct occ_gate_config config = world_config(&witness.parent.world);
    parent_begin_with(&witness.parent, &config);
    const struct occ_hello_ok ok = parent_hello(&witness.parent);
    assert_int_equal(ok.attestation_format.len, 0);
    assert_int_equal(ok.attest, OCC_HELLO_ATTEST_NONE);
    assert_int_equal(ok.document_len, 0);
    struct occ_attest_request request;
    assert_false(occ_gate_wants_document(witness.parent.gate, &request));
    assert_true(occ_gate_next_ms(witness.parent.gate) == UINT64_MAX);
    assert_false(ping(&witness).has_attester);
    parent_commit_well(&witness.parent, 1, 2);
    witness_end(&witness);
}

/* The device that does not work at the start is found out by whoever asks first. */
static void
test_first_fails(void **state)
{
    (void)state;
    struct witness witness;
    const struct occ_gate_config config = witness_config(&witness, OCC_ATTEST_BATCH);
    parent_begin_with(&witness.parent, &config);
    assert_true(witness_is_asked(&witness));
    witness_fails(&witness, OCC_ERR_ATTESTER, NO_DEVICE);
    assert_string_equal(occ_gate_trouble(witness.parent.gate), NO_DEVICE);
    witness_commits(&witness, 1, 1);
    witness_expect_refused(&witness, 1, OCC_ERR_ATTESTER, NO_DEVICE);
    assert_false(witness_is_asked(&witness));
    witness.parent.world.uptime_ms += OCC_LIMIT_ATTEST_RETRY_MS;
    witness_gives_key(&witness);
    witness_waits(&witness, 2, 1);
    witness_gives_proofs(&witness);
    witness_expect(&witness, 2, 1, 1);
    witness_end(&witness);
}

/* A newer document about the key is asked for when half of the certificate's time is over. */
static void
test_renewal(void **state)
{
    (void)state;
    struct witness witness;
    struct occ_gate_config config = witness_config(&witness, OCC_ATTEST_EPOCH);
    witness.facts.not_after_ms = witness.parent.world.now_ms + 100000;
    witness_begin_with(&witness, &config);
    const uint64_t begin_ms = witness.parent.world.uptime_ms;
    assert_true(occ_gate_next_ms(witness.parent.gate) == begin_ms + 50000);
    witness.parent.world.uptime_ms = begin_ms + 49999;
    assert_false(witness_is_asked(&witness));
    witness.parent.world.uptime_ms = begin_ms + 50000;
    assert_true(witness_is_asked(&witness));
    witness_commits(&witness, 1, 1); /* the older one is still good */
    witness_expect(&witness, 1, 1, 1);
    witness_fails(&witness, OCC_ERR_ATTESTER, NO_DEVICE);
    assert_true(parent_is_done(&witness.parent));
    assert_string_equal(occ_gate_trouble(witness.parent.gate), "");
    witness.parent.world.uptime_ms = begin_ms + 99999;
    witness_commits(&witness, 2, 1);
    witness_expect(&witness, 2, 2, 1);
    assert_int_equal(ping(&witness).failures, 1);
    /* Now it is not. */
    witness.parent.world.uptime_ms = begin_ms + 100000;
    witness_commits(&witness, 3, 1);
    witness_expect_refused(&witness, 3, OCC_ERR_ATTESTER, NO_DEVICE);
    assert_true(occ_bytes_is(ping(&witness).trouble, NO_DEVICE));
    witness.facts.not_after_ms = witness.parent.world.now_ms + 1; /* nearly over: still not asked for all the time */
    witness_gives_key(&witness);
    assert_true(occ_gate_next_ms(witness.parent.gate) == begin_ms + 101000);
    witness_commits(&witness, 4, 1);
    witness_expect(&witness, 4, 3, 1);
    witness.parent.world.uptime_ms = begin_ms + 100001;
    witness_commits(&witness, 5, 1);
    witness_expect_refused(&witness, 5, OCC_ERR_ATTESTER, "the attestation document about the signing key has expired");
    witness_end(&witness);
}

/* A certificate that does not say until when, and one that says nonsense. */
static void
test_life(void **state)
{
    (void)state;
    static const uint64_t three_hours = 3 * 3600 * 1000, year = UINT64_C(366) * 24 * 3600 * 1000;
    const struct {
        uint64_t not_after_ms, renewed_after_ms;
    } cases[] = { { 0, three_hours / 2 }, { 1, OCC_LIMIT_ATTEST_RETRY_MS }, { UINT64_MAX, year / 2 } };
    for (size_t i = 0; i < 3; i++) {
        struct witness witness;
        struct occ_gate_config config = witness_config(&witness, OCC_ATTEST_BATCH);
        witness.facts.not_after_ms = cases[i].not_after_ms;
        witness_begin_with(&witness, &config);
        assert_true(occ_gate_next_ms(witness.parent.gate) ==
                    witness.parent.world.uptime_ms + cases[i].renewed_after_ms);
        witness_waits(&witness, 1, 1); /* the key's document expires only for those who are given it */
        witness_gives_proofs(&witness);
        witness_expect(&witness, 1, 1, 1);
        witness_end(&witness);
    }
}

/* ---- failures ---- */

/* All that waits is refused, also what the document was not about; a retry is as if nothing had been. */
static void
expect_down(enum occ_attest_mode mode)
{
    struct witness witness;
    witness_begin(&witness, mode);
    witness_waits(&witness, 1, 2);
    for (unsigned i = 0; i < (mode == OCC_ATTEST_COMMIT ? 2 : 1); i++) {
        witness_gives_proofs(&witness);
    }
    witness_expect(&witness, 1, 1, 2);
    witness_waits(&witness, 2, 1);
    assert_true(witness_is_asked(&witness));
    witness_waits(&witness, 3, 2);
    witness_waits(&witness, 4, 1);
    assert_int_equal(ping(&witness).waiting, 4);
    witness_fails(&witness, OCC_ERR_ATTESTER, NO_DEVICE);
    for (uint64_t id = 2; id <= 4; id++) {
        witness_expect_refused(&witness, id, OCC_ERR_ATTESTER, NO_DEVICE);
    }
    assert_true(parent_is_done(&witness.parent));
    const struct occ_status status = ping(&witness);
    assert_true(occ_bytes_is(status.trouble, NO_DEVICE));
    assert_int_equal(status.waiting, 0);
    assert_int_equal(status.failures, 1);
    witness_commits(&witness, 5, 1);
    witness_expect_refused(&witness, 5, OCC_ERR_ATTESTER, NO_DEVICE);
    assert_true(occ_gate_next_ms(witness.parent.gate) == witness.parent.world.uptime_ms + OCC_LIMIT_ATTEST_RETRY_MS);
    witness.parent.world.uptime_ms += OCC_LIMIT_ATTEST_RETRY_MS - 1;
    assert_false(witness_is_asked(&witness));
    witness.parent.world.uptime_ms++;
    witness_gives_key(&witness);
    assert_true(occ_bytes_is(ping(&witness).trouble, ""));
    const struct occ_hello_ok ok = parent_hello(&witness.parent);
    assert_int_equal(ok.heads[0].counter, 2);
    assert_memory_equal(ok.heads[0].link_hash, witness.parent.link_hash, 32);
    assert_int_equal(ok.last_position, 1);
    /* Counter, link and position go on where the last one left off that was given out. */
    witness_waits(&witness, 6, 1);
    witness_gives_proofs(&witness);
    witness_expect(&witness, 6, 2, 1);
    witness_end(&witness);
}

static void
test_failure(void **state)
{
    (void)state;
    expect_down(OCC_ATTEST_COMMIT);
    expect_down(OCC_ATTEST_BATCH);
}

/* In the middle of a frame, where each proof has a document of its own. */
/* The gate's patience ends, or has not ended yet. */
static void
look_at_device(struct witness *witness)
{
    occ_buf_reset(&witness->parent.out);
    witness->parent.read = 0;
    assert_int_equal(flat_look_at_device(witness->parent.gate, &witness->parent.out).code, OCC_OK);
}

/* No answer at all is a failure, too, once it has lasted; what comes later says only that the device works. */
static void
expect_patience_ends(enum occ_attest_mode mode, bool comes)
{
    static const char sentence[] = "the attestation device does not answer";
    struct witness witness;
    witness_begin(&witness, mode);
    witness_waits(&witness, 1, 2);
    assert_true(witness_is_asked(&witness));
    witness_waits(&witness, 2, 1);
    const uint64_t end_ms = witness.parent.world.uptime_ms + OCC_LIMIT_ATTEST_MS;
    assert_true(occ_gate_next_ms(witness.parent.gate) == end_ms);
    witness.parent.world.uptime_ms = end_ms - 1;
    look_at_device(&witness);
    assert_true(parent_is_done(&witness.parent));
    assert_string_equal(occ_gate_trouble(witness.parent.gate), "");
    witness.parent.world.uptime_ms = end_ms;
    look_at_device(&witness);
    witness_expect_refused(&witness, 1, OCC_ERR_ATTESTER, sentence);
    witness_expect_refused(&witness, 2, OCC_ERR_ATTESTER, sentence);
    assert_true(parent_is_done(&witness.parent));
    assert_true(occ_bytes_is(ping(&witness).trouble, sentence));
    assert_int_equal(ping(&witness).failures, 1);
    witness_commits(&witness, 3, 1);
    witness_expect_refused(&witness, 3, OCC_ERR_ATTESTER, sentence);
    /* It is still out: no other can be had, and once is enough. */
    witness.parent.world.uptime_ms += OCC_LIMIT_ATTEST_MS;
    assert_true(occ_gate_next_ms(witness.parent.gate) == UINT64_MAX);
    assert_false(witness_is_asked(&witness));
    look_at_device(&witness);
    assert_int_equal(ping(&witness).failures, 1);
    if (comes) {
        witness_gives(&witness);
    } else {
        witness_fails(&witness, OCC_ERR_ATTESTER, NO_DEVICE);
        witness.parent.world.uptime_ms += OCC_LIMIT_ATTEST_RETRY_MS;
    }
    assert_true(parent_is_done(&witness.parent));
    assert_true(occ_gate_trouble(witness.parent.gate)[0] != '\0');
    witness_gives_key(&witness);
    assert_string_equal(occ_gate_trouble(witness.parent.gate), "");
    witness_waits(&witness, 4, 1);
    witness_gives_proofs(&witness);
    witness_expect(&witness, 4, 1, 1);
    witness_end(&witness);
}

static void
test_patience(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        expect_patience_ends(OCC_ATTEST_COMMIT, i == 0);
        expect_patience_ends(OCC_ATTEST_BATCH, i == 0);
    }
}

/* What a key's document that hangs stops is the next one alone: the one before is good until it expires. */
static void
test_patience_with_key(void **state)
{
    (void)state;
    struct witness witness;
    const struct occ_gate_config config = witness_config(&witness, OCC_ATTEST_EPOCH);
    witness.facts = (struct occ_attest_facts){ .time_ms = 1000, .not_after_ms = 1000 + 4 * OCC_LIMIT_ATTEST_MS };
    witness_begin_with(&witness, &config);
    witness.parent.world.uptime_ms += 2 * OCC_LIMIT_ATTEST_MS;
    assert_true(witness_is_asked(&witness));
    witness.parent.world.uptime_ms += OCC_LIMIT_ATTEST_MS;
    look_at_device(&witness);
    witness_commits(&witness, 1, 1);
    witness_expect(&witness, 1, 1, 1);
    witness.parent.world.uptime_ms += OCC_LIMIT_ATTEST_MS;
    witness_commits(&witness, 2, 1);
    witness_expect_refused(&witness, 2, OCC_ERR_ATTESTER, "the attestation device does not answer");
    witness.facts = (struct occ_attest_facts){ 0 };
    witness_gives(&witness);
    witness_commits(&witness, 3, 1);
    witness_expect(&witness, 3, 2, 1);
    witness_end(&witness);
}

static void
test_failure_midway(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_COMMIT);
    witness_waits(&witness, 1, 3);
    witness_gives_proofs(&witness);
    witness_gives_proofs(&witness);
    assert_true(witness_is_asked(&witness));
    witness_fails(&witness, OCC_ERR_NOMEM, "no memory");
    witness_expect_refused(&witness, 1, OCC_ERR_ATTESTER, "no memory");
    witness.parent.world.uptime_ms += OCC_LIMIT_ATTEST_RETRY_MS;
    witness_gives_key(&witness);
    witness_waits(&witness, 2, 1);
    witness_gives_proofs(&witness);
    witness_expect(&witness, 2, 1, 1); /* the chain's first proof */
    witness_end(&witness);
}

/* What cannot be a document is a failure too. */
static void
test_length(void **state)
{
    (void)state;
    static const size_t lengths[] = { 0, OCC_LIMIT_NSM_RESPONSE_LEN + 1 };
    static uint8_t bytes[OCC_LIMIT_NSM_RESPONSE_LEN + 1];
    for (size_t i = 0; i < 2; i++) {
        struct witness witness;
        witness_begin(&witness, OCC_ATTEST_BATCH);
        witness_waits(&witness, 1, 1);
        assert_true(witness_is_asked(&witness));
        const struct occ_attest_outcome outcome = { .document = occ_bytes_of(bytes, lengths[i]) };
        assert_int_equal(witness_tell(&witness, &outcome), OCC_OK);
        witness_expect_refused(&witness, 1, OCC_ERR_ATTESTER, "the attestation device gave a document of ");
        witness_end(&witness);
    }
    /* The longest there may be. */
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_BATCH);
    witness.document_len = OCC_LIMIT_NSM_RESPONSE_LEN;
    witness_waits(&witness, 1, 2);
    witness_gives_proofs(&witness);
    witness_expect(&witness, 1, 1, 2);
    witness_end(&witness);
}

/* A document about something else: as a signature that lies. */
static void
test_integrity(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_BATCH);
    witness_waits(&witness, 1, 1);
    assert_true(witness_is_asked(&witness));
    witness_fails(&witness, OCC_ERR_INTEGRITY, "the document is about something else");
    witness_expect_refused(&witness, 1, OCC_ERR_INTEGRITY, "the boundary found that it cannot trust itself");
    assert_false(occ_gate_is_sound(witness.parent.gate));
    witness.parent.world.uptime_ms += 1000000000;
    assert_false(witness_is_asked(&witness));
    assert_true(occ_gate_next_ms(witness.parent.gate) == UINT64_MAX);
    witness_commits(&witness, 2, 1);
    witness_expect_refused(&witness, 2, OCC_ERR_INTEGRITY, "the boundary found that it cannot trust itself");
    witness_end(&witness);
}

/* A signature that lies takes with it what it has signed and nobody was given. */
static void
test_lie(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_BATCH);
    witness_waits(&witness, 1, 1);
    assert_true(witness_is_asked(&witness));
    /* A chain's first signature is verified, and every 1,024th. */
    witness.parent.world.lie_at = witness.parent.world.signatures + 1024;
    witness_commits(&witness, 2, 1100);
    witness_expect_refused(&witness, 1, OCC_ERR_INTEGRITY, "the boundary found that it cannot trust itself");
    witness_expect_refused(&witness, 2, OCC_ERR_INTEGRITY, "the boundary found that it cannot trust itself");
    assert_true(parent_is_done(&witness.parent));
    witness_gives(&witness);
    assert_true(parent_is_done(&witness.parent));
    witness_end(&witness);
}

/* A signer that fails once moves nothing: what waits in front and behind is not touched. */
static void
test_signer_fails(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_BATCH);
    witness_waits(&witness, 1, 1);
    witness.parent.world.fail_at = witness.parent.world.signatures + 2;
    witness.parent.world.fail_code = OCC_ERR_IO;
    witness_waits(&witness, 2, 2);
    witness_waits(&witness, 3, 1);
    witness_gives_proofs(&witness);
    witness_expect(&witness, 1, 1, 1);
    witness_expect_refused(&witness, 2, OCC_ERR_IO, "the boundary could not sign");
    witness_expect(&witness, 3, 2, 1);
    assert_true(parent_is_done(&witness.parent));
    witness_end(&witness);
}

/* ---- what is given out while something waits ---- */

/* A slot's counter is never used again: it stays a gap. Its time binds too. */
static void
test_slot_meanwhile(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_BATCH);
    witness_waits(&witness, 1, 1);
    witness_gives_proofs(&witness);
    witness_expect(&witness, 1, 1, 1);
    witness_waits(&witness, 2, 2); /* 2, 3 */
    assert_true(witness_is_asked(&witness));
    const struct issued slot = parent_slot(&witness.parent, "");
    assert_non_null(strstr(slot.slot, "\"counter\":\"4\""));
    witness_waits(&witness, 3, 1); /* 5 */
    witness_fails(&witness, OCC_ERR_ATTESTER, NO_DEVICE);
    witness.parent.world.uptime_ms += OCC_LIMIT_ATTEST_RETRY_MS;
    witness_gives_key(&witness);
    const char *const slots[] = { slot.ticket, NULL };
    parent_commit_slots(&witness.parent, "", slots, 2);
    assert_true(parent_is_done(&witness.parent));
    witness.parent.counter = 4; /* 2 to 4 are a gap; the link is that of 1 */
    witness_gives_proofs(&witness);
    witness_expect(&witness, 5, 2, 2);
    witness_end(&witness);
}

/* Also when a proof in front of the slot is given out after it. */
static void
test_slot_between(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_BATCH);
    witness_waits(&witness, 1, 2); /* 1, 2 */
    assert_true(witness_is_asked(&witness));
    assert_non_null(strstr(parent_slot(&witness.parent, "").slot, "\"counter\":\"3\""));
    witness_waits(&witness, 2, 1); /* 4 */
    witness_gives(&witness);
    witness_expect(&witness, 1, 1, 2);
    assert_true(witness_is_asked(&witness));
    witness_fails(&witness, OCC_ERR_ATTESTER, NO_DEVICE);
    witness_expect_refused(&witness, 2, OCC_ERR_ATTESTER, NO_DEVICE);
    witness.parent.world.uptime_ms += OCC_LIMIT_ATTEST_RETRY_MS;
    witness_gives_key(&witness);
    assert_non_null(strstr(parent_slot(&witness.parent, "").slot, "\"counter\":\"4\""));
    witness_waits(&witness, 3, 1);
    witness.parent.counter = 4;
    witness_gives_proofs(&witness);
    witness_expect(&witness, 3, 2, 1);
    witness_end(&witness);
}

/* A slot is used while its commit waits, and free again when that is discarded: nobody saw it consumed. */
static void
test_slot_discarded(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_BATCH);
    const struct issued slot = parent_slot(&witness.parent, "");
    const char *const slots[] = { slot.ticket };
    parent_commit_slots(&witness.parent, "", slots, 1);
    assert_true(witness_is_asked(&witness));
    parent_commit_slots(&witness.parent, "", slots, 1);
    assert_true(parent_is_done(&witness.parent));
    witness_fails(&witness, OCC_ERR_ATTESTER, NO_DEVICE);
    witness_expect_refused(&witness, 5, OCC_ERR_ATTESTER, NO_DEVICE);
    witness_expect_refused(&witness, 5, OCC_ERR_SLOT_USED, "");
    witness.parent.world.uptime_ms += OCC_LIMIT_ATTEST_RETRY_MS;
    witness_gives_key(&witness);
    for (unsigned round = 0; round < 2; round++) { /* a session that ends discards too */
        parent_commit_slots(&witness.parent, "", slots, 1);
        assert_true(parent_is_done(&witness.parent));
        if (round == 0) {
            parent_hello(&witness.parent);
        }
    }
    witness.parent.counter = 1; /* the slot's own */
    witness_gives_proofs(&witness);
    witness_expect(&witness, 5, 1, 1);
    parent_commit_slots(&witness.parent, "", slots, 1);
    witness_expect_refused(&witness, 5, OCC_ERR_SLOT_USED, ""); /* nothing is in front of it */
    witness_end(&witness);
}

/* Chains go back each to its own. */
static void
test_chains(void **state)
{
    (void)state;
    const struct occ_bytes ids[] = { occ_bytes_str("a") };
    struct witness witness;
    struct occ_gate_config config = witness_config(&witness, OCC_ATTEST_BATCH);
    config.chain_ids = ids;
    config.chain_id_count = 1;
    witness_begin_with(&witness, &config);
    struct occ_commit_writer writer;
    for (unsigned round = 0; round < 2; round++) {
        occ_buf_reset(&witness.parent.in);
        occ_commit_begin(&writer, &witness.parent.in, 5);
        parent_put_request(&writer, "x", NULL, 2);
        occ_commit_put_request(&writer, occ_bytes_str("on a"));
        occ_commit_put_field(&writer, OCC_COMMIT_CHAIN, ids[0]);
        occ_commit_put_digest(&writer, parent_digest);
        occ_commit_end(&writer);
        assert_int_equal(parent_play(&witness.parent), OCC_OK);
        assert_true(witness_is_asked(&witness));
        if (round == 0) {
            witness_fails(&witness, OCC_ERR_ATTESTER, NO_DEVICE);
            struct occ_commit_results in = parent_results(&witness.parent, 5, 2);
            parent_expect_refusal(&in, OCC_ERR_ATTESTER, NO_DEVICE);
            parent_expect_refusal(&in, OCC_ERR_ATTESTER, NO_DEVICE);
            witness.parent.world.uptime_ms += OCC_LIMIT_ATTEST_RETRY_MS;
            witness_gives_key(&witness);
        }
    }
    witness_gives(&witness);
    struct occ_commit_results in = parent_results(&witness.parent, 5, 2);
    witness_expect_success(&witness, &in, 1, 2);
    witness.parent.counter = 0;
    memset(witness.parent.link_hash, 0, 32);
    assert_true(occ_bytes_equal(witness_expect_success(&witness, &in, 2, 1).chain_id, ids[0]));
    const struct occ_hello_ok ok = parent_hello(&witness.parent);
    assert_int_equal(ok.heads[0].counter, 2);
    assert_int_equal(ok.heads[1].counter, 1);
    witness_end(&witness);
}

/* ---- the epoch after ---- */

/* A proof with its document is what the next epoch goes on from: the link is to it as it was without. */
static void
test_predecessor(void **state)
{
    (void)state;
    struct witness first, second;
    OCC_BUF_AUTO(text, 1 << 20);
    witness_begin(&first, OCC_ATTEST_BATCH);
    witness_waits(&first, 1, 2);
    witness_gives_proofs(&first);
    struct occ_commit_results in = parent_results(&first.parent, 1, 1), again = in;
    struct occ_commit_outcome outcome;
    struct occ_commit_proof proof;
    assert_int_equal(occ_commit_next_result(&again, &outcome).code, OCC_OK);
    while (occ_commit_next_proof(&outcome.proofs, &proof)) {
        occ_buf_reset(&text);
        witness_put_joined(&text, &in, &proof);
    }
    witness_expect_success(&first, &in, 1, 2);
    char link_b64[OCC_BASE64_LEN(32) + 1] = "";
    occ_base64_encode(occ_bytes_of(first.parent.link_hash, 32), link_b64);

    struct occ_gate_config config = witness_config(&second, OCC_ATTEST_BATCH);
    memcpy(config.attester.enforcement, "hw-key", sizeof "hw-key"); /* the tests' key is always the same */
    config.check_predecessor = believe;
    second.parent.world.random_block = 0x77;
    witness_begin_with(&second, &config);
    for (unsigned round = 0; round < 2; round++) { /* discarded in between: the chain is linked all the same */
        if (round == 0) {
            struct occ_link_writer writer;
            occ_link_begin(&writer, &second.parent.in, 3);
            occ_link_put(&writer, occ_bytes_str(""), occ_buf_view(&text));
            occ_link_end(&writer);
            assert_int_equal(parent_play(&second.parent), OCC_OK);
            enum occ_err code;
            struct occ_bytes why;
            assert_int_equal(occ_link_read_answer(parent_frame(&second.parent).payload, &code, &why).code, OCC_OK);
            assert_int_equal(code, OCC_OK);
        }
        witness_waits(&second, 4, 1);
        if (round == 0) {
            parent_hello(&second.parent);
        }
    }
    second.parent.counter = 2;
    witness_gives_proofs(&second);
    in = again = parent_results(&second.parent, 4, 1);
    witness_expect_success(&second, &in, 1, 1);
    assert_int_equal(occ_commit_next_result(&again, &outcome).code, OCC_OK);
    assert_non_null(memmem(outcome.proofs.ptr, outcome.proofs.len, link_b64, strlen(link_b64)));
    witness_end(&second);
    witness_end(&first);
}

/* ---- sessions ---- */

/* Nobody was given what waited: it is as if it had never been. The document that was out tells the time, and no more. */
static void
expect_session_over(bool ends, bool fails)
{
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_BATCH);
    witness_waits(&witness, 1, 2);
    assert_true(witness_is_asked(&witness));
    witness_waits(&witness, 2, 1);
    if (ends) {
        occ_gate_end_session(witness.parent.gate);
    }
    const struct occ_hello_ok ok = parent_hello(&witness.parent);
    assert_int_equal(ok.heads[0].counter, 0);
    assert_int_equal(ok.last_position, 0);
    assert_true(parent_is_done(&witness.parent));
    witness_waits(&witness, 3, 1);
    if (fails) {
        witness_fails(&witness, OCC_ERR_ATTESTER, NO_DEVICE);
        witness_expect_refused(&witness, 3, OCC_ERR_ATTESTER, NO_DEVICE);
        witness_end(&witness);
        return;
    }
    witness_gives(&witness);
    assert_true(parent_is_done(&witness.parent)); /* frame 3 is not what it was about */
    assert_int_equal(ping(&witness).documents, 2);
    witness_gives_proofs(&witness);
    witness_expect(&witness, 3, 1, 1);
    witness_end(&witness);
}

static void
test_session_over(void **state)
{
    (void)state;
    expect_session_over(false, false);
    expect_session_over(true, false);
    expect_session_over(true, true);
}

/* With no session at all. */
static void
test_no_session(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_BATCH);
    witness_waits(&witness, 1, 2);
    assert_true(witness_is_asked(&witness));
    occ_gate_end_session(witness.parent.gate);
    witness_gives(&witness);
    assert_true(parent_is_done(&witness.parent));
    struct occ_attest_request request;
    assert_false(occ_gate_wants_document(witness.parent.gate, &request));
    witness_end(&witness);
}

/* A session that is refused loses what waits, and nothing else. */
static void
test_session_refused(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_BATCH);
    witness_waits(&witness, 1, 1);
    witness_gives_proofs(&witness);
    witness_expect(&witness, 1, 1, 1);
    witness_waits(&witness, 2, 1);
    occ_commit_put_ack(&witness.parent.in, 9);
    assert_int_equal(parent_play(&witness.parent), OCC_ERR_WIRE_MESSAGE);
    struct occ_attest_request request;
    assert_false(occ_gate_wants_document(witness.parent.gate, &request));
    const struct occ_hello_ok ok = parent_hello(&witness.parent);
    assert_int_equal(ok.heads[0].counter, 1);
    witness_waits(&witness, 3, 1);
    witness_gives_proofs(&witness);
    witness_expect(&witness, 3, 2, 1);
    witness_end(&witness);
}

/* The parent does not take its answers: the session ends, what is kept is given again, what waited is not. */
static void
test_no_room(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_BATCH);
    witness_waits(&witness, 1, 1);
    witness_waits(&witness, 2, 1);
    assert_true(witness_is_asked(&witness));
    const size_t limit = witness.parent.out.limit;
    occ_buf_clear(&witness.parent.out);
    witness.parent.out.limit = 8000; /* for the first of the two, and REFUSED */
    OCC_BUF_AUTO(document, 4000);
    const struct occ_attest_request *const request = &witness.request;
    witness_put_field(&document, request->public_key);
    witness_put_field(&document, request->user_data);
    witness_put_field(&document, request->nonce);
    occ_buf_reserve(&document, 3000);
    document.len = 3000;
    const struct occ_attest_outcome outcome = { .document = occ_buf_view(&document) };
    assert_int_equal(witness_tell(&witness, &outcome), OCC_ERR_LIMIT);
    assert_int_equal(parent_frame(&witness.parent).type, OCC_FRAME_REFUSED);
    assert_true(parent_is_done(&witness.parent));
    witness.parent.out.limit = limit;
    const struct occ_hello_ok ok = parent_hello(&witness.parent);
    assert_int_equal(ok.heads[0].counter, 1);
    witness_expect(&witness, 0, 1, 1);
    assert_true(parent_is_done(&witness.parent));
    witness_end(&witness);
}

/* ---- the clock ---- */

/* The machine's clock is set back by an hour: the next document says so, and proofs go on in its time. */
static void
test_clock(void **state)
{
    (void)state;
    struct witness witness;
    int64_t ms = 1;
    witness_begin(&witness, OCC_ATTEST_BATCH);
    assert_false(occ_gate_clock_moved(witness.parent.gate, &ms));
    assert_int_equal(ms, 1);
    const uint64_t true_ms = witness.parent.world.now_ms;
    witness.parent.world.now_ms -= 3600000;
    witness.facts.time_ms = true_ms;
    witness_waits(&witness, 1, 1);
    witness_gives_proofs(&witness);
    witness_expect(&witness, 1, 1, 1);
    assert_true(occ_gate_clock_moved(witness.parent.gate, &ms));
    assert_int_equal(ms, 3600000);
    assert_false(occ_gate_clock_moved(witness.parent.gate, &ms));
    assert_int_equal(ping(&witness).clock_ms, 3600000);
    witness.parent.world.now_ms += 700;
    witness.parent.world.uptime_ms += 700;
    witness.facts.time_ms += 700;
    witness_waits(&witness, 2, 1);
    witness_gives_proofs(&witness);
    witness_expect(&witness, 2, 2, 1);
    assert_true(witness.parent.time_ms == (double)(true_ms + 700));
    assert_false(occ_gate_clock_moved(witness.parent.gate, &ms));
    /* It is put right by the machine's owner: the next document says that too. Time did not go back meanwhile, nor after. */
    witness.parent.world.now_ms += 3600000;
    witness_waits(&witness, 3, 1);
    witness_gives_proofs(&witness);
    witness_expect(&witness, 3, 3, 1);
    assert_true(occ_gate_clock_moved(witness.parent.gate, &ms));
    assert_int_equal(ms, 0);
    witness_waits(&witness, 4, 1);
    witness_gives_proofs(&witness);
    witness_expect(&witness, 4, 4, 1);
    witness_end(&witness);
}

/* Whoever runs the machine sets its clock, for a moment or for good, between two documents: no proof is dated by it. */
static void
expect_own_clock(enum occ_attest_mode mode, int64_t step_ms)
{
    struct witness witness;
    int64_t ms = 0;
    witness_begin(&witness, mode);
    const uint64_t begin_ms = witness.parent.world.now_ms;
    for (unsigned i = 1; i <= 3; i++) {
        const bool is_set = i == 2;
        witness.parent.world.uptime_ms += 1000;
        witness.parent.world.now_ms = begin_ms + i * 1000 + (is_set ? (uint64_t)step_ms : 0);
        witness.facts.time_ms = begin_ms + i * 1000;
        witness_commits(&witness, i, 1);
        if (mode != OCC_ATTEST_EPOCH) {
            witness_gives_proofs(&witness);
        }
        witness_expect(&witness, i, i, 1);
        assert_true(witness.parent.time_ms == (double)(begin_ms + i * 1000));
        if (mode != OCC_ATTEST_EPOCH) {
            assert_true(occ_gate_clock_moved(witness.parent.gate, &ms) == (i > 1));
            assert_true(ping(&witness).clock_ms == (is_set ? -step_ms : 0));
        }
    }
    witness_end(&witness);
}

static void
test_clock_is_set(void **state)
{
    (void)state;
    static const int64_t year_ms = INT64_C(365) * 24 * 3600 * 1000;
    expect_own_clock(OCC_ATTEST_COMMIT, 10 * year_ms);
    expect_own_clock(OCC_ATTEST_BATCH, 3600000);
    expect_own_clock(OCC_ATTEST_BATCH, -10 * year_ms);
    expect_own_clock(OCC_ATTEST_EPOCH, 10 * year_ms);
}

/* A document is made between asking and its coming: any time in between is right, and 2 s beside are let pass. */
static void
test_clock_tolerance(void **state)
{
    (void)state;
    static const struct {
        int64_t after_asking_ms;
        int64_t clock_ms;
        bool moved;
    } cases[] = { { 0, 0, false },      { 4999, 0, false }, { 5000, 0, false },      { 7000, 2000, false },
                  { 7001, 2001, true }, { -1, -1, false },  { -2000, -2000, false }, { -2001, -2001, true } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct witness witness;
        int64_t ms = 0;
        witness_begin(&witness, OCC_ATTEST_BATCH);
        const uint64_t asked_ms = witness.parent.world.now_ms;
        witness_waits(&witness, 1, 1);
        assert_true(witness_is_asked(&witness));
        witness.parent.world.now_ms += 5000;
        witness.parent.world.uptime_ms += 5000;
        witness.facts.time_ms = (uint64_t)((int64_t)asked_ms + cases[i].after_asking_ms);
        witness_gives(&witness);
        witness_expect(&witness, 1, 1, 1);
        assert_int_equal(occ_gate_clock_moved(witness.parent.gate, &ms), cases[i].moved);
        assert_int_equal(ping(&witness).clock_ms, cases[i].clock_ms);
        witness_end(&witness);
    }
}

/* What no proof's time can be is not followed. */
static void
test_clock_nonsense(void **state)
{
    (void)state;
    struct witness witness;
    int64_t ms = 0;
    witness_begin(&witness, OCC_ATTEST_EPOCH);
    witness.parent.world.uptime_ms += 3 * 3600 * 1000 / 2;
    witness.facts.time_ms = UINT64_MAX;
    witness_gives_key(&witness);
    assert_false(occ_gate_clock_moved(witness.parent.gate, &ms));
    /* The earliest time of all. */
    witness.parent.world.uptime_ms += 3 * 3600 * 1000 / 2;
    witness.facts.time_ms = 1;
    witness_gives_key(&witness);
    assert_true(occ_gate_clock_moved(witness.parent.gate, &ms));
    witness.parent.world.now_ms = 0;
    witness_commits(&witness, 1, 1);
    witness_expect(&witness, 1, 1, 1);
    assert_true(witness.parent.time_ms == 1);
    witness_end(&witness);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first),          cmocka_unit_test(test_no_attester),
        cmocka_unit_test(test_first_fails),    cmocka_unit_test(test_renewal),
        cmocka_unit_test(test_life),           cmocka_unit_test(test_failure),
        cmocka_unit_test(test_patience),       cmocka_unit_test(test_patience_with_key),
        cmocka_unit_test(test_failure_midway), cmocka_unit_test(test_length),
        cmocka_unit_test(test_integrity),      cmocka_unit_test(test_lie),
        cmocka_unit_test(test_signer_fails),   cmocka_unit_test(test_slot_meanwhile),
        cmocka_unit_test(test_slot_between),   cmocka_unit_test(test_slot_discarded),
        cmocka_unit_test(test_chains),         cmocka_unit_test(test_session_over),
        cmocka_unit_test(test_no_session),     cmocka_unit_test(test_session_refused),
        cmocka_unit_test(test_no_room),        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_clock_is_set),   cmocka_unit_test(test_clock_tolerance),
        cmocka_unit_test(test_predecessor),    cmocka_unit_test(test_clock_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
