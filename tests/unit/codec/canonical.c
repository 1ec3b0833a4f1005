/* Tests of src/codec/canonical.c, which is compiled in here with an allocation that can be made to fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static bool allocations_fail;

static void *
failing_calloc(size_t count, size_t size)
{
    return allocations_fail ? NULL : calloc(count, size);
}

#define calloc failing_calloc
#include "codec/canonical.c"
#undef calloc

#include "unit/codec/vectors.h"

#define JSON_AUTO __attribute__((cleanup(occ_json_cleanup))) struct occ_json *

static struct occ_json *
parse(struct occ_bytes text)
{
    struct occ_error err = { 0 };
    struct occ_json *root = NULL;
    if (!occ_is_ok(occ_json_parse(text, 64, &err, &root))) {
        fail_msg("%.*s: %s", OCC_BYTES_ARG(text), err.text);
    }
    return root;
}

static void
assert_canonical(const char *text, const char *wanted)
{
    JSON_AUTO root = parse(occ_bytes_str(text));
    OCC_BUF_AUTO(buf, 1 << 20);
    occ_canonical_put(&buf, root);
    assert_true(occ_is_ok(occ_buf_check(&buf)));
    if (!occ_bytes_is(occ_buf_view(&buf), wanted)) {
        fail_msg("%s: %.*s, expected %s", text, OCC_BYTES_ARG(occ_buf_view(&buf)), wanted);
    }
}

static void
test_rfc_vectors(void **state)
{
    (void)state;
    vectors_needed("json-canonicalization");
    static const char *const names[] = { "arrays", "french", "structures", "unicode", "values", "weird" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char file[64];
        OCC_BUF_AUTO(input, 1 << 20);
        OCC_BUF_AUTO(wanted, 1 << 20);
        OCC_BUF_AUTO(output, 1 << 20);
        assert_in_range(snprintf(file, sizeof file, "%s.input.json", names[i]), 1, 63);
        vectors_read("json-canonicalization", file, &input);
        assert_in_range(snprintf(file, sizeof file, "%s.output.json", names[i]), 1, 63);
        vectors_read("json-canonicalization", file, &wanted);
        JSON_AUTO root = parse(occ_buf_view(&input));
        occ_canonical_put(&output, root);
        assert_true(occ_bytes_equal(occ_buf_view(&output), occ_buf_view(&wanted)));
    }
}

static void
test_values(void **state)
{
    (void)state;
    assert_canonical(" null ", "null");
    assert_canonical("[ true , false ]", "[true,false]");
    assert_canonical("{ }", "{}");
    assert_canonical("[ ]", "[]");
    assert_canonical("\"\"", "\"\"");
    assert_canonical("{\"b\":{\"d\":1,\"c\":[{\"z\":1,\"y\":2}]},\"a\":-0}",
                     "{\"a\":0,\"b\":{\"c\":[{\"y\":2,\"z\":1}],\"d\":1}}");
    assert_canonical("[1.0,10e1,1E30,4.50,2e-3,0.000000000000000000000000001]", "[1,100,1e+30,4.5,0.002,1e-27]");
    assert_canonical("{\"\":1,\"a\":2,\"aa\":3,\"A\":4,\"1\":5,\"10\":6,\"2\":7}",
                     "{\"\":1,\"1\":5,\"10\":6,\"2\":7,\"A\":4,\"a\":2,\"aa\":3}");
}

/* Every ASCII character as JSON.stringify writes it; above, all is raw. */
static void
test_escapes(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 0x80; byte++) {
        static const char shorts[] = "\b\t\n\f\r\"\\";
        static const char letters[] = "btnfr\"\\";
        char wanted[16];
        const char *found = byte == 0 ? NULL : strchr(shorts, (int)byte);
        if (found != NULL) {
            (void)snprintf(wanted, sizeof wanted, "\"x\\%cy\"", letters[found - shorts]);
        } else if (byte < 0x20) {
            (void)snprintf(wanted, sizeof wanted, "\"x\\u%04xy\"", byte);
        } else {
            (void)snprintf(wanted, sizeof wanted, "\"x%cy\"", (int)byte);
        }
        const char text[3] = { 'x', (char)byte, 'y' };
        OCC_BUF_AUTO(buf, 64);
        occ_canonical_put_string(&buf, occ_bytes_of(text, 3));
        assert_true(occ_bytes_is(occ_buf_view(&buf), wanted));
    }
    assert_canonical("\"\\u20ac\\/\\u2028\\u007f\\ud83d\\ude00\"", "\"\xe2\x82\xac/\xe2\x80\xa8\x7f\xf0\x9f\x98\x80\"");
}

