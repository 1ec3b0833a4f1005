/* Digests in paths, queries of the calls that read the ledger, and the addresses of next pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "server/lookup.h"

/* Of the bytes 0xf8 to 0xff and 24 zeros; openssl base64 -A | tr +/ -_ gives the other form. */
#define HEX "fbeff8fafbfcfdfe000000000000000000000000000000000000000000000000"
#define BASE64URL "--_4-vv8_f4AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const uint8_t expected[32] = { 0xfb, 0xef, 0xf8, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe };

static void
check_digest(const char *text)
{
    struct occ_error err = { 0 };
    uint8_t digest[32] = { 0 };
    assert_true(occ_is_ok(occ_lookup_read_digest(occ_bytes_str(text), &err, digest)));
    assert_memory_equal(digest, expected, sizeof digest);
}

static void
check_no_digest(const char *text)
{
    struct occ_error err = { 0 };
    uint8_t digest[32] = { 1, 2, 3 };
    assert_int_equal(occ_lookup_read_digest(occ_bytes_str(text), &err, digest).code, OCC_ERR_FIELD_VALUE);
    assert_non_null(strstr(err.text, "expected 64 characters of hex or 43 of base64url"));
    assert_int_equal(digest[2], 3); /* untouched */
}

static void
test_digests(void **state)
{
    (void)state;
    check_digest(HEX);
    check_digest("FBEFF8FAFBFCFDFE000000000000000000000000000000000000000000000000");
    check_digest("%66beff8fafbfcfdfe00000000000000000000000000000000000000000000000%30");
    check_digest(BASE64URL);
    check_digest(BASE64URL "=");
    check_digest(BASE64URL "%3D");
    check_digest(BASE64URL "%3d");
}

