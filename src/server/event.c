#include "server/event.h"

#include "os/clock.h"

static const char *
level_name(enum occ_event_level level)
{
    switch (level) {
    case OCC_EVENT_ERROR:
        return "error";
    case OCC_EVENT_WARN:
        return "warn";
    case OCC_EVENT_INFO:
        return "info";
    case OCC_EVENT_DEBUG:
        break;
    }
    return "debug";
}

static void
put_member(struct occ_buf *line, const char *name, const char *text)
{
    occ_buf_put_byte(line, ',');
    occ_log_put_text(line, occ_bytes_str(name));
    occ_buf_put_byte(line, ':');
    occ_log_put_text(line, occ_bytes_str(text));
}

void
occ_event_write(const struct occ_events *events, enum occ_event_level level, const char *event,
                const struct occ_event_field *fields, size_t count)
{
    if (events->log == NULL || level > events->level) {
        return;
    }
    struct occ_buf *line = occ_log_begin(events->log);
    occ_buf_put_str(line, "{\"time\":");
    occ_log_put_time(line, occ_clock_unix_ms());
    put_member(line, "level", level_name(level));
    put_member(line, "program", "occd");
    put_member(line, "message", event);
    for (size_t i = 0; i < count; i++) {
        if (fields[i].text != NULL) {
            put_member(line, fields[i].name, fields[i].text);
            continue;
        }
        occ_buf_put_byte(line, ',');
        occ_log_put_text(line, occ_bytes_str(fields[i].name));
        occ_buf_put_byte(line, ':');
        occ_buf_put_u64(line, fields[i].number);
    }
    occ_buf_put_byte(line, '}');
    occ_log_end(events->log);
}

void
occ_event_note(const struct occ_events *events, enum occ_event_level level, const char *event)
{
    occ_event_write(events, level, event, NULL, 0);
}

void
occ_event_error(const struct occ_events *events, enum occ_event_level level, const char *event, const char *error)
{
    const struct occ_event_field field = OCC_EVENT_TEXT("error", error);
    occ_event_write(events, level, event, &field, 1);
}
