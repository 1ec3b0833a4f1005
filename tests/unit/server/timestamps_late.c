/* Tests of src/server/timestamps_late.c: what the ledger wants is fetched and written, whatever fails on the way. */
#include "server/timestamps_late.h"
#include "base/limits.h"
#include "crypto/digest.h"
#include "unit/server/tsa_store.h"

struct run {
    struct tsa tsa;
    struct occ_store store;
    struct occ_http_fetcher *fetcher;
    struct occ_events events;
    struct occ_timestamps_authority *authority;
    struct occ_timestamps_subjects *subjects;
    struct occ_timestamps_late_queue *late;
    struct occ_buf url;
};

static void
begin(struct run *run, const char *path)
{
    struct occ_error err = { 0 };
    *run = (struct run){ .url = OCC_BUF_INIT(1000) };
    tsa_begin(&run->tsa);
    store_begin(&run->store, &run->tsa);
    tsa_put_url(&run->tsa, path, &run->url);
    occ_buf_put_byte(&run->url, '\0');
    assert_true(occ_is_ok(occ_http_fetcher_new(run->tsa.loop, &err, &run->fetcher)));
    const struct occ_timestamps_authority_config config = { .loop = run->tsa.loop,
                                                            .fetcher = run->fetcher,
                                                            .events = &run->events,
                                                            .url = (const char *)run->url.ptr,
                                                            .shown = "A",
                                                            .timeout_ms = 10000,
                                                            .parallel = 4 };
    assert_true(occ_is_ok(occ_timestamps_authority_new(&config, &run->authority)));
    assert_true(occ_is_ok(occ_timestamps_subjects_new(&run->authority, 1, 1, &run->subjects)));
}

static void
begin_late(struct run *run, size_t max)
{
    const struct occ_timestamps_late_config config = {
        .loop = run->tsa.loop, .events = &run->events, .store = &run->store, .subjects = run->subjects, .max = max
    };
    assert_true(occ_is_ok(occ_timestamps_late_new(&config, &run->late)));
}

static void
end(struct run *run)
{
    if (run->late != NULL) {
        occ_timestamps_late_stop(run->late);
    }
    occ_timestamps_subjects_free(run->subjects);
    occ_http_fetcher_free(run->fetcher);
    occ_timestamps_authority_free(run->authority);
    occ_timestamps_late_free(run->late);
    store_settle(&run->store); /* what it still has in hand ends here */
    store_end(&run->store);
    tsa_end(&run->tsa);
    occ_buf_clear(&run->url);
}

static void
run_until_written(struct run *run, size_t tokens)
{
    run->store.tokens_wanted = tokens;
    if (run->store.tokens < tokens) {
        tsa_run(&run->tsa);
    }
    assert_int_equal(run->store.tokens, tokens);
}

/* The ledger wants nothing yet. */
static void
settle_first_read(struct run *run)
{
    run->store.tokens_wanted = SIZE_MAX;
    store_settle(&run->store);
    assert_null(run->store.read_job);
}

static void
add_had(struct run *run, const struct stored *stored, struct occ_bytes text)
{
    const struct occ_timestamps_late late = { .epoch_id = occ_bytes_str(stored->epoch_id),
                                              .chain_id = occ_bytes_str(stored->chain_id),
                                              .counter = stored->counter,
                                              .kind = stored->kind,
                                              .since_ms = stored->since_ms };
    struct occ_timestamps_late copy = late;
    memcpy(copy.digest, stored->digest, sizeof copy.digest);
    occ_timestamps_late_add(run->late, &copy, text);
}

static void
add(struct run *run, const struct stored *stored)
{
    add_had(run, stored, occ_bytes_of(NULL, 0));
}

static void
assert_has_token(const struct stored *stored)
{
    assert_true(occ_bytes_starts(occ_buf_view(&stored->token), "{\"authority\":\"A\",\"digestAlg\":\"sha256\""));
    OCC_BUF_AUTO(digest, 100);
    occ_base64_put(&digest, occ_bytes_of(stored->digest, 32));
    assert_non_null(memmem(stored->token.ptr, stored->token.len, digest.ptr, digest.len));
}

