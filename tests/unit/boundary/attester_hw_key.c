/* attester_hw_key.c — a measurement that names token, model and key, in one canonical text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "boundary/attester.h"

static void
gives(const char *uri, const char *measurement)
{
    struct occ_attester attester;
    struct occ_error err = { 0 };
    memset(&attester, 0xff, sizeof attester);
    assert_int_equal(occ_attester_hw_key(uri, &err, &attester).code, OCC_OK);
    assert_string_equal(attester.enforcement, "hw-key");
    assert_string_equal(attester.measurement, measurement);
    assert_string_equal(attester.format, "");
    assert_int_equal(attester.mode, OCC_ATTEST_NONE);
    assert_null(attester.attest);
}

static void
test_measurement(void **state)
{
    (void)state;
    gives("pkcs11:model=SoftHSM%20v2;manufacturer=SoftHSM%20project;serial=05d6;token=occ;id=%01%aB;object=k1;type="
          "private",
          "pkcs11:token=occ;model=SoftHSM%20v2;serial=05d6;id=01ab");
    /* However the provider writes it. */
    gives("pkcs11:id=%01%61;serial=%30%35;token=%c3%a9%7E;model=a+b",
          "pkcs11:token=%C3%A9~;model=a%2Bb;serial=05;id=0161");
    gives("pkcs11:token=occ;object=k1", "pkcs11:token=occ");
    gives("pkcs11:id=x", "pkcs11:id=78");
}

static void
refuses(const char *uri, enum occ_err code)
{
    struct occ_attester attester = { .enforcement = "untouched" };
    struct occ_error err = { 0 };
    assert_int_equal(occ_attester_hw_key(uri, &err, &attester).code, code);
    assert_true(err.text[0] != '\0');
    assert_string_equal(attester.enforcement, "untouched");
}

static void
test_refused(void **state)
{
    (void)state;
    refuses("pkcs11:object=k1", OCC_ERR_UNSUPPORTED); /* nothing that names it */
    refuses("", OCC_ERR_UNSUPPORTED);
    refuses("pkcs11:token=%4", OCC_ERR_UNSUPPORTED);
    refuses("pkcs11:token=a;id=%", OCC_ERR_UNSUPPORTED);
    /* "pkcs11:token=" and 243 characters are 256, what a measurement may have. */
    char uri[13 + 244 + 1] = "pkcs11:token=";
    memset(uri + 13, 'a', 244);
    refuses(uri, OCC_ERR_LIMIT);
    uri[13 + 243] = '\0';
    gives(uri, uri);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_measurement), cmocka_unit_test(test_refused) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
