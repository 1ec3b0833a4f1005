/*
 * greet.h — HELLO_OK: who the boundary is, what it allows, and where its chains stand.
 */
#ifndef OCC_BOUNDARY_GREET_H
#define OCC_BOUNDARY_GREET_H

#include "boundary/batch.h"

/* Appends the frame. */
void occ_greet_put(const struct occ_batch *batch, struct occ_buf *out);

#endif
