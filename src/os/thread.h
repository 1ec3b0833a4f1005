/*
 * thread.h — a thread that signals do not reach.
 */
#ifndef OCC_OS_THREAD_H
#define OCC_OS_THREAD_H

#include <pthread.h>

#include "base/result.h"

/* Starts run(ctx), all signals blocked. name: at most 15 characters, for whoever looks at the process. */
OCC_RESULT occ_thread_start(const char *name, void *(*run)(void *ctx), void *ctx, struct occ_error *err,
                            pthread_t *ret_thread);
/* Waits until it has ended. */
void occ_thread_join(pthread_t thread);
/* Leaves it to itself: nobody will wait for it. */
void occ_thread_leave(pthread_t thread);

#endif
