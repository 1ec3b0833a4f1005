/* Tests of src/codec/json.c. */
#include <dirent.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "codec/canonical.h"
#include "codec/json.h"
#include "unit/codec/vectors.h"

#define JSON_AUTO __attribute__((cleanup(occ_json_cleanup))) struct occ_json *

static struct occ_json *
parse(const char *text)
{
    struct occ_error err = { 0 };
    struct occ_json *root = NULL;
    const struct occ_result result = occ_json_parse(occ_bytes_str(text), 64, &err, &root);
    if (!occ_is_ok(result)) {
        fail_msg("%s: %s", text, err.text);
    }
    return root;
}

static struct occ_error
refused(struct occ_bytes text)
{
    struct occ_error err = { 0 };
    struct occ_json *root = NULL;
    const struct occ_result result = occ_json_parse(text, 64, &err, &root);
    assert_null(root);
    assert_int_equal(result.code, err.code);
    assert_int_not_equal(result.code, OCC_OK);
    assert_int_equal(occ_json_parse(text, 64, NULL, &root).code, err.code);
    assert_true(strlen(err.text) > 0);
    return err;
}

static struct occ_error
refused_str(const char *text)
{
    return refused(occ_bytes_str(text));
}

/* ---- reading ---- */

static void
test_types(void **state)
{
    (void)state;
    JSON_AUTO root = parse("[null,false,true,-1.5,\"s\",[1],{\"a\":1,\"b\":2}]");
    static const enum occ_json_type types[] = { OCC_JSON_NULL,   OCC_JSON_FALSE, OCC_JSON_TRUE,  OCC_JSON_NUMBER,
                                                OCC_JSON_STRING, OCC_JSON_ARRAY, OCC_JSON_OBJECT };
    static const char *const names[] = { "null",     "a boolean", "a boolean", "a number",
                                         "a string", "an array",  "an object" };
    assert_int_equal(occ_json_length(root), 7);
    for (size_t i = 0; i < 7; i++) {
        const struct occ_json *value = occ_json_at(root, i);
        assert_int_equal(occ_json_type(value), types[i]);
        assert_true(occ_json_is(value, types[i]));
        assert_false(occ_json_is(value, types[(i + 1) % 7]));
        assert_string_equal(occ_json_type_name(value), names[i]);
        assert_int_equal(occ_json_length(value), i == 5 ? 1 : (i == 6 ? 2 : 0));
        assert_int_equal(occ_json_string(value).len, i == 4 ? 1 : 0);
        assert_true(occ_json_number(value) == (i == 3 ? -1.5 : 0.0));
        assert_int_equal(occ_json_get(value, "b") != NULL, i == 6);
        assert_int_equal(occ_json_at(value, 0) != NULL, i == 5);
        assert_null(occ_json_at(value, 1));
        assert_null(occ_json_get(value, "c"));
    }
}

static void
test_strings(void **state)
{
    (void)state;
    JSON_AUTO root = parse("[\"a\\u0000b\",\"\\ud83d\\ude00\",\"\\/\\b\",\"\xc3\xbc\",\"\"]");
    assert_true(occ_bytes_equal(occ_json_string(occ_json_at(root, 0)), occ_bytes_of("a\0b", 3)));
    assert_true(occ_bytes_is(occ_json_string(occ_json_at(root, 1)), "\xf0\x9f\x98\x80"));
    assert_true(occ_bytes_is(occ_json_string(occ_json_at(root, 2)), "/\b"));
    assert_true(occ_bytes_is(occ_json_string(occ_json_at(root, 3)), "\xc3\xbc"));
    assert_int_equal(occ_json_string(occ_json_at(root, 4)).len, 0);
}

static void
test_members_in_written_order(void **state)
{
    (void)state;
    JSON_AUTO root = parse("{\"b\":1,\"a\":2,\"\":3,\"zz\":[],\"1\":5}");
    static const char *const names[] = { "b", "a", "", "zz", "1" };
    size_t count = 0;
    struct occ_json_iter iter = { 0 };
    while (occ_json_next(root, &iter)) {
        assert_true(count < 5 && occ_bytes_is(iter.name, names[count]));
        assert_ptr_equal(iter.value, occ_json_get(root, names[count]));
        count++;
    }
    assert_int_equal(count, 5);
    JSON_AUTO none = parse("{}");
    struct occ_json_iter nothing = { 0 };
    assert_false(occ_json_next(none, &nothing));
    JSON_AUTO array = parse("[1]");
    assert_false(occ_json_next(array, &nothing));
}

