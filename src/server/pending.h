/*
 * pending.h — commit requests on their way to the boundary: the queue of those that wait, how they share frames, and how
 * the results of a frame are matched to them. Bytes and lists only; boundary.c does the talking.
 *
 * A request is in one list at a time: the queue, then the flight of its frame. Whoever takes it out calls done, once.
 */
#ifndef OCC_SERVER_PENDING_H
#define OCC_SERVER_PENDING_H

#include "base/buf.h"
#include "server/opaque.h"
#include "wire/commit.h"

/* What became of a request. Views are valid during the call of done. */
struct occ_pending_answer {
    /*
     * OCC_OK: proofs. Else why not: OCC_ERR_UNAVAILABLE, OCC_ERR_TIMEOUT (nothing was given out and nothing will be),
     * OCC_ERR_UNKNOWN_OUTCOME, or the code of the boundary's refusal.
     */
    enum occ_err code;
    struct occ_bytes text;             /* a sentence, unless OCC_OK */
    uint32_t proof_count;              /* exactly the request's digests */
    struct occ_bytes proofs;           /* as in struct occ_commit_outcome */
    const struct occ_bytes *documents; /* theirs, and of others: for occ_commit_put_whole */
};

struct occ_pending {
    struct occ_buf loose; /* the encoded request, occ_commit_begin_loose; begins with the opaque bytes */
    uint8_t opaque[OCC_OPAQUE_LEN_MAX];
    size_t opaque_len;
    uint32_t digests;
    size_t text_len;   /* bytes that its proofs will have at most, without documents */
    size_t answer_len; /* and with them: set by boundary.c, which knows the documents */
    void (*done)(struct occ_pending *pending, const struct occ_pending_answer *answer);
    uint64_t since_ms; /* set by boundary.c when it is taken */
    struct occ_pending *next;
};

/* First in, first out. */
struct occ_pending_list {
    struct occ_pending *first, *last;
    size_t count;
    size_t loose_len;  /* bytes of all loose buffers */
    size_t answer_len; /* the sum of theirs, */
    size_t digests;    /* and of these */
};
void occ_pending_push(struct occ_pending_list *list, struct occ_pending *pending);
struct occ_pending *occ_pending_pop(struct occ_pending_list *list); /* NULL if it is empty */
/* Takes all out, calling done with the code and sentence. */
void occ_pending_fail_all(struct occ_pending_list *list, enum occ_err code, const char *text);

/* Chains that a frame is filled up for, each as if it were alone: the boundary may sign them at the same time. */
enum { OCC_PENDING_CHAINS_MAX = 4 };

/* What one frame may hold: what both sides allow. */
struct occ_pending_rules {
    size_t frame_len_max;  /* bytes of a frame, each way */
    uint32_t requests_max; /* requests in a frame */
    uint32_t digests_max;  /* digests of one chain after which no further request of it joins a frame, */
    uint32_t
        chains_max; /* and chains in a frame, 1 to OCC_PENDING_CHAINS_MAX; 1 = whatever chains, they count as one */
    size_t answer_len_max; /* proof text of a frame's results, each proof with its document */
    size_t document_len;   /* bytes that a document is reckoned with; 0 = there are none */
    bool has_own_document; /* each proof has its own; else those of a frame share one */
};
/* Bytes that the proofs of a request will have at most, each with its document. */
size_t occ_pending_answer_len(const struct occ_pending *pending, const struct occ_pending_rules *rules);
/* True if a frame that holds nothing else may hold it. */
bool occ_pending_fits_alone(const struct occ_pending *pending, const struct occ_pending_rules *rules);
/*
 * Moves requests from the front of queue to flight (which is empty) and appends their COMMIT frame to out: at least one, then
 * as many as the rules let join it. Order is kept. Failures are those of out; what was moved stays in flight then.
 */
OCC_RESULT occ_pending_pack(struct occ_pending_list *queue, const struct occ_pending_rules *rules, uint64_t frame_id,
                            struct occ_pending_list *flight, struct occ_buf *out);

/* What the results of a frame are, taken together. */
struct occ_pending_results {
    size_t successes;
    uint64_t position;        /* of the newest success; the position before if there is none */
    bool lost;                /* a refusal is OCC_ERR_INTEGRITY: the boundary is not to be used again */
    bool has_trouble;         /* a refusal is OCC_ERR_ATTESTER or OCC_ERR_TOKEN: its device fails, */
    struct occ_bytes trouble; /* with this sentence */
};
/*
 * Checks the payload of the RESULT frame that answers flight, all of it: as many results as requests, in their order, each
 * with its own opaque bytes, successes with one proof of each digest in the order asked for, and positions that go on from
 * position without a gap. OCC_ERR_WIRE_MESSAGE if anything is inconsistent: then nothing of it is to be believed.
 */
OCC_RESULT occ_pending_check(const struct occ_pending_list *flight, struct occ_bytes payload, uint64_t position,
                             struct occ_pending_results *ret_results);
/*
 * Takes every request out and calls its done with its result of payload, which occ_pending_check has passed. documents: those
 * of payload; NULL if nothing succeeded. With failed not NULL, those that succeeded are given that instead; what the boundary
 * refused stays refused.
 */
void occ_pending_deliver(struct occ_pending_list *flight, struct occ_bytes payload, const struct occ_bytes *documents,
                         const struct occ_pending_answer *failed);

#endif
