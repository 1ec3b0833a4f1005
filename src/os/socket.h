/*
 * socket.h — blocking unix sockets for the boundary. (The HTTP side has its own in net.)
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
/* Accepts one connection, non-blocking from then on. */
OCC_RESULT occ_socket_accept(int listen_fd, struct occ_error *err, int *ret_fd);
OCC_RESULT occ_socket_set_nonblocking(int fd, struct occ_error *err);
/*
 * Waits until one of the count descriptors is ready, at most timeout_ms (-1 = for ever). want_write[i] also waits for
 * room to write. ret_ready[i]: bit 0 readable or closed, bit 1 writable.
 */
OCC_RESULT occ_socket_wait(const int *fds, const bool *want_write, size_t count, int timeout_ms, uint8_t *ret_ready);
/*
 * Reads or writes what is possible without waiting. *ret_len 0 with success = nothing possible now; OCC_ERR_CLOSED = the
 * other side is gone.
 */
OCC_RESULT occ_socket_read(int fd, uint8_t *ret, size_t cap, size_t *ret_len);
OCC_RESULT occ_socket_write(int fd, struct occ_bytes bytes, size_t *ret_len);
void occ_socket_close(int fd);

#endif
