/* Authorization and Content-Type values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/auth.h"

static struct occ_keys *
some_keys(void)
{
    struct occ_keys *keys = NULL;
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(occ_keys_new(&keys)));
    assert_true(occ_is_ok(occ_keys_add_list(keys, occ_bytes_str("s3cret"), &err)));
    return keys;
}

static void
test_judge(void **state)
{
    (void)state;
    static const struct {
        const char *value; /* NULL: not sent */
        enum occ_auth expected;
    } cases[] = {
        { NULL, OCC_AUTH_NONE },
        { "Bearer s3cret", OCC_AUTH_KEY },
        { "bearer s3cret", OCC_AUTH_KEY },
        { "BEARER   s3cret", OCC_AUTH_KEY },
        { "Bearer S3cret", OCC_AUTH_WRONG },
        { "Bearer s3cret2", OCC_AUTH_WRONG },
        { "Bearer s3cre", OCC_AUTH_WRONG },
        { "Bearer", OCC_AUTH_WRONG },
        { "Bearer ", OCC_AUTH_WRONG },
        { "Bearers3cret", OCC_AUTH_WRONG },
        { "Bearer s3cret,Bearer s3cret", OCC_AUTH_WRONG },
        { "Basic s3cret", OCC_AUTH_WRONG },
        { "s3cret", OCC_AUTH_WRONG },
        { "", OCC_AUTH_WRONG },
    };
    struct occ_keys *keys = some_keys();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *name = "untouched";
        assert_int_equal(occ_auth_judge(keys, cases[i].value != NULL, occ_bytes_str(cases[i].value), &name),
                         cases[i].expected);
        if (cases[i].expected == OCC_AUTH_KEY) {
            assert_string_equal(name, "env.1");
        } else {
            assert_null(name);
        }
    }
    occ_keys_free(keys);
}

/* No keys configured: all is open, and a token that is sent says nothing. */
static void
test_judge_without_keys(void **state)
{
    (void)state;
    struct occ_keys *keys = NULL;
    const char *name;
    assert_true(occ_is_ok(occ_keys_new(&keys)));
    assert_int_equal(occ_auth_judge(keys, true, occ_bytes_str("Bearer x"), &name), OCC_AUTH_NONE);
    assert_int_equal(occ_auth_judge(keys, false, occ_bytes_str(""), &name), OCC_AUTH_NONE);
    occ_keys_free(keys);
}

static void
test_is_json(void **state)
{
    (void)state;
    static const char *const good[] = { "application/json",
                                        "Application/JSON",
                                        "application/json;charset=utf-8",
                                        "application/json; charset=utf-8",
                                        "application/json ; charset=UTF-8",
                                        "application/json; CharSet=\"UTF-8\"" };
    static const char *const bad[] = { "",
                                       "text/json",
                                       "application/jsonx",
                                       "application/json5",
                                       "application/json;",
                                       "application/json, application/json",
                                       "application/json; charset=latin1",
                                       "application/json; charset=\"utf-8",
                                       "application/json; charset=utf-8; charset=utf-8",
                                       "application/json; profile=x",
                                       "application/json charset=utf-8",
                                       "application/problem+json",
                                       "application/x-www-form-urlencoded" };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(occ_auth_is_json(occ_bytes_str(good[i])));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(occ_auth_is_json(occ_bytes_str(bad[i])));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge),
        cmocka_unit_test(test_judge_without_keys),
        cmocka_unit_test(test_is_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
