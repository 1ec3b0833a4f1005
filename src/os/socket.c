/* socket.c — stream sockets. */
#include "os/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "os/fd.h"
#include "os/vsock.h"

enum { BACKLOG = 16 };

/* ---- listening ---- */

static struct occ_result
address_of(const char *path, struct occ_error *err, struct sockaddr_un *ret)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const size_t len = strlen(path);
    if (len == 0 || len >= sizeof address.sun_path) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: a socket's path has 1 to %zu bytes, this one has %zu", path,
                             sizeof address.sun_path - 1, len);
    }
    memcpy(address.sun_path, path, len);
    *ret = address;
    return occ_success();
}

/* Locks the folder that path lies in: two starters must not both find a stale socket and take the other's new one away. */
static struct occ_result
lock_folder(const char *path, struct occ_error *err, int *ret_fd)
{
    char folder[sizeof((struct sockaddr_un *)0)->sun_path];
    const char *const slash = strrchr(path, '/');
    if (slash == NULL) {
        snprintf(folder, sizeof folder, ".");
    } else {
        snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    }
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return occ_fd_fail(err, "cannot open folder", folder);
    }
    *ret_fd = fd;
    if (flock(fd, LOCK_EX) != 0) {
        return occ_fd_fail(err, "cannot lock folder", folder);
    }
    return occ_success();
}

/* Removes what stands at the address, if it is a socket that nobody listens on. */
static struct occ_result
remove_stale(const struct sockaddr_un *address, struct occ_error *err)
{
    const char *const path = address->sun_path;
    struct stat status;
    if (lstat(path, &status) != 0) {
        return occ_fd_fail(err, "cannot look at", path);
    }
    if (!S_ISSOCK(status.st_mode)) {
        return occ_error_set(err, OCC_ERR_STATE, "%s: exists already and is no socket", path);
    }
    OCC_FD_AUTO(fd);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return occ_fd_fail(err, "cannot make", "a socket");
    }
    const int connected = connect(fd, (const struct sockaddr *)address, sizeof *address);
    if (connected == 0 || errno == EAGAIN) { /* EAGAIN: it lives, and its queue is full */
        return occ_error_set(err, OCC_ERR_LOCKED, "%s: another process listens there", path);
    }
    if (errno != ECONNREFUSED || unlink(path) != 0) {
        return occ_fd_fail(err, "cannot replace", path);
    }
    return occ_success();
}

struct occ_result
occ_socket_listen_unix(const char *path, struct occ_error *err, int *ret_fd)
{
    struct sockaddr_un address;
    OCC_TRY(address_of(path, err, &address));
    OCC_FD_AUTO(folder);
    OCC_TRY(lock_folder(path, err, &folder));
    OCC_FD_AUTO(fd);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || fchmod(fd, 0600) != 0) { /* on Linux bind makes the file with this mode: at no time is it wider */
        return occ_fd_fail(err, "cannot make", "a socket");
    }
    int bound = bind(fd, (const struct sockaddr *)&address, sizeof address);
    if (bound != 0 && errno == EADDRINUSE) {
        OCC_TRY(remove_stale(&address, err));
        bound = bind(fd, (const struct sockaddr *)&address, sizeof address);
    }
    if (bound != 0 || listen(fd, BACKLOG) != 0) {
        return occ_fd_fail(err, "cannot listen on", path);
    }
    *ret_fd = occ_fd_release(&fd);
    return occ_success();
}

/* A unix socket has its mode, a vsock has none: there the peer's address must do. */
static bool
is_welcome(const struct sockaddr_storage *peer)
{
    if (peer->ss_family != AF_VSOCK) {
        return true;
    }
    struct sockaddr_vm vsock;
    memcpy(&vsock, peer, sizeof vsock);
    return vsock.svm_cid == OCC_VSOCK_CID_PARENT || vsock.svm_cid == OCC_VSOCK_CID_LOCAL;
}

