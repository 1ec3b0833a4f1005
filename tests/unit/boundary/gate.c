/* gate.c — the session: hello, acknowledgements, pings, redelivery, and all that does not belong there. */
#include "unit/boundary/parent.h"

static void
test_hello(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    const struct occ_hello_ok ok = parent_hello(&parent);
    assert_true(parent_is_done(&parent));
    assert_int_equal(ok.version, OCC_WIRE_VERSION);
    assert_int_equal(ok.features, 0);
    assert_int_equal(ok.frame_len_max, OCC_LIMIT_FRAME_LEN);
    assert_int_equal(ok.requests_max, OCC_LIMIT_FRAME_REQUESTS);
    assert_int_equal(ok.digests_max, OCC_LIMIT_BATCH_DIGESTS_MAX);
    assert_int_equal(ok.retained_len_max, OCC_LIMIT_RETAINED_LEN);
    /* vectors/README: SHA-256 of this key and a boot nonce of 32 × 0x11, in hex. */
    assert_true(occ_bytes_is(ok.epoch_id, "89200985d7c050ee21e5faeb3d26178c412df262b5d28ec83a736967ffb44acf"));
    assert_true(occ_bytes_is(ok.enforcement, "stub"));
    assert_true(occ_bytes_starts(ok.measurement, "stub:ababab"));
    assert_int_equal(ok.last_position, 0);
    assert_int_equal(ok.acknowledged_position, 0);
    assert_int_equal(ok.head_count, 1);
    assert_int_equal(ok.heads[0].chain_id.len, 0);
    assert_int_equal(ok.heads[0].counter, 0);
    static const uint8_t zeros[32];
    assert_memory_equal(ok.heads[0].link_hash, zeros, 32);
    assert_string_equal(occ_gate_epoch_id(parent.gate),
                        "89200985d7c050ee21e5faeb3d26178c412df262b5d28ec83a736967ffb44acf");
    assert_memory_equal(occ_gate_public_key(parent.gate), ok.public_key, 32);
    parent_end(&parent);
}

/* The head in HELLO is where the chain stands: what the next proof will link to. */
static void
test_head(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    parent_commit_well(&parent, 1, 3);
    assert_int_equal(parent_ack(&parent, 1), OCC_OK);
    const struct occ_hello_ok ok = parent_hello(&parent);
    assert_int_equal(ok.heads[0].counter, 3);
    assert_memory_equal(ok.heads[0].link_hash, parent.link_hash, 32);
    assert_int_equal(ok.last_position, 1);
    assert_int_equal(ok.acknowledged_position, 1);
    parent_commit_well(&parent, 2, 1);
    parent_end(&parent);
}

/* As many chains as there can be, with the longest names: all of them in HELLO_OK, and each works. */
static void
test_most_chains(void **state)
{
    (void)state;
    static char names[OCC_LIMIT_CHAINS - 1][OCC_LIMIT_CHAIN_ID_LEN + 1];
    struct occ_bytes ids[OCC_LIMIT_CHAINS - 1];
    for (size_t i = 0; i < OCC_LIMIT_CHAINS - 1; i++) {
        memset(names[i], 'c', OCC_LIMIT_CHAIN_ID_LEN);
        snprintf(names[i] + OCC_LIMIT_CHAIN_ID_LEN - 2, 3, "%02zu", i);
        ids[i] = occ_bytes_str(names[i]);
    }
    struct parent parent;
    struct occ_gate_config config = world_config(&parent.world);
    config.chain_ids = ids;
    config.chain_id_count = OCC_LIMIT_CHAINS - 1;
    parent_begin_with(&parent, &config);
    struct occ_commit_writer writer;
    occ_commit_begin(&writer, &parent.in, 5);
    for (size_t i = 0; i < OCC_LIMIT_CHAINS - 1; i++) {
        occ_commit_put_request(&writer, occ_bytes_str(""));
        occ_commit_put_field(&writer, OCC_COMMIT_CHAIN, ids[i]);
        occ_commit_put_digest(&writer, parent_digest);
    }
    occ_commit_end(&writer);
    assert_int_equal(parent_play(&parent), OCC_OK);
    struct occ_commit_results in = parent_results(&parent, 5, OCC_LIMIT_CHAINS - 1);
    for (size_t i = 0; i < OCC_LIMIT_CHAINS - 1; i++) {
        parent.counter = 0;
        assert_true(occ_bytes_equal(parent_expect_success(&parent, &in, i + 1, 1).chain_id, ids[i]));
    }
    const struct occ_hello_ok ok = parent_hello(&parent);
    assert_int_equal(ok.head_count, OCC_LIMIT_CHAINS);
    for (size_t i = 0; i < OCC_LIMIT_CHAINS; i++) {
        assert_true(occ_bytes_equal(ok.heads[i].chain_id, i == 0 ? occ_bytes_str("") : ids[i - 1]));
        assert_int_equal(ok.heads[i].counter, i == 0 ? 0 : 1);
    }
    parent_end(&parent);
}

