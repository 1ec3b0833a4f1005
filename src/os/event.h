/*
 * event.h — a descriptor by which one thread wakes another. What the first wrote before is there for the second after.
 */
#ifndef OCC_OS_EVENT_H
#define OCC_OS_EVENT_H

#include "base/result.h"

/* Not readable at first. To be closed with occ_event_close. */
OCC_RESULT occ_event_open(struct occ_error *err, int *ret_fd);
/* Makes it readable. */
void occ_event_signal(int fd);
/* Waits until it is readable, and makes it not so. */
void occ_event_await(int fd);
/* The same, but not longer than so many milliseconds: then false. */
OCC_MUST_USE bool occ_event_await_for(int fd, int timeout_ms);
void occ_event_close(int fd);

#endif
