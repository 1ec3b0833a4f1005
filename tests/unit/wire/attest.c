/* attest.c — ATTEST, ATTESTED and PONG frames. */
#include "unit/wire/torture.h"

static struct occ_frame
first_frame(const struct occ_buf *buf)
{
    struct occ_frame frame;
    size_t used = 0;
    assert_int_equal(occ_buf_check(buf).code, OCC_OK);
    assert_int_equal(occ_frame_next(occ_buf_view(buf), &frame, &used).code, OCC_OK);
    assert_int_equal(used, buf->len);
    return frame;
}

static void
test_attest(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 1000);
    occ_attest_put(&buf, 42, occ_bytes_str("a nonce"));
    const struct occ_frame frame = first_frame(&buf);
    assert_int_equal(frame.type, OCC_FRAME_ATTEST);
    assert_int_equal(frame.id, 42);
    struct occ_bytes nonce;
    assert_int_equal(occ_attest_read(frame.payload, &nonce).code, OCC_OK);
    assert_true(occ_bytes_is(nonce, "a nonce"));
    torture(occ_buf_view(&buf));
    occ_buf_reset(&buf);
    occ_attest_put(&buf, 42, occ_bytes_of(NULL, 0)); /* the document that is at hand */
    assert_int_equal(occ_attest_read(first_frame(&buf).payload, &nonce).code, OCC_OK);
    assert_int_equal(nonce.len, 0);
}

static void
test_nonce_limit(void **state)
{
    (void)state;
    static const uint8_t bytes[OCC_LIMIT_ATTEST_NONCE + 1];
    OCC_BUF_AUTO(buf, 1000);
    struct occ_bytes nonce;
    occ_attest_put(&buf, 1, occ_bytes_of(bytes, OCC_LIMIT_ATTEST_NONCE));
    assert_int_equal(occ_attest_read(first_frame(&buf).payload, &nonce).code, OCC_OK);
    assert_int_equal(nonce.len, OCC_LIMIT_ATTEST_NONCE);
    occ_buf_reset(&buf);
    occ_attest_put(&buf, 1, occ_bytes_of(bytes, sizeof bytes));
    assert_int_equal(occ_attest_read(first_frame(&buf).payload, &nonce).code, OCC_ERR_WIRE_MESSAGE);
}

static void
test_attested(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 1000);
    const struct occ_attest_answer good = { .format = occ_bytes_str("aws-nitro"), .report_b64 = occ_bytes_str("AAAA") };
    struct occ_attest_answer read;
    occ_attest_put_answer(&buf, 7, &good);
    const struct occ_frame frame = first_frame(&buf);
    assert_int_equal(frame.type, OCC_FRAME_ATTESTED);
    assert_int_equal(frame.id, 7);
    assert_int_equal(occ_attest_read_answer(frame.payload, &read).code, OCC_OK);
    assert_int_equal(read.code, OCC_OK);
    assert_true(occ_bytes_is(read.format, "aws-nitro"));
    assert_true(occ_bytes_is(read.report_b64, "AAAA"));
    torture(occ_buf_view(&buf));

    const struct occ_attest_answer bad = { .code = OCC_ERR_BUSY, .text = occ_bytes_str("later") };
    occ_buf_reset(&buf);
    occ_attest_put_answer(&buf, 7, &bad);
    assert_int_equal(occ_attest_read_answer(first_frame(&buf).payload, &read).code, OCC_OK);
    assert_int_equal(read.code, OCC_ERR_BUSY);
    assert_true(occ_bytes_is(read.text, "later"));
    assert_int_equal(read.report_b64.len, 0);
    torture(occ_buf_view(&buf));
}

static void
refuse_answer(const struct occ_attest_answer *answer)
{
    OCC_BUF_AUTO(buf, 1 << 20);
    struct occ_attest_answer read;
    occ_attest_put_answer(&buf, 7, answer);
    assert_int_equal(occ_attest_read_answer(first_frame(&buf).payload, &read).code, OCC_ERR_WIRE_MESSAGE);
}

static void
test_attested_refusals(void **state)
{
    (void)state;
    static uint8_t text[OCC_LIMIT_DOCUMENT_B64_LEN + 1];
    memset(text, 'A', sizeof text);
    const struct occ_bytes format = occ_bytes_str("f"), document = occ_bytes_str("AAAA");
    refuse_answer(&(struct occ_attest_answer){ .report_b64 = document }); /* without a format */
    refuse_answer(&(struct occ_attest_answer){ .format = occ_bytes_of(text, OCC_LIMIT_ATTEST_FORMAT_LEN + 1),
                                               .report_b64 = document });
    refuse_answer(&(struct occ_attest_answer){ .format = occ_bytes_str("\xff"), .report_b64 = document });
    refuse_answer(&(struct occ_attest_answer){ .format = format }); /* without a document */
    refuse_answer(&(struct occ_attest_answer){ .format = format, .report_b64 = occ_bytes_of(text, sizeof text) });
    static const char *const no_base64[] = { "AAA", "AAA\"", "AB==", "\xff\xff\xff\xff" };
    for (size_t i = 0; i < sizeof no_base64 / sizeof no_base64[0]; i++) {
        refuse_answer(&(struct occ_attest_answer){ .format = format, .report_b64 = occ_bytes_str(no_base64[i]) });
    }
    refuse_answer(&(struct occ_attest_answer){ .code = OCC_ERR_BUSY, .text = occ_bytes_str("\xff") });
}

static void
test_pong(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 1000);
    const struct occ_status status = { .trouble = occ_bytes_str("it is away"),
                                       .has_attester = true,
                                       .clock_ms = -2500,
                                       .documents = UINT64_MAX,
                                       .failures = 3,
                                       .waiting = 4,
                                       .document_ms = UINT32_MAX };
    struct occ_status read;
    occ_status_put(&buf, 9, &status);
    const struct occ_frame frame = first_frame(&buf);
    assert_int_equal(frame.type, OCC_FRAME_PONG);
    assert_int_equal(frame.id, 9);
    assert_int_equal(occ_status_read(frame.payload, &read).code, OCC_OK);
    assert_true(occ_bytes_is(read.trouble, "it is away"));
    assert_true(read.has_attester);
    assert_true(read.clock_ms == -2500);
    assert_true(read.documents == UINT64_MAX);
    assert_true(read.failures == 3);
    assert_int_equal(read.waiting, 4);
    assert_true(read.document_ms == UINT32_MAX);
    torture(occ_buf_view(&buf));
    occ_buf_reset(&buf);
    occ_status_put(&buf, 9, &(struct occ_status){ .trouble = occ_bytes_str("\xff") });
    assert_int_equal(occ_status_read(first_frame(&buf).payload, &read).code, OCC_ERR_WIRE_MESSAGE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attest),   cmocka_unit_test(test_nonce_limit),
        cmocka_unit_test(test_attested), cmocka_unit_test(test_attested_refusals),
        cmocka_unit_test(test_pong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
