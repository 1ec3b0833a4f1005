/* Requests for documents: each gets its own answer, in whatever order they come, or is told that it took too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/attests.h"

struct asker {
    struct occ_boundary_attest attest; /* first */
    unsigned done;
    enum occ_err code;
    char document[16];
};

static void
on_done(struct occ_boundary_attest *attest, const struct occ_attest_answer *answer)
{
    struct asker *asker = (struct asker *)attest;
    asker->done++;
    asker->code = answer->code;
    (void)snprintf(asker->document, sizeof(asker->document), "%.*s", OCC_BYTES_ARG(answer->report_b64));
}

struct fixture {
    struct occ_attests attests;
    uint64_t last_id;
};

/* Returns how many bytes were to be sent. */
static size_t
add(struct fixture *fixture, struct asker *asker, const char *nonce, uint64_t since_ms, enum occ_err expected)
{
    OCC_BUF_AUTO(out, 4096);
    *asker = (struct asker){ .attest = { .nonce = occ_bytes_str(nonce), .done = on_done, .since_ms = since_ms } };
    assert_int_equal(occ_attests_add(&fixture->attests, &asker->attest, &fixture->last_id, &out).code, expected);
    if (out.len > 0) {
        struct occ_frame frame;
        struct occ_bytes asked;
        size_t used;
        assert_true(occ_is_ok(occ_frame_next(occ_buf_view(&out), &frame, &used)));
        assert_int_equal(frame.type, OCC_FRAME_ATTEST);
        assert_true(frame.id == fixture->last_id);
        assert_true(occ_is_ok(occ_attest_read(frame.payload, &asked)) && occ_bytes_is(asked, nonce));
    }
    return out.len;
}

static struct occ_result
take(struct fixture *fixture, uint64_t id, const struct occ_attest_answer *answer)
{
    OCC_BUF_AUTO(out, 4096);
    struct occ_frame frame;
    size_t used;
    occ_attest_put_answer(&out, id, answer);
    assert_true(occ_is_ok(occ_frame_next(occ_buf_view(&out), &frame, &used)));
    return occ_attests_take(&fixture->attests, &frame);
}

static struct occ_attest_answer
good(const char *document)
{
    return (struct occ_attest_answer){ .format = occ_bytes_str("f"), .report_b64 = occ_bytes_str(document) };
}

static void
expect(const struct asker *asker, enum occ_err code, const char *document)
{
    assert_int_equal(asker->done, 1);
    assert_int_equal(asker->code, code);
    assert_string_equal(asker->document, document);
}

static void
test_answers(void **state)
{
    (void)state;
    struct fixture fixture = { .last_id = 40 };
    struct asker first, second, third;
    const struct occ_attest_answer answers[] = { good("AAAA"), good("BBBB") };
    const struct occ_attest_answer busy = { .code = OCC_ERR_BUSY, .text = occ_bytes_str("later") };
    assert_true(add(&fixture, &first, "1", 0, OCC_OK) > 0);
    assert_true(add(&fixture, &second, "2", 0, OCC_OK) > 0);
    assert_true(add(&fixture, &third, "2", 0, OCC_OK) > 0); /* each nonce has its own */
    assert_int_equal(fixture.attests.waiting, 3);
    assert_true(occ_is_ok(take(&fixture, 42, &answers[1])));
    assert_int_equal(first.done, 0);
    expect(&second, OCC_OK, "BBBB");
    assert_int_equal(take(&fixture, 42, &answers[1]).code, OCC_ERR_WIRE_MESSAGE); /* it was answered */
    assert_int_equal(take(&fixture, 0, &answers[1]).code, OCC_ERR_WIRE_MESSAGE);
    assert_int_equal(take(&fixture, 44, &answers[1]).code, OCC_ERR_WIRE_MESSAGE);
    assert_true(occ_is_ok(take(&fixture, 41, &answers[0])));
    expect(&first, OCC_OK, "AAAA");
    assert_true(occ_is_ok(take(&fixture, 43, &busy)));
    expect(&third, OCC_ERR_BUSY, "");
    assert_int_equal(fixture.attests.waiting, 0);
}

static void
test_shared(void **state)
{
    (void)state;
    struct fixture fixture = { 0 };
    struct asker askers[4];
    const struct occ_attest_answer answer = good("AAAA");
    assert_true(add(&fixture, &askers[0], "", 0, OCC_OK) > 0);
    assert_int_equal(add(&fixture, &askers[1], "", 0, OCC_OK), 0);
    assert_true(add(&fixture, &askers[2], "n", 0, OCC_OK) > 0);
    assert_int_equal(add(&fixture, &askers[3], "", 0, OCC_OK), 0);
    assert_true(occ_is_ok(take(&fixture, 1, &answer)));
    expect(&askers[0], OCC_OK, "AAAA");
    expect(&askers[1], OCC_OK, "AAAA");
    expect(&askers[3], OCC_OK, "AAAA");
    assert_int_equal(askers[2].done, 0);
    assert_true(add(&fixture, &askers[0], "", 0, OCC_OK) > 0); /* a new one: that one was answered */
    occ_attests_fail_all(&fixture.attests, OCC_ERR_UNAVAILABLE);
    expect(&askers[0], OCC_ERR_UNAVAILABLE, "");
    expect(&askers[2], OCC_ERR_UNAVAILABLE, "");
    assert_int_equal(take(&fixture, 2, &answer).code, OCC_ERR_WIRE_MESSAGE); /* of the session before */
}

