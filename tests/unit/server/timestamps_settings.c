/* Tests of src/server/timestamps_settings.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/options.h"
#include "server/timestamps_settings.h"

enum { FLAGS_MAX = 12 };

/* Loads flags ("--a=b", NULL at the end) through the table of occd. */
static struct occ_result
load(const char *const *flags, struct occ_error *err, struct occ_timestamps_settings *ret)
{
    char words[FLAGS_MAX][256] = { "occd" };
    char *argv[FLAGS_MAX] = { words[0] };
    char *const envp[] = { NULL };
    int argc = 1;
    for (; flags[argc - 1] != NULL; argc++) {
        snprintf(words[argc], sizeof words[argc], "%s", flags[argc - 1]);
        argv[argc] = words[argc];
    }
    struct occ_settings *settings = NULL;
    *ret = (struct occ_timestamps_settings){ 0 };
    OCC_TRY(occ_settings_load(&occ_options_program, argc, argv, envp, err, &settings));
    const struct occ_result read = occ_timestamps_settings_read(settings, err, ret);
    occ_settings_free(settings);
    return read;
}

static void
test_none(void **state)
{
    (void)state;
    const char *const flags[] = { NULL };
    struct occ_timestamps_settings settings;
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(load(flags, &err, &settings)));
    assert_int_equal(settings.count, 0);
    occ_timestamps_settings_clear(&settings);
}

static void
test_all(void **state)
{
    (void)state;
    const char *const flags[] = { "--tsa=http://a:b@one.example/tsr?key=s3cret,https://two.example",
                                  "--tsa-quorum=2",
                                  "--tsa-proof",
                                  "--tsa-required",
                                  "--tsa-wait=500ms",
                                  "--tsa-timeout=3s",
                                  "--tsa-parallel=7",
                                  "--tsa-rate=9",
                                  NULL };
    struct occ_timestamps_settings settings;
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(load(flags, &err, &settings)));
    assert_int_equal(settings.count, 2);
    assert_string_equal(settings.authorities[0].url, "http://a:b@one.example/tsr?key=s3cret");
    assert_string_equal(settings.authorities[0].shown, "http://one.example/tsr");
    assert_string_equal(settings.authorities[1].url, "https://two.example");
    assert_string_equal(settings.authorities[1].shown, "https://two.example/");
    assert_int_equal(settings.quorum, 2);
    assert_true(settings.proof && settings.required);
    assert_int_equal(settings.wait_ms, 500);
    assert_int_equal(settings.timeout_ms, 3000);
    assert_int_equal(settings.parallel, 7);
    assert_int_equal(settings.rate, 9);
    occ_timestamps_settings_clear(&settings);
}

static void
test_defaults(void **state)
{
    (void)state;
    const char *const flags[] = { "--tsa=http://one.example", NULL };
    struct occ_timestamps_settings settings;
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(load(flags, &err, &settings)));
    assert_int_equal(settings.quorum, 1);
    assert_false(settings.proof || settings.required);
    assert_int_equal(settings.wait_ms, 2000);
    assert_int_equal(settings.timeout_ms, 10000);
    assert_int_equal(settings.parallel, 16);
    assert_int_equal(settings.rate, 0);
    occ_timestamps_settings_clear(&settings);
}

static void
test_what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *flags[4];
        const char *text;
    } cases[] = {
        { { "--tsa=http://one.example,ftp://s3cret" },
          "--tsa: entry 2: not a URL that begins with http:// or https:// and names a host" },
        { { "--tsa=http://one.example,,http://two.example" },
          "--tsa: entry 2 has 0 bytes, expected a URL of at most 2048" },
        { { "--tsa=http://a,http://b,http://c,http://d,http://e,http://f,http://g,http://h,http://i" },
          "--tsa: more than 8 authorities" },
        { { "--tsa=http://one.example,http://two.example,http://a:b@one.example/?key=s3cret", "--tsa-quorum=2" },
          "--tsa: entry 3 is http://one.example/, as entry 1, expected another authority" },
        { { "--tsa=http://one.example", "--tsa-quorum=2" },
          "--tsa-quorum: 2, expected at most the number of authorities, 1" },
        { { "--tsa=http://one.example", "--tsa-required", "--tsa-wait=0s" },
          "--tsa-required: with --tsa-wait 0s no token could ever be in time" },
        { { "--tsa-required" }, "--tsa-required: there is no timestamp authority, expected --tsa" },
        { { "--tsa-proof" }, "--tsa-proof: there is no timestamp authority, expected --tsa" },
        { { "--tsa-rate=3" }, "--tsa-rate: there is no timestamp authority, expected --tsa" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct occ_timestamps_settings settings;
        struct occ_error err = { 0 };
        assert_int_equal(load(cases[i].flags, &err, &settings).code, OCC_ERR_USAGE);
        assert_string_equal(err.text, cases[i].text);
        occ_timestamps_settings_clear(&settings);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
