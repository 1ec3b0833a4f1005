/*
 * again.h — results that are not acknowledged, given again to the next session (DESIGN §4, promise 1).
 */
#ifndef OCC_BOUNDARY_AGAIN_H
#define OCC_BOUNDARY_AGAIN_H

#include "boundary/outbox.h"

/*
 * Appends all that the store holds, oldest first, in RESULT frames with id 0. A document stands once in each frame that it is
 * needed in; if there are several, its number is another than before. If out has no room for it,
 * out->bytes has failed.
 */
void occ_again_put(const struct occ_retain *retain, struct occ_outbox *out);

#endif
