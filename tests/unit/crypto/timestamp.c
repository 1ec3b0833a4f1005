/*
 * Tests of src/crypto/timestamp*.c: tokens of public authorities, tokens of our own with one thing wrong each, every byte of
 * a real token changed, roots, responses, memory that runs short.
 */
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/hex.h"
#include "base/limits.h"
#include "crypto/timestamp.h"
#include "support/timestamp_maker.h"
#include "unit/codec/vectors.h"

enum { TOKEN_MAX = 1 << 20 };
static const uint64_t time_ms = 1774114253000; /* 2026-03-21T17:30:53Z */

static void
free_roots(struct occ_timestamp_roots **roots)
{
    occ_timestamp_roots_free(*roots);
}
#define ROOTS_AUTO __attribute__((cleanup(free_roots))) struct occ_timestamp_roots *

static void
free_authority(struct timestamp_authority **authority)
{
    timestamp_authority_free(*authority);
}
#define AUTHORITY_AUTO __attribute__((cleanup(free_authority))) struct timestamp_authority *

static struct occ_timestamp_roots *
roots_of(struct occ_bytes pem)
{
    struct occ_timestamp_roots *roots = NULL;
    struct occ_error err = { 0 };
    if (!occ_is_ok(occ_timestamp_roots_new(pem, &err, &roots))) {
        fail_msg("%s", err.text);
    }
    return roots;
}

static struct occ_timestamp_roots *
roots_of_file(const char *file)
{
    OCC_BUF_AUTO(pem, TOKEN_MAX);
    vectors_read("rfc3161", file, &pem);
    return roots_of(occ_buf_view(&pem));
}

static struct occ_timestamp_roots *
roots_of_authority(const struct timestamp_authority *authority)
{
    OCC_BUF_AUTO(pem, TOKEN_MAX);
    timestamp_root_put(&pem, authority);
    return roots_of(occ_buf_view(&pem));
}

static void
make_plan(struct timestamp_plan *plan)
{
    uint8_t digest[32];
    for (size_t i = 0; i < sizeof digest; i++) {
        digest[i] = (uint8_t)(0x80 + i);
    }
    timestamp_plan_init(plan, digest, time_ms);
}

static void
assert_code(enum occ_err actual, enum occ_err expected, const char *what, const struct occ_error *err)
{
    if (actual != expected) {
        fail_msg("%s: %s (%s), expected %s", what, occ_result_name(actual), err->text, occ_result_name(expected));
    }
}

/* ---- tokens of our own ---- */

static void
test_good(void **state)
{
    (void)state;
    struct timestamp_plan plan;
    make_plan(&plan);
    AUTHORITY_AUTO authority = timestamp_authority_new(&plan);
    ROOTS_AUTO roots = roots_of_authority(authority);
    assert_int_equal(occ_timestamp_roots_count(roots), 1);
    OCC_BUF_AUTO(token, TOKEN_MAX);
    timestamp_token_put(&token, &plan, authority);
    struct occ_timestamp_facts facts;
    struct occ_error err = { 0 };
    assert_code(occ_timestamp_verify(occ_buf_view(&token), roots, &err, &facts).code, OCC_OK, "good", &err);
    assert_true(facts.trusted);
    assert_string_equal(facts.untrusted, "");
    assert_int_equal(facts.gen_time_ms, time_ms);
    assert_int_equal(facts.gen_time_ns, 0);
    assert_true(facts.has_accuracy);
    assert_int_equal(facts.accuracy_us, 1500250);
    assert_string_equal(facts.imprint_algorithm, "sha256");
    assert_int_equal(facts.imprint_len, 32);
    assert_memory_equal(facts.imprint, plan.imprint.ptr, 32);
    assert_true(facts.has_nonce);
    assert_int_equal(facts.nonce_len, 8);
    assert_memory_equal(facts.nonce, "\xfe\xdc\xba\x09\x87\x65\x43\x21", 8);
    assert_string_equal(facts.serial, "1234567890abcdef");
    assert_string_equal(facts.policy, "1.3.6.1.4.1.32473.2");
    assert_string_equal(facts.signer, "CN=Test signer \xc3\xa9,O=occ tests");
    assert_int_equal(ERR_peek_error(), 0);

    struct occ_timestamp_facts without;
    assert_code(occ_timestamp_verify(occ_buf_view(&token), NULL, &err, &without).code, OCC_OK, "no roots", &err);
    assert_false(without.trusted);
    assert_string_equal(without.untrusted, "no roots were given");
    assert_memory_equal(without.signer_sha256, facts.signer_sha256, OCC_SHA256_LEN);
    assert_int_equal(ERR_peek_error(), 0);
}

