/* Settings of occd: defaults, what the environment changes, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/limits.h"
#include "server/options.h"

/* Loads flags ("--a=b", NULL at the end) and environment. */
static struct occ_result
load(char *const *flags, char *const *envp, struct occ_error *err, struct occ_options *ret)
{
    char name[] = "occd";
    char *argv[16] = { name };
    int argc = 1;
    for (; flags[argc - 1] != NULL; argc++) {
        argv[argc] = flags[argc - 1];
    }
    struct occ_settings *settings = NULL;
    *ret = (struct occ_options){ 0 };
    OCC_TRY(occ_settings_load(&occ_options_program, argc, argv, envp, err, &settings));
    const struct occ_result read = occ_options_read(settings, envp, err, ret);
    occ_settings_free(settings);
    return read;
}

static void
test_defaults(void **state)
{
    (void)state;
    char home[] = "HOME=/home/u";
    char *const none[] = { NULL };
    char *const envp[] = { home, NULL };
    struct occ_options options;
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(load(none, envp, &err, &options)));
    assert_string_equal(options.listen, "127.0.0.1:8080");
    assert_string_equal(options.data, "/home/u/.local/share/occ");
    assert_string_equal(options.access_log, "-");
    assert_null(options.boundary);
    assert_null(options.api_keys);
    assert_non_null(strstr(options.enclave, "/occ-enclave"));
    assert_false(options.require_key_everywhere);
    assert_false(options.public_lookup);
    assert_false(options.check);
    assert_int_equal(options.log_level, OCC_EVENT_INFO);
    /* The table writes them as a user would; they are those of limits.h. */
    assert_int_equal(options.max_digests, OCC_LIMIT_BATCH_DIGESTS);
    assert_int_equal(options.max_body, OCC_LIMIT_HTTP_BODY_LEN);
    assert_int_equal(options.max_connections, OCC_LIMIT_HTTP_CONNECTIONS);
    assert_int_equal(options.head_ms, OCC_LIMIT_HTTP_HEAD_MS);
    assert_int_equal(options.body_ms, OCC_LIMIT_HTTP_BODY_MS);
    assert_int_equal(options.idle_ms, OCC_LIMIT_HTTP_IDLE_MS);
    assert_int_equal(options.write_ms, OCC_LIMIT_HTTP_WRITE_MS);
    assert_int_equal(options.boundary_ms, OCC_LIMIT_BOUNDARY_MS);
    assert_int_equal(options.stop_ms, OCC_LIMIT_STOP_MS);
    assert_int_equal(options.queue, OCC_LIMIT_COMMIT_WAITING);
    assert_int_equal(options.verify_queue, OCC_LIMIT_VERIFY_WAITING);
    assert_in_range(options.verify_threads, 1, 4);
    assert_in_range(options.threads, 1, 4);
    occ_options_clear(&options);
}

static void
test_environment(void **state)
{
    (void)state;
    char port[] = "PORT=9000", systemd[] = "STATE_DIRECTORY=/var/lib/occ:/var/lib/b", home[] = "HOME=/h";
    char shared[] = "XDG_DATA_HOME=/xdg", relative[] = "XDG_DATA_HOME=xdg", listen[] = "OCC_LISTEN=0.0.0.0:81";
    char *const none[] = { NULL };
    char *const with_systemd[] = { port, shared, systemd, home, NULL };
    char *const with_shared[] = { home, shared, listen, port, NULL };
    char *const with_relative[] = { home, relative, NULL };
    struct occ_options options;
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(load(none, with_systemd, &err, &options)));
    assert_string_equal(options.listen, "127.0.0.1:9000");
    assert_string_equal(options.data, "/var/lib/occ");
    occ_options_clear(&options);
    assert_true(occ_is_ok(load(none, with_shared, &err, &options)));
    assert_string_equal(options.listen, "0.0.0.0:81"); /* PORT changes the default only */
    assert_string_equal(options.data, "/xdg/occ");
    occ_options_clear(&options);
    assert_true(occ_is_ok(load(none, with_relative, &err, &options)));
    assert_string_equal(options.data, "/h/.local/share/occ");
    occ_options_clear(&options);
}

