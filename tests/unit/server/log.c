/* The log's lines: time, escaping, whole lines only, dropped ones counted, reopening. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/file.h"
#include "server/event.h"
#include "server/log.h"

static void
check_time(uint64_t unix_ms, const char *expected)
{
    OCC_BUF_AUTO(text, 64);
    occ_log_put_time(&text, unix_ms);
    assert_true(occ_bytes_is(occ_buf_view(&text), expected));
}

static void
test_time(void **state)
{
    (void)state;
    check_time(0, "\"1970-01-01T00:00:00.000Z\"");
    check_time(951782399999, "\"2000-02-28T23:59:59.999Z\"");
    check_time(951782400000, "\"2000-02-29T00:00:00.000Z\"");
    check_time(951868800000, "\"2000-03-01T00:00:00.000Z\"");
    check_time(1741496392841, "\"2025-03-09T04:59:52.841Z\"");
    check_time(1767225599000, "\"2025-12-31T23:59:59.000Z\"");
    check_time(4107542400000, "\"2100-03-01T00:00:00.000Z\"");
    check_time(253402300799999, "\"9999-12-31T23:59:59.999Z\"");
}

static void
check_text(struct occ_bytes in, const char *expected)
{
    OCC_BUF_AUTO(text, 256);
    occ_log_put_text(&text, in);
    assert_true(occ_bytes_is(occ_buf_view(&text), expected));
}

static void
test_text(void **state)
{
    (void)state;
    check_text(occ_bytes_str(""), "\"\"");
    check_text(occ_bytes_str("/commit"), "\"/commit\"");
    check_text(occ_bytes_str("a\"b\\c"), "\"a\\\"b\\\\c\"");
    check_text(occ_bytes_str("a\nb\x7f\x1b[0m"), "\"a?b??[0m\"");
    check_text(occ_bytes_str("gr\xc3\xbcn"), "\"gr\xc3\xbcn\"");
    check_text(occ_bytes_str("\xc3(\xff"), "\"?(?\"");
    check_text(occ_bytes_of("a\0b", 3), "\"a?b\"");
}

/* A file in a folder of the test's own; the path is static per call of make. */
struct file {
    char folder[64], path[80], other[80];
};

static void
make_file(struct file *file)
{
    (void)snprintf(file->folder, sizeof(file->folder), "/tmp/occ-log-XXXXXX");
    assert_non_null(mkdtemp(file->folder));
    (void)snprintf(file->path, sizeof(file->path), "%s/log", file->folder);
    (void)snprintf(file->other, sizeof(file->other), "%s/log.1", file->folder);
}

static void
remove_file(const struct file *file)
{
    (void)unlink(file->path);
    (void)unlink(file->other);
    (void)rmdir(file->folder);
}

static void
expect_content(const char *path, const char *expected)
{
    struct occ_error err = { 0 };
    OCC_BUF_AUTO(content, 8 << 20);
    assert_true(occ_is_ok(occ_file_read(path, &err, &content)));
    occ_buf_put_byte(&content, 0);
    assert_string_equal((const char *)content.ptr, expected);
}

static void
put_line(struct occ_log *log, const char *text)
{
    occ_buf_put_str(occ_log_begin(log), text);
    occ_log_end(log);
}

static void
test_lines(void **state)
{
    (void)state;
    struct file file;
    struct occ_error err = { 0 };
    struct occ_log *log = NULL;
    make_file(&file);
    for (unsigned gather_ms = 0; gather_ms <= 50; gather_ms += 50) {
        assert_true(occ_is_ok(occ_log_new(file.path, gather_ms, &err, &log)));
        put_line(log, "one");
        put_line(log, "two");
        occ_log_free(log);
    }
    expect_content(file.path, "one\ntwo\none\ntwo\n");
    remove_file(&file);
}

