/* draft.c — see draft.h. */
#include "os/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/file.h"

enum { TEMPORARY_TRIES = 16 };

/* Creates "path.<pid>-<n>.tmp", a name that nobody has; made with the umask, as any file that a user writes. */
static int
create_temporary(const char *path, char *ret_name, size_t size)
{
    for (int i = 0; i < TEMPORARY_TRIES; i++) {
        const int len = snprintf(ret_name, size, "%s.%ld-%d.tmp", path, (long)getpid(), i);
        if (len < 0 || (size_t)len >= size) {
            errno = ENAMETOOLONG;
            return -1;
        }
        const int fd = open(ret_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return -1;
}

/* What stands at path already: nothing, or a regular file that may be replaced (*ret_mode its mode, else untouched). */
static struct occ_result
check_target(const char *path, bool overwrite, struct occ_error *err, mode_t *ret_mode)
{
    struct stat status;
    if (lstat(path, &status) != 0) {
        return errno == ENOENT ? occ_success() : occ_fd_fail(err, "cannot look at", path);
    }
    if (!overwrite) {
        return occ_error_set(err, OCC_ERR_STATE, "%s: exists already", path);
    }
    if (!S_ISREG(status.st_mode)) { /* renaming would put a file in the place of a device or a link */
        return occ_error_set(err, OCC_ERR_STATE, "%s: not a regular file, it is not replaced", path);
    }
    *ret_mode = status.st_mode & 0777;
    return occ_success();
}

static int
rename_new(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return -1;
    }
    /* A file system that cannot: a second name, then the first one away. */
    return link(from, to) == 0 ? unlink(from) : -1;
}

static struct occ_result
sync_folder_of(const char *path, struct occ_error *err)
{
    char folder[PATH_MAX];
    const char *const slash = strrchr(path, '/');
    const size_t len = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    const int put =
        slash == NULL ? snprintf(folder, sizeof folder, ".") : snprintf(folder, sizeof folder, "%.*s", (int)len, path);
    if (put < 0 || (size_t)put >= sizeof folder) {
        errno = ENAMETOOLONG;
        return occ_fd_fail(err, "cannot open", path);
    }
    OCC_FD_AUTO(fd);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno == EACCES ? occ_success()
                               : occ_fd_fail(err, "cannot open", folder); /* writable, not readable: so be it */
    }
    if (fsync(fd) != 0 && errno != EINVAL) { /* EINVAL: this file system does not sync folders */
        return occ_fd_fail(err, "cannot sync", folder);
    }
    return occ_success();
}

struct occ_result
occ_draft_begin(struct occ_draft *draft, const char *path, bool overwrite, struct occ_error *err)
{
    mode_t mode = (mode_t)-1;
    OCC_TRY(check_target(path, overwrite, err, &mode));
    draft->path = path;
    draft->overwrite = overwrite;
    draft->fd = create_temporary(path, draft->temporary, sizeof draft->temporary);
    if (draft->fd < 0) {
        return occ_fd_fail(err, "cannot write", path);
    }
    if (mode != (mode_t)-1 && fchmod(draft->fd, mode) != 0) {
        const struct occ_result result = occ_fd_fail(err, "cannot write", path);
        occ_draft_drop(draft);
        return result;
    }
    return occ_success();
}

struct occ_result
occ_draft_write(const struct occ_draft *draft, struct occ_bytes bytes, struct occ_error *err)
{
    return occ_is_ok(occ_file_write_all(draft->fd, bytes, NULL)) ? occ_success()
                                                                 : occ_fd_fail(err, "cannot write", draft->path);
}

static struct occ_result
put_in_place(const struct occ_draft *draft, struct occ_error *err)
{
    if (fsync(draft->fd) != 0) {
        return occ_fd_fail(err, "cannot sync", draft->path);
    }
    const int renamed =
        draft->overwrite ? rename(draft->temporary, draft->path) : rename_new(draft->temporary, draft->path);
    if (renamed == 0) {
        return occ_success();
    }
    if (errno == EEXIST) {
        return occ_error_set(err, OCC_ERR_STATE, "%s: exists already", draft->path);
    }
    return occ_fd_fail(err, "cannot write", draft->path);
}

struct occ_result
occ_draft_finish(struct occ_draft *draft, struct occ_error *err)
{
    const struct occ_result placed = put_in_place(draft, err);
    if (!occ_is_ok(placed)) {
        occ_draft_drop(draft);
        return placed;
    }
    occ_fd_cleanup(&draft->fd);
    draft->fd = -1;
    return sync_folder_of(draft->path, err);
}

void
occ_draft_drop(struct occ_draft *draft)
{
    if (draft->fd >= 0) {
        occ_fd_cleanup(&draft->fd);
        draft->fd = -1;
        unlink(draft->temporary);
    }
}

struct occ_result
occ_draft_move(const char *from, const char *to, struct occ_error *err)
{
    if (rename_new(from, to) != 0) {
        return errno == EEXIST ? occ_error_set(err, OCC_ERR_STATE, "%s: exists already", to)
                               : occ_fd_fail(err, "cannot write", to);
    }
    OCC_TRY(sync_folder_of(to, err));
    return sync_folder_of(from, err);
}
