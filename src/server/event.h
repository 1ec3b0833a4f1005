/*
 * event.h — the program log: what happened to the server, as JSON lines on standard error.
 *
 * {"time":"…","level":"info","program":"occd","message":"listening","address":"127.0.0.1:8080",…}: the same shape as the
 * boundary's own lines. Never a token, never what a caller sent.
 */
#ifndef OCC_SERVER_EVENT_H
#define OCC_SERVER_EVENT_H

#include "server/log.h"

enum occ_event_level { OCC_EVENT_ERROR, OCC_EVENT_WARN, OCC_EVENT_INFO, OCC_EVENT_DEBUG };

/* Where events go and which. log may be NULL: then they go nowhere (tests). */
struct occ_events {
    struct occ_log *log;
    enum occ_event_level level; /* this one and graver ones are written */
};

/* One more member of the line: a text, or, with text NULL, a number. */
struct occ_event_field {
    const char *name;
    const char *text;
    uint64_t number;
};
#define OCC_EVENT_TEXT(name, text) ((struct occ_event_field){ (name), (text), 0 })
#define OCC_EVENT_NUMBER(name, number) ((struct occ_event_field){ (name), NULL, (number) })

/* event: what happened, a few words; fields: count of them. */
void occ_event_write(const struct occ_events *events, enum occ_event_level level, const char *event,
                     const struct occ_event_field *fields, size_t count);

/* The common cases: no field, and an "error" that says why. */
void occ_event_note(const struct occ_events *events, enum occ_event_level level, const char *event);
void occ_event_error(const struct occ_events *events, enum occ_event_level level, const char *event, const char *error);

#endif
