/*
 * progress.h — a line on standard error while something is done, if that is a terminal and it takes over a second.
 */
#ifndef OCC_CLI_PROGRESS_H
#define OCC_CLI_PROGRESS_H

#include "cli/cli.h"

struct occ_progress {
    bool enabled;
    bool shown;       /* a line stands on the terminal */
    const char *name; /* of the file, or of what is done; borrowed */
    const char *unit; /* what is counted; NULL = bytes; borrowed */
    uint64_t total;   /* 0 = not known */
    uint64_t start_us, next_us;
};

/* begin when reading starts; update with the bytes read so far, as often as wanted; end takes the line away. */
struct occ_progress occ_progress_begin(const struct occ_cli *cli, const char *name, uint64_t total);
/* The same where things are counted and not bytes: unit is "proofs". */
struct occ_progress occ_progress_begin_count(const struct occ_cli *cli, const char *name, const char *unit);
void occ_progress_update(struct occ_progress *progress, uint64_t done);
void occ_progress_end(struct occ_progress *progress);

/* The text of the line: "photo.jpg: 1.0 GiB of 4.0 GiB (25%), 512.0 MiB/s". elapsed in microseconds, total 0 = not known. */
void occ_progress_put_line(struct occ_buf *buf, const char *name, uint64_t done, uint64_t total, uint64_t elapsed_us);
/* "audit: 1,234,567 proofs, 36,012/s" */
void occ_progress_put_count_line(struct occ_buf *buf, const char *name, const char *unit, uint64_t done,
                                 uint64_t elapsed_us);

#endif
