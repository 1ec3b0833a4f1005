/*
 * vsock.h — AF_VSOCK stream sockets, between an enclave and the instance that started it (vsock(7)).
 *
 * vsock has no permissions: who a peer is says only its CID.
 */
#ifndef OCC_OS_VSOCK_H
#define OCC_OS_VSOCK_H

#include "base/bytes.h"
#include "base/result.h"

struct occ_vsock_address {
    uint32_t cid, port;
};

/* The peers that occ_socket_accept (socket.h) takes: an enclave's parent instance, and this machine itself. */
enum { OCC_VSOCK_CID_PARENT = 3, OCC_VSOCK_CID_LOCAL = 1 };

/* "PORT": 1 to 4294967294. False if it is anything else. */
bool occ_vsock_parse_port(struct occ_bytes text, uint32_t *ret_port);
/* "CID:PORT", both 1 to 4294967294. */
bool occ_vsock_parse(struct occ_bytes text, struct occ_vsock_address *ret_address);

/*
 * Listens on a port, whatever this machine's CID is; non-blocking, not inherited. OCC_ERR_LOCKED: the port is taken;
 * OCC_ERR_UNSUPPORTED: the kernel has no vsock; else as occ_fd_fail.
 */
OCC_RESULT occ_vsock_listen(uint32_t port, struct occ_error *err, int *ret_fd);
/*
 * Begins to connect; non-blocking, not inherited. The descriptor is writable once it is known whether that worked
 * (SO_ERROR), at latest after the kernel's 2 seconds. OCC_ERR_UNAVAILABLE or OCC_ERR_UNSUPPORTED with a sentence.
 */
OCC_RESULT occ_vsock_connect(struct occ_vsock_address address, struct occ_error *err, int *ret_fd);

#endif
