/* loop.c — the event loop, its end of turn, timers and signals, on libuv. */
#include "net/loop.h"

#include <signal.h>
#include <stdlib.h>

#include "net/loop_private.h"

enum { READ_BUFFER_LEN = 256 << 10, ROUNDS_MAX = 8 };

struct hook {
    void (*fire)(void *ctx);
    void *ctx;
    struct hook *next;
};

struct signal_hook {
    uv_signal_t handle;
    void (*fire)(void *ctx, int signal);
    void *ctx;
};

struct occ_loop {
    uv_loop_t uv;
    uv_prepare_t end_of_turn;
    uv_idle_t not_waiting;            /* active while tasks are left over: then the loop does not wait */
    struct occ_loop_task soon, flush; /* heads of rings */
    struct hook *hooks;
    char *read_buffer;
};

/* ---- tasks ---- */

static void
ring_init(struct occ_loop_task *ring)
{
    ring->next = ring->previous = ring;
}

static void
ring_append(struct occ_loop_task *ring, struct occ_loop_task *task)
{
    if (task->next != NULL) {
        return;
    }
    task->previous = ring->previous;
    task->next = ring;
    ring->previous->next = task;
    ring->previous = task;
}

void
occ_loop_task_cancel(struct occ_loop_task *task)
{
    if (task->next == NULL) {
        return;
    }
    task->next->previous = task->previous;
    task->previous->next = task->next;
    task->next = task->previous = NULL;
}

/* Runs what waits now; what is added meanwhile stays for the next round. */
static void
ring_run(struct occ_loop_task *ring)
{
    if (ring->next == ring) {
        return;
    }
    struct occ_loop_task batch = *ring;
    batch.next->previous = batch.previous->next = &batch;
    ring_init(ring);
    while (batch.next != &batch) {
        struct occ_loop_task *task = batch.next;
        occ_loop_task_cancel(task);
        task->run(task);
    }
}

void
occ_loop_soon(struct occ_loop *loop, struct occ_loop_task *task)
{
    ring_append(&loop->soon, task);
}

void
occ_loop_flush(struct occ_loop *loop, struct occ_loop_task *task)
{
    ring_append(&loop->flush, task);
}

static void
on_idle(uv_idle_t *handle)
{
    (void)handle; /* its being active is all that it does */
}

static void
on_end_of_turn(uv_prepare_t *handle)
{
    struct occ_loop *loop = handle->data;
    unsigned rounds = 0;
    do {
        ring_run(&loop->soon);
        for (const struct hook *hook = loop->hooks; hook != NULL; hook = hook->next) {
            if (hook->fire != NULL) {
                hook->fire(hook->ctx);
            }
        }
        ring_run(&loop->flush);
    } while ((loop->soon.next != &loop->soon || loop->flush.next != &loop->flush) && ++rounds < ROUNDS_MAX);
    if (loop->soon.next != &loop->soon || loop->flush.next != &loop->flush) {
        (void)uv_idle_start(&loop->not_waiting, on_idle);
    } else {
        (void)uv_idle_stop(&loop->not_waiting);
    }
}

OCC_RESULT
occ_loop_on_turn(struct occ_loop *loop, void (*fire)(void *ctx), void *ctx)
{
    struct hook *hook = calloc(1, sizeof *hook);
    OCC_ENSURE(hook != NULL, OCC_ERR_NOMEM);
    *hook = (struct hook){ .fire = fire, .ctx = ctx };
    struct hook **last = &loop->hooks;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = hook;
    return occ_success();
}

void
occ_loop_off_turn(struct occ_loop *loop, const void *ctx)
{
    for (struct hook *hook = loop->hooks; hook != NULL; hook = hook->next) {
        if (hook->ctx == ctx) {
            hook->fire = NULL; /* it may be the one that is being called */
        }
    }
}

/* ---- the loop ---- */

enum occ_err
occ_loop_code(int uv_status)
{
    switch (uv_status) {
    case 0:
        return OCC_OK;
    case UV_ENOMEM:
        return OCC_ERR_NOMEM;
    case UV_EOF:
    case UV_ECONNRESET:
    case UV_EPIPE:
    case UV_ENOTCONN:
        return OCC_ERR_CLOSED;
    case UV_ECONNREFUSED:
    case UV_ENOENT:
        return OCC_ERR_UNAVAILABLE;
    case UV_EACCES:
    case UV_EPERM:
        return OCC_ERR_DENIED;
    case UV_ETIMEDOUT:
        return OCC_ERR_TIMEOUT;
    default:
        return OCC_ERR_IO;
    }
}

