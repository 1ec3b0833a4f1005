/* tests/unit/trust/trust.c — src/trust/trust.c: the settings of trust become a verifier, or one sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "trust/trust.h"

#define NO_ENV(name) NULL
static const struct occ_setting table[] = { OCC_TRUST_SETTINGS(NO_ENV) };
static const struct occ_settings_program program = { .name = "test",
                                                     .table = table,
                                                     .count = sizeof table / sizeof table[0] };

/* Makes a verifier from two words of a command line; holds code and the sentence's beginning against what is expected. */
static void
check(const char *flag, const char *value, enum occ_err code, const char *sentence)
{
    char program_name[] = "test";
    char flag_text[64];
    char value_text[512];
    snprintf(flag_text, sizeof flag_text, "%s", flag);
    snprintf(value_text, sizeof value_text, "%s", value);
    char *const argv[] = { program_name, flag_text, value_text, NULL };
    char *const envp[] = { NULL };
    struct occ_settings *settings = NULL;
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(occ_settings_load(&program, flag[0] == '\0' ? 1 : 3, argv, envp, &err, &settings)));
    occ_verifier *verifier = NULL;
    const struct occ_result result = occ_trust_verifier(settings, &err, &verifier);
    if (result.code != code || strncmp(err.text, sentence, strlen(sentence)) != 0) {
        fail_msg("%s %s: %s: %s", flag, value, occ_result_name(result.code), err.text);
    }
    assert_int_equal(verifier != NULL, code == OCC_OK);
    occ_verifier_free(verifier);
    occ_settings_free(settings);
}

static void
test_names(void **state)
{
    (void)state;
    check("", "", OCC_OK, "");
    check("--rp-id", "example.com", OCC_OK, "");
    check("--origin", "https://example.com,https://www.example.com:8443", OCC_OK, "");
    check("--rp-id", "a,,b", OCC_ERR_USAGE, "--rp-id: an empty entry between commas");
    check("--origin", "https://a,", OCC_ERR_USAGE, "--origin: an empty entry between commas");
    check("--origin", "https://a.example:1,android:apk-key-hash:AbC_-d", OCC_OK, "");
    static const char *const origins[] = { "example.com", "https://example.com/", "https://", "https://a b",
                                           "http://a?b" };
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++) {
        char said[80];
        snprintf(said, sizeof said, "--origin: \"%s\", expected an origin", origins[i]);
        check("--origin", origins[i], OCC_ERR_USAGE, said);
    }
    check("--rp-id", "https://example.com", OCC_ERR_USAGE, "--rp-id: \"https://example.com\", expected a host's name");
    check("--rp-id", "a.example, b.example", OCC_ERR_USAGE, "--rp-id: \" b.example\", expected a host's name");
    char many[256] = "a";
    for (size_t i = 1; i < 2 * 101; i += 2) {
        many[i] = ',';
        many[i + 1] = 'a';
    }
    check("--rp-id", many, OCC_ERR_USAGE, "--rp-id: more than 100 entries");
}

static void
test_roots(void **state)
{
    (void)state;
    char folder[] = "/tmp/occ-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char empty[64];
    char garbage[64];
    snprintf(empty, sizeof empty, "%s/empty.pem", folder);
    snprintf(garbage, sizeof garbage, "%s/garbage.pem", folder);
    check("--tsa-roots", folder, OCC_ERR_NOT_FOUND, "--tsa-roots: /tmp/occ-test-");
    FILE *file = fopen(empty, "w");
    assert_non_null(file);
    fclose(file);
    /* nothing in a file is not the same as no file */
    check("--nitro-root", empty, OCC_ERR_USAGE, "--nitro-root: /tmp/occ-test-");
    check("--tsa-roots", empty, OCC_ERR_USAGE, "--tsa-roots: /tmp/occ-test-");
    file = fopen(garbage, "w");
    assert_non_null(file);
    fputs("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", file);
    fclose(file);
    check("--nitro-root", garbage, OCC_ERR_USAGE, "--nitro-root: /tmp/occ-test-");
    check("--sim-nitro-root", empty, OCC_ERR_USAGE, "--sim-nitro-root: /tmp/occ-test-");
    check("--sim-nitro-root", garbage, OCC_ERR_USAGE, "--sim-nitro-root: /tmp/occ-test-");
    check("--sim-nitro-root", "/nowhere", OCC_ERR_NOT_FOUND, "--sim-nitro-root: ");
    check("--sim-nitro-root", OCC_VECTORS "/nitro/aws-nitro-root-g1.pem", OCC_ERR_USAGE,
          "--sim-nitro-root: " OCC_VECTORS "/nitro/aws-nitro-root-g1.pem: the root of Nitro documents");
    check("--tsa-roots", garbage, OCC_ERR_USAGE, "--tsa-roots: /tmp/occ-test-");
    check("--tsa-roots", folder, OCC_ERR_USAGE, "--tsa-roots: /tmp/occ-test-");
    check("--nitro-root", folder, OCC_ERR_IO, "--nitro-root: "); /* one certificate, not a folder */
    check("--nitro-root", "/nowhere", OCC_ERR_NOT_FOUND, "--nitro-root: ");
    unlink(empty);
    unlink(garbage);
    rmdir(folder);
    check("--nitro-root", OCC_VECTORS "/nitro/aws-nitro-root-g1.pem", OCC_OK, "");
    check("--tsa-roots", OCC_VECTORS "/rfc3161/freetsa-certs.pem", OCC_OK, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_names), cmocka_unit_test(test_roots) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