static void
fingerprint(void (*put)(struct occ_buf *, const struct timestamp_authority *),
            const struct timestamp_authority *authority, uint8_t ret_digest[OCC_SHA256_LEN])
{
    OCC_BUF_AUTO(pem, TOKEN_MAX);
    put(&pem, authority);
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    assert_non_null(certificate);
    unsigned char *der = NULL;
    const int len = i2d_X509(certificate, &der);
    assert_true(len > 0);
    occ_digest_sha256(occ_bytes_of(der, (size_t)len), ret_digest);
    OPENSSL_free(der);
    X509_free(certificate);
    BIO_free(bio);
}

static void
test_fingerprints(void **state)
{
    (void)state;
    struct timestamp_plan plan;
    make_plan(&plan);
    AUTHORITY_AUTO authority = timestamp_authority_new(&plan);
    ROOTS_AUTO roots = roots_of_authority(authority);
    OCC_BUF_AUTO(token, TOKEN_MAX);
    timestamp_token_put(&token, &plan, authority);
    struct occ_timestamp_facts facts;
    assert_true(occ_is_ok(occ_timestamp_verify(occ_buf_view(&token), roots, NULL, &facts)));
    uint8_t digest[OCC_SHA256_LEN];
    fingerprint(timestamp_signer_put, authority, digest);
    assert_memory_equal(facts.signer_sha256, digest, OCC_SHA256_LEN);
    fingerprint(timestamp_root_put, authority, digest);
    assert_memory_equal(facts.root_sha256, digest, OCC_SHA256_LEN);
}

static void
test_fraction(void **state)
{
    (void)state;
    static const struct {
        const char *gen_time;
        uint64_t ms;
        uint32_t ns;
    } cases[] = {
        { "20260321173053Z", 1774114253000, 0 },
        { "20260321173053.5Z", 1774114253500, 500000000 },
        { "20260321173053.050Z", 1774114253050, 50000000 },
        { "20260321173053.123456789Z", 1774114253123, 123456789 },
        { "20260321173053.000000001Z", 1774114253000, 1 },
    };
    struct timestamp_plan plan;
    make_plan(&plan);
    AUTHORITY_AUTO authority = timestamp_authority_new(&plan);
    ROOTS_AUTO roots = roots_of_authority(authority);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memcpy(plan.gen_time, cases[i].gen_time, strlen(cases[i].gen_time) + 1);
        OCC_BUF_AUTO(token, TOKEN_MAX);
        timestamp_token_put(&token, &plan, authority);
        struct occ_timestamp_facts facts;
        assert_true(occ_is_ok(occ_timestamp_verify(occ_buf_view(&token), roots, NULL, &facts)));
        assert_int_equal(facts.gen_time_ms, cases[i].ms);
        assert_int_equal(facts.gen_time_ns, cases[i].ns);
    }
}

/* What a rule says that is broken, held against the code that it stands beside, with its root known and with none. */
static void
check_rule(const struct timestamp_rule *rule)
{
    struct timestamp_plan plan;
    make_plan(&plan);
    rule->apply(&plan);
    AUTHORITY_AUTO authority = timestamp_authority_new(&plan);
    ROOTS_AUTO roots = roots_of_authority(authority);
    OCC_BUF_AUTO(token, TOKEN_MAX);
    timestamp_token_put(&token, &plan, authority);
    struct occ_timestamp_facts facts, untouched;
    memset(&facts, 0x5a, sizeof facts);
    memset(&untouched, 0x5a, sizeof untouched);
    struct occ_error err = { 0 };
    assert_code(occ_timestamp_verify(occ_buf_view(&token), roots, &err, &facts).code, rule->code, rule->name, &err);
    assert_int_equal(ERR_peek_error(), 0);
    if (rule->code == OCC_OK) {
        assert_true(facts.trusted);
    } else {
        assert_int_equal(err.code, rule->code);
        assert_true(err.text[0] != '\0');
        assert_memory_equal(&facts, &untouched, sizeof facts);
        print_message("%s: %s\n", rule->name, err.text);
    }
    /* Without the root there is no path to be wrong. All else is the token's own fault whoever is trusted. */
    const enum occ_err alone = rule->code == OCC_ERR_TIMESTAMP_PATH ? OCC_OK : rule->code;
    assert_code(occ_timestamp_verify(occ_buf_view(&token), NULL, &err, &facts).code, alone, rule->name, &err);
    assert_true(alone != OCC_OK || !facts.trusted);
}

