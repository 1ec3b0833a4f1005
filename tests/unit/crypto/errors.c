/* Tests of src/crypto/errors.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/err.h>

#include "crypto/errors.h"

static void
test_taken_and_put_back(void **state)
{
    (void)state;
    char long_text[600];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    ERR_clear_error();
    ERR_raise_data(ERR_LIB_USER, 42, "what the host was told: %d", 7);
    ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
    ERR_raise_data(ERR_LIB_SYS, 2, "%s", long_text);
    const unsigned long last = ERR_peek_last_error();

    struct occ_errors *errors = NULL;
    assert_int_equal(occ_errors_take(&errors).code, OCC_OK);
    assert_non_null(errors);
    assert_int_equal(ERR_peek_error(), 0);
    ERR_raise(ERR_LIB_USER, 99);
    occ_errors_cleanup(&errors);
    assert_null(errors);

    const char *file = NULL, *function = NULL, *data = NULL;
    int line = 0, flags = 0;
    const unsigned long first = ERR_get_error_all(&file, &line, &function, &data, &flags);
    assert_int_equal(ERR_GET_LIB(first), ERR_LIB_USER);
    assert_int_equal(ERR_GET_REASON(first), 42);
    assert_string_equal(data, "what the host was told: 7");
    assert_string_equal(function, "test_taken_and_put_back");
    assert_non_null(strstr(file, "errors.c"));
    assert_true(line > 0);
    assert_int_equal(ERR_GET_REASON(ERR_get_error_all(NULL, NULL, NULL, &data, &flags)), ERR_R_MALLOC_FAILURE);
    assert_string_equal(data, "");
    assert_int_equal(ERR_get_error_all(NULL, NULL, NULL, &data, &flags), last);
    assert_true(strlen(data) > 200 && strncmp(data, long_text, strlen(data)) == 0);
    assert_int_equal(ERR_get_error(), 0);
}

/* A queue that was empty is empty after. A queue that was full is full. */
static void
test_empty_and_full(void **state)
{
    (void)state;
    ERR_clear_error();
    struct occ_errors *errors = NULL;
    assert_int_equal(occ_errors_take(&errors).code, OCC_OK);
    assert_null(errors);
    ERR_raise(ERR_LIB_USER, 99);
    occ_errors_put_back(errors);
    assert_int_equal(ERR_get_error(), 0);

    for (int i = 0; i < 40; i++) {
        ERR_raise(ERR_LIB_USER, 1 + i);
    }
    assert_int_equal(occ_errors_take(&errors).code, OCC_OK);
    occ_errors_put_back(errors);
    int count = 0;
    int reason = 0;
    for (unsigned long code = ERR_get_error(); code != 0; code = ERR_get_error()) {
        reason = ERR_GET_REASON(code);
        count++;
    }
    assert_int_equal(reason, 40);
    assert_in_range(count, 15, 16);
}

static void
test_no_memory(void **state)
{
    (void)state;
    ERR_clear_error();
    assert_false(occ_errors_say_no_memory());
    ERR_raise(ERR_LIB_USER, 42);
    assert_false(occ_errors_say_no_memory());
    ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
    ERR_raise(ERR_LIB_USER, 42);
    assert_true(occ_errors_say_no_memory());
    assert_int_equal(ERR_peek_error(), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken_and_put_back),
        cmocka_unit_test(test_empty_and_full),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
