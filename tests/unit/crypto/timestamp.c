/*
 * Tests of src/crypto/timestamp.c, timestamp_info.c and timestamp_signer.c: tokens of our own with one thing wrong
 * each, and those of public authorities.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/crypto/timestamp_fixture.h"

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
    assert_int_equal(facts.gen_time_ms, TIME_MS);
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
        /* Genuine but for certificates that were put in beside the signer's: of other signers, one of the same name. */
        { "test_tsa-response-injected-certs.tsr", "test_tsa-ts_chain.pem", OCC_ERR_TIMESTAMP_SIGNER, false, "", "" },
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),  cmocka_unit_test(test_fingerprints), cmocka_unit_test(test_fraction),
        cmocka_unit_test(test_rules), cmocka_unit_test(test_vectors),      cmocka_unit_test(test_freetsa),
    };
    return cmocka_run_group_tests_name("crypto.timestamp", tests, NULL, NULL);
}
