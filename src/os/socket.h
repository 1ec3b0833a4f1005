/*
 * socket.h — stream sockets for the boundary: unix ones, and those of vsock.h. (The HTTP side has its own in net.)
 */
#ifndef OCC_OS_SOCKET_H
#define OCC_OS_SOCKET_H

#include "base/bytes.h"
#include "base/result.h"

/*
 * Listens on a unix socket at path, mode 0600. A stale socket that nobody listens on is replaced; a living one is
 * OCC_ERR_LOCKED; anything else at that path is left alone and refused.
 */
OCC_RESULT occ_socket_listen_unix(const char *path, struct occ_error *err, int *ret_fd);
/*
 * Accepts one connection, non-blocking from then on. OCC_ERR_BUSY: none is waiting, or it came over vsock from somebody else
 * than those whom vsock.h names and was closed.
 */
OCC_RESULT occ_socket_accept(int listen_fd, struct occ_error *err, int *ret_fd);
/*
 * Takes over a connected stream socket that a parent process has given: not inherited by others, non-blocking. OCC_ERR_STATE
 * if the descriptor is anything else.
 */
OCC_RESULT occ_socket_adopt(int fd, struct occ_error *err);
OCC_RESULT occ_socket_set_nonblocking(int fd, struct occ_error *err);

enum {
    OCC_SOCKET_READ = 1,  /* something to read, or the other side is gone */
    OCC_SOCKET_WRITE = 2, /* room to write, or the other side is gone */
    OCC_SOCKET_GONE = 4   /* only told: the other side is gone; what it sent before may still be there to read */
};
enum { OCC_SOCKET_WAIT_MAX = 8 };
/*
 * Waits until one of the count (at most OCC_SOCKET_WAIT_MAX) descriptors is ready for what want[i] asks of it, at most
 * timeout_ms (-1 = for ever). A negative descriptor is passed over. ret_ready[i]: what it is ready for; all 0 after the
 * time, or after a signal.
 */
OCC_RESULT occ_socket_wait(const int *fds, const uint8_t *want, size_t count, int timeout_ms, uint8_t *ret_ready);
/*
 * Reads or writes what is possible without waiting. *ret_len 0 with success = nothing possible now; OCC_ERR_CLOSED = the
 * other side is gone.
 */
OCC_RESULT occ_socket_read(int fd, uint8_t *ret, size_t cap, size_t *ret_len);
OCC_RESULT occ_socket_write(int fd, struct occ_bytes bytes, size_t *ret_len);
void occ_socket_close(int fd);

#endif
