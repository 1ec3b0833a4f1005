/* file.c — files: reading whole or as a stream, writing, locks. */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/draft.h"
#include "os/fd.h"

enum { READ_CHUNK_LEN = 64 << 10, PID_TEXT_LEN = 20 };

struct occ_result
occ_file_open(const char *path, struct occ_error *err, int *ret_fd, uint64_t *ret_size)
{
    const bool is_stdin = strcmp(path, "-") == 0;
    OCC_FD_AUTO(fd);
    fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return occ_fd_fail(err, "cannot open", path);
    }
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return occ_fd_fail(err, "cannot look at", path);
    }
    if (S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        return occ_fd_fail(err, "cannot read", path);
    }
    *ret_size = S_ISREG(status.st_mode) && status.st_size > 0 ? (uint64_t)status.st_size : 0;
    *ret_fd = occ_fd_release(&fd);
    return occ_success();
}

struct occ_result
occ_file_read_some(int fd, struct occ_error *err, uint8_t *ret, size_t cap, size_t *ret_len)
{
    const size_t want = cap > SSIZE_MAX ? SSIZE_MAX : cap;
    ssize_t got;
    do {
        got = read(fd, ret, want);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return occ_fd_fail(err, "cannot", "read");
    }
    *ret_len = (size_t)got;
    return occ_success();
}

/* Reads descriptor fd to its end. */
static struct occ_result
read_all(int fd, const char *path, struct occ_error *err, struct occ_buf *buf)
{
    for (;;) {
        const size_t room = buf->limit - buf->len;
        uint8_t extra; /* at the limit, one byte more tells whether the file ends there */
        const size_t want = room == 0 ? 1 : room < READ_CHUNK_LEN ? room : READ_CHUNK_LEN;
        uint8_t *const to = room == 0 ? &extra : occ_buf_reserve(buf, want);
        if (to == NULL) {
            return occ_buf_check(buf);
        }
        size_t len = 0;
        if (!occ_is_ok(occ_file_read_some(fd, NULL, to, want, &len))) {
            return occ_fd_fail(err, "cannot read", path);
        }
        if (len == 0) {
            return occ_success();
        }
        if (room == 0) {
            return occ_error_set(err, OCC_ERR_LIMIT, "%s: larger than %zu bytes", path, buf->limit);
        }
        buf->len += len;
    }
}

struct occ_result
occ_file_read(const char *path, struct occ_error *err, struct occ_buf *buf)
{
    OCC_FD_AUTO(fd);
    uint64_t size = 0;
    OCC_TRY(occ_file_open(path, err, &fd, &size));
    if (size > buf->limit - buf->len) {
        return occ_error_set(err, OCC_ERR_LIMIT, "%s: %" PRIu64 " bytes, at most %zu are read", path, size, buf->limit);
    }
    return read_all(fd, path, err, buf);
}

void
occ_file_close(int fd)
{
    occ_fd_cleanup(&fd);
}

struct occ_result
occ_file_write_all(int fd, struct occ_bytes bytes, struct occ_error *err)
{
    while (bytes.len > 0) {
        const ssize_t done = write(fd, bytes.ptr, bytes.len > SSIZE_MAX ? SSIZE_MAX : bytes.len);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0) {
            return occ_fd_fail(err, "cannot", "write");
        }
        bytes = occ_bytes_of(bytes.ptr + done, bytes.len - (size_t)done);
    }
    return occ_success();
}

struct occ_result
occ_file_write_atomic(const char *path, struct occ_bytes content, bool overwrite, struct occ_error *err)
{
    __attribute__((cleanup(occ_draft_drop))) struct occ_draft draft = OCC_DRAFT_INIT;
    OCC_TRY(occ_draft_begin(&draft, path, overwrite, err));
    OCC_TRY(occ_draft_write(&draft, content, err));
    return occ_draft_finish(&draft, err);
}

struct occ_result
occ_file_make_empty(const char *path, struct occ_error *err)
{
    OCC_FD_AUTO(fd);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd >= 0 || errno == EEXIST ? occ_success() : occ_fd_fail(err, "cannot write", path);
}

struct occ_result
occ_file_make(const char *path, struct occ_result (*fill)(void *ctx, const char *temporary, struct occ_error *err),
              void *ctx, struct occ_error *err)
{
    __attribute__((cleanup(occ_draft_drop))) struct occ_draft draft = OCC_DRAFT_INIT;
    OCC_TRY(occ_draft_begin(&draft, path, false, err));
    if (fchmod(draft.fd, 0600) != 0) {
        return occ_fd_fail(err, "cannot write", path);
    }
    OCC_TRY(fill(ctx, draft.temporary, err));
    return occ_draft_finish(&draft, err);
}

/* ---- folders, locks, self ---- */

static struct occ_result
make_one(const char *path, struct occ_error *err)
{
    if (mkdir(path, 0700) == 0) {
        return occ_success();
    }
    if (errno != EEXIST) {
        return occ_fd_fail(err, "cannot make folder", path);
    }
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode)) {
        return occ_error_set(err, OCC_ERR_STATE, "cannot make folder %s: something else has that name", path);
    }
    return occ_success();
}

struct occ_result
occ_file_make_folder(const char *path, struct occ_error *err)
{
    char part[PATH_MAX];
    const size_t len = strlen(path);
    if (len == 0 || len >= sizeof part) {
        errno = len == 0 ? ENOENT : ENAMETOOLONG;
        return occ_fd_fail(err, "cannot make folder", path);
    }
    for (size_t i = 1; i < len; i++) {
        if (path[i] != '/' || path[i - 1] == '/') {
            continue;
        }
        memcpy(part, path, i);
        part[i] = '\0';
        OCC_TRY(make_one(part, err));
    }
    return make_one(path, err);
}

/* The lock's holder as it wrote itself into the file. */
static struct occ_result
refuse_locked(int fd, const char *path, struct occ_error *err)
{
    char holder[PID_TEXT_LEN + 1] = "";
    const ssize_t len = pread(fd, holder, PID_TEXT_LEN, 0);
    const long pid = len > 0 ? strtol(holder, NULL, 10) : 0;
    if (pid <= 0) { /* it has locked the file and not yet written */
        return occ_error_set(err, OCC_ERR_LOCKED, "%s: in use by another process", path);
    }
    return occ_error_set(err, OCC_ERR_LOCKED, "%s: in use by process %ld", path, pid);
}

struct occ_result
occ_file_lock(const char *path, struct occ_error *err, int *ret_fd)
{
    OCC_FD_AUTO(fd);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return occ_fd_fail(err, "cannot open", path);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? refuse_locked(fd, path, err) : occ_fd_fail(err, "cannot lock", path);
    }
    char pid[PID_TEXT_LEN + 2];
    const int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)len, 0) != len) {
        return occ_fd_fail(err, "cannot write", path);
    }
    *ret_fd = occ_fd_release(&fd);
    return occ_success();
}

struct occ_result
occ_file_self_path(struct occ_error *err, struct occ_buf *buf)
{
    char path[PATH_MAX];
    const ssize_t len = readlink("/proc/self/exe", path, sizeof path);
    if (len < 0) {
        return occ_fd_fail(err, "cannot read", "/proc/self/exe");
    }
    if ((size_t)len == sizeof path) {
        errno = ENAMETOOLONG;
        return occ_fd_fail(err, "cannot read", "/proc/self/exe");
    }
    occ_buf_put(buf, occ_bytes_of(path, (size_t)len));
    occ_buf_put_byte(buf, 0);
    OCC_TRY(occ_buf_check(buf));
    buf->len--; /* the zero byte stands behind the text and is not counted */
    return occ_success();
}
