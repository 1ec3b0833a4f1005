/* tests/unit/proof/fields.c — src/proof/fields.c: each kind of member, at its bounds; proof.c and optional.c test the tables. */
#include "proof/fields.h"

#include "unit/proof/support.h"

static const struct occ_field text = { .name = "a", .kind = OCC_FIELD_TEXT, .min = 2, .max = 3 };
static const struct occ_field open_text = { .name = "a", .kind = OCC_FIELD_TEXT, .min = 2 };
static const struct occ_field exact = { .name = "a", .kind = OCC_FIELD_EXACT, .exact = "x" };
static const struct occ_field base64 = { .name = "a", .kind = OCC_FIELD_BASE64, .min = 3, .max = 3 };
static const struct occ_field hex = { .name = "a", .kind = OCC_FIELD_HEX, .min = 2 };
static const struct occ_field decimal = { .name = "a", .kind = OCC_FIELD_DECIMAL };
static const struct occ_field time_ms = { .name = "a", .kind = OCC_FIELD_TIME };
static const struct occ_field number = { .name = "a", .kind = OCC_FIELD_NUMBER };
static const struct occ_field object = { .name = "a", .kind = OCC_FIELD_OBJECT };
static const struct occ_field full_object = { .name = "a", .kind = OCC_FIELD_OBJECT, .min = 1 };
static const struct occ_field tier = { .name = "a", .kind = OCC_FIELD_ENFORCEMENT };
static const struct occ_field chain = { .name = "a", .kind = OCC_FIELD_CHAIN_ID };
static const struct occ_field optional = { .name = "a", .kind = OCC_FIELD_NUMBER, .optional = true };

#define TIME_BOUNDS ", expected a whole number from 0 to 9007199254740991"
#define CHAIN_RULE ", expected 1 to 64 characters of A-Z a-z 0-9 . _ : -"

static const struct {
    const struct occ_field *field;
    const char *json;
    const char *text; /* NULL: good */
} cases[] = {
    { &text, "{}", "p.a: missing" },
    { &text, "{\"a\":\"\"}", "p.a: empty" },
    { &text, "{\"a\":\"1\"}", "p.a: 1 bytes, expected 2 to 3" },
    { &text, "{\"a\":\"12\"}", NULL },
    { &text, "{\"a\":\"\u00e41\"}", NULL },
    { &text, "{\"a\":\"1234\"}", "p.a: 4 bytes, expected 2 to 3" },
    { &open_text, "{\"a\":\"1\"}", "p.a: 1 bytes, expected at least 2" },
    { &open_text, "{\"a\":\"123456789\"}", NULL },
    { &exact, "{\"a\":\"x\"}", NULL },
    { &exact, "{\"a\":\"xx\"}", "p.a: \"xx\", expected \"x\"" },
    { &exact, "{\"a\":\"x\\u0000\"}", "p.a: \"x\", expected \"x\"" },
    { &base64, "{\"a\":\"AAAA\"}", NULL },
    { &base64, "{\"a\":\"AAA=\"}", "p.a: 2 bytes, expected 3" },
    { &base64, "{\"a\":\"AAAA\\n\"}", "p.a: not canonical base64" },
    { &hex, "{\"a\":\"00ff\"}", NULL },
    { &hex, "{\"a\":\"00fF\"}", "p.a: expected 4 characters of lower-case hex" },
    { &hex, "{\"a\":\"00ff0\"}", "p.a: expected 4 characters of lower-case hex" },
    { &hex, "{\"a\":255}", "p.a: a number, expected a string of hex" },
    { &decimal, "{\"a\":\"0\"}", NULL },
    { &decimal, "{\"a\":\"00\"}", "p.a: \"00\", expected a decimal number without leading zeros" },
    { &decimal, "{\"a\":\"1e3\"}", "p.a: \"1e3\", expected a decimal number without leading zeros" },
    { &time_ms, "{\"a\":0}", NULL },
    { &time_ms, "{\"a\":-0.5}", "p.a: -0.5" TIME_BOUNDS },
    { &time_ms, "{\"a\":1e3}", NULL },
    { &time_ms, "{\"a\":9007199254740992}", "p.a: 9007199254740992" TIME_BOUNDS },
    { &number, "{\"a\":-1e-300}", NULL },
    { &number, "{\"a\":null}", "p.a: null, expected a number" },
    { &object, "{\"a\":{}}", NULL },
    { &object, "{\"a\":[]}", "p.a: an array, expected an object" },
    { &full_object, "{\"a\":{}}", "p.a: empty, expected to be absent then" },
    { &full_object, "{\"a\":{\"b\":null}}", NULL },
    { &tier, "{\"a\":\"hw-key\"}", NULL },
    { &tier, "{\"a\":\"hw\"}", "p.a: \"hw\", expected \"stub\", \"hw-key\" or \"measured-tee\"" },
    { &chain, "{\"a\":\"A-Z.a_z:0\"}", NULL },
    { &chain, "{\"a\":\"a/b\"}", "p.a: \"a/b\"" CHAIN_RULE },
    { &chain, "{\"a\":\"a\\u0000\"}", "p.a: \"a\"" CHAIN_RULE },
    { &chain, "{\"a\":\"\u00e4\"}", "p.a: \"\u00e4\"" CHAIN_RULE },
    { &optional, "{}", NULL },
    { &optional, "{\"a\":null}", "p.a: null, expected a number" },
};

