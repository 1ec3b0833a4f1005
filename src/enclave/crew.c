/* crew.c — see crew.h. */
#include "enclave/crew.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/event.h"
#include "os/thread.h"

enum { SIZE_BY_ITSELF = 4 };

struct helper {
    struct occ_crew *crew;
    pthread_t thread;
    int wake_fd; /* an event: there is work, or stop */
};

struct occ_crew {
    int done_fd; /* an event: the last helper has nothing left to do */
    atomic_bool stop;
    /* What is to be done: the caller's, but for the time between waking helpers and done_fd. */
    void (*job)(void *arg, size_t index);
    void *arg;
    size_t count;
    atomic_size_t next;    /* the first that nobody has taken */
    atomic_size_t working; /* helpers that may still take one */
    size_t helper_count;
    struct helper helpers[OCC_LIMIT_WORKERS - 1];
};

size_t
occ_crew_size(size_t wanted, size_t chains)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t most = cores < 1 ? 1 : cores < SIZE_BY_ITSELF ? (size_t)cores : SIZE_BY_ITSELF;
    const size_t workers = wanted == 0 ? most : wanted;
    return workers < chains ? workers : chains;
}

static void
take_jobs(struct occ_crew *crew)
{
    for (size_t index = atomic_fetch_add(&crew->next, 1); index < crew->count;
         index = atomic_fetch_add(&crew->next, 1)) {
        crew->job(crew->arg, index);
    }
}

static void *
help(void *ctx)
{
    struct helper *const helper = ctx;
    struct occ_crew *const crew = helper->crew;
    occ_event_signal(crew->done_fd); /* it runs */
    for (;;) {
        occ_event_await(helper->wake_fd);
        if (atomic_load(&crew->stop)) {
            return NULL;
        }
        take_jobs(crew);
        if (atomic_fetch_sub(&crew->working, 1) == 1) {
            occ_event_signal(crew->done_fd);
        }
    }
}

static struct occ_result
add_helper(struct occ_crew *crew, struct occ_error *err)
{
    struct helper *const helper = &crew->helpers[crew->helper_count];
    helper->crew = crew;
    OCC_TRY(occ_event_open(err, &helper->wake_fd));
    const struct occ_result started = occ_thread_start("sign", help, helper, err, &helper->thread);
    if (!occ_is_ok(started)) {
        occ_event_close(helper->wake_fd);
        return started;
    }
    crew->helper_count++;
    occ_event_await(crew->done_fd); /* a filter of system calls would kill a thread that has not begun */
    return occ_success();
}

struct occ_result
occ_crew_new(size_t workers, struct occ_error *err, struct occ_crew **ret_crew)
{
    struct occ_crew *const crew = calloc(1, sizeof *crew);
    if (crew == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    crew->done_fd = -1;
    struct occ_result ready = occ_event_open(err, &crew->done_fd);
    const size_t helpers = (workers < OCC_LIMIT_WORKERS ? workers : OCC_LIMIT_WORKERS) - 1;
    while (occ_is_ok(ready) && crew->helper_count < helpers) {
        ready = add_helper(crew, err);
    }
    if (!occ_is_ok(ready)) {
        occ_crew_free(crew);
        return ready;
    }
    *ret_crew = crew;
    return occ_success();
}

void
occ_crew_free(struct occ_crew *crew)
{
    if (crew == NULL) {
        return;
    }
    atomic_store(&crew->stop, true);
    for (size_t i = 0; i < crew->helper_count; i++) {
        occ_event_signal(crew->helpers[i].wake_fd);
        occ_thread_join(crew->helpers[i].thread);
        occ_event_close(crew->helpers[i].wake_fd);
    }
    occ_event_close(crew->done_fd);
    free(crew);
}

void
occ_crew_run(void *ctx, void (*job)(void *arg, size_t index), void *arg, size_t count)
{
    struct occ_crew *const crew = ctx;
    const size_t others = count == 0 ? 0 : count - 1;
    const size_t helpers = others < crew->helper_count ? others : crew->helper_count;
    crew->job = job;
    crew->arg = arg;
    crew->count = count;
    atomic_store(&crew->next, 0);
    atomic_store(&crew->working, helpers);
    for (size_t i = 0; i < helpers; i++) {
        occ_event_signal(crew->helpers[i].wake_fd);
    }
    take_jobs(crew);
    if (helpers > 0) {
        occ_event_await(crew->done_fd);
    }
}
