#include "cli/progress.h"

#include <unistd.h>

#include "cli/text.h"
#include "os/clock.h"
#include "os/file.h"

enum { FIRST_US = 1000000, EVERY_US = 200000, LONGEST_LINE = 2048, LONGEST_NAME = 40 };

struct occ_progress
occ_progress_begin(const struct occ_cli *cli, const char *name, uint64_t total)
{
    struct occ_progress progress = { .enabled = cli->err_is_terminal, .name = name, .total = total };
    if (progress.enabled) {
        progress.start_us = occ_clock_monotonic_us();
        progress.next_us = progress.start_us + FIRST_US;
    }
    return progress;
}

void
occ_progress_put_line(struct occ_buf *buf, const char *name, uint64_t done, uint64_t total, uint64_t elapsed_us)
{
    occ_text_put_safe_cut(buf, occ_bytes_str(name), LONGEST_NAME);
    occ_buf_put_str(buf, ": ");
    occ_text_put_size(buf, done);
    if (total != 0) {
        const uint64_t known = done > total ? total : done; /* a file that grows */
        occ_buf_put_str(buf, " of ");
        occ_text_put_size(buf, total);
        occ_buf_put_format(buf, " (%u%%)", (unsigned)((double)known * 100.0 / (double)total));
    }
    const uint64_t elapsed_ms = elapsed_us / 1000;
    if (elapsed_ms != 0) {
        occ_buf_put_str(buf, ", ");
        occ_text_put_size(buf, (uint64_t)((double)done * 1000.0 / (double)elapsed_ms));
        occ_buf_put_str(buf, "/s");
    }
}

struct occ_progress
occ_progress_begin_count(const struct occ_cli *cli, const char *name, const char *unit)
{
    struct occ_progress progress = occ_progress_begin(cli, name, 0);
    progress.unit = unit;
    return progress;
}

void
occ_progress_put_count_line(struct occ_buf *buf, const char *name, const char *unit, uint64_t done, uint64_t elapsed_us)
{
    occ_text_put_safe_cut(buf, occ_bytes_str(name), LONGEST_NAME);
    occ_buf_put_str(buf, ": ");
    occ_text_put_count(buf, done);
    occ_buf_put_format(buf, " %s", unit);
    const uint64_t elapsed_ms = elapsed_us / 1000;
    if (elapsed_ms != 0) {
        occ_buf_put_str(buf, ", ");
        occ_text_put_count(buf, (uint64_t)((double)done * 1000.0 / (double)elapsed_ms));
        occ_buf_put_str(buf, "/s");
    }
}

static void
write_line(const struct occ_buf *line)
{
    const struct occ_result result = occ_file_write_all(STDERR_FILENO, occ_buf_view(line), NULL);
    (void)result; /* progress that cannot be shown is not missed */
}

void
occ_progress_update(struct occ_progress *progress, uint64_t done)
{
    if (!progress->enabled) {
        return;
    }
    const uint64_t now_us = occ_clock_monotonic_us();
    if (now_us < progress->next_us) {
        return;
    }
    progress->next_us = now_us + EVERY_US;
    progress->shown = true;
    OCC_BUF_AUTO(line, LONGEST_LINE);
    occ_buf_put_str(&line, "\r");
    if (progress->unit == NULL) {
        occ_progress_put_line(&line, progress->name, done, progress->total, now_us - progress->start_us);
    } else {
        occ_progress_put_count_line(&line, progress->name, progress->unit, done, now_us - progress->start_us);
    }
    occ_buf_put_str(&line, "\033[K"); /* erase to the end of the line */
    write_line(&line);
}

void
occ_progress_end(struct occ_progress *progress)
{
    if (!progress->shown) {
        return;
    }
    progress->shown = false;
    OCC_BUF_AUTO(line, LONGEST_LINE);
    occ_buf_put_str(&line, "\r\033[K");
    write_line(&line);
}
