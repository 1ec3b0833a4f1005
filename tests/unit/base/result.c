/* Tests of src/base/result.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/result.h"

struct row {
    enum occ_err code;
    const char *name;
    const char *text;
};

static const struct row rows[] = {
#define ROW(id, number, name, text) { id, name, text },
    OCC_CODES(ROW)
#undef ROW
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static void
test_every_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        assert_string_equal(occ_result_name(rows[i].code), rows[i].name);
        assert_string_equal(occ_result_text(rows[i].code), rows[i].text);
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(rows[i].code, rows[k].code);
            assert_string_not_equal(rows[i].name, rows[k].name);
        }
    }
    assert_string_equal(occ_result_name((enum occ_err)39), "internal");
    assert_string_equal(occ_result_text((enum occ_err)39), "internal error");
}

static void
test_sentence(void **state)
{
    (void)state;
    struct occ_error err = { 0 };
    const struct occ_result result = occ_error_set(&err, OCC_ERR_FIELD_LENGTH, "%s: %d bytes, expected 32", "a.b", 31);
    assert_int_equal(result.code, OCC_ERR_FIELD_LENGTH);
    assert_int_equal(err.code, OCC_ERR_FIELD_LENGTH);
    assert_string_equal(err.text, "a.b: 31 bytes, expected 32");
    assert_int_equal(occ_error_set(NULL, OCC_ERR_USAGE, "x").code, OCC_ERR_USAGE);
    assert_int_equal(occ_error_code(NULL, OCC_ERR_USAGE).code, OCC_ERR_USAGE);
    assert_int_equal(occ_error_code(&err, OCC_ERR_NOMEM).code, OCC_ERR_NOMEM);
    assert_string_equal(err.text, "out of memory");
    assert_int_equal(occ_error_code(&err, OCC_OK).code, OCC_OK);
    assert_string_equal(err.text, "");
}

static void
test_sanitized(void **state)
{
    (void)state;
    struct occ_error err;
    (void)occ_error_set(&err, OCC_ERR_USAGE, "%s",
                        "a\nb\x1b[31mc\x7f"
                        "d\xc2\x9b"
                        "e\xff"
                        "f\xc3\xbcg\xed\xa0\x80"
                        "h\xc2");
    assert_string_equal(err.text, "a?b?[31mc?d??e?f\xc3\xbcg???h?");
}

/* A sentence that is too long ends at a whole character, at every shift of a text of 1 to 4 bytes a character. */
static void
test_cut(void **state)
{
    (void)state;
    static const char *const characters[] = { "x", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
    for (size_t kind = 0; kind < 4; kind++) {
        for (size_t shift = 0; shift < 4; shift++) {
            char text[1024] = "aaaa";
            size_t at = shift;
            const size_t width = strlen(characters[kind]);
            while (at + width < 1000) {
                memcpy(text + at, characters[kind], width);
                at += width;
            }
            text[at] = '\0';
            struct occ_error err;
            (void)occ_error_set(&err, OCC_ERR_USAGE, "%s", text);
            const size_t len = strlen(err.text);
            assert_in_range(len, OCC_ERROR_TEXT_SIZE - 4, OCC_ERROR_TEXT_SIZE - 1);
            assert_int_equal((len - shift) % width, 0);
            assert_memory_equal(err.text, text, len);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code),
        cmocka_unit_test(test_sentence),
        cmocka_unit_test(test_sanitized),
        cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests_name("base.result", tests, NULL, NULL);
}
