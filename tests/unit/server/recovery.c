/*
 * The beginning of a session, state by state. The store and what is read from the ledger are this test's: a look ends when the
 * test says so, with what it says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/recovery.h"
#include "wire/link.h"

enum { GUARD_MS = 20000 };

/* ---- the store and the ledger that are played ---- */

struct occ_store {
    const char *trouble;
    bool busy;
    void (*run)(void *job, struct occ_ledger_reader *reader); /* the look that is under way */
    void (*done)(void *job);
    void *job;
};

struct occ_ledger_reader {
    enum occ_err positions, heads, link; /* what looks find */
    size_t chains;                       /* in the LINK frame */
};

const char *
occ_store_trouble(const struct occ_store *store)
{
    return store->trouble;
}

struct occ_result
occ_store_read(struct occ_store *store, void (*run)(void *job, struct occ_ledger_reader *reader),
               void (*done)(void *job), void *job)
{
    OCC_ENSURE(!store->busy, OCC_ERR_BUSY);
    assert_null(store->run);
    store->run = run;
    store->done = done;
    store->job = job;
    return occ_success();
}

void
occ_compare_copy(const struct occ_hello_ok *hello, struct occ_compare_epoch *ret_epoch)
{
    *ret_epoch = (struct occ_compare_epoch){ .last_position = hello->last_position };
    memcpy(ret_epoch->epoch_id, hello->epoch_id.ptr, hello->epoch_id.len);
}

struct occ_result
occ_compare_positions(struct occ_ledger_reader *reader, const struct occ_compare_epoch *epoch, struct occ_error *err)
{
    (void)epoch;
    return reader->positions == OCC_OK ? occ_success() : occ_error_set(err, reader->positions, "positions");
}

struct occ_result
occ_compare_heads(struct occ_ledger_reader *reader, const struct occ_compare_epoch *epoch, struct occ_error *err)
{
    (void)epoch;
    return reader->heads == OCC_OK ? occ_success() : occ_error_set(err, reader->heads, "heads");
}

struct occ_result
occ_compare_put_link(struct occ_ledger_reader *reader, const struct occ_compare_epoch *epoch, uint64_t id,
                     struct occ_error *err, struct occ_buf *buf, size_t *ret_chains)
{
    (void)epoch;
    if (reader->link != OCC_OK) {
        return occ_error_set(err, reader->link, "link");
    }
    occ_buf_put_be64(buf, id);
    *ret_chains = reader->chains;
    return occ_success();
}

/* ---- */

struct fixture {
    struct occ_store store;
    struct occ_ledger_reader reader;
    struct occ_loop *loop;
    struct occ_timer *guard;
    struct occ_recovery *recovery;
    bool runs; /* the loop does: until SETTLING */
    unsigned halts, sends;
    char why[64];
};

static void
on_halt(void *ctx, const char *why)
{
    struct fixture *fixture = ctx;
    fixture->halts++;
    (void)snprintf(fixture->why, sizeof(fixture->why), "%s", why);
    occ_recovery_end(fixture->recovery);
}

static void
on_send(void *ctx, struct occ_buf *frame)
{
    struct fixture *fixture = ctx;
    fixture->sends++;
    assert_int_equal(frame->ptr[7], 42); /* the id that it was given */
}