static void
test_rules(void **state)
{
    (void)state;
    size_t seen[OCC_ERR_TIMESTAMP_PATH - OCC_ERR_TIMESTAMP_TOKEN + 1] = { 0 };
    for (size_t i = 0; i < timestamp_rules_count; i++) {
        check_rule(&timestamp_rules[i]);
        if (timestamp_rules[i].code != OCC_OK) {
            seen[timestamp_rules[i].code - OCC_ERR_TIMESTAMP_TOKEN]++;
        }
    }
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) {
        assert_true(seen[i] > 0);
    }
}

/* ---- trust ---- */

static void
test_other_roots(void **state)
{
    (void)state;
    struct timestamp_plan plan;
    make_plan(&plan);
    AUTHORITY_AUTO authority = timestamp_authority_new(&plan);
    OCC_BUF_AUTO(token, TOKEN_MAX);
    plan.with_root = true;
    timestamp_token_put(&token, &plan, authority);
    struct occ_timestamp_facts facts;
    struct occ_error err = { 0 };

    /* A root of another name; the token brings its own, which is not trusted by being there. */
    struct timestamp_plan stranger = plan;
    stranger.root.subject = "Another root";
    AUTHORITY_AUTO other = timestamp_authority_new(&stranger);
    ROOTS_AUTO other_roots = roots_of_authority(other);
    assert_code(occ_timestamp_verify(occ_buf_view(&token), other_roots, &err, &facts).code, OCC_OK, "other", &err);
    assert_false(facts.trusted);
    assert_string_equal(facts.untrusted, "self-signed certificate in certificate chain");

    /* A root of the same name and another key never signed this: it is not trusted, but not broken either. */
    AUTHORITY_AUTO twin = timestamp_authority_new(&plan);
    ROOTS_AUTO twin_roots = roots_of_authority(twin);
    OCC_BUF_AUTO(lean, TOKEN_MAX);
    plan.with_root = false;
    timestamp_token_put(&lean, &plan, authority);
    assert_code(occ_timestamp_verify(occ_buf_view(&lean), twin_roots, &err, &facts).code, OCC_OK, "twin", &err);
    assert_false(facts.trusted);
    assert_string_equal(facts.untrusted, "certificate signature failure");
}

/* The authority's certificate between root and signer can come from the caller, and is not trusted for that. */
static void
test_intermediate_from_caller(void **state)
{
    (void)state;
    struct timestamp_plan plan;
    make_plan(&plan);
    AUTHORITY_AUTO authority = timestamp_authority_new(&plan);
    OCC_BUF_AUTO(chain, TOKEN_MAX);
    timestamp_signer_put(&chain, authority);
    timestamp_authority_put(&chain, authority);
    struct occ_timestamp_roots *none = NULL;
    struct occ_error err = { 0 };
    assert_code(occ_timestamp_roots_new(occ_buf_view(&chain), &err, &none).code, OCC_ERR_FIELD_VALUE, "no root", &err);
    assert_null(none);
    occ_buf_put_str(&chain, "The root:\n");
    timestamp_root_put(&chain, authority);
    timestamp_root_put(&chain, authority); /* twice is once */
    ROOTS_AUTO roots = roots_of(occ_buf_view(&chain));
    assert_int_equal(occ_timestamp_roots_count(roots), 1);
    ROOTS_AUTO root_only = roots_of_authority(authority);

    OCC_BUF_AUTO(token, TOKEN_MAX);
    timestamp_token_put(&token, &plan, authority);
    struct occ_timestamp_facts facts;
    assert_true(occ_is_ok(occ_timestamp_verify(occ_buf_view(&token), roots, &err, &facts)));
    assert_true(facts.trusted);
    /* A token that holds its signer's certificate and no other. */
    OCC_BUF_AUTO(lean, TOKEN_MAX);
    plan.no_authority_certificate = true;
    timestamp_token_put(&lean, &plan, authority);
    assert_true(occ_is_ok(occ_timestamp_verify(occ_buf_view(&lean), root_only, &err, &facts)));
    assert_false(facts.trusted);
    assert_string_equal(facts.untrusted, "unable to get local issuer certificate");
    assert_true(occ_is_ok(occ_timestamp_verify(occ_buf_view(&lean), roots, &err, &facts)));
    assert_true(facts.trusted);
}

