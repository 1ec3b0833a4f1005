/*
 * again.h — reads a payload and writes what was read anew. The encoding has one form only, so the bytes must be the same.
 * For the unit tests and the fuzz target.
 */
#ifndef TESTS_UNIT_WIRE_AGAIN_H
#define TESTS_UNIT_WIRE_AGAIN_H

#include "wire/attest.h"
#include "wire/commit.h"
#include "wire/frame.h"
#include "wire/hello.h"
#include "wire/issue.h"
#include "wire/link.h"

/* Each: OCC_OK and the frame in out, or the decoder's refusal. */
static inline struct occ_result
again_hello(struct occ_bytes payload, struct occ_buf *out)
{
    struct occ_hello hello;
    OCC_TRY(occ_hello_read(payload, &hello));
    occ_hello_put(out, &hello);
    return occ_success();
}

static inline struct occ_result
again_hello_ok(struct occ_bytes payload, struct occ_buf *out)
{
    struct occ_hello_ok ok;
    OCC_TRY(occ_hello_read_ok(payload, &ok));
    occ_hello_put_ok(out, &ok);
    return occ_success();
}

static inline struct occ_result
again_refused(struct occ_bytes payload, uint64_t id, struct occ_buf *out)
{
    struct occ_refused refused;
    OCC_TRY(occ_hello_read_refused(payload, &refused));
    occ_hello_put_refused(out, id, refused.code, refused.text);
    return occ_success();
}

static inline struct occ_result
again_fields(struct occ_commit_reader *reader, struct occ_commit_writer *writer)
{
    for (;;) {
        struct occ_commit_field field;
        bool more = false;
        OCC_TRY(occ_commit_next_field(reader, &field, &more));
        if (!more) {
            return occ_success();
        }
        occ_commit_put_field(writer, (enum occ_commit_tag)field.tag, field.value);
    }
}

static inline struct occ_result
again_request(struct occ_commit_reader *reader, struct occ_commit_writer *writer)
{
    struct occ_bytes opaque;
    OCC_TRY(occ_commit_next_request(reader, &opaque));
    occ_commit_put_request(writer, opaque);
    OCC_TRY(again_fields(reader, writer));
    uint32_t digests = 0;
    OCC_TRY(occ_commit_digest_count(reader, &digests));
    for (uint32_t i = 0; i < digests; i++) {
        struct occ_bytes digest;
        OCC_TRY(occ_commit_next_digest(reader, &digest));
        occ_commit_put_digest(writer, digest.ptr);
        OCC_TRY(again_fields(reader, writer));
    }
    return occ_success();
}

static inline struct occ_result
again_commit(struct occ_bytes payload, uint64_t id, struct occ_buf *out)
{
    struct occ_commit_reader reader;
    uint16_t requests = 0;
    OCC_TRY(occ_commit_read(payload, &reader, &requests));
    struct occ_commit_writer writer;
    occ_commit_begin(&writer, out, id);
    for (uint16_t i = 0; i < requests; i++) {
        OCC_TRY(again_request(&reader, &writer));
    }
    occ_commit_end(&writer);
    return occ_commit_read_end(&reader);
}

static inline void
again_proofs(struct occ_commit_outcome *outcome, struct occ_result_writer *writer)
{
    struct occ_commit_proof proof;
    while (occ_commit_next_proof(&outcome->proofs, &proof)) {
        const size_t begin = occ_commit_begin_proof(writer, proof.counter, proof.digest);
        occ_buf_put(writer->buf, proof.text);
        occ_commit_end_proof(writer, begin, proof.document, proof.place);
    }
}

static inline struct occ_result
again_results(struct occ_bytes payload, uint64_t id, struct occ_buf *out)
{
    struct occ_commit_results results;
    OCC_TRY(occ_commit_read_results(payload, &results));
    struct occ_result_writer writer;
    occ_commit_begin_results(&writer, out, id);
    struct occ_bytes document;
    while (occ_commit_next_document(&results.documents, &document)) {
        (void)occ_commit_put_document(&writer, document);
    }
    for (uint16_t i = 0; i < results.result_count; i++) {
        struct occ_commit_outcome outcome;
        OCC_TRY(occ_commit_next_result(&results, &outcome));
        if (outcome.code != OCC_OK) {
            occ_commit_put_refusal(&writer, outcome.opaque, outcome.code, outcome.text);
            continue;
        }
        occ_commit_put_success(&writer, outcome.opaque, outcome.position, outcome.chain_id);
        again_proofs(&outcome, &writer);
    }
    occ_commit_end_results(&writer);
    return occ_result_of(occ_reader_done(&results.in) ? OCC_OK : OCC_ERR_WIRE_MESSAGE);
}

