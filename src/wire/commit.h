/*
 * commit.h — requests to commit, their results, and acknowledgements.
 *
 * COMMIT  u16 requests, each:
 *           u8 opaque length (0 to 128) · opaque · u16 fields · fields · u32 digests, each: digest (32) · u16 fields · fields
 *         field = u8 tag · u32 length · bytes. Fields before the digests hold for all of them; a digest's own field of the
 *         same tag stands in its place. A tag that the boundary does not know refuses the request.
 * RESULT  u16 documents, each: u32 length · attestation document in base64
 *         u16 results, in the order of the requests (or of positions, when given again), each:
 *           u64 position · u8 opaque length · opaque · u16 code; if 0: u16 length · chainId · u32 proofs, each: u64 counter ·
 *           digest (32) · u16 document · u32 place · u32 length · proof text; else: u16 length · sentence
 *         Many proofs share a document (PROTOCOL §7), so it is sent once: document = its number in the frame, from 1, and it
 *         belongs into the text in front of the byte at place; 0 = the text is whole, and place is 0.
 * ACK     u64 position
 *
 * A position numbers the successful results of an epoch: 1, 2, …; a refused request has position 0 and is not retained.
 */
#ifndef OCC_WIRE_COMMIT_H
#define OCC_WIRE_COMMIT_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/reader.h"

/* Where it may stand is said behind each: R = once in a request, for all its digests; D = of one digest; both = either. */
enum occ_commit_tag {
    OCC_COMMIT_METADATA = 1, /* both: JSON text of an object */
    OCC_COMMIT_AGENCY = 2,   /* both, R only with a single digest: JSON text of {actor, authorization} (PROTOCOL §4) */
    OCC_COMMIT_SLOT = 3,     /* D: a slotId as it was given out (PROTOCOL §6) */
    OCC_COMMIT_CHAIN = 4,    /* R: a chainId; absent = the default chain */
    OCC_COMMIT_ATTRIBUTION = 5, /* R: JSON text of an object (PROTOCOL §2.1), and the next two */
    OCC_COMMIT_POLICY = 6,      /* R */
    OCC_COMMIT_PRINCIPAL = 7    /* R */
};

/* ---- writing a COMMIT frame ---- */

struct occ_commit_writer {
    struct occ_buf *buf;
    size_t frame, count_at, fields_at, digests_at;
    uint16_t requests, fields;
    uint32_t digests;
};

void occ_commit_begin(struct occ_commit_writer *writer, struct occ_buf *buf, uint64_t id);
/* A request; opaque at most OCC_LIMIT_OPAQUE_LEN bytes. Fields put now, before the first digest, hold for all digests. */
void occ_commit_put_request(struct occ_commit_writer *writer, struct occ_bytes opaque);
void occ_commit_put_digest(struct occ_commit_writer *writer, const uint8_t digest[32]);
void occ_commit_put_field(struct occ_commit_writer *writer, enum occ_commit_tag tag, struct occ_bytes value);
void occ_commit_end(struct occ_commit_writer *writer);
/*
 * Several requests share a frame: the parent keeps each waiting request as its own encoded bytes (made by
 * occ_commit_put_request … on a writer without a frame) and joins them. begin_loose/end_loose write one request without
 * frame and count; put_loose appends such bytes to a frame as one request.
 */
void occ_commit_begin_loose(struct occ_commit_writer *writer, struct occ_buf *buf);
void occ_commit_end_loose(struct occ_commit_writer *writer);
void occ_commit_put_loose(struct occ_commit_writer *writer, struct occ_bytes request);

/* ---- reading a COMMIT payload: every count and length is checked against the limits ---- */

struct occ_commit_field {
    uint8_t tag;
    struct occ_bytes value;
};
struct occ_commit_reader {
    struct occ_reader in;
    uint16_t requests_left;
    uint16_t fields_left;
    uint32_t digests_left;
};
/* *ret_requests: 1 to OCC_LIMIT_FRAME_REQUESTS, else OCC_ERR_WIRE_MESSAGE. */
OCC_RESULT occ_commit_read(struct occ_bytes payload, struct occ_commit_reader *ret_reader, uint16_t *ret_requests);
/* One request as occ_commit_end_loose left it: read like the only one of a payload. */
struct occ_commit_reader occ_commit_read_loose(struct occ_bytes request);
/* Goes on behind all that is left of the fields at this place. */
OCC_RESULT occ_commit_skip_fields(struct occ_commit_reader *reader);
/* The next request: its opaque bytes. Then all its shared fields, then digest_count, then each digest with its fields. */
OCC_RESULT occ_commit_next_request(struct occ_commit_reader *reader, struct occ_bytes *ret_opaque);
/* *ret_more false = no further field at this place. */
OCC_RESULT occ_commit_next_field(struct occ_commit_reader *reader, struct occ_commit_field *ret_field, bool *ret_more);
OCC_RESULT occ_commit_digest_count(struct occ_commit_reader *reader, uint32_t *ret_digests);
OCC_RESULT occ_commit_next_digest(struct occ_commit_reader *reader, struct occ_bytes *ret_digest);
/* After the last request: success if nothing is left over. */
OCC_RESULT occ_commit_read_end(const struct occ_commit_reader *reader);