static void
test_it_begins_with_what_the_ledger_wants(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/good");
    store_add(&run.store, 1);
    struct stored *on_a_chain = store_add(&run.store, 2);
    strcpy(on_a_chain->chain_id, "a.chain");
    store_add(&run.store, 3)->wanted = false;
    begin_late(&run, 100);
    run_until_written(&run, 2);
    assert_has_token(&run.store.stored[0]);
    assert_has_token(&run.store.stored[1]);
    assert_int_equal(run.tsa.asked, 2);
    assert_int_equal(run.store.reads, 1);
    assert_int_equal(occ_timestamps_late_length(run.late), 0);
    end(&run);
}

/* PROTOCOL §2.2: what timestamps.proof covers is the SHA-256 of these members alone. */
static void
test_a_proofs_own_token(void **state)
{
    (void)state;
    static const char proof[] =
        "{\"artifact\":{\"digestB64\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"hashAlg\":\"sha256\"},"
        "\"commit\":{\"counter\":\"1\",\"epochId\":\"epoch\",\"nonceB64\":"
        "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\","
        "\"time\":1},\"environment\":{\"enforcement\":\"stub\",\"measurement\":\"m\"},\"metadata\":{\"not\":\"in it\"},"
        "\"signer\":{\"publicKeyB64\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"signatureB64\":"
        "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\"},"
        "\"version\":\"occ/1\"}";
    static const char metadata[] = ",\"metadata\":{\"not\":\"in it\"}";
    const char *at = strstr(proof, metadata);
    OCC_BUF_AUTO(core, 4096);
    occ_buf_put(&core, occ_bytes_of(proof, (size_t)(at - proof)));
    occ_buf_put_str(&core, at + sizeof metadata - 1);
    uint8_t expected[32];
    occ_digest_sha256(occ_buf_view(&core), expected);

    static struct run run;
    begin(&run, "/good");
    struct stored *stored = store_add(&run.store, 1);
    stored->kind = OCC_LEDGER_TOKEN_PROOF;
    stored->text = proof;
    struct stored *broken = store_add(&run.store, 2);
    broken->kind = OCC_LEDGER_TOKEN_PROOF;
    broken->text = "{}"; /* no proof: no token ever fits it */
    begin_late(&run, 100);
    run_until_written(&run, 2);
    assert_memory_equal(run.tsa.last_digest, expected, 32);
    memcpy(stored->digest, expected, 32);
    assert_has_token(stored);
    assert_int_equal(broken->token.len, 0);
    assert_int_equal(run.tsa.asked, 1);
    end(&run);
}

static void
test_too_late(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/good");
    struct stored *old = store_add(&run.store, 1);
    old->since_ms -= OCC_LIMIT_TSA_LATE_MS + 1000;
    begin_late(&run, 100);
    run_until_written(&run, 1);
    assert_int_equal(old->writes, 1); /* with an empty text: given up */
    assert_int_equal(old->token.len, 0);
    assert_int_equal(run.tsa.asked, 0);
    end(&run);
}

static void
test_nobody_to_ask(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/500");
    store_add(&run.store, 1);
    store_add(&run.store, 2);
    begin_late(&run, 100);
    while (run.tsa.asked < 2) {
        run.store.tokens_wanted = 0; /* each turn of the store stops the loop */
        occ_timer_start(run.store.timer, 1);
        tsa_run(&run.tsa);
    }
    /* It stands still for a second; when an authority is known to work it goes on at once. */
    run.tsa.is_good_now = true;
    while (occ_timestamps_subjects_count(run.subjects) > 0) {
        occ_timer_start(run.store.timer, 1);
        tsa_run(&run.tsa);
    }
    assert_int_equal(occ_timestamps_late_length(run.late), 2);
    occ_timestamps_late_go_on(run.late);
    run_until_written(&run, 2);
    assert_has_token(&run.store.stored[0]);
    assert_has_token(&run.store.stored[1]);
    end(&run);
}

static void
test_a_write_that_fails_is_written_again(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/good");
    begin_late(&run, 100);
    settle_first_read(&run);
    store_add(&run.store, 1);
    run.store.next_write = OCC_ERR_LEDGER_FULL;
    add(&run, &run.store.stored[0]);
    run_until_written(&run, 1);
    assert_has_token(&run.store.stored[0]);
    assert_int_equal(run.tsa.asked, 1);

    store_add(&run.store, 2);
    add(&run, &run.store.stored[1]);
    run.store.is_busy = true; /* when the token is there, it cannot be taken */
    while (occ_timestamps_subjects_count(run.subjects) > 0) {
        run.store.tokens_wanted = 0;
        occ_timer_start(run.store.timer, 1);
        tsa_run(&run.tsa);
    }
    run.store.is_busy = false;
    run_until_written(&run, 2);
    assert_has_token(&run.store.stored[1]);
    assert_int_equal(run.tsa.asked, 2);
    end(&run);
}

