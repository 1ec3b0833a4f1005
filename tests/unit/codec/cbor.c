/* Tests of src/codec/cbor.c: the examples of RFC 8949, appendix A, each refusal, and callers that read badly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hex.h"
#include "unit/codec/cbor_walk.h"

/* Bytes from hex, each input in memory of exactly its length, so that the sanitizer sees a read beyond it. */
struct input {
    uint8_t *memory;
    struct occ_bytes bytes;
};

static struct input
input_of(const char *hex)
{
    const size_t len = strlen(hex) / 2;
    uint8_t *memory = malloc(len == 0 ? 1 : len);
    assert_non_null(memory);
    assert_true(occ_is_ok(occ_hex_decode(occ_bytes_str(hex), len, memory)));
    return (struct input){ memory, occ_bytes_of(memory, len) };
}

static void
input_free(struct input *input)
{
    free(input->memory);
}

#define INPUT_AUTO __attribute__((cleanup(input_free))) struct input

static void
assert_reads(const char *hex, const char *notation)
{
    INPUT_AUTO input = input_of(hex);
    OCC_BUF_AUTO(out, 65536);
    struct occ_cbor cbor = occ_cbor_of(input.bytes);
    cbor_walk(&cbor, &out);
    const char *why = "";
    if (!occ_cbor_done(&cbor, &why)) {
        fail_msg("%s: %s", hex, why);
    }
    assert_true(occ_is_ok(occ_buf_check(&out)));
    if (!occ_bytes_is(occ_buf_view(&out), notation)) {
        fail_msg("%s: %.*s, expected %s", hex, OCC_BYTES_ARG(occ_buf_view(&out)), notation);
    }
    struct occ_cbor skipped = occ_cbor_of(input.bytes);
    assert_true(occ_bytes_equal(occ_cbor_skip(&skipped), input.bytes));
    assert_true(occ_cbor_done(&skipped, NULL));
}

/* Refused for that reason at that offset, read or skipped. */
static void
assert_refused(const char *hex, size_t offset, const char *expected)
{
    INPUT_AUTO input = input_of(hex);
    OCC_BUF_AUTO(out, 65536);
    struct occ_cbor walked = occ_cbor_of(input.bytes);
    cbor_walk(&walked, &out);
    struct occ_cbor skipped = occ_cbor_of(input.bytes);
    (void)occ_cbor_skip(&skipped);
    const char *why = "";
    assert_false(occ_cbor_done(&walked, &why));
    if (strcmp(why, expected) != 0 || occ_cbor_offset(&walked) != offset) {
        fail_msg("%s: \"%s\" at %zu, expected \"%s\" at %zu", hex, why, occ_cbor_offset(&walked), expected, offset);
    }
    assert_false(occ_cbor_done(&skipped, &why));
    assert_string_equal(why, expected);
    assert_int_equal(occ_cbor_offset(&skipped), offset);
}

static const char shortest[] = "a number or length that is not in its shortest form";
static const char pieces[] = "a string in pieces (indefinite length)";
static const char cut[] = "CBOR that ends in the middle of an item";
static const char ended[] = "CBOR that ends where an item is expected";
static const char stray_break[] = "a break code where an item is expected";
static const char no_item[] = "a byte that begins no CBOR item";
static const char unassigned[] = "a simple value that nobody assigned";
static const char deep[] = "CBOR nested too deeply";
static const char many[] = "an array or map with too many members";
static const char beyond[] = "an array or map with more members than there are bytes";
static const char twice[] = "a name twice in one map";
static const char odd_name[] = "a map's name that is neither an integer nor a string";
static const char after[] = "bytes after the end";
static const char not_utf8[] = "text that is not UTF-8";

/* ---- RFC 8949, appendix A ---- */