struct occ_result
occ_socket_accept(int listen_fd, struct occ_error *err, int *ret_fd)
{
    struct sockaddr_storage peer = { 0 };
    int fd;
    do {
        socklen_t len = sizeof peer;
        fd = accept4(listen_fd, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
    } while (fd < 0 && errno == EINTR);
    if (fd >= 0 && !is_welcome(&peer)) {
        (void)close(fd);
        return occ_error_set(err, OCC_ERR_BUSY, "a connection of a stranger was closed");
    }
    if (fd < 0 && (errno == EAGAIN || errno == ECONNABORTED)) {
        return occ_error_set(err, OCC_ERR_BUSY, "no connection is waiting");
    }
    if (fd < 0) {
        return occ_fd_fail(err, "cannot accept", "a connection");
    }
    *ret_fd = fd;
    return occ_success();
}

struct occ_result
occ_socket_set_nonblocking(int fd, struct occ_error *err)
{
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        return occ_fd_fail(err, "cannot set up", "a socket");
    }
    return occ_success();
}

struct occ_result
occ_socket_adopt(int fd, struct occ_error *err)
{
    int type = 0;
    socklen_t len = sizeof type;
    struct sockaddr_storage peer;
    socklen_t peer_len = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0 || type != SOCK_STREAM ||
        getpeername(fd, (struct sockaddr *)&peer, &peer_len) != 0) {
        return occ_error_set(err, OCC_ERR_STATE, "descriptor %d is not a connected stream socket", fd);
    }
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        return occ_fd_fail(err, "cannot set up", "a socket");
    }
    return occ_socket_set_nonblocking(fd, err);
}

/* ---- waiting, reading, writing ---- */

struct occ_result
occ_socket_wait(const int *fds, const uint8_t *want, size_t count, int timeout_ms, uint8_t *ret_ready)
{
    OCC_ENSURE(count <= OCC_SOCKET_WAIT_MAX, OCC_ERR_USAGE);
    struct pollfd polled[OCC_SOCKET_WAIT_MAX] = { 0 };
    for (size_t i = 0; i < count; i++) {
        polled[i].fd = fds[i];
        polled[i].events = (short)(((want[i] & OCC_SOCKET_READ) != 0 ? POLLIN : 0) |
                                   ((want[i] & OCC_SOCKET_WRITE) != 0 ? POLLOUT : 0));
    }
    const int ready = poll(polled, count, timeout_ms);
    OCC_ENSURE(ready >= 0 || errno == EINTR, OCC_ERR_IO);
    for (size_t i = 0; i < count; i++) {
        const short events = ready > 0 ? polled[i].revents : 0;
        OCC_ENSURE((events & POLLNVAL) == 0, OCC_ERR_IO);
        const bool gone = (events & (POLLHUP | POLLERR)) != 0;
        ret_ready[i] =
            (uint8_t)(((events & POLLIN) != 0 || gone ? OCC_SOCKET_READ : 0) |
                      ((events & POLLOUT) != 0 || gone ? OCC_SOCKET_WRITE : 0) | (gone ? OCC_SOCKET_GONE : 0));
    }
    return occ_success();
}

/* What a failed read or write means: nothing now, the other side is gone, or worse. */
static struct occ_result
judge(void)
{
    switch (errno) {
    case EAGAIN:
        return occ_success();
    case EPIPE:
    case ECONNRESET:
        return occ_result_of(OCC_ERR_CLOSED);
    default:
        return occ_result_of(OCC_ERR_IO);
    }
}

struct occ_result
occ_socket_read(int fd, uint8_t *ret, size_t cap, size_t *ret_len)
{
    OCC_ENSURE(cap > 0, OCC_ERR_USAGE);
    ssize_t got;
    do {
        got = recv(fd, ret, cap, MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    if (got == 0) {
        return occ_result_of(OCC_ERR_CLOSED);
    }
    if (got < 0) {
        OCC_TRY(judge());
        got = 0;
    }
    *ret_len = (size_t)got;
    return occ_success();
}

struct occ_result
occ_socket_write(int fd, struct occ_bytes bytes, size_t *ret_len)
{
    ssize_t sent;
    do {
        sent = send(fd, bytes.ptr, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        OCC_TRY(judge());
        sent = 0;
    }
    *ret_len = (size_t)sent;
    return occ_success();
}

void
occ_socket_close(int fd)
{
    occ_fd_cleanup(&fd);
}
