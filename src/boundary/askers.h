/*
 * askers.h — those who ask for a document with a nonce of theirs (ATTEST, wire/attest.h), in a bounded queue.
 *
 * A nonce never costs commits more than a tenth of the device: after a nonce's document that took d ms, none is begun for
 * 9·d ms, whether or not anything else waits.
 */
#ifndef OCC_BOUNDARY_ASKERS_H
#define OCC_BOUNDARY_ASKERS_H

#include "wire/attest.h"
#include "wire/frame.h"

struct occ_batch;

struct occ_asker {
    uint64_t id; /* of the frame */
    size_t len;
    uint8_t nonce[OCC_LIMIT_ATTEST_NONCE];
};

/* Begin with zeros. */
struct occ_askers {
    struct occ_asker list[OCC_LIMIT_ATTEST_ASKERS]; /* who asked first is first */
    size_t count;
    uint64_t next_ms; /* uptime: no document about a nonce is begun before that */
};

/*
 * Handles an ATTEST frame: appends one ATTESTED frame to out, or it will come with a document. OCC_ERR_WIRE_MESSAGE with a
 * sentence: the frame was not taken.
 */
OCC_RESULT occ_askers_handle(struct occ_batch *batch, const struct occ_frame *frame, struct occ_error *err,
                             struct occ_buf *out);
/* A nonce's document has come, or failed, after so many microseconds. */
void occ_askers_pause(struct occ_askers *askers, uint64_t uptime_ms, uint64_t duration_us);
/* Answers the first of them, who is gone then. There is one. */
void occ_askers_answer(struct occ_askers *askers, const struct occ_attest_answer *answer, struct occ_buf *out);
/* All of them are gone; with out, refused. */
void occ_askers_refuse(struct occ_askers *askers, enum occ_err code, const char *text, struct occ_buf *out);

#endif
