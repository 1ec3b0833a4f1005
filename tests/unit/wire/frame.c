/* frame.c — frames cut from a stream, whole, in pieces, and malformed. */
#include "unit/wire/torture.h"

#include "base/limits.h"

static void
put_frame(struct occ_buf *buf, enum occ_frame_type type, uint64_t id, const char *payload)
{
    const size_t begin = occ_frame_begin(buf, type, id);
    occ_buf_put_str(buf, payload);
    occ_frame_end(buf, begin);
}

static void
test_layout(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 100);
    put_frame(&buf, OCC_FRAME_PING, 0x0102030405060708, "ab");
    static const uint8_t expected[] = { 0, 0, 0, 14, 0, 7, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 'a', 'b' };
    assert_int_equal(buf.len, sizeof expected);
    assert_memory_equal(buf.ptr, expected, sizeof expected);
}

static void
test_stream(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 1000);
    put_frame(&buf, OCC_FRAME_PING, 1, "");
    put_frame(&buf, OCC_FRAME_COMMIT, UINT64_MAX, "payload");
    put_frame(&buf, OCC_FRAME_PONG, 3, "x");
    struct occ_bytes rest = occ_buf_view(&buf);
    static const enum occ_frame_type types[] = { OCC_FRAME_PING, OCC_FRAME_COMMIT, OCC_FRAME_PONG };
    static const uint64_t ids[] = { 1, UINT64_MAX, 3 };
    static const char *const payloads[] = { "", "payload", "x" };
    for (size_t i = 0; i < 3; i++) {
        struct occ_frame frame;
        size_t used = 0;
        assert_int_equal(occ_frame_next(rest, &frame, &used).code, OCC_OK);
        assert_int_equal(frame.type, types[i]);
        assert_true(frame.id == ids[i]);
        assert_true(occ_bytes_is(frame.payload, payloads[i]));
        rest = occ_bytes_of(rest.ptr + used, rest.len - used);
    }
    assert_int_equal(rest.len, 0);
}

static void
test_incomplete(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 100);
    put_frame(&buf, OCC_FRAME_PING, 1, "abc");
    for (size_t len = 0; len < buf.len; len++) {
        struct occ_frame frame = { .id = 77 };
        size_t used = 99;
        assert_int_equal(occ_frame_next(occ_bytes_of(buf.ptr, len), &frame, &used).code, OCC_OK);
        assert_int_equal(used, 0);
        assert_int_equal(frame.id, 77);
    }
}

static void
refuse(const uint8_t *bytes, size_t len)
{
    struct occ_frame frame;
    size_t used = 99;
    assert_int_equal(occ_frame_next(occ_bytes_of(bytes, len), &frame, &used).code, OCC_ERR_WIRE_FRAME);
    assert_int_equal(used, 0);
}

static void
test_refusals(void **state)
{
    (void)state;
    static const uint8_t short_length[] = { 0, 0, 0, 11 };
    static const uint8_t zero_length[] = { 0, 0, 0, 0 };
    static const uint8_t long_length[] = { 1, 0x80, 0, 1 }; /* 24 MiB and one */
    static const uint8_t type_zero[] = { 0, 0, 0, 12, 0, 0, 0, 0 };
    static const uint8_t type_15[] = { 0, 0, 0, 12, 0, 15, 0, 0 };
    static const uint8_t type_high[] = { 0, 0, 0, 12, 1, 1, 0, 0 };
    static const uint8_t reserved[] = { 0, 0, 0, 12, 0, 1, 0, 1 };
    /* As soon as it shows, not once the rest has come. */
    refuse(short_length, sizeof short_length);
    refuse(zero_length, sizeof zero_length);
    refuse(long_length, sizeof long_length);
    refuse(type_zero, sizeof type_zero);
    refuse(type_15, sizeof type_15);
    refuse(type_high, sizeof type_high);
    refuse(reserved, sizeof reserved);
    static const uint8_t longest[] = { 1, 0x80, 0, 0, 0, 1, 0, 0 };
    struct occ_frame frame;
    size_t used = 99;
    assert_int_equal(occ_frame_next(occ_bytes_of(longest, sizeof longest), &frame, &used).code, OCC_OK);
    assert_int_equal(used, 0);
}

/* A frame that is too long to be sent fails when it is written, not at the other side. */
static void
test_write_limit(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, OCC_LIMIT_FRAME_LEN + 100);
    size_t begin = occ_frame_begin(&buf, OCC_FRAME_PING, 1);
    assert_non_null(occ_buf_reserve(&buf, OCC_LIMIT_FRAME_LEN));
    memset(buf.ptr + buf.len, 0, OCC_LIMIT_FRAME_LEN - 12);
    buf.len += OCC_LIMIT_FRAME_LEN - 12;
    occ_frame_end(&buf, begin);
    assert_int_equal(occ_buf_check(&buf).code, OCC_OK);
    struct occ_frame frame;
    size_t used = 0;
    assert_int_equal(occ_frame_next(occ_buf_view(&buf), &frame, &used).code, OCC_OK);
    assert_int_equal(used, buf.len);
    occ_buf_put_byte(&buf, 0);
    occ_frame_end(&buf, begin);
    assert_int_equal(occ_buf_check(&buf).code, OCC_ERR_LIMIT);
    occ_buf_reset(&buf);
    OCC_BUF_AUTO(small, 10);
    begin = occ_frame_begin(&small, OCC_FRAME_PING, 1); /* a failed buffer is left alone */
    occ_frame_end(&small, begin);
    assert_int_equal(occ_buf_check(&small).code, OCC_ERR_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),   cmocka_unit_test(test_stream),      cmocka_unit_test(test_incomplete),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_write_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
