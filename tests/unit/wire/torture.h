/*
 * torture.h — what every decoder must bear: a frame cut off anywhere, with a byte too many, and with any byte changed.
 */
#ifndef TESTS_UNIT_WIRE_TORTURE_H
#define TESTS_UNIT_WIRE_TORTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "unit/wire/again.h"

/* The payload is copied to memory of its exact size, so that a read past its end shows under a sanitizer. */
static inline struct occ_result
torture_read(const struct occ_frame *frame, const uint8_t *payload, size_t len, struct occ_buf *out)
{
    uint8_t *const copy = malloc(len == 0 ? 1 : len);
    assert_non_null(copy);
    memcpy(copy, payload, len);
    const struct occ_frame other = { frame->type, frame->id, occ_bytes_of(copy, len) };
    occ_buf_reset(out);
    const struct occ_result result = again_frame(&other, out);
    free(copy);
    return result;
}

/* If a decoder takes what it is given, then there is no other way to write it. */
static inline void
torture_one(const struct occ_frame *frame, const uint8_t *payload, size_t len)
{
    OCC_BUF_AUTO(out, 1 << 20);
    if (!occ_is_ok(torture_read(frame, payload, len, &out))) {
        return;
    }
    assert_int_equal(out.fail, OCC_OK);
    assert_int_equal(out.len, OCC_FRAME_HEAD_LEN + len);
    assert_memory_equal(out.ptr + OCC_FRAME_HEAD_LEN, payload, len);
}

static inline void
torture(struct occ_bytes input)
{
    struct occ_frame frame;
    size_t used = 0;
    assert_int_equal(occ_frame_next(input, &frame, &used).code, OCC_OK);
    assert_int_equal(used, input.len);
    OCC_BUF_AUTO(out, 1 << 20);
    assert_int_equal(torture_read(&frame, frame.payload.ptr, frame.payload.len, &out).code, OCC_OK);
    assert_int_equal(out.len, input.len);
    assert_memory_equal(out.ptr, input.ptr, input.len);

    for (size_t len = 0; len < frame.payload.len; len++) { /* nothing may be missing */
        assert_int_equal(torture_read(&frame, frame.payload.ptr, len, &out).code, OCC_ERR_WIRE_MESSAGE);
    }
    uint8_t *const copy = malloc(frame.payload.len + 1);
    assert_non_null(copy);
    memcpy(copy, frame.payload.ptr, frame.payload.len);
    copy[frame.payload.len] = 0; /* nothing may be left over */
    assert_int_equal(torture_read(&frame, copy, frame.payload.len + 1, &out).code, OCC_ERR_WIRE_MESSAGE);
    for (size_t i = 0; i < frame.payload.len; i++) {
        for (unsigned change = 1; change < 256; change++) {
            copy[i] = (uint8_t)(frame.payload.ptr[i] ^ change);
            torture_one(&frame, copy, frame.payload.len);
        }
        copy[i] = frame.payload.ptr[i];
    }
    free(copy);
}

#endif
