/* commit.c — COMMIT frames and acknowledgements. Results: result.c. */
#include "wire/commit.h"

#include "wire/frame.h"
#include "wire/patch.h"

enum { DIGEST_LEN = 32, FIELD_LEN_MIN = 1 + 4, DIGEST_ENTRY_LEN_MIN = DIGEST_LEN + 2, REQUEST_LEN_MIN = 1 + 2 + 4 };

/* ---- writing ---- */

/* Fills in the counts of the request that is open, if one is. */
static void
close_request(struct occ_commit_writer *writer)
{
    if (writer->fields_at == 0) {
        return;
    }
    occ_patch_be16(writer->buf, writer->fields_at, writer->fields);
    if (writer->digests_at == 0) {
        occ_buf_put_be32(writer->buf, 0);
    } else {
        occ_patch_be32(writer->buf, writer->digests_at, writer->digests);
    }
    writer->fields_at = 0;
}

static void
count_request(struct occ_commit_writer *writer)
{
    if (writer->requests == OCC_LIMIT_FRAME_REQUESTS) {
        writer->buf->fail = OCC_ERR_LIMIT;
        return;
    }
    writer->requests++;
}

/* Begins a list of fields here. */
static void
open_fields(struct occ_commit_writer *writer)
{
    writer->fields_at = writer->buf->len;
    writer->fields = 0;
    occ_buf_put_be16(writer->buf, 0);
}

void
occ_commit_begin(struct occ_commit_writer *writer, struct occ_buf *buf, uint64_t id)
{
    *writer = (struct occ_commit_writer){ .buf = buf };
    writer->frame = occ_frame_begin(buf, OCC_FRAME_COMMIT, id);
    writer->count_at = buf->len;
    occ_buf_put_be16(buf, 0);
}

void
occ_commit_put_request(struct occ_commit_writer *writer, struct occ_bytes opaque)
{
    close_request(writer);
    count_request(writer);
    if (opaque.len > OCC_LIMIT_OPAQUE_LEN) {
        writer->buf->fail = OCC_ERR_LIMIT;
        return;
    }
    occ_buf_put_byte(writer->buf, (uint8_t)opaque.len);
    occ_buf_put(writer->buf, opaque);
    open_fields(writer);
    writer->digests_at = 0;
    writer->digests = 0;
}

void
occ_commit_put_digest(struct occ_commit_writer *writer, const uint8_t digest[32])
{
    occ_patch_be16(writer->buf, writer->fields_at, writer->fields);
    if (writer->digests_at == 0) {
        writer->digests_at = writer->buf->len;
        occ_buf_put_be32(writer->buf, 0);
    }
    writer->digests++;
    occ_buf_put(writer->buf, occ_bytes_of(digest, DIGEST_LEN));
    open_fields(writer);
}

void
occ_commit_put_field(struct occ_commit_writer *writer, enum occ_commit_tag tag, struct occ_bytes value)
{
    if (value.len > OCC_LIMIT_FRAME_LEN || writer->fields == UINT16_MAX) {
        writer->buf->fail = OCC_ERR_LIMIT;
        return;
    }
    writer->fields++;
    occ_buf_put_byte(writer->buf, (uint8_t)tag);
    occ_buf_put_be32(writer->buf, (uint32_t)value.len);
    occ_buf_put(writer->buf, value);
}

void
occ_commit_end(struct occ_commit_writer *writer)
{
    close_request(writer);
    occ_patch_be16(writer->buf, writer->count_at, writer->requests);
    occ_frame_end(writer->buf, writer->frame);
}

void
occ_commit_begin_loose(struct occ_commit_writer *writer, struct occ_buf *buf)
{
    *writer = (struct occ_commit_writer){ .buf = buf };
}

void
occ_commit_end_loose(struct occ_commit_writer *writer)
{
    close_request(writer);
}

void
occ_commit_put_loose(struct occ_commit_writer *writer, struct occ_bytes request)
{
    close_request(writer);
    count_request(writer);
    occ_buf_put(writer->buf, request);
}

/* ---- reading ---- */

/* What count entries take at least must be there: a count alone never makes anyone loop or allocate. */
static bool
fits(const struct occ_commit_reader *reader, size_t count, size_t entry_len_min)
{
    return !reader->in.bad && count <= occ_reader_left(&reader->in) / entry_len_min;
}

static struct occ_result
begin_fields(struct occ_commit_reader *reader)
{
    reader->fields_left = occ_reader_be16(&reader->in);
    OCC_ENSURE(fits(reader, reader->fields_left, FIELD_LEN_MIN), OCC_ERR_WIRE_MESSAGE);
    return occ_success();
}

