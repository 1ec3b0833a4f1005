/* Sources, their order, and every refusal with its sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "settings/settings.h"

static const struct occ_setting table[] = {
    { .name = "config",
      .type = OCC_SETTING_TEXT,
      .argument = "FILE",
      .env = "OCC_T_CONFIG",
      .only_flag = true,
      .help = "File." },
    { .name = "listen",
      .letter = 'l',
      .type = OCC_SETTING_TEXT,
      .argument = "HOST:PORT",
      .env = "OCC_T_LISTEN",
      .fallback = "127.0.0.1:8080",
      .help = "Where to listen." },
    { .name = "port",
      .letter = 'p',
      .type = OCC_SETTING_NUMBER,
      .argument = "NUMBER",
      .env = "OCC_T_PORT|PORT",
      .max = 65535,
      .help = "The port." },
    { .name = "body-limit",
      .type = OCC_SETTING_SIZE,
      .argument = "SIZE",
      .env = "OCC_T_BODY",
      .fallback = "4M",
      .min = 1024,
      .max = 1u << 30,
      .help = "The largest body." },
    { .name = "idle-timeout",
      .type = OCC_SETTING_TIME,
      .argument = "TIME",
      .env = "OCC_T_IDLE",
      .fallback = "60s",
      .min = 100,
      .max = 3600000,
      .help = "Between two requests." },
    { .name = "log",
      .type = OCC_SETTING_CHOICE,
      .argument = "FORMAT",
      .env = "OCC_T_LOG",
      .fallback = "json",
      .choices = "json|text|none",
      .help = "The log's format." },
    { .name = "quiet", .letter = 'q', .type = OCC_SETTING_SWITCH, .env = "OCC_T_QUIET", .help = "Say less." },
    { .name = "sync", .letter = 's', .type = OCC_SETTING_SWITCH, .fallback = "true", .help = "Sync." },
    { .name = "big", .type = OCC_SETTING_NUMBER, .argument = "NUMBER", .min = 5, .help = "No upper bound." },
};
static const char *const usage[] = { "[OPTIONS] [FILE...]", NULL };
static const struct occ_settings_program program = { .name = "occt run",
                                                     .usage = usage,
                                                     .about = "A program that is tested.",
                                                     .table = table,
                                                     .count = sizeof table / sizeof table[0],
                                                     .config_setting = "config",
                                                     .takes_arguments = true,
                                                     .epilog = "Exit codes: 0." };

enum { MOST = 12 };
/* words: separated by NULL-terminated array; env the same. */
static struct occ_result
load(const struct occ_settings_program *which, char *const *words, char *const *env, struct occ_error *err,
     struct occ_settings **ret)
{
    char *argv[MOST + 2] = { NULL };
    int argc = 1;
    char name[] = "occt";
    argv[0] = name;
    while (words != NULL && argc <= MOST && words[argc - 1] != NULL) {
        argv[argc] = words[argc - 1];
        argc++;
    }
    return occ_settings_load(which, argc, argv, env, err, ret);
}

#define WORDS(...) ((char *[]){ __VA_ARGS__, NULL })

static struct occ_settings *
good(char *const *words, char *const *env)
{
    struct occ_error err = { 0 };
    struct occ_settings *settings = NULL;
    const struct occ_result result = load(&program, words, env, &err, &settings);
    if (result.code != OCC_OK) {
        fail_msg("%s", err.text);
    }
    return settings;
}

static void
refused(char *const *words, char *const *env, const char *sentence)
{
    struct occ_error err = { 0 };
    struct occ_settings *settings = NULL;
    const struct occ_result result = load(&program, words, env, &err, &settings);
    assert_string_equal(err.text, sentence);
    assert_int_equal(result.code, OCC_ERR_USAGE);
    assert_null(settings);
}

