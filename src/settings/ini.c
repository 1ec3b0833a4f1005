/*
 * The settings file, read by inih, which is lenient; the lines pass through read_line first, which is not. It also counts
 * them: the handler does not get their numbers. inih takes lines of 198 bytes; longer ones (an enclave's list of chains) are
 * taken apart here, in the same way.
 */
#include <ini.h>
#include <stdlib.h>

#include "base/buf.h"
#include "os/file.h"
#include "settings/internal.h"
#include "settings/suggest.h"

enum { LONGEST_FILE = 64 << 10 };

struct reading {
    struct occ_settings *settings;
    const char *path;
    struct occ_bytes rest; /* lines not read yet */
    int line;              /* the number of the line being read, from 1 */
    bool seen[OCC_SETTINGS_MAX];
    struct occ_error *err;
    struct occ_result result; /* of the first line that is refused */
};

/* Refuses the line: sentence begins with "PATH:LINE: ". Reading ends there. */
#define REFUSE(reading, ...) refuse((reading), occ_error_set((reading)->err, OCC_ERR_USAGE, __VA_ARGS__))
static void
refuse(struct reading *reading, struct occ_result result)
{
    reading->result = result;
    reading->rest.len = 0;
}

/* Takes the next line off the text, without its end and the white space around it. */
static struct occ_bytes
take_line(struct reading *reading)
{
    const uint8_t *start = reading->rest.ptr;
    const uint8_t *newline = memchr(start, '\n', reading->rest.len);
    const size_t len = newline == NULL ? reading->rest.len : (size_t)(newline - start);
    const size_t taken = newline == NULL ? len : len + 1;
    reading->rest = occ_bytes_of(start + taken, reading->rest.len - taken);
    reading->line++;
    /* A line that begins with white space would be a continuation to inih. */
    return occ_bytes_trim(occ_bytes_of(start, len));
}

static int take_setting(void *user, const char *section, const char *name, const char *text);

/* A comment begins with ';' behind white space. */
static struct occ_bytes
without_comment(struct occ_bytes text)
{
    for (size_t i = 1; i < text.len; i++) {
        if (text.ptr[i] == ';' && occ_bytes_is_blank(text.ptr[i - 1])) {
            return occ_bytes_of(text.ptr, i);
        }
    }
    return text;
}

static void
take_long_line(struct reading *reading, struct occ_bytes line)
{
    line = without_comment(line);
    size_t name_len = 0;
    while (name_len < line.len && line.ptr[name_len] != '=' && line.ptr[name_len] != ':') {
        name_len++;
    }
    if (name_len == line.len) {
        REFUSE(reading, "%.200s:%d: expected name = value", reading->path, reading->line);
        return;
    }
    OCC_BUF_AUTO(text, LONGEST_FILE + 2);
    occ_buf_put(&text, occ_bytes_trim(occ_bytes_of(line.ptr, name_len)));
    occ_buf_put_byte(&text, '\0');
    const size_t value_at = text.len;
    occ_buf_put(&text, occ_bytes_trim(occ_bytes_of(line.ptr + name_len + 1, line.len - name_len - 1)));
    occ_buf_put_byte(&text, '\0');
    const struct occ_result put = occ_buf_check(&text);
    if (!occ_is_ok(put)) {
        refuse(reading, occ_error_code(reading->err, put.code));
        return;
    }
    (void)take_setting(reading, "", (const char *)text.ptr, (const char *)text.ptr + value_at);
}

/* inih's source of lines, as fgets. */
static char *
read_line(char *to, int size, void *stream)
{
    struct reading *reading = stream;
    if (reading->rest.len == 0) {
        return NULL;
    }
    struct occ_bytes line = take_line(reading);
    if (line.len > 0 && (line.ptr[0] == '#' || line.ptr[0] == ';')) {
        line.len = 0;
    }
    if (line.len > 0 && line.ptr[0] == '[') {
        REFUSE(reading, "%.200s:%d: a section, expected name = value", reading->path, reading->line);
        return NULL;
    }
    if (memchr(line.ptr, '\0', line.len) != NULL) {
        REFUSE(reading, "%.200s:%d: contains a zero byte", reading->path, reading->line);
        return NULL;
    }
    const size_t room = size < 2 ? 0 : (size_t)size - 2;
    if (line.len > room) {
        take_long_line(reading, line);
        line.len = 0;
    }
    if (line.len > 0) {
        memcpy(to, line.ptr, line.len);
    }
    to[line.len] = '\n';
    to[line.len + 1] = '\0';
    return to;
}