/* The session ends with REFUSED, whose code and sentence are these; a new session works. */
static void
expect_end(struct parent *parent, enum occ_err code, const char *text)
{
    assert_int_equal(parent_play(parent), code);
    const struct occ_frame frame = parent_frame(parent);
    assert_int_equal(frame.type, OCC_FRAME_REFUSED);
    assert_true(parent_is_done(parent));
    struct occ_refused refused;
    assert_int_equal(occ_hello_read_refused(frame.payload, &refused).code, OCC_OK);
    assert_int_equal(refused.code, code);
    if (!occ_bytes_is(refused.text, text)) {
        fail_msg("%.*s, expected %s", OCC_BYTES_ARG(refused.text), text);
    }
    /* Nothing more in this session … */
    occ_buf_reset(&parent->in);
    occ_frame_end(&parent->in, occ_frame_begin(&parent->in, OCC_FRAME_PING, 1));
    assert_int_equal(parent_play(parent), OCC_ERR_STATE);
    /* … and all as before in the next. */
    const uint64_t counter = parent->counter;
    assert_int_equal(parent_hello(parent).heads[0].counter, counter);
}

static void
put_empty(struct parent *parent, enum occ_frame_type type, uint64_t id)
{
    occ_frame_end(&parent->in, occ_frame_begin(&parent->in, type, id));
}

static void
test_before_hello(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    occ_gate_begin_session(parent.gate);
    put_empty(&parent, OCC_FRAME_PING, 1);
    expect_end(&parent, OCC_ERR_STATE, "a frame of type 7 before HELLO");
    occ_gate_begin_session(parent.gate);
    struct occ_commit_writer writer;
    occ_commit_begin(&writer, &parent.in, 5);
    parent_put_request(&writer, "x", NULL, 1);
    occ_commit_end(&writer);
    expect_end(&parent, OCC_ERR_STATE, "a frame of type 4 before HELLO");
    occ_gate_begin_session(parent.gate);
    occ_commit_put_ack(&parent.in, 0);
    expect_end(&parent, OCC_ERR_STATE, "a frame of type 6 before HELLO");
    parent_commit_well(&parent, 1, 1);
    parent_end(&parent);
}

static void
test_versions(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    const struct occ_hello newer = { .min_version = 4, .max_version = 5 };
    occ_gate_begin_session(parent.gate);
    occ_hello_put(&parent.in, &newer);
    expect_end(&parent, OCC_ERR_WIRE_VERSION,
               "the parent speaks versions 4 to 5 of the frame protocol, this boundary 3");
    const struct occ_hello older = { .min_version = 1, .max_version = 2 };
    occ_gate_begin_session(parent.gate);
    occ_hello_put(&parent.in, &older);
    expect_end(&parent, OCC_ERR_WIRE_VERSION,
               "the parent speaks versions 1 to 2 of the frame protocol, this boundary 3");
    const struct occ_hello both = { .min_version = 0, .max_version = 9, .features = UINT64_MAX };
    occ_gate_begin_session(parent.gate);
    occ_hello_put(&parent.in, &both);
    assert_int_equal(parent_play(&parent), OCC_OK);
    struct occ_hello_ok ok;
    assert_int_equal(occ_hello_read_ok(parent_frame(&parent).payload, &ok).code, OCC_OK);
    assert_int_equal(ok.version, 3);
    assert_int_equal(ok.features, 0); /* only what both have */
    parent_end(&parent);
}