static void
test_appendix_a_scalars(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "00", "0" },
        { "01", "1" },
        { "0a", "10" },
        { "17", "23" },
        { "1818", "24" },
        { "1819", "25" },
        { "1864", "100" },
        { "1903e8", "1000" },
        { "1a000f4240", "1000000" },
        { "1b000000e8d4a51000", "1000000000000" },
        { "1bffffffffffffffff", "18446744073709551615" },
        { "c249010000000000000000", "2(h'010000000000000000')" },
        { "3bffffffffffffffff", "-<3bffffffffffffffff>" },
        { "c349010000000000000000", "3(h'010000000000000000')" },
        { "20", "-1" },
        { "29", "-10" },
        { "3863", "-100" },
        { "3903e7", "-1000" },
        { "f90000", "<f90000>" },
        { "f98000", "<f98000>" },
        { "fb3ff199999999999a", "<fb3ff199999999999a>" },
        { "f97bff", "<f97bff>" },
        { "fa47c35000", "<fa47c35000>" },
        { "f97e00", "<f97e00>" },
        { "fb7ff0000000000000", "<fb7ff0000000000000>" },
        { "f4", "<f4>" },
        { "f5", "<f5>" },
        { "f6", "null" },
        { "f7", "<f7>" },
        { "c074323031332d30332d32315432303a30343a30305a", "0(\"2013-03-21T20:04:00Z\")" },
        { "c11a514b67b0", "1(1363896240)" },
        { "c1fb41d452d9e8200000", "1(<fb41d452d9e8200000>)" },
        { "d74401020304", "23(h'01020304')" },
        { "d818456449455446", "24(h'6449455446')" },
        { "d82076687474703a2f2f7777772e6578616d706c652e636f6d", "32(\"http://www.example.com\")" },
        { "40", "h''" },
        { "4401020304", "h'01020304'" },
        { "60", "\"\"" },
        { "6161", "\"a\"" },
        { "6449455446", "\"IETF\"" },
        { "62225c", "\"\"\\\"" },
        { "62c3bc", "\"\u00fc\"" },
        { "63e6b0b4", "\"\u6c34\"" },
        { "64f0908591", "\"\U00010151\"" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_reads(cases[i][0], cases[i][1]);
    }
    assert_refused("f0", 0, unassigned);
    assert_refused("f8ff", 0, unassigned);
    assert_refused("5f42010243030405ff", 0, pieces);
    assert_refused("7f657374726561646d696e67ff", 0, pieces);
}

#define ONE_TO_25 "0102030405060708090a0b0c0d0e0f101112131415161718181819"
#define TEXT_TO_25 " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25"

static void
test_appendix_a_groups(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "80", "[]" },
        { "83010203", "[ 1 2 3]" },
        { "8301820203820405", "[ 1 [ 2 3] [ 4 5]]" },
        { "9819" ONE_TO_25, "[" TEXT_TO_25 "]" },
        { "a0", "{}" },
        { "a201020304", "{ 1:2 3:4}" },
        { "a26161016162820203", "{ \"a\":1 \"b\":[ 2 3]}" },
        { "826161a161626163", "[ \"a\" { \"b\":\"c\"}]" },
        { "a56161614161626142616361436164614461656145",
          "{ \"a\":\"A\" \"b\":\"B\" \"c\":\"C\" \"d\":\"D\" \"e\":\"E\"}" },
        { "9fff", "[_]" },
        { "9f018202039f0405ffff", "[_ 1 [ 2 3] [_ 4 5]]" },
        { "9f01820203820405ff", "[_ 1 [ 2 3] [ 4 5]]" },
        { "83018202039f0405ff", "[ 1 [ 2 3] [_ 4 5]]" },
        { "83019f0203ff820405", "[ 1 [_ 2 3] [ 4 5]]" },
        { "9f" ONE_TO_25 "ff", "[_" TEXT_TO_25 "]" },
        { "bf61610161629f0203ffff", "{_ \"a\":1 \"b\":[_ 2 3]}" },
        { "826161bf61626163ff", "[ \"a\" {_ \"b\":\"c\"}]" },
        { "bf6346756ef563416d7421ff", "{_ \"Fun\":<f5> \"Amt\":-2}" },
        { "d28440a0f640", "18([ h'' {} null h''])" }, /* a tag that libcbor 0.8 does not know */
        { "c6d4d5d7d818d8ff00", "6(20(21(23(24(255(0))))))" },
        { "bfff", "{_}" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_reads(cases[i][0], cases[i][1]);
    }
}

