/*
 * stream_private.h — a stream over a descriptor that is connected already, for child.c.
 */
#ifndef OCC_NET_STREAM_PRIVATE_H
#define OCC_NET_STREAM_PRIVATE_H

#include "net/stream.h"

/* Takes fd over, also on failure. No on_open follows. */
OCC_RESULT occ_stream_adopt(struct occ_loop *loop, int fd, const struct occ_stream_events *events,
                            struct occ_stream **ret_stream);

#endif
