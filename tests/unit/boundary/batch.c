/* batch.c — what a COMMIT does: proofs to the byte, chains over requests, all or nothing, limits. */
#include "unit/boundary/parent.h"

/*
 * Made by another implementation (Node's crypto, a canonicalization of its own) for the seed 00 … 1f, boot nonce 32 × 0x11,
 * nonces 32 × 0x22 and 32 × 0x33.
 */
static const char first_proof[] =
    "{\"artifact\":{\"digestB64\":\"jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr/RnU=\",\"hashAlg\":\"sha256\"},"
    "\"commit\":{\"counter\":\"1\",\"epochId\":\"89200985d7c050ee21e5faeb3d26178c412df262b5d28ec83a736967ffb44acf\","
    "\"nonceB64\":\"IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI=\",\"time\":1741496392841},"
    "\"environment\":{\"enforcement\":\"stub\","
    "\"measurement\":\"stub:abababababababababababababababababababababababababababababababab\"},"
    "\"signer\":{\"publicKeyB64\":\"A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\",\"signatureB64\":"
    "\"ynFdE0P1md7cK39j9KP7p2vwo51biKqWJuhv5S/GmnrZvwoJI0HaqN2atk7WjbVG40fLUCWpSG5Jc4FTRWtnAw==\"},"
    "\"version\":\"occ/1\"}";
static const char second_proof[] =
    "{\"artifact\":{\"digestB64\":\"jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr/RnU=\",\"hashAlg\":\"sha256\"},"
    "\"commit\":{\"counter\":\"2\",\"epochId\":\"89200985d7c050ee21e5faeb3d26178c412df262b5d28ec83a736967ffb44acf\","
    "\"nonceB64\":\"MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzM=\","
    "\"prevB64\":\"a9379Eklxep8EPeerWh6g1pHeNyvVl155X8/Loa3Kgw=\",\"time\":1741496392842},"
    "\"environment\":{\"enforcement\":\"stub\","
    "\"measurement\":\"stub:abababababababababababababababababababababababababababababababab\"},"
    "\"metadata\":{\"fileName\":\"document.pdf\",\"source\":\"my-app\"},"
    "\"signer\":{\"publicKeyB64\":\"A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\",\"signatureB64\":"
    "\"ALAax5uFV7LjGUjCdNUs+3BGQ1rvqq8SLIQJ9c+/EJuB5wlc7HOpER3pMcTmmx+FP5ijr+OcUsx0liZNTFCWCA==\"},"
    "\"version\":\"occ/1\"}";

static void
test_exact_proofs(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    parent_commit(&parent, "", NULL, 1);
    struct occ_commit_results in = parent_results(&parent, 5, 1);
    struct occ_commit_outcome outcome = parent_expect_success(&parent, &in, 1, 1);
    struct occ_commit_proof proof;
    assert_true(occ_commit_next_proof(&outcome.proofs, &proof));
    assert_true(occ_bytes_is(proof.text, first_proof));
    assert_true(proof.counter == 1);
    parent.world.now_ms++;
    parent_commit(&parent, "", " {\"source\":\"my-app\", \"fileName\":\"document\\u002epdf\"}", 1);
    in = parent_results(&parent, 5, 1);
    outcome = parent_expect_success(&parent, &in, 2, 1);
    assert_true(occ_commit_next_proof(&outcome.proofs, &proof));
    assert_true(occ_bytes_is(proof.text, second_proof));
    assert_true(proof.counter == 2);
    parent_end(&parent);
}

static void
test_chain_over_requests(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    for (unsigned i = 0; i < 20; i++) {
        struct occ_commit_writer writer;
        occ_commit_begin(&writer, &parent.in, 9);
        parent_put_request(&writer, "a", NULL, 1);
        parent_put_request(&writer, "b", "{\"x\":[1,2,{\"y\":null}]}", 1 + 7 * i);
        parent_put_request(&writer, "c", "{}", 2);
        occ_commit_end(&writer);
        assert_int_equal(parent_play(&parent), OCC_OK);
        struct occ_commit_results in = parent_results(&parent, 9, 3);
        parent_expect_success(&parent, &in, 3 * i + 1, 1);
        assert_true(occ_bytes_is(parent_expect_success(&parent, &in, 3 * i + 2, 1 + 7 * i).opaque, "b"));
        parent_expect_success(&parent, &in, 3 * i + 3, 2);
        assert_true(occ_reader_done(&in.in));
        parent.world.now_ms += i % 3 == 0 ? 0 : i;
        if (i % 2 == 0) {
            assert_int_equal(parent_ack(&parent, 3 * i + 1), OCC_OK);
        }
    }
    assert_int_equal(parent.counter, 20 * 4 + 7 * 190);
    parent_end(&parent);
}

