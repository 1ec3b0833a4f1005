/*
 * bytes.h — struct occ_bytes, a borrowed view: pointer and length always together.
 *
 * A view never owns. It is valid as long as what it points into; the function that returns one says what that is.
 * The empty view has len 0; its ptr may be NULL.
 */
#ifndef OCC_BASE_BYTES_H
#define OCC_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct occ_bytes {
    const uint8_t *ptr;
    size_t len;
};

/* A view of len bytes at ptr. */
static inline struct occ_bytes
occ_bytes_of(const void *ptr, size_t len)
{
    return (struct occ_bytes){ (const uint8_t *)ptr, len };
}
/* A view of a C string without its zero byte; NULL gives the empty view. */
static inline struct occ_bytes
occ_bytes_str(const char *text)
{
    return occ_bytes_of(text, text == NULL ? 0 : strlen(text));
}
/* Equal length and content. Not constant-time: for secrets see crypto/secret.h. */
bool occ_bytes_equal(struct occ_bytes a, struct occ_bytes b);
/* Equal to a C string. */
bool occ_bytes_is(struct occ_bytes a, const char *text);
/* True if a begins with the C string. */
bool occ_bytes_starts(struct occ_bytes a, const char *prefix);
/* Space, tab or carriage return: white space within a line of a text that a person wrote. */
static inline bool
occ_bytes_is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}
/* The view without the blanks at its ends. */
struct occ_bytes occ_bytes_trim(struct occ_bytes text);
/* memcmp order, a shorter one first among equals: < 0, 0, > 0. */
int occ_bytes_compare(struct occ_bytes a, struct occ_bytes b);
/* True if the view is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, up to U+10FFFF). */
bool occ_bytes_is_utf8(struct occ_bytes text);
/* The length of the well-formed beginning: text.len if all of it is, else the offset of what is not UTF-8. */
size_t occ_bytes_utf8_length(struct occ_bytes text);
/* The length (1 to 4) of the well-formed UTF-8 character that text begins with, or 0 if it begins with none. */
size_t occ_bytes_utf8_char(struct occ_bytes text);

/* printf("%.*s", OCC_BYTES_ARG(view)): at most 200 bytes of a view in a message. */
#define OCC_BYTES_ARG(view) ((int)((view).len > 200 ? 200 : (view).len)), ((const char *)(view).ptr)

#endif
