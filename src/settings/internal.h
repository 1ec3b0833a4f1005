/*
 * internal.h — what the files of settings share.
 *
 * Sources are asked from the strongest to the weakest, and a value that is there stays: flags replace flags, everything
 * else only fills what is still OCC_SETTINGS_NONE.
 */
#ifndef OCC_SETTINGS_INTERNAL_H
#define OCC_SETTINGS_INTERNAL_H

#include "settings/settings.h"

enum occ_settings_source {
    OCC_SETTINGS_NONE, /* no value */
    OCC_SETTINGS_DEFAULT,
    OCC_SETTINGS_FILE,
    OCC_SETTINGS_ENVIRONMENT,
    OCC_SETTINGS_FLAG
};

struct occ_settings_value {
    enum occ_settings_source source;
    char *text;      /* texts, choices, and numbers as they were written; owned */
    uint64_t number; /* numbers, sizes, times */
    bool on;         /* switches */
};

struct occ_settings {
    const struct occ_settings_program *program;
    struct occ_settings_value values[OCC_SETTINGS_MAX]; /* values[i] is of program->table[i] */
    const char **arguments;                             /* words of argv; the array is owned */
    size_t argument_count;
    bool wants_help, wants_version;
};

/* typed.c: reads text by the setting's type into *value, source included. where begins the sentence of a refusal. */
OCC_RESULT occ_typed_set(struct occ_settings_value *value, const struct occ_setting *setting, struct occ_bytes text,
                         enum occ_settings_source source, const char *where, struct occ_error *err);
/* typed.c: ranges as --help and refusals show them: "1 to 65535", "1k to 4M", "100ms to 1h". */
void occ_typed_put_range(const struct occ_setting *setting, struct occ_buf *buf);

/* flags.c: the words of argv. */
OCC_RESULT occ_flags_read(struct occ_settings *settings, int argc, char *const *argv, struct occ_error *err);
/* ini.c: the ini file at path. */
OCC_RESULT occ_ini_read(struct occ_settings *settings, const char *path, struct occ_error *err);
/* settings.c: the index of a name in the table, or count. */
size_t occ_settings_find(const struct occ_settings_program *program, struct occ_bytes name);

#endif