/* However many nonces there are: the document that is at hand can be had. */
static void
test_nonces_take_all_places(void **state)
{
    (void)state;
    static struct asker askers[OCC_LIMIT_ATTEST_ASKERS];
    struct fixture fixture = { 0 };
    struct asker late, plain[2];
    const struct occ_attest_answer answer = good("AAAA");
    for (unsigned i = 0; i < OCC_LIMIT_ATTEST_ASKERS; i++) {
        assert_true(add(&fixture, &askers[i], "n", 0, OCC_OK) > 0);
    }
    assert_int_equal(add(&fixture, &late, "n", 0, OCC_ERR_BUSY), 0);
    assert_true(add(&fixture, &plain[0], "", 0, OCC_OK) > 0);
    assert_int_equal(add(&fixture, &plain[1], "", 0, OCC_OK), 0);
    assert_true(occ_is_ok(take(&fixture, fixture.last_id, &answer)));
    expect(&plain[0], OCC_OK, "AAAA");
    expect(&plain[1], OCC_OK, "AAAA");
    assert_int_equal(add(&fixture, &late, "n", 0, OCC_ERR_BUSY), 0); /* that place is not for nonces */
    assert_true(add(&fixture, &plain[0], "", 0, OCC_OK) > 0);
    occ_attests_time_out(&fixture.attests, 1);
    expect(&plain[0], OCC_ERR_TIMEOUT, "");
    assert_true(occ_is_ok(take(&fixture, fixture.last_id, &answer)));
    occ_attests_fail_all(&fixture.attests, OCC_ERR_UNAVAILABLE);
}

/* Whoever waited too long is told so; the place is taken until the answer has come. */
static void
test_time_out(void **state)
{
    (void)state;
    static struct asker askers[OCC_LIMIT_ATTEST_ASKERS + 1];
    struct fixture fixture = { 0 };
    const struct occ_attest_answer answer = good("AAAA");
    for (unsigned i = 0; i < OCC_LIMIT_ATTEST_ASKERS; i++) {
        assert_true(add(&fixture, &askers[i], "n", i == 0 ? 999 : 1000, OCC_OK) > 0);
    }
    occ_attests_time_out(&fixture.attests, 1000);
    expect(&askers[0], OCC_ERR_TIMEOUT, "");
    assert_int_equal(askers[1].done, 0);
    assert_int_equal(fixture.attests.waiting, OCC_LIMIT_ATTEST_ASKERS - 1);
    assert_int_equal(add(&fixture, &askers[OCC_LIMIT_ATTEST_ASKERS], "n", 1000, OCC_ERR_BUSY), 0);
    assert_int_equal(fixture.last_id, OCC_LIMIT_ATTEST_ASKERS);
    assert_true(occ_is_ok(take(&fixture, 1, &answer)));
    assert_int_equal(askers[0].done, 1);
    assert_true(add(&fixture, &askers[0], "n", 1000, OCC_OK) > 0);
    occ_attests_fail_all(&fixture.attests, OCC_ERR_UNAVAILABLE);
    for (unsigned i = 0; i < OCC_LIMIT_ATTEST_ASKERS; i++) {
        expect(&askers[i], OCC_ERR_UNAVAILABLE, "");
    }
    assert_int_equal(fixture.attests.waiting, 0);
}

static void
test_refused(void **state)
{
    (void)state;
    struct fixture fixture = { 0 };
    struct asker asker;
    const struct occ_attest_answer lost = { .code = OCC_ERR_INTEGRITY, .text = occ_bytes_str("no") };
    assert_true(add(&fixture, &asker, "n", 0, OCC_OK) > 0);
    const struct occ_frame malformed = { OCC_FRAME_ATTESTED, 1, occ_bytes_str("?") };
    assert_int_equal(occ_attests_take(&fixture.attests, &malformed).code, OCC_ERR_WIRE_MESSAGE);
    assert_int_equal(asker.done, 0);
    assert_int_equal(take(&fixture, 1, &lost).code, OCC_ERR_INTEGRITY);
    expect(&asker, OCC_ERR_INTEGRITY, "");
    OCC_BUF_AUTO(small, 4);
    struct occ_boundary_attest attest = { .nonce = occ_bytes_str("n"), .done = on_done };
    assert_int_equal(occ_attests_add(&fixture.attests, &attest, &fixture.last_id, &small).code, OCC_ERR_LIMIT);
    assert_int_equal(fixture.last_id, 1); /* not taken */
    assert_int_equal(fixture.attests.waiting, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_answers), cmocka_unit_test(test_shared),
                                        cmocka_unit_test(test_nonces_take_all_places), cmocka_unit_test(test_time_out),
                                        cmocka_unit_test(test_refused) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
