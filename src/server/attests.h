/*
 * attests.h — requests for documents about the boundary's key that are under way (wire/attest.h).
 *
 * Answers may come in any order, and one with a nonce may take long: it has a small share of the device's time. Whoever has
 * waited too long is told so; the place stays taken until the answer has come, so that there are never more than
 * OCC_LIMIT_ATTEST_ASKERS of them. Those that ask without a nonce share one more, which is theirs: nobody's nonces keep them from
 * the document that is at hand.
 */
#ifndef OCC_SERVER_ATTESTS_H
#define OCC_SERVER_ATTESTS_H

#include "server/boundary.h"
#include "wire/frame.h"

enum { OCC_ATTESTS_PLACES = OCC_LIMIT_ATTEST_ASKERS + 1 };

struct occ_attests {
    struct occ_attests_place {
        uint64_t id;                       /* of the frame; 0 = free */
        struct occ_boundary_attest *first; /* who waits for it */
    } places[OCC_ATTESTS_PLACES];          /* the last one: of those without a nonce */
    size_t waiting;                        /* askers */
};

/*
 * Takes attest, whose since_ms is set, and appends its frame to out, unless another's answer will do. OCC_ERR_BUSY: every place
 * is taken; OCC_ERR_NOMEM, OCC_ERR_LIMIT: out. Nothing was taken then.
 */
OCC_RESULT occ_attests_add(struct occ_attests *attests, struct occ_boundary_attest *attest, uint64_t *last_id,
                           struct occ_buf *out);
/* An ATTESTED frame. OCC_ERR_WIRE_MESSAGE: nobody asked, or it is malformed; OCC_ERR_INTEGRITY: so the boundary says. */
OCC_RESULT occ_attests_take(struct occ_attests *attests, const struct occ_frame *frame);
/* Tells those that came before before_ms that it took too long. */
void occ_attests_time_out(struct occ_attests *attests, uint64_t before_ms);
/* The session is over: tells all, and frees all places. */
void occ_attests_fail_all(struct occ_attests *attests, enum occ_err code);

#endif