static void
test_not_allowed(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    const struct occ_hello hello = { .min_version = OCC_WIRE_VERSION, .max_version = OCC_WIRE_VERSION };
    occ_hello_put(&parent.in, &hello);
    expect_end(&parent, OCC_ERR_WIRE_MESSAGE, "a second HELLO in one session");
    static const enum occ_frame_type types[] = { OCC_FRAME_HELLO_OK, OCC_FRAME_REFUSED, OCC_FRAME_RESULT,
                                                 OCC_FRAME_PONG };
    for (size_t i = 0; i < 4; i++) {
        char text[80];
        snprintf(text, sizeof text, "a frame of type %d, which only a boundary sends", (int)types[i]);
        put_empty(&parent, types[i], 1);
        expect_end(&parent, OCC_ERR_WIRE_MESSAGE, text);
    }
    put_empty(&parent, OCC_FRAME_COMMIT, 1);
    expect_end(&parent, OCC_ERR_WIRE_MESSAGE, "a malformed COMMIT");
    put_empty(&parent, OCC_FRAME_ACK, 0);
    expect_end(&parent, OCC_ERR_WIRE_MESSAGE, "a malformed ACK");
    occ_gate_begin_session(parent.gate);
    put_empty(&parent, OCC_FRAME_HELLO, 0);
    expect_end(&parent, OCC_ERR_WIRE_MESSAGE, "a malformed HELLO");
    const size_t begin = occ_frame_begin(&parent.in, OCC_FRAME_PING, 1);
    occ_buf_put_byte(&parent.in, 0);
    occ_frame_end(&parent.in, begin);
    expect_end(&parent, OCC_ERR_WIRE_MESSAGE, "a PING with a payload");
    occ_buf_put_be32(&parent.in, 5);
    expect_end(&parent, OCC_ERR_WIRE_FRAME, "a malformed frame");
    struct occ_commit_writer writer;
    occ_commit_begin(&writer, &parent.in, 0);
    parent_put_request(&writer, "x", NULL, 1);
    occ_commit_end(&writer);
    expect_end(&parent, OCC_ERR_WIRE_MESSAGE, "a COMMIT with id 0, which no answer can name");
    parent_commit_well(&parent, 1, 1);
    parent_end(&parent);
}

static void
test_ping(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    put_empty(&parent, OCC_FRAME_PING, 77);
    put_empty(&parent, OCC_FRAME_PING, 78);
    assert_int_equal(parent_play(&parent), OCC_OK);
    for (uint64_t id = 77; id <= 78; id++) {
        const struct occ_frame frame = parent_frame(&parent);
        assert_int_equal(frame.type, OCC_FRAME_PONG);
        assert_int_equal(frame.id, id);
        struct occ_status status;
        assert_int_equal(occ_status_read(frame.payload, &status).code, OCC_OK);
        assert_int_equal(status.trouble.len, 0);
        assert_false(status.has_attester);
    }
    parent_end(&parent);
}

/* Bytes come as they come: nothing happens before a frame is whole. */
static void
test_pieces(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    put_empty(&parent, OCC_FRAME_PING, 1);
    OCC_BUF_AUTO(out, 1000);
    for (size_t len = 0; len < parent.in.len; len++) {
        size_t used = 99;
        assert_int_equal(flat_handle(parent.gate, occ_bytes_of(parent.in.ptr, len), &used, &out).code, OCC_OK);
        assert_int_equal(used, 0);
        assert_int_equal(out.len, 0);
    }
    parent_end(&parent);
}

/* ---- acknowledgements and redelivery ---- */

