/* Tests of src/audit/split.c. */
#include "unit/audit/support.h"

#include "audit/split.h"
#include "base/limits.h"

/* A text that is read in blocks of at most step bytes. */
struct text {
    struct occ_bytes rest;
    size_t step;
    bool fails;
};

static struct occ_result
read_text(void *ctx, struct occ_error *err, uint8_t *ret, size_t cap, size_t *ret_len)
{
    struct text *text = ctx;
    if (text->fails) {
        return occ_error_set(err, OCC_ERR_IO, "broken");
    }
    size_t len = text->rest.len < text->step ? text->rest.len : text->step;
    len = len < cap ? len : cap;
    if (len > 0) {
        memcpy(ret, text->rest.ptr, len);
    }
    text->rest = occ_bytes_of(text->rest.ptr + len, text->rest.len - len);
    *ret_len = len;
    return occ_success();
}

/* All values of a text, each as "LINE[INDEX] text\n" or "LINE[INDEX] !sentence\n". */
static void
list_values(struct occ_bytes bytes, size_t step, struct occ_buf *buf)
{
    struct text text = { .rest = bytes, .step = step };
    struct occ_split *split = NULL;
    assert_true(occ_is_ok(occ_split_new(read_text, &text, &split)));
    occ_split_begin(split);
    for (;;) {
        struct occ_split_value value;
        bool more = false;
        assert_true(occ_is_ok(occ_split_next(split, NULL, &value, &more)));
        if (!more) {
            break;
        }
        occ_buf_put_format(buf, "%llu[%llu] %s", (unsigned long long)value.line, (unsigned long long)value.index,
                           value.malformed ? "!" : "");
        occ_buf_put_str(buf, value.why.text);
        occ_buf_put(buf, value.text);
        occ_buf_put_byte(buf, '\n');
    }
    occ_split_free(split);
}

static void
assert_values(const char *text, const char *expected)
{
    static const size_t steps[] = { 1, 2, 3, 7, 1 << 20 };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        OCC_BUF_AUTO(found, 1 << 20);
        list_values(occ_bytes_str(text), steps[i], &found);
        occ_buf_put_byte(&found, 0);
        assert_true(occ_is_ok(occ_buf_check(&found)));
        assert_string_equal((const char *)found.ptr, expected);
    }
}

static void
test_forms(void **state)
{
    (void)state;
    assert_values("", "");
    assert_values(" \n\r\n\t", "");
    assert_values("{}", "1[0] {}\n");
    assert_values("{\"a\":1}\n{\"b\":[true,{}]}\n", "1[0] {\"a\":1}\n2[1] {\"b\":[true,{}]}\n");
    assert_values("{\"a\":1}\r\n\r\n{\"b\":2}\r\n", "1[0] {\"a\":1}\n3[1] {\"b\":2}\n");
    assert_values("{}{}  {}", "1[0] {}\n1[1] {}\n1[2] {}\n");
    assert_values("[]", "");
    assert_values("[{},{}]", "1[0] {}\n1[1] {}\n");
    assert_values("[\n{},\n{}\n]\n", "2[0] {}\n3[1] {}\n");
    assert_values("[{}]\n[{},{}]\n{}", "1[0] {}\n2[1] {}\n2[2] {}\n3[3] {}\n");
    assert_values("{\n  \"a\": \"}\",\n  \"b\": [ 1, -2.5e3 ]\n}\n{\n}",
                  "1[0] {\n  \"a\": \"}\",\n  \"b\": [ 1, -2.5e3 ]\n}\n5[1] {\n}\n");
    assert_values("{\"\\\"}\\\\\":\"\\u007d\"}{}", "1[0] {\"\\\"}\\\\\":\"\\u007d\"}\n1[1] {}\n");
}