/* One request's refusal does not touch the others in its frame, and moves nothing. */
static void
test_refusal_in_a_frame(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    struct occ_commit_writer writer;
    occ_commit_begin(&writer, &parent.in, 9);
    parent_put_request(&writer, "good", NULL, 2);
    parent_put_request(&writer, "bad", "[]", 3);
    parent_put_request(&writer, "none", NULL, 0);
    occ_commit_put_request(&writer, occ_bytes_str("late")); /* the last of three digests is the bad one */
    occ_commit_put_digest(&writer, parent_digest);
    occ_commit_put_digest(&writer, parent_digest);
    occ_commit_put_digest(&writer, parent_digest);
    occ_commit_put_field(&writer, OCC_COMMIT_METADATA, occ_bytes_str("{\"a\":1,\"a\":2}"));
    parent_put_request(&writer, "good again", NULL, 1);
    occ_commit_end(&writer);
    assert_int_equal(parent_play(&parent), OCC_OK);
    struct occ_commit_results in = parent_results(&parent, 9, 5);
    parent_expect_success(&parent, &in, 1, 2);
    parent_expect_refusal(&in, OCC_ERR_FIELD_TYPE, "metadata: an array, expected an object");
    parent_expect_refusal(&in, OCC_ERR_FIELD_LENGTH, "digests: 0 entries, expected 1 to 10000");
    parent_expect_refusal(&in, OCC_ERR_JSON_DUPLICATE, "digests[2].metadata: ");
    parent_expect_success(&parent, &in, 2, 1);
    parent_commit_well(&parent, 3, 1); /* counters 1 to 4, without a gap */
    assert_int_equal(parent.counter, 4);
    parent_end(&parent);
}

/* A signer that fails at any digest of a batch: no counter moves, and the next proof continues the chain. */
static void
test_signer_fails(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    parent_commit_well(&parent, 1, 1);
    for (unsigned at = 1; at <= 5; at++) {
        parent.world.fail_at = parent.world.signatures + at;
        parent.world.fail_code = OCC_ERR_UNAVAILABLE;
        struct occ_commit_writer writer;
        occ_commit_begin(&writer, &parent.in, 9);
        parent_put_request(&writer, "fails", NULL, 5);
        parent_put_request(&writer, "works", NULL, 1);
        occ_commit_end(&writer);
        assert_int_equal(parent_play(&parent), OCC_OK);
        struct occ_commit_results in = parent_results(&parent, 9, 2);
        parent_expect_refusal(&in, OCC_ERR_UNAVAILABLE, "the boundary could not sign: out of reach");
        parent_expect_success(&parent, &in, 1 + at, 1);
        assert_true(occ_reader_done(&in.in));
        assert_true(occ_gate_is_sound(parent.gate));
    }
    assert_int_equal(parent.counter, 6);
    /* Nothing of what was not given out is kept either. */
    assert_int_equal(parent_ack(&parent, 1), OCC_OK);
    parent_hello(&parent);
    (void)parent_results(&parent, 0, 5);
    parent_end(&parent);
}

/* DESIGN §4, promise 3: an integrity failure halts all commits; what was good before stays to be had. */
static void
expect_halted(struct parent *parent)
{
    parent_commit_refused(parent, OCC_ERR_INTEGRITY, "the boundary found that it cannot trust itself");
    assert_false(occ_gate_is_sound(parent->gate));
    parent_commit_refused(parent, OCC_ERR_INTEGRITY, "the boundary found that it cannot trust itself");
    occ_buf_reset(&parent->in);
    occ_frame_end(&parent->in, occ_frame_begin(&parent->in, OCC_FRAME_PING, 3));
    assert_int_equal(parent_play(parent), OCC_ERR_INTEGRITY); /* no health either */
    assert_int_equal(parent_frame(parent).type, OCC_FRAME_REFUSED);
    assert_int_equal(parent_hello(parent).heads[0].counter, parent->counter);
}

