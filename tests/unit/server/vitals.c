/* How the boundary is, as it said last; each change is logged once, in a file that is read here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/vitals.h"

struct fixture {
    struct occ_vitals vitals;
    struct occ_events events;
    char path[64];
};

static void
set_up(struct fixture *fixture)
{
    struct occ_error err = { 0 };
    *fixture = (struct fixture){ .path = "/tmp/occ-vitals-XXXXXX", .events = { .level = OCC_EVENT_DEBUG } };
    const int fd = mkstemp(fixture->path);
    assert_true(fd >= 0);
    (void)close(fd);
    assert_true(occ_is_ok(occ_log_new(fixture->path, 0, &err, &fixture->events.log)));
}

/* Closes the log and counts what was said of it, in all. */
static void
tear_down(struct fixture *fixture, const char *const *words, size_t lines)
{
    static char text[1 << 16];
    occ_log_free(fixture->events.log);
    FILE *file = fopen(fixture->path, "r");
    assert_non_null(file);
    const size_t len = fread(text, 1, sizeof(text) - 1, file);
    text[len] = 0;
    (void)fclose(file);
    (void)unlink(fixture->path);
    size_t count = 0;
    const char *at = text;
    for (size_t i = 0; words[i] != NULL; i++) { /* in this order */
        at = strstr(at, words[i]);
        if (at == NULL) {
            fail_msg("no \"%s\" in its place in\n%s", words[i], text);
        }
        at++;
    }
    for (const char *end = text; (end = strchr(end, '\n')) != NULL; end++) {
        count++;
    }
    assert_int_equal(count, lines);
}

static void
say(struct fixture *fixture, const char *trouble, int64_t clock_ms, uint64_t documents)
{
    const struct occ_status status = {
        .trouble = occ_bytes_str(trouble), .has_attester = true, .clock_ms = clock_ms, .documents = documents
    };
    occ_vitals_take(&fixture->vitals, &fixture->events, &status);
}

static void
test_trouble(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    assert_null(occ_vitals_trouble(&fixture.vitals));
    assert_false(fixture.vitals.is_known);
    say(&fixture, "", 0, 7);
    assert_null(occ_vitals_trouble(&fixture.vitals));
    assert_true(fixture.vitals.is_known);
    assert_int_equal(fixture.vitals.newest.documents, 7);
    say(&fixture, "the device gives none", 0, 7);
    say(&fixture, "the device gives none", 0, 7); /* said once */
    assert_string_equal(occ_vitals_trouble(&fixture.vitals), "the device gives none");
    assert_true(occ_bytes_is(fixture.vitals.newest.trouble, "the device gives none"));
    say(&fixture, "it refuses", 0, 7);
    assert_string_equal(occ_vitals_trouble(&fixture.vitals), "it refuses");
    say(&fixture, "", 0, 8);
    assert_null(occ_vitals_trouble(&fixture.vitals));
    assert_int_equal(fixture.vitals.newest.trouble.len, 0);
    static const char *const words[] = { "boundary takes no commits",    "the device gives none",
                                         "boundary takes no commits",    "it refuses",
                                         "boundary takes commits again", NULL };
    tear_down(&fixture, words, 3);
}

/* A refusal stands until a PONG says otherwise; a new session knows nothing of it. */
static void
test_refusal(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    occ_vitals_take_refusal(&fixture.vitals, &fixture.events, occ_bytes_str("the token is away"));
    assert_string_equal(occ_vitals_trouble(&fixture.vitals), "the token is away");
    say(&fixture, "", 0, 0);
    assert_null(occ_vitals_trouble(&fixture.vitals));
    occ_vitals_take_refusal(&fixture.vitals, &fixture.events, occ_bytes_of(NULL, 0));
    assert_string_equal(occ_vitals_trouble(&fixture.vitals), "the boundary's device fails");
    occ_vitals_forget(&fixture.vitals);
    assert_null(occ_vitals_trouble(&fixture.vitals));
    assert_false(fixture.vitals.is_known);
    static const char *const words[] = { "the token is away", "boundary takes commits again",
                                         "the boundary's device fails", NULL };
    tear_down(&fixture, words, 3);
}

static void
test_clock(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    say(&fixture, "", OCC_LIMIT_ATTEST_CLOCK_MS, 1);
    say(&fixture, "", -OCC_LIMIT_ATTEST_CLOCK_MS, 1); /* not yet more */
    say(&fixture, "", OCC_LIMIT_ATTEST_CLOCK_MS + 1, 1);
    say(&fixture, "", 9999, 1); /* said once */
    say(&fixture, "", 0, 1);
    say(&fixture, "", -OCC_LIMIT_ATTEST_CLOCK_MS - 1, 1);
    say(&fixture, "", INT64_MIN, 1);
    say(&fixture, "", 0, 1);
    assert_null(occ_vitals_trouble(&fixture.vitals)); /* it is no reason to refuse */
    static const char *const words[] = { "boundary's clock is off",
                                         "2001",
                                         "behind its documents",
                                         "boundary's clock is right again",
                                         "boundary's clock is off",
                                         "ahead of its documents",
                                         "boundary's clock is right again",
                                         NULL };
    tear_down(&fixture, words, 4);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_trouble), cmocka_unit_test(test_refusal),
                                        cmocka_unit_test(test_clock) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
