/* urandom.c — see urandom.h. */
#include "os/urandom.h"

#include <errno.h>
#include <fcntl.h>

#include "os/fd.h"
#include "os/file.h"

struct occ_result
occ_urandom_add(const char *path, struct occ_bytes bytes, struct occ_error *err)
{
    OCC_FD_AUTO(fd);
    do {
        fd = open(path, O_WRONLY | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0 && errno == ENOENT) {
        return occ_success();
    }
    if (fd < 0) {
        return occ_fd_fail(err, "cannot open", path);
    }
    return occ_file_write_all(fd, bytes, err);
}