/* ---- refusals ---- */

/* RFC 8949 §4.2.1, for each major type and each length of the argument. */
static void
test_shortest_form(void **state)
{
    (void)state;
    static const char *const longer[] = { "1800",
                                          "1817",
                                          "190000",
                                          "190018",
                                          "1900ff",
                                          "1a00000000",
                                          "1a0000ffff",
                                          "1b0000000000000000",
                                          "1b0000000000000001" };
    static const char *const short_enough[] = { "1818", "190100", "1a00010000", "1b0000000100000000" };
    for (size_t i = 0; i < sizeof longer / sizeof longer[0]; i++) {
        for (unsigned major = 0; major < 7; major++) {
            INPUT_AUTO input = input_of(longer[i]);
            uint8_t bytes[9 + 255] = { 0 };
            memcpy(bytes, input.bytes.ptr, input.bytes.len);
            bytes[0] = (uint8_t)(bytes[0] | major << 5u);
            if ((major == 2 || major == 3) && input.bytes.ptr[0] == 0x1a && input.bytes.ptr[3] == 0xff) {
                continue; /* more content than there is: cut */
            }
            struct occ_cbor cbor = occ_cbor_of(occ_bytes_of(bytes, sizeof bytes));
            assert_int_equal(occ_cbor_skip(&cbor).len, 0);
            const char *why = "";
            assert_false(occ_cbor_done(&cbor, &why));
            assert_string_equal(why, shortest);
        }
    }
    for (size_t i = 0; i < sizeof short_enough / sizeof short_enough[0]; i++) {
        INPUT_AUTO input = input_of(short_enough[i]);
        struct occ_cbor cbor = occ_cbor_of(input.bytes);
        (void)occ_cbor_uint(&cbor);
        assert_true(occ_cbor_done(&cbor, NULL));
    }
    assert_refused("5b0000000000000000", 0, shortest);
    assert_refused("5f4100ff", 0, pieces);
    assert_refused("82001800", 2, shortest);
    assert_refused("d81200", 0, shortest); /* tag 18 in two bytes */
}

static void
test_cut(void **state)
{
    (void)state;
    static const char *const whole[] = { "1818",     "190100", "1a00010000", "1b0000000100000000", "4401020304",
                                         "62c3bc",   "3903e7", "d9d9f700",   "fb3ff199999999999a", "f90000",
                                         "83010203", "a10102", "9f0102ff",   "bf0102ff",           "d2a10182f6f6" };
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        for (size_t hex_len = 0; hex_len < strlen(whole[i]); hex_len += 2) {
            char text[64];
            memcpy(text, whole[i], hex_len);
            text[hex_len] = '\0';
            INPUT_AUTO input = input_of(text);
            struct occ_cbor cbor = occ_cbor_of(input.bytes);
            assert_int_equal(occ_cbor_skip(&cbor).len, 0);
            assert_false(occ_cbor_ok(&cbor));
        }
        INPUT_AUTO input = input_of(whole[i]);
        struct occ_cbor cbor = occ_cbor_of(input.bytes);
        assert_int_equal(occ_cbor_skip(&cbor).len, input.bytes.len);
    }
    assert_refused("18", 0, cut);
    assert_refused("", 0, ended);
    assert_refused("9f01", 2, ended);
    assert_refused("bf0102", 3, ended);
    assert_refused("d2", 1, ended);
}

