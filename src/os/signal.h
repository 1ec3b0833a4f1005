/*
 * signal.h — being told to stop, as a descriptor to wait on: no handlers, no globals.
 */
#ifndef OCC_OS_SIGNAL_H
#define OCC_OS_SIGNAL_H

#include "base/result.h"

/*
 * From now on SIGPIPE does nothing, and SIGTERM and SIGINT do no more than make *ret_fd readable. with_interrupt false:
 * SIGINT does nothing at all (a child process whose parent sees to what Ctrl-C means).
 */
OCC_RESULT occ_signal_open(bool with_interrupt, struct occ_error *err, int *ret_fd);

#endif
