/*
 * file.h — files and folders. Every failure names the path and the system's reason in *err.
 */
#ifndef OCC_OS_FILE_H
#define OCC_OS_FILE_H

#include "base/buf.h"

/* Reads a whole file ("-" = standard input) into buf, up to buf's limit; OCC_ERR_LIMIT beyond it. */
OCC_RESULT occ_file_read(const char *path, struct occ_error *err, struct occ_buf *buf);
/* Opens for reading as a stream ("-" = standard input). *ret_size is the size, or 0 if it is not known (a pipe). */
OCC_RESULT occ_file_open(const char *path, struct occ_error *err, int *ret_fd, uint64_t *ret_size);
/* Reads up to cap bytes, going on after signals; *ret_len 0 = end. */
OCC_RESULT occ_file_read_some(int fd, struct occ_error *err, uint8_t *ret, size_t cap, size_t *ret_len);
void occ_file_close(int fd);
/*
 * Writes a file so that a reader sees the old content or all of the new: a temporary file beside it, synced, then renamed.
 * overwrite false = OCC_ERR_STATE if the path exists, whoever made it in between.
 */
OCC_RESULT occ_file_write_atomic(const char *path, struct occ_bytes content, bool overwrite, struct occ_error *err);
/*
 * Makes a new file, mode 0600, that somebody else fills: fill is called with the path of a temporary file beside it, which is there
 * and empty; then that is synced and renamed, and the folder synced. OCC_ERR_STATE if the path exists, whoever made it in between.
 */
OCC_RESULT occ_file_make(const char *path,
                         struct occ_result (*fill)(void *ctx, const char *temporary, struct occ_error *err), void *ctx,
                         struct occ_error *err);
/*
 * Makes an empty file, mode 0600, unless something has that name: then it is not even opened, which would let go of locks that this
 * process has on it.
 */
OCC_RESULT occ_file_make_empty(const char *path, struct occ_error *err);
/* Writes all of bytes to a descriptor. */
OCC_RESULT occ_file_write_all(int fd, struct occ_bytes bytes, struct occ_error *err);
/* Makes the folder (mode 0700) and its parents where missing. */
OCC_RESULT occ_file_make_folder(const char *path, struct occ_error *err);
/*
 * Takes an exclusive lock on the file (made if missing) and writes the process id into it; held until the descriptor is
 * closed or the process ends. OCC_ERR_LOCKED names the process that holds it.
 */
OCC_RESULT occ_file_lock(const char *path, struct occ_error *err, int *ret_fd);
/*
 * Appends the absolute path of this program's own binary, for finding the programs beside it. A zero byte stands behind
 * it that buf->len does not count.
 */
OCC_RESULT occ_file_self_path(struct occ_error *err, struct occ_buf *buf);

#endif
