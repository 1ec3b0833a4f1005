/* Tests of src/server/timestamps_authority.c: turns, limits, and the breaker, against an authority over HTTP. */
#include "server/timestamps_authority.h"
#include "base/limits.h"
#include "unit/server/tsa.h"

enum { ASKS_MAX = 64 };

struct run;

struct ask {
    struct occ_timestamps_authority_ask ask; /* first */
    struct run *run;
    size_t number, order;
    bool done, has;
};

struct run {
    struct tsa tsa;
    struct occ_http_fetcher *fetcher;
    struct occ_timestamp_roots *roots;
    struct occ_events events;
    struct occ_timestamps_authority *authority;
    struct occ_buf url;
    struct ask asks[ASKS_MAX];
    size_t count, done_count, wanted;
};

static void
begin_patient(struct run *run, const char *path, uint64_t parallel, uint64_t rate, uint64_t patience_ms)
{
    struct occ_error err = { 0 };
    *run = (struct run){ .url = OCC_BUF_INIT(1000) };
    tsa_begin(&run->tsa);
    tsa_put_url(&run->tsa, path, &run->url);
    occ_buf_put_byte(&run->url, '\0');
    assert_true(occ_is_ok(occ_http_fetcher_new(run->tsa.loop, &err, &run->fetcher)));
    assert_true(occ_is_ok(occ_timestamp_roots_new(occ_buf_view(&run->tsa.root), &err, &run->roots)));
    const struct occ_timestamps_authority_config config = { .loop = run->tsa.loop,
                                                            .fetcher = run->fetcher,
                                                            .events = &run->events,
                                                            .roots = run->roots,
                                                            .url = (const char *)run->url.ptr,
                                                            .shown = "http://tsa.example/",
                                                            .timeout_ms = strcmp(path, "/never") == 0 ? 200 : 10000,
                                                            .parallel = parallel,
                                                            .rate = rate,
                                                            .patience_ms = patience_ms };
    assert_true(occ_is_ok(occ_timestamps_authority_new(&config, &run->authority)));
}

static void
begin(struct run *run, const char *path, uint64_t parallel, uint64_t rate)
{
    begin_patient(run, path, parallel, rate, 0);
}

static void
end(struct run *run)
{
    occ_http_fetcher_free(run->fetcher);
    occ_timestamps_authority_free(run->authority);
    tsa_end(&run->tsa);
    occ_timestamp_roots_free(run->roots);
    occ_buf_clear(&run->url);
}

static void
done(struct occ_timestamps_authority_ask *ask, struct occ_bytes text)
{
    struct ask *own = (struct ask *)ask;
    struct run *run = own->run;
    assert_false(own->done);
    own->done = true;
    own->has = text.len > 0;
    own->order = run->done_count++;
    if (run->done_count == run->wanted) {
        occ_loop_stop(run->tsa.loop);
    }
}

static struct ask *
take(struct run *run, bool is_late, bool expected)
{
    struct ask *own = &run->asks[run->count];
    *own = (struct ask){ .ask = { .is_late = is_late, .done = done }, .run = run, .number = run->count };
    run->count++;
    tsa_digest(own->number, own->ask.digest);
    assert_int_equal(occ_timestamps_authority_take(run->authority, &own->ask), expected);
    assert_false(own->done);
    return own;
}

static void
run_until_done(struct run *run, size_t count)
{
    run->wanted = count;
    if (run->done_count < count) {
        tsa_run(&run->tsa);
    }
    assert_int_equal(run->done_count, count);
}

static void
on_pause_over(void *ctx)
{
    struct run *run = ctx;
    occ_loop_stop(run->tsa.loop);
}

static void
wait_ms(struct run *run, uint64_t ms)
{
    struct occ_timer *timer = NULL;
    assert_true(occ_is_ok(occ_timer_new(run->tsa.loop, on_pause_over, run, &timer)));
    occ_timer_start(timer, ms);
    tsa_run(&run->tsa);
    occ_timer_free(timer);
}

static struct occ_timestamps_authority_stats
stats_of(const struct run *run)
{
    struct occ_timestamps_authority_stats stats;
    occ_timestamps_authority_get_stats(run->authority, &stats);
    return stats;
}