/* Nothing is done with what a head claims before it is compared with limits and bytes. */
static void
test_huge_claims(void **state)
{
    (void)state;
    assert_refused("9b8000000000000000", 0, many);
    assert_refused("9bffffffffffffffff", 0, many);
    assert_refused("bb8000000000000000", 0, many);
    assert_refused("bbffffffffffffffff", 0, many);
    assert_refused("9a80000000", 0, many);
    assert_refused("991001", 0, many);   /* 4097 */
    assert_refused("991000", 0, beyond); /* 4096 */
    assert_refused("b841", 0, many);     /* 65 */
    assert_refused("b840", 0, beyond);   /* 64 */
    assert_refused("8401020f", 0, beyond);
    assert_refused("a2010203", 0, beyond);
    assert_refused("5b7fffffffffffffff", 0, cut);
    assert_refused("5bffffffffffffffff", 0, cut);
    assert_refused("5bfffffffffffffff700", 0, cut);
    assert_refused("7bffffffffffffffff", 0, cut);
}

/* An array of count zeros, definite or not. */
static bool
array_reads(size_t count, bool indefinite)
{
    static uint8_t bytes[3 + OCC_LIMIT_CBOR_ITEMS + 2];
    memset(bytes, 0, sizeof bytes);
    size_t len = 0;
    bytes[len++] = indefinite ? 0x9f : 0x99;
    if (!indefinite) {
        bytes[len++] = (uint8_t)(count >> 8);
        bytes[len++] = (uint8_t)count;
    }
    len += count;
    if (indefinite) {
        bytes[len++] = 0xff;
    }
    struct occ_cbor cbor = occ_cbor_of(occ_bytes_of(bytes, len));
    (void)occ_cbor_skip(&cbor);
    return occ_cbor_done(&cbor, NULL);
}

static bool
map_reads(size_t count, bool indefinite)
{
    uint8_t bytes[2 + 3 * (OCC_LIMIT_CBOR_PAIRS + 1) + 1];
    size_t len = 0;
    bytes[len++] = indefinite ? 0xbf : 0xb8;
    if (!indefinite) {
        bytes[len++] = (uint8_t)count;
    }
    for (size_t i = 0; i < count; i++) {
        bytes[len++] = 0x18;
        bytes[len++] = (uint8_t)(100 + i);
        bytes[len++] = 0;
    }
    if (indefinite) {
        bytes[len++] = 0xff;
    }
    struct occ_cbor cbor = occ_cbor_of(occ_bytes_of(bytes, len));
    (void)occ_cbor_skip(&cbor);
    return occ_cbor_done(&cbor, NULL);
}

static void
test_counts(void **state)
{
    (void)state;
    for (int indefinite = 0; indefinite < 2; indefinite++) {
        assert_true(array_reads(OCC_LIMIT_CBOR_ITEMS, indefinite == 1));
        assert_false(array_reads(OCC_LIMIT_CBOR_ITEMS + 1, indefinite == 1));
        assert_true(map_reads(OCC_LIMIT_CBOR_PAIRS, indefinite == 1));
        assert_false(map_reads(OCC_LIMIT_CBOR_PAIRS + 1, indefinite == 1));
    }
}

static void
test_depth(void **state)
{
    (void)state;
    assert_reads("818181818181818100", "[ [ [ [ [ [ [ [ 0]]]]]]]]");
    assert_refused("81818181818181818100", 8, deep);
    assert_refused("81818181818181818180", 8, deep);
    assert_reads("c6c6c6c6c6c6c6c600", "6(6(6(6(6(6(6(6(0))))))))");
    assert_refused("c6c6c6c6c6c6c6c6c600", 8, deep);
    assert_reads("c6a100c681c681c68100", "6({ 0:6([ 6([ 6([ 0])])])})");
    assert_refused("c6a100c681c681c681c600", 9, deep);
    assert_refused("c6a100c681c681c68180", 9, deep);
    assert_refused("9f9f9f9f9f9f9f9f9fffffffffffffffffff", 8, deep);
    assert_refused("a100a100a100a100a100a100a100a100a0", 16, deep);
    /* what is closed does not count */
    assert_reads("88c600c68000c68000c600a000", "[ 6(0) 6([]) 0 6([]) 0 6(0) {} 0]");
}