static void
test_no_digests(void **state)
{
    (void)state;
    check_no_digest("");
    check_no_digest("0");
    check_no_digest(HEX "0");
    check_no_digest(HEX "00");
    check_no_digest("gbeff8fafbfcfdfe000000000000000000000000000000000000000000000000");
    check_no_digest("fbeff8fafbfcfdfe00000000000000000000000000000000000000000000000");  /* 63 */
    check_no_digest("fbeff8fafbfcfdfe00000000000000000000000000000000000000000000000%"); /* half an escape */
    check_no_digest("fbeff8fafbfcfdfe00000000000000000000000000000000000000000000000%3");
    check_no_digest("fbeff8fafbfcfdfe0000000000000000000000000000000000000000000000%zz");
    check_no_digest(BASE64URL "==");
    check_no_digest(BASE64URL "A");
    check_no_digest("--_4-vv8_f4AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB"); /* trailing bits */
    check_no_digest("++/4+vv8/f4AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    check_no_digest("--_4-vv8_f4AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"); /* 42 */
    check_no_digest("--_4-vv8_f4AAAAAAAAAAAAAAAAAAAAAAAAAAAA AAA");
    check_no_digest("\xc3\xa9");
}

static void
check_page(const char *query, uint64_t after, size_t limit)
{
    struct occ_error err = { 0 };
    struct occ_lookup_page page;
    assert_true(occ_is_ok(occ_lookup_read_page(occ_bytes_str(query), &err, &page)));
    assert_int_equal(page.after, after);
    assert_int_equal(page.limit, limit);
}

static void
check_no_page(const char *query, const char *sentence)
{
    struct occ_error err = { 0 };
    struct occ_lookup_page page = { .after = 7 };
    assert_int_equal(occ_lookup_read_page(occ_bytes_str(query), &err, &page).code, OCC_ERR_FIELD_VALUE);
    assert_string_equal(err.text, sentence);
    assert_int_equal(page.after, 7);
}

static void
test_pages(void **state)
{
    (void)state;
    check_page("", 0, 100);
    check_page("limit=1", 0, 1);
    check_page("limit=1000&after=18446744073709551615", UINT64_MAX, 1000);
    check_page("after=%30", 0, 100);
    check_no_page("limit=0", "limit: \"0\", expected a whole number from 1 to 1000");
    check_no_page("limit=1001", "limit: \"1001\", expected a whole number from 1 to 1000");
    check_no_page("limit=-1", "limit: \"-1\", expected a whole number from 1 to 1000");
    check_no_page("limit=01", "limit: \"01\", expected a whole number from 1 to 1000");
    check_no_page("limit=1e2", "limit: \"1e2\", expected a whole number from 1 to 1000");
    check_no_page("after=18446744073709551616",
                  "after: \"18446744073709551616\", expected a whole number from 0 to 18446744073709551615");
    check_no_page("limit=", "limit: empty, expected a value or no limit");
    check_no_page("limit", "limit: empty, expected a value or no limit");
    check_no_page("limit=1&limit=1", "limit: given twice, expected once");
    check_no_page("limit=+1", "limit: '+' may mean a space, expected %2B");
    check_no_page("limit=%3", "limit: '%' without two hex digits behind it");
    check_no_page("limit=%3g", "limit: '%' without two hex digits behind it");
    check_no_page("Limit=1", "unknown parameter \"Limit\", expected limit or after");
    check_no_page("lim%69t=1", "unknown parameter \"lim%69t\", expected limit or after");
    check_no_page("epoch=x", "unknown parameter \"epoch\", expected limit or after");
    check_no_page("&", "unknown parameter \"\", expected limit or after");
}

static void
check_nonce(const char *query, const void *expected_bytes, size_t len)
{
    struct occ_error err = { 0 };
    struct occ_lookup_nonce nonce;
    assert_true(occ_is_ok(occ_lookup_read_nonce(occ_bytes_str(query), &err, &nonce)));
    assert_int_equal(nonce.len, len);
    assert_memory_equal(nonce.bytes, expected_bytes, len);
}

static void
check_no_nonce(const char *query, const char *sentence)
{
    struct occ_error err = { 0 };
    struct occ_lookup_nonce nonce = { .len = 77 };
    assert_int_equal(occ_lookup_read_nonce(occ_bytes_str(query), &err, &nonce).code, OCC_ERR_FIELD_VALUE);
    assert_string_equal(err.text, sentence);
    assert_int_equal(nonce.len, 77);
}

static void
test_nonces(void **state)
{
    (void)state;
    static const char wrong[] = "nonce: expected 1 to 512 bytes in canonical base64 (RFC 4648 section 4, padded)";
    static uint8_t zeros[512];
    char query[800] = "nonce=";
    check_nonce("", "", 0);
    check_nonce("nonce=AA==", "\0", 1);
    check_nonce("nonce=AA%3D%3D", "\0", 1);
    check_nonce("nonce=%2B%2F/%2b", "\xfb\xff\xfe", 3);
    check_no_nonce("nonce=++/+", "nonce: '+' may mean a space, expected %2B");
    check_no_nonce("nonce=-_-_", wrong); /* base64url is another alphabet (PROTOCOL §1) */
    check_no_nonce("nonce=AA", wrong);
    check_no_nonce("nonce=AB==", wrong); /* trailing bits */
    check_no_nonce("nonce=", "nonce: empty, expected a value or no nonce");
    check_no_nonce("nonce=AA==&nonce=AA==", "nonce: given twice, expected once");
    check_no_nonce("noise=AA==", "unknown parameter \"noise\", expected nonce");
    memset(query + 6, 'A', 683);
    query[6 + 683] = '=';
    check_nonce(query, zeros, 512);
    memset(query + 6, 'A', 684); /* 513 bytes */
    check_no_nonce(query, wrong);
    memset(query + 6, 'A', 688);
    check_no_nonce(query, "nonce: more than 684 bytes");
}

static struct occ_lookup_range
range_of(const char *query)
{
    struct occ_error err = { 0 };
    struct occ_lookup_range range;
    assert_true(occ_is_ok(occ_lookup_read_range(occ_bytes_str(query), &err, &range)));
    return range;
}

static void
check_no_range(const char *query, const char *sentence)
{
    struct occ_error err = { 0 };
    struct occ_lookup_range range;
    assert_int_equal(occ_lookup_read_range(occ_bytes_str(query), &err, &range).code, OCC_ERR_FIELD_VALUE);
    assert_string_equal(err.text, sentence);
}

static void
test_ranges(void **state)
{
    (void)state;
    struct occ_lookup_range range = range_of("");
    assert_int_equal(range.epoch_len, 0);
    assert_int_equal(range.chain_len, 0);
    assert_int_equal(range.from, 1);
    assert_int_equal(range.limit, 100);
    assert_false(range.latest);
    range = range_of("epoch=a%2Fb%3D&chainId=x%3ay&from=5&limit=2&latest=0");
    assert_memory_equal(range.epoch, "a/b=", 4);
    assert_int_equal(range.epoch_len, 4);
    assert_memory_equal(range.chain, "x:y", 3);
    assert_int_equal(range.chain_len, 3);
    assert_int_equal(range.from, 5);
    assert_int_equal(range.limit, 2);
    assert_true(range_of("latest=1").latest);
}

static void
test_no_ranges(void **state)
{
    (void)state;
    char text[200] = "epoch=";
    memset(text + 6, 'a', 128);
    assert_int_equal(range_of(text).epoch_len, 128);
    text[6 + 128] = 'a';
    check_no_range(text, "epoch: more than 128 bytes");
    char chain[100] = "chainId=";
    memset(chain + 8, 'a', 64);
    assert_int_equal(range_of(chain).chain_len, 64);
    chain[8 + 64] = 'a';
    check_no_range(chain, "chainId: expected 1 to 64 characters of A-Za-z0-9._:-");
    check_no_range("chainId=a~b", "chainId: expected 1 to 64 characters of A-Za-z0-9._:-");
    check_no_range("chainId=%00", "chainId: expected 1 to 64 characters of A-Za-z0-9._:-");
    check_no_range("from=x", "from: \"x\", expected a whole number from 0 to 18446744073709551615");
    check_no_range("latest=2", "latest: \"2\", expected a whole number from 0 to 1");
    check_no_range("latest=1&from=1", "latest is the one last proof, expected no from and no limit");
    check_no_range("latest=1&limit=1", "latest is the one last proof, expected no from and no limit");
    check_no_range("after=1", "unknown parameter \"after\", expected epoch, chainId, from, limit or latest");
}

static void
test_next(void **state)
{
    (void)state;
    OCC_BUF_AUTO(headers, OCC_LOOKUP_LINK_LEN_MAX);
    const struct occ_lookup_page page = { .after = 200, .limit = 100 };
    occ_lookup_put_next_page(&headers, &page);
    assert_string_equal((const char *)headers.ptr, "Link: <?after=200&limit=100>; rel=\"next\"\r\n");
    occ_buf_reset(&headers);
    struct occ_lookup_range range = range_of("epoch=a%2Bb&chainId=x:y&from=3&limit=7");
    range.from = 10;
    occ_lookup_put_next_range(&headers, &range);
    assert_string_equal((const char *)headers.ptr,
                        "Link: <?epoch=a%2Bb&chainId=x%3Ay&from=10&limit=7>; rel=\"next\"\r\n");
    /* The longest there can be. */
    occ_buf_reset(&headers);
    memset(range.epoch, 0xff, sizeof range.epoch);
    memset(range.chain, ':', sizeof range.chain);
    range.epoch_len = sizeof range.epoch;
    range.chain_len = sizeof range.chain;
    range.from = UINT64_MAX;
    occ_lookup_put_next_range(&headers, &range);
    assert_true(occ_is_ok(occ_buf_check(&headers)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests), cmocka_unit_test(test_no_digests), cmocka_unit_test(test_nonces),
        cmocka_unit_test(test_pages),   cmocka_unit_test(test_ranges),     cmocka_unit_test(test_no_ranges),
        cmocka_unit_test(test_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
