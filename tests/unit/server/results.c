/*
 * Results between the boundary, the ledger and their clients. The store is this test's: it says when something is durable, and
 * so shows what happened before and what after.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/results.h"
#include "wire/frame.h"

enum { TAKEN_MAX = 8 };

/* ---- the store that is played ---- */

struct occ_store {
    struct occ_store_job *taken[TAKEN_MAX];
    size_t count;
    bool halted;
};

struct occ_result
occ_store_write(struct occ_store *store, struct occ_store_job *job)
{
    OCC_ENSURE(!store->halted, OCC_ERR_BUSY);
    assert_true(job->keep); /* what was signed is never dropped */
    store->taken[store->count++] = job;
    return occ_success();
}

/* ---- */

static const struct occ_boundary_identity identity = {
    .public_key = { 7 }, .epoch_id = "epoch", .enforcement = "stub", .measurement = "stub:test"
};

struct request {
    struct occ_pending pending; /* first */
    unsigned done;
    enum occ_err code;
};

struct fixture {
    struct occ_store store;
    struct occ_results *results;
    struct request requests[2];
    struct occ_pending_list flight;
    size_t answer_len; /* of each request */
    unsigned halts, troubles;
    char trouble[64];
};

static void
on_trouble(void *ctx, struct occ_bytes why)
{
    struct fixture *fixture = ctx;
    fixture->troubles++;
    (void)snprintf(fixture->trouble, sizeof(fixture->trouble), "%.*s", OCC_BYTES_ARG(why));
}

static void
on_halt(void *ctx, const char *why)
{
    struct fixture *fixture = ctx;
    assert_true(strlen(why) > 0);
    fixture->halts++;
}

static void
on_done(struct occ_pending *pending, const struct occ_pending_answer *answer)
{
    struct request *request = (struct request *)pending;
    request->done++;
    request->code = answer->code;
    assert_int_equal(answer->proof_count, answer->code == OCC_OK ? 1 : 0);
    occ_buf_clear(&pending->loose);
}

static void
set_up(struct fixture *fixture)
{
    static const struct occ_events no_log = { 0 };
    *fixture = (struct fixture){ .halts = 0 };
    const struct occ_results_config config = {
        .events = &no_log, .store = &fixture->store, .halt = on_halt, .trouble = on_trouble, .ctx = fixture
    };
    assert_true(occ_is_ok(occ_results_new(&config, &fixture->results)));
}

static void
tear_down(struct fixture *fixture)
{
    assert_int_equal(occ_results_len(fixture->results), 0);
    occ_results_free(fixture->results);
}

static const uint8_t digest[32] = { 3 };

static void
make_request(struct request *request, uint8_t number)
{
    *request = (struct request){
        .pending = { .opaque = { number }, .opaque_len = 4, .digests = 1, .loose = OCC_BUF_INIT(256), .done = on_done }
    };
    struct occ_commit_writer writer;
    occ_commit_begin_loose(&writer, &request->pending.loose);
    occ_commit_put_request(&writer, occ_bytes_of(request->pending.opaque, 4));
    occ_commit_put_digest(&writer, digest);
    occ_commit_end_loose(&writer);
}

static void
put_success(struct occ_result_writer *writer, uint64_t position, struct occ_bytes opaque)
{
    occ_commit_put_success(writer, opaque, position, occ_bytes_of(NULL, 0));
    const size_t begin = occ_commit_begin_proof(writer, position, digest);
    occ_buf_put_str(writer->buf, "{}");
    occ_commit_end_proof(writer, begin, 0, 0);
}

/* Takes a frame with the results of both requests, the second one refused with code if that is not OCC_OK. */
static struct occ_result
take(struct fixture *fixture, uint64_t first_position, enum occ_err second)
{
    struct occ_result_writer writer;
    OCC_BUF_AUTO(out, 4096);
    occ_commit_begin_results(&writer, &out, 5);
    for (unsigned i = 0; i < 2; i++) {
        struct request *request = &fixture->requests[i];
        make_request(request, (uint8_t)i);
        request->pending.answer_len = fixture->answer_len;
        occ_pending_push(&fixture->flight, &request->pending);
        const struct occ_bytes opaque = occ_bytes_of(request->pending.opaque, 4);
        if (i == 1 && second != OCC_OK) {
            occ_commit_put_refusal(&writer, opaque, second, occ_bytes_str("no"));
        } else {
            put_success(&writer, first_position + i, opaque);
        }
    }
    occ_commit_end_results(&writer);
    return occ_results_take(fixture->results, &fixture->flight,
                            occ_bytes_of(out.ptr + OCC_FRAME_HEAD_LEN, out.len - OCC_FRAME_HEAD_LEN));
}