static void
test_what_was_had_is_only_written(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/500");
    begin_late(&run, 100);
    settle_first_read(&run);
    add_had(&run, store_add(&run.store, 1), occ_bytes_str("{}"));
    run_until_written(&run, 1);
    run.store.is_busy = true;
    add_had(&run, store_add(&run.store, 2), occ_bytes_str("{}"));
    run.store.is_busy = false;
    run_until_written(&run, 2); /* after a pause */
    for (size_t i = 0; i < 2; i++) {
        assert_true(occ_bytes_is(occ_buf_view(&run.store.stored[i].token), "{}"));
    }
    assert_int_equal(run.tsa.asked, 0);
    end(&run);
}

/* A ledger that takes nothing for a while must not fill the memory with tokens. */
static void
test_tokens_are_kept_within_a_limit(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/good");
    begin_late(&run, 1000);
    settle_first_read(&run);
    OCC_BUF_AUTO(text, TSA_LEN_MAX);
    uint8_t *to = occ_buf_reserve(&text, 400000);
    assert_non_null(to);
    memset(to, 'x', 400000);
    text.len = 400000;
    run.store.is_busy = true;
    const size_t fitting = OCC_LIMIT_TSA_KEPT_LEN / 400000;
    const struct stored *stored = store_add(&run.store, 1);
    for (size_t i = 0; i < fitting + 5; i++) {
        add_had(&run, stored, occ_buf_view(&text));
    }
    assert_int_equal(occ_timestamps_late_length(run.late), fitting);
    run.store.is_busy = false;
    end(&run);
}

static void
test_what_does_not_fit_is_read_again(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/good");
    begin_late(&run, 2);
    settle_first_read(&run);
    assert_int_equal(run.store.reads, 1);
    for (size_t i = 1; i <= 7; i++) {
        add(&run, store_add(&run.store, i));
    }
    assert_int_equal(occ_timestamps_late_length(run.late), 2);
    run_until_written(&run, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_has_token(&run.store.stored[i]);
        assert_int_equal(run.store.stored[i].writes, 1);
    }
    assert_in_range(run.store.reads, 4, 5); /* two at a time */
    end(&run);
}

static void
test_a_ledger_that_cannot_be_read_yet(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/good");
    store_add(&run.store, 1);
    run.store.is_busy = true;
    begin_late(&run, 100);
    assert_int_equal(run.store.reads, 0);
    run.store.is_busy = false;
    run_until_written(&run, 1); /* after the pause */
    assert_int_equal(run.store.reads, 1);
    end(&run);
}

static void
on_tick(void *ctx)
{
    struct run *run = ctx;
    occ_loop_stop(run->tsa.loop);
}

static void
test_the_end_with_something_in_hand(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/good");
    store_add(&run.store, 1);
    begin_late(&run, 100);
    settle_first_read(&run);
    run.store.is_slow = true; /* from here on it gives nothing back */
    struct occ_timer *tick = NULL;
    assert_true(occ_is_ok(occ_timer_new(run.tsa.loop, on_tick, &run, &tick)));
    while (run.store.jobs == NULL) {
        occ_timer_start(tick, 1);
        tsa_run(&run.tsa);
    }
    occ_timer_free(tick);
    end(&run); /* a token was on its way to the ledger: it arrives there after all else has ended */
    assert_int_equal(run.store.stored[0].writes, 1);
}

static void
test_the_end_while_reading(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/good");
    store_add(&run.store, 1);
    run.store.is_slow = true;
    begin_late(&run, 100);
    assert_int_equal(run.store.reads, 1);
    end(&run);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_begins_with_what_the_ledger_wants),
        cmocka_unit_test(test_a_proofs_own_token),
        cmocka_unit_test(test_too_late),
        cmocka_unit_test(test_nobody_to_ask),
        cmocka_unit_test(test_a_write_that_fails_is_written_again),
        cmocka_unit_test(test_what_was_had_is_only_written),
        cmocka_unit_test(test_tokens_are_kept_within_a_limit),
        cmocka_unit_test(test_what_does_not_fit_is_read_again),
        cmocka_unit_test(test_a_ledger_that_cannot_be_read_yet),
        cmocka_unit_test(test_the_end_with_something_in_hand),
        cmocka_unit_test(test_the_end_while_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
