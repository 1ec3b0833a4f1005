/*
 * commit_body.c — bodies of POST /commit through the parent's reader. What it takes is a well-formed request for the boundary:
 * every field in its place, of a tag and a size that the wire knows, and as many digests as were counted.
 */
#include <stdio.h>
#include <stdlib.h>

#include "boundary/request.h"
#include "server/commit_body.h"
#include "wire/frame.h"

enum { DIGESTS_MAX = 50, FRAME_MAX = 8 << 20 };

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "not so: %s\n", #condition); \
            abort(); \
        } \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_fields(struct occ_commit_reader *reader, bool shared)
{
    struct occ_commit_field field;
    for (bool more = true; more;) {
        CHECK(occ_is_ok(occ_commit_next_field(reader, &field, &more)));
        if (!more) {
            return;
        }
        CHECK(field.value.len > 0 && field.value.len <= OCC_LIMIT_VALUE_LEN);
        CHECK(occ_bytes_is_utf8(field.value));
        CHECK(shared
                  ? field.tag != OCC_COMMIT_SLOT
                  : field.tag == OCC_COMMIT_METADATA || field.tag == OCC_COMMIT_AGENCY || field.tag == OCC_COMMIT_SLOT);
        CHECK(field.tag >= OCC_COMMIT_METADATA && field.tag <= OCC_COMMIT_PRINCIPAL);
    }
}

static void
check_request(struct occ_bytes payload, const struct occ_commit_body *body)
{
    struct occ_commit_reader reader;
    struct occ_bytes bytes;
    uint16_t requests;
    uint32_t digests = 0;
    CHECK(occ_is_ok(occ_request_check_frame(payload, &digests)));
    CHECK(occ_is_ok(occ_commit_read(payload, &reader, &requests)) && requests == 1);
    CHECK(occ_is_ok(occ_commit_next_request(&reader, &bytes)) && occ_bytes_is(bytes, "opaque"));
    check_fields(&reader, true);
    CHECK(occ_is_ok(occ_commit_digest_count(&reader, &digests)) && digests == body->digests);
    for (uint32_t i = 0; i < digests; i++) {
        CHECK(occ_is_ok(occ_commit_next_digest(&reader, &bytes)) && bytes.len == 32);
        check_fields(&reader, false);
    }
    CHECK(occ_is_ok(occ_commit_read_end(&reader)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct occ_commit_rules rules = { .digests_max = DIGESTS_MAX, .measurement_len = 69 };
    struct occ_error err = { 0 };
    struct occ_commit_body body = { 0 };
    const struct occ_result read =
        occ_commit_body_read(occ_bytes_of(data, size), &rules, occ_bytes_str("opaque"), &err, &body);
    if (!occ_is_ok(read)) {
        CHECK(err.text[0] != 0 && err.code == read.code);
        return 0;
    }
    CHECK(body.digests >= 1 && body.digests <= DIGESTS_MAX);
    CHECK(body.answer_len > 720 * (size_t)body.digests && body.answer_len <= OCC_LIMIT_ANSWER_LEN);
    OCC_BUF_AUTO(frame, FRAME_MAX);
    struct occ_commit_writer writer;
    occ_commit_begin(&writer, &frame, 1);
    occ_commit_put_loose(&writer, occ_buf_view(&body.loose));
    occ_commit_end(&writer);
    CHECK(occ_is_ok(occ_buf_check(&frame)));
    check_request(occ_bytes_of(frame.ptr + OCC_FRAME_HEAD_LEN, frame.len - OCC_FRAME_HEAD_LEN), &body);
    occ_buf_clear(&body.loose);
    return 0;
}
