#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/verify_policy.h"
#include "codec/canonical.h"

static const struct occ_setting table[] = {
    { .name = "policy", .type = OCC_SETTING_TEXT, .argument = "POLICY", .help = "" },
    { .name = "require-enforcement", .type = OCC_SETTING_TEXT, .argument = "TIER", .help = "" },
    { .name = "allow-key", .type = OCC_SETTING_TEXT, .argument = "KEY", .help = "" },
    { .name = "allow-measurement", .type = OCC_SETTING_TEXT, .argument = "TEXT", .help = "" },
};
static const char *const usage[] = { "", NULL };
static const struct occ_settings_program program = {
    .name = "occ test", .usage = usage, .about = "", .table = table, .count = sizeof table / sizeof table[0]
};

#define KEY "YfUpNASx53oNdcPAGUidF/oqTveVAuIEux4t8Ei/Bo0="

enum { MOST = 6 };
static struct occ_result
read_policy(char *const *flags, struct occ_error *err, struct occ_json **ret_policy)
{
    char name[] = "occ";
    char *argv[MOST + 2] = { name };
    int argc = 1;
    while (flags[argc - 1] != NULL && argc <= MOST) {
        argv[argc] = flags[argc - 1];
        argc++;
    }
    char *envp[] = { NULL };
    struct occ_settings *settings = NULL;
    assert_true(occ_is_ok(occ_settings_load(&program, argc, argv, envp, err, &settings)));
    const struct occ_result result = occ_verify_policy_read(settings, err, ret_policy);
    occ_settings_free(settings);
    return result;
}
#define FLAGS(...) ((char *[]){ __VA_ARGS__, NULL })

static void
gives(char *const *flags, const char *expected)
{
    struct occ_json *policy = NULL;
    struct occ_error err = { 0 };
    if (!occ_is_ok(read_policy(flags, &err, &policy))) {
        fail_msg("%s", err.text);
    }
    OCC_BUF_AUTO(text, 4096);
    occ_canonical_put(&text, policy);
    occ_buf_put_byte(&text, 0);
    assert_string_equal((const char *)text.ptr, expected);
    occ_json_free(policy);
}

static void
refuses(char *const *flags, const char *sentence)
{
    struct occ_json *policy = NULL;
    struct occ_error err = { 0 };
    assert_int_equal(read_policy(flags, &err, &policy).code, OCC_ERR_USAGE);
    assert_string_equal(err.text, sentence);
    assert_null(policy);
}

static void
nothing(void **state)
{
    (void)state;
    struct occ_json *policy = NULL;
    struct occ_error err = { 0 };
    char *none[] = { NULL };
    assert_true(occ_is_ok(read_policy(none, &err, &policy)));
    assert_null(policy);
}

static void
spelled(void **state)
{
    (void)state;
    gives(FLAGS("--policy={\"minCounter\":\"1\"}"), "{\"minCounter\":\"1\"}");
    gives(FLAGS("--require-enforcement=stub"), "{\"requireEnforcement\":\"stub\"}");
    gives(FLAGS("--allow-key=" KEY), "{\"allowedPublicKeys\":[\"" KEY "\"]}");
    gives(FLAGS("--allow-key=" KEY "," KEY, "--allow-measurement=a\"b,c", "--require-enforcement=hw-key"),
          "{\"allowedMeasurements\":[\"a\\\"b\",\"c\"],\"allowedPublicKeys\":[\"" KEY "\",\"" KEY
          "\"],\"requireEnforcement\":\"hw-key\"}");
}

static void
refusals(void **state)
{
    (void)state;
    const char *both =
        "--policy and --require-enforcement, --allow-key or --allow-measurement: put all of it into the policy";
    refuses(FLAGS("--policy={}", "--allow-key=" KEY), both);
    refuses(FLAGS("--policy={}", "--allow-measurement=x"), both);
    refuses(FLAGS("--policy={}", "--require-enforcement=stub"), both);
    refuses(FLAGS("--allow-key=AAAA"), "--allow-key: \"AAAA\" is not the base64 of 32 bytes");
    refuses(FLAGS("--allow-key=" KEY ","), "--allow-key: an empty entry between commas");
    refuses(FLAGS("--allow-measurement=,a"), "--allow-measurement: an empty entry between commas");
    refuses(FLAGS("--allow-measurement=\xff"), "--allow-measurement: not valid UTF-8");
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(nothing), cmocka_unit_test(spelled),
                                        cmocka_unit_test(refusals) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
