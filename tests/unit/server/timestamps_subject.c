/* Tests of src/server/timestamps_subject.c: who is asked, when it is enough, and who is told. */
#include "server/timestamps_subject.h"
#include "unit/server/tsa.h"

enum { AUTHORITIES_MAX = 4, WAITERS_MAX = 16 };

struct run;

struct waiter {
    struct occ_timestamps_waiter waiter; /* first */
    struct run *run;
    bool done;
    struct occ_buf text;
    struct waiter *leaves; /* another one that it takes along */
};

struct run {
    struct tsa tsa;
    struct occ_http_fetcher *fetcher;
    struct occ_events events;
    struct occ_timestamps_authority *authorities[AUTHORITIES_MAX];
    struct occ_timestamps_subjects *subjects;
    struct occ_buf urls[AUTHORITIES_MAX];
    char shown[AUTHORITIES_MAX][8];
    size_t authority_count;
    struct waiter waiters[WAITERS_MAX];
    size_t count, done_count, wanted;
};

/* paths: one authority each, shown as "A0", "A1", …; separated by spaces. */
static void
begin(struct run *run, const char *paths, size_t quorum)
{
    struct occ_error err = { 0 };
    *run = (struct run){ 0 };
    tsa_begin(&run->tsa);
    assert_true(occ_is_ok(occ_http_fetcher_new(run->tsa.loop, &err, &run->fetcher)));
    while (*paths != '\0') {
        const size_t i = run->authority_count++;
        char path[32];
        const size_t len = strcspn(paths, " ");
        snprintf(path, sizeof path, "%.*s", (int)len, paths);
        paths += len + (paths[len] == ' ' ? 1 : 0);
        run->urls[i] = OCC_BUF_INIT(1000);
        tsa_put_url(&run->tsa, path, &run->urls[i]);
        occ_buf_put_byte(&run->urls[i], '\0');
        snprintf(run->shown[i], sizeof run->shown[i], "A%zu", i);
        const struct occ_timestamps_authority_config config = { .loop = run->tsa.loop,
                                                                .fetcher = run->fetcher,
                                                                .events = &run->events,
                                                                .url = (const char *)run->urls[i].ptr,
                                                                .shown = run->shown[i],
                                                                .timeout_ms = 10000,
                                                                .parallel = 4 };
        assert_true(occ_is_ok(occ_timestamps_authority_new(&config, &run->authorities[i])));
    }
    assert_true(occ_is_ok(occ_timestamps_subjects_new(run->authorities, run->authority_count, quorum, &run->subjects)));
}

static void
end(struct run *run)
{
    occ_timestamps_subjects_free(run->subjects);
    occ_http_fetcher_free(run->fetcher);
    for (size_t i = 0; i < run->authority_count; i++) {
        occ_timestamps_authority_free(run->authorities[i]);
        occ_buf_clear(&run->urls[i]);
    }
    tsa_end(&run->tsa);
    for (size_t i = 0; i < run->count; i++) {
        occ_buf_clear(&run->waiters[i].text);
    }
}

static void
done(struct occ_timestamps_waiter *waiter, struct occ_bytes text)
{
    struct waiter *own = (struct waiter *)waiter;
    assert_false(own->done);
    assert_null(waiter->subject);
    own->done = true;
    occ_buf_put(&own->text, text);
    own->run->done_count++;
    if (own->leaves != NULL) {
        occ_timestamps_subject_leave(&own->leaves->waiter);
    }
    if (own->run->done_count == own->run->wanted) {
        occ_loop_stop(own->run->tsa.loop);
    }
}