static void
test_malformed(void **state)
{
    (void)state;
    /* What is left open is not guessed at, what follows is not lost. */
    assert_values("{\"a\":1\n{\"b\":2}\n{}",
                  "1[0] !not JSON: '{' at line 2, expected ',' or '}'\n2[1] {\"b\":2}\n3[2] {}\n");
    assert_values("{\"a\":\n{\"b\":2}\n{}\n",
                  "1[0] !not JSON: '{' at line 3, expected ',' or '}'\n2[1] {\"b\":2}\n3[2] {}\n");
    assert_values("{\"a\n{}\n", "1[0] !not JSON: the end of the line at line 1, expected the string's end\n2[1] {}\n");
    assert_values("{\"a\\\n{}\n",
                  "1[0] !not JSON: the end of the line at line 1, expected the string's end\n2[1] {}\n");
    assert_values("garbage {}\n{}", "1[0] !not JSON: 'g' at line 1, expected an object or an array\n2[1] {}\n");
    assert_values("{} 17\n{}", "1[0] {}\n1[1] !not JSON: '1' at line 1, expected an object or an array\n2[2] {}\n");
    assert_values(
        "\xef\xbb\xbf{}\n{}",
        "1[0] !not JSON: byte 0xef at line 1, expected an object or an array (and no byte order mark)\n2[1] {}\n");
    assert_values("{\"a\":1", "1[0] !not JSON: the end at line 1, expected ',' or '}'\n");
    assert_values("{\"a\":\"b", "1[0] !not JSON: the end at line 1, expected the string's end\n");
    assert_values("{}}\n{}", "1[0] {}\n1[1] !not JSON: '}' at line 1, expected an object or an array\n2[2] {}\n");
    assert_values("{\"a\":[1}\n{}", "1[0] !not JSON: '}' at line 1, expected ',' or ']'\n2[1] {}\n");
    assert_values("{\"a\" 1}", "1[0] !not JSON: '1' at line 1, expected ':'\n");
    assert_values("{1:2}", "1[0] !not JSON: '1' at line 1, expected a name or '}'\n");
    assert_values("{\"a\":1,}", "1[0] !not JSON: '}' at line 1, expected a name\n");
    assert_values("{\"a\":[1,]}", "1[0] !not JSON: ']' at line 1, expected a value\n");
    assert_values("{\"a\":[,]}", "1[0] !not JSON: ',' at line 1, expected a value or ']'\n");
    assert_values("{\"a\":1 2}", "1[0] !not JSON: '2' at line 1, expected ',' or '}'\n");
    assert_values("{\"a\":1\"b\":2}", "1[0] !not JSON: '\"' at line 1, expected ',' or '}'\n");
    assert_values("{\"a\"::1}", "1[0] !not JSON: ':' at line 1, expected a value\n");
    assert_values("{:1}", "1[0] !not JSON: ':' at line 1, expected a name or '}'\n");
    /* Indented lines of a damaged object are not taken for objects of their own. */
    assert_values("{\n  \"a\": x y,\n  \"c\":\n  {\n  }\n}\n{\n}\n",
                  "1[0] !not JSON: 'y' at line 2, expected ',' or '}'\n7[1] {\n}\n");
}

static void
test_arrays(void **state)
{
    (void)state;
    assert_values("[{} {}]\n", "1[0] {}\n1[1] !not JSON: '{' at line 1, expected ',' or ']' of the array\n");
    assert_values("[{},]", "1[0] {}\n1[1] !not JSON: ']' at line 1, expected an object\n");
    assert_values("[,{}]", "1[0] !not JSON: ',' at line 1, expected an object\n");
    assert_values("[[{}]]", "1[0] !not JSON: '[' at line 1, expected an object\n");
    assert_values("[{},1]", "1[0] {}\n1[1] !not JSON: '1' at line 1, expected an object\n");
    assert_values("[{}", "1[0] {}\n1[1] !not JSON: the array of line 1 is not closed\n");
    assert_values("\n[", "2[0] !not JSON: the array of line 2 is not closed\n");
    assert_values("]", "1[0] !not JSON: ']' at line 1, expected an object or an array\n");
    assert_values("{},{}", "1[0] {}\n1[1] !not JSON: ',' at line 1, expected an object or an array\n");
    /* After a damaged element the others are found, and nothing is said of commas and brackets any more. */
    assert_values("[\n  {\"a\":1},\n  {\"b\":},\n  {\"c\":3}\n]\n",
                  "2[0] {\"a\":1}\n3[1] !not JSON: '}' at line 3, expected a value\n4[2] {\"c\":3}\n");
}

