/* Tests of src/crypto/timestamp_response.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/crypto/timestamp_fixture.h"

static void
test_response(void **state)
{
    (void)state;
    struct timestamp_plan plan;
    make_plan(&plan);
    AUTHORITY_AUTO authority = timestamp_authority_new(&plan);
    OCC_BUF_AUTO(token, TOKEN_MAX);
    OCC_BUF_AUTO(response, TOKEN_MAX);
    timestamp_token_put(&token, &plan, authority);
    timestamp_response_put(&response, occ_buf_view(&token));
    struct occ_bytes found;
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(occ_timestamp_response_token(occ_buf_view(&response), &err, &found)));
    assert_true(occ_bytes_equal(found, occ_buf_view(&token)));
    assert_ptr_equal(found.ptr + found.len, response.ptr + response.len);
    for (size_t len = 0; len < response.len; len++) {
        assert_int_equal(occ_timestamp_response_token(occ_bytes_of(response.ptr, len), NULL, &found).code,
                         OCC_ERR_TIMESTAMP_TOKEN);
    }
    occ_buf_put_byte(&response, 0);
    assert_int_equal(occ_timestamp_response_token(occ_buf_view(&response), NULL, &found).code, OCC_ERR_TIMESTAMP_TOKEN);
    assert_int_equal(ERR_peek_error(), 0);
}

static void
test_response_refused(void **state)
{
    (void)state;
    static const struct {
        const char *der;
        size_t len;
        const char *sentence;
    } cases[] = {
        { "\x30\x05\x30\x03\x02\x01\x02", 7, "the authority gave no token, status 2" },
        { "\x30\x05\x30\x03\x02\x01\x00", 7, "the answer says granted and has no token" },
        { "\x30\x10\x30\x0e\x02\x01\x02\x30\x09\x0c\x07"
          "bad day",
          18, "the authority gave no token, status 2: bad day" },
        { "\x30\x09\x30\x07\x02\x01\x02\x03\x02\x07\x80", 11, "the authority gave no token, status 2: badAlg" },
        { "\x30\x00", 2, "the answer is not an RFC 3161 response" },
        { "<html>", 6, "the answer is not an RFC 3161 response" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct occ_bytes token = occ_bytes_of("x", 1);
        struct occ_error err = { 0 };
        assert_int_equal(occ_timestamp_response_token(occ_bytes_of(cases[i].der, cases[i].len), &err, &token).code,
                         OCC_ERR_TIMESTAMP_TOKEN);
        assert_string_equal(err.text, cases[i].sentence);
        assert_int_equal(token.len, 1);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_response),
        cmocka_unit_test(test_response_refused),
    };
    return cmocka_run_group_tests_name("crypto.timestamp_response", tests, NULL, NULL);
}