static inline struct occ_result
again_ack(struct occ_bytes payload, struct occ_buf *out)
{
    uint64_t position = 0;
    OCC_TRY(occ_commit_read_ack(payload, &position));
    occ_commit_put_ack(out, position);
    return occ_success();
}

static inline struct occ_result
again_issue(struct occ_bytes payload, uint64_t id, struct occ_buf *out)
{
    struct occ_issue_request request;
    OCC_TRY(occ_issue_read(payload, &request));
    occ_issue_put(out, id, &request);
    return occ_success();
}

static inline struct occ_result
again_issued(struct occ_bytes payload, uint64_t id, struct occ_buf *out)
{
    struct occ_issue_answer answer;
    OCC_TRY(occ_issue_read_answer(payload, &answer));
    occ_issue_put_answer(out, id, &answer);
    return occ_success();
}

static inline struct occ_result
again_link(struct occ_bytes payload, uint64_t id, struct occ_buf *out)
{
    struct occ_reader in;
    uint16_t chains = 0;
    OCC_TRY(occ_link_read(payload, &in, &chains));
    struct occ_link_writer writer;
    occ_link_begin(&writer, out, id);
    for (uint16_t i = 0; i < chains; i++) {
        struct occ_link_entry entry;
        OCC_TRY(occ_link_next(&in, &entry));
        occ_link_put(&writer, entry.chain_id, entry.proof);
    }
    occ_link_end(&writer);
    return occ_success();
}

static inline struct occ_result
again_linked(struct occ_bytes payload, uint64_t id, struct occ_buf *out)
{
    enum occ_err code;
    struct occ_bytes text;
    OCC_TRY(occ_link_read_answer(payload, &code, &text));
    occ_link_put_answer(out, id, code, text);
    return occ_success();
}

static inline struct occ_result
again_attest(struct occ_bytes payload, uint64_t id, struct occ_buf *out)
{
    struct occ_bytes nonce;
    OCC_TRY(occ_attest_read(payload, &nonce));
    occ_attest_put(out, id, nonce);
    return occ_success();
}

static inline struct occ_result
again_attested(struct occ_bytes payload, uint64_t id, struct occ_buf *out)
{
    struct occ_attest_answer answer;
    OCC_TRY(occ_attest_read_answer(payload, &answer));
    occ_attest_put_answer(out, id, &answer);
    return occ_success();
}

static inline struct occ_result
again_pong(struct occ_bytes payload, uint64_t id, struct occ_buf *out)
{
    struct occ_status status;
    OCC_TRY(occ_status_read(payload, &status));
    occ_status_put(out, id, &status);
    return occ_success();
}

static inline struct occ_result
again_frame(const struct occ_frame *frame, struct occ_buf *out)
{
    switch (frame->type) {
    case OCC_FRAME_HELLO:
        return again_hello(frame->payload, out);
    case OCC_FRAME_HELLO_OK:
        return again_hello_ok(frame->payload, out);
    case OCC_FRAME_REFUSED:
        return again_refused(frame->payload, frame->id, out);
    case OCC_FRAME_COMMIT:
        return again_commit(frame->payload, frame->id, out);
    case OCC_FRAME_RESULT:
        return again_results(frame->payload, frame->id, out);
    case OCC_FRAME_ACK:
        return again_ack(frame->payload, out);
    case OCC_FRAME_ISSUE:
        return again_issue(frame->payload, frame->id, out);
    case OCC_FRAME_ISSUED:
        return again_issued(frame->payload, frame->id, out);
    case OCC_FRAME_LINK:
        return again_link(frame->payload, frame->id, out);
    case OCC_FRAME_LINKED:
        return again_linked(frame->payload, frame->id, out);
    case OCC_FRAME_ATTEST:
        return again_attest(frame->payload, frame->id, out);
    case OCC_FRAME_ATTESTED:
        return again_attested(frame->payload, frame->id, out);
    case OCC_FRAME_PONG:
        return again_pong(frame->payload, frame->id, out);
    case OCC_FRAME_PING:
        break;
    }
    const size_t begin = occ_frame_begin(out, frame->type, frame->id);
    occ_buf_put(out, frame->payload);
    occ_frame_end(out, begin);
    return occ_success();
}

#endif