static struct waiter *
join(struct run *run, size_t digest_number, bool expected)
{
    struct waiter *own = &run->waiters[run->count++];
    *own = (struct waiter){ .waiter = { .done = done }, .run = run, .text = OCC_BUF_INIT(TSA_LEN_MAX) };
    uint8_t digest[32];
    tsa_digest(digest_number, digest);
    assert_int_equal(occ_timestamps_subject_join(run->subjects, digest, false, &own->waiter), expected);
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

static bool
is_of(const struct waiter *waiter, const char *shown)
{
    char begins[64];
    snprintf(begins, sizeof begins, "{\"authority\":\"%s\",", shown);
    return occ_bytes_starts(occ_buf_view(&waiter->text), begins);
}

static void
test_the_first_that_can(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/500 /reject /good /good", 1);
    const struct waiter *waiter = join(&run, 1, true);
    run_until_done(&run, 1);
    assert_true(is_of(waiter, "A2"));
    assert_int_equal(run.tsa.asked, 3); /* the last one is not troubled */
    assert_int_equal(occ_timestamps_subjects_count(run.subjects), 0);
    end(&run);
}

static void
test_none_can(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/500 /nonce", 1);
    const struct waiter *waiter = join(&run, 1, true);
    run_until_done(&run, 1);
    assert_int_equal(waiter->text.len, 0);
    assert_int_equal(occ_timestamps_subjects_count(run.subjects), 0);
    end(&run);
}

static void
test_one_request_for_all_that_wait(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/held", 1);
    const struct waiter *a = join(&run, 1, true);
    const struct waiter *b = join(&run, 1, true);
    const struct waiter *other = join(&run, 2, true);
    tsa_run_until_held(&run.tsa, 2);
    const struct waiter *c = join(&run, 1, true);
    assert_int_equal(occ_timestamps_subjects_count(run.subjects), 2);
    tsa_release(&run.tsa, 2);
    run_until_done(&run, 4);
    assert_int_equal(run.tsa.asked, 2);
    assert_true(occ_bytes_equal(occ_buf_view(&a->text), occ_buf_view(&b->text)));
    assert_true(occ_bytes_equal(occ_buf_view(&a->text), occ_buf_view(&c->text)));
    assert_false(occ_bytes_equal(occ_buf_view(&a->text), occ_buf_view(&other->text)));
    assert_true(is_of(a, "A0") && is_of(other, "A0"));
    end(&run);
}

static void
test_a_quorum(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/held /500 /good /good", 2);
    const struct waiter *waiter = join(&run, 1, true);
    tsa_run_until_held(&run.tsa, 1);
    /* A1 failed and A2 was asked in its place; A2 alone is not enough. */
    while (run.tsa.asked < 3) {
        tsa_run_until_held(&run.tsa, 1);
    }
    assert_false(waiter->done);
    tsa_release(&run.tsa, 1);
    run_until_done(&run, 1);
    assert_true(is_of(waiter, "A0")); /* the first in the list, not the first to answer */
    assert_int_equal(run.tsa.asked, 3);
    end(&run);
}

static void
test_a_quorum_out_of_reach(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/good /500 /500", 2);
    const struct waiter *waiter = join(&run, 1, true);
    run_until_done(&run, 1);
    assert_int_equal(waiter->text.len, 0);
    end(&run);
}

static void
test_hurry(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/held /good", 1);
    struct waiter *waiter = join(&run, 1, true);
    tsa_run_until_held(&run.tsa, 1);
    occ_timestamps_subject_hurry(&waiter->waiter);
    run_until_done(&run, 1);
    assert_true(is_of(waiter, "A1"));
    occ_timestamps_subject_hurry(&waiter->waiter); /* it does not wait any more: nothing happens */
    tsa_release(&run.tsa, 1);
    end(&run);
}

static void
test_left_alone(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/later", 1);
    join(&run, 1, true);
    run_until_done(&run, 1); /* Retry-After: its breaker is open now */
    join(&run, 2, false);
    assert_int_equal(occ_timestamps_subjects_count(run.subjects), 0);
    assert_int_equal(run.tsa.asked, 1);
    end(&run);
}

static void
test_who_leaves(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/held", 1);
    struct waiter *gone = join(&run, 1, true);
    const struct waiter *stays = join(&run, 1, true);
    for (size_t i = 2; i <= 4; i++) {
        join(&run, i, true); /* the rest of what may be under way */
    }
    struct waiter *last = join(&run, 5, true);
    tsa_run_until_held(&run.tsa, 4);
    occ_timestamps_subject_leave(&gone->waiter);
    occ_timestamps_subject_leave(&gone->waiter);
    assert_int_equal(occ_timestamps_subjects_count(run.subjects), 5);
    occ_timestamps_subject_leave(&last->waiter); /* nobody had begun with it: it is forgotten */
    assert_int_equal(occ_timestamps_subjects_count(run.subjects), 4);
    tsa_release(&run.tsa, 4);
    run_until_done(&run, 4);
    assert_true(stays->text.len > 0 && !gone->done && !last->done);
    assert_int_equal(run.tsa.asked, 4);
    end(&run);
}

static void
test_one_takes_another_along(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/held", 1);
    struct waiter *second = join(&run, 1, true);
    struct waiter *first = join(&run, 1, true); /* told first */
    first->leaves = second;
    tsa_run_until_held(&run.tsa, 1);
    tsa_release(&run.tsa, 1);
    run_until_done(&run, 1);
    assert_true(first->done && !second->done);
    end(&run);
}

static void
test_the_end_tells_all(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/held", 1);
    const struct waiter *a = join(&run, 1, true);
    const struct waiter *b = join(&run, 2, true);
    tsa_run_until_held(&run.tsa, 2);
    occ_timestamps_subjects_free(run.subjects);
    run.subjects = NULL;
    assert_true(a->done && b->done && a->text.len == 0);
    end(&run);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_that_can),
        cmocka_unit_test(test_none_can),
        cmocka_unit_test(test_one_request_for_all_that_wait),
        cmocka_unit_test(test_a_quorum),
        cmocka_unit_test(test_a_quorum_out_of_reach),
        cmocka_unit_test(test_hurry),
        cmocka_unit_test(test_left_alone),
        cmocka_unit_test(test_who_leaves),
        cmocka_unit_test(test_one_takes_another_along),
        cmocka_unit_test(test_the_end_tells_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
