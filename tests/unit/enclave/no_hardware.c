/* no_hardware.c — a program that is built without hardware keys says so, whatever it is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/buf.h"
#include "enclave/no_hardware.c" /* the build that is tested has hardware.c in its place */

static const char sentence[] = "--signer: this program was built without hardware keys, expected software";

static enum occ_err
read_flags(const char *flag, const char *value)
{
    static const struct occ_setting table[] = { OCC_HARDWARE_SETTINGS("software") };
    static const char *const usage[] = { NULL };
    static const struct occ_settings_program program = { .name = "x", .usage = usage, .table = table, .count = 3 };
    char name[64], text[64], word[] = "x";
    (void)snprintf(name, sizeof name, "%s", flag);
    (void)snprintf(text, sizeof text, "%s", value);
    char *const argv[] = { word, name, text, NULL };
    char *const envp[] = { NULL };
    struct occ_settings *settings = NULL;
    struct occ_error err = { 0 };
    assert_int_equal(occ_settings_load(&program, flag[0] == '\0' ? 1 : 3, argv, envp, &err, &settings).code, OCC_OK);
    struct occ_hardware_config config = { .module = "untouched" };
    const enum occ_err code = occ_hardware_read(settings, &err, &config).code;
    if (code == OCC_OK) {
        assert_null(config.uri);
    } else {
        assert_string_equal(err.text, sentence);
    }
    occ_settings_free(settings);
    return code;
}

static void
test_settings(void **state)
{
    (void)state;
    assert_int_equal(read_flags("", ""), OCC_OK);
    assert_int_equal(read_flags("--signer", "software"), OCC_OK);
    assert_int_equal(read_flags("--signer", "pkcs11:token=t;object=k"), OCC_ERR_USAGE);
    assert_int_equal(read_flags("--pin-file", "/f"), OCC_ERR_USAGE);
    assert_int_equal(read_flags("--pkcs11-module", "/f"), OCC_ERR_USAGE);
}

static void
test_rest(void **state)
{
    (void)state;
    char pin[] = "OCC_ENCLAVE_PIN=1";
    char *envp[] = { pin, NULL };
    const struct occ_hardware_config config = { .uri = "pkcs11:token=t;object=k" };
    struct occ_hardware *hardware = NULL;
    struct occ_error err = { 0 };
    assert_int_equal(occ_hardware_new(&config, envp, &err, &hardware).code, OCC_ERR_USAGE);
    assert_string_equal(err.text, sentence);
    assert_string_equal(pin, "OCC_ENCLAVE_PIN=");
    assert_int_equal(occ_hardware_open(NULL, NULL, &err, NULL, NULL).code, OCC_ERR_USAGE);
    assert_int_equal(occ_hardware_make(NULL, &err, NULL).code, OCC_ERR_USAGE);
    occ_hardware_free(hardware);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_settings), cmocka_unit_test(test_rest) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