static void
test_numbers(void **state)
{
    (void)state;
    JSON_AUTO root = parse("[0,-0,1.5,1e21,-1E-7,9007199254740992,5e-324,1e-400,1.7976931348623157e308]");
    static const double numbers[] = { 0.0,    0.0,   1.5,
                                      1e21,   -1e-7, 9007199254740992.0,
                                      5e-324, 0.0,   /* underflow is no fault */ 1.7976931348623157e308 };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        assert_true(occ_json_number(occ_json_at(root, i)) == numbers[i]);
    }
    assert_true(signbit(occ_json_number(occ_json_at(root, 1))));
}

/* ---- refusing ---- */

static void
test_refused_with_position(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum occ_err code;
        const char *sentence;
    } rows[] = {
        { "", OCC_ERR_JSON_SYNTAX, "no JSON value: the text is empty" },
        { "{\"a\":1,\n\"a\":1}", OCC_ERR_JSON_DUPLICATE,
          "line 2, column 3: a name appears twice in one object near '\"a\"'" },
        { "[{\"x\":{\"b\":1,\"\\u0062\":2}}]", OCC_ERR_JSON_DUPLICATE,
          "line 1, column 21: a name appears twice in one object near '\"\\u0062\"'" },
        { "{\"a\\u0000b\":1}", OCC_ERR_JSON_NUL, "line 1, column 11: a name contains U+0000 near '\"a\\u0000b\"'" },
        { "[1,\n1e400]", OCC_ERR_JSON_NUMBER,
          "line 2, column 5: a number beyond the range of IEEE doubles near '1e400'" },
        { "[-1e400]", OCC_ERR_JSON_NUMBER,
          "line 1, column 7: a number beyond the range of IEEE doubles near '-1e400'" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct occ_error err = refused_str(rows[i].text);
        assert_int_equal(err.code, rows[i].code);
        assert_string_equal(err.text, rows[i].sentence);
    }
}

static void
test_refused_syntax(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "[1,]",
        "{\"a\":}",
        "{a:1}",
        "'a'",
        "[1 2]",
        "01",
        "1.",
        ".5",
        "+1",
        "NaN",
        "Infinity",
        "[1]x",
        "{} {}",
        "tru",
        "[",
        "\"a",
        "\"\n\"",
        "\"\\x\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "{\"\\ud800\":1}",
        "/**/1",
        "1//",
        "\f1",
        "\xc2\xa0[1]",
        "nul",
        "-",
        "1e",
        "{\"a\":1,}",
        "{,}",
        "[,]",
        "{1:2}",
        "0x10",
        "1_000",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const struct occ_error err = refused_str(texts[i]);
        if (err.code != OCC_ERR_JSON_SYNTAX || strncmp(err.text, "not valid JSON at line 1, column ", 33) != 0) {
            fail_msg("%s: code %d, %s", texts[i], (int)err.code, err.text);
        }
    }
    assert_int_equal(refused_str("[\"\xc3\x28\"]").code, OCC_ERR_UTF8);
    assert_int_equal(refused_str("[\"\xed\xa0\x80\"]").code, OCC_ERR_UTF8); /* a surrogate as raw bytes */
    assert_int_equal(refused(occ_bytes_of("[1]\0", 4)).code, OCC_ERR_JSON_NUL);
}

/* Deeper than jansson itself goes; and unterminated, so that only the count in front can stop it. */
static void
test_refused_depth(void **state)
{
    (void)state;
    static char text[20000];
    memset(text, '[', sizeof text);
    struct occ_json *root = NULL;
    assert_int_equal(occ_json_parse(occ_bytes_of(text, sizeof text), 64, NULL, &root).code, OCC_ERR_JSON_DEPTH);
    assert_int_equal(occ_json_parse(occ_bytes_of(text, sizeof text), 1000000, NULL, &root).code, OCC_ERR_JSON_DEPTH);
    memset(text + 64, ']', 64);
    assert_true(occ_is_ok(occ_json_parse(occ_bytes_of(text, 128), 64, NULL, &root)));
    occ_json_free(root);
    root = NULL;
    assert_int_equal(occ_json_parse(occ_bytes_of(text, 128), 63, NULL, &root).code, OCC_ERR_JSON_DEPTH);
    assert_null(root);
    occ_json_free(NULL);
}

/* ---- the machine ---- */

static long allocations_left;

static void *
failing_malloc(size_t size)
{
    if (allocations_left == 0) {
        return NULL;
    }
    allocations_left--;
    return malloc(size);
}

/*
 * Each allocation of jansson's fails in turn: refused, nothing leaked (the sanitizer looks). jansson's tokenizer calls a
 * string that it has no memory for a wrong token, so the code is not always OCC_ERR_NOMEM.
 */