struct occ_result
occ_commit_read(struct occ_bytes payload, struct occ_commit_reader *ret_reader, uint16_t *ret_requests)
{
    struct occ_commit_reader reader = { .in = occ_reader_of(payload) };
    reader.requests_left = occ_reader_be16(&reader.in);
    OCC_ENSURE(reader.requests_left >= 1 && reader.requests_left <= OCC_LIMIT_FRAME_REQUESTS, OCC_ERR_WIRE_MESSAGE);
    OCC_ENSURE(fits(&reader, reader.requests_left, REQUEST_LEN_MIN), OCC_ERR_WIRE_MESSAGE);
    *ret_reader = reader;
    *ret_requests = reader.requests_left;
    return occ_success();
}

struct occ_commit_reader
occ_commit_read_loose(struct occ_bytes request)
{
    return (struct occ_commit_reader){ .in = occ_reader_of(request), .requests_left = 1 };
}

struct occ_result
occ_commit_next_request(struct occ_commit_reader *reader, struct occ_bytes *ret_opaque)
{
    OCC_ENSURE(reader->requests_left > 0 && reader->fields_left == 0 && reader->digests_left == 0, OCC_ERR_STATE);
    const size_t len = occ_reader_u8(&reader->in);
    OCC_ENSURE(len <= OCC_LIMIT_OPAQUE_LEN, OCC_ERR_WIRE_MESSAGE);
    const struct occ_bytes opaque = occ_reader_take(&reader->in, len);
    OCC_TRY(begin_fields(reader));
    reader->requests_left--;
    *ret_opaque = opaque;
    return occ_success();
}

struct occ_result
occ_commit_next_field(struct occ_commit_reader *reader, struct occ_commit_field *ret_field, bool *ret_more)
{
    if (reader->fields_left == 0) {
        *ret_more = false;
        return occ_success();
    }
    const uint8_t tag = occ_reader_u8(&reader->in);
    const struct occ_bytes value = occ_reader_take(&reader->in, occ_reader_be32(&reader->in));
    OCC_ENSURE(!reader->in.bad, OCC_ERR_WIRE_MESSAGE);
    reader->fields_left--;
    *ret_field = (struct occ_commit_field){ tag, value };
    *ret_more = true;
    return occ_success();
}

struct occ_result
occ_commit_skip_fields(struct occ_commit_reader *reader)
{
    for (bool more = true; more;) {
        struct occ_commit_field field;
        OCC_TRY(occ_commit_next_field(reader, &field, &more));
    }
    return occ_success();
}

struct occ_result
occ_commit_digest_count(struct occ_commit_reader *reader, uint32_t *ret_digests)
{
    OCC_ENSURE(reader->fields_left == 0 && reader->digests_left == 0, OCC_ERR_STATE);
    const uint32_t count = occ_reader_be32(&reader->in);
    OCC_ENSURE(fits(reader, count, DIGEST_ENTRY_LEN_MIN), OCC_ERR_WIRE_MESSAGE);
    reader->digests_left = count;
    *ret_digests = count;
    return occ_success();
}

struct occ_result
occ_commit_next_digest(struct occ_commit_reader *reader, struct occ_bytes *ret_digest)
{
    OCC_ENSURE(reader->fields_left == 0 && reader->digests_left > 0, OCC_ERR_STATE);
    const struct occ_bytes digest = occ_reader_take(&reader->in, DIGEST_LEN);
    OCC_TRY(begin_fields(reader));
    reader->digests_left--;
    *ret_digest = digest;
    return occ_success();
}

struct occ_result
occ_commit_read_end(const struct occ_commit_reader *reader)
{
    OCC_ENSURE(reader->requests_left == 0 && reader->fields_left == 0 && reader->digests_left == 0, OCC_ERR_STATE);
    OCC_ENSURE(occ_reader_done(&reader->in), OCC_ERR_WIRE_MESSAGE);
    return occ_success();
}

/* ---- acknowledgement ---- */

void
occ_commit_put_ack(struct occ_buf *buf, uint64_t position)
{
    const size_t frame = occ_frame_begin(buf, OCC_FRAME_ACK, 0);
    occ_buf_put_be64(buf, position);
    occ_frame_end(buf, frame);
}

struct occ_result
occ_commit_read_ack(struct occ_bytes payload, uint64_t *ret_position)
{
    struct occ_reader in = occ_reader_of(payload);
    const uint64_t position = occ_reader_be64(&in);
    OCC_ENSURE(occ_reader_done(&in), OCC_ERR_WIRE_MESSAGE);
    *ret_position = position;
    return occ_success();
}
