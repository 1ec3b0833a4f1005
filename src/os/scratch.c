/* scratch.c — see scratch.h. */
#include "os/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/file.h"

/* For file systems that have no files without a name: one with a name, for a moment. */
static int
open_named(const char *folder)
{
    char path[PATH_MAX];
    const int len = snprintf(path, sizeof path, "%s/occ-XXXXXX", folder);
    if (len < 0 || (size_t)len >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    const int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) {
        (void)unlink(path);
    }
    return fd;
}

struct occ_result
occ_scratch_open(struct occ_scratch *scratch, const char *folder, struct occ_error *err)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        fd = open_named(folder);
    }
    if (fd < 0) {
        return occ_fd_fail(err, "cannot make a temporary file in", folder);
    }
    *scratch = (struct occ_scratch){ .fd = fd, .where = folder };
    return occ_success();
}

struct occ_result
occ_scratch_append(struct occ_scratch *scratch, struct occ_bytes bytes, struct occ_error *err)
{
    if (!occ_is_ok(occ_file_write_all(scratch->fd, bytes, NULL))) {
        return occ_fd_fail(err, "cannot write to a temporary file in", scratch->where);
    }
    scratch->len += bytes.len;
    return occ_success();
}

struct occ_result
occ_scratch_read(const struct occ_scratch *scratch, uint64_t offset, size_t len, struct occ_error *err, uint8_t *ret)
{
    while (len > 0) {
        const ssize_t got = pread(scratch->fd, ret, len > SSIZE_MAX ? SSIZE_MAX : len, (off_t)offset);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            errno = got == 0 ? EIO : errno; /* shorter than what was written */
            return occ_fd_fail(err, "cannot read a temporary file in", scratch->where);
        }
        ret += got;
        len -= (size_t)got;
        offset += (uint64_t)got;
    }
    return occ_success();
}

void
occ_scratch_close(struct occ_scratch *scratch)
{
    occ_fd_cleanup(&scratch->fd);
    *scratch = OCC_SCRATCH_INIT;
}
