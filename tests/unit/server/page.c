/* Pages of proofs: arrays and lines, what is passed over, where a page ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "server/page.h"

/* Shows count proofs with the counters 1, 2, … as the ledger would; returns what the walk gives. */
static struct occ_result
walk(struct occ_page *page, unsigned count)
{
    for (unsigned i = 1; i <= count; i++) {
        char text[64];
        const int len = snprintf(text, sizeof text, "{\"n\":%u,\"version\":\"occ/1\"}", i);
        const struct occ_ledger_found found = { .counter = i,
                                                .text = occ_bytes_of(text, (size_t)len),
                                                .artifact_token = occ_bytes_str(i == 2 ? "{\"a\":1}" : NULL) };
        OCC_TRY(occ_page_visit(page, &found));
    }
    return occ_success();
}

static void
check(bool is_lines, uint64_t skip, size_t limit, bool more, const char *expected)
{
    OCC_BUF_AUTO(body, OCC_PAGE_BODY_LEN);
    struct occ_page page = { .body = &body, .limit = limit, .skip = skip, .is_lines = is_lines };
    assert_true(occ_is_ok(occ_page_finish(&page, walk(&page, 3))));
    assert_int_equal(page.more, more);
    occ_buf_put_byte(&body, 0);
    assert_string_equal((const char *)body.ptr, expected);
}

#define ONE "{\"n\":1,\"version\":\"occ/1\"}"
#define TWO "{\"n\":2,\"timestamps\":{\"artifact\":{\"a\":1}},\"version\":\"occ/1\"}"
#define THREE "{\"n\":3,\"version\":\"occ/1\"}"

static void
test_forms(void **state)
{
    (void)state;
    check(false, 0, 100, false, "[" ONE "," TWO "," THREE "]");
    check(false, 0, 3, false, "[" ONE "," TWO "," THREE "]");
    check(false, 0, 2, true, "[" ONE "," TWO "]");
    check(false, 1, 1, true, "[" TWO "]");
    check(false, 2, 1, false, "[" THREE "]");
    check(false, 3, 1, false, "[]");
    check(true, 0, 2, true, ONE "\n" TWO "\n");
    check(true, 3, 2, false, "");
}

/* Bytes end a page too, but never before its first proof. */
static void
test_bytes(void **state)
{
    (void)state;
    OCC_BUF_AUTO(body, OCC_PAGE_BODY_LEN);
    struct occ_page page = { .body = &body, .limit = 100 };
    const size_t len = OCC_LIMIT_LEDGER_PAGE_LEN / 2 - 100;
    char *text = calloc(1, 2 * OCC_LIMIT_LEDGER_PAGE_LEN);
    assert_non_null(text);
    struct occ_ledger_found found = { .counter = 5, .text = occ_bytes_of(text, len) };
    assert_true(occ_is_ok(occ_page_visit(&page, &found)));
    assert_true(occ_is_ok(occ_page_visit(&page, &found)));
    found.counter = 6;
    assert_int_equal(occ_page_visit(&page, &found).code, OCC_ERR_LIMIT);
    assert_true(page.more);
    assert_int_equal(page.count, 2);
    assert_int_equal(page.last_counter, 5);

    OCC_BUF_AUTO(large, OCC_PAGE_BODY_LEN);
    struct occ_page one = { .body = &large, .limit = 100 };
    found.text.len = 2 * OCC_LIMIT_LEDGER_PAGE_LEN;
    assert_true(occ_is_ok(occ_page_visit(&one, &found)));
    assert_int_equal(occ_page_visit(&one, &found).code, OCC_ERR_LIMIT);
    assert_int_equal(one.count, 1);
    free(text);
}

/* Only the page's own end is a success; a ledger's failure stays one, also if it is OCC_ERR_LIMIT. */
static void
test_failures(void **state)
{
    (void)state;
    OCC_BUF_AUTO(body, OCC_PAGE_BODY_LEN);
    struct occ_page page = { .body = &body, .limit = 100 };
    assert_int_equal(occ_page_finish(&page, occ_result_of(OCC_ERR_LEDGER_CORRUPT)).code, OCC_ERR_LEDGER_CORRUPT);
    assert_int_equal(occ_page_finish(&page, occ_result_of(OCC_ERR_LIMIT)).code, OCC_ERR_LIMIT);
    page.more = true;
    assert_int_equal(occ_page_finish(&page, occ_result_of(OCC_ERR_IO)).code, OCC_ERR_IO);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
