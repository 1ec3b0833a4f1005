/* event.c — see event.h: eventfd(2). */
#include "os/event.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "os/fd.h"

struct occ_result
occ_event_open(struct occ_error *err, int *ret_fd)
{
    const int fd = eventfd(0, EFD_CLOEXEC);
    if (fd < 0) {
        return occ_fd_fail(err, "cannot make", "an event between threads");
    }
    *ret_fd = fd;
    return occ_success();
}

void
occ_event_signal(int fd)
{
    const uint64_t one = 1;
    while (write(fd, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

void
occ_event_await(int fd)
{
    uint64_t count = 0;
    while (read(fd, &count, sizeof count) < 0 && errno == EINTR) {
    }
}

bool
occ_event_await_for(int fd, int timeout_ms)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    if (poll(&ready, 1, timeout_ms) != 1) { /* a signal ends it, too: whoever is in a hurry goes on */
        return false;
    }
    occ_event_await(fd);
    return true;
}

void
occ_event_close(int fd)
{
    if (fd >= 0) {
        (void)close(fd);
    }
}
