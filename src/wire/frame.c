/* frame.c — cutting a stream into frames, and writing one. */
#include "wire/frame.h"

#include "base/limits.h"
#include "base/reader.h"
#include "wire/patch.h"

enum {
    LENGTH_LEN = 4,
    HEAD_REST_LEN = OCC_FRAME_HEAD_LEN - LENGTH_LEN /* type, zero, id: what a length counts at least */
};

static bool
is_type(uint16_t type)
{
    return type >= OCC_FRAME_HELLO && type <= OCC_FRAME_ATTESTED;
}

struct occ_result
occ_frame_next(struct occ_bytes input, struct occ_frame *ret_frame, size_t *ret_used)
{
    *ret_used = 0;
    if (input.len < LENGTH_LEN) {
        return occ_success();
    }
    struct occ_reader in = occ_reader_of(input);
    const uint32_t len = occ_reader_be32(&in);
    OCC_ENSURE(len >= HEAD_REST_LEN && len <= OCC_LIMIT_FRAME_LEN, OCC_ERR_WIRE_FRAME);
    if (input.len < LENGTH_LEN + 4) {
        return occ_success();
    }
    /* As soon as they are there: nobody waits for the megabytes of a frame that will be refused. */
    const uint16_t type = occ_reader_be16(&in);
    const uint16_t zero = occ_reader_be16(&in);
    OCC_ENSURE(is_type(type) && zero == 0, OCC_ERR_WIRE_FRAME);
    if (input.len - LENGTH_LEN < len) {
        return occ_success();
    }
    ret_frame->type = (enum occ_frame_type)type;
    ret_frame->id = occ_reader_be64(&in);
    ret_frame->payload = occ_reader_take(&in, len - HEAD_REST_LEN);
    *ret_used = LENGTH_LEN + (size_t)len;
    return occ_success();
}

size_t
occ_frame_begin(struct occ_buf *buf, enum occ_frame_type type, uint64_t id)
{
    const size_t begin = buf->len;
    occ_buf_put_be32(buf, 0);
    occ_buf_put_be16(buf, (uint16_t)type);
    occ_buf_put_be16(buf, 0);
    occ_buf_put_be64(buf, id);
    return begin;
}

void
occ_frame_end(struct occ_buf *buf, size_t begin)
{
    occ_frame_end_with(buf, begin, 0);
}

void
occ_frame_end_with(struct occ_buf *buf, size_t begin, size_t elsewhere)
{
    if (buf->fail != OCC_OK) {
        return;
    }
    const size_t len = buf->len - begin - LENGTH_LEN + elsewhere;
    if (len > OCC_LIMIT_FRAME_LEN) {
        buf->fail = OCC_ERR_LIMIT;
        return;
    }
    occ_patch_be32(buf, begin, (uint32_t)len);
}
