/*
 * settle.h — what waits for its documents (waiting.h) is completed or discarded, and the chains go with it.
 */
#ifndef OCC_BOUNDARY_SETTLE_H
#define OCC_BOUNDARY_SETTLE_H

#include "boundary/batch.h"

/*
 * The document that was out about proofs has come: the frames that have all of theirs now are sent and kept, and what they hold
 * counts as given out. OCC_ERR_LIMIT or OCC_ERR_NOMEM: out has no room for one of them; it and those behind it still wait.
 */
OCC_RESULT occ_settle_complete(struct occ_batch *batch, struct occ_document *document, struct occ_outbox *out);
/*
 * Discards what waits, all of it, since each proof builds on the one before: chains go back to what was given out, and slots that
 * were consumed can be consumed again. With out, each request is refused with code and text; without, there is nobody to tell.
 */
void occ_settle_discard(struct occ_batch *batch, enum occ_err code, const char *text, struct occ_buf *out);

#endif
