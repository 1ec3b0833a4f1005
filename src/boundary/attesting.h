/*
 * attesting.h — the documents of an epoch: which one is wanted next, and what becomes of it (PROTOCOL §2.3, §5, §7).
 *
 * At most one is out at any time. By the attester's mode it is about the proofs that wait, about one of them, or about the key;
 * and now and then about a nonce that somebody asked for (askers.h). */
#ifndef OCC_BOUNDARY_ATTESTING_H
#define OCC_BOUNDARY_ATTESTING_H

#include "boundary/askers.h"
#include "boundary/attester.h"
#include "boundary/document.h"
#include "boundary/waiting.h"

struct occ_batch;

enum occ_attesting_out {
    OCC_ATTESTING_NOTHING,
    OCC_ATTESTING_KEY,   /* about the key alone: at the beginning, before the last one expires, and as a self-test */
    OCC_ATTESTING_NONCE, /* for the first of those who ask */
    OCC_ATTESTING_PROOFS /* about what waits */
};

/* Times in uptime are milliseconds of a clock that never goes back. Begin with zeros. */
struct occ_attesting {
    enum occ_attesting_out out;
    bool is_for_nobody; /* what it was about is discarded: it still tells the time, and whether the device works */
    uint64_t asked_ms;  /* uptime: when it was asked for */
    uint8_t user_data[OCC_SHA256_LEN];
    struct occ_tree tree;              /* of the proofs that it is about, if they are more than one */
    size_t frames;                     /* of the queue, that it is about */
    struct occ_document *key;          /* the newest about the key; NULL = there was none yet */
    uint64_t key_expires_ms;           /* uptime: its certificate is good until then, */
    uint64_t key_renew_ms;             /* and a newer one is asked for from then on */
    bool down;                         /* no document came: until one about the key comes, no other is asked for */
    uint64_t retry_ms;                 /* uptime: not before that */
    char trouble[OCC_ERROR_TEXT_SIZE]; /* why */
    struct occ_askers askers;
    bool has_clock;           /* a document has shown what time it is: */
    int64_t clock_ms;         /* Unix milliseconds at uptime 0 */
    int64_t offset_ms;        /* what the machine's clock lacks, as far as documents have shown; only told */
    bool moved;               /* offset_ms was changed, and nobody was told yet */
    struct occ_status status; /* figures; without trouble and waiting */
    size_t document_len;      /* base64 of the longest one so far, and what the next may have more */
};

/* Room for the largest tree, where there will be trees. OCC_ERR_NOMEM. */
OCC_RESULT occ_attesting_init(struct occ_batch *batch);
void occ_attesting_clear(struct occ_attesting *attesting);

/* As in gate.h, of the same names. */
bool occ_attesting_wants_document(struct occ_batch *batch, struct occ_attest_request *ret_request);
OCC_RESULT occ_attesting_take_document(struct occ_batch *batch, const struct occ_attest_outcome *outcome,
                                       struct occ_error *err, struct occ_outbox *out);
void occ_attesting_look_at_device(struct occ_batch *batch, struct occ_buf *out);
uint64_t occ_attesting_next_ms(const struct occ_batch *batch);
const char *occ_attesting_trouble(const struct occ_batch *batch);

/* The most bytes that a proof grows by after it is signed, beside its document. */
size_t occ_attesting_joined_len_max(const struct occ_batch *batch);
/* Whether frames wait for documents, in this mode. */
bool occ_attesting_waits(const struct occ_batch *batch);

/* A PONG's content. */
struct occ_status occ_attesting_status(const struct occ_batch *batch);

/*
 * Nothing is waited for any more: what waits is discarded (settle.h), those who ask are gone. With out, they are refused with
 * code and text; without, there is nobody to tell.
 */
void occ_attesting_discard(struct occ_batch *batch, enum occ_err code, const char *text, struct occ_buf *out);

#endif
