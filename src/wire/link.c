/* link.c — LINK and LINKED frames. */
#include "wire/link.h"

#include "base/limits.h"
#include "wire/frame.h"
#include "wire/patch.h"
#include "wire/text.h"

void
occ_link_begin(struct occ_link_writer *writer, struct occ_buf *buf, uint64_t id)
{
    *writer = (struct occ_link_writer){ .buf = buf };
    writer->frame = occ_frame_begin(buf, OCC_FRAME_LINK, id);
    writer->count_at = buf->len;
    occ_buf_put_be16(buf, 0);
}

void
occ_link_put(struct occ_link_writer *writer, struct occ_bytes chain_id, struct occ_bytes proof)
{
    if (writer->chains == OCC_LIMIT_CHAINS || proof.len > OCC_LIMIT_PROOF_LEN) {
        writer->buf->fail = OCC_ERR_LIMIT;
        return;
    }
    writer->chains++;
    occ_text_put(writer->buf, chain_id);
    occ_buf_put_be32(writer->buf, (uint32_t)proof.len);
    occ_buf_put(writer->buf, proof);
}

void
occ_link_end(struct occ_link_writer *writer)
{
    occ_patch_be16(writer->buf, writer->count_at, writer->chains);
    occ_frame_end(writer->buf, writer->frame);
}

struct occ_result
occ_link_next(struct occ_reader *reader, struct occ_link_entry *ret_entry)
{
    struct occ_link_entry entry = { .chain_id = occ_text_read(reader, 0, OCC_LIMIT_CHAIN_ID_LEN) };
    entry.proof = occ_reader_take(reader, occ_reader_be32(reader));
    OCC_ENSURE(!reader->bad && entry.proof.len > 0 && entry.proof.len <= OCC_LIMIT_PROOF_LEN, OCC_ERR_WIRE_MESSAGE);
    *ret_entry = entry;
    return occ_success();
}

struct occ_result
occ_link_read(struct occ_bytes payload, struct occ_reader *ret_reader, uint16_t *ret_chains)
{
    struct occ_reader in = occ_reader_of(payload);
    const uint16_t chains = occ_reader_be16(&in);
    OCC_ENSURE(chains >= 1 && chains <= OCC_LIMIT_CHAINS, OCC_ERR_WIRE_MESSAGE);
    const struct occ_reader first = in;
    for (uint16_t i = 0; i < chains; i++) {
        struct occ_link_entry entry;
        OCC_TRY(occ_link_next(&in, &entry));
    }
    OCC_ENSURE(occ_reader_done(&in), OCC_ERR_WIRE_MESSAGE);
    *ret_reader = first;
    *ret_chains = chains;
    return occ_success();
}

void
occ_link_put_answer(struct occ_buf *buf, uint64_t id, enum occ_err code, struct occ_bytes text)
{
    const size_t frame = occ_frame_begin(buf, OCC_FRAME_LINKED, id);
    occ_buf_put_be16(buf, (uint16_t)code);
    if (code != OCC_OK) {
        occ_text_put(buf, text);
    }
    occ_frame_end(buf, frame);
}

struct occ_result
occ_link_read_answer(struct occ_bytes payload, enum occ_err *ret_code, struct occ_bytes *ret_text)
{
    struct occ_reader in = occ_reader_of(payload);
    const enum occ_err code = (enum occ_err)occ_reader_be16(&in);
    const struct occ_bytes text = code == OCC_OK ? occ_bytes_of(NULL, 0) : occ_text_read(&in, 0, UINT16_MAX);
    OCC_ENSURE(occ_reader_done(&in), OCC_ERR_WIRE_MESSAGE);
    *ret_code = code;
    *ret_text = text;
    return occ_success();
}