static void
test_allocations_fail(void **state)
{
    (void)state;
    static const char text[] =
        "{\"a\":[1,2,3,4,5,6,7,8,9,\"a string\",{\"b\":null,\"c\":true}],\"d\":{\"1\":1,\"2\":2,"
        "\"3\":3,\"4\":4,\"5\":5,\"6\":6,\"7\":7,\"8\":8,\"9\":9},\"a long enough name\":1.5e10}";
    long failures = 0;
    json_set_alloc_funcs(failing_malloc, free);
    for (long allowed = 0;; allowed++) {
        struct occ_json *root = NULL;
        struct occ_error err = { 0 };
        allocations_left = allowed;
        const struct occ_result result = occ_json_parse(occ_bytes_str(text), 64, &err, &root);
        allocations_left = -1;
        if (occ_is_ok(result)) {
            occ_json_free(root);
            break;
        }
        if (result.code != OCC_ERR_NOMEM && result.code != OCC_ERR_JSON_SYNTAX) {
            fail_msg("allocation %ld: %s", allowed, err.text);
        }
        assert_null(root);
        failures++;
    }
    json_set_alloc_funcs(malloc, free);
    assert_true(failures > 40);
}

/* ---- a room for trees ---- */

/* A text of so many values, far more than fits a room if they are many. */
static void
put_numbers(struct occ_buf *buf, size_t count)
{
    occ_buf_put_str(buf, "{\"numbers\":[0");
    for (size_t i = 1; i < count; i++) {
        occ_buf_put_str(buf, ",\"");
        occ_buf_put_u64(buf, i);
        occ_buf_put_byte(buf, '"');
    }
    occ_buf_put_str(buf, "]}");
    assert_true(occ_is_ok(occ_buf_check(buf)));
}

static void
check_same(struct occ_json_room *room, struct occ_bytes text)
{
    struct occ_error err = { 0 };
    struct occ_error room_err = { 0 };
    JSON_AUTO expected = NULL;
    const struct occ_json *found = NULL;
    const struct occ_result result = occ_json_parse(text, 64, &err, &expected);
    assert_int_equal(occ_json_room_parse(room, text, 64, &room_err, &found).code, result.code);
    assert_string_equal(room_err.text, err.text);
    assert_int_equal(found != NULL, expected != NULL);
    if (found != NULL) {
        OCC_BUF_AUTO(by_heap, 1 << 20);
        OCC_BUF_AUTO(by_room, 1 << 20);
        occ_canonical_put(&by_heap, expected);
        occ_canonical_put(&by_room, found);
        assert_true(occ_bytes_equal(occ_buf_view(&by_heap), occ_buf_view(&by_room)));
    }
}

/* One room for texts that fit and that do not, good ones and bad ones, in any order. */
static void
check_room(void)
{
    static const size_t counts[] = { 10, 20000, 5, 1000, 3000, 20000, 1, 10 };
    struct occ_json_room *room = NULL;
    assert_true(occ_is_ok(occ_json_room_new(&room)));
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        OCC_BUF_AUTO(text, 1 << 20);
        put_numbers(&text, counts[i]);
        check_same(room, occ_buf_view(&text));
        check_same(room, occ_bytes_of(text.ptr, text.len - 1)); /* refused at its very end */
        check_same(room, occ_bytes_str("{\"a\":1,\"a\":2}"));
        check_same(room, occ_bytes_str("null"));
    }
    occ_json_room_free(room);
}

static void
test_room(void **state)
{
    (void)state;
    check_room(); /* of a host program, whose allocator stays */
    occ_json_watch_memory();
    check_room();
    JSON_AUTO root = parse("[1,{\"a\":\"b\"}]"); /* the heap's, as before */
    assert_int_equal(occ_json_length(root), 2);
    occ_json_free(root);
    root = NULL;
    json_set_alloc_funcs(malloc, free);
    occ_json_room_free(NULL);
}

/* Values of a room lie apart from each other and are aligned. */
static void
test_room_values(void **state)
{
    (void)state;
    occ_json_watch_memory();
    struct occ_json_room *room = NULL;
    const struct occ_json *root = NULL;
    assert_true(occ_is_ok(occ_json_room_new(&room)));
    assert_true(occ_is_ok(occ_json_room_parse(room, occ_bytes_str("[\"a\",\"bc\",1.5,\"\"]"), 64, NULL, &root)));
    assert_true(occ_bytes_is(occ_json_string(occ_json_at(root, 0)), "a"));
    assert_true(occ_bytes_is(occ_json_string(occ_json_at(root, 1)), "bc"));
    assert_true(occ_json_number(occ_json_at(root, 2)) == 1.5);
    assert_int_equal(occ_json_string(occ_json_at(root, 3)).len, 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal((uintptr_t)occ_json_at(root, i) % _Alignof(max_align_t), 0);
    }
    occ_json_room_free(room);
    json_set_alloc_funcs(malloc, free);
}

