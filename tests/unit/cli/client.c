#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/client.h"

static const struct occ_setting table[] = { OCC_CLIENT_SETTINGS };
static const char *const usage[] = { "", NULL };
static const struct occ_settings_program program = {
    .name = "occ test", .usage = usage, .about = "", .table = table, .count = sizeof table / sizeof table[0]
};

/* Initialises a client from one flag and one variable. */
static struct occ_result
init(char *flag, char *variable, struct occ_client *client, struct occ_settings **settings, struct occ_error *err)
{
    char name[] = "occ";
    char *argv[] = { name, flag, NULL };
    char *envp[] = { variable, NULL };
    const struct occ_result loaded = occ_settings_load(&program, flag == NULL ? 1 : 2, argv, envp, err, settings);
    if (!occ_is_ok(loaded)) {
        return loaded;
    }
    const struct occ_cli cli = { .name = "occ test", .envp = envp };
    return occ_client_init(client, &cli, *settings, err);
}

static void
good_server(const char *flag, const char *url, const char *unix_path)
{
    char copy[256];
    assert_in_range(strlen(flag), 0, sizeof copy - 1);
    memcpy(copy, flag, strlen(flag) + 1);
    struct occ_client client = { 0 };
    struct occ_settings *settings = NULL;
    struct occ_error err = { 0 };
    if (!occ_is_ok(init(copy, NULL, &client, &settings, &err))) {
        fail_msg("%s: %s", flag, err.text);
    }
    assert_string_equal(client.base_url, url);
    assert_null(client.api_key);
    assert_int_equal(client.timeout_ms, 30000);
    if (unix_path == NULL) {
        assert_null(client.unix_path);
    } else {
        assert_string_equal(client.unix_path, unix_path);
    }
    occ_client_clear(&client);
    occ_settings_free(settings);
}

static void
servers(void **state)
{
    (void)state;
    good_server("--timeout=30s", "http://127.0.0.1:8080", NULL);
    good_server("--server=http://h:1", "http://h:1", NULL);
    good_server("--server=https://h/", "https://h", NULL);
    good_server("--server=https://h/occ//", "https://h/occ", NULL);
    good_server("--server=http://[::1]:80", "http://[::1]:80", NULL);
    good_server("--server=unix:/run/occd.sock", "http://localhost", "/run/occd.sock");
}

static void
refused(const char *flag, const char *variable, const char *sentence)
{
    char flag_copy[128];
    char variable_copy[128];
    assert_in_range(strlen(flag), 0, sizeof flag_copy - 1);
    assert_in_range(strlen(variable), 0, sizeof variable_copy - 1);
    memcpy(flag_copy, flag, strlen(flag) + 1);
    memcpy(variable_copy, variable, strlen(variable) + 1);
    struct occ_client client = { 0 };
    struct occ_settings *settings = NULL;
    struct occ_error err = { 0 };
    assert_int_equal(init(flag_copy, variable_copy, &client, &settings, &err).code, OCC_ERR_USAGE);
    assert_string_equal(err.text, sentence);
    occ_client_clear(&client);
    occ_settings_free(settings);
}

static void
refusals(void **state)
{
    (void)state;
    static const char *const bad[] = { "h:80",     "ftp://h",     "http://",    "http:///x",
                                       "unix:",    "http://h?x",  "http://h#x", "http://h /",
                                       "HTTP://h", "file:///etc", "http://h\nx" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        OCC_BUF_AUTO(flag, 256);
        OCC_BUF_AUTO(sentence, 512);
        occ_buf_put_format(&flag, "--server=%s%c", bad[i], 0);
        occ_buf_put_format(&sentence,
                           "--server: \"%s\" is not a server, expected http://HOST:PORT, https://HOST or unix:PATH%c",
                           bad[i], 0);
        for (size_t j = 0; j < sentence.len; j++) {
            sentence.ptr[j] = sentence.ptr[j] == '\n' ? '?' : sentence.ptr[j];
        }
        refused((const char *)flag.ptr, "X=", (const char *)sentence.ptr);
    }
    /* The key is not repeated in the sentence. */
    refused("--timeout=1s", "OCC_API_KEY=a b",
            "OCC_API_KEY: not an API key, expected 1 to 1024 visible ASCII characters");
}

static void
key_from_the_environment(void **state)
{
    (void)state;
    char flag[] = "--timeout=1s";
    char variable[] = "OCC_API_KEY=k1";
    struct occ_client client = { 0 };
    struct occ_settings *settings = NULL;
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(init(flag, variable, &client, &settings, &err)));
    assert_string_equal(client.api_key, "k1");
    occ_client_clear(&client);
    assert_null(client.api_key);
    occ_settings_free(settings);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(servers), cmocka_unit_test(refusals),
                                        cmocka_unit_test(key_from_the_environment) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