static void
test_breaks(void **state)
{
    (void)state;
    assert_refused("ff", 0, stray_break);
    assert_refused("81ff", 1, stray_break);
    assert_refused("8200ff", 2, stray_break);
    assert_refused("a1ff00", 1, stray_break);
    assert_refused("a100ff", 2, stray_break);
    assert_refused("bf00ff", 2, stray_break);
    assert_refused("9fc6ff", 2, stray_break);
    assert_refused("c6ff", 1, stray_break);
    assert_refused("9fffff", 2, after);
    assert_refused("fa0000000000", 5, after);
    assert_refused("0000", 1, after);
}

static void
test_no_items(void **state)
{
    (void)state;
    static const char *const bad[] = { "1c", "1d", "1e", "1f", "3c", "3f", "5c",
                                       "7e", "9d", "bc", "dc", "df", "fc", "fe" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_refused(bad[i], 0, no_item);
    }
    assert_refused("e0", 0, unassigned);
    assert_refused("f3", 0, unassigned);
    assert_refused("f814", 0, unassigned);
    assert_refused("62c328", 0, not_utf8);
    assert_refused("63eda080", 0, not_utf8);
    assert_refused("a161ff00", 1, not_utf8);
}

static void
test_names(void **state)
{
    (void)state;
    assert_refused("a201020102", 3, twice);
    assert_refused("bf01020102ff", 3, twice);
    assert_refused("a3616100616200616100", 7, twice);
    assert_refused("a24161004161f6", 4, twice);
    assert_refused("a220002000", 3, twice);
    assert_reads("a4010020004101006101f6", "{ 1:0 -1:0 h'01':0 \"\x01\":null}");
    assert_reads("a36161006261620060f6", "{ \"a\":0 \"ab\":0 \"\":null}");
    assert_reads("a201a1010202a10102", "{ 1:{ 1:2} 2:{ 1:2}}");
    assert_refused("a201a1010201a10102", 5, twice);
    assert_refused("a180f6", 1, odd_name);
    assert_refused("a1a0f6", 1, odd_name);
    assert_refused("a1c600f6", 1, odd_name);
    assert_refused("a1f4f6", 1, odd_name);
    assert_refused("a1f6f6", 1, odd_name);
}

/* ---- single accessors ---- */

static const char *
why_of(struct occ_cbor *cbor)
{
    const char *why = "";
    assert_false(occ_cbor_done(cbor, &why));
    return why;
}

static void
test_wrong_types(void **state)
{
    (void)state;
    static const char *const items[] = { "00", "20", "40", "60", "80", "a0", "c600", "f6", "f4" };
    static const enum occ_cbor_type types[] = { OCC_CBOR_UINT, OCC_CBOR_NEGINT, OCC_CBOR_BYTES,
                                                OCC_CBOR_TEXT, OCC_CBOR_ARRAY,  OCC_CBOR_MAP,
                                                OCC_CBOR_TAG,  OCC_CBOR_NULL,   OCC_CBOR_OTHER };
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        INPUT_AUTO input = input_of(items[i]);
        struct occ_cbor cbor[8];
        for (size_t k = 0; k < 8; k++) {
            cbor[k] = occ_cbor_of(input.bytes);
            assert_int_equal(occ_cbor_peek(&cbor[k]), types[i]);
            assert_int_equal(occ_cbor_offset(&cbor[k]), 0);
        }
        (void)occ_cbor_uint(&cbor[0]);
        (void)occ_cbor_int(&cbor[1]);
        (void)occ_cbor_bytes(&cbor[2]);
        (void)occ_cbor_text(&cbor[3]);
        (void)occ_cbor_array(&cbor[4]);
        (void)occ_cbor_map(&cbor[5]);
        (void)occ_cbor_tag(&cbor[6]);
        occ_cbor_null(&cbor[7]);
        for (size_t k = 0; k < 8; k++) {
            assert_int_equal(occ_cbor_ok(&cbor[k]), k == i || (k == 1 && i == 0));
            assert_int_equal(occ_cbor_offset(&cbor[k]) > 0, occ_cbor_ok(&cbor[k]));
        }
    }
}

