/* nsm_device.c — see nsm_device.h. */
#include "os/nsm_device.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "os/fd.h"

/* linux/nsm.h: struct nsm_iovec and struct nsm_raw. Addresses are 64 bits wide, whatever the machine's are. */
struct part {
    uint64_t addr;
    uint64_t len;
};
struct exchange {
    struct part request;
    struct part response;
};
_Static_assert(sizeof(struct exchange) == 32, "the driver's layout");

#define REQUEST _IOWR(0x0a, 0, struct exchange) /* NSM_IOCTL_RAW */

struct occ_result
occ_nsm_device_open(const char *path, struct occ_error *err, int *ret_fd)
{
    int fd;
    do {
        fd = open(path, O_RDWR | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) {
        char text[128];
        return occ_error_set(err, OCC_ERR_ATTESTER, "%s: cannot be opened: %s", path,
                             strerror_r(errno, text, sizeof text));
    }
    *ret_fd = fd;
    return occ_success();
}

struct occ_result
occ_nsm_device_exchange(int fd, struct occ_bytes request, struct occ_error *err,
                        uint8_t ret_response[OCC_LIMIT_NSM_RESPONSE_LEN], size_t *ret_len)
{
    if (request.len == 0 || request.len > OCC_LIMIT_NSM_REQUEST_LEN) {
        return occ_error_set(err, OCC_ERR_ATTESTER, "a request of %zu bytes to the NSM, expected 1 to %d", request.len,
                             OCC_LIMIT_NSM_REQUEST_LEN);
    }
    struct exchange exchange;
    int done;
    do {
        exchange = (struct exchange){
            .request = { (uintptr_t)request.ptr, request.len },
            .response = { (uintptr_t)ret_response, OCC_LIMIT_NSM_RESPONSE_LEN },
        };
        done = ioctl(fd, REQUEST, &exchange);
    } while (done < 0 && errno == EINTR);
    if (done < 0) {
        char text[128];
        return occ_error_set(err, OCC_ERR_ATTESTER, "the NSM does not answer: %s",
                             strerror_r(errno, text, sizeof text));
    }
    if (exchange.response.len == 0 || exchange.response.len > OCC_LIMIT_NSM_RESPONSE_LEN) {
        return occ_error_set(err, OCC_ERR_ATTESTER, "the NSM says that its response has %llu bytes, expected 1 to %d",
                             (unsigned long long)exchange.response.len, OCC_LIMIT_NSM_RESPONSE_LEN);
    }
    *ret_len = (size_t)exchange.response.len;
    return occ_success();
}

void
occ_nsm_device_close(int fd)
{
    occ_fd_cleanup(&fd);
}

unsigned long
occ_nsm_device_request(void)
{
    return REQUEST;
}
