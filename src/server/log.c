#include "server/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/limits.h"
#include "os/clock.h"

enum { STOP_WAIT_S = 2 };

struct occ_log {
    char *path; /* NULL: the descriptor was there before us and stays open */
    unsigned gather_ms;
    pthread_t thread;

    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t wake;   /* for the thread: lines are there, or stop */
    pthread_cond_t done;   /* for occ_log_free: the thread has ended */
    int fd;
    struct occ_buf filling; /* whole lines, but between begin and end */
    size_t line_begin;      /* where the line that is being written begins */
    uint64_t dropped, dropped_reported;
    bool hurry, stop, ended;
};

void
occ_log_put_time(struct occ_buf *line, uint64_t unix_ms)
{
    char text[OCC_CALENDAR_TEXT_SIZE];
    occ_calendar_format(unix_ms, text);
    occ_buf_put_byte(line, '"');
    occ_buf_put_str(line, text);
    occ_buf_put_byte(line, '"');
}

static bool
is_plain(uint8_t byte, bool is_utf8)
{
    return byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7f && (byte < 0x80 || is_utf8);
}

void
occ_log_put_text(struct occ_buf *line, struct occ_bytes text)
{
    const bool is_utf8 = occ_bytes_is_utf8(text);
    occ_buf_put_byte(line, '"');
    size_t begin = 0;
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t byte = text.ptr[i];
        if (is_plain(byte, is_utf8)) {
            continue;
        }
        occ_buf_put(line, occ_bytes_of(text.ptr + begin, i - begin));
        begin = i + 1;
        const bool is_escaped = byte == '"' || byte == '\\';
        if (is_escaped) {
            occ_buf_put_byte(line, '\\');
        }
        occ_buf_put_byte(line, is_escaped ? byte : '?');
    }
    if (begin < text.len) {
        occ_buf_put(line, occ_bytes_of(text.ptr + begin, text.len - begin));
    }
    occ_buf_put_byte(line, '"');
}

static uint64_t
count_lines(struct occ_bytes text)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < text.len; i++) {
        lines += text.ptr[i] == '\n';
    }
    return lines;
}

/* Returns how many lines were lost because the descriptor does not take them. */
static uint64_t
write_lines(int fd, struct occ_bytes text)
{
    while (text.len > 0) {
        const ssize_t len = write(fd, text.ptr, text.len);
        if (len < 0 && errno == EINTR) {
            continue;
        }
        if (len <= 0) {
            return count_lines(text);
        }
        text = occ_bytes_of(text.ptr + len, text.len - (size_t)len);
    }
    return 0;
}

static void
take_back_line(struct occ_log *log, size_t begin)
{
    log->filling.len = begin;
    log->filling.fail = OCC_OK;
}

static void
put_dropped_line(struct occ_log *log)
{
    if (log->dropped == log->dropped_reported) {
        return;
    }
    const size_t begin = log->filling.len;
    occ_buf_put_str(&log->filling, "{\"time\":");
    occ_log_put_time(&log->filling, occ_clock_unix_ms());
    occ_buf_put_str(&log->filling, ",\"dropped\":");
    occ_buf_put_u64(&log->filling, log->dropped - log->dropped_reported);
    occ_buf_put_str(&log->filling, "}\n");
    if (!occ_is_ok(occ_buf_check(&log->filling))) {
        take_back_line(log, begin); /* full again: said next time */
        return;
    }
    log->dropped_reported = log->dropped;
}

static void
let_lines_gather(struct occ_log *log)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)log->gather_ms * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    while (!log->stop && !log->hurry) {
        if (pthread_cond_timedwait(&log->wake, &log->mutex, &until) != 0) {
            return;
        }
    }
}

static void *
run(void *arg)
{
    struct occ_log *log = arg;
    struct occ_buf writing = OCC_BUF_INIT(OCC_LIMIT_LOG_LEN);
    (void)pthread_mutex_lock(&log->mutex);
    while (!log->stop || log->filling.len > 0) {
        if (log->filling.len == 0) {
            (void)pthread_cond_wait(&log->wake, &log->mutex);
            continue;
        }
        if (log->gather_ms > 0) {
            let_lines_gather(log);
        }
        const struct occ_buf swap = log->filling;
        log->filling = writing;
        writing = swap;
        log->hurry = false;
        const int fd = log->fd;
        (void)pthread_mutex_unlock(&log->mutex);
        const uint64_t lost = write_lines(fd, occ_buf_view(&writing));
        occ_buf_reset(&writing);
        (void)pthread_mutex_lock(&log->mutex);
        log->dropped += lost;
        if (lost == 0) {
            put_dropped_line(log);
        }
    }
    log->ended = true;
    (void)pthread_cond_signal(&log->done);
    (void)pthread_mutex_unlock(&log->mutex);
    occ_buf_clear(&writing);
    return NULL;
}

