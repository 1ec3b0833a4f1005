/* Tests of src/crypto/timestamp_token.c: tokens that are cut, too long or BER, and every byte of a token changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "unit/crypto/timestamp_fixture.h"

static void
test_size(void **state)
{
    (void)state;
    struct timestamp_plan plan;
    make_plan(&plan);
    AUTHORITY_AUTO authority = timestamp_authority_new(&plan);
    OCC_BUF_AUTO(token, TOKEN_MAX);
    timestamp_token_put(&token, &plan, authority);
    struct occ_timestamp_facts facts;
    struct occ_error err = { 0 };
    for (size_t len = 0; len < token.len; len++) {
        uint8_t *cut = malloc(len == 0 ? 1 : len); /* so that a read past the end shows */
        assert_non_null(cut);
        memcpy(cut, token.ptr, len);
        assert_int_equal(occ_timestamp_verify(occ_bytes_of(cut, len), NULL, NULL, &facts).code,
                         OCC_ERR_TIMESTAMP_TOKEN);
        free(cut);
    }
    occ_buf_put_byte(&token, 0);
    assert_code(occ_timestamp_verify(occ_buf_view(&token), NULL, &err, &facts).code, OCC_ERR_TIMESTAMP_TOKEN,
                "one more", &err);
    assert_string_equal(err.text, "1 bytes after the token");
    OCC_BUF_AUTO(large, OCC_LIMIT_TOKEN_LEN + 1);
    while (large.len <= OCC_LIMIT_TOKEN_LEN) {
        occ_buf_put_byte(&large, 0x30);
    }
    assert_code(occ_timestamp_verify(occ_buf_view(&large), NULL, &err, &facts).code, OCC_ERR_TIMESTAMP_TOKEN, "large",
                &err);
    assert_string_equal(err.text, "the token has 262145 bytes, expected 1 to 262144");
}

/* The same token in BER: the outer length written in five bytes, and as an indefinite one. */
static void
test_ber(void **state)
{
    (void)state;
    struct timestamp_plan plan;
    make_plan(&plan);
    AUTHORITY_AUTO authority = timestamp_authority_new(&plan);
    OCC_BUF_AUTO(token, TOKEN_MAX);
    timestamp_token_put(&token, &plan, authority);
    assert_memory_equal(token.ptr, "\x30\x82", 2);
    struct occ_timestamp_facts facts;
    struct occ_error err = { 0 };
    OCC_BUF_AUTO(longer, TOKEN_MAX);
    occ_buf_put(&longer, occ_bytes_of("\x30\x83\x00", 3));
    occ_buf_put(&longer, occ_bytes_of(token.ptr + 2, token.len - 2));
    assert_code(occ_timestamp_verify(occ_buf_view(&longer), NULL, &err, &facts).code, OCC_ERR_TIMESTAMP_TOKEN, "length",
                &err);
    assert_string_equal(err.text, "the token is BER, expected DER");
    OCC_BUF_AUTO(indefinite, TOKEN_MAX);
    occ_buf_put(&indefinite, occ_bytes_of("\x30\x80", 2));
    occ_buf_put(&indefinite, occ_bytes_of(token.ptr + 4, token.len - 4));
    occ_buf_put(&indefinite, occ_bytes_of("\0\0", 2));
    assert_code(occ_timestamp_verify(occ_buf_view(&indefinite), NULL, &err, &facts).code, OCC_ERR_TIMESTAMP_TOKEN,
                "indefinite", &err);
    assert_string_equal(err.text, "the token is BER, expected DER");
}

/*
 * Each byte of a real token is changed in two ways. Nothing that a signature covers may change, and of what none covers
 * only the certificates that are not the signer's: those are offered for building a path and are nothing by themselves.
 * In this token that is one, a copy of the root, which the trusted one takes the place of.
 */
static bool
facts_equal(const struct occ_timestamp_facts *a, const struct occ_timestamp_facts *b)
{
    return a->gen_time_ms == b->gen_time_ms && a->gen_time_ns == b->gen_time_ns && a->trusted == b->trusted &&
           a->has_accuracy == b->has_accuracy && a->has_nonce == b->has_nonce &&
           a->imprint_algorithm == b->imprint_algorithm && memcmp(a->imprint, b->imprint, sizeof a->imprint) == 0 &&
           strcmp(a->serial, b->serial) == 0 && strcmp(a->policy, b->policy) == 0 &&
           strcmp(a->signer, b->signer) == 0 && memcmp(a->signer_sha256, b->signer_sha256, OCC_SHA256_LEN) == 0 &&
           memcmp(a->root_sha256, b->root_sha256, OCC_SHA256_LEN) == 0;
}