static struct occ_result
give_again(struct fixture *fixture, uint64_t first, uint64_t last)
{
    struct occ_result_writer writer;
    OCC_BUF_AUTO(out, 4096);
    occ_commit_begin_results(&writer, &out, 0);
    for (uint64_t position = first; position <= last; position++) {
        put_success(&writer, position, occ_bytes_str("earlier"));
    }
    occ_commit_end_results(&writer);
    return occ_results_take_again(fixture->results,
                                  occ_bytes_of(out.ptr + OCC_FRAME_HEAD_LEN, out.len - OCC_FRAME_HEAD_LEN));
}

/* The position of the ACK that is due; 0 = none is. */
static uint64_t
due_ack(struct fixture *fixture)
{
    OCC_BUF_AUTO(out, 64);
    struct occ_frame frame;
    size_t used;
    uint64_t position = 0;
    if (!occ_results_put_ack(fixture->results, &out)) {
        return 0;
    }
    assert_true(occ_is_ok(occ_frame_next(occ_buf_view(&out), &frame, &used)));
    assert_true(occ_is_ok(occ_commit_read_ack(frame.payload, &position)));
    return position;
}

static void
say_done(struct fixture *fixture, size_t index, enum occ_err code)
{
    fixture->store.taken[index]->done(fixture->store.taken[index], occ_result_of(code));
}

static void
say_kept(struct fixture *fixture, size_t index, enum occ_err code)
{
    fixture->store.taken[index]->kept(fixture->store.taken[index], occ_result_of(code));
}

/* DESIGN §4, promise 1: durable, then acknowledged and answered. */
static void
test_order(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    occ_results_begin(fixture.results, &identity, 3, 3);
    assert_true(occ_is_ok(take(&fixture, 4, OCC_ERR_FIELD_TYPE)));
    assert_int_equal(fixture.flight.count, 0);
    assert_int_equal(fixture.store.count, 1);
    assert_int_equal(fixture.store.taken[0]->write.entry_count, 1);
    assert_int_equal(fixture.requests[0].done + fixture.requests[1].done, 0);
    assert_int_equal(due_ack(&fixture), 0);
    assert_true(occ_results_len(fixture.results) > 0);
    say_done(&fixture, 0, OCC_OK);
    assert_int_equal(fixture.requests[0].code, OCC_OK);
    assert_int_equal(fixture.requests[1].code, OCC_ERR_FIELD_TYPE);
    assert_int_equal(fixture.requests[0].done + fixture.requests[1].done, 2);
    assert_int_equal(due_ack(&fixture), 4);
    assert_int_equal(due_ack(&fixture), 0); /* once */
    tear_down(&fixture);
}

static void
test_not_durable_yet(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    occ_results_begin(fixture.results, &identity, 0, 0);
    assert_true(occ_is_ok(take(&fixture, 1, OCC_OK)));
    say_done(&fixture, 0, OCC_ERR_LEDGER_FULL);
    assert_int_equal(fixture.requests[0].code, OCC_ERR_UNKNOWN_OUTCOME);
    assert_int_equal(fixture.requests[1].done, 1);
    assert_int_equal(due_ack(&fixture), 0);
    assert_true(occ_results_settled(fixture.results));
    say_kept(&fixture, 0, OCC_OK);
    assert_int_equal(fixture.requests[0].done, 1);
    assert_int_equal(due_ack(&fixture), 2);
    assert_int_equal(fixture.halts, 0);
    tear_down(&fixture);
}

static void
test_ledger_disagrees(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    occ_results_begin(fixture.results, &identity, 0, 0);
    assert_true(occ_is_ok(take(&fixture, 1, OCC_OK)));
    say_done(&fixture, 0, OCC_ERR_INTEGRITY);
    say_kept(&fixture, 0, OCC_ERR_INTEGRITY);
    assert_int_equal(fixture.halts, 1);
    assert_int_equal(due_ack(&fixture), 0);
    fixture.store.halted = true;
    assert_true(occ_is_ok(take(&fixture, 3, OCC_OK)));
    assert_int_equal(fixture.requests[0].code, OCC_ERR_UNKNOWN_OUTCOME);
    tear_down(&fixture);
}

