/*
 * wire.c — fuzzes all decoders of frames between parent and boundary. Input: a stream of frames. Whatever decodes has one
 * encoding only, so writing it again must give the same bytes.
 */
#include <stdlib.h>

#include "../unit/wire/again.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct occ_frame *frame)
{
    OCC_BUF_AUTO(out, 1 << 20);
    if (!occ_is_ok(again_frame(frame, &out)) || out.fail != OCC_OK) {
        return;
    }
    struct occ_frame read;
    size_t used = 0;
    if (!occ_is_ok(occ_frame_next(occ_buf_view(&out), &read, &used)) || used != out.len || read.type != frame->type ||
        !occ_bytes_equal(read.payload, frame->payload)) {
        abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct occ_bytes rest = occ_bytes_of(data, size);
    for (;;) {
        struct occ_frame frame;
        size_t used = 0;
        if (!occ_is_ok(occ_frame_next(rest, &frame, &used)) || used == 0) {
            return 0;
        }
        if (used > rest.len) {
            abort();
        }
        check(&frame);
        rest = occ_bytes_of(rest.ptr + used, rest.len - used);
    }
}