static void
defaults(void **state)
{
    (void)state;
    struct occ_settings *s = good(NULL, NULL);
    assert_string_equal(occ_settings_text(s, "listen"), "127.0.0.1:8080");
    assert_false(occ_settings_is_set(s, "listen"));
    assert_null(occ_settings_text(s, "config"));
    assert_int_equal(occ_settings_number(s, "port"), 0);
    assert_int_equal(occ_settings_number(s, "body-limit"), 4 << 20);
    assert_int_equal(occ_settings_number(s, "idle-timeout"), 60000);
    assert_string_equal(occ_settings_text(s, "log"), "json");
    assert_false(occ_settings_switch(s, "quiet"));
    assert_true(occ_settings_switch(s, "sync"));
    assert_int_equal(occ_settings_argument_count(s), 0);
    assert_null(occ_settings_argument(s, 0));
    occ_settings_free(s);
    occ_settings_free(NULL);
}

static void
flags(void **state)
{
    (void)state;
    struct occ_settings *s = good(WORDS("--listen=a=b", "one", "--port", "80", "-q", "--no-sync", "-", "--idle-timeout",
                                        "1500ms", "--", "--log", "-q"),
                                  NULL);
    assert_string_equal(occ_settings_text(s, "listen"), "a=b");
    assert_true(occ_settings_is_set(s, "listen"));
    assert_int_equal(occ_settings_number(s, "port"), 80);
    assert_int_equal(occ_settings_number(s, "idle-timeout"), 1500);
    assert_true(occ_settings_switch(s, "quiet"));
    assert_false(occ_settings_switch(s, "sync"));
    assert_string_equal(occ_settings_text(s, "log"), "json");
    assert_int_equal(occ_settings_argument_count(s), 4);
    assert_string_equal(occ_settings_argument(s, 0), "one");
    assert_string_equal(occ_settings_argument(s, 1), "-");
    assert_string_equal(occ_settings_argument(s, 2), "--log");
    assert_string_equal(occ_settings_argument(s, 3), "-q");
    occ_settings_free(s);
}

static void
letters_and_repeats(void **state)
{
    (void)state;
    struct occ_settings *s = good(WORDS("-qp80", "-l", "x", "-p", "81", "--quiet", "--no-quiet", "--listen=-"), NULL);
    assert_int_equal(occ_settings_number(s, "port"), 81);
    assert_string_equal(occ_settings_text(s, "listen"), "-");
    assert_false(occ_settings_switch(s, "quiet"));
    occ_settings_free(s);
}

static void
units(void **state)
{
    (void)state;
    static const struct {
        const char *flag, *name;
        uint64_t expected;
    } cases[] = {
        { "--body-limit=1024", "body-limit", 1024 },
        { "--body-limit=3k", "body-limit", 3072 },
        { "--body-limit=2M", "body-limit", 2u << 20 },
        { "--body-limit=1G", "body-limit", 1u << 30 },
        { "--idle-timeout=100ms", "idle-timeout", 100 },
        { "--idle-timeout=2s", "idle-timeout", 2000 },
        { "--idle-timeout=3m", "idle-timeout", 180000 },
        { "--idle-timeout=1h", "idle-timeout", 3600000 },
        { "--port=0", "port", 0 },
        { "--port=65535", "port", 65535 },
        { "--big=18446744073709551615", "big", UINT64_MAX },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char flag[64];
        assert_in_range(snprintf(flag, sizeof flag, "%s", cases[i].flag), 1, sizeof flag - 1);
        struct occ_settings *s = good(WORDS(flag), NULL);
        assert_int_equal(occ_settings_number(s, cases[i].name), cases[i].expected);
        occ_settings_free(s);
    }
}

