/*
 * round_faults.c — a frame with requests on several chains, each allocation of it failed in turn: what comes back are whole frames,
 * what was given out is all there is, and no chain has a gap.
 */
#include "support/allocations.h"
#include "unit/boundary/parent.h"

#ifndef ALLOCATIONS_ARE_REAL

enum { CHAINS = 3, WORKERS = 3 };

static const struct occ_bytes chain_ids[] = { { (const uint8_t *)"a", 1 }, { (const uint8_t *)"b", 1 } };

/* ---- memory ---- */

/* Allocations until one fails; how many there were since armed was set; whether all behind the one fail, too. */
static unsigned fail_at, counted;
static bool fail_on, armed;
static unsigned felt; /* frames of which not all requests were committed */

static enum { IN_COMMIT, IN_DOCUMENT, IN_HELLO } short_in; /* when memory is short */
static unsigned requests, each;                            /* of a frame; digests of a request */
static unsigned pace; /* from one allocation that fails to the next: the more, the later; 0 = each one */

UNCHECKED static bool
allocation_fails(const void *caller)
{
    (void)caller;
    if (!armed) {
        return false;
    }
    counted++;
    return fail_on ? counted >= fail_at : counted == fail_at;
}

/* ---- a gate, and what it has given out ---- */

struct play {
    struct parent parent;
    unsigned runs;
    uint64_t position, counters[CHAINS];
    uint8_t heads[CHAINS][OCC_SHA256_LEN];
    uint64_t given, again, refused; /* requests */
};

/* The last lane first: what is in front in the frame is signed behind. */
static void
run_backward(void *ctx, void (*job)(void *arg, size_t index), void *arg, size_t count)
{
    ++*(unsigned *)ctx;
    for (size_t i = count; i > 0; i--) {
        job(arg, i - 1);
    }
}

static void
begin(struct play *play, size_t workers, enum occ_attest_mode mode)
{
    *play = (struct play){ .position = 0 };
    struct occ_gate_config config = world_config(&play->parent.world);
    config.signer.is_parallel = true;
    config.chain_ids = chain_ids;
    config.chain_id_count = CHAINS - 1;
    config.workers = workers;
    config.run = run_backward;
    config.run_ctx = &play->runs;
    if (mode != OCC_ATTEST_NONE) {
        config.attester.mode = mode;
        memcpy(config.attester.format, "aws-nitro", sizeof "aws-nitro");
    }
    parent_begin_with(&play->parent, &config);
}

static void
take_proofs(struct play *play, struct occ_commit_outcome *outcome)
{
    const size_t chain = outcome->chain_id.len == 0 ? 0 : (size_t)(outcome->chain_id.ptr[0] - 'a' + 1);
    struct occ_commit_proof proof;
    assert_int_equal(outcome->proof_count, each);
    while (occ_commit_next_proof(&outcome->proofs, &proof)) {
        play->counters[chain]++;
        assert_true(proof.counter == play->counters[chain]);
        if (proof.document == 0 && proof.counter > 1) { /* else what is there is not yet the proof's text */
            char prev[64] = "\"prevB64\":\"";
            occ_base64_encode(occ_bytes_of(play->heads[chain], OCC_SHA256_LEN), prev + strlen(prev));
            assert_non_null(memmem(proof.text.ptr, proof.text.len, prev, strlen(prev)));
        }
        occ_digest_sha256(proof.text, play->heads[chain]);
    }
}

/* All that was said: whole frames, and results at the next positions; those given again are known, or they are new here. */
static void
take(struct play *play)
{
    struct occ_frame frame;
    size_t used = 0;
    for (struct occ_bytes rest = occ_buf_view(&play->parent.out); rest.len > 0;
         rest = occ_bytes_of(rest.ptr + used, rest.len - used)) {
        assert_int_equal(occ_frame_next(rest, &frame, &used).code, OCC_OK);
        assert_true(used > 0);
        struct occ_commit_results in = { .result_count = 0 };
        if (frame.type == OCC_FRAME_RESULT) {
            assert_int_equal(occ_commit_read_results(frame.payload, &in).code, OCC_OK);
        }
        for (uint16_t left = in.result_count; left > 0; left--) {
            struct occ_commit_outcome outcome;
            assert_int_equal(occ_commit_next_result(&in, &outcome).code, OCC_OK);
            play->refused += outcome.code != OCC_OK;
            if (outcome.code == OCC_OK && outcome.position > play->position) {
                play->position++;
                assert_true(outcome.position == play->position);
                take_proofs(play, &outcome);
                play->given++;
            } else if (outcome.code == OCC_OK) {
                play->again++;
            }
        }
    }
    occ_buf_clear(&play->parent.out);
}

/* What a session that was refused lacks is given again to the next one. */
static void
go_on(struct play *play, struct occ_result handled)
{
    take(play);
    assert_true(occ_gate_is_sound(play->parent.gate));
    if (!occ_is_ok(handled)) {
        (void)parent_hello(&play->parent);
        take(play);
    }
}

/* All documents that are wanted, now and, if the device counts as down for want of memory, a second later. */
static void
give_documents(struct play *play, bool is_short)
{
    struct occ_attest_request request;
    for (unsigned tries = 0; tries < 2; play->parent.world.uptime_ms += OCC_LIMIT_ATTEST_RETRY_MS, tries++) {
        while (occ_gate_wants_document(play->parent.gate, &request)) {
            const struct occ_attest_outcome outcome = { .code = OCC_OK,
                                                        .document = occ_bytes_str("a document"),
                                                        .facts = { .time_ms = play->parent.world.now_ms } };
            struct occ_outbox outbox = flat_outbox(&play->parent.out);
            armed = is_short && tries == 0;
            const struct occ_result taken = occ_gate_take_document(play->parent.gate, &outcome, &outbox);
            armed = false;
            flat_send(&outbox, &play->parent.out);
            go_on(play, taken);
        }
    }
}

