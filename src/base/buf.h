/*
 * buf.h — struct occ_buf, an owned, growing, bounded buffer.
 *
 * The limit is given when it is made; a write that would pass it, or an allocation that fails, makes the buffer "failed":
 * that write and all later ones do nothing, and occ_buf_check says why, once, at the end. So a writer is a straight line
 * of puts and one check.
 */
#ifndef OCC_BASE_BUF_H
#define OCC_BASE_BUF_H

#include "base/bytes.h"
#include "base/result.h"

struct occ_buf {
    uint8_t *ptr;
    size_t len;        /* bytes written, <= cap */
    size_t cap;        /* bytes allocated, <= limit */
    size_t limit;      /* bytes it may ever hold */
    enum occ_err fail; /* OCC_OK, OCC_ERR_LIMIT or OCC_ERR_NOMEM; sticky */
};

/* An empty buffer; allocates nothing. limit in bytes. */
#define OCC_BUF_INIT(limit_bytes) ((struct occ_buf){ .limit = (limit_bytes) })
/* Frees the memory and leaves an empty buffer with the same limit. */
void occ_buf_clear(struct occ_buf *buf);
/* Forgets the content and a failure, keeps the memory for the next use. */
void occ_buf_reset(struct occ_buf *buf);
/* Gives back the memory beyond the content, for a buffer that is complete and will be kept. */
void occ_buf_trim(struct occ_buf *buf);
/* Moves the content out: *to is cleared, then owns what *from held; *from is empty with its limit kept. */
void occ_buf_move(struct occ_buf *from, struct occ_buf *to);
/* Makes room for len more bytes and returns where they go (caller then adds to buf->len), or NULL: the buffer failed. */
uint8_t *occ_buf_reserve(struct occ_buf *buf, size_t len);
/* Appends. The bytes must not lie in the buffer itself. */
void occ_buf_put(struct occ_buf *buf, struct occ_bytes bytes);
void occ_buf_put_str(struct occ_buf *buf, const char *text);
void occ_buf_put_byte(struct occ_buf *buf, uint8_t byte);
/* Appends decimal digits. */
void occ_buf_put_u64(struct occ_buf *buf, uint64_t value);
/* Appends big-endian integers (network order), as frames use them. */
void occ_buf_put_be16(struct occ_buf *buf, uint16_t value);
void occ_buf_put_be32(struct occ_buf *buf, uint32_t value);
void occ_buf_put_be64(struct occ_buf *buf, uint64_t value);
/* Appends printf-style text. Never for numbers with a fraction: those depend on the locale. */
__attribute__((format(printf, 2, 3))) void occ_buf_put_format(struct occ_buf *buf, const char *format, ...);
/* Removes the first len bytes (len <= buf->len), moving the rest down. */
void occ_buf_drop_front(struct occ_buf *buf, size_t len);
/* Success, or why the buffer failed. */
OCC_RESULT occ_buf_check(const struct occ_buf *buf);
/* The content as a view, valid until the next change. */
static inline struct occ_bytes
occ_buf_view(const struct occ_buf *buf)
{
    return occ_bytes_of(buf->ptr, buf->len);
}
/* For __attribute__((cleanup)): OCC_BUF_AUTO(name, limit); */
#define OCC_BUF_AUTO(name, limit_bytes) \
    __attribute__((cleanup(occ_buf_clear))) struct occ_buf name = OCC_BUF_INIT(limit_bytes)

#endif
