/* row.c — see row.h. */
#include "ledger/row.h"

#include "ledger/sum.h"

enum { VERSION = 1, SUM_LEN = 8, DIGEST_LEN = 32, HEAD_LEN = 1 + 4 };

/* ---- writing ---- */

static void
patch_be32(struct occ_buf *buf, size_t at, uint32_t value)
{
    if (buf->fail != OCC_OK) {
        return;
    }
    for (size_t i = 0; i < 4; i++) {
        buf->ptr[at + i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

void
occ_row_begin(struct occ_row_writer *writer)
{
    occ_buf_reset(&writer->body);
    writer->parts = 0;
    writer->proofs = 0;
    occ_buf_put_byte(&writer->body, VERSION);
    occ_buf_put_be32(&writer->body, 0);
}

void
occ_row_begin_part(struct occ_row_writer *writer, const struct occ_row_part *part)
{
    struct occ_buf *const body = &writer->body;
    occ_buf_put_be64(body, part->position);
    occ_buf_put_be64(body, part->received_ms);
    occ_buf_put_be32(body, part->chain);
    occ_buf_put_byte(body, (uint8_t)part->opaque.len);
    occ_buf_put(body, part->opaque);
    occ_buf_put_be32(body, part->total);
    occ_buf_put_be32(body, part->before);
    writer->part_count_at = body->len;
    occ_buf_put_be32(body, 0);
    writer->part_proofs = 0;
    writer->parts++;
}

void
occ_row_put_proof(struct occ_row_writer *writer, const struct occ_row_proof *proof, const struct occ_document_cut *cut)
{
    struct occ_buf *const body = &writer->body;
    const bool is_whole = proof->document == 0;
    const size_t len = cut->head.len + cut->tail.len + (is_whole ? cut->document.len : 0);
    occ_buf_put_be64(body, proof->counter);
    occ_buf_put(body, occ_bytes_of(proof->digest, DIGEST_LEN));
    occ_buf_put_be64(body, proof->document);
    occ_buf_put_be32(body, is_whole ? 0 : (uint32_t)cut->head.len);
    occ_buf_put_be32(body, (uint32_t)len);
    occ_buf_put(body, cut->head);
    if (is_whole) {
        occ_buf_put(body, cut->document);
    }
    occ_buf_put(body, cut->tail);
    writer->part_proofs++;
    writer->proofs++;
}

void
occ_row_end_part(struct occ_row_writer *writer)
{
    patch_be32(&writer->body, writer->part_count_at, writer->part_proofs);
}

struct occ_result
occ_row_end(struct occ_row_writer *writer)
{
    patch_be32(&writer->body, 1, writer->parts);
    OCC_TRY(occ_buf_check(&writer->body));
    occ_buf_put_be64(&writer->body, occ_sum_of(occ_buf_view(&writer->body)));
    return occ_buf_check(&writer->body);
}

/* ---- reading ---- */

struct occ_row_reader
occ_row_rewound(struct occ_bytes body)
{
    struct occ_row_reader reader = { .in = occ_reader_of(occ_bytes_of(body.ptr, body.len - SUM_LEN)) };
    (void)occ_reader_u8(&reader.in);
    reader.parts_left = occ_reader_be32(&reader.in);
    return reader;
}

static void
read_part(struct occ_row_reader *reader)
{
    struct occ_reader *const in = &reader->in;
    reader->part.position = occ_reader_be64(in);
    reader->part.received_ms = occ_reader_be64(in);
    reader->part.chain = occ_reader_be32(in);
    reader->part.opaque = occ_reader_take(in, occ_reader_u8(in));
    reader->part.total = occ_reader_be32(in);
    reader->part.before = occ_reader_be32(in);
    reader->part.count = occ_reader_be32(in);
    reader->proofs_left = reader->part.count;
    reader->parts_left--;
}

static void
read_proof(struct occ_row_reader *reader)
{
    struct occ_reader *const in = &reader->in;
    reader->proof.counter = occ_reader_be64(in);
    reader->proof.digest = occ_reader_take(in, DIGEST_LEN).ptr;
    reader->proof.document = occ_reader_be64(in);
    reader->proof.document_at = occ_reader_be32(in);
    reader->proof.text = occ_reader_take(in, occ_reader_be32(in));
    reader->proofs_left--;
}

bool
occ_row_next(struct occ_row_reader *reader)
{
    if (reader->proofs_left == 0) {
        if (reader->parts_left == 0) {
            return false;
        }
        read_part(reader);
    }
    if (reader->in.bad || reader->proofs_left == 0) {
        return false;
    }
    read_proof(reader);
    reader->number += reader->begun ? 1 : 0;
    reader->begun = true;
    return !reader->in.bad;
}

static bool
is_sound(const struct occ_row_reader *at)
{
    const struct occ_row_part *const part = &at->part;
    const struct occ_row_proof *const proof = &at->proof;
    return part->opaque.len <= OCC_LIMIT_OPAQUE_LEN && part->total >= part->count &&
           part->before <= part->total - part->count && proof->document_at <= proof->text.len &&
           (proof->document != 0 || proof->document_at == 0) && at->number < 1u << OCC_ROW_NUMBER_BITS;
}

struct occ_result
occ_row_open(struct occ_bytes body, struct occ_row_reader *ret_reader)
{
    OCC_ENSURE(body.len >= HEAD_LEN + SUM_LEN && body.ptr[0] == VERSION, OCC_ERR_LEDGER_CORRUPT);
    OCC_ENSURE(occ_row_sum(body) == occ_sum_of(occ_bytes_of(body.ptr, body.len - SUM_LEN)), OCC_ERR_LEDGER_CORRUPT);
    struct occ_row_reader reader = occ_row_rewound(body);
    OCC_ENSURE(reader.parts_left > 0, OCC_ERR_LEDGER_CORRUPT);
    while (occ_row_next(&reader)) {
        OCC_ENSURE(is_sound(&reader), OCC_ERR_LEDGER_CORRUPT);
    }
    OCC_ENSURE(reader.parts_left == 0 && reader.proofs_left == 0 && reader.part.count > 0 &&
                   occ_reader_done(&reader.in),
               OCC_ERR_LEDGER_CORRUPT);
    *ret_reader = occ_row_rewound(body);
    return occ_success();
}

bool
occ_row_seek(struct occ_row_reader *reader, struct occ_bytes body, uint32_t number)
{
    if (reader->begun && reader->number > number) {
        *reader = occ_row_rewound(body);
    }
    while (!reader->begun || reader->number < number) {
        if (!occ_row_next(reader)) {
            return false;
        }
    }
    return true;
}

uint64_t
occ_row_sum(struct occ_bytes body)
{
    struct occ_reader sum = occ_reader_of(occ_bytes_of(body.ptr + body.len - SUM_LEN, SUM_LEN));
    return occ_reader_be64(&sum);
}