static void
test_no_more_than_so_many_at_a_time(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/held", 3, 0);
    for (size_t i = 0; i < 10; i++) {
        take(&run, false, true);
    }
    tsa_run_until_held(&run.tsa, 3);
    assert_int_equal(stats_of(&run).under_way, 3);
    assert_int_equal(stats_of(&run).waiting, 7);
    while (run.done_count < 10) {
        const size_t left = 10 - run.done_count;
        tsa_run_until_held(&run.tsa, left < 3 ? left : 3);
        tsa_release(&run.tsa, left < 3 ? left : 3);
        run_until_done(&run, run.done_count + (left < 3 ? left : 3));
    }
    assert_int_equal(run.tsa.under_way_max, 3);
    assert_int_equal(run.tsa.asked, 10);
    assert_int_equal(stats_of(&run).tokens, 10);
    for (size_t i = 0; i < 10; i++) {
        assert_true(run.asks[i].has);
    }
    end(&run);
}

static void
test_late_ones_come_last(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/held", 1, 0);
    take(&run, true, true);
    tsa_run_until_held(&run.tsa, 1);
    const struct ask *late = take(&run, true, true);
    const struct ask *urgent = take(&run, false, true);
    struct ask *cancelled = take(&run, false, true);
    occ_timestamps_authority_cancel(run.authority, &cancelled->ask);
    for (size_t i = 1; i <= 3; i++) {
        tsa_run_until_held(&run.tsa, 1);
        tsa_release(&run.tsa, 1);
        run_until_done(&run, i);
    }
    assert_int_equal(urgent->order, 1);
    assert_int_equal(late->order, 2);
    assert_false(cancelled->done);
    end(&run);
}

static void
test_a_rate(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/good", 16, 50);
    const uint64_t before_us = occ_clock_monotonic_us();
    for (size_t i = 0; i < 6; i++) {
        take(&run, false, true);
    }
    run_until_done(&run, 6);
    /* The first at once, each other 20 ms after the one before. */
    assert_true(occ_clock_monotonic_us() - before_us >= 5 * 20000 - 5000);
    assert_int_equal(stats_of(&run).tokens, 6);
    end(&run);
}

static void
test_cancelled_under_way(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/held", 4, 0);
    struct ask *gone = take(&run, false, true);
    const struct ask *other = take(&run, false, true);
    tsa_run_until_held(&run.tsa, 2);
    occ_timestamps_authority_cancel(run.authority, &gone->ask);
    memset(&gone->ask, 0xff, sizeof gone->ask); /* its owner may have freed it */
    tsa_release(&run.tsa, 2);
    run_until_done(&run, 1);
    assert_true(other->has && !gone->done);
    end(&run);
}

/* Asks until the breaker opens: OCC_LIMIT_TSA_FAILURES one after the other. */
static void
open_breaker(struct run *run)
{
    for (size_t i = 0; i < OCC_LIMIT_TSA_FAILURES; i++) {
        assert_false(stats_of(run).open);
        const struct ask *ask = take(run, false, true);
        run_until_done(run, run->done_count + 1);
        assert_false(ask->has);
    }
    assert_true(stats_of(run).open);
    assert_int_equal(run->tsa.asked, OCC_LIMIT_TSA_FAILURES);
    take(run, false, false);
    assert_int_equal(run->tsa.asked, OCC_LIMIT_TSA_FAILURES);
}

static void
test_no_turn_in_time_by_its_rate(void **state)
{
    (void)state;
    static struct run run;
    begin_patient(&run, "/good", 16, 10, 1000);
    for (size_t i = 0; i < 10; i++) {
        take(&run, false, true);
    }
    take(&run, false, false);
    assert_false(take(&run, true, true)->done); /* a late one has time */
    for (size_t i = 0; i < 10; i++) {
        occ_timestamps_authority_cancel(run.authority, &run.asks[i].ask);
    }
    take(&run, false, true);
    run_until_done(&run, 2);
    end(&run);
}

static void
test_no_turn_in_time_by_its_answers(void **state)
{
    (void)state;
    static struct run run;
    begin_patient(&run, "/held", 1, 0, 1000);
    for (size_t i = 0; i < 20; i++) {
        take(&run, false, true); /* how long it takes is not known yet */
    }
    for (size_t i = 1; i < 20; i++) {
        occ_timestamps_authority_cancel(run.authority, &run.asks[i].ask);
    }
    tsa_run_until_held(&run.tsa, 1);
    wait_ms(&run, 100);
    tsa_release(&run.tsa, 1);
    run_until_done(&run, 1);
    /* Now it is: 100 ms each at least, so that of these some come too late. */
    take(&run, false, true);
    size_t refused = 0;
    for (size_t i = 0; i < 20; i++) {
        struct ask *own = &run.asks[run.count++];
        *own = (struct ask){ .ask = { .done = done }, .run = &run };
        refused += occ_timestamps_authority_take(run.authority, &own->ask) ? 0 : 1;
    }
    assert_in_range(refused, 10, 20);
    take(&run, true, true);
    for (size_t i = 0; i < run.count; i++) {
        occ_timestamps_authority_cancel(run.authority, &run.asks[i].ask);
    }
    end(&run);
}