static void
test_wrong_signature(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    parent.world.lie_at = 2; /* the first proof's: the self-test was the first signature */
    expect_halted(&parent);
    assert_true(parent_is_done(&parent));
    parent_end(&parent);
}

/* Later ones are verified from time to time: 1,024 proofs after the first at the latest. */
static void
test_wrong_signature_later(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    parent_commit_well(&parent, 1, 1024);
    parent.world.lie_at = parent.world.signatures + 1;
    expect_halted(&parent);
    (void)parent_results(&parent, 0, 1);
    parent_end(&parent);
}

static void
test_stuck_random(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    parent_commit_well(&parent, 1, 1);
    parent.world.random_is_stuck = true;
    parent_commit_well(&parent, 2, 1); /* the next block is still a new one */
    expect_halted(&parent);
    parent_end(&parent);
}

static void
test_clock(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    parent_commit_well(&parent, 1, 1);
    parent.world.now_ms -= 1000000;
    parent_commit_well(&parent, 2, 3); /* parent_check_proof sees that time does not go back */
    assert_true(parent.time_ms == 1741496392841.0);
    parent.world.now_ms = UINT64_MAX;
    parent_commit_refused(&parent, OCC_ERR_INTERNAL, "the boundary's clock or counter is out of its range");
    parent.world.now_ms = 1741496392842;
    parent_commit_well(&parent, 3, 1);
    assert_true(parent.time_ms == 1741496392842.0);
    assert_true(occ_gate_is_sound(parent.gate));
    parent_end(&parent);
}

/* ---- what not every proof has ---- */

/* Metadata of OCC_LIMIT_VALUE_LEN bytes, the longest that is allowed. */
static const char *
long_metadata(void)
{
    static char text[OCC_LIMIT_VALUE_LEN + 1];
    memset(text, 'x', OCC_LIMIT_VALUE_LEN);
    memcpy(text, "{\"a\":\"", 6);
    memcpy(text + OCC_LIMIT_VALUE_LEN - 2, "\"}", 3);
    return text;
}

static const struct occ_bytes chain_ids[] = { { (const uint8_t *)"a", 1 }, { (const uint8_t *)"photos:2026", 11 } };

static void
put_signed_values(struct occ_commit_writer *writer)
{
    occ_commit_put_field(writer, OCC_COMMIT_ATTRIBUTION, occ_bytes_str("{\"name\":\"Jane\",\"message\":\"m\"}"));
    occ_commit_put_field(writer, OCC_COMMIT_POLICY, occ_bytes_str("{\"name\":\"P\"}"));
    occ_commit_put_field(writer, OCC_COMMIT_PRINCIPAL, occ_bytes_str("{\"id\":\"u1\"}"));
}

/* Each chain has its own counter and link; requests of several chains share a frame. */
static void
test_chains(void **state)
{
    (void)state;
    struct parent parent;
    struct occ_gate_config config = world_config(&parent.world);
    config.chain_ids = chain_ids;
    config.chain_id_count = 2;
    parent_begin_with(&parent, &config);
    struct parent chains[3]; /* what was seen of each */
    memset(chains, 0, sizeof chains);
    for (uint64_t round = 0; round < 10; round++) {
        struct occ_commit_writer writer;
        occ_buf_reset(&parent.in);
        occ_commit_begin(&writer, &parent.in, 9);
        for (size_t i = 0; i < 3; i++) {
            occ_commit_put_request(&writer, occ_bytes_str(""));
            if (i > 0) {
                occ_commit_put_field(&writer, OCC_COMMIT_CHAIN, chain_ids[i - 1]);
            }
            put_signed_values(&writer);
            for (uint64_t j = 0; j <= i + round % 2; j++) {
                occ_commit_put_digest(&writer, parent_digest);
            }
        }
        occ_commit_end(&writer);
        assert_int_equal(parent_play(&parent), OCC_OK);
        struct occ_commit_results in = parent_results(&parent, 9, 3);
        for (size_t i = 0; i < 3; i++) {
            const struct occ_commit_outcome outcome =
                parent_expect_success(&chains[i], &in, 3 * round + i + 1, (unsigned)(i + round % 2 + 1));
            assert_true(occ_bytes_equal(outcome.chain_id, i == 0 ? occ_bytes_str("") : chain_ids[i - 1]));
        }
    }
    const struct occ_hello_ok ok = parent_hello(&parent);
    assert_int_equal(ok.head_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(ok.heads[i].counter == chains[i].counter && chains[i].counter == 10 * (i + 1) + 5);
        assert_memory_equal(ok.heads[i].link_hash, chains[i].link_hash, 32);
    }
    parent_end(&parent);
}

