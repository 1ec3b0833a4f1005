/*
 * p256_token.c — refusals, and that OpenSSL's own configuration is all that counts. Keys in a real token: the scenario of the
 * command line, where pkcs11-provider and SoftHSM are installed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "crypto/p256.h"

static void
refuses(const char *uri, enum occ_err code, const char *sentence)
{
    const struct occ_p256_secret secret = { .hint = "the hint" };
    struct occ_error err = { 0 };
    struct occ_p256 *key = NULL;
    for (enum occ_p256_need need = OCC_P256_PRIVATE; need <= OCC_P256_PUBLIC; need++) {
        assert_int_equal(occ_p256_open(uri, need, &secret, &err, &key).code, code);
        assert_string_equal(err.text, sentence);
        assert_null(key);
        assert_int_equal(ERR_peek_error(), 0);
    }
}

static void
a_pin_in_the_uri(void **state)
{
    (void)state;
    refuses("pkcs11:object=a?pin-value=1234", OCC_ERR_USAGE,
            "pkcs11: a PIN in the uri can be read by other users of this machine (the hint)");
}

static void
no_provider(void **state)
{
    (void)state;
    /* Without a configuration, and with one that names no such provider. */
    static const char *const paths[] = { "/nonexistent/openssl.cnf", "/dev/null" };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_int_equal(setenv("OPENSSL_CONF", paths[i], 1), 0);
        refuses("pkcs11:object=a", OCC_ERR_UNSUPPORTED,
                "pkcs11: keys need OpenSSL's pkcs11-provider, which is not installed or not configured: the package is "
                "pkcs11-provider (on Debian 12 in bookworm-backports)");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_pin_in_the_uri), cmocka_unit_test(no_provider) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
