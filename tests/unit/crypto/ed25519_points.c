/*
 * More tests of src/crypto/ed25519.c: signatures that only someone makes who wants two verifiers to disagree. Whichever library
 * does the work, the verdict is that of PROTOCOL §5; a libsodium that verifies with the cofactor must not pass them.
 */
#include "crypto/ed25519.h"
#include "crypto/secret.h"
#include "unit/crypto/ed25519_cases.h"

static void
check(const struct ed25519_case *one)
{
    const struct occ_bytes message = occ_bytes_of(one->message, one->len);
    const enum occ_err code = occ_ed25519_verify(one->public_key, message, one->signature).code;
    if (code != (one->valid ? OCC_OK : OCC_ERR_SIGNATURE)) {
        fail_msg("%s: code %d", one->what, (int)code);
    }
}

static void
test_mixed_order(void **state)
{
    (void)state;
    cases_of_mixed_order(check);
}

static void
test_small_order(void **state)
{
    (void)state;
    cases_of_small_order(check);
}

static void
test_large_s(void **state)
{
    (void)state;
    cases_of_large_s(check);
}

static void
test_odd_y(void **state)
{
    (void)state;
    cases_of_odd_y(check);
}

static void
test_flipped_bits(void **state)
{
    (void)state;
    cases_of_flipped_bits(check);
}

static void
test_rfc_8032(void **state)
{
    (void)state;
    cases_of_rfc_8032(check);
}

int
main(void)
{
    if (!occ_is_ok(occ_secret_init())) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mixed_order), cmocka_unit_test(test_small_order),  cmocka_unit_test(test_large_s),
        cmocka_unit_test(test_odd_y),       cmocka_unit_test(test_flipped_bits), cmocka_unit_test(test_rfc_8032),
    };
    return cmocka_run_group_tests_name("crypto.ed25519_points", tests, NULL, NULL);
}