static void
unknown_name(struct reading *reading, const char *name)
{
    const struct occ_settings_program *program = reading->settings->program;
    struct occ_suggest suggest = { .word = occ_bytes_str(name) };
    for (size_t i = 0; i < program->count; i++) {
        if (!program->table[i].only_flag) {
            occ_suggest_offer(&suggest, program->table[i].name);
        }
    }
    if (suggest.best == NULL) {
        REFUSE(reading, "%.160s:%d: unknown setting \"%.60s\"", reading->path, reading->line, name);
        return;
    }
    REFUSE(reading, "%.160s:%d: unknown setting \"%.60s\", did you mean \"%s\"?", reading->path, reading->line, name,
           suggest.best);
}

/* inih's handler: 0 = refused. */
static int
take_setting(void *user, const char *section, const char *name, const char *text)
{
    (void)section;
    struct reading *reading = user;
    const struct occ_settings_program *program = reading->settings->program;
    if (!occ_is_ok(reading->result)) {
        return 0;
    }
    const size_t index = occ_settings_find(program, occ_bytes_str(name));
    if (index == program->count) {
        unknown_name(reading, name);
        return 0;
    }
    const struct occ_setting *setting = &program->table[index];
    if (setting->only_flag) {
        REFUSE(reading, "%.160s:%d: \"%s\" cannot stand in the file, give --%s", reading->path, reading->line,
               setting->name, setting->name);
        return 0;
    }
    if (reading->seen[index]) {
        REFUSE(reading, "%.160s:%d: \"%s\" a second time", reading->path, reading->line, setting->name);
        return 0;
    }
    reading->seen[index] = true;
    OCC_BUF_AUTO(where, 1024);
    occ_buf_put_format(&where, "%.160s:%d: %s", reading->path, reading->line, setting->name);
    occ_buf_put_byte(&where, 0);
    struct occ_result result = occ_buf_check(&where);
    if (occ_is_ok(result)) {
        /* Checked also where a stronger source has decided: then only the check counts. */
        struct occ_settings_value *value = &reading->settings->values[index];
        struct occ_settings_value unused = { 0 };
        const bool decided = value->source != OCC_SETTINGS_NONE;
        result = occ_typed_set(decided ? &unused : value, setting, occ_bytes_str(text), OCC_SETTINGS_FILE,
                               (const char *)where.ptr, reading->err);
        free(unused.text);
    }
    if (!occ_is_ok(result)) {
        refuse(reading, result);
        return 0;
    }
    return 1;
}

struct occ_result
occ_ini_read(struct occ_settings *settings, const char *path, struct occ_error *err)
{
    OCC_BUF_AUTO(content, LONGEST_FILE);
    OCC_TRY(occ_file_read(path, err, &content));
    struct reading reading = {
        .settings = settings, .path = path, .rest = occ_buf_view(&content), .err = err, .result = occ_success()
    };
    if (occ_bytes_starts(reading.rest, "\xef\xbb\xbf")) {
        reading.rest = occ_bytes_of(reading.rest.ptr + 3, reading.rest.len - 3); /* an editor's byte order mark */
    }
    const int status = ini_parse_stream(read_line, &reading, take_setting, &reading);
    OCC_TRY(reading.result);
    if (status > 0) {
        return occ_error_set(err, OCC_ERR_USAGE, "%.200s:%d: expected name = value", path, status);
    }
    if (status < 0) {
        return occ_error_set(err, OCC_ERR_NOMEM, "%.200s: out of memory", path);
    }
    return occ_success();
}
