/*
 * reader.h — struct occ_reader, a bounds-checked cursor over bytes, with a sticky error.
 *
 * A read past the end sets bad and gives zero or the empty view; all later reads do the same. So a decoder is a straight
 * line of reads and one look at occ_reader_done at the end.
 */
#ifndef OCC_BASE_READER_H
#define OCC_BASE_READER_H

#include "base/bytes.h"

struct occ_reader {
    const uint8_t *next;
    const uint8_t *end;
    bool bad;
};

struct occ_reader occ_reader_of(struct occ_bytes bytes);
uint8_t occ_reader_u8(struct occ_reader *reader);
uint16_t occ_reader_be16(struct occ_reader *reader);
uint32_t occ_reader_be32(struct occ_reader *reader);
uint64_t occ_reader_be64(struct occ_reader *reader);
/* The next len bytes, as a view into what is read. */
struct occ_bytes occ_reader_take(struct occ_reader *reader, size_t len);
/* Copies the next len bytes to to; on a short read, zeros. */
void occ_reader_copy(struct occ_reader *reader, void *to, size_t len);
/* Bytes left. */
size_t occ_reader_left(const struct occ_reader *reader);
/* True if nothing went wrong and nothing is left over. */
bool occ_reader_done(const struct occ_reader *reader);

#endif
