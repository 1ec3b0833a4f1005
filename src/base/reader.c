/* reader.c — the bounds-checked cursor. */
#include "base/reader.h"

struct occ_reader
occ_reader_of(struct occ_bytes bytes)
{
    if (bytes.len == 0) { /* a view may have no memory at all: no arithmetic on its pointer */
        return (struct occ_reader){ .next = bytes.ptr, .end = bytes.ptr };
    }
    return (struct occ_reader){ .next = bytes.ptr, .end = bytes.ptr + bytes.len };
}

size_t
occ_reader_left(const struct occ_reader *reader)
{
    return reader->bad ? 0 : (size_t)(reader->end - reader->next);
}

struct occ_bytes
occ_reader_take(struct occ_reader *reader, size_t len)
{
    if (reader->bad || len > occ_reader_left(reader)) {
        reader->bad = true;
        return occ_bytes_of(NULL, 0);
    }
    const struct occ_bytes taken = occ_bytes_of(reader->next, len);
    if (len > 0) {
        reader->next += len;
    }
    return taken;
}

static uint64_t
read_big_endian(struct occ_reader *reader, size_t len)
{
    const struct occ_bytes bytes = occ_reader_take(reader, len);
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        value = value << 8 | bytes.ptr[i];
    }
    return value;
}

uint8_t
occ_reader_u8(struct occ_reader *reader)
{
    return (uint8_t)read_big_endian(reader, 1);
}

uint16_t
occ_reader_be16(struct occ_reader *reader)
{
    return (uint16_t)read_big_endian(reader, 2);
}

uint32_t
occ_reader_be32(struct occ_reader *reader)
{
    return (uint32_t)read_big_endian(reader, 4);
}

uint64_t
occ_reader_be64(struct occ_reader *reader)
{
    return read_big_endian(reader, 8);
}

void
occ_reader_copy(struct occ_reader *reader, void *to, size_t len)
{
    const struct occ_bytes bytes = occ_reader_take(reader, len);
    if (len == 0) {
        return;
    }
    if (bytes.len != len) {
        memset(to, 0, len);
        return;
    }
    memcpy(to, bytes.ptr, len);
}

bool
occ_reader_done(const struct occ_reader *reader)
{
    return !reader->bad && reader->next == reader->end;
}
