/* pin.c — where a PIN comes from, what is none, and that the environment forgets it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/secret.h"
#include "enclave/pin.h"

static char path[] = "/tmp/occ-pin-XXXXXX";

static void
write_file(const char *content, size_t len)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static enum occ_err
read_pin(const char *from, char *const *envp, const char *expected, const char *words)
{
    struct occ_pin pin = { 0 };
    struct occ_error err = { 0 };
    const enum occ_err code = occ_pin_read(from, envp, &err, &pin).code;
    if (code == OCC_OK) {
        assert_true(occ_bytes_is(pin.text, expected));
        assert_ptr_equal(pin.text.ptr, pin.memory);
        occ_pin_clear(&pin);
    } else {
        assert_non_null(strstr(err.text, words));
    }
    assert_null(pin.memory);
    return code;
}

static void
test_file(void **state)
{
    (void)state;
    char other[] = "OCC_ENCLAVE_PIN=other";
    char *const envp[] = { other, NULL };
    static const struct {
        const char *content, *pin;
    } cases[] = { { "1234", "1234" },       { "1234\n", "1234" },     { "1234\r\n", "1234" },
                  { " 12 34 ", " 12 34 " }, { "1234\n\n", "1234\n" }, { "p\xc3\xa4ss", "p\xc3\xa4ss" } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_file(cases[i].content, strlen(cases[i].content));
        assert_int_equal(read_pin(path, envp, cases[i].pin, ""), OCC_OK);
    }
    char longest[OCC_PIN_LEN_MAX + 3] = "";
    memset(longest, 'p', OCC_PIN_LEN_MAX);
    longest[OCC_PIN_LEN_MAX] = '\n';
    write_file(longest, OCC_PIN_LEN_MAX + 1);
    longest[OCC_PIN_LEN_MAX] = '\0';
    assert_int_equal(read_pin(path, envp, longest, ""), OCC_OK);
}

static void
test_refused(void **state)
{
    (void)state;
    char *const none[] = { NULL };
    char empty[] = "OCC_ENCLAVE_PIN=", similar[] = "OCC_ENCLAVE_PINS=1234",
         huge[OCC_PIN_LEN_MAX + 64] = "OCC_ENCLAVE_PIN=";
    char *const nothing[] = { empty, similar, NULL };
    char *const too_long[] = { huge, NULL };
    memset(huge + strlen(huge), 'p', OCC_PIN_LEN_MAX + 1);
    assert_int_equal(read_pin(NULL, none, "", "by --pin-file, or OCC_ENCLAVE_PIN"), OCC_ERR_USAGE);
    assert_int_equal(read_pin(NULL, nothing, "", "by --pin-file, or OCC_ENCLAVE_PIN"), OCC_ERR_USAGE);
    assert_int_equal(read_pin(NULL, too_long, "", "OCC_ENCLAVE_PIN: too long for a PIN, expected 1 to 256 bytes"),
                     OCC_ERR_USAGE);
    assert_int_equal(read_pin("/nonexistent/pin", none, "", "/nonexistent/pin"), OCC_ERR_NOT_FOUND);
    write_file("\n", 1);
    assert_int_equal(read_pin(path, none, "", ": empty for a PIN, expected 1 to 256 bytes"), OCC_ERR_USAGE);
    char larger[OCC_PIN_LEN_MAX + 1000];
    memset(larger, 'p', sizeof larger);
    write_file(larger, OCC_PIN_LEN_MAX + 1);
    assert_int_equal(read_pin(path, none, "", ": too long for a PIN"), OCC_ERR_USAGE);
    write_file(larger, sizeof larger);
    assert_int_equal(read_pin(path, none, "", ": too long for a PIN"), OCC_ERR_USAGE);
}

static void
test_environment(void **state)
{
    (void)state;
    char before[] = "A=b", pin[] = "OCC_ENCLAVE_PIN=12 34", after[] = "OCC_ENCLAVE_PIN_FILE=/f";
    char *envp[] = { before, pin, after, NULL };
    assert_int_equal(read_pin(NULL, envp, "12 34", ""), OCC_OK);
    occ_pin_wipe_environment(envp);
    static const char zeros[5];
    assert_memory_equal(pin + strlen("OCC_ENCLAVE_PIN="), zeros, sizeof zeros);
    assert_string_equal(before, "A=b");
    assert_string_equal(after, "OCC_ENCLAVE_PIN_FILE=/f");
    assert_int_equal(read_pin(NULL, envp, "", "by --pin-file, or OCC_ENCLAVE_PIN"), OCC_ERR_USAGE);
}

static int
set_up(void **state)
{
    (void)state;
    const int fd = mkstemp(path);
    return fd >= 0 && close(fd) == 0 && occ_is_ok(occ_secret_init()) ? 0 : 1;
}

static int
tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_file), cmocka_unit_test(test_refused),
                                        cmocka_unit_test(test_environment) };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