/* Order of UTF-16 units: a surrogate pair (U+1F600) comes before U+E000 to U+FFFF, though its UTF-8 comes after. */
static void
test_name_order(void **state)
{
    (void)state;
    static const char *const ordered[] = {
        "",
        "\x01",
        "0",
        "A",
        "a",
        "aa",
        "a\xf0\x9f\x98\x80",
        "a\xef\xbf\xbd",
        "b",
        "\x7f",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",     /* U+D7FF */
        "\xf0\x90\x80\x80", /* U+10000 */
        "\xf0\x90\x80\x80z",
        "\xf0\x9f\x98\x80", /* U+1F600 */
        "\xf4\x8f\xbf\xbf", /* U+10FFFF */
        "\xee\x80\x80",     /* U+E000 */
        "\xef\xac\xb3",     /* U+FB33 */
        "\xef\xbf\xbf",     /* U+FFFF */
    };
    for (size_t i = 0; i < sizeof ordered / sizeof ordered[0]; i++) {
        for (size_t k = 0; k < sizeof ordered / sizeof ordered[0]; k++) {
            const int order = occ_canonical_compare_names(occ_bytes_str(ordered[i]), occ_bytes_str(ordered[k]));
            assert_true(i == k ? order == 0 : (i < k ? order < 0 : order > 0));
        }
    }
    assert_canonical("{\"\\uffff\":1,\"\\ud83d\\ude00\":2,\"z\":3}",
                     "{\"z\":3,\"\xf0\x9f\x98\x80\":2,\"\xef\xbf\xbf\":1}");
}

/* Objects around the size at which the members move from the stack to the heap, in several orders. */
static void
test_sizes(void **state)
{
    (void)state;
    for (unsigned count = 0; count < 3 * STACK_MEMBERS; count++) {
        for (unsigned step = 1; step <= 7; step += 3) {
            OCC_BUF_AUTO(text, 1 << 16);
            OCC_BUF_AUTO(wanted, 1 << 16);
            /* 79 is a prime, so that k * step % 79 gives each number below it once */
            const char *comma = "";
            for (unsigned k = 0; k < 79; k++) {
                const unsigned number = k * step % 79;
                if (number < count) {
                    occ_buf_put_format(&text, "%s\"n%02u\":%u", comma, count - 1 - number, number);
                    comma = ",";
                }
            }
            for (unsigned k = 0; k < count; k++) {
                occ_buf_put_format(&wanted, "%s\"n%02u\":%u", k == 0 ? "{" : ",", k, count - 1 - k);
            }
            occ_buf_put_str(&wanted, count == 0 ? "{}" : "}");
            OCC_BUF_AUTO(object, 1 << 16);
            occ_buf_put_format(&object, "{%.*s}", (int)text.len, text.len == 0 ? "" : (const char *)text.ptr);
            JSON_AUTO root = parse(occ_buf_view(&object));
            OCC_BUF_AUTO(output, 1 << 16);
            occ_canonical_put(&output, root);
            assert_true(occ_bytes_equal(occ_buf_view(&output), occ_buf_view(&wanted)));
        }
    }
}

static bool
skip_listed(void *ctx, struct occ_bytes name)
{
    return occ_bytes_is(name, ctx);
}

