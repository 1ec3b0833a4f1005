/* commit.c — COMMIT frames and ACK. */
#include "unit/wire/torture.h"

static const uint8_t digest_a[32] = { 0xaa };
static const uint8_t digest_b[32] = { 0xbb };

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

/* One request with a shared field and a field of its second digest; one without fields. */
static void
put_example(struct occ_buf *buf)
{
    struct occ_commit_writer writer;
    occ_commit_begin(&writer, buf, 42);
    occ_commit_put_request(&writer, occ_bytes_str("one"));
    occ_commit_put_field(&writer, OCC_COMMIT_METADATA, occ_bytes_str("{}"));
    occ_commit_put_digest(&writer, digest_a);
    occ_commit_put_digest(&writer, digest_b);
    occ_commit_put_field(&writer, OCC_COMMIT_METADATA, occ_bytes_str("{\"a\":1}"));
    occ_commit_put_request(&writer, occ_bytes_str(""));
    occ_commit_put_digest(&writer, digest_b);
    occ_commit_end(&writer);
}

static void
expect_field(struct occ_commit_reader *reader, const char *value)
{
    struct occ_commit_field field;
    bool more = false;
    assert_int_equal(occ_commit_next_field(reader, &field, &more).code, OCC_OK);
    assert_int_equal(more, value != NULL);
    if (value != NULL) {
        assert_int_equal(field.tag, OCC_COMMIT_METADATA);
        assert_true(occ_bytes_is(field.value, value));
        expect_field(reader, NULL);
    }
}

static void
expect_digest(struct occ_commit_reader *reader, const uint8_t *expected)
{
    struct occ_bytes digest;
    assert_int_equal(occ_commit_next_digest(reader, &digest).code, OCC_OK);
    assert_memory_equal(digest.ptr, expected, 32);
}

static void
test_round_trip(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 1000);
    put_example(&buf);
    const struct occ_frame frame = first_frame(&buf);
    assert_int_equal(frame.type, OCC_FRAME_COMMIT);
    assert_int_equal(frame.id, 42);
    struct occ_commit_reader reader;
    uint16_t requests = 0;
    uint32_t digests = 0;
    struct occ_bytes opaque;
    assert_int_equal(occ_commit_read(frame.payload, &reader, &requests).code, OCC_OK);
    assert_int_equal(requests, 2);
    assert_int_equal(occ_commit_next_request(&reader, &opaque).code, OCC_OK);
    assert_true(occ_bytes_is(opaque, "one"));
    expect_field(&reader, "{}");
    assert_int_equal(occ_commit_digest_count(&reader, &digests).code, OCC_OK);
    assert_int_equal(digests, 2);
    expect_digest(&reader, digest_a);
    expect_field(&reader, NULL);
    expect_digest(&reader, digest_b);
    expect_field(&reader, "{\"a\":1}");
    assert_int_equal(occ_commit_read_end(&reader).code, OCC_ERR_STATE); /* not yet */
    assert_int_equal(occ_commit_next_request(&reader, &opaque).code, OCC_OK);
    assert_int_equal(opaque.len, 0);
    expect_field(&reader, NULL);
    assert_int_equal(occ_commit_digest_count(&reader, &digests).code, OCC_OK);
    expect_digest(&reader, digest_b);
    expect_field(&reader, NULL);
    assert_int_equal(occ_commit_read_end(&reader).code, OCC_OK);
    assert_int_equal(occ_commit_next_request(&reader, &opaque).code, OCC_ERR_STATE);
    torture(occ_buf_view(&buf));
}

/* Requests that were encoded one by one and joined make the same bytes. */
static void
test_loose(void **state)
{
    (void)state;
    OCC_BUF_AUTO(whole, 1000);
    put_example(&whole);
    OCC_BUF_AUTO(one, 1000);
    OCC_BUF_AUTO(two, 1000);
    struct occ_commit_writer writer;
    occ_commit_begin_loose(&writer, &one);
    occ_commit_put_request(&writer, occ_bytes_str("one"));
    occ_commit_put_field(&writer, OCC_COMMIT_METADATA, occ_bytes_str("{}"));
    occ_commit_put_digest(&writer, digest_a);
    occ_commit_put_digest(&writer, digest_b);
    occ_commit_put_field(&writer, OCC_COMMIT_METADATA, occ_bytes_str("{\"a\":1}"));
    occ_commit_end_loose(&writer);
    occ_commit_begin_loose(&writer, &two);
    occ_commit_put_request(&writer, occ_bytes_str(""));
    occ_commit_put_digest(&writer, digest_b);
    occ_commit_end_loose(&writer);
    OCC_BUF_AUTO(joined, 1000);
    occ_commit_begin(&writer, &joined, 42);
    occ_commit_put_loose(&writer, occ_buf_view(&one));
    occ_commit_put_loose(&writer, occ_buf_view(&two));
    occ_commit_end(&writer);
    assert_int_equal(joined.len, whole.len);
    assert_memory_equal(joined.ptr, whole.ptr, whole.len);
}