static void
flag_refusals(void **state)
{
    (void)state;
    refused(WORDS("--prot=1"), NULL, "unknown flag \"--prot\", did you mean \"--port\"?");
    refused(WORDS("--idle"), NULL, "unknown flag \"--idle\", did you mean \"--idle-timeout\"?");
    refused(WORDS("--hepl"), NULL, "unknown flag \"--hepl\", did you mean \"--help\"?");
    refused(WORDS("--secret=hunter2"), NULL, "unknown flag \"--secret\"");
    refused(WORDS("--no-port"), NULL, "unknown flag \"--no-port\"");
    refused(WORDS("-x"), NULL, "unknown flag \"-x\"");
    refused(WORDS("-qx"), NULL, "unknown flag \"-x\"");
    refused(WORDS("--port"), NULL, "--port: needs a value, NUMBER");
    refused(WORDS("-p"), NULL, "-p: needs a value, NUMBER");
    refused(WORDS("--port", "--quiet"), NULL, "--port: needs a value, NUMBER, but \"--quiet\" follows");
    refused(WORDS("--port="), NULL, "--port: is empty, expected NUMBER");
    refused(WORDS("--quiet=true"), NULL, "--quiet: takes no value; --quiet turns it on, --no-quiet off");
    refused(WORDS("--port=70000"), NULL, "--port: \"70000\" is not a number between 0 and 65535");
    refused(WORDS("-p-1"), NULL, "-p: \"-1\" is not a number between 0 and 65535");
    refused(WORDS("--port=+1"), NULL, "--port: \"+1\" is not a number between 0 and 65535");
    refused(WORDS("--port= 1"), NULL, "--port: \" 1\" is not a number between 0 and 65535");
    refused(WORDS("--port=0x10"), NULL, "--port: \"0x10\" is not a number between 0 and 65535");
    refused(WORDS("--port=80.0"), NULL, "--port: \"80.0\" is not a number between 0 and 65535");
    refused(WORDS("--port=080"), NULL, "--port: \"080\" is not a number between 0 and 65535");
    refused(WORDS("--big=4"), NULL, "--big: \"4\" is not a number of 5 or more");
    refused(WORDS("--big=18446744073709551616"), NULL, "--big: \"18446744073709551616\" is not a number of 5 or more");
    refused(WORDS("--body-limit=1"), NULL,
            "--body-limit: \"1\" is not a size between 1k and 1G (bytes, or with k, M or G)");
    refused(WORDS("--body-limit=18014398509481984k"), NULL,
            "--body-limit: \"18014398509481984k\" is not a size between 1k and 1G (bytes, or with k, M or G)");
    refused(WORDS("--body-limit=2T"), NULL,
            "--body-limit: \"2T\" is not a size between 1k and 1G (bytes, or with k, M or G)");
    refused(WORDS("--idle-timeout=60"), NULL,
            "--idle-timeout: \"60\" is not a time between 100ms and 1h (a whole number with ms, s, m or h)");
    refused(WORDS("--log=xml"), NULL, "--log: \"xml\" is not one of json, text, none");
    refused(WORDS("--log=json|text"), NULL, "--log: \"json|text\" is not one of json, text, none");
}

static void
argument_refusal(void **state)
{
    (void)state;
    struct occ_settings_program none = program;
    none.takes_arguments = false;
    struct occ_error err = { 0 };
    struct occ_settings *settings = NULL;
    assert_int_equal(load(&none, WORDS("-q", "file"), NULL, &err, &settings).code, OCC_ERR_USAGE);
    assert_string_equal(err.text, "unexpected argument \"file\"");
}

static void
environment(void **state)
{
    (void)state;
    struct occ_settings *s = good(WORDS("--log=text"), WORDS("OCC_T_LISTEN=e", "OCC_T_LOG=none", "PORT=7",
                                                             "OCC_T_QUIET=true", "OCC_T_IDLE=", "OCC_T_BODYX=1"));
    assert_string_equal(occ_settings_text(s, "listen"), "e");
    assert_true(occ_settings_is_set(s, "listen"));
    assert_string_equal(occ_settings_text(s, "log"), "text");
    assert_int_equal(occ_settings_number(s, "port"), 7);
    assert_int_equal(occ_settings_number(s, "idle-timeout"), 60000);
    assert_true(occ_settings_switch(s, "quiet"));
    occ_settings_free(s);
    s = good(NULL, WORDS("PORT=7", "OCC_T_PORT=8"));
    assert_int_equal(occ_settings_number(s, "port"), 8);
    occ_settings_free(s);
    refused(NULL, WORDS("PORT=x"), "PORT: \"x\" is not a number between 0 and 65535");
    refused(NULL, WORDS("OCC_T_QUIET=1"), "OCC_T_QUIET: \"1\" is neither true nor false");
    refused(NULL, WORDS("OCC_T_IDLE=1"),
            "OCC_T_IDLE: \"1\" is not a time between 100ms and 1h (a whole number with ms, s, m or h)");
}

/* A settings file in the test's folder; the sentence gets "%s" for its path. */
static const char path[] = "occt-settings.ini";

