/* Tests of src/server/keys_settings.c: the two sources, and settings that need keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/keys_settings.h"

static struct occ_keys *
fixed(const char *list)
{
    struct occ_keys *keys = NULL;
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(occ_keys_new(&keys)));
    assert_true(occ_is_ok(occ_keys_add_list(keys, occ_bytes_str(list), &err)));
    return keys;
}

static void
refused(const struct occ_options *options, const char *sentence)
{
    struct occ_keys *keys = NULL;
    struct occ_error err = { 0 };
    assert_int_equal(occ_keys_settings_load(options, NULL, &err, &keys).code, OCC_ERR_USAGE);
    assert_null(keys);
    assert_string_equal(err.text, sentence);
}

static void
test_needs_keys(void **state)
{
    (void)state;
    struct occ_keys *env = fixed("a,b");
    const struct occ_options options[] = { { .require_key_everywhere = true },
                                           { .demo_rate = { 5, 60000 } },
                                           { .rate_key = { 5, 60000 } } };
    static const char *const names[] = { "require-key-everywhere", "demo-rate", "rate-key" };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        char sentence[120];
        snprintf(sentence, sizeof sentence, "--%s: there are no API keys, expected some", names[i]);
        refused(&options[i], sentence);
        struct occ_keys *keys = NULL;
        struct occ_error err = { 0 };
        assert_true(occ_is_ok(occ_keys_settings_load(&options[i], env, &err, &keys)));
        assert_int_equal(occ_keys_count(keys), 2);
        occ_keys_free(keys);
    }
    occ_keys_free(env);
}

static void
test_both_sources(void **state)
{
    (void)state;
    char path[] = "/tmp/occ-test-XXXXXX";
    const int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    fputs("ci 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n", file);
    fclose(file);
    struct occ_keys *env = fixed("a,b");
    struct occ_keys *keys = NULL;
    struct occ_error err = { 0 };
    const struct occ_options options = { .api_keys = path };
    assert_true(occ_is_ok(occ_keys_settings_load(&options, env, &err, &keys)));
    assert_int_equal(occ_keys_count(keys), 3);
    occ_keys_free(keys);
    occ_keys_free(env);
    unlink(path);
    char sentence[120];
    snprintf(sentence, sizeof sentence, "cannot open %s: No such file or directory", path);
    refused(&options, sentence);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_needs_keys), cmocka_unit_test(test_both_sources) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
