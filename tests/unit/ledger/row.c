/* tests/unit/ledger/row.c — a row's body: what was put is read again, and nothing else is read at all. */
#include "ledger/row.h"

#include "ledger/sum.h"
#include "unit/ledger/support.h"

static uint8_t digests[3][32];

/* Two parts: one proof; two proofs, one with a document. */
static void
make_row(struct occ_row_writer *row)
{
    memset(digests[1], 1, 32);
    memset(digests[2], 2, 32);
    occ_row_begin(row);
    const struct occ_row_part first = {
        .position = 7, .received_ms = 8, .chain = 9, .opaque = occ_bytes_str("op"), .total = 4, .before = 3
    };
    const struct occ_row_proof plain = { .counter = 10, .digest = digests[0] };
    occ_row_begin_part(row, &first);
    occ_row_put_proof(row, &plain, &(struct occ_document_cut){ .head = occ_bytes_str("text") });
    occ_row_end_part(row);
    const struct occ_row_part second = { .position = 8, .received_ms = 18, .chain = 19, .total = 2 };
    const struct occ_row_proof with = { .counter = 11, .digest = digests[1], .document = 5 };
    const struct occ_row_proof last = { .counter = UINT64_MAX, .digest = digests[2] };
    occ_row_begin_part(row, &second);
    const struct occ_document_cut apart = { .head = occ_bytes_str("he"),
                                            .document = occ_bytes_str("not here"),
                                            .tail = occ_bytes_str("ad") };
    const struct occ_document_cut inside = { .document = occ_bytes_str("x") };
    occ_row_put_proof(row, &with, &apart);
    occ_row_put_proof(row, &last, &inside);
    occ_row_end_part(row);
    assert_ok(occ_row_end(row));
}

static void
test_read_again(void **state)
{
    (void)state;
    struct occ_row_writer row = OCC_ROW_WRITER_INIT;
    make_row(&row);
    struct occ_row_reader at;
    assert_ok(occ_row_open(occ_buf_view(&row.body), &at));
    assert_true(occ_row_next(&at));
    assert_true(at.part.position == 7 && at.part.received_ms == 8 && at.part.chain == 9 && at.part.total == 4 &&
                at.part.before == 3 && at.part.count == 1 && occ_bytes_is(at.part.opaque, "op"));
    assert_true(at.number == 0 && at.proof.counter == 10 && at.proof.document == 0 &&
                occ_bytes_is(at.proof.text, "text"));
    assert_true(occ_row_next(&at));
    assert_true(at.part.position == 8 && at.part.count == 2 && at.part.opaque.len == 0);
    assert_true(at.number == 1 && at.proof.document == 5 && at.proof.document_at == 2 &&
                occ_bytes_is(at.proof.text, "head"));
    assert_memory_equal(at.proof.digest, digests[1], 32);
    assert_true(occ_row_next(&at));
    assert_true(at.number == 2 && at.proof.counter == UINT64_MAX && occ_bytes_is(at.proof.text, "x"));
    assert_false(occ_row_next(&at));
    assert_false(occ_row_next(&at));
    for (uint32_t number = 3; number-- > 0;) {
        assert_true(occ_row_seek(&at, occ_buf_view(&row.body), number));
        assert_int_equal(at.number, number);
        assert_true(occ_row_seek(&at, occ_buf_view(&row.body), number));
    }
    assert_false(occ_row_seek(&at, occ_buf_view(&row.body), 3));
    occ_buf_clear(&row.body);
}

/* Every bit of a body, and every length, counts. */
static void
test_damage(void **state)
{
    (void)state;
    struct occ_row_writer row = OCC_ROW_WRITER_INIT;
    make_row(&row);
    struct occ_row_reader at;
    for (size_t bit = 0; bit < row.body.len * 8; bit++) {
        row.body.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_code(occ_row_open(occ_buf_view(&row.body), &at), OCC_ERR_LEDGER_CORRUPT);
        row.body.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < row.body.len; len++) {
        assert_code(occ_row_open(occ_bytes_of(row.body.ptr, len), &at), OCC_ERR_LEDGER_CORRUPT);
    }
    assert_ok(occ_row_open(occ_buf_view(&row.body), &at));
    occ_buf_clear(&row.body);
}

/* Bodies with the right checksum and other faults: a byte is changed and the checksum made anew. */
static void
test_strict(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
    } faults[] = {
        { 0, 2 },    /* version */
        { 4, 1 },    /* one part fewer */
        { 4, 3 },    /* one more */
        { 4, 0 },    /* none */
        { 25, 1 },   /* opaque: one byte fewer, */
        { 25, 129 }, /* and more than there may be */
        { 31, 3 },   /* total: less than before and count */
        { 39, 0 },   /* no proofs in a part */
        { 39, 2 },   /* more than there are */
        { 87, 9 },   /* document 9, to be put behind the text's end (below) */
        { 91, 1 },   /* a place for no document */
        { 95, 3 },   /* text: one byte fewer */
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct occ_row_writer row = OCC_ROW_WRITER_INIT;
        make_row(&row);
        row.body.ptr[faults[i].at] = faults[i].value;
        row.body.ptr[91] = faults[i].at == 87 ? 5 : row.body.ptr[91];
        row.body.len -= 8;
        occ_buf_put_be64(&row.body, occ_sum_of(occ_buf_view(&row.body)));
        struct occ_row_reader at;
        const struct occ_result result = occ_row_open(occ_buf_view(&row.body), &at);
        if (result.code != OCC_ERR_LEDGER_CORRUPT) {
            fail_msg("fault %d: %s", (int)i, occ_result_name(result.code));
        }
        occ_buf_clear(&row.body);
    }
}

static void
test_sum(void **state)
{
    (void)state;
    uint8_t bytes[64] = { 0 };
    /* Lengths of zeros differ, and so does each bit of each length. */
    for (size_t len = 0; len < sizeof bytes; len++) {
        const uint64_t sum = occ_sum_of(occ_bytes_of(bytes, len));
        assert_true(sum != occ_sum_of(occ_bytes_of(bytes, len + 1)));
        for (size_t bit = 0; bit < len * 8; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_true(sum != occ_sum_of(occ_bytes_of(bytes, len)));
            /* The same bit in two words does not cancel out. */
            if (bit / 8 + 8 < len) {
                bytes[bit / 8 + 8] ^= (uint8_t)(1u << bit % 8);
                assert_true(sum != occ_sum_of(occ_bytes_of(bytes, len)));
                bytes[bit / 8 + 8] ^= (uint8_t)(1u << bit % 8);
            }
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_read_again), cmocka_unit_test(test_damage),
                                        cmocka_unit_test(test_strict), cmocka_unit_test(test_sum) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
