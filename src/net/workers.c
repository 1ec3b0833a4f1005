/* workers.c — jobs off the loop's thread. A queue that is bounded, results handed back in batches. */
#include <stdlib.h>

#include "net/loop_private.h"

struct job {
    void (*run)(void *job);
    void (*done)(void *job);
    void *job;
    struct job *next;
};

struct queue {
    struct job *first, *last;
    size_t count;
};

/*
 * lock guards waiting, finished and stopping. All else is the loop thread's. A job is in one of: waiting, a worker's
 * hands, finished.
 */
struct occ_workers {
    uv_async_t finished_some;
    uv_mutex_t lock;
    uv_cond_t wanted;
    struct queue waiting, finished;
    bool stopping;
    uv_thread_t *threads;
    unsigned threads_len;
    size_t waiting_max, pending;
};

static void
queue_append(struct queue *queue, struct job *job)
{
    job->next = NULL;
    if (queue->last == NULL) {
        queue->first = job;
    } else {
        queue->last->next = job;
    }
    queue->last = job;
    queue->count++;
}

static struct job *
queue_take(struct queue *queue)
{
    struct job *job = queue->first;
    queue->first = job->next;
    if (queue->first == NULL) {
        queue->last = NULL;
    }
    queue->count--;
    return job;
}

static void
worker_main(void *arg)
{
    struct occ_workers *workers = arg;
    uv_mutex_lock(&workers->lock);
    for (;;) {
        while (workers->waiting.count == 0 && !workers->stopping) {
            uv_cond_wait(&workers->wanted, &workers->lock);
        }
        if (workers->stopping) {
            break;
        }
        struct job *job = queue_take(&workers->waiting);
        uv_mutex_unlock(&workers->lock);
        job->run(job->job);
        uv_mutex_lock(&workers->lock);
        const bool first = workers->finished.count == 0;
        queue_append(&workers->finished, job);
        if (first) {
            (void)uv_async_send(&workers->finished_some); /* the loop takes all that is finished by then */
        }
    }
    uv_mutex_unlock(&workers->lock);
}

/* On the loop's thread, lock not held. */
static void
hand_back(struct occ_workers *workers, struct queue batch)
{
    while (batch.count > 0) {
        struct job *job = queue_take(&batch);
        const struct job copy = *job;
        free(job);
        if (--workers->pending == 0) {
            uv_unref((uv_handle_t *)&workers->finished_some);
        }
        copy.done(copy.job);
    }
}

static struct queue
take_all(struct queue *queue)
{
    const struct queue all = *queue;
    *queue = (struct queue){ 0 };
    return all;
}

static void
on_finished_some(uv_async_t *handle)
{
    struct occ_workers *workers = handle->data;
    uv_mutex_lock(&workers->lock);
    const struct queue batch = take_all(&workers->finished);
    uv_mutex_unlock(&workers->lock);
    hand_back(workers, batch);
}

static void
on_closed(uv_handle_t *handle)
{
    struct occ_workers *workers = handle->data;
    uv_cond_destroy(&workers->wanted);
    uv_mutex_destroy(&workers->lock);
    free(workers->threads);
    free(workers);
}

/* Mutex, condition and wake-up; nothing is left behind on failure. */
static OCC_RESULT
init_parts(struct occ_workers *workers, struct occ_loop *loop)
{
    OCC_ENSURE(uv_mutex_init(&workers->lock) == 0, OCC_ERR_NOMEM);
    if (uv_cond_init(&workers->wanted) != 0) {
        uv_mutex_destroy(&workers->lock);
        return occ_result_of(OCC_ERR_NOMEM);
    }
    if (uv_async_init(occ_loop_uv(loop), &workers->finished_some, on_finished_some) != 0) {
        uv_cond_destroy(&workers->wanted);
        uv_mutex_destroy(&workers->lock);
        return occ_result_of(OCC_ERR_IO);
    }
    workers->finished_some.data = workers;
    uv_unref((uv_handle_t *)&workers->finished_some);
    return occ_success();
}

OCC_RESULT
occ_workers_new(struct occ_loop *loop, unsigned count, size_t waiting_max, struct occ_workers **ret_workers)
{
    OCC_ENSURE(count > 0, OCC_ERR_USAGE);
    struct occ_workers *workers = calloc(1, sizeof *workers);
    OCC_ENSURE(workers != NULL, OCC_ERR_NOMEM);
    workers->waiting_max = waiting_max;
    workers->threads = calloc(count, sizeof *workers->threads);
    const struct occ_result parts = workers->threads == NULL ? occ_result_of(OCC_ERR_NOMEM) : init_parts(workers, loop);
    if (!occ_is_ok(parts)) {
        free(workers->threads);
        free(workers);
        return parts;
    }
    for (; workers->threads_len < count; workers->threads_len++) {
        if (uv_thread_create(&workers->threads[workers->threads_len], worker_main, workers) != 0) {
            occ_workers_free(workers);
            return occ_result_of(OCC_ERR_NOMEM);
        }
    }
    *ret_workers = workers;
    return occ_success();
}

OCC_RESULT
occ_workers_submit(struct occ_workers *workers, void (*run)(void *job), void (*done)(void *job), void *job)
{
    struct job *entry = calloc(1, sizeof *entry);
    OCC_ENSURE(entry != NULL, OCC_ERR_NOMEM);
    *entry = (struct job){ .run = run, .done = done, .job = job };
    uv_mutex_lock(&workers->lock);
    const bool taken = !workers->stopping && workers->waiting.count < workers->waiting_max;
    if (taken) {
        queue_append(&workers->waiting, entry);
        uv_cond_signal(&workers->wanted);
    }
    uv_mutex_unlock(&workers->lock);
    if (!taken) {
        free(entry);
        return occ_result_of(OCC_ERR_BUSY);
    }
    if (workers->pending++ == 0) {
        uv_ref((uv_handle_t *)&workers->finished_some);
    }
    return occ_success();
}

size_t
occ_workers_pending(const struct occ_workers *workers)
{
    return workers->pending;
}

void
occ_workers_free(struct occ_workers *workers)
{
    if (workers == NULL) {
        return;
    }
    uv_mutex_lock(&workers->lock);
    workers->stopping = true;
    uv_cond_broadcast(&workers->wanted);
    uv_mutex_unlock(&workers->lock);
    for (unsigned i = 0; i < workers->threads_len; i++) {
        (void)uv_thread_join(&workers->threads[i]);
    }
    hand_back(workers, take_all(&workers->finished));
    hand_back(workers, take_all(&workers->waiting));
    uv_close((uv_handle_t *)&workers->finished_some, on_closed);
}
