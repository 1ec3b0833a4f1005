/*
 * attest.h — a document about the boundary's key (PROTOCOL §5), and how the boundary is.
 *
 * ATTEST    u16 length · nonce (at most OCC_LIMIT_ATTEST_NONCE bytes; empty = the document that is at hand)
 * ATTESTED  u16 code; if 0: text format · u32 length · document in base64; else: text sentence
 * PONG      text trouble (empty = commits are taken; else one sentence that says why not) · u8 1 = it has an attester · i64 how far the newest document's time is ahead of the
 *           machine's clock, in milliseconds · u64 documents made · u64 failures · u32 proofs that wait for a document · u32 milliseconds that
 *           the newest document took
 *
 * Frames have the id of the request. An answer to ATTEST with a nonce may come after those to later frames.
 */
#ifndef OCC_WIRE_ATTEST_H
#define OCC_WIRE_ATTEST_H

#include "base/buf.h"
#include "base/limits.h"

void occ_attest_put(struct occ_buf *buf, uint64_t id, struct occ_bytes nonce); /* whole frame */
OCC_RESULT occ_attest_read(struct occ_bytes payload, struct occ_bytes *ret_nonce);

struct occ_attest_answer {
    enum occ_err code;
    struct occ_bytes text;       /* of a refusal: a sentence */
    struct occ_bytes format;     /* of a success: 1 to 64 bytes of UTF-8 */
    struct occ_bytes report_b64; /* of a success: canonical base64 */
};
void occ_attest_put_answer(struct occ_buf *buf, uint64_t id, const struct occ_attest_answer *answer); /* whole frame */
OCC_RESULT occ_attest_read_answer(struct occ_bytes payload, struct occ_attest_answer *ret);

struct occ_status {
    struct occ_bytes trouble; /* one sentence: the attester or the token failed; they are tried again by themselves */
    bool has_attester;        /* without one, all below is 0 */
    int64_t clock_ms;
    uint64_t documents, failures;
    uint32_t waiting, document_ms;
};
void occ_status_put(struct occ_buf *buf, uint64_t id, const struct occ_status *status); /* a PONG, whole frame */
OCC_RESULT occ_status_read(struct occ_bytes payload, struct occ_status *ret);

#endif
