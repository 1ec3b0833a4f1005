/*
 * text.h — u16 length and that many bytes of UTF-8, as several messages have it. For the files of wire.
 */
#ifndef OCC_WIRE_TEXT_H
#define OCC_WIRE_TEXT_H

#include "base/buf.h"
#include "base/reader.h"

/* Appends text, cut off after UINT16_MAX bytes. */
static inline void
occ_text_put(struct occ_buf *buf, struct occ_bytes text)
{
    const size_t len = text.len > UINT16_MAX ? UINT16_MAX : text.len;
    occ_buf_put_be16(buf, (uint16_t)len);
    occ_buf_put(buf, occ_bytes_of(text.ptr, len));
}

/* A text of min_len to max_len bytes; anything else makes the reader bad. */
static inline struct occ_bytes
occ_text_read(struct occ_reader *in, size_t min_len, size_t max_len)
{
    const size_t len = occ_reader_be16(in);
    const struct occ_bytes text = occ_reader_take(in, len);
    if (len < min_len || len > max_len || !occ_bytes_is_utf8(text)) {
        in->bad = true;
    }
    return text;
}

#endif