static void
test_each_byte(void **state)
{
    (void)state;
    vectors_needed("rfc3161");
    enum { OTHER_CERTIFICATE_BEGIN = 2077, OTHER_CERTIFICATE_END = 2077 + 4 + 2047 };
    static const uint8_t changes[] = { 0x01, 0x80 };
    ROOTS_AUTO roots = roots_of_file("freetsa-certs.pem");
    OCC_BUF_AUTO(token, TOKEN_MAX);
    vectors_read("rfc3161", "freetsa-token.der", &token);
    assert_memory_equal(token.ptr + OTHER_CERTIFICATE_BEGIN, "\x30\x82\x07\xff", 4); /* 2047 bytes */
    struct occ_timestamp_facts good;
    assert_true(occ_is_ok(occ_timestamp_verify(occ_buf_view(&token), roots, NULL, &good)));
    size_t codes[OCC_ERR_TIMESTAMP_PATH + 1] = { 0 };
    for (size_t i = 0; i < 2 * token.len; i++) {
        const size_t at = i / 2;
        token.ptr[at] ^= changes[i % 2];
        struct occ_timestamp_facts facts;
        const enum occ_err code = occ_timestamp_verify(occ_buf_view(&token), roots, NULL, &facts).code;
        token.ptr[at] ^= changes[i % 2];
        assert_true(code == OCC_OK || (code >= OCC_ERR_TIMESTAMP_TOKEN && code <= OCC_ERR_TIMESTAMP_PATH));
        codes[code]++;
        const bool is_covered = at < OTHER_CERTIFICATE_BEGIN || at >= OTHER_CERTIFICATE_END;
        if (code == OCC_OK && (is_covered || !facts_equal(&facts, &good))) {
            fail_msg("byte %zu may be changed by %02x", at, changes[i % 2]);
        }
    }
    print_message("accepted %zu, token %zu, signer %zu, purpose %zu, signature %zu, path %zu\n", codes[OCC_OK],
                  codes[OCC_ERR_TIMESTAMP_TOKEN], codes[OCC_ERR_TIMESTAMP_SIGNER], codes[OCC_ERR_TIMESTAMP_PURPOSE],
                  codes[OCC_ERR_TIMESTAMP_SIGNATURE], codes[OCC_ERR_TIMESTAMP_PATH]);
    assert_true(codes[OCC_ERR_TIMESTAMP_SIGNATURE] > 0 && codes[OCC_ERR_TIMESTAMP_SIGNER] > 0);
}

/*
 * A token that holds its signer's certificate alone: no byte of it may be changed at all. bits: those that are tried of
 * each.
 */
static void
check_each_bit(const char *rule, uint8_t bits)
{
    struct timestamp_plan plan;
    make_plan(&plan);
    plan.signer_by_root = true;
    assert_true(timestamp_plan_break(&plan, rule));
    AUTHORITY_AUTO authority = timestamp_authority_new(&plan);
    ROOTS_AUTO roots = roots_of_authority(authority);
    OCC_BUF_AUTO(token, TOKEN_MAX);
    timestamp_token_put(&token, &plan, authority);
    struct occ_timestamp_facts facts;
    assert_true(occ_is_ok(occ_timestamp_verify(occ_buf_view(&token), roots, NULL, &facts)));
    for (size_t bit = 0; bit < 8 * token.len; bit++) {
        const uint8_t mask = (uint8_t)(1u << bit % 8 & bits);
        if (mask == 0) {
            continue;
        }
        token.ptr[bit / 8] ^= mask;
        if (occ_is_ok(occ_timestamp_verify(occ_buf_view(&token), NULL, NULL, &facts))) {
            fail_msg("%s: bit %zu of byte %zu may be changed", rule, bit % 8, bit / 8);
        }
        token.ptr[bit / 8] ^= mask;
    }
}

static void
test_each_bit(void **state)
{
    (void)state;
    check_each_bit("ess-both", 0xff);
    check_each_bit("key-id", 0x21); /* 0x20 changes the case of a letter */
    check_each_bit("rsa", 0x21);
    check_each_bit("rsa-pss", 0x21);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_ber),
        cmocka_unit_test(test_each_byte),
        cmocka_unit_test(test_each_bit),
    };
    return cmocka_run_group_tests_name("crypto.timestamp_token", tests, NULL, NULL);
}
