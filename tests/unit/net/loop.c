/* loop.c — timers, signals, and the order of things at the end of a turn. */
#include <signal.h>
#include <stdlib.h>

#include "net/loop_private.h"
#include "unit/net/cmocka_all.h"

enum { EVENTS_MAX = 64 };

/* What happened, in order: one character each. */
struct events {
    struct occ_loop *loop;
    char text[EVENTS_MAX];
    size_t len;
    struct occ_timer *timers[2];
    struct occ_loop_task soon, flush;
    int signals;
};

static void
note(struct events *events, char what)
{
    assert_true(events->len < EVENTS_MAX - 1);
    events->text[events->len++] = what;
}

static int
setup(void **state)
{
    struct events *events = calloc(1, sizeof *events);
    struct occ_error err;
    assert_true(occ_is_ok(occ_loop_new(&err, &events->loop)));
    *state = events;
    return 0;
}

static int
teardown(void **state)
{
    struct events *events = *state;
    occ_timer_free(events->timers[0]);
    occ_timer_free(events->timers[1]);
    occ_loop_free(events->loop);
    free(events);
    return 0;
}

static void
on_first(void *ctx)
{
    note(ctx, 'a');
}

static void
on_second(void *ctx)
{
    note(ctx, 'b');
}

static void
test_timers(void **state)
{
    struct events *events = *state;
    assert_true(occ_is_ok(occ_timer_new(events->loop, on_first, events, &events->timers[0])));
    assert_true(occ_is_ok(occ_timer_new(events->loop, on_second, events, &events->timers[1])));
    const uint64_t before_ms = occ_loop_now_ms(events->loop);
    occ_timer_start(events->timers[0], 30);
    occ_timer_start(events->timers[1], 10);
    occ_loop_run(events->loop);
    assert_string_equal(events->text, "ba");
    assert_true(occ_loop_now_ms(events->loop) >= before_ms + 30);
    occ_timer_start(events->timers[0], 1);
    occ_timer_stop(events->timers[0]);
    occ_timer_start(events->timers[1], 1000000);
    occ_timer_start(events->timers[1], 1); /* replaces */
    occ_loop_run(events->loop);
    assert_string_equal(events->text, "bab");
    occ_timer_start(events->timers[0], 0);
    occ_timer_free(events->timers[0]); /* never fires again */
    events->timers[0] = NULL;
    occ_loop_run(events->loop);
    assert_string_equal(events->text, "bab");
}

static void
on_signal(void *ctx, int number)
{
    struct events *events = ctx;
    assert_int_equal(number, SIGHUP);
    if (++events->signals == 2) {
        occ_loop_stop(events->loop);
    } else {
        raise(SIGHUP);
    }
}

static void
on_raise(void *ctx)
{
    (void)ctx;
    raise(SIGHUP);
}

static void
test_signals(void **state)
{
    struct events *events = *state;
    assert_true(occ_is_ok(occ_loop_on_signal(events->loop, SIGHUP, on_signal, events)));
    occ_loop_run(events->loop); /* a signal that is waited for keeps no loop alive */
    assert_true(occ_is_ok(occ_timer_new(events->loop, on_raise, events, &events->timers[0])));
    assert_true(occ_is_ok(occ_timer_new(events->loop, on_first, events, &events->timers[1])));
    occ_timer_start(events->timers[0], 0);
    occ_timer_start(events->timers[1], 10000);
    occ_loop_run(events->loop);
    assert_int_equal(events->signals, 2);
    assert_int_equal(events->len, 0); /* the loop was stopped, the timer had not fired */
}

static void
on_soon(struct occ_loop_task *task)
{
    struct events *events = (struct events *)(void *)((char *)task - offsetof(struct events, soon));
    note(events, 's');
    if (events->len < 10) {
        occ_loop_flush(events->loop, &events->flush);
        occ_loop_flush(events->loop, &events->flush); /* once all the same */
    }
}

static void
on_flush(struct occ_loop_task *task)
{
    struct events *events = (struct events *)(void *)((char *)task - offsetof(struct events, flush));
    note(events, 'f');
    occ_loop_soon(events->loop, &events->soon);
}

static void
on_turn(void *ctx)
{
    struct events *events = ctx;
    if (events->len > 0) {
        note(events, 't');
    }
}

static void
on_start(void *ctx)
{
    struct events *events = ctx;
    note(events, '!');
    occ_loop_soon(events->loop, &events->soon);
}

/* soon, the hooks, flush; and again as long as there is more, without waiting in between. */
static void
test_end_of_turn(void **state)
{
    struct events *events = *state;
    events->soon.run = on_soon;
    events->flush.run = on_flush;
    assert_true(occ_is_ok(occ_loop_on_turn(events->loop, on_turn, events)));
    assert_true(occ_is_ok(occ_timer_new(events->loop, on_start, events, &events->timers[0])));
    occ_timer_start(events->timers[0], 0);
    occ_loop_run(events->loop);
    if (strncmp(events->text, "!stfstfstfst", 12) != 0) {
        assert_string_equal(events->text, "!stfstfstfst");
    }
}

static void
on_only_turn(void *ctx)
{
    struct events *events = ctx;
    note(events, 'o');
    occ_loop_off_turn(events->loop, events);
}

/* A hook that is gone is not called, also when it went in its own call. */
static void
test_off_turn(void **state)
{
    struct events *events = *state;
    assert_true(occ_is_ok(occ_loop_on_turn(events->loop, on_only_turn, events)));
    assert_true(occ_is_ok(occ_timer_new(events->loop, on_first, events, &events->timers[0])));
    occ_timer_start(events->timers[0], 5); /* two turns: one before the wait, one after */
    occ_loop_run(events->loop);
    assert_string_equal(events->text, "oa");
}

static void
test_cancel(void **state)
{
    struct events *events = *state;
    events->soon.run = on_soon;
    occ_loop_soon(events->loop, &events->soon);
    occ_loop_task_cancel(&events->soon);
    occ_loop_task_cancel(&events->soon);
    assert_true(occ_is_ok(occ_timer_new(events->loop, on_first, events, &events->timers[0])));
    occ_timer_start(events->timers[0], 0);
    occ_loop_run(events->loop);
    assert_string_equal(events->text, "a");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = { TEST(test_timers), TEST(test_signals), TEST(test_end_of_turn),
                                        TEST(test_off_turn), TEST(test_cancel) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