static void
write_file(const char *content, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void
file_values(void **state)
{
    (void)state;
    const char content[] = "\xef\xbb\xbf# occd\n; more\n\n  listen = f:1\r\nport=9\n\tquiet = true ; said\nlog = none\n"
                           "idle-timeout = 5s\nsync: false";
    write_file(content, sizeof content - 1);
    char config[] = "OCC_T_CONFIG=occt-settings.ini";
    struct occ_settings *s = good(WORDS("--port=10"), WORDS(config, "OCC_T_LOG=text"));
    assert_string_equal(occ_settings_text(s, "listen"), "f:1");
    assert_int_equal(occ_settings_number(s, "port"), 10);
    assert_string_equal(occ_settings_text(s, "log"), "text");
    assert_true(occ_settings_switch(s, "quiet"));
    assert_false(occ_settings_switch(s, "sync"));
    assert_int_equal(occ_settings_number(s, "idle-timeout"), 5000);
    assert_true(occ_settings_is_set(s, "idle-timeout"));
    occ_settings_free(s);
    /* An empty file is a file. */
    write_file("", 0);
    occ_settings_free(good(WORDS("--config", "occt-settings.ini"), NULL));
    (void)unlink(path);
}

static void
file_refused(const char *content, size_t len, const char *sentence)
{
    write_file(content, len);
    refused(WORDS("--config", "occt-settings.ini"), NULL, sentence);
    (void)unlink(path);
}
#define FILE_REFUSED(content, sentence) file_refused(content, sizeof content - 1, sentence)

static void
file_refusals(void **state)
{
    (void)state;
    FILE_REFUSED("port = 1\n\nprot = 2\n", "occt-settings.ini:3: unknown setting \"prot\", did you mean \"port\"?");
    FILE_REFUSED("--port = 1\n", "occt-settings.ini:1: unknown setting \"--port\", did you mean \"port\"?");
    FILE_REFUSED("zzzz = 1\n", "occt-settings.ini:1: unknown setting \"zzzz\"");
    FILE_REFUSED("port = 1\nport = 1\n", "occt-settings.ini:2: \"port\" a second time");
    FILE_REFUSED("port = 1\n[http]\n", "occt-settings.ini:2: a section, expected name = value");
    FILE_REFUSED("\xef\xbb\xbf[http]\n", "occt-settings.ini:1: a section, expected name = value");
    FILE_REFUSED("quiet\nport = 1\n", "occt-settings.ini:1: expected name = value");
    FILE_REFUSED("port =\n", "occt-settings.ini:1: port: is empty, expected NUMBER");
    FILE_REFUSED("#\nport = 1x\n", "occt-settings.ini:2: port: \"1x\" is not a number between 0 and 65535");
    FILE_REFUSED("quiet = yes\n", "occt-settings.ini:1: quiet: \"yes\" is neither true nor false");
    FILE_REFUSED("config = other.ini\n", "occt-settings.ini:1: \"config\" cannot stand in the file, give --config");
    FILE_REFUSED("port = 1\0\n", "occt-settings.ini:1: contains a zero byte");
    /* A line that goes on in the next is two lines here. */
    FILE_REFUSED("listen = a\n  b\n", "occt-settings.ini:2: expected name = value");
    /* Lines that inih would not take whole. */
    char line[300];
    memset(line, 'x', sizeof line);
    file_refused(line, sizeof line, "occt-settings.ini:1: expected name = value");
    memcpy(line, "#\nport : ", 9);
    file_refused(
        line, sizeof line,
        "occt-settings.ini:2: port: \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\" is not a number "
        "between 0 and 65535");
    memcpy(line, "\n\nprot = ", 9);
    file_refused(line, sizeof line, "occt-settings.ini:3: unknown setting \"prot\", did you mean \"port\"?");
    memcpy(line, "x ; port = ", 11);
    file_refused(line, sizeof line, "occt-settings.ini:1: expected name = value");
}

/* An enclave has its list of chains from its file alone: a line is as long as it has to be. */
static void
file_long_lines(void **state)
{
    (void)state;
    enum { LEN = 5000 };
    char content[LEN + 100], value[LEN + 1];
    memset(value, 'x', LEN);
    value[LEN] = '\0';
    const int len = snprintf(content, sizeof content, "port = 9\n  listen =\t%s  ; said\r\nquiet = true\n", value);
    write_file(content, (size_t)len);
    struct occ_settings *s = good(WORDS("--config", "occt-settings.ini"), NULL);
    assert_string_equal(occ_settings_text(s, "listen"), value);
    assert_int_equal(occ_settings_number(s, "port"), 9);
    assert_true(occ_settings_switch(s, "quiet"));
    occ_settings_free(s);
    const int twice = snprintf(content, sizeof content, "listen = %s\nlisten = f:1\n", value);
    file_refused(content, (size_t)twice, "occt-settings.ini:2: \"listen\" a second time");
}

static void
file_is_checked_where_a_flag_decides(void **state)
{
    (void)state;
    write_file("port = x\n", 9);
    refused(WORDS("--config", "occt-settings.ini", "--port", "1"), NULL,
            "occt-settings.ini:1: port: \"x\" is not a number between 0 and 65535");
    (void)unlink(path);
}

static void
file_missing(void **state)
{
    (void)state;
    struct occ_error err = { 0 };
    struct occ_settings *settings = NULL;
    const struct occ_result result = load(&program, WORDS("--config=/nonexistent/occt.ini"), NULL, &err, &settings);
    assert_int_not_equal(result.code, OCC_OK);
    assert_non_null(strstr(err.text, "/nonexistent/occt.ini"));
    assert_null(settings);
}

static void
help_and_version_win(void **state)
{
    (void)state;
    struct occ_settings *s = good(WORDS("--nonsense", "-h"), WORDS("PORT=x"));
    assert_true(occ_settings_wants_help(s));
    assert_false(occ_settings_wants_version(s));
    occ_settings_free(s);
    s = good(WORDS("--port", "--version"), NULL);
    assert_true(occ_settings_wants_version(s));
    occ_settings_free(s);
    s = good(WORDS("--", "--help"), NULL);
    assert_false(occ_settings_wants_help(s));
    assert_int_equal(occ_settings_argument_count(s), 1);
    occ_settings_free(s);
}

static void
help_text(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 1 << 16);
    occ_settings_put_help(&program, &buf);
    occ_buf_put_byte(&buf, 0);
    assert_true(occ_is_ok(occ_buf_check(&buf)));
    const char *text = (const char *)buf.ptr;
    static const char *const expected[] = {
        "Usage: occt run [OPTIONS] [FILE...]\n",
        "  -l, --listen HOST:PORT  Where to listen. (default 127.0.0.1:8080; environment\n",
        "  -p, --port NUMBER       The port. (0 to 65535; environment OCC_T_PORT or\n",
        "      --body-limit SIZE   The largest body. (1k to 1G; default 4M; environment\n",
        "(100ms to 1h; default 60s;",
        "(json|text|none; default json;",
        "  -s, --[no-]sync         Sync. (default on)\n",
        "      --big NUMBER        No upper bound. (5 or more)\n",
        "  -h, --help              Print this text and exit.\n",
        "      --version           Print the version and exit.\n\nExit codes: 0.\n",
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        if (strstr(text, expected[i]) == NULL) {
            fail_msg("no \"%s\" in:\n%s", expected[i], text);
        }
    }
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
        assert_in_range(strcspn(line, "\n"), 0, 80);
    }
}

static void
version_text(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 256);
    occ_settings_put_version(&program, &buf);
    assert_true(occ_bytes_is(occ_buf_view(&buf), "occt " OCC_VERSION " (occ/1)\n"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(flags),
        cmocka_unit_test(letters_and_repeats),
        cmocka_unit_test(units),
        cmocka_unit_test(flag_refusals),
        cmocka_unit_test(argument_refusal),
        cmocka_unit_test(environment),
        cmocka_unit_test(file_values),
        cmocka_unit_test(file_refusals),
        cmocka_unit_test(file_long_lines),
        cmocka_unit_test(file_is_checked_where_a_flag_decides),
        cmocka_unit_test(file_missing),
        cmocka_unit_test(help_and_version_win),
        cmocka_unit_test(help_text),
        cmocka_unit_test(version_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
