#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/text.h"

static void
same(const struct occ_buf *buf, const char *expected)
{
    assert_true(occ_is_ok(occ_buf_check(buf)));
    if (!occ_bytes_is(occ_buf_view(buf), expected)) {
        fail_msg("\"%.*s\", expected \"%s\"", OCC_BYTES_ARG(occ_buf_view(buf)), expected);
    }
}

static void
safe(struct occ_bytes text, const char *expected)
{
    OCC_BUF_AUTO(buf, 4096);
    occ_text_put_safe(&buf, text);
    same(&buf, expected);
}
#define SAFE(text, expected) safe(occ_bytes_of(text, sizeof text - 1), expected)

static void
leaves_text_as_it_is(void **state)
{
    (void)state;
    SAFE("", "");
    SAFE("photo (1).jpg \\ \"'", "photo (1).jpg \\ \"'");
    SAFE("gr\xc3\xbc\xc3\x9f \xe2\x9c\x93 \xf0\x9f\x93\xb7", "gr\xc3\xbc\xc3\x9f \xe2\x9c\x93 \xf0\x9f\x93\xb7");
}

static void
escapes_what_acts_on_a_terminal(void **state)
{
    (void)state;
    SAFE("a\033[31mb\007", "a\\u001b[31mb\\u0007");
    SAFE("a\nb\r\tc\0d", "a\\u000ab\\u000d\\u0009c\\u0000d");
    SAFE("\x7f\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", "\\u007f\\u0080\\u009b\\u009f\xc2\xa0");
    SAFE("exe.\xe2\x80\xaegpj", "exe.\\u202egpj");
    SAFE("\xe2\x80\x8b\xe2\x80\x8f\xe2\x80\xa8\xe2\x81\xa6\xe2\x81\xa9\xef\xbb\xbf",
         "\\u200b\\u200f\\u2028\\u2066\\u2069\\ufeff");
    SAFE("\xd8\x9c\xc2\xad", "\\u061c\\u00ad");
    SAFE("\xf3\xa0\x80\x81\xf3\xa0\x81\xbf", "\\udb40\\udc01\\udb40\\udc7f");
    /* The neighbours of the ranges stay. */
    SAFE("\xe2\x80\x90\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xb0", "\xe2\x80\x90\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xb0");
}

static void
escapes_what_is_not_utf8(void **state)
{
    (void)state;
    SAFE("a\xff\x80z", "a\\xff\\x80z");
    SAFE("\xc0\x80", "\\xc0\\x80");
    SAFE("\xed\xa0\x80", "\\xed\\xa0\\x80");
    SAFE("\xe2\x80", "\\xe2\\x80");
}

static void
cuts_between_characters(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 4096);
    occ_text_put_safe_cut(&buf, occ_bytes_str("abcdef"), 6);
    same(&buf, "abcdef");
    occ_buf_reset(&buf);
    occ_text_put_safe_cut(&buf, occ_bytes_str("abcdefg"), 6);
    same(&buf, "abcdef… (7 bytes)");
    occ_buf_reset(&buf);
    occ_text_put_safe_cut(&buf, occ_bytes_str("a\xe2\x82\xac\xe2\x82\xac"), 3);
    same(&buf, "a… (7 bytes)");
    occ_buf_reset(&buf);
    occ_text_put_safe_cut(&buf, occ_bytes_str("a\xe2\x82\xac\xe2\x82\xac"), 4);
    same(&buf, "a\xe2\x82\xac… (7 bytes)");
}

static void
json_names(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 4096);
    occ_text_put_json_name(&buf, "a\"b\nc");
    same(&buf, "\"a\\\"b\\nc\"");
    occ_buf_reset(&buf);
    occ_text_put_json_name(&buf, "a\xff\xc3\xbc");
    same(&buf, "\"a\xef\xbf\xbd\xc3\xbc\"");
}

static void
times(void **state)
{
    (void)state;
    static const struct {
        double ms;
        const char *text;
    } cases[] = {
        { 0, "1970-01-01T00:00:00.000Z" },
        { 1741496392841, "2025-03-09T04:59:52.841Z" },
        { 253402300799999, "9999-12-31T23:59:59.999Z" },
        { 253402300800000, "after the year 9999" },
        { 9007199254740992.0, "after the year 9999" },
        { -1, "not a time" },
        { 1e300, "after the year 9999" },
        { NAN, "not a time" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OCC_BUF_AUTO(buf, 64);
        occ_text_put_time(&buf, cases[i].ms);
        same(&buf, cases[i].text);
    }
}

static void
sizes(void **state)
{
    (void)state;
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        { 0, "0 B" },           { 1023, "1023 B" },        { 1024, "1.0 KiB" },
        { 1536, "1.5 KiB" },    { 2047, "1.9 KiB" },       { 1048575, "1023.9 KiB" },
        { 1048576, "1.0 MiB" }, { 4294967296, "4.0 GiB" }, { UINT64_MAX, "15.9 EiB" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OCC_BUF_AUTO(buf, 64);
        occ_text_put_size(&buf, cases[i].bytes);
        same(&buf, cases[i].text);
    }
}

static void
counts(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 128);
    occ_text_put_count(&buf, 0);
    occ_buf_put_byte(&buf, ' ');
    occ_text_put_count(&buf, 999);
    occ_buf_put_byte(&buf, ' ');
    occ_text_put_count(&buf, 1000);
    occ_buf_put_byte(&buf, ' ');
    occ_text_put_count(&buf, 1234567);
    same(&buf, "0 999 1,000 1,234,567");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_text_as_it_is),
        cmocka_unit_test(escapes_what_acts_on_a_terminal),
        cmocka_unit_test(escapes_what_is_not_utf8),
        cmocka_unit_test(cuts_between_characters),
        cmocka_unit_test(json_names),
        cmocka_unit_test(times),
        cmocka_unit_test(sizes),
        cmocka_unit_test(counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