static void
refuse_roots(struct occ_bytes pem, enum occ_err code, const char *sentence)
{
    struct occ_timestamp_roots *roots = NULL;
    struct occ_error err = { 0 };
    assert_code(occ_timestamp_roots_new(pem, &err, &roots).code, code, sentence, &err);
    assert_null(roots);
    assert_string_equal(err.text, sentence);
    assert_int_equal(ERR_peek_error(), 0);
}

static void
test_roots_refused(void **state)
{
    (void)state;
    struct timestamp_plan plan;
    make_plan(&plan);
    AUTHORITY_AUTO authority = timestamp_authority_new(&plan);
    const char *nothing = "no certificate, expected one or more in PEM";
    refuse_roots(occ_bytes_of(NULL, 0), OCC_ERR_FIELD_VALUE, nothing);
    refuse_roots(occ_bytes_str("no PEM at all\n"), OCC_ERR_FIELD_VALUE, nothing);
    refuse_roots(occ_bytes_str("0\x82"), OCC_ERR_FIELD_VALUE, "certificate 1: not one X.509 certificate in DER");
    refuse_roots(occ_bytes_str("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"), OCC_ERR_FIELD_VALUE,
                 "certificate 1: malformed PEM");
    refuse_roots(occ_bytes_str("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), OCC_ERR_FIELD_VALUE,
                 "certificate 1: not one X.509 certificate in DER");
    OCC_BUF_AUTO(pem, TOKEN_MAX);
    timestamp_root_put(&pem, authority);
    refuse_roots(occ_bytes_of(pem.ptr, pem.len - 10), OCC_ERR_FIELD_VALUE, "certificate 1: malformed PEM");
    timestamp_root_key_put(&pem, authority);
    refuse_roots(occ_buf_view(&pem), OCC_ERR_FIELD_VALUE,
                 "certificate 2: a PEM block of type \"PRIVATE KEY\", expected \"CERTIFICATE\"");
    occ_buf_reset(&pem);
    timestamp_signer_put(&pem, authority);
    refuse_roots(occ_buf_view(&pem), OCC_ERR_FIELD_VALUE, "no root: none of the 1 certificates is self-signed");
}

static void
test_roots_limits(void **state)
{
    (void)state;
    struct timestamp_plan plan;
    make_plan(&plan);
    AUTHORITY_AUTO authority = timestamp_authority_new(&plan);
    OCC_BUF_AUTO(pem, OCC_LIMIT_ROOTS_LEN + 1);
    for (int i = 0; i < OCC_LIMIT_ROOTS; i++) {
        timestamp_root_put(&pem, authority);
    }
    ROOTS_AUTO roots = roots_of(occ_buf_view(&pem));
    assert_int_equal(occ_timestamp_roots_count(roots), 1);
    timestamp_root_put(&pem, authority);
    refuse_roots(occ_buf_view(&pem), OCC_ERR_LIMIT, "more than 1024 certificates");
    while (pem.len <= OCC_LIMIT_ROOTS_LEN) {
        occ_buf_put_byte(&pem, '\n');
    }
    refuse_roots(occ_buf_view(&pem), OCC_ERR_LIMIT, "certificates of 4194305 bytes, expected at most 4194304");
}

static void
test_root_in_der(void **state)
{
    (void)state;
    struct timestamp_plan plan;
    make_plan(&plan);
    AUTHORITY_AUTO authority = timestamp_authority_new(&plan);
    OCC_BUF_AUTO(pem, TOKEN_MAX);
    timestamp_root_put(&pem, authority);
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    unsigned char *der = NULL;
    const int len = i2d_X509(certificate, &der);
    assert_true(len > 0);
    ROOTS_AUTO roots = roots_of(occ_bytes_of(der, (size_t)len));
    assert_int_equal(occ_timestamp_roots_count(roots), 1);
    refuse_roots(occ_bytes_of(der, (size_t)len - 1), OCC_ERR_FIELD_VALUE,
                 "certificate 1: not one X.509 certificate in DER");
    OPENSSL_free(der);
    X509_free(certificate);
    BIO_free(bio);
}

/* ---- tokens that are not one thing ---- */

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

/* ---- responses ---- */

static void
test_response(void **state)
{
    (void)state;
    struct timestamp_plan plan;
    make_plan(&plan);
    AUTHORITY_AUTO authority = timestamp_authority_new(&plan);
    OCC_BUF_AUTO(token, TOKEN_MAX);
    OCC_BUF_AUTO(response, TOKEN_MAX);
    timestamp_token_put(&token, &plan, authority);
    timestamp_response_put(&response, occ_buf_view(&token));
    struct occ_bytes found;
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(occ_timestamp_response_token(occ_buf_view(&response), &err, &found)));
    assert_true(occ_bytes_equal(found, occ_buf_view(&token)));
    assert_ptr_equal(found.ptr + found.len, response.ptr + response.len);
    for (size_t len = 0; len < response.len; len++) {
        assert_int_equal(occ_timestamp_response_token(occ_bytes_of(response.ptr, len), NULL, &found).code,
                         OCC_ERR_TIMESTAMP_TOKEN);
    }
    occ_buf_put_byte(&response, 0);
    assert_int_equal(occ_timestamp_response_token(occ_buf_view(&response), NULL, &found).code, OCC_ERR_TIMESTAMP_TOKEN);
    assert_int_equal(ERR_peek_error(), 0);
}