/* ---- limits ---- */

static void
test_retention_full(void **state)
{
    (void)state;
    struct parent parent;
    struct occ_gate_config config = world_config(&parent.world);
    config.retained_len_max = 10000;
    parent_begin_with(&parent, &config);
    parent_commit(&parent, "x", NULL, 20); /* can never be kept */
    struct occ_commit_results in = parent_results(&parent, 5, 1);
    parent_expect_refusal(&in, OCC_ERR_LIMIT, "digests: their proofs are larger than what the boundary may keep");
    uint64_t position = 0;
    struct occ_commit_outcome outcome;
    for (;;) {
        parent_commit(&parent, "x", NULL, 1);
        in = parent_results(&parent, 5, 1);
        struct occ_commit_results peek = in;
        assert_int_equal(occ_commit_next_result(&peek, &outcome).code, OCC_OK);
        if (outcome.code != OCC_OK) {
            break;
        }
        position++;
        parent_expect_success(&parent, &in, position, 1);
    }
    assert_in_range(position, 8, 14);
    parent_expect_refusal(&in, OCC_ERR_BUSY, "too many results are not yet acknowledged as durable");
    parent_commit_refused(&parent, OCC_ERR_BUSY, "too many results are not yet acknowledged as durable");
    assert_int_equal(parent_ack(&parent, 1), OCC_OK);
    parent_commit_well(&parent, position + 1, 1); /* the chain goes on where it was */
    parent_commit_refused(&parent, OCC_ERR_BUSY, "too many results are not yet acknowledged as durable");
    parent_end(&parent);
}

static void
test_digests_max(void **state)
{
    (void)state;
    struct parent parent;
    struct occ_gate_config config = world_config(&parent.world);
    config.digests_max = 3;
    parent_begin_with(&parent, &config);
    assert_int_equal(parent_hello(&parent).digests_max, 3);
    parent_commit_well(&parent, 1, 3);
    parent_commit(&parent, "x", NULL, 4);
    struct occ_commit_results in = parent_results(&parent, 5, 1);
    parent_expect_refusal(&in, OCC_ERR_FIELD_LENGTH, "digests: 4 entries, expected 1 to 3");
    parent_end(&parent);
}

/* PROTOCOL §3: proof text of one answer at most 16 MiB; looked at before anything is signed. */
static void
test_answer_limit(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    const unsigned signatures = parent.world.signatures;
    parent_commit(&parent, "x", long_metadata(), 1000); /* a 16 KiB value in each of 1,000 proofs */
    struct occ_commit_results in = parent_results(&parent, 5, 1);
    parent_expect_refusal(&in, OCC_ERR_LIMIT, "digests: their proofs would take ");
    assert_int_equal(parent.world.signatures, signatures);
    parent_commit(&parent, "x", long_metadata(), 970);
    in = parent_results(&parent, 5, 1);
    parent_expect_success(&parent, &in, 1, 970);
    parent_end(&parent);
}

