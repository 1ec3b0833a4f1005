/*
 * patch.h — filling in a count or a length that was not known when its place was written. For the files of wire.
 */
#ifndef OCC_WIRE_PATCH_H
#define OCC_WIRE_PATCH_H

#include "base/buf.h"

/* Overwrites the big-endian integer at offset at, which was put before. Nothing if the buffer has failed. */
static inline void
occ_patch_be16(struct occ_buf *buf, size_t at, uint16_t value)
{
    if (buf->fail == OCC_OK) {
        buf->ptr[at] = (uint8_t)(value >> 8);
        buf->ptr[at + 1] = (uint8_t)value;
    }
}
static inline void
occ_patch_be32(struct occ_buf *buf, size_t at, uint32_t value)
{
    occ_patch_be16(buf, at, (uint16_t)(value >> 16));
    occ_patch_be16(buf, at + 2, (uint16_t)value);
}

#endif
