#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/progress.h"

static void
line(const char *name, uint64_t done, uint64_t total, uint64_t elapsed_us, const char *expected)
{
    OCC_BUF_AUTO(buf, 1024);
    occ_progress_put_line(&buf, name, done, total, elapsed_us);
    occ_buf_put_byte(&buf, 0);
    assert_true(occ_is_ok(occ_buf_check(&buf)));
    assert_string_equal((const char *)buf.ptr, expected);
}

static void
lines(void **state)
{
    (void)state;
    const uint64_t gib = 1u << 30;
    line("big", gib, 4 * gib, 2000000, "big: 1.0 GiB of 4.0 GiB (25%), 512.0 MiB/s");
    line("big", 4 * gib, 4 * gib, 4000000, "big: 4.0 GiB of 4.0 GiB (100%), 1.0 GiB/s");
    /* A file that grew while it was read; a pipe; a clock that has not moved. */
    line("log", 3000, 2000, 1000000, "log: 2.9 KiB of 1.9 KiB (100%), 2.9 KiB/s");
    line("standard input", 2048, 0, 1000000, "standard input: 2.0 KiB, 2.0 KiB/s");
    line("big", 0, 10, 0, "big: 0 B of 10 B (0%)");
    line("huge", UINT64_MAX / 2, UINT64_MAX, 1000000, "huge: 7.9 EiB of 15.9 EiB (50%), 8.0 EiB/s");
    line("a\033[2Jb", 1, 0, 0, "a\\u001b[2Jb: 1 B");
    line("0123456789012345678901234567890123456789xyz", 1, 0, 0,
         "0123456789012345678901234567890123456789… (43 bytes): 1 B");
}

static void
count_line(const char *name, uint64_t done, uint64_t elapsed_us, const char *expected)
{
    OCC_BUF_AUTO(buf, 1024);
    occ_progress_put_count_line(&buf, name, "proofs", done, elapsed_us);
    occ_buf_put_byte(&buf, 0);
    assert_string_equal((const char *)buf.ptr, expected);
}

static void
count_lines(void **state)
{
    (void)state;
    count_line("audit", 1234567, 34282000, "audit: 1,234,567 proofs, 36,012/s");
    count_line("audit", 0, 0, "audit: 0 proofs");
    count_line("a\033b", 1, 1000000, "a\\u001bb: 1 proofs, 1/s");
}

static void
silent_where_no_terminal_is(void **state)
{
    (void)state;
    const struct occ_cli cli = { .name = "occ", .err_is_terminal = false };
    struct occ_progress progress = occ_progress_begin(&cli, "big", 100);
    occ_progress_update(&progress, 50);
    assert_false(progress.enabled);
    assert_false(progress.shown);
    occ_progress_end(&progress);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(lines), cmocka_unit_test(count_lines),
                                        cmocka_unit_test(silent_where_no_terminal_is) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