/* What outlives its session is answered, and not acknowledged to the next. */
static void
test_next_session(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    occ_results_begin(fixture.results, &identity, 0, 0);
    assert_true(occ_is_ok(take(&fixture, 1, OCC_OK)));
    occ_results_end(fixture.results);
    occ_results_begin(fixture.results, &identity, 0, 2);
    assert_false(occ_results_settled(fixture.results));
    say_done(&fixture, 0, OCC_OK);
    assert_int_equal(fixture.requests[0].code, OCC_OK);
    assert_true(occ_results_settled(fixture.results));
    assert_int_equal(occ_results_durable(fixture.results), 0);
    assert_int_equal(due_ack(&fixture), 0);
    tear_down(&fixture);
}

static void
test_given_again(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    occ_results_begin(fixture.results, &identity, 3, 6);
    assert_true(occ_is_ok(give_again(&fixture, 4, 5)));
    assert_int_equal(fixture.store.count, 0); /* the ledger has not been looked at */
    occ_results_replay(fixture.results);
    assert_int_equal(fixture.store.count, 1);
    assert_true(occ_is_ok(give_again(&fixture, 6, 6)));
    assert_int_equal(fixture.store.count, 2);
    assert_true(occ_results_settled(fixture.results));
    assert_int_equal(give_again(&fixture, 7, 7).code, OCC_ERR_WIRE_MESSAGE); /* more than it said it made */
    say_done(&fixture, 0, OCC_OK);
    assert_int_equal(occ_results_durable(fixture.results), 5);
    say_done(&fixture, 1, OCC_OK);
    assert_int_equal(due_ack(&fixture), 6);
    tear_down(&fixture);
}

static void
test_given_again_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    occ_results_begin(fixture.results, &identity, 3, 9);
    assert_int_equal(give_again(&fixture, 5, 6).code, OCC_ERR_WIRE_MESSAGE); /* a gap */
    assert_int_equal(give_again(&fixture, 3, 4).code, OCC_ERR_WIRE_MESSAGE); /* acknowledged before */
    assert_true(occ_is_ok(give_again(&fixture, 4, 4)));
    occ_results_end(fixture.results); /* held, and never written: it will be given again */
    assert_int_equal(fixture.store.count, 0);
    tear_down(&fixture);
}

static void
test_lost(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    occ_results_begin(fixture.results, &identity, 0, 0);
    assert_int_equal(take(&fixture, 1, OCC_ERR_INTEGRITY).code, OCC_ERR_INTEGRITY);
    assert_int_equal(fixture.store.count, 1); /* what was signed before it is good */
    occ_results_end(fixture.results);
    say_done(&fixture, 0, OCC_OK);
    assert_int_equal(fixture.requests[0].code, OCC_OK);
    assert_int_equal(fixture.requests[1].code, OCC_ERR_INTEGRITY);
    tear_down(&fixture);
}

/* A request was refused since the boundary's device fails: that is said, before its client is answered, and the rest is good. */
static void
test_trouble(void **state)
{
    (void)state;
    static const enum occ_err codes[] = { OCC_ERR_ATTESTER, OCC_ERR_TOKEN };
    for (size_t i = 0; i < 2; i++) {
        struct fixture fixture;
        set_up(&fixture);
        occ_results_begin(fixture.results, &identity, 0, 0);
        assert_true(occ_is_ok(take(&fixture, 1, codes[i])));
        assert_int_equal(fixture.troubles, 1);
        assert_string_equal(fixture.trouble, "no");
        say_done(&fixture, 0, OCC_OK);
        assert_int_equal(fixture.requests[0].code, OCC_OK);
        assert_int_equal(fixture.requests[1].code, codes[i]);
        assert_int_equal(due_ack(&fixture), 1);
        tear_down(&fixture);
    }
}

/* What is held for a delivery are the answers that will come of it, where documents make those longer than the frame. */
static void
test_held(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    occ_results_begin(fixture.results, &identity, 0, 0);
    fixture.answer_len = 5000;
    assert_true(occ_is_ok(take(&fixture, 1, OCC_OK)));
    assert_int_equal(occ_results_len(fixture.results), 2 * 5000);
    say_done(&fixture, 0, OCC_OK);
    assert_int_equal(occ_results_len(fixture.results), 0);
    tear_down(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_not_durable_yet),
        cmocka_unit_test(test_ledger_disagrees),
        cmocka_unit_test(test_next_session),
        cmocka_unit_test(test_given_again),
        cmocka_unit_test(test_given_again_refused),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_trouble),
        cmocka_unit_test(test_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