static void
test_response_refused(void **state)
{
    (void)state;
    static const struct {
        const char *der;
        size_t len;
        const char *sentence;
    } cases[] = {
        { "\x30\x05\x30\x03\x02\x01\x02", 7, "the authority gave no token, status 2" },
        { "\x30\x05\x30\x03\x02\x01\x00", 7, "the answer says granted and has no token" },
        { "\x30\x10\x30\x0e\x02\x01\x02\x30\x09\x0c\x07"
          "bad day",
          18, "the authority gave no token, status 2: bad day" },
        { "\x30\x09\x30\x07\x02\x01\x02\x03\x02\x07\x80", 11, "the authority gave no token, status 2: badAlg" },
        { "\x30\x00", 2, "the answer is not an RFC 3161 response" },
        { "<html>", 6, "the answer is not an RFC 3161 response" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct occ_bytes token = occ_bytes_of("x", 1);
        struct occ_error err = { 0 };
        assert_int_equal(occ_timestamp_response_token(occ_bytes_of(cases[i].der, cases[i].len), &err, &token).code,
                         OCC_ERR_TIMESTAMP_TOKEN);
        assert_string_equal(err.text, cases[i].sentence);
        assert_int_equal(token.len, 1);
    }
}

/* ---- tokens of public authorities ---- */

static enum occ_err
verify_file(const char *file, const struct occ_timestamp_roots *roots, struct occ_timestamp_facts *ret_facts)
{
    OCC_BUF_AUTO(content, TOKEN_MAX);
    vectors_read("rfc3161", file, &content);
    struct occ_bytes token = occ_buf_view(&content);
    if (strstr(file, ".tsr") != NULL) {
        assert_true(occ_is_ok(occ_timestamp_response_token(token, NULL, &token)));
    }
    return occ_timestamp_verify(token, roots, NULL, ret_facts).code;
}

static void
test_vectors(void **state)
{
    (void)state;
    vectors_needed("rfc3161");
    static const struct {
        const char *file, *roots;
        enum occ_err code;
        bool trusted;
        const char *algorithm, *signer;
    } cases[] = {
        { "sigstage-response-sha256.tsr", "sigstage-ts_chain.pem", OCC_OK, true, "sha256",
          "CN=sigstore-tsa,O=sigstore.dev" },
        { "sigstage-response-sha384.tsr", "sigstage-ts_chain.pem", OCC_OK, true, "sha384",
          "CN=sigstore-tsa,O=sigstore.dev" },
        { "sigstage-response-sha512.tsr", "sigstage-ts_chain.pem", OCC_OK, true, "sha512",
          "CN=sigstore-tsa,O=sigstore.dev" },
        { "sigstage-response-invalid-signature.tsr", "sigstage-ts_chain.pem", OCC_ERR_TIMESTAMP_SIGNATURE, false, "",
          "" },
        { "sigstage-response-no-embedded-cert.tsr", "sigstage-ts_chain.pem", OCC_ERR_TIMESTAMP_SIGNER, false, "", "" },
        { "sigstage-response-sha256.tsr", "test_tsa-ts_chain.pem", OCC_OK, false, "sha256",
          "CN=sigstore-tsa,O=sigstore.dev" },
        { "test_tsa-response.tsr", "test_tsa-ts_chain.pem", OCC_OK, true, "sha512",
          "CN=Test TSA Timestamping,O=local" },
        { "test_tsa-response.tsr", "freetsa-certs.pem", OCC_OK, false, "sha512", "CN=Test TSA Timestamping,O=local" },
        { "test_tsa-other_response.tsr", "test_tsa-ts_chain.pem", OCC_OK, false, "sha512",
          "CN=Test TSA Timestamping,O=local" },
        /* Certificates were put in beside the signer's: the genuine one is found all the same, and is the one reported. */
        { "test_tsa-response-injected-certs.tsr", "test_tsa-ts_chain.pem", OCC_OK, true, "sha512",
          "CN=Test TSA Timestamping,O=local" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ROOTS_AUTO roots = roots_of_file(cases[i].roots);
        struct occ_timestamp_facts facts = { 0 };
        const enum occ_err code = verify_file(cases[i].file, roots, &facts);
        if (code != cases[i].code) {
            fail_msg("%s: %s", cases[i].file, occ_result_name(code));
        }
        if (code == OCC_OK) {
            assert_int_equal(facts.trusted, cases[i].trusted);
            assert_string_equal(facts.imprint_algorithm, cases[i].algorithm);
            assert_string_equal(facts.signer, cases[i].signer);
        }
    }
    struct occ_timestamp_facts clean, injected;
    ROOTS_AUTO roots = roots_of_file("test_tsa-ts_chain.pem");
    memset(&clean, 0, sizeof clean);
    memset(&injected, 0, sizeof injected);
    assert_int_equal(verify_file("test_tsa-response.tsr", roots, &clean), OCC_OK);
    assert_int_equal(verify_file("test_tsa-response-injected-certs.tsr", roots, &injected), OCC_OK);
    assert_memory_equal(clean.signer_sha256, injected.signer_sha256, OCC_SHA256_LEN);
    assert_memory_equal(clean.root_sha256, injected.root_sha256, OCC_SHA256_LEN);
}

static void
test_freetsa(void **state)
{
    (void)state;
    vectors_needed("rfc3161");
    ROOTS_AUTO roots = roots_of_file("freetsa-certs.pem");
    assert_int_equal(occ_timestamp_roots_count(roots), 1);
    struct occ_timestamp_facts facts;
    assert_int_equal(verify_file("freetsa-token.der", roots, &facts), OCC_OK);
    assert_true(facts.trusted);
    assert_int_equal(facts.gen_time_ms, 1773368713000); /* 2026-03-13T02:25:13Z */
    assert_false(facts.has_accuracy);
    assert_false(facts.has_nonce);
    assert_string_equal(facts.serial, "037b90d2");
    assert_string_equal(facts.policy, "1.2.3.4.1");
}

/*
 * Each byte of a real token is changed in two ways. Nothing that a signature covers may change, and of what none covers only
 * the certificates that are not the signer's: those are offered for building a path and are nothing by themselves. In this
 * token that is one, a copy of the root, which the trusted one takes the place of.
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

/* A token that holds its signer's certificate alone: no byte of it may be changed at all. bits: those that are tried of each. */
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

/* ---- threads ---- */

struct shared {
    struct occ_bytes token;
    const struct occ_timestamp_roots *roots;
};

static void *
verify_often(void *argument)
{
    const struct shared *shared = argument;
    uintptr_t good = 0;
    for (int i = 0; i < 50; i++) {
        struct occ_timestamp_facts facts;
        good += occ_is_ok(occ_timestamp_verify(shared->token, shared->roots, NULL, &facts)) && facts.trusted ? 1 : 0;
    }
    return (void *)good;
}

/* Roots that nobody has used yet, first used by many at once. */
static void
test_threads(void **state)
{
    (void)state;
    enum { THREADS = 8 };
    struct timestamp_plan plan;
    make_plan(&plan);
    AUTHORITY_AUTO authority = timestamp_authority_new(&plan);
    ROOTS_AUTO roots = roots_of_authority(authority);
    OCC_BUF_AUTO(token, TOKEN_MAX);
    timestamp_token_put(&token, &plan, authority);
    struct shared shared = { occ_buf_view(&token), roots };
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, verify_often, &shared), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *good = NULL;
        assert_int_equal(pthread_join(threads[i], &good), 0);
        assert_int_equal((uintptr_t)good, 50);
    }
}