static void
put_nested(struct occ_buf *buf, unsigned depth)
{
    for (unsigned i = 1; i < depth; i++) {
        occ_buf_put_str(buf, "{\"a\":");
    }
    occ_buf_put_str(buf, "{}");
    for (unsigned i = 1; i < depth; i++) {
        occ_buf_put_byte(buf, '}');
    }
    occ_buf_put_byte(buf, '\n');
}

static void
test_depth(void **state)
{
    (void)state;
    for (unsigned depth = OCC_LIMIT_JSON_DEPTH; depth <= OCC_LIMIT_JSON_DEPTH + 1; depth++) {
        OCC_BUF_AUTO(text, 1 << 16);
        OCC_BUF_AUTO(found, 1 << 16);
        put_nested(&text, depth);
        list_values(occ_buf_view(&text), 5, &found);
        occ_buf_put_byte(&found, 0);
        const bool refused = strstr((const char *)found.ptr, "!not JSON: nested deeper than 64 levels") != NULL;
        assert_int_equal(refused, depth > OCC_LIMIT_JSON_DEPTH);
    }
}

/* The longest proof is taken, one byte more is refused, and the stream goes on; whatever the size of blocks. */
static void
test_length(void **state)
{
    (void)state;
    static const size_t steps[] = { 1 << 12, 77777, 1 << 20, 1 << 24 };
    for (size_t extra = 0; extra <= 1; extra++) {
        for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
            OCC_BUF_AUTO(bytes, OCC_LIMIT_PROOF_LEN + 100);
            occ_buf_put_str(&bytes, "{}\n{\"a\":\"");
            uint8_t *to = occ_buf_reserve(&bytes, OCC_LIMIT_PROOF_LEN);
            assert_non_null(to);
            memset(to, 'x', OCC_LIMIT_PROOF_LEN);
            bytes.len += OCC_LIMIT_PROOF_LEN - strlen("{\"a\":\"\"}") + extra;
            occ_buf_put_str(&bytes, "\"}\n{}\n");
            struct text text = { .rest = occ_buf_view(&bytes), .step = steps[i] };
            struct occ_split *split = NULL;
            struct occ_split_value values[3];
            bool more = false;
            assert_true(occ_is_ok(occ_split_new(read_text, &text, &split)));
            occ_split_begin(split);
            for (int n = 0; n < 3; n++) {
                assert_true(occ_is_ok(occ_split_next(split, NULL, &values[n], &more)));
                assert_true(more);
                assert_int_equal(values[n].line, n + 1);
                assert_int_equal(values[n].malformed, n == 1 && extra == 1);
            }
            assert_int_equal(values[1].text.len, extra == 1 ? 0 : OCC_LIMIT_PROOF_LEN);
            assert_int_equal(values[1].why.code, extra == 1 ? OCC_ERR_LIMIT : OCC_OK);
            assert_true(occ_is_ok(occ_split_next(split, NULL, &values[0], &more)));
            assert_false(more);
            occ_split_free(split);
        }
    }
}

static void
test_streams(void **state)
{
    (void)state;
    struct text text = { .rest = occ_bytes_str("{}\n\n[{}"), .step = 100 };
    struct occ_split *split = NULL;
    struct occ_split_value value;
    struct occ_error err = { 0 };
    bool more = true;
    assert_true(occ_is_ok(occ_split_new(read_text, &text, &split)));
    assert_true(occ_is_ok(occ_split_next(split, NULL, &value, &more))); /* before the first stream there is nothing */
    assert_false(more);
    occ_split_begin(split);
    do {
        assert_true(occ_is_ok(occ_split_next(split, NULL, &value, &more)));
    } while (more);
    text.rest = occ_bytes_str("\n{}"); /* another stream knows nothing of the array */
    occ_split_begin(split);
    assert_true(occ_is_ok(occ_split_next(split, NULL, &value, &more)));
    assert_int_equal(value.line, 2);
    assert_int_equal(value.index, 0);
    assert_false(value.malformed);
    text.fails = true;
    occ_split_begin(split);
    assert_int_equal(occ_split_next(split, &err, &value, &more).code, OCC_ERR_IO);
    assert_string_equal(err.text, "broken");
    occ_split_free(split);
    occ_split_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms), cmocka_unit_test(test_malformed), cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_depth), cmocka_unit_test(test_length),    cmocka_unit_test(test_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