static void
test_without(void **state)
{
    (void)state;
    static const char text[] = "{\"proofHash\":1,\"b\":{\"proofHash\":2},\"a\":3}";
    JSON_AUTO root = parse(occ_bytes_str(text));
    char name[] = "proofHash";
    OCC_BUF_AUTO(buf, 100);
    occ_canonical_put_without(&buf, root, skip_listed, name);
    assert_true(occ_bytes_is(occ_buf_view(&buf), "{\"a\":3,\"b\":{\"proofHash\":2}}"));
    JSON_AUTO only = parse(occ_bytes_str("{\"proofHash\":1}"));
    occ_buf_reset(&buf);
    occ_canonical_put_without(&buf, only, skip_listed, name);
    assert_true(occ_bytes_is(occ_buf_view(&buf), "{}"));
}

static bool
unsafe(const char *text, const char *wanted)
{
    JSON_AUTO root = parse(occ_bytes_str(text));
    struct occ_bytes name = { 0 };
    const bool found = occ_canonical_has_unsafe_name(root, &name);
    assert_int_equal(occ_canonical_has_unsafe_name(root, NULL), found);
    if (found) {
        assert_true(occ_bytes_is(name, wanted));
    }
    return found;
}

static void
test_unsafe_names(void **state)
{
    (void)state;
    assert_true(unsafe("{\"0\":1}", "0"));
    assert_true(unsafe("{\"a\":[1,{\"b\":{\"17\":1}}]}", "17"));
    assert_true(unsafe("{\"4294967294\":1}", "4294967294"));
    assert_true(unsafe("{\"a\":{\"__proto__\":null}}", "__proto__"));
    assert_true(unsafe("[[[{\"1\":1}]]]", "1"));
    assert_false(unsafe("{\"4294967295\":1}", ""));
    assert_false(unsafe("{\"4294967296\":1,\"9999999999\":1,\"10000000000\":1}", ""));
    assert_false(unsafe("{\"00\":1,\"01\":1,\"-1\":1,\"1.5\":1,\"1e3\":1,\" 1\":1,\"\":1,\"1a\":1}", ""));
    assert_false(unsafe("{\"__proto\":1,\"proto\":1,\"constructor\":1}", ""));
    assert_false(unsafe("[\"0\",\"__proto__\",17]", ""));
}

/* At every smaller limit the writer fails, and says why; at the exact one it does not. */
static void
test_limits(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":[1,2.5,\"x\\ny\",null,true],\"b\":{\"c\":\"d\"}}";
    JSON_AUTO root = parse(occ_bytes_str(text));
    for (size_t limit = 0; limit <= sizeof text - 1; limit++) {
        OCC_BUF_AUTO(buf, limit);
        occ_canonical_put(&buf, root);
        assert_int_equal(occ_buf_check(&buf).code, limit < sizeof text - 1 ? OCC_ERR_LIMIT : OCC_OK);
    }
}

/* What Node's JSON.stringify makes of an object into which the names were put in sorted order. */
static void
test_ecmascript_order(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted;
    } rows[] = {
        { "{\"b\":1,\"a\":2,\"10\":3,\"9\":4,\"0\":5}", "{\"0\":5,\"9\":4,\"10\":3,\"a\":2,\"b\":1}" },
        { "{\"01\":1,\"1\":2,\" \":3,\"-1\":4,\"4294967294\":5,\"4294967295\":6,\"4294967296\":7,\"00\":8,\"1.0\":9,"
          "\"1e3\":10}",
          "{\"1\":2,\"4294967294\":5,\" \":3,\"-1\":4,\"00\":8,\"01\":1,\"1.0\":9,\"1e3\":10,\"4294967295\":6,"
          "\"4294967296\":7}" },
        { "{\"z\":{\"2\":1,\"10\":{\"__proto__\":{\"x\":1},\"a\":[{\"1\":1,\"!\":2}]}},\"__proto__\":5,"
          "\"__proto_\":1}",
          "{\"__proto_\":1,\"z\":{\"2\":1,\"10\":{\"a\":[{\"1\":1,\"!\":2}]}}}" },
        { "[[{\"7\":1,\"#\":[]}]]", "[[{\"7\":1,\"#\":[]}]]" },
        { "{\"__proto__\":{\"a\":1}}", "{}" },
        { "{\"\\u00e9\":1,\"\\ud83d\\ude00\":2,\"\\uffff\":3,\"5\":4}",
          "{\"5\":4,\"é\":1,\"😀\":2,\"\xef\xbf\xbf\":3}" },
        { "\"x\"", "\"x\"" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        JSON_AUTO root = parse(occ_bytes_str(rows[i].text));
        OCC_BUF_AUTO(buf, 1 << 16);
        occ_canonical_put_ordered(&buf, root, OCC_CANONICAL_ECMASCRIPT);
        if (!occ_bytes_is(occ_buf_view(&buf), rows[i].wanted)) {
            fail_msg("%s: %.*s", rows[i].text, OCC_BYTES_ARG(occ_buf_view(&buf)));
        }
    }
}