static void
test_ack(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    assert_int_equal(parent_ack(&parent, 0), OCC_OK); /* nothing, of nothing */
    parent_commit_well(&parent, 1, 1);
    parent_commit_well(&parent, 2, 1);
    assert_int_equal(parent_ack(&parent, 1), OCC_OK);
    assert_int_equal(parent_ack(&parent, 1), OCC_OK);
    assert_int_equal(parent.out.len, 0); /* not answered */
    occ_commit_put_ack(&parent.in, 3);
    expect_end(&parent, OCC_ERR_WIRE_MESSAGE, "an ACK of position 3, expected 1 to 2");
    occ_commit_put_ack(&parent.in, 0);
    expect_end(&parent, OCC_ERR_WIRE_MESSAGE, "an ACK of position 0, expected 1 to 2");
    assert_int_equal(parent_ack(&parent, 2), OCC_OK);
    const struct occ_hello_ok ok = parent_hello(&parent);
    assert_int_equal(ok.last_position, 2);
    assert_int_equal(ok.acknowledged_position, 2);
    assert_true(parent_is_done(&parent)); /* nothing to give again */
    parent_end(&parent);
}

/* DESIGN §4, promise 1: what is not acknowledged is given again after a reconnect, the same bytes. */
static void
test_given_again(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    parent_commit_well(&parent, 1, 1);
    OCC_BUF_AUTO(first, 1 << 20);
    struct occ_commit_writer writer;
    occ_commit_begin(&writer, &parent.in, 5);
    parent_put_request(&writer, "opaque bytes", "{\"a\":1}", 2);
    parent_put_request(&writer, "bad", "[]", 2);
    parent_put_request(&writer, "third", NULL, 1);
    occ_commit_end(&writer);
    assert_int_equal(parent_play(&parent), OCC_OK);
    occ_buf_put(&first, occ_buf_view(&parent.out));
    assert_int_equal(parent_ack(&parent, 1), OCC_OK);
    const struct occ_hello_ok ok = parent_hello(&parent);
    assert_int_equal(ok.last_position, 3);
    assert_int_equal(ok.acknowledged_position, 1);
    assert_int_equal(ok.heads[0].counter, 4);
    struct occ_commit_results in = parent_results(&parent, 0, 2); /* the refusal is not kept */
    assert_true(parent_is_done(&parent));
    struct occ_commit_results before;
    const struct occ_bytes payload = occ_bytes_of(first.ptr + OCC_FRAME_HEAD_LEN, first.len - OCC_FRAME_HEAD_LEN);
    assert_int_equal(occ_commit_read_results(payload, &before).code, OCC_OK);
    for (unsigned i = 0; i < 3; i++) {
        struct occ_commit_outcome then, now;
        assert_int_equal(occ_commit_next_result(&before, &then).code, OCC_OK);
        if (then.code != OCC_OK) {
            continue;
        }
        assert_int_equal(occ_commit_next_result(&in, &now).code, OCC_OK);
        assert_int_equal(now.position, then.position);
        assert_true(occ_bytes_equal(now.opaque, then.opaque));
        assert_int_equal(now.proof_count, then.proof_count);
        assert_true(occ_bytes_equal(now.proofs, then.proofs));
    }
    assert_true(occ_reader_done(&in.in));
    /* Once more, and again after an acknowledgement: only what is left. */
    parent_hello(&parent);
    in = parent_results(&parent, 0, 2);
    assert_int_equal(parent_ack(&parent, 2), OCC_OK);
    parent_hello(&parent);
    in = parent_results(&parent, 0, 1);
    struct occ_commit_outcome last;
    assert_int_equal(occ_commit_next_result(&in, &last).code, OCC_OK);
    assert_true(occ_bytes_is(last.opaque, "third"));
    parent_end(&parent);
}

/* More than a frame holds comes in several, in order and without loss. */
static void
test_given_again_in_frames(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    enum { REQUESTS = OCC_LIMIT_FRAME_REQUESTS + 10 };
    for (unsigned i = 0; i < REQUESTS; i++) {
        parent_commit_well(&parent, i + 1, 1);
    }
    parent_commit_well(&parent, REQUESTS + 1, 10000); /* 7 MB each: three and more are not in one frame */
    parent_commit_well(&parent, REQUESTS + 2, 10000);
    parent_commit_well(&parent, REQUESTS + 3, 10000);
    parent_commit_well(&parent, REQUESTS + 4, 10000);
    parent_hello(&parent);
    parent.counter = 0; /* all of it once more */
    parent.time_ms = 0;
    uint64_t position = 0;
    size_t frames = 0;
    while (!parent_is_done(&parent)) {
        const struct occ_frame frame = parent_frame(&parent);
        assert_int_equal(frame.id, 0);
        struct occ_commit_results in;
        assert_int_equal(occ_commit_read_results(frame.payload, &in).code, OCC_OK);
        for (uint16_t i = 0; i < in.result_count; i++) {
            position++;
            parent_expect_success(&parent, &in, position, position <= REQUESTS ? 1 : 10000);
        }
        assert_true(occ_reader_done(&in.in));
        frames++;
    }
    assert_int_equal(position, REQUESTS + 4);
    assert_int_equal(frames, 3);
    parent_end(&parent);
}

