#include "base/buf.h"
#include "settings/internal.h"

enum {
    WIDTH = 80,       /* columns, at most */
    TEXT_COLUMN = 26, /* where the text of a setting begins */
    DETAILS_LEN = 512
};

/* Columns that UTF-8 text takes: code points. */
static size_t
columns(struct occ_bytes text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += (text.ptr[i] & 0xc0) != 0x80 ? 1 : 0;
    }
    return count;
}

static void
put_spaces(struct occ_buf *buf, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        occ_buf_put_byte(buf, ' ');
    }
}

/* Text in words, wrapped before column WIDTH; the first line goes on at column, later ones begin at indent. */
static void
put_wrapped(struct occ_buf *buf, struct occ_bytes text, size_t indent, size_t *column)
{
    size_t start = 0;
    while (start < text.len) {
        size_t end = start;
        while (end < text.len && text.ptr[end] != ' ') {
            end++;
        }
        const struct occ_bytes word = occ_bytes_of(text.ptr + start, end - start);
        const size_t gap = *column > indent ? 1 : 0;
        if (*column + gap + columns(word) >= WIDTH && *column > indent) {
            occ_buf_put_byte(buf, '\n');
            put_spaces(buf, indent);
            *column = indent;
        } else if (gap != 0 && word.len > 0) {
            occ_buf_put_byte(buf, ' ');
            *column += 1;
        }
        occ_buf_put(buf, word);
        *column += columns(word);
        start = end + 1;
    }
}

/* "  -o, --output FILE" and the spaces up to TEXT_COLUMN, on the next line if it is too long. */
static void
put_flag(struct occ_buf *buf, char letter, const char *prefix, const char *name, const char *argument)
{
    size_t column = 6;
    if (letter == 0) {
        occ_buf_put_str(buf, "      ");
    } else {
        occ_buf_put_format(buf, "  -%c, ", letter);
    }
    occ_buf_put_format(buf, "%s%s", prefix, name);
    column += strlen(prefix) + strlen(name);
    if (argument != NULL) {
        occ_buf_put_format(buf, " %s", argument);
        column += 1 + strlen(argument);
    }
    if (column + 2 > TEXT_COLUMN) {
        occ_buf_put_byte(buf, '\n');
        column = 0;
    }
    put_spaces(buf, TEXT_COLUMN - column);
}

/* "(1 to 65535; default 8080; environment OCC_PORT)", or nothing. */
static void
put_details(struct occ_buf *buf, const struct occ_setting *setting)
{
    const char *gap = "(";
    const bool numeric =
        setting->type == OCC_SETTING_NUMBER || setting->type == OCC_SETTING_SIZE || setting->type == OCC_SETTING_TIME;
    if (numeric && (setting->min != 0 || setting->max != 0)) {
        occ_buf_put_str(buf, gap);
        occ_typed_put_range(setting, buf);
        gap = "; ";
    }
    if (setting->type == OCC_SETTING_CHOICE) {
        occ_buf_put_format(buf, "%s%s", gap, setting->choices);
        gap = "; ";
    }
    if (setting->fallback != NULL) {
        const bool is_switch = setting->type == OCC_SETTING_SWITCH;
        const char *shown = !is_switch ? setting->fallback : strcmp(setting->fallback, "true") == 0 ? "on" : "off";
        occ_buf_put_format(buf, "%sdefault %s", gap, shown);
        gap = "; ";
    }
    if (setting->env != NULL) {
        occ_buf_put_format(buf, "%senvironment ", gap);
        gap = "; ";
        for (const char *name = setting->env; *name != '\0'; name++) {
            if (*name == '|') {
                occ_buf_put_str(buf, " or ");
            } else {
                occ_buf_put_byte(buf, (uint8_t)*name);
            }
        }
    }
    if (gap[0] == ';') {
        occ_buf_put_byte(buf, ')');
    }
}

static void
put_setting(struct occ_buf *buf, const struct occ_setting *setting)
{
    /* A switch that is on by default is one to turn off. */
    const bool default_on =
        setting->type == OCC_SETTING_SWITCH && setting->fallback != NULL && strcmp(setting->fallback, "true") == 0;
    put_flag(buf, setting->letter, default_on ? "--[no-]" : "--", setting->name, setting->argument);
    size_t column = TEXT_COLUMN;
    put_wrapped(buf, occ_bytes_str(setting->help), TEXT_COLUMN, &column);
    OCC_BUF_AUTO(details, DETAILS_LEN);
    put_details(&details, setting);
    put_wrapped(buf, occ_buf_view(&details), TEXT_COLUMN, &column);
    occ_buf_put_byte(buf, '\n');
}

static void
put_usage(struct occ_buf *buf, const struct occ_settings_program *program)
{
    for (size_t i = 0; program->usage[i] != NULL; i++) {
        occ_buf_put_format(buf, "%s%s%s%s\n", i == 0 ? "Usage: " : "       ", program->name,
                           program->usage[i][0] == '\0' ? "" : " ", program->usage[i]);
    }
    occ_buf_put_byte(buf, '\n');
}

void
occ_settings_put_help(const struct occ_settings_program *program, struct occ_buf *buf)
{
    put_usage(buf, program);
    size_t column = 0;
    put_wrapped(buf, occ_bytes_str(program->about), 0, &column);
    occ_buf_put_str(buf, "\n\nOptions:\n");
    bool h_is_free = true;
    for (size_t i = 0; i < program->count; i++) {
        put_setting(buf, &program->table[i]);
        h_is_free = h_is_free && program->table[i].letter != 'h';
    }
    put_flag(buf, h_is_free ? 'h' : (char)0, "--", "help", NULL);
    occ_buf_put_str(buf, "Print this text and exit.\n");
    put_flag(buf, 0, "--", "version", NULL);
    occ_buf_put_str(buf, "Print the version and exit.\n");
    if (program->epilog != NULL) {
        occ_buf_put_format(buf, "\n%s", program->epilog);
        if (buf->len > 0 && buf->ptr[buf->len - 1] != '\n') {
            occ_buf_put_byte(buf, '\n');
        }
    }
}

void
occ_settings_put_version(const struct occ_settings_program *program, struct occ_buf *buf)
{
    occ_buf_put(buf, occ_bytes_of(program->name, strcspn(program->name, " ")));
    occ_buf_put_str(buf, " " OCC_VERSION " (occ/1)\n");
}
