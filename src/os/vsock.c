/* vsock.c — see vsock.h. */
#include "os/vsock.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "base/decimal.h"
#include "os/fd.h"

enum { BACKLOG = 16 };

/* 0 is no port that can be asked for, and a CID that only a hypervisor has; the highest of each means "any". */
static bool
parse_number(struct occ_bytes text, uint32_t *ret_number)
{
    uint64_t number;
    if (!occ_is_ok(occ_decimal_to_u64(text, &number)) || number == 0 || number >= UINT32_MAX) {
        return false;
    }
    *ret_number = (uint32_t)number;
    return true;
}

bool
occ_vsock_parse_port(struct occ_bytes text, uint32_t *ret_port)
{
    return parse_number(text, ret_port);
}

bool
occ_vsock_parse(struct occ_bytes text, struct occ_vsock_address *ret_address)
{
    const uint8_t *colon = text.len == 0 ? NULL : memchr(text.ptr, ':', text.len);
    if (colon == NULL) {
        return false;
    }
    const size_t cid_len = (size_t)(colon - text.ptr);
    struct occ_vsock_address address;
    if (!parse_number(occ_bytes_of(text.ptr, cid_len), &address.cid) ||
        !parse_number(occ_bytes_of(colon + 1, text.len - cid_len - 1), &address.port)) {
        return false;
    }
    *ret_address = address;
    return true;
}

static OCC_RESULT
open_socket(struct occ_error *err, int *ret_fd)
{
    const int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) {
        *ret_fd = fd;
        return occ_success();
    }
    if (errno == EAFNOSUPPORT) {
        return occ_error_set(err, OCC_ERR_UNSUPPORTED, "vsock: this kernel has none (CONFIG_VSOCKETS)");
    }
    return occ_fd_fail(err, "cannot make", "a vsock socket");
}

struct occ_result
occ_vsock_listen(uint32_t port, struct occ_error *err, int *ret_fd)
{
    OCC_FD_AUTO(fd);
    OCC_TRY(open_socket(err, &fd));
    const struct sockaddr_vm address = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = port };
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || listen(fd, BACKLOG) != 0) {
        if (errno == EADDRINUSE) {
            return occ_error_set(err, OCC_ERR_LOCKED, "vsock:%u: another process listens there", port);
        }
        char text[32];
        (void)snprintf(text, sizeof text, "vsock:%u", port);
        return occ_fd_fail(err, "cannot listen on", text);
    }
    *ret_fd = occ_fd_release(&fd);
    return occ_success();
}

struct occ_result
occ_vsock_connect(struct occ_vsock_address address, struct occ_error *err, int *ret_fd)
{
    OCC_FD_AUTO(fd);
    OCC_TRY(open_socket(err, &fd));
    const struct sockaddr_vm to = { .svm_family = AF_VSOCK, .svm_cid = address.cid, .svm_port = address.port };
    int done;
    do {
        done = connect(fd, (const struct sockaddr *)&to, sizeof to);
    } while (done != 0 && errno == EINTR);
    if (done != 0 && errno != EINPROGRESS) {
        char text[128];
        return occ_error_set(err, OCC_ERR_UNAVAILABLE, "vsock:%u:%u: %s", address.cid, address.port,
                             strerror_r(errno, text, sizeof text));
    }
    *ret_fd = occ_fd_release(&fd);
    return occ_success();
}
