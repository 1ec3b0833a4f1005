/* result.c — RESULT frames: the second half of commit.h. */
#include "wire/commit.h"
#include "wire/frame.h"
#include "wire/patch.h"
#include "wire/text.h"

enum {
    RESULT_LEN_MIN = 8 + 1 + 2 + 2,
    DIGEST_LEN = 32,
    PROOF_HEAD_LEN = 8 + DIGEST_LEN + 2 + 4 + 4,
    DOCUMENT_LEN_MIN = 4 + 1
};

/* ---- writing ---- */

void
occ_commit_begin_results(struct occ_result_writer *writer, struct occ_buf *buf, uint64_t id)
{
    *writer = (struct occ_result_writer){ .buf = buf };
    writer->frame = occ_frame_begin(buf, OCC_FRAME_RESULT, id);
    writer->documents_at = buf->len;
    occ_buf_put_be16(buf, 0);
    writer->count_at = buf->len;
    occ_buf_put_be16(buf, 0);
}

uint16_t
occ_commit_put_document(struct occ_result_writer *writer, struct occ_bytes report_b64)
{
    struct occ_buf *const buf = writer->buf;
    if (buf->fail != OCC_OK) {
        return 0;
    }
    if (writer->documents == UINT16_MAX || writer->results > 0 || report_b64.len == 0 ||
        report_b64.len > OCC_LIMIT_DOCUMENT_B64_LEN) {
        buf->fail = OCC_ERR_LIMIT;
        return 0;
    }
    buf->len = writer->count_at; /* the count of results comes behind it */
    occ_buf_put_be32(buf, (uint32_t)report_b64.len);
    occ_buf_put(buf, report_b64);
    writer->count_at = buf->len;
    occ_buf_put_be16(buf, 0);
    writer->documents++;
    occ_patch_be16(buf, writer->documents_at, writer->documents);
    return writer->documents;
}

static void
put_head(struct occ_result_writer *writer, struct occ_bytes opaque, uint64_t position, enum occ_err code)
{
    if (writer->results == OCC_LIMIT_FRAME_REQUESTS || opaque.len > OCC_LIMIT_OPAQUE_LEN) {
        writer->buf->fail = OCC_ERR_LIMIT;
        return;
    }
    writer->results++;
    occ_buf_put_be64(writer->buf, position);
    occ_buf_put_byte(writer->buf, (uint8_t)opaque.len);
    occ_buf_put(writer->buf, opaque);
    occ_buf_put_be16(writer->buf, (uint16_t)code);
}

void
occ_commit_put_refusal(struct occ_result_writer *writer, struct occ_bytes opaque, enum occ_err code,
                       struct occ_bytes text)
{
    const size_t len = text.len > UINT16_MAX ? UINT16_MAX : text.len;
    put_head(writer, opaque, 0, code);
    occ_buf_put_be16(writer->buf, (uint16_t)len);
    occ_buf_put(writer->buf, occ_bytes_of(text.ptr, len));
}

void
occ_commit_put_success(struct occ_result_writer *writer, struct occ_bytes opaque, uint64_t position,
                       struct occ_bytes chain_id)
{
    put_head(writer, opaque, position, OCC_OK);
    if (chain_id.len > OCC_LIMIT_CHAIN_ID_LEN) {
        writer->buf->fail = OCC_ERR_LIMIT;
        return;
    }
    occ_text_put(writer->buf, chain_id);
    writer->proofs_at = writer->buf->len;
    writer->proofs = 0;
    occ_buf_put_be32(writer->buf, 0);
}

/* Its document, place and length are 0 as yet. */
static void
put_proof_head(struct occ_buf *buf, uint64_t counter, const uint8_t digest[32])
{
    occ_buf_put_be64(buf, counter);
    occ_buf_put(buf, occ_bytes_of(digest, DIGEST_LEN));
    occ_buf_put_be16(buf, 0);
    occ_buf_put_be32(buf, 0);
    occ_buf_put_be32(buf, 0);
}

size_t
occ_commit_begin_proof(struct occ_result_writer *writer, uint64_t counter, const uint8_t digest[32])
{
    put_proof_head(writer->buf, counter, digest);
    return writer->buf->len;
}

void
occ_commit_end_proof(struct occ_result_writer *writer, size_t begin, uint16_t document, size_t place)
{
    struct occ_buf *const buf = writer->buf;
    if (buf->fail != OCC_OK) {
        return;
    }
    if (buf->len - begin > OCC_LIMIT_FRAME_LEN || place > buf->len - begin) {
        buf->fail = OCC_ERR_LIMIT;
        return;
    }
    occ_patch_be16(buf, begin - 10, document);
    occ_patch_be32(buf, begin - 8, (uint32_t)place);
    occ_patch_be32(buf, begin - 4, (uint32_t)(buf->len - begin));
    writer->proofs++;
    occ_patch_be32(buf, writer->proofs_at, writer->proofs);
}

