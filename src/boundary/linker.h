/*
 * linker.h — what a LINK frame does: chains of this epoch go on from proofs of an earlier one (PROTOCOL §2.3, §6).
 */
#ifndef OCC_BOUNDARY_LINKER_H
#define OCC_BOUNDARY_LINKER_H

#include "boundary/batch.h"

/*
 * Handles a LINK frame: appends one LINKED frame to out. All its chains are linked or none. OCC_ERR_WIRE_MESSAGE with a
 * sentence: the frame was not taken.
 */
OCC_RESULT occ_linker_handle(struct occ_batch *batch, const struct occ_frame *frame, struct occ_error *err,
                             struct occ_buf *out);

#endif
