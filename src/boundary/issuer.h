/*
 * issuer.h — what an ISSUE frame does: a challenge or a slot is given out (PROTOCOL §3, §4, §6).
 */
#ifndef OCC_BOUNDARY_ISSUER_H
#define OCC_BOUNDARY_ISSUER_H

#include "boundary/batch.h"

/*
 * Handles an ISSUE frame: appends one ISSUED frame to out. OCC_ERR_WIRE_MESSAGE with a sentence: the frame was not taken.
 * A slot's counter has moved also where out had no room for the answer: it stays a gap.
 */
OCC_RESULT occ_issuer_handle(struct occ_batch *batch, const struct occ_frame *frame, struct occ_error *err,
                             struct occ_buf *out);

#endif