static void
test_kinds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct occ_json *root = parse_json(cases[i].json);
        struct occ_error err = { 0 };
        const struct occ_result result = occ_fields_check(root, "p", cases[i].field, 1, &err);
        assert_string_equal(err.text, cases[i].text == NULL ? "" : cases[i].text);
        assert_int_equal(result.code, cases[i].text == NULL ? OCC_OK : OCC_ERR_PROOF_STRUCTURE);
        occ_json_free(root);
    }
}

/* The first row that refuses is told; members without a row are not looked at. */
static void
test_table(void **state)
{
    (void)state;
    static const struct occ_field table[] = {
        { .name = "a", .kind = OCC_FIELD_NUMBER },
        { .name = "b", .kind = OCC_FIELD_NUMBER },
    };
    struct occ_json *root = parse_json("{\"c\":\"\",\"b\":\"\",\"a\":1}");
    struct occ_error err = { 0 };
    assert_int_equal(occ_fields_check(root, "", table, 2, &err).code, OCC_ERR_PROOF_STRUCTURE);
    assert_string_equal(err.text, "b: a string, expected a number");
    assert_true(occ_is_ok(occ_fields_check(root, "", table, 1, &err)));
    assert_int_equal(occ_fields_text(root, "none").len, 0);
    assert_int_equal(occ_fields_text(root, "a").len, 0);
    occ_json_free(root);
}

/* A path that does not fit is cut, within bounds. */
static void
test_long_path(void **state)
{
    (void)state;
    char path[300] = "";
    memset(path, 'p', sizeof path - 1);
    struct occ_json *root = parse_json("{}");
    struct occ_error err = { 0 };
    assert_int_equal(occ_fields_check(root, path, &number, 1, &err).code, OCC_ERR_PROOF_STRUCTURE);
    assert_int_equal(strncmp(err.text, path, 95), 0);
    assert_string_equal(err.text + 95, ": missing");
    occ_json_free(root);
}

static void
test_names(void **state)
{
    (void)state;
    struct occ_json *good = parse_json("{\"a\":{\"01\":[{\"-1\":0}]}}");
    struct occ_json *bad = parse_json("{\"a\":{\"b\":[{\"12\":0}]}}");
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(occ_fields_check_names(good, "p", &err)));
    assert_true(occ_is_ok(occ_fields_check_names(NULL, "p", &err)));
    assert_int_equal(occ_fields_check_names(bad, "p", &err).code, OCC_ERR_PROOF_STRUCTURE);
    assert_string_equal(err.text, "p: a member is named \"12\", which JavaScript would reorder or drop");
    occ_json_free(bad);
    occ_json_free(good);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_long_path),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