/* ---- results ---- */

struct occ_result_writer {
    struct occ_buf *buf;
    size_t frame, documents_at, count_at, proofs_at;
    size_t elsewhere; /* bytes of the frame that are not in buf */
    uint16_t documents, results;
    uint32_t proofs;
};
void occ_commit_begin_results(struct occ_result_writer *writer, struct occ_buf *buf, uint64_t id);
/* A document (canonical base64, 1 to OCC_LIMIT_DOCUMENT_B64_LEN bytes); before the first result. Returns its number. */
uint16_t occ_commit_put_document(struct occ_result_writer *writer, struct occ_bytes report_b64);
/* A refusal. */
void occ_commit_put_refusal(struct occ_result_writer *writer, struct occ_bytes opaque, enum occ_err code,
                            struct occ_bytes text);
/*
 * A success, all on one chain (empty = the default chain): then its proofs. begin_proof returns where the proof's text
 * begins; write it to buf, then end_proof, with document 0 and place 0 if the text is whole.
 */
void occ_commit_put_success(struct occ_result_writer *writer, struct occ_bytes opaque, uint64_t position,
                            struct occ_bytes chain_id);
size_t occ_commit_begin_proof(struct occ_result_writer *writer, uint64_t counter, const uint8_t digest[32]);
void occ_commit_end_proof(struct occ_result_writer *writer, size_t begin, uint16_t document, size_t place);
/*
 * One result as it was encoded before (from put_success to its last end_proof): the boundary keeps it so, and gives the
 * same bytes again. Its documents' numbers are raised by raise: they stand later in this frame than in the one before.
 */
void occ_commit_put_encoded_result(struct occ_result_writer *writer, struct occ_bytes encoded, uint16_t raise);
/* The same of a success that was encoded elsewhere, with the position that it has now; documents' numbers stand. */
void occ_commit_put_placed_result(struct occ_result_writer *writer, struct occ_bytes encoded, uint64_t position);
/*
 * The same again, but the encoded success stays where it is, for whoever sends the frame to put it in here: buf holds only what stands
 * around it. occ_commit_set_position gives it its position before.
 */
void occ_commit_put_result_elsewhere(struct occ_result_writer *writer, size_t encoded_len);
void occ_commit_set_position(struct occ_buf *encoded, uint64_t position);
void occ_commit_end_results(struct occ_result_writer *writer);

struct occ_commit_outcome {
    uint64_t position;
    struct occ_bytes opaque;
    enum occ_err code;
    struct occ_bytes text;     /* of a refusal */
    struct occ_bytes chain_id; /* of a success, as all below; empty = the default chain */
    uint32_t proof_count;
    struct occ_bytes proofs; /* encoded; read with occ_commit_next_proof */
};
struct occ_commit_proof {
    uint64_t counter;
    const uint8_t *digest; /* 32 bytes */
    uint16_t document;     /* its number, from 1; 0 = none: the text is whole */
    uint32_t place;        /* offset in text in front of which the document belongs; < text.len with a document */
    struct occ_bytes text;
};
struct occ_commit_results {
    struct occ_reader in;
    struct occ_bytes documents; /* encoded; read with occ_commit_next_document */
    uint16_t document_count, result_count;
};
/* Checks counts and all documents' lengths. */
OCC_RESULT occ_commit_read_results(struct occ_bytes payload, struct occ_commit_results *ret_results);
/* The next of the documents, which are advanced. False when there is none left. */
bool occ_commit_next_document(struct occ_bytes *documents, struct occ_bytes *ret_report_b64);
/* Checks the whole outcome: lengths of its proofs, numbers of their documents. */
OCC_RESULT occ_commit_next_result(struct occ_commit_results *results, struct occ_commit_outcome *ret_outcome);
/* The next of count encoded proofs, which are advanced. False when there is none left. */
bool occ_commit_next_proof(struct occ_bytes *proofs, struct occ_commit_proof *ret_proof);
/* Appends a proof's whole text. documents: those of its frame, in their order; may be NULL if proof->document is 0. */
void occ_commit_put_whole(struct occ_buf *buf, const struct occ_commit_proof *proof, const struct occ_bytes *documents);
/* Appends encoded proofs once more, each with its whole text. */
void occ_commit_put_whole_proofs(struct occ_buf *buf, struct occ_bytes proofs, const struct occ_bytes *documents);

/* ---- acknowledgement ---- */

void occ_commit_put_ack(struct occ_buf *buf, uint64_t position); /* whole frame, id 0 */
OCC_RESULT occ_commit_read_ack(struct occ_bytes payload, uint64_t *ret_position);

#endif
