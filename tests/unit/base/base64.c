/* Tests of src/base/base64.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static bool
decodes(struct occ_bytes text)
{
    uint8_t out[64];
    size_t len = 0;
    size_t checked = 0;
    const bool ok = occ_is_ok(occ_base64_decode(text, sizeof out, out, &len));
    assert_int_equal(occ_is_ok(occ_base64_check(text, &checked)), ok);
    assert_int_equal(len, checked);
    return ok;
}

static bool
decodes_str(const char *text)
{
    return decodes(occ_bytes_str(text));
}

/* RFC 4648 §10. */
static void
test_rfc_vectors(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "", "" },
        { "f", "Zg==" },
        { "fo", "Zm8=" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" },
        { "fooba", "Zm9vYmE=" },
        { "foobar", "Zm9vYmFy" },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        OCC_BUF_AUTO(buf, 64);
        occ_base64_put(&buf, occ_bytes_str(pairs[i][0]));
        assert_true(occ_bytes_is(occ_buf_view(&buf), pairs[i][1]));
        uint8_t out[8];
        size_t len = 99;
        assert_true(occ_is_ok(occ_base64_decode(occ_bytes_str(pairs[i][1]), sizeof out, out, &len)));
        assert_true(occ_bytes_is(occ_bytes_of(out, len), pairs[i][0]));
    }
}

/* All lengths up to 300, into memory of exactly the right size, so that the sanitizer sees one byte too many. */
static void
test_round_trips(void **state)
{
    (void)state;
    uint8_t bytes[300];
    uint32_t random = 1;
    for (size_t len = 0; len <= sizeof bytes; len++) {
        for (size_t i = 0; i < len; i++) {
            random = random * 1664525 + 1013904223;
            bytes[i] = (uint8_t)(random >> 24);
        }
        char *text = malloc(OCC_BASE64_LEN(len) + 1);
        uint8_t *back = malloc(len + 1);
        assert_non_null(text);
        assert_non_null(back);
        char *exact_text = realloc(text, OCC_BASE64_LEN(len) == 0 ? 1 : OCC_BASE64_LEN(len));
        uint8_t *exact_back = realloc(back, len == 0 ? 1 : len);
        occ_base64_encode(occ_bytes_of(bytes, len), exact_text);
        size_t got = 0;
        assert_true(occ_is_ok(occ_base64_decode(occ_bytes_of(exact_text, OCC_BASE64_LEN(len)), len, exact_back, &got)));
        assert_int_equal(got, len);
        assert_memory_equal(exact_back, bytes, len);
        free(exact_text);
        free(exact_back);
    }
}

/* Every byte value at every place of a group: letters decode, all else is refused. */
static void
test_every_byte(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        const bool letter = byte != 0 && strchr(alphabet, (int)byte) != NULL;
        for (size_t place = 0; place < 4; place++) {
            uint8_t text[8] = { 'A', 'A', 'A', 'A', 'B', 'B', 'B', 'B' };
            text[place] = (uint8_t)byte;
            assert_int_equal(decodes(occ_bytes_of(text, 8)), letter);
        }
    }
}

/* Every last letter before padding: only those whose left-over bits are zero (RFC 4648 §3.5). */
static void
test_trailing_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < 64; i++) {
        const char two[4] = { 'A', alphabet[i], '=', '=' };
        assert_int_equal(decodes(occ_bytes_of(two, 4)), i % 16 == 0);
        const char one[4] = { 'A', 'A', alphabet[i], '=' };
        assert_int_equal(decodes(occ_bytes_of(one, 4)), i % 4 == 0);
    }
}

static void
test_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "A",      "AA",    "AAA",   "AAAAA",  "AA=",      "=",      "==",   "====", "A===", "AA==AA==",
        "AA==\n", " AAAA", "AAAA ", "AA AA",  "AAAA\r\n", "AA\nAA", "-_-_", "AAA-", "AAA_", "AA=A",
        "=AAA",   "AAA==", "AAAA=", "AAAA==", "AAAA====", "AA==A",  "QQ",   "QQ=",  "QR==", "QQ==\t\t\t\t",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (decodes_str(texts[i])) {
            fail_msg("accepted: %s", texts[i]);
        }
    }
    assert_false(decodes(occ_bytes_of("AAA\0", 4)));
    assert_true(decodes_str("QQ=="));
}

static void
test_too_small_for_it(void **state)
{
    (void)state;
    uint8_t out[4] = { 7, 7, 7, 7 };
    size_t len = 99;
    assert_int_equal(occ_base64_decode(occ_bytes_str("AAAAAA=="), 3, out, &len).code, OCC_ERR_LIMIT);
    assert_int_equal(occ_base64_decode(occ_bytes_str("AAAA!A=="), 4, out, &len).code, OCC_ERR_BASE64);
    assert_int_equal(out[0], 7); /* untouched */
    assert_int_equal(len, 99);
    assert_true(occ_is_ok(occ_base64_decode(occ_bytes_str("AAAAAA=="), 4, out, &len)));
    assert_int_equal(len, 4);
    assert_true(occ_is_ok(occ_base64_decode(occ_bytes_of(NULL, 0), 0, NULL, &len)));
    assert_int_equal(len, 0);
}

static void
test_put_at_the_limit(void **state)
{
    (void)state;
    OCC_BUF_AUTO(exact, 8);
    occ_base64_put(&exact, occ_bytes_of("12345", 5));
    assert_true(occ_bytes_is(occ_buf_view(&exact), "MTIzNDU="));
    OCC_BUF_AUTO(less, 7);
    occ_base64_put(&less, occ_bytes_of("12345", 5));
    assert_int_equal(occ_buf_check(&less).code, OCC_ERR_LIMIT);
    OCC_BUF_AUTO(huge, 100);
    occ_base64_put(&huge, occ_bytes_of("", SIZE_MAX)); /* the length of the text would overflow */
    assert_int_equal(occ_buf_check(&huge).code, OCC_ERR_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc_vectors),      cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_every_byte),       cmocka_unit_test(test_trailing_bits),
        cmocka_unit_test(test_refused),          cmocka_unit_test(test_too_small_for_it),
        cmocka_unit_test(test_put_at_the_limit),
    };
    return cmocka_run_group_tests_name("base.base64", tests, NULL, NULL);
}
