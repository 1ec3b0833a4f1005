/*
 * timestamps_late.h — tokens that the ledger still wants: fetched in the background, some at a time, and written to it.
 *
 * The ledger is what remembers; the queue here is bounded, and what does not fit is read from the ledger when the queue is
 * empty. While nothing can be had the queue stands still, longer each time.
 */
#ifndef OCC_SERVER_TIMESTAMPS_LATE_H
#define OCC_SERVER_TIMESTAMPS_LATE_H

#include "server/timestamps.h"
#include "server/timestamps_subject.h"

struct occ_timestamps_late_queue;

struct occ_timestamps_late_config {
    struct occ_loop *loop;
    const struct occ_events *events;
    struct occ_store *store;
    struct occ_timestamps_subjects *subjects;
    size_t max; /* tokens that wait here */
};
/* Begins with what the ledger wants. */
OCC_RESULT occ_timestamps_late_new(const struct occ_timestamps_late_config *config,
                                   struct occ_timestamps_late_queue **ret_queue);
/* The subjects must have been freed before. What the store has in hand is freed when it gives it back. NULL is allowed. */
void occ_timestamps_late_free(struct occ_timestamps_late_queue *queue);
/* From now on nothing is begun. */
void occ_timestamps_late_stop(struct occ_timestamps_late_queue *queue);

/* text: what was had already and is only to be written, at once if possible; or empty. */
void occ_timestamps_late_add(struct occ_timestamps_late_queue *queue, const struct occ_timestamps_late *late,
                             struct occ_bytes text);
/* An authority has just given a token: what stands still may go on. */
void occ_timestamps_late_go_on(struct occ_timestamps_late_queue *queue);
/* Those that wait, are asked for, or are being written. */
size_t occ_timestamps_late_length(const struct occ_timestamps_late_queue *queue);

#endif
