/*
 * sandbox.h — what a process gives up.
 */
#ifndef OCC_OS_SANDBOX_H
#define OCC_OS_SANDBOX_H

#include "base/result.h"

/* Not dumpable, not traceable by others of the same user, no core file. First thing that a program with secrets does. */
OCC_RESULT occ_sandbox_hide(struct occ_error *err);
/*
 * Gives up for good: new privileges, opening or making files, making sockets and connecting, starting programs and
 * processes, tracing. What stays: descriptors that are open, accepting on a listening one, memory, time, random, leaving.
 * A system call outside the list kills the process (seccomp). In builds with sanitizers only new privileges are given up,
 * and *ret_full (may be NULL) says so.
 */
OCC_RESULT occ_sandbox_enter(struct occ_error *err, bool *ret_full);

#endif
