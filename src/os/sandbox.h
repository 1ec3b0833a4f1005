/*
 * sandbox.h — what a process gives up.
 */
#ifndef OCC_OS_SANDBOX_H
#define OCC_OS_SANDBOX_H

#include "base/result.h"

/* Not dumpable, not traceable by others of the same user, no core file. First thing that a program with secrets does. */
OCC_RESULT occ_sandbox_hide(struct occ_error *err);
/* What the process still does afterwards. */
enum occ_sandbox_profile {
    OCC_SANDBOX_BOUNDARY,      /* the boundary with its key in its own memory */
    OCC_SANDBOX_BOUNDARY_TOKEN /* the boundary with its key in a hardware token, whose library works in this process */
};

/* The one request that a device driver is still asked, by ioctl(2) on the one descriptor. */
struct occ_sandbox_device {
    int fd;
    unsigned long request;
};

/*
 * OCC_SANDBOX_BOUNDARY gives up for good: new privileges, opening or making files, making sockets and connecting, starting
 * programs, processes and threads, tracing. What stays: descriptors that are open, accepting on a listening one, memory, time,
 * random, leaving, and what device (may be NULL) says. A system call outside the list kills the process (seccomp); the list
 * stands in sandbox.c and in docs/boundary.md. It holds for all threads that there are, which must have begun to run: the
 * beginning of a thread is not on the list. In builds with sanitizers only new privileges are given up, and *ret_full (may be
 * NULL) says so.
 *
 * OCC_SANDBOX_BOUNDARY_TOKEN: a token's library opens files, devices and sockets, starts threads, and is loaded again when the
 * token was away; what more it does, its maker knows. So this is given up: starting programs and processes, tracing and reading
 * other processes, memory that can be written and run, kernel modules and programs in the kernel, mounts, namespaces, other
 * users, the clock. Those calls kill the process; any that is on neither list fails with EPERM.
 */
OCC_RESULT occ_sandbox_enter(enum occ_sandbox_profile profile, const struct occ_sandbox_device *device,
                             struct occ_error *err, bool *ret_full);

#endif
