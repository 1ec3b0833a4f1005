/* Challenges and slots on their way: sent in order, answered in order, and nothing that was not asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/issues.h"

struct issue {
    struct occ_boundary_issue issue; /* first */
    unsigned done;
    enum occ_err code;
    char text[64];
};

static void
on_done(struct occ_boundary_issue *given, const struct occ_issue_answer *answer)
{
    struct issue *issue = (struct issue *)given;
    issue->done++;
    issue->code = answer->code;
    (void)snprintf(issue->text, sizeof(issue->text), "%.*s", OCC_BYTES_ARG(answer->text));
}

/* Three of them, waiting since 100, 200 and 300 ms. */
static void
make(struct issue issues[3], struct occ_issues *waiting)
{
    for (unsigned i = 0; i < 3; i++) {
        issues[i] = (struct issue){ .issue = { .request = { .what = i == 1 ? OCC_ISSUE_SLOT : OCC_ISSUE_CHALLENGE },
                                               .done = on_done } };
        issues[i].issue.since_ms = 100 * (i + 1);
        occ_issues_push(waiting, &issues[i].issue);
    }
}

static struct occ_result
take(struct occ_issues *sent, uint64_t id, enum occ_err code, const char *text)
{
    OCC_BUF_AUTO(buf, 4096);
    struct occ_frame frame;
    size_t used;
    const struct occ_issue_answer answer = { .code = code, .text = occ_bytes_str(text) };
    occ_issue_put_answer(&buf, id, &answer);
    assert_true(occ_is_ok(occ_frame_next(occ_buf_view(&buf), &frame, &used)));
    struct occ_issue_answer given = { .code = OCC_ERR_INTERNAL };
    const struct occ_result result = occ_issues_take(sent, &frame, &given);
    assert_int_equal(given.code, occ_is_ok(result) ? code : OCC_ERR_INTERNAL);
    return result;
}

static void
test_way(void **state)
{
    (void)state;
    struct issue issues[3];
    struct occ_issues waiting = { 0 }, sent = { 0 };
    uint64_t last_id = 40;
    OCC_BUF_AUTO(buf, 4096);
    make(issues, &waiting);
    occ_issues_send(&waiting, &sent, &last_id, &buf);
    assert_int_equal(waiting.count, 0);
    assert_int_equal(sent.count, 3);
    assert_int_equal(last_id, 43);
    size_t at = 0;
    for (unsigned i = 0; i < 3; i++) {
        struct occ_frame frame;
        struct occ_issue_request request;
        size_t used;
        assert_true(occ_is_ok(occ_frame_next(occ_bytes_of(buf.ptr + at, buf.len - at), &frame, &used)));
        assert_int_equal(frame.type, OCC_FRAME_ISSUE);
        assert_int_equal(frame.id, 41 + i);
        assert_true(occ_is_ok(occ_issue_read(frame.payload, &request)));
        assert_int_equal(request.what, i == 1 ? OCC_ISSUE_SLOT : OCC_ISSUE_CHALLENGE);
        at += used;
    }
    assert_int_equal(at, buf.len);

    assert_int_equal(take(&sent, 42, OCC_OK, "{}").code, OCC_ERR_WIRE_MESSAGE); /* not in order */
    assert_true(occ_is_ok(take(&sent, 41, OCC_OK, "{\"challenge\":1}")));
    assert_true(occ_is_ok(take(&sent, 42, OCC_ERR_CHAIN_UNKNOWN, "no such chain")));
    assert_int_equal(take(&sent, 43, OCC_ERR_INTEGRITY, "it cannot trust itself").code, OCC_ERR_INTEGRITY);
    assert_int_equal(take(&sent, 44, OCC_OK, "{}").code, OCC_ERR_WIRE_MESSAGE); /* not asked for */
    static const enum occ_err codes[] = { OCC_OK, OCC_ERR_CHAIN_UNKNOWN, OCC_ERR_INTEGRITY };
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(issues[i].done, 1);
        assert_int_equal(issues[i].code, codes[i]);
    }
    assert_string_equal(issues[0].text, "{\"challenge\":1}");
    assert_string_equal(issues[1].text, "no such chain");
}

static void
test_fail(void **state)
{
    (void)state;
    struct issue issues[3];
    struct occ_issues waiting = { 0 };
    make(issues, &waiting);
    occ_issues_time_out(&waiting, 200);
    assert_int_equal(waiting.count, 2);
    assert_int_equal(issues[0].code, OCC_ERR_TIMEOUT);
    occ_issues_fail_all(&waiting, OCC_ERR_UNAVAILABLE);
    assert_int_equal(waiting.count, 0);
    assert_null(waiting.first);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(issues[i].done, 1);
        assert_int_equal(issues[i].code, i == 0 ? OCC_ERR_TIMEOUT : OCC_ERR_UNAVAILABLE);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_way), cmocka_unit_test(test_fail) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
