/* signal.c — SIGTERM and SIGINT through a signalfd. */
#include "os/signal.h"

#include <signal.h>
#include <sys/signalfd.h>

struct occ_result
occ_signal_open(bool with_interrupt, struct occ_error *err, int *ret_fd)
{
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    if (with_interrupt) {
        sigaddset(&stop, SIGINT);
    }
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    if (sigaction(SIGPIPE, &ignore, NULL) != 0 || (!with_interrupt && sigaction(SIGINT, &ignore, NULL) != 0) ||
        sigprocmask(SIG_BLOCK, &stop, NULL) != 0) {
        return occ_error_set(err, OCC_ERR_IO, "cannot set up signals");
    }
    const int fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) {
        return occ_error_set(err, OCC_ERR_IO, "cannot make a descriptor for signals");
    }
    *ret_fd = fd;
    return occ_success();
}