/* Raises the documents' numbers in the encoded success at the end of buf, from begin on. */
static void
raise_documents(struct occ_buf *buf, size_t begin, uint16_t raise)
{
    struct occ_reader in = occ_reader_of(occ_bytes_of(buf->ptr + begin, buf->len - begin));
    (void)occ_reader_be64(&in);
    (void)occ_reader_take(&in, occ_reader_u8(&in));
    (void)occ_reader_be16(&in);
    (void)occ_reader_take(&in, occ_reader_be16(&in));
    for (uint32_t left = occ_reader_be32(&in); left > 0 && !in.bad; left--) {
        (void)occ_reader_take(&in, 8 + DIGEST_LEN);
        const size_t at = (size_t)(in.next - buf->ptr);
        const uint16_t document = occ_reader_be16(&in);
        (void)occ_reader_be32(&in);
        (void)occ_reader_take(&in, occ_reader_be32(&in));
        if (document != 0 && !in.bad) {
            occ_patch_be16(buf, at, (uint16_t)(document + raise));
        }
    }
}

void
occ_commit_put_encoded_result(struct occ_result_writer *writer, struct occ_bytes encoded, uint16_t raise)
{
    if (writer->results == OCC_LIMIT_FRAME_REQUESTS) {
        writer->buf->fail = OCC_ERR_LIMIT;
        return;
    }
    writer->results++;
    const size_t begin = writer->buf->len;
    occ_buf_put(writer->buf, encoded);
    if (raise > 0 && writer->buf->fail == OCC_OK) {
        raise_documents(writer->buf, begin, raise);
    }
}

static void
patch_position(struct occ_buf *buf, size_t at, uint64_t position)
{
    occ_patch_be32(buf, at, (uint32_t)(position >> 32));
    occ_patch_be32(buf, at + 4, (uint32_t)position);
}

void
occ_commit_put_placed_result(struct occ_result_writer *writer, struct occ_bytes encoded, uint64_t position)
{
    const size_t begin = writer->buf->len;
    occ_commit_put_encoded_result(writer, encoded, 0);
    patch_position(writer->buf, begin, position);
}

void
occ_commit_put_result_elsewhere(struct occ_result_writer *writer, size_t encoded_len)
{
    if (writer->results == OCC_LIMIT_FRAME_REQUESTS) {
        writer->buf->fail = OCC_ERR_LIMIT;
        return;
    }
    writer->results++;
    writer->elsewhere += encoded_len;
}

void
occ_commit_set_position(struct occ_buf *encoded, uint64_t position)
{
    patch_position(encoded, 0, position);
}

void
occ_commit_end_results(struct occ_result_writer *writer)
{
    occ_patch_be16(writer->buf, writer->count_at, writer->results);
    occ_frame_end_with(writer->buf, writer->frame, writer->elsewhere);
}

/* ---- reading ---- */

static struct occ_bytes
read_document(struct occ_reader *in)
{
    const struct occ_bytes document = occ_reader_take(in, occ_reader_be32(in));
    if (document.len == 0 || document.len > OCC_LIMIT_DOCUMENT_B64_LEN) {
        in->bad = true;
    }
    return document;
}

struct occ_result
occ_commit_read_results(struct occ_bytes payload, struct occ_commit_results *ret_results)
{
    struct occ_commit_results results = { .in = occ_reader_of(payload) };
    struct occ_reader *const in = &results.in;
    results.document_count = occ_reader_be16(in);
    OCC_ENSURE(results.document_count <= occ_reader_left(in) / DOCUMENT_LEN_MIN, OCC_ERR_WIRE_MESSAGE);
    const uint8_t *const begin = in->next;
    for (uint16_t i = 0; i < results.document_count && !in->bad; i++) {
        (void)read_document(in);
    }
    OCC_ENSURE(!in->bad, OCC_ERR_WIRE_MESSAGE);
    results.documents = occ_bytes_of(begin, (size_t)(in->next - begin));
    results.result_count = occ_reader_be16(in);
    OCC_ENSURE(results.result_count >= 1 && results.result_count <= OCC_LIMIT_FRAME_REQUESTS, OCC_ERR_WIRE_MESSAGE);
    OCC_ENSURE(results.result_count <= occ_reader_left(in) / RESULT_LEN_MIN, OCC_ERR_WIRE_MESSAGE);
    *ret_results = results;
    return occ_success();
}