static void
test_no_digests(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 1000);
    struct occ_commit_writer writer;
    occ_commit_begin(&writer, &buf, 1);
    occ_commit_put_request(&writer, occ_bytes_str("x"));
    occ_commit_put_request(&writer, occ_bytes_str("y"));
    occ_commit_put_digest(&writer, digest_a);
    occ_commit_end(&writer);
    torture(occ_buf_view(&buf)); /* the boundary refuses the first request, not the frame */
}

static void
test_writer_limits(void **state)
{
    (void)state;
    static const uint8_t opaque[OCC_LIMIT_OPAQUE_LEN + 1];
    OCC_BUF_AUTO(buf, 1 << 20);
    struct occ_commit_writer writer;
    occ_commit_begin(&writer, &buf, 1);
    occ_commit_put_request(&writer, occ_bytes_of(opaque, OCC_LIMIT_OPAQUE_LEN));
    assert_int_equal(occ_buf_check(&buf).code, OCC_OK);
    occ_commit_put_request(&writer, occ_bytes_of(opaque, OCC_LIMIT_OPAQUE_LEN + 1));
    assert_int_equal(occ_buf_check(&buf).code, OCC_ERR_LIMIT);

    occ_buf_reset(&buf);
    occ_commit_begin(&writer, &buf, 1);
    for (int i = 0; i < OCC_LIMIT_FRAME_REQUESTS; i++) {
        occ_commit_put_request(&writer, occ_bytes_str(""));
    }
    assert_int_equal(occ_buf_check(&buf).code, OCC_OK);
    occ_commit_put_request(&writer, occ_bytes_str(""));
    assert_int_equal(occ_buf_check(&buf).code, OCC_ERR_LIMIT);
}

static void
refuse_read(const char *bytes, size_t len)
{
    OCC_BUF_AUTO(out, 1 << 20);
    assert_int_equal(again_commit(occ_bytes_of(bytes, len), 1, &out).code, OCC_ERR_WIRE_MESSAGE);
}

/* A count is refused when the bytes that it announces cannot be there, before anything is done with it. */
static void
test_counts(void **state)
{
    (void)state;
    refuse_read("", 0);
    refuse_read("\0\0", 2);                                              /* no request */
    refuse_read("\4\1", 2);                                              /* 1025 requests */
    refuse_read("\0\2\0\0\0\0\0\0\0", 9);                                /* two, bytes for one */
    refuse_read("\0\1\0\0\1\0\0\0\0", 9);                                /* a field that is not there */
    refuse_read("\0\1\0\0\0\xff\xff\xff\xff", 9);                        /* four billion digests */
    refuse_read("\0\1\0\0\1\1\xff\xff\xff\xff\0\0\0\0", 14);             /* a field of four gigabytes */
    refuse_read("\0\1\x81\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 23); /* 129 opaque bytes */
}

/* What a reader asks for out of turn is refused, whatever the bytes are. */
static void
test_order(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 1000);
    put_example(&buf);
    struct occ_commit_reader reader;
    uint16_t requests = 0;
    uint32_t digests = 0;
    struct occ_bytes view;
    assert_int_equal(occ_commit_read(first_frame(&buf).payload, &reader, &requests).code, OCC_OK);
    assert_int_equal(occ_commit_next_request(&reader, &view).code, OCC_OK);
    assert_int_equal(occ_commit_digest_count(&reader, &digests).code, OCC_ERR_STATE); /* fields first */
    assert_int_equal(occ_commit_next_request(&reader, &view).code, OCC_ERR_STATE);
    assert_int_equal(occ_commit_next_digest(&reader, &view).code, OCC_ERR_STATE);
}

static void
test_ack(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 100);
    occ_commit_put_ack(&buf, 0x1122334455667788);
    const struct occ_frame frame = first_frame(&buf);
    assert_int_equal(frame.type, OCC_FRAME_ACK);
    assert_int_equal(frame.id, 0);
    uint64_t position = 0;
    assert_int_equal(occ_commit_read_ack(frame.payload, &position).code, OCC_OK);
    assert_true(position == 0x1122334455667788);
    torture(occ_buf_view(&buf));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_loose),  cmocka_unit_test(test_no_digests),
        cmocka_unit_test(test_writer_limits), cmocka_unit_test(test_counts), cmocka_unit_test(test_order),
        cmocka_unit_test(test_ack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