static void
test_flags(void **state)
{
    (void)state;
    char data[] = "--data=/d", listen[] = "--listen=unix:/run/occ.sock", boundary[] = "--boundary=unix:/run/b.sock";
    char log[] = "--access-log=off", level[] = "--log-level=debug", enclave[] = "--enclave=/x/e";
    char lookup[] = "--public-lookup", check[] = "--check";
    char *const flags[] = { data, listen, boundary, log, level, enclave, lookup, check, NULL };
    char port[] = "PORT=nonsense"; /* not looked at: --listen was given */
    char *const envp[] = { port, NULL };
    struct occ_options options;
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(load(flags, envp, &err, &options)));
    assert_string_equal(options.data, "/d");
    assert_string_equal(options.listen, "unix:/run/occ.sock");
    assert_string_equal(options.boundary, "unix:/run/b.sock");
    assert_string_equal(options.enclave, "/x/e");
    assert_null(options.access_log);
    assert_int_equal(options.log_level, OCC_EVENT_DEBUG);
    assert_true(options.public_lookup);
    assert_true(options.check);
    occ_options_clear(&options);
}

static void
test_vsock(void **state)
{
    (void)state;
    char data[] = "--data=/d", boundary[] = "--boundary=vsock:16:5000";
    char *const flags[] = { data, boundary, NULL };
    char *const envp[] = { NULL };
    struct occ_options options;
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(load(flags, envp, &err, &options)));
    assert_string_equal(options.boundary, "vsock:16:5000");
    occ_options_clear(&options);
}

static void
refused(const char *flag, const char *variable, const char *part)
{
    char text[128] = "", entry[128] = "HOME=/h", home[] = "HOME=/h";
    (void)snprintf(text, sizeof(text), "%s", flag == NULL ? "" : flag);
    if (variable != NULL) {
        (void)snprintf(entry, sizeof(entry), "%s", variable);
    }
    char *const flags[] = { flag == NULL ? NULL : text, NULL };
    char *const envp[] = { entry, home, NULL };
    struct occ_options options;
    struct occ_error err = { 0 };
    assert_int_equal(load(flags, envp, &err, &options).code, OCC_ERR_USAGE);
    if (strstr(err.text, part) == NULL) {
        fail_msg("\"%s\" does not contain \"%s\"", err.text, part);
    }
    occ_options_clear(&options);
}

static void
test_refused(void **state)
{
    (void)state;
    refused("--listen=8080", NULL, "--listen: \"8080\", expected HOST:PORT");
    refused("--listen=:8080", NULL, "--listen: \":8080\"");
    refused("--listen=127.0.0.1:", NULL, "--listen");
    refused("--listen=127.0.0.1:65536", NULL, "--listen");
    refused("--listen=127.0.0.1:http", NULL, "--listen");
    refused("--listen=unix:", NULL, "--listen: \"unix:\"");
    refused("--boundary=socket", NULL, "--boundary: \"socket\", expected child, unix:PATH or vsock:CID:PORT");
    refused("--boundary=unix:", NULL, "--boundary");
    refused("--boundary=vsock:5000", NULL, "--boundary: \"vsock:5000\", expected child, unix:PATH or vsock:CID:PORT");
    refused("--boundary=vsock:16:", NULL, "--boundary");
    refused("--boundary=vsock:16:4294967296", NULL, "--boundary");
    refused("--max-digests=0", NULL, "max-digests");
    refused("--max-digests=10001", NULL, "max-digests");
    refused("--max-body=33M", NULL, "max-body");
    refused("--queue=x", NULL, "queue");
    refused("--head-timeout=10", NULL, "head-timeout");
    refused("--log-level=loud", NULL, "log-level");
    refused("--no-such-thing", NULL, "no-such-thing");
    refused(NULL, "PORT=80a", "PORT: \"80a\", expected a port from 0 to 65535");
    refused(NULL, "PORT=65536", "PORT: \"65536\"");
    refused(NULL, "PORT=-1", "PORT: \"-1\"");
    refused(NULL, "OCC_MAX_DIGESTS=many", "OCC_MAX_DIGESTS");
}

