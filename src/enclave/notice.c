/* notice.c — JSON lines on standard error. */
#include "enclave/notice.h"

#include "base/buf.h"
#include "base/calendar.h"
#include "codec/canonical.h"
#include "os/clock.h"
#include "os/file.h"

enum { STANDARD_ERROR = 2, LINE_LEN_MAX = 4096 };

static void
put_member(struct occ_buf *line, const char *name, const char *text)
{
    occ_buf_put_str(line, line->len == 0 ? "{" : ",");
    occ_canonical_put_string(line, occ_bytes_str(name));
    occ_buf_put_byte(line, ':');
    occ_canonical_put_string(line, occ_bytes_str(text));
}

void
occ_notice_write(const char *level, const char *message, const struct occ_notice_field *fields, size_t count)
{
    OCC_BUF_AUTO(line, LINE_LEN_MAX);
    char time[OCC_CALENDAR_TEXT_SIZE];
    occ_calendar_format(occ_clock_unix_ms(), time);
    put_member(&line, "time", time);
    put_member(&line, "level", level);
    put_member(&line, "program", "occ-enclave");
    put_member(&line, "message", message);
    for (size_t i = 0; i < count; i++) {
        put_member(&line, fields[i].name, fields[i].text);
    }
    occ_buf_put_str(&line, "}\n");
    if (occ_is_ok(occ_buf_check(&line))) {
        (void)!occ_is_ok(occ_file_write_all(STANDARD_ERROR, occ_buf_view(&line), NULL));
    }
}

void
occ_notice_error(const char *message, const char *reason)
{
    const struct occ_notice_field why = { "error", reason };
    occ_notice_write("error", message, &why, 1);
}
