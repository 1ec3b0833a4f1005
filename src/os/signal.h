/*
 * signal.h — being told to stop, as a descriptor to wait on: no handlers, no globals.
 */
#ifndef OCC_OS_SIGNAL_H
#define OCC_OS_SIGNAL_H

#include "base/result.h"

/* From now on SIGPIPE does nothing, and SIGTERM and SIGINT do no more than make *ret_fd readable. */
OCC_RESULT occ_signal_open(struct occ_error *err, int *ret_fd);

/*
 * From now on SIGPIPE, SIGTERM, SIGINT and SIGHUP do nothing: for a child that serves its parent until the parent closes the
 * connection. A terminal and a service manager signal a whole group, and the parent still needs its child to finish.
 */
OCC_RESULT occ_signal_ignore(struct occ_error *err);

#endif
