/*
 * pending.h — commit requests on their way to the boundary: the queue of those that wait, how they share frames, and how
 * the results of a frame are matched to them. Bytes and lists only; boundary.c does the talking.
 *
 * A request is in one list at a time: the queue, then the flight of its frame. Whoever takes it out calls done, once.
 */
#ifndef OCC_SERVER_PENDING_H
#define OCC_SERVER_PENDING_H

#include "base/buf.h"
#include "wire/commit.h"

/* Our own bytes kept by the boundary with each request: 8 that are random per run of occd, 8 that number its requests. */
enum { OCC_PENDING_OPAQUE_LEN = 16 };

/* What became of a request. Views are valid during the call of done. */
struct occ_pending_answer {
    /*
     * OCC_OK: proofs. Else why not: OCC_ERR_UNAVAILABLE, OCC_ERR_TIMEOUT (nothing was given out and nothing will be),
     * OCC_ERR_UNKNOWN_OUTCOME, or the code of the boundary's refusal.
     */
    enum occ_err code;
    struct occ_bytes text;   /* a sentence, unless OCC_OK */
    uint32_t proof_count;    /* exactly the request's digests */
    struct occ_bytes proofs; /* as in struct occ_commit_outcome */
};

struct occ_pending {
    struct occ_buf loose; /* the encoded request, occ_commit_begin_loose; begins with the opaque bytes */
    uint8_t opaque[OCC_PENDING_OPAQUE_LEN];
    uint32_t digests;
    size_t answer_len; /* bytes that its proofs will have, at most */
    void (*done)(struct occ_pending *pending, const struct occ_pending_answer *answer);
    uint64_t since_ms; /* set by boundary.c when it is taken */
    struct occ_pending *next;
};

/* First in, first out. */
struct occ_pending_list {
    struct occ_pending *first, *last;
    size_t count;
    size_t loose_len;  /* bytes of all loose buffers */
    size_t answer_len; /* the sum of theirs */
};
void occ_pending_push(struct occ_pending_list *list, struct occ_pending *pending);
struct occ_pending *occ_pending_pop(struct occ_pending_list *list); /* NULL if it is empty */
/* Takes all out, calling done with the code and sentence. */
void occ_pending_fail_all(struct occ_pending_list *list, enum occ_err code, const char *text);

/* What one frame may hold: what both sides allow. */
struct occ_pending_rules {
    size_t frame_len_max;  /* bytes of a frame, each way */
    uint32_t requests_max; /* requests in a frame */
    uint32_t digests_max;  /* digests after which no further request joins a frame */
    size_t answer_len_max; /* proof text of a frame's results */
};
/* True if a frame that holds nothing else may hold it. */
bool occ_pending_fits_alone(const struct occ_pending *pending, const struct occ_pending_rules *rules);
/*
 * Moves requests from the front of queue to flight (which is empty) and appends their COMMIT frame to out: at least one, then
 * as many as the rules let join it. Order is kept. Failures are those of out; what was moved stays in flight then.
 */
OCC_RESULT occ_pending_pack(struct occ_pending_list *queue, const struct occ_pending_rules *rules, uint64_t frame_id,
                            struct occ_pending_list *flight, struct occ_buf *out);

/*
 * Checks the payload of the RESULT frame that answers flight, all of it: as many results as requests, in their order, each
 * with its own opaque bytes, successes with one proof per digest and positions that go on from *position without a gap.
 * OCC_ERR_WIRE_MESSAGE if anything is inconsistent: then nothing was delivered. Else every request is taken out and its
 * done called, and *position is that of the newest success; OCC_ERR_INTEGRITY if one of the results is a refusal of that
 * code: the boundary is not to be used again.
 */
OCC_RESULT occ_pending_deliver(struct occ_pending_list *flight, struct occ_bytes payload, uint64_t *position);

#endif
