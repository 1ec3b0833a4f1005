/* signal.c — SIGTERM and SIGINT through a signalfd, or not at all. */
#include "os/signal.h"

#include <signal.h>
#include <sys/signalfd.h>

static bool
ignore(int number)
{
    const struct sigaction action = { .sa_handler = SIG_IGN };
    return sigaction(number, &action, NULL) == 0;
}

struct occ_result
occ_signal_open(struct occ_error *err, int *ret_fd)
{
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    if (!ignore(SIGPIPE) || sigprocmask(SIG_BLOCK, &stop, NULL) != 0) {
        return occ_error_set(err, OCC_ERR_IO, "cannot set up signals");
    }
    const int fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) {
        return occ_error_set(err, OCC_ERR_IO, "cannot make a descriptor for signals");
    }
    *ret_fd = fd;
    return occ_success();
}

struct occ_result
occ_signal_ignore(struct occ_error *err)
{
    if (!ignore(SIGPIPE) || !ignore(SIGTERM) || !ignore(SIGINT) || !ignore(SIGHUP)) {
        return occ_error_set(err, OCC_ERR_IO, "cannot set up signals");
    }
    return occ_success();
}
