/*
 * loop.h — the event loop, timers, signals, workers and child processes. net is the only place with libuv.
 *
 * One thread runs the loop; everything here is called on that thread, and calls back on it, unless it says otherwise.
 */
#ifndef OCC_NET_LOOP_H
#define OCC_NET_LOOP_H

#include "base/bytes.h"
#include "base/result.h"

struct occ_loop;
/* From then on SIGPIPE is ignored by the whole process: a peer that has gone is an error of the write. */
OCC_RESULT occ_loop_new(struct occ_error *err, struct occ_loop **ret_loop);
/* Runs until occ_loop_stop, or until nothing is left to wait for. */
void occ_loop_run(struct occ_loop *loop);
void occ_loop_stop(struct occ_loop *loop);
/* Closes what is left of the loop's own; every timer, stream, child and server must have been closed before. */
void occ_loop_free(struct occ_loop *loop);
/* Milliseconds of the loop's monotonic clock, cached per turn. */
uint64_t occ_loop_now_ms(const struct occ_loop *loop);

/* ---- timers: embedded nowhere, owned by who made them ---- */
struct occ_timer;
OCC_RESULT occ_timer_new(struct occ_loop *loop, void (*fire)(void *ctx), void *ctx, struct occ_timer **ret_timer);
/* Fires once after delay_ms; starting again replaces. */
void occ_timer_start(struct occ_timer *timer, uint64_t delay_ms);
void occ_timer_stop(struct occ_timer *timer);
void occ_timer_free(struct occ_timer *timer); /* NULL is allowed; never fires again */

/* ---- signals ---- */
/* Calls fire for each arrival of the signal (SIGTERM, SIGINT, SIGHUP) until the loop is freed. */
OCC_RESULT occ_loop_on_signal(struct occ_loop *loop, int signal, void (*fire)(void *ctx, int signal), void *ctx);

/* ---- workers: jobs off the loop's thread ---- */
struct occ_workers;
/* count threads, at most waiting_max jobs not yet begun. */
OCC_RESULT occ_workers_new(struct occ_loop *loop, unsigned count, size_t waiting_max, struct occ_workers **ret_workers);
/*
 * run(job) on a worker's thread, then done(job) on the loop's. OCC_ERR_BUSY if waiting_max jobs wait already: nothing was
 * taken.
 */
OCC_RESULT occ_workers_submit(struct occ_workers *workers, void (*run)(void *job), void (*done)(void *job), void *job);
/* Jobs taken and not done yet. */
size_t occ_workers_pending(const struct occ_workers *workers);
/* Waits for running jobs; those not begun are given to done without run having been called. Then frees. */
void occ_workers_free(struct occ_workers *workers);

/*
 * ---- work in front of each wait: called once per turn of the loop, after its events ----
 * What a hook answers and sends goes out in the same turn. A hook may be called once more in a turn in which others gave it
 * new work.
 */
OCC_RESULT occ_loop_on_turn(struct occ_loop *loop, void (*fire)(void *ctx), void *ctx);
/* From now on no hook with that ctx is called. May be called by a hook. */
void occ_loop_off_turn(struct occ_loop *loop, const void *ctx);

#endif
