/* Tests of src/server/timestamps.c: requests that wait for tokens, and how long. */
#include "unit/server/tsa_module.h"

enum { TOKENS_MAX = 8, HOUR_MS = 3600000 };

struct run {
    struct tsa_module module;
    struct occ_timestamps_ask ask;
    struct occ_timestamps_token tokens[TOKENS_MAX];
    size_t done_count;
};

static struct run *the_run;

static void
begin(struct run *run, const char *paths, const char *const *flags)
{
    *run = (struct run){ 0 };
    the_run = run;
    module_begin(&run->module, paths, flags);
}

static void
end(struct run *run)
{
    occ_timestamps_clear(run->module.timestamps, &run->ask);
    module_end(&run->module);
}

static void
done(struct occ_timestamps_ask *ask)
{
    assert_ptr_equal(ask, &the_run->ask);
    the_run->done_count++;
    occ_loop_stop(the_run->module.tsa.loop);
}

/* Tokens for the digests of these numbers, 0 at the end. */
static void
start(struct run *run, const size_t *numbers, uint64_t wait_ms)
{
    run->ask = (struct occ_timestamps_ask){ .tokens = run->tokens,
                                            .deadline_ms = occ_loop_now_ms(run->module.tsa.loop) + wait_ms,
                                            .done = done };
    for (; numbers[run->ask.count] != 0; run->ask.count++) {
        tsa_digest(numbers[run->ask.count], run->tokens[run->ask.count].digest);
    }
    occ_timestamps_start(run->module.timestamps, &run->ask);
    assert_int_equal(run->done_count, 0);
}

static void
run_until_done(struct run *run)
{
    while (run->done_count == 0) {
        tsa_run(&run->module.tsa);
    }
    assert_int_equal(run->done_count, 1);
}

static void
test_none(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "", (const char *const[]){ NULL });
    assert_null(run.module.timestamps);
    assert_false(occ_timestamps_wants_artifact(NULL) || occ_timestamps_wants_proof(NULL));
    assert_false(occ_timestamps_is_required(NULL));
    struct occ_timestamps_stats stats;
    assert_false(occ_timestamps_get_stats(NULL, 0, &stats));
    assert_int_equal(occ_timestamps_late_count(NULL), 0);
    end(&run);
}

static void
test_all_tokens_of_a_request(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/good", (const char *const[]){ "--tsa-proof", "--tsa-wait=7s", NULL });
    assert_true(occ_timestamps_wants_artifact(run.module.timestamps) &&
                occ_timestamps_wants_proof(run.module.timestamps));
    assert_false(occ_timestamps_is_required(run.module.timestamps));
    assert_int_equal(occ_timestamps_wait_ms(run.module.timestamps), 7000);
    start(&run, (const size_t[]){ 1, 2, 1, 3, 0 }, HOUR_MS);
    run_until_done(&run);
    for (size_t i = 0; i < 4; i++) {
        assert_true(run.tokens[i].has);
        OCC_BUF_AUTO(digest, 100);
        occ_base64_put(&digest, occ_bytes_of(run.tokens[i].digest, 32));
        assert_non_null(memmem(run.tokens[i].text.ptr, run.tokens[i].text.len, digest.ptr, digest.len));
    }
    assert_int_equal(run.module.tsa.asked, 3); /* the same digest twice is one request */
    struct occ_timestamps_stats stats;
    assert_true(occ_timestamps_get_stats(run.module.timestamps, 0, &stats));
    assert_int_equal(stats.tokens, 3);
    assert_true(strncmp(stats.authority, "http://127.0.0.1:", 17) == 0);
    assert_false(occ_timestamps_get_stats(run.module.timestamps, 1, &stats));
    end(&run);
}

static void
test_the_deadline(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/never", (const char *const[]){ NULL });
    start(&run, (const size_t[]){ 1, 0 }, 50);
    run_until_done(&run);
    assert_false(run.tokens[0].has);
    end(&run);
}

static void
test_no_time_at_all(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/good", (const char *const[]){ "--tsa-wait=0s", NULL });
    start(&run, (const size_t[]){ 1, 0 }, 0);
    run_until_done(&run);
    assert_false(run.tokens[0].has);
    assert_int_equal(run.module.tsa.asked, 0); /* it is asked for when the proof is in the ledger */
    end(&run);
}

