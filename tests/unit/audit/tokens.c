/* Tests of src/audit/tokens.c; split.c tests it with whole streams. */
#include "unit/audit/support.h"

#include "audit/tokens.h"

/* Scans all of text, whose '{' is taken already; where it stopped, and how. */
static enum occ_scan
scan(struct occ_tokens *tokens, const char *text, size_t *ret_at)
{
    *tokens = (struct occ_tokens){ .line = 1 };
    occ_tokens_begin(tokens);
    *ret_at = 1;
    return occ_tokens_scan(tokens, (const uint8_t *)text, strlen(text), ret_at);
}

static void
test_scan(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum occ_scan scan;
        size_t at;
        const char *wanted; /* by occ_tokens_wanted where more is to come, else by BAD */
    } rows[] = {
        { "{}x", OCC_SCAN_COMPLETE, 2, NULL },
        { "{\"a\":[{},[]]} ", OCC_SCAN_COMPLETE, 13, NULL },
        { "{", OCC_SCAN_MORE, 1, "a name or '}'" },
        { "{\"a", OCC_SCAN_MORE, 3, "the string's end" },
        { "{\"a\"", OCC_SCAN_MORE, 4, "':'" },
        { "{\"a\":", OCC_SCAN_MORE, 5, "a value" },
        { "{\"a\":1", OCC_SCAN_MORE, 6, "',' or '}'" },
        { "{\"a\":1,", OCC_SCAN_MORE, 7, "a name" },
        { "{\"a\":[", OCC_SCAN_MORE, 6, "a value or ']'" },
        { "{\"a\":[1", OCC_SCAN_MORE, 7, "',' or ']'" },
        { "{]", OCC_SCAN_BAD, 1, "a name or '}'" },
        { "{\"a\"}", OCC_SCAN_BAD, 4, "':'" },
        { "{\"a\":1 2", OCC_SCAN_BAD, 7, "',' or '}'" },
        { "{\"a\n", OCC_SCAN_BAD, 3, "the string's end" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct occ_tokens tokens;
        size_t at = 0;
        assert_int_equal(scan(&tokens, rows[i].text, &at), rows[i].scan);
        assert_int_equal(at, rows[i].at);
        if (rows[i].scan == OCC_SCAN_MORE) {
            assert_string_equal(occ_tokens_wanted(&tokens), rows[i].wanted);
        } else if (rows[i].scan == OCC_SCAN_BAD) {
            assert_string_equal(tokens.wanted, rows[i].wanted);
        }
    }
}

static void
test_lines(void **state)
{
    (void)state;
    struct occ_tokens tokens;
    size_t at = 0;
    assert_int_equal(scan(&tokens, "{\n\r\n \t\"a\" :1", &at), OCC_SCAN_MORE);
    assert_int_equal(tokens.line, 3);
    assert_int_equal(tokens.indent, 2); /* blanks behind the first token do not count */
    assert_false(tokens.blank);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_scan), cmocka_unit_test(test_lines) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
