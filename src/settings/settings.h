/*
 * settings.h — flags > environment > file, from one table per program.
 *
 * A program (or one command of occ) describes its settings in a table; from it come the parsing, the errors and the --help
 * text. Unknown names are errors in flags and in the file. The file is ini text ("name = value", '#' and ';' begin
 * comments, names as the flags without "--"), named by --config or the environment variable that the table gives it.
 * A flag given twice: the last one counts. A name given twice in the file is an error. An empty variable counts as unset.
 */
#ifndef OCC_SETTINGS_SETTINGS_H
#define OCC_SETTINGS_SETTINGS_H

#include "base/bytes.h"
#include "base/result.h"

enum occ_setting_type {
    OCC_SETTING_SWITCH, /* --name, --no-name; in file and environment: true or false */
    OCC_SETTING_TEXT,   /* any non-empty text */
    OCC_SETTING_NUMBER, /* a whole number between min and max */
    OCC_SETTING_SIZE,   /* bytes: a whole number with an optional k, M or G (times 1024), between min and max */
    OCC_SETTING_TIME,   /* milliseconds: a whole number with ms, s, m or h behind it, between min and max */
    OCC_SETTING_CHOICE  /* one of the words in choices, separated by '|' */
};

struct occ_setting {
    const char *name; /* "listen": the flag is --listen */
    char letter;      /* 'q' for -q, or 0 */
    enum occ_setting_type type;
    const char *argument; /* what --help shows for the value: "HOST:PORT"; NULL for a switch */
    const char *env;      /* "OCC_LISTEN", or NULL: not from the environment. "OCC_PORT|PORT": the first that is set */
    const char *fallback; /* the default as a user would write it; NULL = none ("off" for a switch is NULL) */
    uint64_t min, max;    /* for numbers, sizes, times; max 0 = no upper bound */
    const char *choices;  /* for OCC_SETTING_CHOICE */
    bool only_flag;       /* not in the file (for example --config itself); the environment is for env to say */
    const char *help;     /* one or two sentences with unit; the default is added by the printer */
};

enum { OCC_SETTINGS_MAX = 128 };

struct occ_settings_program {
    const char *name;                /* "occd", "occ commit" */
    const char *const *usage;        /* usage lines without the name, NULL at the end */
    const char *about;               /* a short paragraph */
    const struct occ_setting *table; /* count entries; --help, --version are added by the module */
    size_t count;                    /* at most OCC_SETTINGS_MAX */
    const char *config_setting;      /* name of the setting that names the file, or NULL */
    bool takes_arguments;            /* false: a word that is no flag is an error */
    const char *epilog;              /* printed after the options: examples, files, exit codes; or NULL */
};

struct occ_settings;

/*
 * Reads argv[1 … argc-1], envp ("NAME=value" strings, NULL at the end) and the file. "--" ends the flags. --name=value and
 * --name value are the same. Errors name the flag, variable, or file and line: OCC_ERR_USAGE, or what occ_file_read gives
 * for a file that cannot be read. *ret is the caller's; program, argv and envp must outlive it.
 * If --help (or -h) or --version was given nothing else is checked, and occ_settings_wants_… tells.
 */
OCC_RESULT occ_settings_load(const struct occ_settings_program *program, int argc, char *const *argv, char *const *envp,
                             struct occ_error *err, struct occ_settings **ret);
void occ_settings_free(struct occ_settings *settings); /* NULL is allowed */

bool occ_settings_wants_help(const struct occ_settings *settings);
bool occ_settings_wants_version(const struct occ_settings *settings);

/* True if the value came from a flag, the environment or the file, not from the default. */
bool occ_settings_is_set(const struct occ_settings *settings, const char *name);
/* Text and choices, and numbers as they were written; NULL if it has no value. Valid as long as settings. */
const char *occ_settings_text(const struct occ_settings *settings, const char *name);
/* Numbers, sizes (bytes) and times (milliseconds); 0 if it has no value. */
uint64_t occ_settings_number(const struct occ_settings *settings, const char *name);
bool occ_settings_switch(const struct occ_settings *settings, const char *name);
/* The words that are no flags. */
size_t occ_settings_argument_count(const struct occ_settings *settings);
const char *occ_settings_argument(const struct occ_settings *settings, size_t index);

/* The --help text of a program, made from its table, at most 80 columns wide. buf is the caller's. */
struct occ_buf;
void occ_settings_put_help(const struct occ_settings_program *program, struct occ_buf *buf);
/* What --version prints: the first word of the program's name, the version, and the protocol: "occd 0.1.0 (occ/1)\n". */
void occ_settings_put_version(const struct occ_settings_program *program, struct occ_buf *buf);

#endif