/* Requests whose results do not fit one frame: those that fit are answered, the others are told to come again. */
static void
test_frame_limit(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    struct occ_commit_writer writer;
    occ_commit_begin(&writer, &parent.in, 9);
    parent_put_request(&writer, "1", long_metadata(), 900);
    parent_put_request(&writer, "2", long_metadata(), 900);
    parent_put_request(&writer, "3", NULL, 5);
    occ_commit_end(&writer);
    assert_int_equal(parent_play(&parent), OCC_OK);
    struct occ_commit_results in = parent_results(&parent, 9, 3);
    parent_expect_success(&parent, &in, 1, 900);
    parent_expect_refusal(&in, OCC_ERR_BUSY, "the results of this frame's requests are larger than a frame");
    parent_expect_success(&parent, &in, 2, 5);
    assert_true(occ_reader_done(&in.in));
    parent_end(&parent);
}

/* A frame with as many requests as it may have, all of them wrong. */
static void
test_many_refusals(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    struct occ_commit_writer writer;
    occ_commit_begin(&writer, &parent.in, 9);
    for (unsigned i = 0; i < OCC_LIMIT_FRAME_REQUESTS; i++) {
        parent_put_request(&writer, "", "?", 1);
    }
    occ_commit_end(&writer);
    assert_int_equal(parent_play(&parent), OCC_OK);
    struct occ_commit_results in = parent_results(&parent, 9, OCC_LIMIT_FRAME_REQUESTS);
    for (unsigned i = 0; i < OCC_LIMIT_FRAME_REQUESTS; i++) {
        parent_expect_refusal(&in, OCC_ERR_JSON_SYNTAX, "metadata: ");
    }
    parent_commit_well(&parent, 1, 1);
    parent_end(&parent);
}

/* A buffer without room for the answer: refused before anything is signed, or the session ends; never half of it. */
static void
test_no_room_out(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    struct occ_commit_writer writer;
    occ_commit_begin(&writer, &parent.in, 9);
    parent_put_request(&writer, "x", NULL, 4);
    occ_commit_end(&writer);
    const unsigned signatures = parent.world.signatures;
    unsigned refusals = 0;
    for (size_t limit = 0; limit < 3000; limit += 50) {
        OCC_BUF_AUTO(out, limit);
        size_t used = 0;
        const enum occ_err code = flat_handle(parent.gate, occ_buf_view(&parent.in), &used, &out).code;
        refusals += code == OCC_OK;
        if (code != OCC_OK) {
            OCC_BUF_AUTO(saved, 10000);
            occ_buf_put(&saved, occ_buf_view(&parent.in));
            parent_hello(&parent);
            occ_buf_reset(&parent.in);
            occ_buf_put(&parent.in, occ_buf_view(&saved));
        }
    }
    assert_int_equal(parent.world.signatures, signatures);
    assert_true(refusals > 10);
    assert_int_equal(parent_play(&parent), OCC_OK);
    struct occ_commit_results in = parent_results(&parent, 9, 1);
    parent_expect_success(&parent, &in, 1, 4);
    parent_end(&parent);
}

/* A frame that breaks off in its last request commits nothing of the first. */
static void
test_broken_frame(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    struct occ_commit_writer writer;
    occ_commit_begin(&writer, &parent.in, 9);
    parent_put_request(&writer, "x", NULL, 1);
    parent_put_request(&writer, "y", NULL, 1);
    occ_commit_end(&writer);
    parent.in.len--;
    occ_frame_end(&parent.in, 0);
    assert_int_equal(parent_play(&parent), OCC_ERR_WIRE_MESSAGE);
    assert_int_equal(parent_hello(&parent).last_position, 0);
    parent_commit_well(&parent, 1, 1);
    parent_end(&parent);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_proofs),       cmocka_unit_test(test_chain_over_requests),
        cmocka_unit_test(test_refusal_in_a_frame), cmocka_unit_test(test_signer_fails),
        cmocka_unit_test(test_wrong_signature),    cmocka_unit_test(test_wrong_signature_later),
        cmocka_unit_test(test_stuck_random),       cmocka_unit_test(test_clock),
        cmocka_unit_test(test_retention_full),     cmocka_unit_test(test_digests_max),
        cmocka_unit_test(test_answer_limit),       cmocka_unit_test(test_frame_limit),
        cmocka_unit_test(test_many_refusals),      cmocka_unit_test(test_no_room_out),
        cmocka_unit_test(test_broken_frame),       cmocka_unit_test(test_chains),

    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