/* A locale whose decimal point is not '.', also one where it is two bytes, which jansson alone cannot read in. */
static void
check_locale(const char *name)
{
    const locale_t locale = newlocale(LC_ALL_MASK, name, (locale_t)0);
    if (locale == (locale_t)0) {
        if (getenv("OCC_REQUIRE_LOCALES") != NULL && strcmp(name, "de_DE.UTF-8") == 0) {
            fail_msg("the locale %s is missing, and OCC_REQUIRE_LOCALES is set", name);
        }
        print_message("the locale %s is missing: not tested\n", name);
        return;
    }
    const locale_t before = uselocale(locale);
    JSON_AUTO root = parse("[1.5,-2.25e-3,0.1]");
    const struct occ_error err = refused_str("[1,5]x");
    const struct occ_error comma = refused_str("{\"a\":1,5}");
    (void)uselocale(before);
    freelocale(locale);
    assert_true(occ_json_number(occ_json_at(root, 0)) == 1.5);
    assert_true(occ_json_number(occ_json_at(root, 1)) == -2.25e-3);
    assert_true(occ_json_number(occ_json_at(root, 2)) == 0.1);
    assert_int_equal(err.code, OCC_ERR_JSON_SYNTAX);
    assert_int_equal(comma.code, OCC_ERR_JSON_SYNTAX);
}

static void
test_locales(void **state)
{
    (void)state;
    check_locale("C");
    check_locale("de_DE.UTF-8");
    check_locale("ps_AF.UTF-8");
}

/* ---- the 318 parsing cases ---- */

/* What a rule of PROTOCOL §1 refuses though RFC 8259 allows it. */
static const struct {
    const char *file;
    enum occ_err code;
} refused_by_rule[] = {
    { "y_object_duplicated_key.json", OCC_ERR_JSON_DUPLICATE },
    { "y_object_duplicated_key_and_value.json", OCC_ERR_JSON_DUPLICATE },
    { "y_object_escaped_null_in_key.json", OCC_ERR_JSON_NUL }, /* a C reader would see a shorter name */
};

static enum occ_err
code_by_rule(const char *file)
{
    for (size_t i = 0; i < sizeof refused_by_rule / sizeof refused_by_rule[0]; i++) {
        if (strcmp(file, refused_by_rule[i].file) == 0) {
            return refused_by_rule[i].code;
        }
    }
    return OCC_OK;
}

static void
check_case(const char *file)
{
    OCC_BUF_AUTO(text, 1 << 20);
    vectors_read("json-parsing", file, &text);
    JSON_AUTO root = NULL;
    struct occ_error err = { 0 };
    const struct occ_result result = occ_json_parse(occ_buf_view(&text), 64, &err, &root);
    if (file[0] == 'n' && occ_is_ok(result)) {
        fail_msg("%s: accepted", file);
    }
    if (file[0] == 'y' && result.code != code_by_rule(file)) {
        fail_msg("%s: %s", file, occ_is_ok(result) ? "accepted" : err.text);
    }
}

static void
test_parsing_cases(void **state)
{
    (void)state;
    vectors_needed("json-parsing");
    DIR *folder = opendir(OCC_VECTORS "/json-parsing");
    assert_non_null(folder);
    size_t counts[3] = { 0 };
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        const char *kind = strchr("yni", entry->d_name[0]);
        if (entry->d_name[0] == '.' || kind == NULL) {
            continue;
        }
        check_case(entry->d_name);
        counts[entry->d_name[0] == 'y' ? 0 : (entry->d_name[0] == 'n' ? 1 : 2)]++;
    }
    (void)closedir(folder);
    print_message("%zu y_, %zu n_, %zu i_\n", counts[0], counts[1], counts[2]);
    assert_int_equal(counts[0] + counts[1] + counts[2], 318);
}

int
main(void)
{
    occ_json_init();
    occ_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_members_in_written_order),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_refused_with_position),
        cmocka_unit_test(test_refused_syntax),
        cmocka_unit_test(test_refused_depth),
        cmocka_unit_test(test_allocations_fail),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_room_values),
        cmocka_unit_test(test_locales),
        cmocka_unit_test(test_parsing_cases),
    };
    return cmocka_run_group_tests_name("codec.json", tests, NULL, NULL);
}