bool
occ_commit_next_document(struct occ_bytes *documents, struct occ_bytes *ret_report_b64)
{
    if (documents->len < DOCUMENT_LEN_MIN) {
        return false;
    }
    struct occ_reader in = occ_reader_of(*documents);
    const struct occ_bytes document = read_document(&in);
    if (in.bad) {
        return false;
    }
    *documents = occ_bytes_of(in.next, occ_reader_left(&in));
    *ret_report_b64 = document;
    return true;
}

/*
 * An empty text is no proof, and counters begin at 1: either makes the reader bad. So does a place that is none: in front of
 * the text's first byte, or behind its last, no document belongs.
 */
static struct occ_commit_proof
read_proof(struct occ_reader *in)
{
    struct occ_commit_proof proof = { .counter = occ_reader_be64(in) };
    proof.digest = occ_reader_take(in, DIGEST_LEN).ptr;
    proof.document = occ_reader_be16(in);
    proof.place = occ_reader_be32(in);
    proof.text = occ_reader_take(in, occ_reader_be32(in));
    const bool has_place = proof.place > 0 && proof.place < proof.text.len;
    if (proof.text.len == 0 || proof.counter == 0 || (proof.document == 0 ? proof.place != 0 : !has_place)) {
        in->bad = true;
    }
    return proof;
}

static void
read_success(struct occ_reader *in, uint16_t document_count, struct occ_commit_outcome *outcome)
{
    outcome->chain_id = occ_text_read(in, 0, OCC_LIMIT_CHAIN_ID_LEN);
    outcome->proof_count = occ_reader_be32(in);
    const uint8_t *const begin = in->next;
    for (uint32_t i = 0; i < outcome->proof_count && !in->bad; i++) {
        if (read_proof(in).document > document_count) {
            in->bad = true;
        }
    }
    if (in->bad || outcome->proof_count == 0 || outcome->position == 0) {
        in->bad = true;
        return;
    }
    outcome->proofs = occ_bytes_of(begin, (size_t)(in->next - begin));
}

static void
read_refusal(struct occ_reader *in, struct occ_commit_outcome *outcome)
{
    outcome->text = occ_reader_take(in, occ_reader_be16(in));
    if (outcome->position != 0 || !occ_bytes_is_utf8(outcome->text)) {
        in->bad = true;
    }
}

struct occ_result
occ_commit_next_result(struct occ_commit_results *results, struct occ_commit_outcome *ret_outcome)
{
    struct occ_reader *const reader = &results->in;
    struct occ_commit_outcome outcome = { 0 };
    outcome.position = occ_reader_be64(reader);
    const size_t opaque_len = occ_reader_u8(reader);
    OCC_ENSURE(opaque_len <= OCC_LIMIT_OPAQUE_LEN, OCC_ERR_WIRE_MESSAGE);
    outcome.opaque = occ_reader_take(reader, opaque_len);
    outcome.code = (enum occ_err)occ_reader_be16(reader);
    if (outcome.code == OCC_OK) {
        read_success(reader, results->document_count, &outcome);
    } else {
        read_refusal(reader, &outcome);
    }
    OCC_ENSURE(!reader->bad, OCC_ERR_WIRE_MESSAGE);
    *ret_outcome = outcome;
    return occ_success();
}

bool
occ_commit_next_proof(struct occ_bytes *proofs, struct occ_commit_proof *ret_proof)
{
    if (proofs->len < PROOF_HEAD_LEN) {
        return false;
    }
    struct occ_reader in = occ_reader_of(*proofs);
    const struct occ_commit_proof proof = read_proof(&in);
    if (in.bad) {
        return false;
    }
    *proofs = occ_bytes_of(in.next, occ_reader_left(&in));
    *ret_proof = proof;
    return true;
}

void
occ_commit_put_whole(struct occ_buf *buf, const struct occ_commit_proof *proof, const struct occ_bytes *documents)
{
    const struct occ_bytes text = proof->text;
    if (proof->document == 0) {
        occ_buf_put(buf, text);
        return;
    }
    occ_buf_put(buf, occ_bytes_of(text.ptr, proof->place));
    occ_buf_put(buf, documents[proof->document - 1]);
    occ_buf_put(buf, occ_bytes_of(text.ptr + proof->place, text.len - proof->place));
}

void
occ_commit_put_whole_proofs(struct occ_buf *buf, struct occ_bytes proofs, const struct occ_bytes *documents)
{
    struct occ_commit_proof proof;
    while (occ_commit_next_proof(&proofs, &proof)) {
        put_proof_head(buf, proof.counter, proof.digest);
        const size_t begin = buf->len;
        occ_commit_put_whole(buf, &proof, documents);
        occ_patch_be32(buf, begin - 4, (uint32_t)(buf->len - begin));
    }
}
