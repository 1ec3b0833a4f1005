/* tests/unit/proof/value.c — src/proof/value.c: what a caller may put into a proof. */
#include "proof/value.h"

#include "unit/proof/support.h"

/* Puts the value of text after a '#'; checks code and sentence; *ret_text (may be NULL) gets what was appended. */
static void
check(const char *text, enum occ_err code, const char *sentence, const char *expected)
{
    struct occ_json *value = parse_json(text);
    struct occ_error err = { 0 };
    OCC_BUF_AUTO(buf, 1 << 20);
    occ_buf_put_byte(&buf, '#');
    const struct occ_result result = occ_value_put_metadata(value, "digests[3].metadata", &err, &buf);
    assert_int_equal(result.code, code);
    assert_string_equal(err.text, sentence);
    if (expected != NULL) {
        occ_buf_put_byte(&buf, 0);
        assert_string_equal((const char *)buf.ptr + 1, expected);
    }
    if (code != OCC_OK) {
        assert_int_equal(buf.len, 1);
    }
    occ_json_free(value);
}

static void
test_good(void **state)
{
    (void)state;
    check("{ \"b\" : 1.0, \"a\":[ \"\\u0041\" ], \"0\":null }", OCC_OK, "", "{\"0\":null,\"a\":[\"A\"],\"b\":1}");
    check("{}", OCC_OK, "", "");
}

static void
test_types(void **state)
{
    (void)state;
    check("null", OCC_ERR_FIELD_TYPE, "digests[3].metadata: null, expected an object", NULL);
    check("[{}]", OCC_ERR_FIELD_TYPE, "digests[3].metadata: an array, expected an object", NULL);
    check("\"{}\"", OCC_ERR_FIELD_TYPE, "digests[3].metadata: a string, expected an object", NULL);
    check("17", OCC_ERR_FIELD_TYPE, "digests[3].metadata: a number, expected an object", NULL);
    check("true", OCC_ERR_FIELD_TYPE, "digests[3].metadata: a boolean, expected an object", NULL);
}

/* An object of so many levels in all: {"a":[[…{}…]]}. */
static void
put_nested(struct occ_buf *buf, size_t levels)
{
    occ_buf_put_str(buf, "{\"a\":");
    for (size_t i = 2; i < levels; i++) {
        occ_buf_put_byte(buf, '[');
    }
    occ_buf_put_str(buf, "{}");
    for (size_t i = 2; i < levels; i++) {
        occ_buf_put_byte(buf, ']');
    }
    occ_buf_put_byte(buf, '}');
    occ_buf_put_byte(buf, 0);
}

static void
test_depth(void **state)
{
    (void)state;
    OCC_BUF_AUTO(good, 1024);
    put_nested(&good, 32);
    check((const char *)good.ptr, OCC_OK, "", (const char *)good.ptr);
    OCC_BUF_AUTO(deep, 1024);
    put_nested(&deep, 33);
    check((const char *)deep.ptr, OCC_ERR_FIELD_VALUE, "digests[3].metadata: nested deeper than 32 levels", NULL);
}

/* {"a":"xxx…"} of so many bytes in all. */
static void
put_long(struct occ_buf *buf, size_t len)
{
    occ_buf_put_str(buf, "{\"a\":\"");
    for (size_t i = 8; i < len; i++) {
        occ_buf_put_byte(buf, 'x');
    }
    occ_buf_put_str(buf, "\"}");
    occ_buf_put_byte(buf, 0);
}

static void
test_length(void **state)
{
    (void)state;
    OCC_BUF_AUTO(good, 1 << 16);
    put_long(&good, 16384);
    check((const char *)good.ptr, OCC_OK, "", (const char *)good.ptr);
    OCC_BUF_AUTO(bad, 1 << 16);
    put_long(&bad, 16385);
    check((const char *)bad.ptr, OCC_ERR_FIELD_LENGTH, "digests[3].metadata: more than 16384 bytes of canonical JSON",
          NULL);
}

/* What counts is the canonical text: white space does not. */
static void
test_length_is_canonical(void **state)
{
    (void)state;
    OCC_BUF_AUTO(spaces, 1 << 16);
    occ_buf_put_str(&spaces, "{\"a\":");
    for (size_t i = 0; i < 20000; i++) {
        occ_buf_put_byte(&spaces, ' ');
    }
    occ_buf_put_str(&spaces, "1}");
    occ_buf_put_byte(&spaces, 0);
    check((const char *)spaces.ptr, OCC_OK, "", "{\"a\":1}");
}

static void
test_full_buffer(void **state)
{
    (void)state;
    struct occ_json *value = parse_json("{\"a\":1}");
    struct occ_error err = { 0 };
    OCC_BUF_AUTO(buf, 6);
    assert_int_equal(occ_value_put_metadata(value, "metadata", &err, &buf).code, OCC_ERR_LIMIT);
    assert_int_equal(err.code, OCC_ERR_LIMIT);
    occ_json_free(value);
}

/* PROTOCOL §1: inside a signed body names that JavaScript reorders or drops are refused; the rest is as of metadata. */
static void
test_signed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum occ_err code;
        const char *sentence;
    } cases[] = {
        { "{\"message\":\"m\",\"name\":\"J\"}", OCC_OK, "" },
        { "{}", OCC_OK, "" },
        { "[]", OCC_ERR_FIELD_TYPE, "policy: an array, expected an object" },
        { "{\"0\":1}", OCC_ERR_FIELD_NAME, "policy: a member is named \"0\", which JavaScript would reorder or drop" },
        { "{\"a\":[{\"__proto__\":1}]}", OCC_ERR_FIELD_NAME,
          "policy: a member is named \"__proto__\", which JavaScript would reorder or drop" },
        { "{\"01\":1}", OCC_OK, "" }, /* no array index */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct occ_json *value = parse_json(cases[i].text);
        struct occ_error err = { .code = OCC_OK };
        OCC_BUF_AUTO(buf, 1 << 20);
        assert_int_equal(occ_value_put_signed(value, "policy", &err, &buf).code, cases[i].code);
        assert_string_equal(err.text, cases[i].sentence);
        assert_true(occ_bytes_is(occ_buf_view(&buf), cases[i].code != OCC_OK || i == 1 ? "" : cases[i].text));
        occ_json_free(value);
    }
}

static void
test_chain_id(void **state)
{
    (void)state;
    static const char longest[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static const char *const good[] = { "a", "Az09._:-", longest };
    static const char *const bad[] = { "", "a b", "a/b", "\xc3\xa4", "a,b", "a\n" };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(occ_value_is_chain_id(occ_bytes_str(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(occ_value_is_chain_id(occ_bytes_str(bad[i])));
    }
    assert_int_equal(strlen(longest), OCC_LIMIT_CHAIN_ID_LEN);
    char longer[OCC_LIMIT_CHAIN_ID_LEN + 2];
    memset(longer, 'a', sizeof longer);
    assert_false(occ_value_is_chain_id(occ_bytes_of(longer, OCC_LIMIT_CHAIN_ID_LEN + 1)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_length_is_canonical),
        cmocka_unit_test(test_full_buffer),
        cmocka_unit_test(test_signed),
        cmocka_unit_test(test_chain_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
