/* hello.c — HELLO, HELLO_OK and REFUSED. */
#include "unit/wire/torture.h"

#include "base/limits.h"

static struct occ_frame
first_frame(const struct occ_buf *buf)
{
    struct occ_frame frame;
    size_t used = 0;
    assert_int_equal(occ_frame_next(occ_buf_view(buf), &frame, &used).code, OCC_OK);
    assert_int_equal(used, buf->len);
    return frame;
}

static void
test_hello(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 1000);
    const struct occ_hello hello = { .min_version = 1, .max_version = 3, .features = 0x8000000000000001 };
    occ_hello_put(&buf, &hello);
    const struct occ_frame frame = first_frame(&buf);
    assert_int_equal(frame.type, OCC_FRAME_HELLO);
    assert_memory_equal(frame.payload.ptr, "occw\0\1\0\3", 8);
    struct occ_hello read;
    assert_int_equal(occ_hello_read(frame.payload, &read).code, OCC_OK);
    assert_int_equal(read.min_version, 1);
    assert_int_equal(read.max_version, 3);
    assert_true(read.features == hello.features);
    torture(occ_buf_view(&buf));
}

static void
test_hello_refusals(void **state)
{
    (void)state;
    struct occ_hello read;
    assert_int_equal(occ_hello_read(occ_bytes_of("occv\0\1\0\1\0\0\0\0\0\0\0\0", 16), &read).code,
                     OCC_ERR_WIRE_MESSAGE);
    assert_int_equal(occ_hello_read(occ_bytes_of("occw\0\2\0\1\0\0\0\0\0\0\0\0", 16), &read).code,
                     OCC_ERR_WIRE_MESSAGE);
    assert_int_equal(occ_hello_read(occ_bytes_of("occw\0\1\0\1\0\0\0\0\0\0\0\0", 16), &read).code, OCC_OK);
}

static struct occ_hello_ok
example(void)
{
    struct occ_hello_ok ok = {
        .version = 1,
        .features = 5,
        .frame_len_max = 1000,
        .requests_max = 7,
        .digests_max = 9,
        .retained_len_max = 1u << 20,
        .epoch_id = occ_bytes_str("e"),
        .enforcement = occ_bytes_str("stub"),
        .measurement = occ_bytes_str("stub:\xc3\xa9"),
        .attestation_format = occ_bytes_str("aws-nitro"),
        .attest = OCC_HELLO_ATTEST_BATCH,
        .document_len = 7000,
        .last_position = 10,
        .acknowledged_position = 9,
        .head_count = 2,
    };
    memset(ok.public_key, 0xab, sizeof ok.public_key);
    ok.heads[0].counter = 12;
    memset(ok.heads[0].link_hash, 0xcd, sizeof ok.heads[0].link_hash);
    ok.heads[1].chain_id = occ_bytes_str("occ:main");
    ok.heads[1].counter = UINT64_MAX;
    return ok;
}

static void
test_hello_ok(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 10000);
    const struct occ_hello_ok ok = example();
    occ_hello_put_ok(&buf, &ok);
    const struct occ_frame frame = first_frame(&buf);
    assert_int_equal(frame.type, OCC_FRAME_HELLO_OK);
    struct occ_hello_ok read;
    assert_int_equal(occ_hello_read_ok(frame.payload, &read).code, OCC_OK);
    assert_int_equal(read.version, 1);
    assert_int_equal(read.features, 5);
    assert_int_equal(read.frame_len_max, 1000);
    assert_int_equal(read.requests_max, 7);
    assert_int_equal(read.digests_max, 9);
    assert_int_equal(read.retained_len_max, 1u << 20);
    assert_memory_equal(read.public_key, ok.public_key, 32);
    assert_true(occ_bytes_is(read.epoch_id, "e"));
    assert_true(occ_bytes_is(read.enforcement, "stub"));
    assert_true(occ_bytes_is(read.measurement, "stub:\xc3\xa9"));
    assert_true(occ_bytes_is(read.attestation_format, "aws-nitro"));
    assert_int_equal(read.attest, OCC_HELLO_ATTEST_BATCH);
    assert_int_equal(read.document_len, 7000);
    assert_int_equal(read.last_position, 10);
    assert_int_equal(read.acknowledged_position, 9);
    assert_int_equal(read.head_count, 2);
    assert_int_equal(read.heads[0].chain_id.len, 0);
    assert_int_equal(read.heads[0].counter, 12);
    assert_memory_equal(read.heads[0].link_hash, ok.heads[0].link_hash, 32);
    assert_true(occ_bytes_is(read.heads[1].chain_id, "occ:main"));
    assert_true(read.heads[1].counter == UINT64_MAX);
    torture(occ_buf_view(&buf));
}

