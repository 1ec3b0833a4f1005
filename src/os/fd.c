/* fd.c — see fd.h. */
#include "os/fd.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void
occ_fd_cleanup(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}

int
occ_fd_release(int *fd)
{
    const int released = *fd;
    *fd = -1;
    return released;
}

struct occ_result
occ_fd_fail(struct occ_error *err, const char *doing, const char *what)
{
    const int reason = errno;
    enum occ_err code = OCC_ERR_IO;
    if (reason == ENOENT || reason == ENOTDIR) {
        code = OCC_ERR_NOT_FOUND;
    } else if (reason == EACCES || reason == EPERM || reason == EROFS) {
        code = OCC_ERR_DENIED;
    } else if (reason == ENOMEM) {
        code = OCC_ERR_NOMEM;
    }
    char text[128];
    const struct occ_result result =
        occ_error_set(err, code, "%s %s: %s", doing, what, strerror_r(reason, text, sizeof text));
    errno = reason;
    return result;
}
