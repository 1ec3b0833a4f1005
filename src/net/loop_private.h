/*
 * loop_private.h — what the rest of net needs of the loop.
 *
 * At the end of each turn, before the loop waits, three things happen in this order: tasks of "soon" (work that was put
 * off so that nothing calls back out of somebody's call), the hooks of occ_loop_on_turn (which see all that the turn
 * brought), tasks of "flush" (writes that were gathered). If that gives new "soon" tasks, it happens again.
 */
#ifndef OCC_NET_LOOP_PRIVATE_H
#define OCC_NET_LOOP_PRIVATE_H

#include <uv.h>

#include "net/loop.h"

/* Embedded in its owner; run at most once per call of soon or flush, however often it was asked for. */
struct occ_loop_task {
    void (*run)(struct occ_loop_task *task);
    struct occ_loop_task *next, *previous; /* NULL = not waiting */
};

uv_loop_t *occ_loop_uv(struct occ_loop *loop);
/* One buffer for all reads: what is in it must be used before the next read. */
uv_buf_t occ_loop_read_buffer(const struct occ_loop *loop, size_t len_max);
void occ_loop_soon(struct occ_loop *loop, struct occ_loop_task *task);
void occ_loop_flush(struct occ_loop *loop, struct occ_loop_task *task);
/* Takes it back if it waits. */
void occ_loop_task_cancel(struct occ_loop_task *task);
/* What a failed call of libuv means to us. */
enum occ_err occ_loop_code(int uv_status);

#endif
