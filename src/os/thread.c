/* thread.c — see thread.h. */
#include "os/thread.h"

#include <signal.h>
#include <string.h>

static struct occ_result
start(void *(*run)(void *ctx), void *ctx, struct occ_error *err, pthread_t *ret_thread)
{
    const int reason = pthread_create(ret_thread, NULL, run, ctx);
    if (reason != 0) {
        char text[128];
        return occ_error_set(err, OCC_ERR_NOMEM, "cannot start a thread: %s", strerror_r(reason, text, sizeof text));
    }
    return occ_success();
}

struct occ_result
occ_thread_start(const char *name, void *(*run)(void *ctx), void *ctx, struct occ_error *err, pthread_t *ret_thread)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* a new thread has the mask of the one that starts it */
    const struct occ_result started = start(run, ctx, err, ret_thread);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (occ_is_ok(started)) {
        (void)pthread_setname_np(*ret_thread, name);
    }
    return started;
}

void
occ_thread_join(pthread_t thread)
{
    (void)pthread_join(thread, NULL);
}

void
occ_thread_leave(pthread_t thread)
{
    (void)pthread_detach(thread);
}
