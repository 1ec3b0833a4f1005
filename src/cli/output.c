#include "cli/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/text.h"
#include "os/file.h"

enum { LONGEST_SENTENCE = 4096 };

enum occ_exit
occ_output_exit_of(enum occ_err code)
{
    const int number = (int)code;
    if (code == OCC_OK) {
        return OCC_EXIT_DONE;
    }
    if (number >= 100 && number < 300) {
        return OCC_EXIT_REFUSED;
    }
    return code == OCC_ERR_USAGE || (number >= 40 && number < 70) ? OCC_EXIT_USAGE : OCC_EXIT_FAILED;
}

static void
put_sentence(const struct occ_cli *cli, struct occ_bytes sentence)
{
    OCC_BUF_AUTO(line, LONGEST_SENTENCE);
    occ_buf_put_format(&line, "%s: ", cli->name);
    occ_text_put_safe(&line, sentence);
    occ_buf_put_byte(&line, '\n');
    /* Where standard error cannot be written there is nobody left to tell. */
    const struct occ_result result = occ_file_write_all(STDERR_FILENO, occ_buf_view(&line), NULL);
    (void)result;
}

enum occ_exit
occ_output_fail(const struct occ_cli *cli, const struct occ_error *err)
{
    put_sentence(cli, occ_bytes_str(err->text));
    return occ_output_exit_of(err->code);
}

__attribute__((format(printf, 2, 0))) static void
put_formatted(const struct occ_cli *cli, const char *format, va_list arguments)
{
    char text[LONGEST_SENTENCE / 2];
    const int len = vsnprintf(text, sizeof text, format, arguments);
    if (len > 0) {
        put_sentence(cli, occ_bytes_str(text));
    }
}

enum occ_exit
occ_output_usage(const struct occ_cli *cli, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put_formatted(cli, format, arguments);
    va_end(arguments);
    return OCC_EXIT_USAGE;
}

void
occ_output_note(const struct occ_cli *cli, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put_formatted(cli, format, arguments);
    va_end(arguments);
}

void
occ_output_last_resort(struct occ_buf *buf)
{
    occ_buf_put_byte(buf, '\n');
    const struct occ_result result = occ_file_write_all(STDERR_FILENO, occ_buf_view(buf), NULL);
    (void)result;
    occ_buf_reset(buf);
}

enum occ_exit
occ_output_text(const struct occ_cli *cli, struct occ_buf *buf)
{
    struct occ_error err = { 0 };
    struct occ_result result = occ_buf_check(buf);
    if (!occ_is_ok(result)) {
        result = occ_error_code(&err, result.code);
    } else {
        result = occ_file_write_all(STDOUT_FILENO, occ_buf_view(buf), &err);
    }
    occ_buf_reset(buf);
    if (occ_is_ok(result)) {
        return OCC_EXIT_DONE;
    }
    occ_output_note(cli, "standard output: %s", err.text);
    return OCC_EXIT_FAILED;
}

enum occ_exit
occ_output_json_part(const struct occ_cli *cli, struct occ_buf *buf)
{
    if (!cli->out_is_terminal || !occ_is_ok(occ_buf_check(buf))) {
        return occ_output_text(cli, buf);
    }
    OCC_BUF_AUTO(safe, 6 * buf->len); /* a byte grows to \uXXXX at most */
    occ_text_put_safe(&safe, occ_buf_view(buf));
    occ_buf_reset(buf);
    return occ_output_text(cli, &safe);
}

enum occ_exit
occ_output_json(const struct occ_cli *cli, struct occ_buf *buf)
{
    const enum occ_exit written = occ_output_json_part(cli, buf);
    if (written != OCC_EXIT_DONE) {
        return written;
    }
    occ_buf_put_byte(buf, '\n');
    return occ_output_text(cli, buf);
}
