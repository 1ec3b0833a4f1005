/* tests/unit/crypto/ready.c — src/crypto/ready.c: an OpenSSL that offers all, and one that lacks something. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include "crypto/ready.h"

static void
test_all(void **state)
{
    (void)state;
    struct occ_error err = { 0 };
    assert_int_equal(occ_ready_check(&err).code, OCC_OK);
}

/* As a configuration with default_properties = fips=yes makes it, on a machine without that provider. */
static void
test_fips_without_provider(void **state)
{
    (void)state;
    struct occ_error err = { 0 };
    assert_int_equal(EVP_default_properties_enable_fips(NULL, 1), 1);
    assert_int_equal(occ_ready_check(&err).code, OCC_ERR_UNAVAILABLE);
    assert_string_equal(err.text, "OpenSSL as it is configured here lacks SHA-256");
    assert_int_equal(EVP_default_properties_enable_fips(NULL, 0), 1);
    assert_int_equal(occ_ready_check(&err).code, OCC_OK);
    ERR_clear_error();
}

/* A library context with the null provider alone. */
static void
test_null_provider(void **state)
{
    (void)state;
    struct occ_error err = { 0 };
    OSSL_LIB_CTX *context = OSSL_LIB_CTX_new();
    assert_non_null(context);
    OSSL_PROVIDER *nothing = OSSL_PROVIDER_load(context, "null");
    assert_non_null(nothing);
    OSSL_LIB_CTX *before = OSSL_LIB_CTX_set0_default(context);
    assert_int_equal(occ_ready_check(&err).code, OCC_ERR_UNAVAILABLE);
    OSSL_LIB_CTX_set0_default(before);
    assert_int_equal(occ_ready_check(&err).code, OCC_OK);
    OSSL_PROVIDER_unload(nothing);
    OSSL_LIB_CTX_free(context);
    ERR_clear_error();
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_all), cmocka_unit_test(test_fips_without_provider),
                                        cmocka_unit_test(test_null_provider) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
