/* link.c — LINK and LINKED frames. */
#include "unit/wire/torture.h"

static struct occ_bytes
payload_of(const struct occ_buf *buf, enum occ_frame_type type)
{
    struct occ_frame frame;
    size_t used = 0;
    assert_int_equal(occ_buf_check(buf).code, OCC_OK);
    assert_int_equal(occ_frame_next(occ_buf_view(buf), &frame, &used).code, OCC_OK);
    assert_int_equal(used, buf->len);
    assert_int_equal(frame.type, type);
    assert_int_equal(frame.id, 42);
    return frame.payload;
}

static void
test_round_trip(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 1000);
    struct occ_link_writer writer;
    occ_link_begin(&writer, &buf, 42);
    occ_link_put(&writer, occ_bytes_str(""), occ_bytes_str("{\"p\":1}"));
    occ_link_put(&writer, occ_bytes_str("a"), occ_bytes_str("{}"));
    occ_link_end(&writer);
    struct occ_reader in;
    uint16_t chains = 0;
    struct occ_link_entry entry;
    assert_int_equal(occ_link_read(payload_of(&buf, OCC_FRAME_LINK), &in, &chains).code, OCC_OK);
    assert_int_equal(chains, 2);
    assert_int_equal(occ_link_next(&in, &entry).code, OCC_OK);
    assert_int_equal(entry.chain_id.len, 0);
    assert_true(occ_bytes_is(entry.proof, "{\"p\":1}"));
    assert_int_equal(occ_link_next(&in, &entry).code, OCC_OK);
    assert_true(occ_bytes_is(entry.chain_id, "a"));
    assert_true(occ_bytes_is(entry.proof, "{}"));
    assert_true(occ_reader_done(&in));
    torture(occ_buf_view(&buf));
}

/* No chain, more than there can be, a proof that is empty or too long: a writer cannot make them, a reader refuses them. */
static void
test_limits(void **state)
{
    (void)state;
    struct occ_reader in;
    uint16_t chains = 0;
    static const uint8_t none[] = { 0, 0 }, empty[] = { 0, 1, 0, 0, 0, 0, 0, 0 };
    assert_int_equal(occ_link_read(occ_bytes_of(none, sizeof none), &in, &chains).code, OCC_ERR_WIRE_MESSAGE);
    assert_int_equal(occ_link_read(occ_bytes_of(empty, sizeof empty), &in, &chains).code, OCC_ERR_WIRE_MESSAGE);
    OCC_BUF_AUTO(buf, 10000);
    struct occ_link_writer writer;
    occ_link_begin(&writer, &buf, 42);
    for (unsigned i = 0; i < OCC_LIMIT_CHAINS; i++) {
        occ_link_put(&writer, occ_bytes_str("a"), occ_bytes_str("{}"));
    }
    occ_link_end(&writer);
    assert_int_equal(occ_link_read(payload_of(&buf, OCC_FRAME_LINK), &in, &chains).code, OCC_OK);
    occ_link_put(&writer, occ_bytes_str("a"), occ_bytes_str("{}"));
    assert_int_equal(occ_buf_check(&buf).code, OCC_ERR_LIMIT);
    buf.fail = OCC_OK;
    buf.ptr[OCC_FRAME_HEAD_LEN + 1]++; /* one more than there are */
    assert_int_equal(occ_link_read(payload_of(&buf, OCC_FRAME_LINK), &in, &chains).code, OCC_ERR_WIRE_MESSAGE);

    static uint8_t long_proof[OCC_LIMIT_PROOF_LEN + 1];
    OCC_BUF_AUTO(large, OCC_LIMIT_FRAME_LEN);
    occ_link_begin(&writer, &large, 42);
    occ_link_put(&writer, occ_bytes_str(""), occ_bytes_of(long_proof, OCC_LIMIT_PROOF_LEN));
    occ_link_end(&writer);
    assert_int_equal(occ_link_read(payload_of(&large, OCC_FRAME_LINK), &in, &chains).code, OCC_OK);
    occ_link_put(&writer, occ_bytes_str(""), occ_bytes_of(long_proof, sizeof long_proof));
    assert_int_equal(occ_buf_check(&large).code, OCC_ERR_LIMIT);
}

static void
test_answers(void **state)
{
    (void)state;
    static const enum occ_err codes[] = { OCC_OK, OCC_ERR_LINK };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        OCC_BUF_AUTO(buf, 1000);
        occ_link_put_answer(&buf, 42, codes[i], occ_bytes_str(i == 0 ? "" : "why"));
        enum occ_err code = OCC_ERR_INTERNAL;
        struct occ_bytes text;
        assert_int_equal(occ_link_read_answer(payload_of(&buf, OCC_FRAME_LINKED), &code, &text).code, OCC_OK);
        assert_int_equal(code, codes[i]);
        assert_true(occ_bytes_is(text, i == 0 ? "" : "why"));
        torture(occ_buf_view(&buf));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
