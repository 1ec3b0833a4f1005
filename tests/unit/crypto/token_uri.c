/* token_uri.c — which names of keys are taken, what an attribute says, and that equal bytes are equal text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/token_uri.h"

static void
test_is(void **state)
{
    (void)state;
    assert_true(occ_token_uri_is("pkcs11:"));
    assert_true(occ_token_uri_is("pkcs11:token=a"));
    assert_false(occ_token_uri_is("pkcs11"));
    assert_false(occ_token_uri_is("PKCS11:token=a"));
    assert_false(occ_token_uri_is(""));
}

static void
test_taken(void **state)
{
    (void)state;
    static const char *const uris[] = {
        "pkcs11:token=occ;object=k1",
        "pkcs11:serial=1;id=%01%ff",
        "pkcs11:token=a%20b;object=k%3B;type=private",
        "pkcs11:model=m;manufacturer=x;serial=1;token=t;id=%01;object=o;type=private",
        "pkcs11:object=k1;token=occ;", /* the last ';' ends nothing */
    };
    for (size_t i = 0; i < sizeof uris / sizeof uris[0]; i++) {
        struct occ_error err = { 0 };
        if (!occ_is_ok(occ_token_uri_check("--signer", uris[i], &err))) {
            fail_msg("%s: %s", uris[i], err.text);
        }
    }
}

static void
test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *uri, *sentence;
    } cases[] = {
        { "file:k", "--signer: expected pkcs11:token=…;object=… of at most 1024 bytes" },
        { "pkcs11:", "--signer: names no token, expected token=… or serial=…: the PIN is tried on no other" },
        { "pkcs11:object=k", "--signer: names no token, expected token=… or serial=…: the PIN is tried on no other" },
        { "pkcs11:token=t", "--signer: names no key, expected object=… or id=…" },
        { "pkcs11:token=t;object=k;object=k", "--signer: object is given twice" },
        { "pkcs11:token=t;object=", "--signer: object is empty" },
        { "pkcs11:token;object=k", "--signer: token is empty" },
        { "pkcs11:token=t;object=%4", "--signer: object: a '%' that two hex digits do not follow" },
        { "pkcs11:token=t;object=%4g", "--signer: object: a '%' that two hex digits do not follow" },
        { "pkcs11:token=t;object=k;type=public", "--signer: type is not \"private\", which alone can sign" },
        { "pkcs11:token=t;object=k;slot-id=1",
          "--signer: \"slot-id\" is no attribute of a key, expected token, serial, object, id, model, manufacturer or "
          "type" },
        { "pkcs11:token=t;;object=k",
          "--signer: \"\" is no attribute of a key, expected token, serial, object, id, model, manufacturer or type" },
        { "pkcs11:token=t;object=k?module-name=m", "--signer: a query (behind '?') is not taken" },
        { "pkcs11:token=t;object=k?pin-value=1234",
          "--signer: a PIN in the uri can be read by other users of this machine; it is given by a file or the "
          "environment" },
        { "pkcs11:token=t;object=k;pin-source=/f",
          "--signer: a PIN in the uri can be read by other users of this machine; it is given by a file or the "
          "environment" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct occ_error err = { 0 };
        assert_int_equal(occ_token_uri_check("--signer", cases[i].uri, &err).code, OCC_ERR_USAGE);
        assert_string_equal(err.text, cases[i].sentence);
    }
    char longer[OCC_TOKEN_URI_LEN_MAX + 2] = "pkcs11:token=t;object=";
    memset(longer + strlen(longer), 'k', sizeof longer - 1 - strlen(longer));
    struct occ_error err = { 0 };
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(occ_token_uri_check("x", longer, &err).code, OCC_ERR_USAGE);
    longer[sizeof longer - 2] = '\0';
    assert_int_equal(occ_token_uri_check("x", longer, &err).code, OCC_OK);
}

static enum occ_err
get(const char *uri, const char *attribute, const char *expected)
{
    OCC_BUF_AUTO(value, 8);
    const struct occ_result got = occ_token_uri_get(occ_bytes_str(uri), attribute, &value);
    if (occ_is_ok(got)) {
        assert_true(occ_bytes_is(occ_buf_view(&value), expected));
    }
    return got.code;
}

static void
test_get(void **state)
{
    (void)state;
    static const char uri[] = "pkcs11:token=a%20b;object=;id=%41%62;x;long=123456789;bad=%4?token=other;serial=1";
    assert_int_equal(get(uri, "token", "a b"), OCC_OK);
    assert_int_equal(get(uri, "object", ""), OCC_OK);
    assert_int_equal(get(uri, "id", "Ab"), OCC_OK);
    assert_int_equal(get(uri, "x", ""), OCC_OK);
    assert_int_equal(get(uri, "serial", ""), OCC_ERR_NOT_FOUND); /* behind the '?' */
    assert_int_equal(get(uri, "toke", ""), OCC_ERR_NOT_FOUND);
    assert_int_equal(get(uri, "bad", ""), OCC_ERR_FIELD_ENCODING);
    assert_int_equal(get(uri, "long", ""), OCC_ERR_LIMIT);
    assert_int_equal(get("http:token=a", "token", ""), OCC_ERR_NOT_FOUND);
    assert_int_equal(get("pkcs11:", "token", ""), OCC_ERR_NOT_FOUND);
}

static void
test_put_value(void **state)
{
    (void)state;
    OCC_BUF_AUTO(text, 256);
    occ_token_uri_put_value(&text, occ_bytes_of("aZ09-._~ ;%\0\xc3\xa9", 14));
    assert_true(occ_bytes_is(occ_buf_view(&text), "aZ09-._~%20%3B%25%00%C3%A9"));
}

static void
test_put_without(void **state)
{
    (void)state;
    static const struct {
        const char *uri, *attribute, *rest;
    } cases[] = {
        { "pkcs11:token=t;object=k;id=%01", "id", "pkcs11:token=t;object=k" },
        { "pkcs11:object=k;token=t;id=%01;", "object", "pkcs11:token=t;id=%01" },
        { "pkcs11:object=id;token=t", "id", "pkcs11:object=id;token=t" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OCC_BUF_AUTO(text, 64);
        occ_token_uri_put_without(&text, occ_bytes_str(cases[i].uri), cases[i].attribute);
        occ_buf_put_byte(&text, '\0');
        assert_true(occ_is_ok(occ_buf_check(&text)));
        assert_string_equal((const char *)text.ptr, cases[i].rest);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is),  cmocka_unit_test(test_taken),     cmocka_unit_test(test_refused),
        cmocka_unit_test(test_get), cmocka_unit_test(test_put_value), cmocka_unit_test(test_put_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
