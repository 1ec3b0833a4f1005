/* config.c — the boundary's own settings: what is taken, what is refused with which sentence, and from where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "enclave/config.h"
#include "unit/os/folder.h"

enum { WORDS_MAX = 12 };

struct loaded {
    struct occ_config_program program;
    struct occ_settings *settings;
    struct occ_config config;
    struct occ_error err;
    struct occ_result result;
};

static const struct occ_setting extra[] = {
    { .name = "sim-seed", .type = OCC_SETTING_TEXT, .argument = "HEX", .help = "A device's own." },
};

/* Reads the words, which end in NULL, and variables. To be given back with unload. */
static struct loaded *
load_with(const char *const *words, const char *const *variables)
{
    static struct loaded loaded;
    loaded = (struct loaded){ 0 };
    char *argv[WORDS_MAX + 1] = { (char *)(uintptr_t) "occ-enclave" };
    int argc = 1;
    for (; words[argc - 1] != NULL; argc++) {
        assert_in_range(argc, 1, WORDS_MAX - 1);
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
    }
    assert_int_equal(occ_config_program_make("occ-enclave", extra, 1, &loaded.err, &loaded.program).code, OCC_OK);
    loaded.result = occ_settings_load(&loaded.program.program, argc, argv, (char *const *)(uintptr_t)variables,
                                      &loaded.err, &loaded.settings);
    if (occ_is_ok(loaded.result)) {
        loaded.result = occ_config_read(loaded.settings, &loaded.err, &loaded.config);
    }
    return &loaded;
}

static const char *const no_variables[] = { NULL };

static struct loaded *
load(const char *const *words)
{
    return load_with(words, no_variables);
}

static void
unload(struct loaded *loaded)
{
    occ_config_clear(&loaded->config);
    occ_settings_free(loaded->settings);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void
test_defaults(void **state)
{
    (void)state;
    struct loaded *loaded = load((const char *const[]){ NULL });
    assert_int_equal(loaded->result.code, OCC_OK);
    const struct occ_config *config = &loaded->config;
    assert_int_equal(config->fd, 3);
    assert_null(config->listen_path);
    assert_int_equal(config->listen_vsock, 0);
    assert_false(config->nsm);
    assert_int_equal(config->attest, OCC_ATTEST_NONE);
    assert_false(config->allow_debug);
    assert_false(config->check);
    assert_int_equal(config->digests_max, 10000);
    assert_int_equal(config->workers, 0);
    assert_int_equal(config->chains.count + config->rp_ids.count + config->origins.count, 0);
    unload(loaded);
}

static void
test_listen(void **state)
{
    (void)state;
    struct loaded *loaded = load(WORDS("--listen", "unix:/run/s"));
    assert_int_equal(loaded->result.code, OCC_OK);
    assert_string_equal(loaded->config.listen_path, "/run/s");
    assert_int_equal(loaded->config.fd, -1);
    unload(loaded);
    loaded = load(WORDS("--listen", "vsock:5000"));
    assert_int_equal(loaded->result.code, OCC_OK);
    assert_null(loaded->config.listen_path);
    assert_int_equal(loaded->config.listen_vsock, 5000);
    assert_int_equal(loaded->config.fd, -1);
    unload(loaded);
}

static void
test_attest(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        enum occ_attest_mode mode;
    } cases[] = { { "commit", OCC_ATTEST_COMMIT }, { "batch", OCC_ATTEST_BATCH }, { "epoch", OCC_ATTEST_EPOCH } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct loaded *loaded = load(WORDS("--nsm", "--attest", cases[i].word, "--allow-debug"));
        assert_int_equal(loaded->result.code, OCC_OK);
        assert_true(loaded->config.nsm && loaded->config.allow_debug);
        assert_int_equal(loaded->config.attest, cases[i].mode);
        unload(loaded);
    }
    struct loaded *loaded = load(WORDS("--nsm", "--check"));
    assert_int_equal(loaded->config.attest, OCC_ATTEST_BATCH);
    assert_true(loaded->config.check);
    unload(loaded);
}