OCC_RESULT
occ_loop_new(struct occ_error *err, struct occ_loop **ret_loop)
{
    struct occ_loop *loop = calloc(1, sizeof *loop);
    char *read_buffer = malloc(READ_BUFFER_LEN);
    if (loop == NULL || read_buffer == NULL) {
        free(loop);
        free(read_buffer);
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    const int status = uv_loop_init(&loop->uv);
    if (status != 0) {
        free(loop);
        free(read_buffer);
        return occ_error_set(err, OCC_ERR_IO, "event loop: %s", uv_strerror(status));
    }
    loop->read_buffer = read_buffer;
    ring_init(&loop->soon);
    ring_init(&loop->flush);
    /* These three cannot fail on a loop that was made. */
    (void)uv_idle_init(&loop->uv, &loop->not_waiting);
    (void)uv_prepare_init(&loop->uv, &loop->end_of_turn);
    loop->end_of_turn.data = loop;
    (void)uv_prepare_start(&loop->end_of_turn, on_end_of_turn);
    uv_unref((uv_handle_t *)&loop->end_of_turn);
    /* A peer that has gone is an error of the write, not the end of this process. */
    (void)signal(SIGPIPE, SIG_IGN);
    *ret_loop = loop;
    return occ_success();
}

void
occ_loop_run(struct occ_loop *loop)
{
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void
occ_loop_stop(struct occ_loop *loop)
{
    uv_stop(&loop->uv);
}

static void
on_signal_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void
close_own(uv_handle_t *handle, void *ctx)
{
    (void)ctx;
    if (handle->type == UV_SIGNAL && !uv_is_closing(handle)) {
        uv_close(handle, on_signal_closed);
    }
}

void
occ_loop_free(struct occ_loop *loop)
{
    if (loop == NULL) {
        return;
    }
    uv_walk(&loop->uv, close_own, NULL);
    uv_close((uv_handle_t *)&loop->end_of_turn, NULL);
    uv_close((uv_handle_t *)&loop->not_waiting, NULL);
    (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
    /* What was closed shortly before may want another turn or two; what was not closed stays, and is not freed under it. */
    for (int i = 0; i < ROUNDS_MAX && uv_loop_close(&loop->uv) == UV_EBUSY; i++) {
        if (i == ROUNDS_MAX - 1) {
            return;
        }
        (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
    }
    while (loop->hooks != NULL) {
        struct hook *hook = loop->hooks;
        loop->hooks = hook->next;
        free(hook);
    }
    free(loop->read_buffer);
    free(loop);
}

uint64_t
occ_loop_now_ms(const struct occ_loop *loop)
{
    return uv_now(&loop->uv);
}

uv_loop_t *
occ_loop_uv(struct occ_loop *loop)
{
    return &loop->uv;
}

uv_buf_t
occ_loop_read_buffer(const struct occ_loop *loop, size_t len_max)
{
    return uv_buf_init(loop->read_buffer, (unsigned)(len_max < READ_BUFFER_LEN ? len_max : READ_BUFFER_LEN));
}

/* ---- signals ---- */

static void
on_signal(uv_signal_t *handle, int number)
{
    const struct signal_hook *hook = handle->data;
    hook->fire(hook->ctx, number);
}

OCC_RESULT
occ_loop_on_signal(struct occ_loop *loop, int signal, void (*fire)(void *ctx, int signal), void *ctx)
{
    struct signal_hook *hook = calloc(1, sizeof *hook);
    OCC_ENSURE(hook != NULL, OCC_ERR_NOMEM);
    hook->fire = fire;
    hook->ctx = ctx;
    if (uv_signal_init(&loop->uv, &hook->handle) != 0) {
        free(hook);
        return occ_result_of(OCC_ERR_IO);
    }
    hook->handle.data = hook;
    uv_unref((uv_handle_t *)&hook->handle);
    if (uv_signal_start(&hook->handle, on_signal, signal) != 0) {
        uv_close((uv_handle_t *)&hook->handle, on_signal_closed);
        return occ_result_of(OCC_ERR_IO);
    }
    return occ_success();
}

/* ---- timers ---- */

struct occ_timer {
    uv_timer_t handle;
    void (*fire)(void *ctx);
    void *ctx;
};

static void
on_timer(uv_timer_t *handle)
{
    const struct occ_timer *timer = handle->data;
    timer->fire(timer->ctx);
}

OCC_RESULT
occ_timer_new(struct occ_loop *loop, void (*fire)(void *ctx), void *ctx, struct occ_timer **ret_timer)
{
    struct occ_timer *timer = calloc(1, sizeof *timer);
    OCC_ENSURE(timer != NULL, OCC_ERR_NOMEM);
    timer->fire = fire;
    timer->ctx = ctx;
    (void)uv_timer_init(&loop->uv, &timer->handle);
    timer->handle.data = timer;
    *ret_timer = timer;
    return occ_success();
}

void
occ_timer_start(struct occ_timer *timer, uint64_t delay_ms)
{
    (void)uv_timer_start(&timer->handle, on_timer, delay_ms, 0);
}

void
occ_timer_stop(struct occ_timer *timer)
{
    (void)uv_timer_stop(&timer->handle);
}

static void
on_timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void
occ_timer_free(struct occ_timer *timer)
{
    if (timer != NULL) {
        uv_close((uv_handle_t *)&timer->handle, on_timer_closed);
    }
}