static struct occ_result
open_path(const char *path, struct occ_error *err, int *ret_fd)
{
    const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
    if (fd < 0) {
        return occ_error_set(err, OCC_ERR_IO, "%s: cannot open the log: %s", path, strerror(errno));
    }
    *ret_fd = fd;
    return occ_success();
}

static void
free_parts(struct occ_log *log)
{
    if (log->path != NULL) {
        (void)close(log->fd);
    }
    occ_buf_clear(&log->filling);
    (void)pthread_mutex_destroy(&log->mutex);
    (void)pthread_cond_destroy(&log->wake);
    (void)pthread_cond_destroy(&log->done);
    free(log->path);
    free(log);
}

static struct occ_result
open_target(struct occ_log *log, const char *path, struct occ_error *err)
{
    log->fd = path == NULL ? STDERR_FILENO : STDOUT_FILENO;
    if (path == NULL || strcmp(path, "-") == 0) {
        return occ_success();
    }
    OCC_TRY(open_path(path, err, &log->fd));
    log->path = strdup(path);
    if (log->path == NULL) {
        (void)close(log->fd);
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    return occ_success();
}

struct occ_result
occ_log_new(const char *path, unsigned gather_ms, struct occ_error *err, struct occ_log **ret_log)
{
    struct occ_log *log = calloc(1, sizeof(*log));
    if (log == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    log->gather_ms = gather_ms;
    log->filling = OCC_BUF_INIT(OCC_LIMIT_LOG_LEN);
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&log->mutex, NULL);
    (void)pthread_cond_init(&log->wake, &attributes);
    (void)pthread_cond_init(&log->done, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    const struct occ_result opened = open_target(log, path, err);
    if (!occ_is_ok(opened)) {
        free_parts(log);
        return opened;
    }
    if (pthread_create(&log->thread, NULL, run, log) != 0) {
        free_parts(log);
        return occ_error_set(err, OCC_ERR_NOMEM, "the log's thread could not be started");
    }
    *ret_log = log;
    return occ_success();
}

struct occ_result
occ_log_reopen(struct occ_log *log, struct occ_error *err)
{
    if (log->path == NULL) {
        return occ_success();
    }
    int fd = -1;
    OCC_TRY(open_path(log->path, err, &fd));
    (void)pthread_mutex_lock(&log->mutex);
    /* dup2 keeps the number, so a write that is under way ends in the old file or begins in the new one, whole. */
    const bool moved = dup3(fd, log->fd, O_CLOEXEC) >= 0;
    const int reason = errno;
    (void)pthread_mutex_unlock(&log->mutex);
    (void)close(fd);
    if (!moved) {
        return occ_error_set(err, OCC_ERR_IO, "%s: cannot reopen the log: %s", log->path, strerror(reason));
    }
    return occ_success();
}

void
occ_log_free(struct occ_log *log)
{
    if (log == NULL) {
        return;
    }
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += STOP_WAIT_S;
    (void)pthread_mutex_lock(&log->mutex);
    log->stop = true;
    (void)pthread_cond_signal(&log->wake);
    while (!log->ended && pthread_cond_timedwait(&log->done, &log->mutex, &until) == 0) {
    }
    const bool ended = log->ended;
    (void)pthread_mutex_unlock(&log->mutex);
    if (!ended) {
        /* Nobody takes the lines: the thread keeps what it uses until the process ends, which is now. */
        (void)pthread_detach(log->thread);
        return;
    }
    (void)pthread_join(log->thread, NULL);
    free_parts(log);
}

struct occ_buf *
occ_log_begin(struct occ_log *log)
{
    (void)pthread_mutex_lock(&log->mutex);
    log->line_begin = log->filling.len;
    return &log->filling;
}

void
occ_log_end(struct occ_log *log)
{
    const bool was_empty = log->line_begin == 0;
    occ_buf_put_byte(&log->filling, '\n');
    if (!occ_is_ok(occ_buf_check(&log->filling))) {
        take_back_line(log, log->line_begin);
        log->dropped++;
    }
    const bool was_calm = !log->hurry;
    log->hurry = log->filling.len > OCC_LIMIT_LOG_LEN / 2;
    if ((was_empty && log->filling.len > 0) || (was_calm && log->hurry)) {
        (void)pthread_cond_signal(&log->wake);
    }
    (void)pthread_mutex_unlock(&log->mutex);
}

uint64_t
occ_log_dropped(struct occ_log *log)
{
    (void)pthread_mutex_lock(&log->mutex);
    const uint64_t dropped = log->dropped;
    (void)pthread_mutex_unlock(&log->mutex);
    return dropped;
}
