/*
 * ed25519_token.c — that only pkcs11-provider will do, and that nothing of OpenSSL's queue of errors is left. Keys in a real token:
 * tests/scenario/test_270_hardware_keys.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "crypto/ed25519_token.h"

static void
test_no_provider(void **state)
{
    (void)state;
    const struct occ_ed25519_token_config config = { .uri = "pkcs11:token=t;object=k",
                                                     .module = "/nonexistent/a b#$\"\\.so",
                                                     .pin = occ_bytes_str("1234") };
    struct occ_error err = { 0 };
    struct occ_ed25519_token *key = NULL;
    assert_int_equal(setenv("OPENSSL_MODULES", "/nonexistent", 1), 0);
    assert_int_equal(occ_ed25519_token_open(&config, &err, &key).code, OCC_ERR_UNSUPPORTED);
    assert_string_equal(err.text,
                        "pkcs11: keys need OpenSSL's pkcs11-provider, which is not installed or not configured: the "
                        "package is pkcs11-provider (on Debian 12 in bookworm-backports)");
    assert_int_equal(occ_ed25519_token_make(&config, &err, &key).code, OCC_ERR_UNSUPPORTED);
    assert_null(key);
    assert_int_equal(ERR_peek_error(), 0);
    occ_ed25519_token_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_no_provider) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
