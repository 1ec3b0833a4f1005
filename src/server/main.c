/* main.c — occd: read settings, take the data folder, run, and say what went wrong in one sentence. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "codec/json.h"
#include "crypto/secret.h"
#include "os/file.h"
#include "os/process.h"
#include "server/check.h"
#include "server/keys_settings.h"
#include "server/options.h"
#include "server/server.h"
#include "server/timestamps_settings.h"

enum { EXIT_FAULTS = 1, EXIT_USAGE = 2, EXIT_COULD_NOT = 3 };
enum { HELP_LEN_MAX = 64 << 10, PATH_LEN_MAX = 4096, SPARE_DESCRIPTORS = 64, DESCRIPTORS_OF_A_LOOP = 4 };

static int
exit_code(struct occ_result result)
{
    if (occ_is_ok(result)) {
        return 0;
    }
    return result.code == OCC_ERR_USAGE ? EXIT_USAGE : EXIT_COULD_NOT;
}

static int
complain(struct occ_result result, const struct occ_error *err)
{
    (void)fprintf(stderr, "occd: %s\n", err->text[0] != 0 ? err->text : occ_result_text(result.code));
    if (result.code == OCC_ERR_USAGE) {
        (void)fputs("Try 'occd --help'.\n", stderr);
    }
    return exit_code(result);
}

/*
 * API_KEYS of the seed era: read, then removed from the environment and overwritten in memory, so that neither a child nor
 * whoever looks at this process's environment in /proc finds the keys.
 */
static struct occ_result
take_env_keys(char **envp, struct occ_error *err, struct occ_keys *keys)
{
    static const char name[] = "API_KEYS=";
    struct occ_result taken = occ_success();
    for (char **entry = envp; *entry != NULL;) {
        if (strncmp(*entry, name, sizeof(name) - 1) != 0) {
            entry++;
            continue;
        }
        char *list = *entry + sizeof(name) - 1;
        if (list[0] != 0 && occ_is_ok(taken)) {
            taken = occ_keys_add_list(keys, occ_bytes_str(list), err);
        }
        occ_secret_wipe(list, strlen(list));
        for (char **rest = entry; *rest != NULL; rest++) {
            rest[0] = rest[1];
        }
    }
    return taken;
}

/* --help or --version. */
static int
show(bool help)
{
    OCC_BUF_AUTO(text, HELP_LEN_MAX);
    if (help) {
        occ_settings_put_help(&occ_options_program, &text);
    } else {
        occ_settings_put_version(&occ_options_program, &text);
    }
    return fwrite(text.ptr, 1, text.len, stdout) == text.len && fflush(stdout) == 0 ? 0 : EXIT_COULD_NOT;
}

static struct occ_result
lock_data(const char *folder, struct occ_error *err)
{
    OCC_TRY(occ_file_make_folder(folder, err));
    OCC_BUF_AUTO(path, PATH_LEN_MAX);
    occ_buf_put_str(&path, folder);
    occ_buf_put_str(&path, "/lock");
    occ_buf_put_byte(&path, 0);
    if (!occ_is_ok(occ_buf_check(&path))) {
        return occ_error_set(err, OCC_ERR_USAGE, "--data: a path of more than %d bytes", PATH_LEN_MAX);
    }
    int held_until_exit = -1;
    return occ_file_lock((const char *)path.ptr, err, &held_until_exit);
}

/* The usual soft limit of 1024 descriptors is less than the connections that are allowed. */
static void
raise_descriptor_limit(const struct occ_options *options)
{
    struct rlimit limit;
    const rlim_t wanted = options->max_connections + SPARE_DESCRIPTORS + options->threads * DESCRIPTORS_OF_A_LOOP;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) {
        return;
    }
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* --check-config: the files that settings name. */
static struct occ_result
check_files(const struct occ_options *options, const struct occ_keys *env_keys, struct occ_error *err)
{
    struct occ_keys *keys = NULL;
    const struct occ_result loaded = occ_keys_settings_load(options, env_keys, err, &keys);
    occ_keys_free(keys);
    OCC_TRY(loaded);
    occ_verifier *verifier = NULL;
    const struct occ_result made = occ_trust_verifier(options->settings, err, &verifier);
    occ_verifier_free(verifier);
    OCC_TRY(made);
    struct occ_timestamps_settings timestamps;
    const struct occ_result read = occ_timestamps_settings_read(options->settings, err, &timestamps);
    occ_timestamps_settings_clear(&timestamps);
    return read;
}

/* --check */
static int
check_ledger(const struct occ_options *options)
{
    struct occ_error err = { 0 };
    struct occ_check_outcome outcome = { 0 };
    const struct occ_result checked = occ_check_run(options, &err, &outcome);
    if (!occ_is_ok(checked)) {
        return complain(checked, &err);
    }
    return outcome.problems == 0 ? 0 : EXIT_FAULTS;
}

static int
run(const struct occ_options *options, const struct occ_keys *env_keys)
{
    struct occ_error err = { 0 };
    if (options->check_config) {
        const struct occ_result checked = check_files(options, env_keys, &err);
        return occ_is_ok(checked) ? 0 : complain(occ_result_of(OCC_ERR_USAGE), &err);
    }
    if (options->check) {
        return check_ledger(options);
    }
    raise_descriptor_limit(options);
    struct occ_result result = lock_data(options->data, &err);
    if (occ_is_ok(result)) {
        result = occ_server_run(options, env_keys, &err);
    }
    return occ_is_ok(result) ? 0 : complain(result, &err);
}

static int
configure_and_run(int argc, char **argv, char **envp, const struct occ_keys *env_keys)
{
    struct occ_error err = { 0 };
    struct occ_settings *settings = NULL;
    struct occ_result loaded = occ_settings_load(&occ_options_program, argc, argv, envp, &err, &settings);
    if (!occ_is_ok(loaded)) {
        return complain(loaded, &err);
    }
    int code = 0;
    if (occ_settings_wants_help(settings) || occ_settings_wants_version(settings)) {
        code = show(occ_settings_wants_help(settings));
    } else {
        struct occ_options options = { 0 };
        loaded = occ_options_read(settings, envp, &err, &options);
        code = occ_is_ok(loaded) ? run(&options, env_keys) : complain(loaded, &err);
        occ_options_clear(&options);
    }
    occ_settings_free(settings);
    return code;
}

int
main(int argc, char **argv, char **envp)
{
    if (!occ_process_fill_standard()) {
        return EXIT_COULD_NOT;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* RLIMIT_FSIZE is a full disk to the ledger, not the end of this process */
    occ_json_watch_memory();
    struct occ_error err = { 0 };
    struct occ_keys *env_keys = NULL;
    struct occ_result ready = occ_secret_init();
    if (occ_is_ok(ready)) {
        ready = occ_keys_new(&env_keys);
    }
    if (occ_is_ok(ready)) {
        ready = take_env_keys(envp, &err, env_keys);
    }
    const int code = occ_is_ok(ready) ? configure_and_run(argc, argv, envp, env_keys) : complain(ready, &err);
    occ_keys_free(env_keys);
    return code;
}