static void
on_changed(void *ctx)
{
    struct fixture *fixture = ctx;
    if (fixture->runs && occ_recovery_state(fixture->recovery) == OCC_RECOVERY_SETTLING) {
        fixture->runs = false;
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
set_up(struct fixture *fixture, bool genesis)
{
    static const struct occ_events no_log = { 0 };
    struct occ_error err = { 0 };
    *fixture = (struct fixture){ .halts = 0 };
    assert_true(occ_is_ok(occ_loop_new(&err, &fixture->loop)));
    assert_true(occ_is_ok(occ_timer_new(fixture->loop, on_guard, fixture, &fixture->guard)));
    occ_timer_start(fixture->guard, GUARD_MS);
    const struct occ_recovery_config config = { .loop = fixture->loop,
                                                .events = &no_log,
                                                .store = &fixture->store,
                                                .genesis = genesis,
                                                .halt = on_halt,
                                                .send = on_send,
                                                .changed = on_changed,
                                                .ctx = fixture };
    assert_true(occ_is_ok(occ_recovery_new(&config, &fixture->recovery)));
    assert_int_equal(occ_recovery_state(fixture->recovery), OCC_RECOVERY_DOWN);
}

static void
tear_down(struct fixture *fixture)
{
    occ_recovery_free(fixture->recovery);
    occ_timer_free(fixture->guard);
    occ_loop_free(fixture->loop);
}

static void
begin(struct fixture *fixture, const char *epoch_id)
{
    const struct occ_hello_ok hello = { .epoch_id = occ_bytes_str(epoch_id), .last_position = 5 };
    occ_recovery_begin(fixture->recovery, &hello, 42);
}

static void
is_in(const struct fixture *fixture, enum occ_recovery_state state)
{
    assert_int_equal(occ_recovery_state(fixture->recovery), state);
}

/* The look that is under way ends. */
static void
look(struct fixture *fixture)
{
    void (*const done)(void *job) = fixture->store.done;
    assert_non_null(fixture->store.run);
    fixture->store.run(fixture->store.job, &fixture->reader);
    fixture->store.run = NULL;
    done(fixture->store.job);
}

static struct occ_result
take_linked(struct fixture *fixture, uint64_t id, enum occ_err code, const char *text)
{
    OCC_BUF_AUTO(buf, 4096);
    struct occ_frame frame;
    size_t used;
    occ_link_put_answer(&buf, id, code, occ_bytes_str(text));
    assert_true(occ_is_ok(occ_frame_next(occ_buf_view(&buf), &frame, &used)));
    return occ_recovery_take_linked(fixture->recovery, &frame);
}

/* From SETTLING to COMPARING, and the look that compares has ended. */
static void
go_through(struct fixture *fixture)
{
    occ_recovery_turn(fixture->recovery, true, 0);
    look(fixture);
    occ_recovery_turn(fixture->recovery, true, 5);
    look(fixture);
}

static void
test_way(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture, false);
    fixture.reader.chains = 1;
    begin(&fixture, "a");
    occ_recovery_turn(fixture.recovery, false, 0); /* an earlier session's results are on their way */
    is_in(&fixture, OCC_RECOVERY_SETTLING);
    fixture.store.trouble = "full";
    occ_recovery_turn(fixture.recovery, true, 0);
    is_in(&fixture, OCC_RECOVERY_SETTLING);
    fixture.store.trouble = NULL;
    occ_recovery_turn(fixture.recovery, true, 0);
    is_in(&fixture, OCC_RECOVERY_CHECKING);
    look(&fixture);
    is_in(&fixture, OCC_RECOVERY_REPLAYING);
    occ_recovery_turn(fixture.recovery, true, 4);
    is_in(&fixture, OCC_RECOVERY_REPLAYING);
    occ_recovery_turn(fixture.recovery, true, 5);
    is_in(&fixture, OCC_RECOVERY_COMPARING);
    look(&fixture);
    is_in(&fixture, OCC_RECOVERY_LINKING);
    assert_int_equal(fixture.sends, 1);
    assert_int_equal(take_linked(&fixture, 41, OCC_OK, "").code, OCC_ERR_WIRE_MESSAGE);
    assert_true(occ_is_ok(take_linked(&fixture, 42, OCC_OK, "")));
    is_in(&fixture, OCC_RECOVERY_READY);
    assert_null(occ_recovery_trouble(fixture.recovery));
    assert_int_equal(take_linked(&fixture, 42, OCC_OK, "").code, OCC_ERR_WIRE_MESSAGE); /* not asked for */
    occ_recovery_end(fixture.recovery);
    is_in(&fixture, OCC_RECOVERY_DOWN);
    tear_down(&fixture);
}

static void
test_nothing_to_link(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture, false);
    begin(&fixture, "a");
    go_through(&fixture);
    is_in(&fixture, OCC_RECOVERY_READY);
    assert_int_equal(fixture.sends, 0);
    tear_down(&fixture);
}