static void
refuse_ok(const struct occ_hello_ok *ok)
{
    OCC_BUF_AUTO(buf, 100000);
    occ_hello_put_ok(&buf, ok);
    struct occ_hello_ok read;
    assert_int_equal(occ_hello_read_ok(first_frame(&buf).payload, &read).code, OCC_ERR_WIRE_MESSAGE);
}

static void
test_hello_ok_refusals(void **state)
{
    (void)state;
    static char text[OCC_LIMIT_MEASUREMENT_LEN + 2];
    memset(text, 'a', sizeof text - 1);
    struct occ_hello_ok ok = example();
    ok.measurement = occ_bytes_str(text);
    refuse_ok(&ok);
    ok = example();
    ok.measurement = occ_bytes_str("\xff");
    refuse_ok(&ok);
    ok = example();
    ok.epoch_id = occ_bytes_str("");
    refuse_ok(&ok);
    ok = example();
    ok.enforcement = occ_bytes_str("");
    refuse_ok(&ok);
    ok = example();
    ok.heads[1].chain_id = occ_bytes_of(text, 65);
    refuse_ok(&ok);
    ok = example();
    ok.last_position = 8; /* before what is acknowledged */
    refuse_ok(&ok);
    ok = example();
    ok.attest = OCC_HELLO_ATTEST_NONE; /* with a format */
    ok.document_len = 0;
    refuse_ok(&ok);
    ok = example();
    ok.attestation_format = occ_bytes_str(""); /* a mode without one */
    refuse_ok(&ok);
    ok = example();
    ok.attestation_format = occ_bytes_of(text, OCC_LIMIT_ATTEST_FORMAT_LEN + 1);
    refuse_ok(&ok);
    ok = example();
    ok.attest = (enum occ_hello_attest)(OCC_HELLO_ATTEST_EPOCH + 1);
    refuse_ok(&ok);
    ok = example();
    ok.document_len = OCC_LIMIT_DOCUMENT_B64_LEN + 1;
    refuse_ok(&ok);
    ok = example();
    ok.attestation_format = occ_bytes_str("");
    ok.attest = OCC_HELLO_ATTEST_NONE; /* documents that nobody makes */
    refuse_ok(&ok);
}

static void
test_heads_limit(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 100000);
    struct occ_hello_ok ok = example();
    ok.head_count = OCC_HELLO_CHAINS_MAX;
    occ_hello_put_ok(&buf, &ok);
    struct occ_hello_ok read;
    assert_int_equal(occ_hello_read_ok(first_frame(&buf).payload, &read).code, OCC_OK);
    assert_int_equal(read.head_count, OCC_HELLO_CHAINS_MAX);
    /* One more, and its bytes: there is no room for it in the struct. */
    ok.head_count = 0;
    occ_buf_reset(&buf);
    occ_hello_put_ok(&buf, &ok);
    buf.len -= 2;
    occ_buf_put_be16(&buf, OCC_HELLO_CHAINS_MAX + 1);
    for (int i = 0; i <= OCC_HELLO_CHAINS_MAX; i++) {
        occ_buf_put_be16(&buf, 0);
        occ_buf_put_be64(&buf, 1);
        occ_buf_put(&buf, occ_bytes_of(ok.public_key, 32));
    }
    occ_frame_end(&buf, 0);
    assert_int_equal(occ_hello_read_ok(first_frame(&buf).payload, &read).code, OCC_ERR_WIRE_MESSAGE);
}

static void
test_refused(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 1000);
    occ_hello_put_refused(&buf, 12, OCC_ERR_LOCKED, occ_bytes_str("no"));
    const struct occ_frame frame = first_frame(&buf);
    assert_int_equal(frame.type, OCC_FRAME_REFUSED);
    assert_int_equal(frame.id, 12);
    struct occ_refused read;
    assert_int_equal(occ_hello_read_refused(frame.payload, &read).code, OCC_OK);
    assert_int_equal(read.code, OCC_ERR_LOCKED);
    assert_true(occ_bytes_is(read.text, "no"));
    torture(occ_buf_view(&buf));
    assert_int_equal(occ_hello_read_refused(occ_bytes_of("\0\0\0\2no", 6), &read).code, OCC_ERR_WIRE_MESSAGE);
    assert_int_equal(occ_hello_read_refused(occ_bytes_of("\0\1\0\2n\xff", 6), &read).code, OCC_ERR_WIRE_MESSAGE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hello),       cmocka_unit_test(test_hello_refusals),
        cmocka_unit_test(test_hello_ok),    cmocka_unit_test(test_hello_ok_refusals),
        cmocka_unit_test(test_heads_limit), cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