static void
test_nobody_can(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/500 /reject", (const char *const[]){ NULL });
    start(&run, (const size_t[]){ 1, 2, 0 }, HOUR_MS);
    run_until_done(&run); /* well before the deadline */
    assert_false(run.tokens[0].has || run.tokens[1].has);
    end(&run);
}

static void
test_patience(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/never /good", (const char *const[]){ "--tsa-wait=200ms", NULL });
    start(&run, (const size_t[]){ 1, 0 }, 15000); /* the second is asked after half of the wait */
    run_until_done(&run);
    assert_true(run.tokens[0].has);
    assert_int_equal(run.module.tsa.asked, 2);
    end(&run);
}

static void
test_cancelled(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/good", (const char *const[]){ NULL });
    start(&run, (const size_t[]){ 1, 2, 0 }, HOUR_MS);
    occ_timestamps_cancel(run.module.timestamps, &run.ask);
    occ_timestamps_cancel(run.module.timestamps, &run.ask);
    occ_timestamps_clear(run.module.timestamps, &run.ask);
    start(&run, (const size_t[]){ 3, 0 }, HOUR_MS);
    run_until_done(&run);
    assert_true(run.tokens[0].has);
    occ_timestamps_cancel(run.module.timestamps, &run.ask); /* it is done: nothing happens */
    assert_int_equal(run.done_count, 1);
    end(&run);
}

static void
test_the_end_tells_those_that_wait(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/never", (const char *const[]){ NULL });
    start(&run, (const size_t[]){ 1, 2, 0 }, HOUR_MS);
    occ_timestamps_free(run.module.timestamps);
    run.module.timestamps = NULL;
    assert_int_equal(run.done_count, 1);
    assert_false(run.tokens[0].has);
    end(&run);
}

/* Tokens are in memory until their request is done: not without end. */
static void
test_tokens_are_held_within_a_limit(void **state)
{
    (void)state;
    static struct run run = { 0 };
    the_run = &run;
    module_begin_held(&run.module, "/good", (const char *const[]){ NULL }, 10000); /* a token has some 3 KB */
    start(&run, (const size_t[]){ 1, 2, 3, 4, 5, 6, 0 }, HOUR_MS);
    run_until_done(&run);
    size_t count = 0;
    size_t len = 0;
    for (size_t i = 0; i < 6; i++) {
        count += run.tokens[i].has ? 1 : 0;
        len += run.tokens[i].text.len;
    }
    assert_in_range(count, 1, 5);
    assert_true(len <= 10000);
    occ_timestamps_clear(run.module.timestamps, &run.ask); /* room again */
    run.done_count = 0;
    start(&run, (const size_t[]){ 7, 0 }, HOUR_MS);
    run_until_done(&run);
    assert_true(run.tokens[0].has);
    end(&run);
}

static void
test_late(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/held", (const char *const[]){ NULL });
    start(&run, (const size_t[]){ 1, 0 }, 100);
    run_until_done(&run);
    assert_false(run.tokens[0].has);
    const struct stored *stored = store_add(&run.module.store, 1);
    struct occ_timestamps_late late = { .epoch_id = occ_bytes_str(stored->epoch_id),
                                        .chain_id = occ_bytes_str(stored->chain_id),
                                        .counter = stored->counter,
                                        .kind = stored->kind,
                                        .since_ms = stored->since_ms };
    memcpy(late.digest, stored->digest, sizeof late.digest);
    occ_timestamps_fetch_late(run.module.timestamps, &late);
    assert_int_equal(occ_timestamps_late_count(run.module.timestamps), 1);
    assert_int_equal(run.module.tsa.asked, 1); /* what is under way already is what it gets */
    run.module.store.tokens_wanted = 1;
    tsa_release(&run.module.tsa, 1);
    tsa_run(&run.module.tsa);
    assert_int_equal(run.module.store.tokens, 1);
    assert_true(stored->token.len > 0);
    assert_int_equal(run.module.tsa.asked, 1);
    assert_int_equal(occ_timestamps_late_count(run.module.timestamps), 0);
    end(&run);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_all_tokens_of_a_request),
        cmocka_unit_test(test_the_deadline),
        cmocka_unit_test(test_no_time_at_all),
        cmocka_unit_test(test_nobody_can),
        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_the_end_tells_those_that_wait),
        cmocka_unit_test(test_tokens_are_held_within_a_limit),
        cmocka_unit_test(test_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
