/*
 * log.h — JSON lines to one descriptor, written by a thread of its own.
 *
 * A line is formatted straight into a bounded buffer; the thread takes the buffer as a whole and writes it with one call.
 * Nobody waits for a slow disk or a full pipe: lines that find the buffer full are dropped and counted, and a line
 * {"time":…,"dropped":N} says so when there is room again. Any thread may write lines.
 */
#ifndef OCC_SERVER_LOG_H
#define OCC_SERVER_LOG_H

#include "base/buf.h"

struct occ_log;

enum { OCC_LOG_TIME_LEN = 24 }; /* "2026-03-07T12:00:00.123Z" */

/*
 * path: a file (appended to, made with mode 0640 if missing), or "-" for standard output, or NULL for standard error.
 * gather_ms: how long the thread lets lines gather before it writes them; 0 = it writes at once.
 */
OCC_RESULT occ_log_new(const char *path, unsigned gather_ms, struct occ_error *err, struct occ_log **ret_log);
/* Opens the file again (after it was renamed by a log rotation). On failure the old one stays. */
OCC_RESULT occ_log_reopen(struct occ_log *log, struct occ_error *err);
/* Writes what is left, waiting at most two seconds for it, and frees. NULL is allowed. */
void occ_log_free(struct occ_log *log);

/*
 * Between these two the caller appends exactly one line, without its end, to the buffer that begin returns; other threads
 * wait meanwhile.
 */
struct occ_buf *occ_log_begin(struct occ_log *log);
void occ_log_end(struct occ_log *log);

/* Lines dropped since the start. */
uint64_t occ_log_dropped(struct occ_log *log);

/* Appends a quoted JSON string; what is not printable ASCII or valid UTF-8 shows as '?'. */
void occ_log_put_text(struct occ_buf *line, struct occ_bytes text);
/* Appends "2026-03-07T12:00:00.123Z" in quotes. Years 1970 to 9999. */
void occ_log_put_time(struct occ_buf *line, uint64_t unix_ms);

#endif
