/* The access log's line and error bodies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/answer.h"

static void
check_log(const struct occ_http_exchange *exchange, const struct occ_answer_note *note, const char *expected)
{
    OCC_BUF_AUTO(line, 4096);
    occ_answer_put_log(&line, 1741496392841, exchange, note);
    occ_buf_put_byte(&line, 0);
    assert_string_equal((const char *)line.ptr, expected);
}

static void
test_log(void **state)
{
    (void)state;
    struct occ_http_exchange exchange = { .method = occ_bytes_str("POST"),
                                          .target = occ_bytes_str("/verify?report=1&token=secret"),
                                          .peer = occ_bytes_str("127.0.0.1:51234"),
                                          .status = 200,
                                          .request_len = 120,
                                          .response_len = 14,
                                          .duration_us = 431 };
    check_log(&exchange, NULL,
              "{\"time\":\"2025-03-09T04:59:52.841Z\",\"peer\":\"127.0.0.1:51234\",\"method\":\"POST\","
              "\"path\":\"/verify\",\"status\":200,\"bytesIn\":120,\"bytesOut\":14,\"durationUs\":431}");
    char error[] = "digests: \"x\"";
    const struct occ_answer_note note = {
        .key = "alpha", .has_request_id = true, .request_id = { 0xab, 1 }, .proofs = 3, .error = error
    };
    exchange.target = occ_bytes_str("/commit");
    check_log(&exchange, &note,
              "{\"time\":\"2025-03-09T04:59:52.841Z\",\"peer\":\"127.0.0.1:51234\",\"method\":\"POST\","
              "\"path\":\"/commit\",\"status\":200,\"bytesIn\":120,\"bytesOut\":14,\"durationUs\":431,"
              "\"key\":\"alpha\",\"requestId\":\"ab010000000000000000000000000000\",\"proofs\":3,"
              "\"error\":\"digests: \\\"x\\\"\"}");
}

/* A head that was never understood: empty views, and bytes that are no text. */
static void
test_log_of_garbage(void **state)
{
    (void)state;
    const struct occ_http_exchange empty = { .status = 400 };
    check_log(&empty, NULL,
              "{\"time\":\"2025-03-09T04:59:52.841Z\",\"peer\":\"\",\"method\":\"\",\"path\":\"\",\"status\":400,"
              "\"bytesIn\":0,\"bytesOut\":0,\"durationUs\":0}");
    const struct occ_http_exchange garbage = { .target = occ_bytes_of("/\xff\n\"?x", 6), .status = 400 };
    check_log(&garbage, NULL,
              "{\"time\":\"2025-03-09T04:59:52.841Z\",\"peer\":\"\",\"method\":\"\",\"path\":\"/??\\\"\","
              "\"status\":400,\"bytesIn\":0,\"bytesOut\":0,\"durationUs\":0}");
}

static void
test_error_body(void **state)
{
    (void)state;
    OCC_BUF_AUTO(body, 4096);
    occ_answer_put_error(&body, "unknown field \"x\"");
    assert_true(occ_bytes_is(occ_buf_view(&body), "{\"error\":\"unknown field \\\"x\\\"\"}"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_log_of_garbage),
        cmocka_unit_test(test_error_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