/* More members than are sorted on the stack, and a skip; the order of names without one is RFC 8785's. */
static void
test_ecmascript_many(void **state)
{
    (void)state;
    OCC_BUF_AUTO(text, 1 << 16);
    OCC_BUF_AUTO(wanted, 1 << 16);
    for (unsigned k = 0; k <= 2 * STACK_MEMBERS; k++) {
        occ_buf_put_format(&text, "%s\"%u\":%u", k == 0 ? "{\"!\":0," : ",", 2 * STACK_MEMBERS - k, k);
        occ_buf_put_format(&wanted, "%s\"%u\":%u", k == 0 ? "{" : ",", k, 2 * STACK_MEMBERS - k);
    }
    occ_buf_put_byte(&text, '}');
    occ_buf_put_str(&wanted, ",\"!\":0}");
    JSON_AUTO root = parse(occ_buf_view(&text));
    OCC_BUF_AUTO(buf, 1 << 16);
    occ_canonical_put_ordered_without(&buf, root, OCC_CANONICAL_ECMASCRIPT, NULL, NULL);
    assert_true(occ_bytes_equal(occ_buf_view(&buf), occ_buf_view(&wanted)));
    assert_true(occ_canonical_compare_ordered(occ_bytes_str("10"), occ_bytes_str("9"), OCC_CANONICAL_RFC8785) < 0);
    assert_true(occ_canonical_compare_ordered(occ_bytes_str("10"), occ_bytes_str("9"), OCC_CANONICAL_ECMASCRIPT) > 0);
    assert_true(occ_canonical_compare_ordered(occ_bytes_str("!"), occ_bytes_str("9"), OCC_CANONICAL_ECMASCRIPT) > 0);
    assert_int_equal(occ_canonical_compare_ordered(occ_bytes_str("9"), occ_bytes_str("9"), OCC_CANONICAL_ECMASCRIPT),
                     0);
}

static void
test_allocation_fails(void **state)
{
    (void)state;
    OCC_BUF_AUTO(text, 1 << 16);
    for (unsigned k = 0; k <= STACK_MEMBERS; k++) {
        occ_buf_put_format(&text, "%s\"n%u\":%u", k == 0 ? "{" : ",", k, k);
    }
    occ_buf_put_byte(&text, '}');
    JSON_AUTO root = parse(occ_buf_view(&text));
    OCC_BUF_AUTO(buf, 1 << 16);
    allocations_fail = true;
    occ_canonical_put(&buf, root);
    allocations_fail = false;
    assert_int_equal(occ_buf_check(&buf).code, OCC_ERR_NOMEM);
    occ_buf_reset(&buf);
    occ_canonical_put(&buf, root);
    assert_true(occ_is_ok(occ_buf_check(&buf)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc_vectors),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_name_order),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_without),
        cmocka_unit_test(test_unsafe_names),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_allocation_fails),
        cmocka_unit_test(test_ecmascript_order),
        cmocka_unit_test(test_ecmascript_many),
    };
    return cmocka_run_group_tests_name("codec.canonical", tests, NULL, NULL);
}
