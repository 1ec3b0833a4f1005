/* document.c — see document.h. */
#include "ledger/document.h"

#include "base/limits.h"

static const char name[] = "\"reportB64\":\"";

struct occ_document_cut
occ_document_cut(struct occ_bytes text)
{
    const struct occ_document_cut whole = { .head = text };
    const size_t name_len = sizeof name - 1;
    const uint8_t *const found = text.len == 0 ? NULL : memmem(text.ptr, text.len, name, name_len);
    if (found == NULL) {
        return whole;
    }
    const uint8_t *const begin = found + name_len, *const end = text.ptr + text.len;
    const uint8_t *const quote = begin == end ? NULL : memchr(begin, '"', (size_t)(end - begin));
    if (quote == NULL || quote - begin < OCC_LIMIT_LEDGER_DOCUMENT_LEN_MIN ||
        quote - begin > OCC_LIMIT_LEDGER_DOCUMENT_LEN) {
        return whole;
    }
    return (struct occ_document_cut){ .document = occ_bytes_of(begin, (size_t)(quote - begin)),
                                      .head = occ_bytes_of(text.ptr, (size_t)(begin - text.ptr)),
                                      .tail = occ_bytes_of(quote, (size_t)(end - quote)) };
}
