/*
 * ledger.c — the bodies of a ledger's rows and of blocks of its index. The first byte chooses; the checksum is made to fit, so that
 * what lies behind it is reached. What is accepted must be read to its end, and be what a writer would have written.
 */
#include "ledger/block.h"
#include "ledger/row.h"
#include "ledger/sum.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
    if (!holds) {
        __builtin_trap();
    }
}

static void
put_part(struct occ_row_writer *writer, const struct occ_row_reader *at)
{
    if (writer->parts > 0) {
        occ_row_end_part(writer);
    }
    occ_row_begin_part(writer, &at->part);
}

static void
read_row(struct occ_bytes body)
{
    struct occ_row_reader at;
    if (!occ_is_ok(occ_row_open(body, &at))) {
        return;
    }
    struct occ_row_writer writer = OCC_ROW_WRITER_INIT;
    occ_row_begin(&writer);
    uint32_t proofs = 0, left = 0;
    while (occ_row_next(&at)) {
        if (left == 0) {
            put_part(&writer, &at);
            left = at.part.count;
        }
        const struct occ_ledger_proof proof = { .text = at.proof.text,
                                                .document = occ_bytes_str("?"), /* by number: not in the row */
                                                .place = at.proof.document_at };
        const struct occ_document_cut apart = occ_document_of(&proof), whole = { .head = at.proof.text };
        occ_row_put_proof(&writer, &at.proof, at.proof.document == 0 ? &whole : &apart);
        left--;
        must(at.number == proofs++);
    }
    occ_row_end_part(&writer);
    must(left == 0 && occ_is_ok(occ_row_end(&writer)) && occ_bytes_equal(occ_buf_view(&writer.body), body));
    must(occ_row_seek(&at, body, proofs - 1) && occ_row_seek(&at, body, 0) && !occ_row_seek(&at, body, proofs));
    occ_buf_clear(&writer.body);
}

static void
read_block(struct occ_bytes body)
{
    struct occ_block block, again = { .count = 0 };
    if (!occ_is_ok(occ_block_open(body, &block))) {
        return;
    }
    for (size_t i = 0; i < block.count; i++) {
        uint8_t entry[OCC_BLOCK_ENTRY_LEN];
        occ_block_make_entry(occ_block_entry(&block, i), occ_block_place(occ_block_entry(&block, i)), entry);
        occ_block_put(&again, entry);
    }
    must(occ_bytes_equal(occ_block_seal(&again), body));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    OCC_BUF_AUTO(body, 1 << 20);
    occ_buf_put(&body, occ_bytes_of(data + 1, size - 1));
    if ((data[0] & 2) == 0) {
        occ_buf_put_be64(&body, occ_sum_of(occ_buf_view(&body)));
    }
    if ((data[0] & 1) == 0) {
        read_row(occ_buf_view(&body));
        return 0;
    }
    read_block(occ_buf_view(&body));
    return 0;
}