static void
test_the_breaker(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/500", 1, 0);
    open_breaker(&run);
    assert_int_equal(stats_of(&run).failures, OCC_LIMIT_TSA_FAILURES);
    assert_int_equal(stats_of(&run).refused, 0);
    /* The pause is a second, a quarter more or less. Then one trial, nobody beside it; it fails. */
    wait_ms(&run, OCC_LIMIT_TSA_PAUSE_MIN_MS * 5 / 4 + 10);
    const struct ask *trial = take(&run, false, true);
    take(&run, false, false);
    run_until_done(&run, run.done_count + 1);
    assert_false(trial->has);
    assert_true(stats_of(&run).open);
    take(&run, false, false);
    /* The pause has doubled. A trial that is taken back leaves the next one free. */
    wait_ms(&run, OCC_LIMIT_TSA_PAUSE_MIN_MS * 5 / 2 + 10);
    run.tsa.is_good_now = true;
    struct ask *taken_back = take(&run, false, true);
    occ_timestamps_authority_cancel(run.authority, &taken_back->ask);
    const struct ask *good = take(&run, false, true);
    run_until_done(&run, run.done_count + 1);
    assert_true(good->has);
    assert_false(stats_of(&run).open);
    assert_true(take(&run, false, true) != NULL);
    run_until_done(&run, run.done_count + 1);
    assert_int_equal(stats_of(&run).tokens, 2);
    end(&run);
}

static void
test_those_that_wait_are_turned_away(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/500", 1, 0);
    for (size_t i = 0; i < 20; i++) {
        take(&run, i % 2 == 0, true);
    }
    run_until_done(&run, 20);
    assert_int_equal(run.tsa.asked, OCC_LIMIT_TSA_FAILURES);
    end(&run);
}

static void
test_kinds_of_failures(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        uint64_t timeouts, refused;
        bool open;
    } cases[] = {
        { "/500", 0, 0, false },     { "/nonce", 0, 1, false }, { "/reject", 0, 1, false },
        { "/garbage", 0, 1, false }, { "/never", 1, 0, false }, { "/later", 0, 0, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static struct run run;
        begin(&run, cases[i].path, 1, 0);
        const struct ask *ask = take(&run, false, true);
        run_until_done(&run, 1);
        assert_false(ask->has);
        const struct occ_timestamps_authority_stats stats = stats_of(&run);
        assert_int_equal(stats.failures, 1);
        assert_int_equal(stats.tokens, 0);
        assert_int_equal(stats.timeouts, cases[i].timeouts);
        assert_int_equal(stats.refused, cases[i].refused);
        assert_int_equal(stats.open, cases[i].open);
        end(&run);
    }
}

static void
test_a_stop_says_nothing_about_it(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/held", 1, 0);
    struct ask *under_way = take(&run, false, true);
    struct ask *waiting = take(&run, false, true);
    tsa_run_until_held(&run.tsa, 1);
    occ_timestamps_authority_cancel(run.authority, &waiting->ask);
    occ_http_fetcher_free(run.fetcher);
    run.fetcher = NULL;
    assert_true(under_way->done && !under_way->has);
    assert_int_equal(stats_of(&run).failures, 0);
    end(&run);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_more_than_so_many_at_a_time),
        cmocka_unit_test(test_late_ones_come_last),
        cmocka_unit_test(test_a_rate),
        cmocka_unit_test(test_cancelled_under_way),
        cmocka_unit_test(test_no_turn_in_time_by_its_rate),
        cmocka_unit_test(test_no_turn_in_time_by_its_answers),
        cmocka_unit_test(test_the_breaker),
        cmocka_unit_test(test_those_that_wait_are_turned_away),
        cmocka_unit_test(test_kinds_of_failures),
        cmocka_unit_test(test_a_stop_says_nothing_about_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