/* ---- memory ---- */

/* Allocations that OpenSSL still gets before one fails; negative: all. */
static long allocations_left = -1;
static bool was_refused, one_fails;

static bool
is_refused(void)
{
    if (allocations_left < 0 || (one_fails && was_refused)) {
        return false;
    }
    if (allocations_left > 0) {
        allocations_left--;
        return false;
    }
    was_refused = true;
    return true;
}

static void *
counted_malloc(size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return is_refused() ? NULL : malloc(len);
}

static void *
counted_realloc(void *memory, size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return is_refused() ? NULL : realloc(memory, len);
}

static void
counted_free(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

/* One verification with count allocations; false once that was enough. */
static bool
verify_with(long count, bool only_one_fails, struct occ_bytes token, const struct occ_timestamp_roots *roots)
{
    struct occ_timestamp_facts facts = { .trusted = false };
    struct occ_error err = { 0 };
    was_refused = false;
    one_fails = only_one_fails;
    allocations_left = count;
    const enum occ_err code = occ_timestamp_verify(token, roots, &err, &facts).code;
    allocations_left = -1;
    if (was_refused && code == OCC_ERR_NOMEM) {
        return true;
    }
    assert_code(code, OCC_OK, "memory", &err);
    assert_true(facts.trusted);
    assert_string_equal(facts.serial, "1234567890abcdef");
    assert_true(!was_refused || only_one_fails);
    return was_refused;
}

static bool
read_roots_with(long count, bool only_one_fails, struct occ_bytes pem)
{
    struct occ_timestamp_roots *roots = NULL;
    struct occ_error err = { .code = OCC_OK };
    was_refused = false;
    one_fails = only_one_fails;
    allocations_left = count;
    const enum occ_err code = occ_timestamp_roots_new(pem, &err, &roots).code;
    allocations_left = -1;
    if (was_refused && code == OCC_ERR_NOMEM) {
        return true;
    }
    assert_code(code, OCC_OK, "memory for roots", &err);
    assert_int_equal(occ_timestamp_roots_count(roots), 1);
    occ_timestamp_roots_free(roots);
    return was_refused; /* OpenSSL can do without some: those for the text of its errors */
}

/* From some allocation on there is no more memory, or one fails: the verdict is that, or the true one, never another. */
static void
test_memory(void **state)
{
    (void)state;
    struct timestamp_plan plan;
    make_plan(&plan);
    AUTHORITY_AUTO authority = timestamp_authority_new(&plan);
    ROOTS_AUTO roots = roots_of_authority(authority);
    OCC_BUF_AUTO(token, TOKEN_MAX);
    timestamp_token_put(&token, &plan, authority);
    assert_false(verify_with(LONG_MAX, false, occ_buf_view(&token), roots)); /* what OpenSSL sets up once is there */
    for (int only_one = 0; only_one <= 1; only_one++) {
        long count = 0;
        while (verify_with(count, only_one == 1, occ_buf_view(&token), roots)) {
            count++;
        }
        print_message("%ld allocations\n", count);
        assert_true(count > 100);
        OCC_BUF_AUTO(pem, TOKEN_MAX);
        timestamp_root_put(&pem, authority);
        count = 0;
        while (read_roots_with(count, only_one == 1, occ_buf_view(&pem))) {
            count++;
        }
        print_message("%ld allocations for roots\n", count);
        assert_true(count > 20);
    }
}

int
main(void)
{
    if (CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free) != 1) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_fingerprints),
        cmocka_unit_test(test_fraction),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_other_roots),
        cmocka_unit_test(test_intermediate_from_caller),
        cmocka_unit_test(test_roots_refused),
        cmocka_unit_test(test_roots_limits),
        cmocka_unit_test(test_root_in_der),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_ber),
        cmocka_unit_test(test_response),
        cmocka_unit_test(test_response_refused),
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_freetsa),
        cmocka_unit_test(test_each_byte),
        cmocka_unit_test(test_each_bit),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests_name("crypto.timestamp", tests, NULL, NULL);
}