/* ---- the epoch's beginning ---- */

static void
test_self_test(void **state)
{
    (void)state;
    struct world world;
    struct occ_gate_config config = world_config(&world);
    struct occ_gate *gate = NULL;
    struct occ_error err;
    world.lie_at = 1;
    assert_int_equal(occ_gate_new(&config, &err, &gate).code, OCC_ERR_SIGNATURE);
    assert_string_equal(err.text, "the signing key failed its self-test: signature verification failed");
    assert_null(gate);
    assert_null(world.real.ctx); /* the signer is cleared also then */
    config = world_config(&world);
    world.fail_at = 1;
    world.fail_code = OCC_ERR_UNAVAILABLE;
    assert_int_equal(occ_gate_new(&config, &err, &gate).code, OCC_ERR_UNAVAILABLE);
    assert_null(world.real.ctx);
    config = world_config(&world); /* a signer whose key is not the one that it says */
    config.signer.public_key[0] ^= 1;
    assert_int_equal(occ_gate_new(&config, &err, &gate).code, OCC_ERR_SIGNATURE);
    occ_gate_free(NULL);
}

static void
test_second_parent(void **state)
{
    (void)state;
    OCC_BUF_AUTO(out, 1000);
    occ_gate_refuse_second(&out);
    struct occ_frame frame;
    size_t used = 0;
    assert_int_equal(occ_frame_next(occ_buf_view(&out), &frame, &used).code, OCC_OK);
    assert_int_equal(used, out.len);
    struct occ_refused refused;
    assert_int_equal(occ_hello_read_refused(frame.payload, &refused).code, OCC_OK);
    assert_int_equal(refused.code, OCC_ERR_LOCKED);
    assert_true(occ_bytes_is(refused.text, "another parent is connected"));
}

/* A parent that takes nothing: the buffer's end is the session's end, in whole frames, and nothing is lost. */
static void
test_no_room_out(void **state)
{
    (void)state;
    struct parent parent;
    parent_begin(&parent);
    parent_commit_well(&parent, 1, 10);
    const struct occ_hello hello = { .min_version = OCC_WIRE_VERSION, .max_version = OCC_WIRE_VERSION };
    occ_hello_put(&parent.in, &hello);
    for (size_t limit = 0; limit < 1000; limit += 7) {
        OCC_BUF_AUTO(out, limit);
        size_t used = 0;
        occ_gate_begin_session(parent.gate);
        assert_int_equal(flat_handle(parent.gate, occ_buf_view(&parent.in), &used, &out).code, OCC_ERR_LIMIT);
        struct occ_bytes rest = occ_buf_view(&out);
        while (rest.len > 0) {
            struct occ_frame frame;
            assert_int_equal(occ_frame_next(rest, &frame, &used).code, OCC_OK);
            assert_true(used > 0);
            assert_int_equal(frame.type, OCC_FRAME_REFUSED);
            rest = occ_bytes_of(rest.ptr + used, rest.len - used);
        }
    }
    parent_hello(&parent);
    parent_results(&parent, 0, 1);
    parent_end(&parent);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hello),        cmocka_unit_test(test_head),
        cmocka_unit_test(test_before_hello), cmocka_unit_test(test_versions),
        cmocka_unit_test(test_not_allowed),  cmocka_unit_test(test_ping),
        cmocka_unit_test(test_pieces),       cmocka_unit_test(test_ack),
        cmocka_unit_test(test_given_again),  cmocka_unit_test(test_given_again_in_frames),
        cmocka_unit_test(test_self_test),    cmocka_unit_test(test_second_parent),
        cmocka_unit_test(test_no_room_out),  cmocka_unit_test(test_most_chains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