static void
test_int(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        bool fits;
        int64_t value;
    } cases[] = {
        { "00", true, 0 },
        { "26", true, -7 },
        { "3822", true, -35 },
        { "1b7fffffffffffffff", true, INT64_MAX },
        { "3b7fffffffffffffff", true, INT64_MIN },
        { "1b8000000000000000", false, 0 },
        { "3b8000000000000000", false, 0 },
        { "3bffffffffffffffff", false, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        INPUT_AUTO input = input_of(cases[i].hex);
        struct occ_cbor cbor = occ_cbor_of(input.bytes);
        assert_true(occ_cbor_int(&cbor) == cases[i].value);
        assert_int_equal(occ_cbor_done(&cbor, NULL), cases[i].fits);
    }
}

/* After a refusal nothing is given, and the first reason stays. */
static void
test_sticky(void **state)
{
    (void)state;
    INPUT_AUTO input = input_of("8301f64101");
    struct occ_cbor cbor = occ_cbor_of(input.bytes);
    struct occ_cbor_group group = occ_cbor_array(&cbor);
    assert_true(occ_cbor_array_next(&cbor, &group));
    occ_cbor_refuse(&cbor, "not this one");
    occ_cbor_refuse(&cbor, "another reason");
    assert_false(occ_cbor_array_next(&cbor, &group));
    assert_int_equal(occ_cbor_peek(&cbor), OCC_CBOR_NONE);
    assert_int_equal(occ_cbor_uint(&cbor), 0);
    assert_int_equal(occ_cbor_int(&cbor), 0);
    assert_int_equal(occ_cbor_bytes(&cbor).len, 0);
    assert_int_equal(occ_cbor_text(&cbor).len, 0);
    assert_int_equal(occ_cbor_tag(&cbor), 0);
    occ_cbor_null(&cbor);
    assert_int_equal(occ_cbor_skip(&cbor).len, 0);
    struct occ_cbor_group inner = occ_cbor_map(&cbor);
    assert_false(occ_cbor_map_next(&cbor, &inner));
    assert_false(occ_cbor_ok(&cbor));
    assert_int_equal(occ_cbor_offset(&cbor), 1);
    assert_string_equal(why_of(&cbor), "not this one");
}

static void
test_end(void **state)
{
    (void)state;
    struct occ_cbor cbor = occ_cbor_of(occ_bytes_of(NULL, 0));
    assert_int_equal(occ_cbor_peek(&cbor), OCC_CBOR_NONE);
    assert_true(occ_cbor_done(&cbor, NULL)); /* nothing was wanted */
    assert_int_equal(occ_cbor_uint(&cbor), 0);
    assert_string_equal(why_of(&cbor), ended);
    INPUT_AUTO input = input_of("0102"); /* a sequence of two items */
    cbor = occ_cbor_of(input.bytes);
    assert_int_equal(occ_cbor_uint(&cbor), 1);
    assert_int_equal(occ_cbor_peek(&cbor), OCC_CBOR_UINT);
    assert_int_equal(occ_cbor_uint(&cbor), 2);
    assert_int_equal(occ_cbor_peek(&cbor), OCC_CBOR_NONE);
    assert_true(occ_cbor_done(&cbor, NULL));
}

