#include "base/buf.h"
#include "settings/internal.h"
#include "settings/suggest.h"

/* Where the reading of argv stands. */
struct cursor {
    struct occ_settings *settings;
    struct occ_error *err;
    int argc;
    char *const *argv;
    int next; /* the first word not read yet */
};

static OCC_RESULT
unknown_flag(const struct cursor *cursor, struct occ_bytes name)
{
    const struct occ_settings_program *program = cursor->settings->program;
    struct occ_suggest suggest = { .word = name };
    for (size_t i = 0; i < program->count; i++) {
        occ_suggest_offer(&suggest, program->table[i].name);
    }
    occ_suggest_offer(&suggest, "help");
    occ_suggest_offer(&suggest, "version");
    if (suggest.best == NULL) {
        return occ_error_set(cursor->err, OCC_ERR_USAGE, "unknown flag \"--%.*s\"", OCC_BYTES_ARG(name));
    }
    return occ_error_set(cursor->err, OCC_ERR_USAGE, "unknown flag \"--%.*s\", did you mean \"--%s\"?",
                         (int)(name.len > 60 ? 60 : name.len), (const char *)name.ptr, suggest.best);
}

/* The word after a flag that needs a value. One that looks like a flag is not taken: the value was forgotten. */
static OCC_RESULT
next_word(struct cursor *cursor, const char *where, const struct occ_setting *setting, struct occ_bytes *ret_value)
{
    if (cursor->next >= cursor->argc) {
        return occ_error_set(cursor->err, OCC_ERR_USAGE, "%s: needs a value, %s", where, setting->argument);
    }
    const char *word = cursor->argv[cursor->next];
    if (strncmp(word, "--", 2) == 0) {
        return occ_error_set(cursor->err, OCC_ERR_USAGE, "%s: needs a value, %s, but \"%.60s\" follows", where,
                             setting->argument, word);
    }
    cursor->next++;
    *ret_value = occ_bytes_str(word);
    return occ_success();
}

/* --name, --name=value, --name value, --no-name. word is without "--". */
static OCC_RESULT
read_long(struct cursor *cursor, const char *word)
{
    const struct occ_settings_program *program = cursor->settings->program;
    const char *equals = strchr(word, '=');
    const struct occ_bytes name = occ_bytes_of(word, equals == NULL ? strlen(word) : (size_t)(equals - word));
    size_t index = occ_settings_find(program, name);
    bool on = true;
    if (index == program->count && occ_bytes_starts(name, "no-")) {
        index = occ_settings_find(program, occ_bytes_of(name.ptr + 3, name.len - 3));
        on = false;
    }
    if (index == program->count || (!on && program->table[index].type != OCC_SETTING_SWITCH)) {
        return unknown_flag(cursor, name);
    }
    const struct occ_setting *setting = &program->table[index];
    struct occ_settings_value *value = &cursor->settings->values[index];
    OCC_BUF_AUTO(where, 128);
    occ_buf_put_format(&where, "--%.*s", OCC_BYTES_ARG(name));
    occ_buf_put_byte(&where, 0);
    OCC_TRY(occ_buf_check(&where));
    const char *flag = (const char *)where.ptr;
    if (setting->type == OCC_SETTING_SWITCH) {
        if (equals != NULL) {
            return occ_error_set(cursor->err, OCC_ERR_USAGE, "%s: takes no value; --%s turns it on, --no-%s off", flag,
                                 setting->name, setting->name);
        }
        value->on = on;
        value->source = OCC_SETTINGS_FLAG;
        return occ_success();
    }
    struct occ_bytes text = occ_bytes_str(equals == NULL ? NULL : equals + 1);
    if (equals == NULL) {
        OCC_TRY(next_word(cursor, flag, setting, &text));
    }
    return occ_typed_set(value, setting, text, OCC_SETTINGS_FLAG, flag, cursor->err);
}

static size_t
find_letter(const struct occ_settings_program *program, char letter)
{
    for (size_t i = 0; i < program->count; i++) {
        if (program->table[i].letter == letter) {
            return i;
        }
    }
    return program->count;
}

/* -q, -qv, -o value, -ovalue. letters is without "-". */
static OCC_RESULT
read_letters(struct cursor *cursor, const char *letters)
{
    const struct occ_settings_program *program = cursor->settings->program;
    for (const char *letter = letters; *letter != '\0'; letter++) {
        const size_t index = find_letter(program, *letter);
        if (index == program->count) {
            return occ_error_set(cursor->err, OCC_ERR_USAGE, "unknown flag \"-%c\"", *letter);
        }
        const struct occ_setting *setting = &program->table[index];
        struct occ_settings_value *value = &cursor->settings->values[index];
        if (setting->type == OCC_SETTING_SWITCH) {
            value->on = true;
            value->source = OCC_SETTINGS_FLAG;
            continue;
        }
        const char where[3] = { '-', *letter, '\0' };
        struct occ_bytes text = occ_bytes_str(letter + 1);
        if (text.len == 0) {
            OCC_TRY(next_word(cursor, where, setting, &text));
        }
        return occ_typed_set(value, setting, text, OCC_SETTINGS_FLAG, where, cursor->err);
    }
    return occ_success();
}

static OCC_RESULT
take_argument(struct cursor *cursor, const char *word)
{
    struct occ_settings *settings = cursor->settings;
    if (!settings->program->takes_arguments) {
        return occ_error_set(cursor->err, OCC_ERR_USAGE, "unexpected argument \"%.200s\"", word);
    }
    settings->arguments[settings->argument_count] = word;
    settings->argument_count++;
    return occ_success();
}

/* --help and --version count wherever they stand before "--", and whatever else is wrong. */
static void
look_for_help(struct occ_settings *settings, int argc, char *const *argv)
{
    const bool h_is_free = find_letter(settings->program, 'h') == settings->program->count;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || (h_is_free && strcmp(argv[i], "-h") == 0)) {
            settings->wants_help = true;
        } else if (strcmp(argv[i], "--version") == 0) {
            settings->wants_version = true;
        }
    }
}

struct occ_result
occ_flags_read(struct occ_settings *settings, int argc, char *const *argv, struct occ_error *err)
{
    look_for_help(settings, argc, argv);
    if (settings->wants_help || settings->wants_version) {
        return occ_success();
    }
    struct cursor cursor = { .settings = settings, .err = err, .argc = argc, .argv = argv, .next = 1 };
    bool flags_ended = false;
    while (cursor.next < argc) {
        const char *word = argv[cursor.next];
        cursor.next++;
        if (flags_ended || word[0] != '-' || word[1] == '\0') {
            OCC_TRY(take_argument(&cursor, word));
        } else if (strcmp(word, "--") == 0) {
            flags_ended = true;
        } else if (word[1] == '-') {
            OCC_TRY(read_long(&cursor, word + 2));
        } else {
            OCC_TRY(read_letters(&cursor, word + 1));
        }
    }
    return occ_success();
}