/* The first epoch of the run, however often it comes, and no other. */
static void
test_genesis(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture, true);
    fixture.reader.chains = 1;
    static const char *const epochs[] = { "a", "a", "b" };
    for (unsigned i = 0; i < 3; i++) {
        begin(&fixture, epochs[i]);
        go_through(&fixture);
        is_in(&fixture, i < 2 ? OCC_RECOVERY_READY : OCC_RECOVERY_LINKING);
        occ_recovery_end(fixture.recovery);
    }
    tear_down(&fixture);
}

static void
test_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture, false);
    fixture.reader.chains = 1;
    begin(&fixture, "a");
    go_through(&fixture);
    assert_true(occ_is_ok(take_linked(&fixture, 42, OCC_ERR_LINK, "the default chain: signature")));
    is_in(&fixture, OCC_RECOVERY_REFUSED);
    const struct occ_bytes trouble = occ_bytes_str(occ_recovery_trouble(fixture.recovery));
    assert_true(occ_bytes_starts(trouble,
                                 "commits are stopped: the boundary does not go on from the ledger's last proof (the "
                                 "default chain: signature); occd --genesis"));
    occ_recovery_end(fixture.recovery);
    assert_null(occ_recovery_trouble(fixture.recovery));
    begin(&fixture, "b");
    go_through(&fixture);
    assert_int_equal(take_linked(&fixture, 42, OCC_ERR_INTEGRITY, "it does not trust itself").code, OCC_ERR_INTEGRITY);
    tear_down(&fixture);
}

static void
test_disagreement(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct fixture fixture;
        set_up(&fixture, false);
        fixture.reader.positions = i == 0 ? OCC_ERR_INTEGRITY : OCC_OK;
        fixture.reader.heads = OCC_ERR_INTEGRITY;
        begin(&fixture, "a");
        occ_recovery_turn(fixture.recovery, true, 0);
        look(&fixture);
        if (i == 1) {
            occ_recovery_turn(fixture.recovery, true, 5);
            look(&fixture);
        }
        assert_int_equal(fixture.halts, 1);
        assert_string_equal(fixture.why, i == 0 ? "positions" : "heads");
        tear_down(&fixture);
    }
}

/* A ledger that cannot be read is no disagreement: it is tried again, from the beginning. */
static void
test_not_read(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture, false);
    fixture.reader.link = OCC_ERR_IO;
    begin(&fixture, "a");
    go_through(&fixture);
    is_in(&fixture, OCC_RECOVERY_FAILED);
    assert_string_equal(occ_recovery_trouble(fixture.recovery),
                        "commits are stopped: the ledger cannot be read, try again later");
    fixture.reader.link = OCC_OK;
    fixture.runs = true;
    occ_loop_run(fixture.loop);
    is_in(&fixture, OCC_RECOVERY_SETTLING);
    go_through(&fixture);
    is_in(&fixture, OCC_RECOVERY_READY);
    assert_int_equal(fixture.halts, 0);
    occ_recovery_end(fixture.recovery);
    begin(&fixture, "a");
    fixture.store.busy = true;
    occ_recovery_turn(fixture.recovery, true, 0);
    is_in(&fixture, OCC_RECOVERY_FAILED);
    tear_down(&fixture);
}

/* What was read for a session that is over means nothing for the next. */
static void
test_late_look(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture, false);
    fixture.reader.positions = OCC_ERR_INTEGRITY;
    begin(&fixture, "a");
    occ_recovery_turn(fixture.recovery, true, 0);
    occ_recovery_end(fixture.recovery);
    begin(&fixture, "b");
    look(&fixture);
    is_in(&fixture, OCC_RECOVERY_SETTLING);
    assert_int_equal(fixture.halts, 0);
    tear_down(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_way),       cmocka_unit_test(test_nothing_to_link), cmocka_unit_test(test_genesis),
        cmocka_unit_test(test_refused),   cmocka_unit_test(test_disagreement),    cmocka_unit_test(test_not_read),
        cmocka_unit_test(test_late_look),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
