/* Requests with the same Idempotency-Key: one has the lead, the others wait, in order and not for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/repeats.h"

enum { REQUESTS = 4, GUARD_MS = 20000 };

struct request {
    struct occ_repeats_entry entry; /* first */
    struct fixture *fixture;
    unsigned gone;
    enum occ_err code;
};

struct fixture {
    struct occ_loop *loop;
    struct occ_repeats *repeats;
    struct occ_timer *guard;
    struct request requests[REQUESTS];
    unsigned calls, stop_at;
    bool leaves; /* whoever takes the lead leaves at once */
};

static void
on_go(struct occ_repeats_entry *entry, struct occ_result result)
{
    struct request *request = (struct request *)entry;
    struct fixture *fixture = request->fixture;
    request->gone++;
    request->code = result.code;
    if (occ_is_ok(result) && fixture->leaves) {
        occ_repeats_leave(fixture->repeats, entry);
    }
    if (++fixture->calls == fixture->stop_at) {
        occ_loop_stop(fixture->loop);
    }
}

static void
on_guard(void *ctx)
{
    (void)ctx;
    fail();
}

static void
set_up(struct fixture *fixture, uint64_t wait_ms)
{
    struct occ_error err = { 0 };
    *fixture = (struct fixture){ .calls = 0 };
    assert_true(occ_is_ok(occ_loop_new(&err, &fixture->loop)));
    assert_true(occ_is_ok(occ_timer_new(fixture->loop, on_guard, fixture, &fixture->guard)));
    occ_timer_start(fixture->guard, GUARD_MS);
    assert_true(occ_is_ok(occ_repeats_new(fixture->loop, wait_ms, &fixture->repeats)));
    for (unsigned i = 0; i < REQUESTS; i++) {
        fixture->requests[i] = (struct request){ .entry.go = on_go, .fixture = fixture };
    }
}

static void
tear_down(struct fixture *fixture)
{
    occ_repeats_free(fixture->repeats);
    occ_timer_free(fixture->guard);
    occ_loop_free(fixture->loop);
}

static bool
enter(struct fixture *fixture, unsigned index)
{
    bool leads = false;
    assert_true(occ_is_ok(occ_repeats_enter(fixture->repeats, &fixture->requests[index].entry, &leads)));
    assert_int_equal(fixture->requests[index].gone, 0);
    return leads;
}

static void
run_until(struct fixture *fixture, unsigned calls)
{
    fixture->stop_at = calls;
    occ_loop_run(fixture->loop);
    assert_int_equal(fixture->calls, calls);
}

static void
test_lead_passes_on(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture, 60000);
    assert_true(enter(&fixture, 0));
    assert_false(enter(&fixture, 1));
    assert_false(enter(&fixture, 2));
    occ_repeats_leave(fixture.repeats, &fixture.requests[0].entry);
    assert_int_equal(fixture.calls, 0); /* not from the call itself */
    assert_false(enter(&fixture, 3));   /* 1 has the lead already */
    run_until(&fixture, 1);
    assert_int_equal(fixture.requests[1].gone, 1);
    assert_int_equal(fixture.requests[1].code, OCC_OK);
    fixture.leaves = true;
    occ_repeats_leave(fixture.repeats, &fixture.requests[1].entry);
    run_until(&fixture, 3);
    assert_int_equal(fixture.requests[2].gone, 1);
    assert_int_equal(fixture.requests[3].gone, 1);
    fixture.requests[0].gone = 0;
    assert_true(enter(&fixture, 0)); /* nobody is left */
    occ_repeats_leave(fixture.repeats, &fixture.requests[0].entry);
    tear_down(&fixture);
}

/* Two of one bucket and one of another do not know of each other. */
static void
test_different_ones(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture, 60000);
    fixture.requests[1].entry.repeat[31] = 1;
    fixture.requests[2].entry.repeat[0] = 1;
    for (unsigned i = 0; i < 3; i++) {
        assert_true(enter(&fixture, i));
    }
    for (unsigned i = 0; i < 3; i++) {
        occ_repeats_leave(fixture.repeats, &fixture.requests[i].entry);
    }
    assert_true(enter(&fixture, 1));
    occ_repeats_leave(fixture.repeats, &fixture.requests[1].entry);
    tear_down(&fixture);
}

static void
test_other_body(void **state)
{
    (void)state;
    struct fixture fixture;
    bool leads;
    set_up(&fixture, 60000);
    assert_true(enter(&fixture, 0));
    fixture.requests[1].entry.body[5] = 1;
    assert_int_equal(occ_repeats_enter(fixture.repeats, &fixture.requests[1].entry, &leads).code, OCC_ERR_REPEAT);
    occ_repeats_leave(fixture.repeats, &fixture.requests[0].entry);
    assert_true(enter(&fixture, 1));
    occ_repeats_leave(fixture.repeats, &fixture.requests[1].entry);
    tear_down(&fixture);
}

static void
test_time_out(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture, 1);
    assert_true(enter(&fixture, 0));
    assert_false(enter(&fixture, 1));
    assert_false(enter(&fixture, 2));
    run_until(&fixture, 2);
    assert_int_equal(fixture.requests[1].code, OCC_ERR_TIMEOUT);
    assert_int_equal(fixture.requests[2].code, OCC_ERR_TIMEOUT);
    assert_int_equal(fixture.requests[0].gone, 0); /* its own limits hold for the one in the lead */
    occ_repeats_leave(fixture.repeats, &fixture.requests[0].entry);
    tear_down(&fixture);
}

static void
test_end(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture, 60000);
    assert_true(enter(&fixture, 0));
    for (unsigned i = 1; i < 4; i++) {
        assert_false(enter(&fixture, i));
    }
    occ_repeats_leave(fixture.repeats, &fixture.requests[0].entry); /* 1 has the lead, and was not told */
    tear_down(&fixture);
    for (unsigned i = 1; i < 4; i++) {
        assert_int_equal(fixture.requests[i].gone, 1);
        assert_int_equal(fixture.requests[i].code, OCC_ERR_UNAVAILABLE);
    }
}

static void
test_full(void **state)
{
    (void)state;
    static struct request many[OCC_LIMIT_REPEATS_WAITING + 1];
    struct fixture fixture;
    bool leads;
    set_up(&fixture, 60000);
    assert_true(enter(&fixture, 0));
    for (unsigned i = 0; i <= OCC_LIMIT_REPEATS_WAITING; i++) {
        many[i] = (struct request){ .entry.go = on_go, .fixture = &fixture };
        const struct occ_result entered = occ_repeats_enter(fixture.repeats, &many[i].entry, &leads);
        assert_int_equal(entered.code, i < OCC_LIMIT_REPEATS_WAITING ? OCC_OK : OCC_ERR_BUSY);
    }
    occ_repeats_leave(fixture.repeats, &fixture.requests[0].entry);
    tear_down(&fixture);
    assert_int_equal(fixture.calls, OCC_LIMIT_REPEATS_WAITING);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lead_passes_on),
        cmocka_unit_test(test_different_ones),
        cmocka_unit_test(test_other_body),
        cmocka_unit_test(test_time_out),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