/* Views lie in the caller's bytes. */
static void
test_views(void **state)
{
    (void)state;
    INPUT_AUTO input = input_of("8442010261618101d2a10203");
    struct occ_cbor cbor = occ_cbor_of(input.bytes);
    struct occ_cbor_group group = occ_cbor_array(&cbor);
    assert_true(occ_cbor_array_next(&cbor, &group));
    assert_ptr_equal(occ_cbor_bytes(&cbor).ptr, input.bytes.ptr + 2);
    assert_true(occ_cbor_array_next(&cbor, &group));
    assert_ptr_equal(occ_cbor_text(&cbor).ptr, input.bytes.ptr + 5);
    assert_true(occ_cbor_array_next(&cbor, &group));
    struct occ_bytes skipped = occ_cbor_skip(&cbor);
    assert_ptr_equal(skipped.ptr, input.bytes.ptr + 6);
    assert_int_equal(skipped.len, 2);
    assert_true(occ_cbor_array_next(&cbor, &group));
    assert_int_equal(occ_cbor_tag(&cbor), 18);
    skipped = occ_cbor_skip(&cbor); /* a tag's content alone */
    assert_ptr_equal(skipped.ptr, input.bytes.ptr + 9);
    assert_int_equal(skipped.len, 3);
    assert_false(occ_cbor_array_next(&cbor, &group));
    assert_true(occ_cbor_done(&cbor, NULL));
}

/* ---- callers that read more, fewer or other members than there are ---- */

static const char by_member[] = "an array or map that was not read member by member";
static const char unfinished[] = "an array, map or tag that was not read to its end";

static void
test_careless_callers(void **state)
{
    (void)state;
    INPUT_AUTO array = input_of("82018102");
    struct occ_cbor cbor = occ_cbor_of(array.bytes);
    struct occ_cbor_group group = occ_cbor_array(&cbor);
    assert_true(occ_cbor_array_next(&cbor, &group));
    assert_false(occ_cbor_array_next(&cbor, &group)); /* the first was not read */
    assert_string_equal(why_of(&cbor), by_member);

    cbor = occ_cbor_of(array.bytes);
    group = occ_cbor_array(&cbor);
    assert_true(occ_cbor_array_next(&cbor, &group));
    (void)occ_cbor_uint(&cbor);
    (void)occ_cbor_skip(&cbor); /* not asked for */
    assert_false(occ_cbor_array_next(&cbor, &group));
    assert_string_equal(why_of(&cbor), by_member);

    cbor = occ_cbor_of(array.bytes);
    group = occ_cbor_array(&cbor);
    assert_true(occ_cbor_array_next(&cbor, &group));
    (void)occ_cbor_uint(&cbor);
    assert_true(occ_cbor_array_next(&cbor, &group));
    struct occ_cbor_group inner = occ_cbor_array(&cbor);
    struct occ_cbor left_open = cbor;
    assert_false(occ_cbor_array_next(&cbor, &group)); /* while the inner one is open */
    assert_string_equal(why_of(&cbor), by_member);
    assert_true(occ_cbor_array_next(&left_open, &inner));
    (void)occ_cbor_uint(&left_open);
    assert_string_equal(why_of(&left_open), unfinished); /* all bytes are read, no group is closed */

    INPUT_AUTO map = input_of("a20102c603c604");
    cbor = occ_cbor_of(map.bytes);
    group = occ_cbor_map(&cbor);
    assert_true(occ_cbor_map_next(&cbor, &group));
    assert_int_equal(occ_cbor_uint(&cbor), 1);
    assert_false(occ_cbor_map_next(&cbor, &group)); /* the value was not read */
    assert_string_equal(why_of(&cbor), by_member);

    INPUT_AUTO tag = input_of("c6");
    cbor = occ_cbor_of(tag.bytes);
    assert_int_equal(occ_cbor_tag(&cbor), 6);
    assert_string_equal(why_of(&cbor), unfinished);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appendix_a_scalars),
        cmocka_unit_test(test_appendix_a_groups),
        cmocka_unit_test(test_shortest_form),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_huge_claims),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_breaks),
        cmocka_unit_test(test_no_items),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_wrong_types),
        cmocka_unit_test(test_int),
        cmocka_unit_test(test_sticky),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_careless_callers),
    };
    return cmocka_run_group_tests_name("codec.cbor", tests, NULL, NULL);
}
