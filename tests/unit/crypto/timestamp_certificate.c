/* Tests of src/crypto/timestamp_certificate.c: the same as reading anew, whatever was read before. */
#include "unit/crypto/timestamp_fixture.h"

#include "base/limits.h"
#include "crypto/timestamp_private.h"

static void
free_cache(struct occ_certificate_cache **cache)
{
    occ_certificate_cache_free(*cache);
}
#define CACHE_AUTO __attribute__((cleanup(free_cache))) struct occ_certificate_cache *
#define X509_AUTO __attribute__((cleanup(occ_timestamp_free_x509))) X509 *

/* The DER of a signer's certificate. */
static void
put_der(struct occ_buf *buf)
{
    struct timestamp_plan plan;
    make_plan(&plan);
    AUTHORITY_AUTO authority = timestamp_authority_new(&plan);
    OCC_BUF_AUTO(pem, TOKEN_MAX);
    timestamp_signer_put(&pem, authority);
    __attribute__((cleanup(occ_timestamp_free_bio))) BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    X509_AUTO certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    unsigned char *der = NULL;
    const int len = i2d_X509(certificate, &der);
    assert_true(len > 0);
    occ_buf_put(buf, occ_bytes_of(der, (size_t)len));
    OPENSSL_free(der);
}

static struct occ_certificate_cache *
new_cache(void)
{
    struct occ_certificate_cache *cache = NULL;
    assert_true(occ_is_ok(occ_certificate_cache_new(2, &cache)));
    return cache;
}

static void
test_known(void **state)
{
    (void)state;
    OCC_BUF_AUTO(der, TOKEN_MAX);
    put_der(&der);
    CACHE_AUTO cache = new_cache();
    X509_AUTO first = occ_timestamp_certificate_read(cache, occ_buf_view(&der));
    X509_AUTO second = occ_timestamp_certificate_read(cache, occ_buf_view(&der));
    X509_AUTO alone = occ_timestamp_certificate_read(NULL, occ_buf_view(&der));
    assert_non_null(first);
    assert_ptr_equal(first, second);
    assert_ptr_not_equal(first, alone);
    assert_int_equal(X509_cmp(first, alone), 0);
}

/* One byte more, less or other is another certificate or none, also beside the one that is known. */
static void
test_malformed(void **state)
{
    (void)state;
    OCC_BUF_AUTO(der, TOKEN_MAX);
    put_der(&der);
    CACHE_AUTO cache = new_cache();
    X509_AUTO good = occ_timestamp_certificate_read(cache, occ_buf_view(&der));
    assert_non_null(good);
    assert_null(occ_timestamp_certificate_read(cache, occ_bytes_of(der.ptr, der.len - 1)));
    assert_null(occ_timestamp_certificate_read(cache, occ_bytes_of(NULL, 0)));
    occ_buf_put_byte(&der, 0);
    assert_null(occ_timestamp_certificate_read(cache, occ_buf_view(&der)));
    assert_null(occ_timestamp_certificate_read(NULL, occ_buf_view(&der)));
    der.len--;
    der.ptr[der.len - 1] ^= 1; /* of the signature, which nobody checks here */
    X509_AUTO other = occ_timestamp_certificate_read(cache, occ_buf_view(&der));
    assert_non_null(other);
    assert_int_not_equal(X509_cmp(good, other), 0);
    ERR_clear_error();
}

/* A token brings the same certificates each time; what it is worth is found out each time. */
static void
test_verdicts(void **state)
{
    (void)state;
    struct timestamp_plan plan;
    make_plan(&plan);
    plan.with_root = true;
    AUTHORITY_AUTO authority = timestamp_authority_new(&plan);
    ROOTS_AUTO roots = roots_of_authority(authority);
    OCC_BUF_AUTO(token, TOKEN_MAX);
    timestamp_token_put(&token, &plan, authority);
    for (size_t i = 0; i < 3; i++) {
        struct occ_timestamp_facts facts;
        struct occ_error err = { 0 };
        assert_code(occ_timestamp_verify(occ_buf_view(&token), roots, &err, &facts).code, OCC_OK, "good", &err);
        assert_true(facts.trusted);
        token.ptr[token.len - 1] ^= 1; /* the signature's last byte */
        assert_code(occ_timestamp_verify(occ_buf_view(&token), roots, &err, &facts).code, OCC_ERR_TIMESTAMP_SIGNATURE,
                    "changed", &err);
        token.ptr[token.len - 1] ^= 1;
    }
}

/* More certificates than are kept, again and again. */
static void
test_many(void **state)
{
    (void)state;
    OCC_BUF_AUTO(der, TOKEN_MAX);
    put_der(&der);
    CACHE_AUTO cache = new_cache();
    for (unsigned i = 0; i < 20; i++) {
        der.ptr[der.len - 1] = (uint8_t)(i % 5);
        X509_AUTO certificate = occ_timestamp_certificate_read(cache, occ_buf_view(&der));
        X509_AUTO alone = occ_timestamp_certificate_read(NULL, occ_buf_view(&der));
        assert_int_equal(X509_cmp(certificate, alone), 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