static void
test_reopen(void **state)
{
    (void)state;
    struct file file;
    struct occ_error err = { 0 };
    struct occ_log *log = NULL;
    make_file(&file);
    assert_true(occ_is_ok(occ_log_new(file.path, 60000, &err, &log)));
    assert_int_equal(rename(file.path, file.other), 0);
    assert_true(occ_is_ok(occ_log_reopen(log, &err)));
    put_line(log, "after");
    occ_log_free(log);
    expect_content(file.path, "after\n");
    expect_content(file.other, "");
    remove_file(&file);
}

/* The thread is kept from writing (it gathers), so that a full buffer is certain. Lines stay whole. */
static void
test_dropped(void **state)
{
    (void)state;
    int ends[2];
    char line[1000];
    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = 0;
    assert_int_equal(pipe(ends), 0);
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[1]);
    struct occ_error err = { 0 };
    struct occ_log *log = NULL;
    assert_true(occ_is_ok(occ_log_new(path, 0, &err, &log)));
    enum { LINES = 4000 }; /* 4 MB: more than the pipe and both buffers hold */
    for (unsigned i = 0; i < LINES; i++) {
        put_line(log, line);
    }
    const uint64_t dropped = occ_log_dropped(log);
    assert_true(dropped > 0 && dropped < LINES);

    size_t lines = 0, total = 0;
    OCC_BUF_AUTO(read_back, 8 << 20);
    char chunk[65536];
    while (lines < LINES - dropped + 1) { /* and the one that says so */
        const ssize_t len = read(ends[0], chunk, sizeof(chunk));
        assert_true(len > 0);
        occ_buf_put(&read_back, occ_bytes_of(chunk, (size_t)len));
        for (ssize_t i = 0; i < len; i++) {
            lines += chunk[i] == '\n';
        }
        total += (size_t)len;
    }
    occ_log_free(log);
    char expected[64];
    (void)snprintf(expected, sizeof(expected), ",\"dropped\":%u}\n", (unsigned)dropped);
    occ_buf_put_byte(&read_back, 0);
    assert_non_null(strstr((const char *)read_back.ptr, expected));
    assert_true(total > (LINES - dropped) * 1000);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void
test_cannot_open(void **state)
{
    (void)state;
    struct occ_error err = { 0 };
    struct occ_log *log = NULL;
    assert_int_equal(occ_log_new("/nonexistent/log", 0, &err, &log).code, OCC_ERR_IO);
    assert_non_null(strstr(err.text, "/nonexistent/log"));
    assert_null(log);
}

static void
test_event(void **state)
{
    (void)state;
    struct file file;
    struct occ_error err = { 0 };
    struct occ_events events = { .level = OCC_EVENT_WARN };
    make_file(&file);
    assert_true(occ_is_ok(occ_log_new(file.path, 0, &err, &events.log)));
    const struct occ_event_field fields[] = { OCC_EVENT_TEXT("why", "a \"b\""), OCC_EVENT_NUMBER("n", 7) };
    occ_event_write(&events, OCC_EVENT_INFO, "not written", fields, 2);
    occ_event_write(&events, OCC_EVENT_WARN, "written", fields, 2);
    occ_log_free(events.log);
    OCC_BUF_AUTO(content, 4096);
    assert_true(occ_is_ok(occ_file_read(file.path, &err, &content)));
    occ_buf_put_byte(&content, 0);
    const char *rest = strstr((const char *)content.ptr, "Z\"");
    assert_non_null(rest);
    assert_string_equal(
        rest, "Z\",\"level\":\"warn\",\"program\":\"occd\",\"message\":\"written\",\"why\":\"a \\\"b\\\"\",\"n\":7}\n");
    remove_file(&file);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time),   cmocka_unit_test(test_text),    cmocka_unit_test(test_lines),
        cmocka_unit_test(test_reopen), cmocka_unit_test(test_dropped), cmocka_unit_test(test_cannot_open),
        cmocka_unit_test(test_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
