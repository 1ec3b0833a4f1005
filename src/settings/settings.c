#include "settings/settings.h"

#include <stdlib.h>

#include "base/buf.h"
#include "settings/internal.h"

size_t
occ_settings_find(const struct occ_settings_program *program, struct occ_bytes name)
{
    size_t index = 0;
    while (index < program->count && !occ_bytes_is(name, program->table[index].name)) {
        index++;
    }
    return index;
}

/* The value of a variable, or NULL if it is unset or empty. */
static const char *
environment_get(char *const *envp, struct occ_bytes name)
{
    for (size_t i = 0; envp != NULL && envp[i] != NULL; i++) {
        const char *entry = envp[i];
        if (strncmp(entry, (const char *)name.ptr, name.len) == 0 && entry[name.len] == '=') {
            return entry[name.len + 1] == '\0' ? NULL : entry + name.len + 1;
        }
    }
    return NULL;
}

/* The first of the setting's variables that is set; *ret_name is its name. */
static const char *
environment_first(const struct occ_setting *setting, char *const *envp, struct occ_bytes *ret_name)
{
    const char *names = setting->env;
    while (names != NULL && *names != '\0') {
        const struct occ_bytes name = occ_bytes_of(names, strcspn(names, "|"));
        const char *text = environment_get(envp, name);
        if (text != NULL) {
            *ret_name = name;
            return text;
        }
        names += name.len;
        names += *names == '|' ? 1 : 0;
    }
    return NULL;
}

static OCC_RESULT
read_environment(struct occ_settings *settings, char *const *envp, struct occ_error *err)
{
    for (size_t i = 0; i < settings->program->count; i++) {
        const struct occ_setting *setting = &settings->program->table[i];
        struct occ_bytes name = { 0 };
        const char *text = environment_first(setting, envp, &name);
        if (text == NULL || settings->values[i].source != OCC_SETTINGS_NONE) {
            continue;
        }
        OCC_BUF_AUTO(where, 256);
        occ_buf_put(&where, name);
        occ_buf_put_byte(&where, 0);
        OCC_TRY(occ_buf_check(&where));
        OCC_TRY(occ_typed_set(&settings->values[i], setting, occ_bytes_str(text), OCC_SETTINGS_ENVIRONMENT,
                              (const char *)where.ptr, err));
    }
    return occ_success();
}

static OCC_RESULT
read_defaults(struct occ_settings *settings, struct occ_error *err)
{
    for (size_t i = 0; i < settings->program->count; i++) {
        const struct occ_setting *setting = &settings->program->table[i];
        if (setting->fallback == NULL || settings->values[i].source != OCC_SETTINGS_NONE) {
            continue;
        }
        OCC_TRY(occ_typed_set(&settings->values[i], setting, occ_bytes_str(setting->fallback), OCC_SETTINGS_DEFAULT,
                              setting->name, err));
    }
    return occ_success();
}

static OCC_RESULT
read_all(struct occ_settings *settings, int argc, char *const *argv, char *const *envp, struct occ_error *err)
{
    const struct occ_settings_program *program = settings->program;
    OCC_TRY(occ_flags_read(settings, argc, argv, err));
    if (settings->wants_help || settings->wants_version) {
        return occ_success();
    }
    OCC_TRY(read_environment(settings, envp, err));
    const char *path = program->config_setting == NULL ? NULL : occ_settings_text(settings, program->config_setting);
    if (path != NULL) {
        OCC_TRY(occ_ini_read(settings, path, err));
    }
    return read_defaults(settings, err);
}

struct occ_result
occ_settings_load(const struct occ_settings_program *program, int argc, char *const *argv, char *const *envp,
                  struct occ_error *err, struct occ_settings **ret)
{
    if (program->count > OCC_SETTINGS_MAX) {
        return occ_error_code(err, OCC_ERR_INTERNAL);
    }
    struct occ_settings *settings = calloc(1, sizeof *settings);
    if (settings == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    settings->program = program;
    settings->arguments = calloc(argc < 1 ? 1 : (size_t)argc, sizeof *settings->arguments);
    const struct occ_result result =
        settings->arguments == NULL ? occ_error_code(err, OCC_ERR_NOMEM) : read_all(settings, argc, argv, envp, err);
    if (!occ_is_ok(result)) {
        occ_settings_free(settings);
        return result;
    }
    *ret = settings;
    return occ_success();
}

void
occ_settings_free(struct occ_settings *settings)
{
    if (settings == NULL) {
        return;
    }
    for (size_t i = 0; i < OCC_SETTINGS_MAX; i++) {
        free(settings->values[i].text);
    }
    free(settings->arguments);
    free(settings);
}

bool
occ_settings_wants_help(const struct occ_settings *settings)
{
    return settings->wants_help;
}

bool
occ_settings_wants_version(const struct occ_settings *settings)
{
    return settings->wants_version;
}

/* A name that is not in the table is a slip in the program, not of its user. */
static const struct occ_settings_value *
value_of(const struct occ_settings *settings, const char *name)
{
    const size_t index = occ_settings_find(settings->program, occ_bytes_str(name));
    if (index == settings->program->count) {
        abort();
    }
    return &settings->values[index];
}

bool
occ_settings_is_set(const struct occ_settings *settings, const char *name)
{
    return value_of(settings, name)->source > OCC_SETTINGS_DEFAULT;
}

const char *
occ_settings_text(const struct occ_settings *settings, const char *name)
{
    return value_of(settings, name)->text;
}

uint64_t
occ_settings_number(const struct occ_settings *settings, const char *name)
{
    return value_of(settings, name)->number;
}

bool
occ_settings_switch(const struct occ_settings *settings, const char *name)
{
    return value_of(settings, name)->on;
}

size_t
occ_settings_argument_count(const struct occ_settings *settings)
{
    return settings->argument_count;
}

const char *
occ_settings_argument(const struct occ_settings *settings, size_t index)
{
    return index < settings->argument_count ? settings->arguments[index] : NULL;
}
