/* API keys: the file's rules, the environment's list, matching. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "server/keys.h"

/* printf 'The quick brown fox' | sha256sum; and one that no key has. */
#define ALPHA "5cac4f980fedc3d3f1f99b4be3472c9b30d56523e632d151237ec9309048bda9"
#define BETA "0000000000000000000000000000000000000000000000000000000000000001"

static struct occ_keys *
new_keys(void)
{
    struct occ_keys *keys = NULL;
    assert_true(occ_is_ok(occ_keys_new(&keys)));
    return keys;
}

static void
refused(const char *text, const char *sentence)
{
    struct occ_keys *keys = new_keys();
    struct occ_error err = { 0 };
    assert_int_equal(occ_keys_add_text(keys, "k.txt", occ_bytes_str(text), &err).code, OCC_ERR_USAGE);
    assert_string_equal(err.text, sentence);
    occ_keys_free(keys);
}

static void
test_file(void **state)
{
    (void)state;
    struct occ_keys *keys = new_keys();
    struct occ_error err = { 0 };
    const char *text = "# our keys\n\nalpha " ALPHA "\r\n  beta.2_x-Y\t " BETA "  \n";
    assert_true(occ_is_ok(occ_keys_add_text(keys, "k.txt", occ_bytes_str(text), &err)));
    assert_int_equal(occ_keys_count(keys), 2);
    assert_string_equal(occ_keys_match(keys, occ_bytes_str("The quick brown fox")), "alpha");
    assert_null(occ_keys_match(keys, occ_bytes_str("The quick brown fo")));
    assert_null(occ_keys_match(keys, occ_bytes_str("The quick brown fox ")));
    assert_null(occ_keys_match(keys, occ_bytes_str("")));
    assert_null(occ_keys_match(keys, occ_bytes_str(ALPHA)));
    occ_keys_free(keys);
}

static void
test_file_refused(void **state)
{
    (void)state;
    static const char digest_expected[] =
        "k.txt:1: after the name, expected the key's SHA-256 as 64 lower-case hex digits";
    static const char name_expected[] = "k.txt:1: the name is not 1 to 64 characters of A-Za-z0-9._-";
    refused("", "k.txt: no key in it, expected lines of NAME SHA256HEX");
    refused("# only a comment\n", "k.txt: no key in it, expected lines of NAME SHA256HEX");
    refused("alpha\n", digest_expected);
    refused("alpha my-plain-key\n", digest_expected);
    refused("alpha " ALPHA "00\n", digest_expected);
    refused("alpha " ALPHA " more\n", digest_expected);
    refused("alpha 5CAC4F980FEDC3D3F1F99B4BE3472C9B30D56523E632D151237EC9309048BDA9\n", digest_expected);
    refused("al/pha " ALPHA "\n", name_expected);
    refused("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa " ALPHA "\n", name_expected);
    refused("alpha " ALPHA "\nalpha " BETA "\n", "k.txt:2: the name \"alpha\" is used twice");
    refused("alpha " ALPHA "\n\nbeta " ALPHA "\n", "k.txt:3: the same key as \"alpha\"");
}

static void
test_list(void **state)
{
    (void)state;
    struct occ_keys *keys = new_keys();
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(occ_keys_add_list(keys, occ_bytes_str("one, two words ,,three,"), &err)));
    assert_int_equal(occ_keys_count(keys), 3);
    assert_string_equal(occ_keys_match(keys, occ_bytes_str("one")), "env.1");
    assert_string_equal(occ_keys_match(keys, occ_bytes_str("two words")), "env.2");
    assert_string_equal(occ_keys_match(keys, occ_bytes_str("three")), "env.3");
    assert_null(occ_keys_match(keys, occ_bytes_str("one, two words ,,three,")));
    occ_keys_free(keys);
}

/* A list that was set and has no key must not open the server to everybody. */
static void
test_empty_list_refused(void **state)
{
    (void)state;
    struct occ_keys *keys = new_keys();
    struct occ_error err = { 0 };
    assert_int_equal(occ_keys_add_list(keys, occ_bytes_str(" , ,"), &err).code, OCC_ERR_USAGE);
    assert_string_equal(err.text, "API_KEYS: no key in it, expected keys separated by commas");
    assert_int_equal(occ_keys_add_list(keys, occ_bytes_str("a,b,a"), &err).code, OCC_ERR_USAGE);
    assert_string_equal(err.text, "API_KEYS: the same key as \"env.1\"");
    occ_keys_free(keys);
}

static void
test_both_sources(void **state)
{
    (void)state;
    struct occ_keys *fixed = new_keys();
    struct occ_keys *keys = new_keys();
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(occ_keys_add_list(fixed, occ_bytes_str("one"), &err)));
    assert_true(occ_is_ok(occ_keys_add_all(keys, fixed, &err)));
    assert_true(occ_is_ok(occ_keys_add_text(keys, "k.txt", occ_bytes_str("alpha " ALPHA), &err)));
    assert_string_equal(occ_keys_match(keys, occ_bytes_str("one")), "env.1");
    assert_string_equal(occ_keys_match(keys, occ_bytes_str("The quick brown fox")), "alpha");
    occ_keys_free(fixed);
    occ_keys_free(keys);
}

static void
test_too_many(void **state)
{
    (void)state;
    struct occ_keys *keys = new_keys();
    struct occ_error err = { 0 };
    OCC_BUF_AUTO(text, 1 << 20);
    for (unsigned i = 0; i < 1001; i++) {
        occ_buf_put_format(&text, "k%u %064x\n", i, i);
    }
    assert_int_equal(occ_keys_add_text(keys, "k.txt", occ_buf_view(&text), &err).code, OCC_ERR_LIMIT);
    assert_string_equal(err.text, "k.txt:1001: more than 1000 keys");
    occ_keys_free(keys);
}

static void
test_missing_file(void **state)
{
    (void)state;
    struct occ_keys *keys = new_keys();
    struct occ_error err = { 0 };
    assert_false(occ_is_ok(occ_keys_add_file(keys, "/nonexistent/keys", &err)));
    assert_non_null(strstr(err.text, "/nonexistent/keys"));
    occ_keys_free(keys);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),         cmocka_unit_test(test_file_refused),
        cmocka_unit_test(test_list),         cmocka_unit_test(test_empty_list_refused),
        cmocka_unit_test(test_both_sources), cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_missing_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