static void
test_metrics(void **state)
{
    (void)state;
    static const struct {
        const char *flag, *listens;
        bool on_main, is_default;
    } cases[] = { { "--data=/d", "unix:/d/metrics.sock", false, true },
                  { "--metrics=off", NULL, false, false },
                  { "--metrics=main", NULL, true, false },
                  { "--metrics=[::1]:9464", "[::1]:9464", false, false },
                  { "--metrics=unix:/run/m", "unix:/run/m", false, false } };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[64], home[] = "HOME=/h";
        (void)snprintf(text, sizeof(text), "%s", cases[i].flag);
        char *const flags[] = { text, NULL }, *const envp[] = { home, NULL };
        struct occ_options options;
        struct occ_error err = { 0 };
        assert_true(occ_is_ok(load(flags, envp, &err, &options)));
        assert_int_equal(options.metrics == NULL, cases[i].listens == NULL);
        if (cases[i].listens != NULL) {
            assert_string_equal(options.metrics, cases[i].listens);
        }
        assert_int_equal(options.metrics_on_main, cases[i].on_main);
        assert_int_equal(options.metrics_is_default, cases[i].is_default);
        occ_options_clear(&options);
    }
    refused("--metrics=9464", NULL, "--metrics: \"9464\", expected HOST:PORT");
    refused("--metrics=on", NULL, "--metrics: \"on\", expected HOST:PORT");
    refused("--metrics=unix:", NULL, "--metrics: \"unix:\"");
}

static void
test_rates(void **state)
{
    (void)state;
    char key[] = "--rate-key=10/s", demo[] = "--demo-rate=5", proxy[] = "--trusted-proxy=unix,10.0.0.0/8";
    char *const flags[] = { key, demo, proxy, NULL };
    char home[] = "HOME=/h", *const envp[] = { home, NULL };
    struct occ_options options;
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(load(flags, envp, &err, &options)));
    assert_int_equal(options.rate_key.calls, 10);
    assert_int_equal(options.rate_key.period_ms, 1000);
    assert_int_equal(options.rate_address.calls, 0);
    assert_int_equal(options.demo_rate.calls, 5);
    assert_int_equal(options.demo_rate.period_ms, 60000);
    assert_true(options.proxies.trusts_unix);
    assert_int_equal(options.proxies.count, 1);
    occ_options_clear(&options);
    refused("--rate-key=0", NULL, "--rate-key: \"0\"");
    refused(NULL, "OCC_RATE_ADDRESS=x", "--rate-address: \"x\"");
    refused("--demo-rate=-1", NULL, "--demo-rate: \"-1\"");
    refused("--trusted-proxy=proxy.example", NULL, "--trusted-proxy: \"proxy.example\"");
}

static void
test_one_check_at_a_time(void **state)
{
    (void)state;
    char ledger[] = "--check", config[] = "--check-config", home[] = "HOME=/h";
    char *const flags[] = { ledger, config, NULL }, *const envp[] = { home, NULL };
    struct occ_options options;
    struct occ_error err = { 0 };
    assert_int_equal(load(flags, envp, &err, &options).code, OCC_ERR_USAGE);
    assert_string_equal(err.text, "--check and --check-config: expected one of them");
    occ_options_clear(&options);
}

static void
test_no_folder(void **state)
{
    (void)state;
    char *const none[] = { NULL };
    struct occ_options options;
    struct occ_error err = { 0 };
    assert_int_equal(load(none, none, &err, &options).code, OCC_ERR_USAGE);
    assert_non_null(strstr(err.text, "--data: expected a folder"));
    occ_options_clear(&options);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_environment), cmocka_unit_test(test_flags),
        cmocka_unit_test(test_vsock),    cmocka_unit_test(test_refused),     cmocka_unit_test(test_no_folder),
        cmocka_unit_test(test_metrics),  cmocka_unit_test(test_rates),       cmocka_unit_test(test_one_check_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
