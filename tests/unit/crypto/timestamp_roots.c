/*
 * Tests of src/crypto/timestamp_roots.c: what is taken for a root, what leads to one, and many threads under the same
 * ones.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "unit/crypto/timestamp_fixture.h"

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

/* No roots are as good as NULL. */
static void
test_none(void **state)
{
    (void)state;
    struct timestamp_plan plan;
    make_plan(&plan);
    plan.with_root = true;
    AUTHORITY_AUTO authority = timestamp_authority_new(&plan);
    OCC_BUF_AUTO(token, TOKEN_MAX);
    timestamp_token_put(&token, &plan, authority);
    ROOTS_AUTO none = NULL;
    assert_true(occ_is_ok(occ_timestamp_roots_none(&none)));
    assert_int_equal(occ_timestamp_roots_count(none), 0);
    for (size_t i = 0; i < 2; i++) {
        struct occ_timestamp_facts facts, without;
        struct occ_error err = { 0 };
        assert_code(occ_timestamp_verify(occ_buf_view(&token), none, &err, &facts).code, OCC_OK, "none", &err);
        assert_code(occ_timestamp_verify(occ_buf_view(&token), NULL, &err, &without).code, OCC_OK, "NULL", &err);
        assert_false(facts.trusted);
        assert_string_equal(facts.untrusted, without.untrusted);
        assert_memory_equal(facts.signer_sha256, without.signer_sha256, OCC_SHA256_LEN);
    }
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_other_roots),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_intermediate_from_caller),
        cmocka_unit_test(test_roots_refused),
        cmocka_unit_test(test_roots_limits),
        cmocka_unit_test(test_root_in_der),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests_name("crypto.timestamp_roots", tests, NULL, NULL);
}