/* One frame, and all that comes of it. Memory is short only while it is handled. */
static void
commit(struct play *play, bool is_short)
{
    struct parent *const parent = &play->parent;
    struct occ_commit_writer writer;
    occ_buf_reset(&parent->in);
    occ_commit_begin(&writer, &parent->in, 5);
    for (size_t i = 0; i < requests; i++) {
        occ_commit_put_request(&writer, occ_bytes_str("one"));
        if (i % CHAINS > 0) {
            occ_commit_put_field(&writer, OCC_COMMIT_CHAIN, chain_ids[i % CHAINS - 1]);
        }
        for (size_t j = 0; j < each; j++) {
            occ_commit_put_digest(&writer, parent_digest);
        }
    }
    occ_commit_end(&writer);
    size_t used = 0;
    counted = is_short ? 0 : counted;
    armed = is_short && short_in == IN_COMMIT;
    struct occ_outbox outbox = flat_outbox(&parent->out);
    const struct occ_result handled = occ_gate_handle(parent->gate, occ_buf_view(&parent->in), &used, &outbox);
    armed = false;
    flat_send(&outbox, &parent->out);
    go_on(play, handled);
    give_documents(play, is_short && short_in == IN_DOCUMENT);
}

/* A new session, which has all that was given out before, since nothing is acknowledged; or it is refused, and the next one has. */
static void
hello_short(struct play *play)
{
    static const struct occ_hello hello = { .min_version = OCC_WIRE_VERSION, .max_version = OCC_WIRE_VERSION };
    struct parent *const parent = &play->parent;
    size_t used = 0;
    occ_buf_reset(&parent->in);
    occ_hello_put(&parent->in, &hello);
    occ_gate_begin_session(parent->gate);
    struct occ_outbox outbox = flat_outbox(&parent->out);
    counted = 0;
    armed = true;
    const struct occ_result handled = occ_gate_handle(parent->gate, occ_buf_view(&parent->in), &used, &outbox);
    armed = false;
    play->again = 0;
    flat_send(&outbox, &parent->out);
    go_on(play, handled);
    felt += occ_is_ok(handled) ? 0 : 1;
    assert_true(play->again == play->given);
}

/* With the allocation of that number failing. False: there are not so many. */
static bool
commit_failing(size_t workers, enum occ_attest_mode mode, unsigned at)
{
    struct play play;
    begin(&play, workers, mode);
    give_documents(&play, false);
    fail_at = at;
    if (short_in == IN_HELLO) {
        commit(&play, false);
        commit(&play, false);
        hello_short(&play);
    } else {
        commit(&play, true);
        felt += play.given < requests ? 1 : 0;
    }
    const bool has_failed = counted >= at;
    const uint64_t given = play.given;
    commit(&play, false);
    assert_true(play.given == given + requests);
    assert_int_equal(play.runs > 0, workers > 1);
    const struct occ_hello_ok ok = parent_hello(&play.parent);
    assert_true(ok.last_position == play.given);
    for (size_t i = 0; i < CHAINS; i++) {
        assert_true(ok.heads[i].counter == play.counters[i]);
    }
    parent_end(&play.parent);
    return has_failed;
}

static void
fail_each_of(const enum occ_attest_mode *modes, size_t count, unsigned felt_min)
{
    for (size_t i = 0; i < 2 * count; i++) {
        for (unsigned on = 0; on < 2; on++) {
            unsigned at = 1;
            fail_on = on == 1;
            felt = 0;
            while (commit_failing(i % 2 == 0 ? 1 : WORKERS, modes[i / 2], at)) {
                at += 1 + (pace == 0 ? 0 : at / pace);
            }
            assert_in_range(felt, felt_min, at);
        }
    }
}

static const enum occ_attest_mode modes[] = { OCC_ATTEST_NONE, OCC_ATTEST_EPOCH, OCC_ATTEST_BATCH, OCC_ATTEST_COMMIT };

static void
test_memory(void **state)
{
    (void)state;
    short_in = IN_COMMIT;
    requests = 9;
    each = 6;
    pace = 0;
    fail_each_of(modes, 3, 5);
}

/* Results that are sent from where they are kept. */
static void
test_memory_of_long_results(void **state)
{
    (void)state;
    short_in = IN_COMMIT;
    requests = 4;
    each = 100;
    pace = 4;
    assert_true(occ_retain_is_long(each * 700));
    fail_each_of(modes, 3, 3);
}

/* While the documents of proofs are taken, of short results and of long ones. */
static void
test_memory_of_documents(void **state)
{
    (void)state;
    short_in = IN_DOCUMENT;
    pace = 0;
    requests = 9;
    each = 6;
    fail_each_of(modes + 2, 2, 2);
    requests = 4; /* not in mode commit: 400 documents of one frame */
    each = 100;
    fail_each_of(modes + 2, 1, 2);
}

/* While results are given again: documents have other numbers then, and what has them is copied. */
static void
test_memory_of_redelivery(void **state)
{
    (void)state;
    short_in = IN_HELLO;
    pace = 0;
    requests = 4;
    each = 100;
    fail_each_of(modes, 3, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_memory_of_long_results),
        cmocka_unit_test(test_memory_of_documents),
        cmocka_unit_test(test_memory_of_redelivery),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