static void
test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *words[5];
        const char *sentence;
    } cases[] = {
        { { "--listen", "5000" }, "--listen: \"5000\", expected unix:PATH, or vsock:PORT" },
        { { "--listen", "unix:" }, "--listen: \"unix:\"" },
        { { "--listen", "vsock:" }, "--listen: \"vsock:\"" },
        { { "--listen", "vsock:0" }, "--listen: \"vsock:0\"" },
        { { "--listen", "vsock:4294967295" }, "with a port from 1 to 4294967294" },
        { { "--listen", "vsock:16:5000" }, "--listen: \"vsock:16:5000\"" },
        { { "--listen", "vsock:5000", "--fd", "4" }, "--listen and --fd: give one of them" },
        { { "--attest", "batch" }, "--attest: needs --nsm" },
        { { "--allow-debug" }, "--allow-debug: needs --nsm" },
        { { "--nsm", "--attest", "all" }, "--attest" },
        { { "--chains", "a,,b" }, "--chains: an empty entry between commas" },
        { { "--chains", "a,a" }, "--chains: \"a\" twice" },
        { { "--workers", "0" }, "--workers" },
        { { "--workers", "17" }, "--workers" },
        { { "--rp-id", "a.example, b.example" }, "--rp-id: \" b.example\", expected a host's name, like example.com" },
        { { "--origin", "https://a.example/" },
          "--origin: \"https://a.example/\", expected an origin, like https://example.com, without a path" },
        { { "--rp-id", "example.com" }, "--rp-id and --origin: give both, or neither" },
        { { "--webauthn-compat" }, "--webauthn-compat: needs --rp-id and --origin" },
        { { "--config", "/nonexistent/x.ini" }, "/nonexistent/x.ini" },
        { { "--atest", "batch" }, "did you mean" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct loaded *loaded = load(cases[i].words);
        if (occ_is_ok(loaded->result) || strstr(loaded->err.text, cases[i].sentence) == NULL) {
            fail_msg("case %zu: %d, \"%s\"", i, (int)loaded->result.code, loaded->err.text);
        }
        unload(loaded);
    }
}

/* Flags, then the environment, then the file, which knows the same names but those that name it. */
static void
test_sources(void **state)
{
    (void)state;
    struct folder folder;
    folder_make(&folder);
    const char *const path = folder_join(&folder, "x.ini");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("# measured\nlisten = vsock:5000\nnsm = true\nattest = epoch\nchains = a,b\nworkers = 3\nsim-seed = 00\n",
          file);
    fclose(file);

    struct loaded *loaded = load(WORDS("--config", path));
    assert_int_equal(loaded->result.code, OCC_OK);
    assert_int_equal(loaded->config.listen_vsock, 5000);
    assert_int_equal(loaded->config.attest, OCC_ATTEST_EPOCH);
    assert_int_equal(loaded->config.chains.count, 2);
    assert_int_equal(loaded->config.workers, 3);
    assert_string_equal(occ_settings_text(loaded->settings, "sim-seed"), "00");
    unload(loaded);

    const char *const variables[] = { "OCC_ENCLAVE_ATTEST=commit", "OCC_ENCLAVE_CHAINS=c", NULL };
    loaded = load_with(WORDS("--config", path, "--chains", "d,e,f"), variables);
    assert_int_equal(loaded->result.code, OCC_OK);
    assert_int_equal(loaded->config.attest, OCC_ATTEST_COMMIT);
    assert_int_equal(loaded->config.chains.count, 3);
    unload(loaded);

    static const char *const bad[] = { "config = y.ini", "check = true", "listn = vsock:1", "nsm = yes",
                                       "attest = epoch\nattest = epoch" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        file = fopen(path, "w");
        assert_non_null(file);
        fprintf(file, "listen = vsock:5000\n%s\n", bad[i]);
        fclose(file);
        loaded = load(WORDS("--config", path));
        assert_int_equal(loaded->result.code, OCC_ERR_USAGE);
        assert_non_null(strstr(loaded->err.text, i == 4 ? "x.ini:3: " : "x.ini:2: "));
        unload(loaded);
    }
    folder_remove(&folder);
}

static void
test_too_many(void **state)
{
    (void)state;
    static struct occ_setting many[OCC_SETTINGS_MAX];
    static struct occ_config_program program;
    assert_int_equal(occ_config_program_make("x", many, OCC_SETTINGS_MAX, NULL, &program).code, OCC_ERR_INTERNAL);
    assert_int_equal(occ_config_program_make("x", NULL, 0, NULL, &program).code, OCC_OK);
    assert_string_equal(program.program.name, "x");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_listen),  cmocka_unit_test(test_attest),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_sources), cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
