/*
 * played.h — for tests that play a boundary on a unix socket: the socket, and the frames that come.
 */
#ifndef OCC_TESTS_SERVER_PLAYED_H
#define OCC_TESTS_SERVER_PLAYED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "os/socket.h"
#include "wire/frame.h"

/* In a folder of its own, which the parent keeps its data in too. */
struct played_socket {
    int fd;
    char folder[64], path[96], address[112]; /* address: "unix:" and path */
};

static inline void
played_listen(struct played_socket *ret_socket)
{
    struct occ_error err = { 0 };
    (void)snprintf(ret_socket->folder, sizeof ret_socket->folder, "/tmp/occ-boundary-XXXXXX");
    assert_non_null(mkdtemp(ret_socket->folder));
    (void)snprintf(ret_socket->path, sizeof ret_socket->path, "%s/s", ret_socket->folder);
    (void)snprintf(ret_socket->address, sizeof ret_socket->address, "unix:%s", ret_socket->path);
    assert_true(occ_is_ok(occ_socket_listen_unix(ret_socket->path, &err, &ret_socket->fd)));
}

/* Blocks until a frame has come; false at the end of the connection. */
static inline bool
played_read_frame(int fd, struct occ_buf *input, struct occ_frame *ret_frame, size_t *ret_used)
{
    for (;;) {
        assert_true(occ_is_ok(occ_frame_next(occ_buf_view(input), ret_frame, ret_used)));
        if (*ret_used > 0) {
            return true;
        }
        uint8_t chunk[4096];
        const ssize_t len = recv(fd, chunk, sizeof(chunk), 0);
        if (len <= 0) {
            return false;
        }
        occ_buf_put(input, occ_bytes_of(chunk, (size_t)len));
    }
}

#endif
