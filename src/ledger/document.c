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

struct occ_document_cut
occ_document_of(const struct occ_ledger_proof *proof)
{
    const struct occ_bytes text = proof->text;
    if (proof->document.len == 0) {
        return occ_document_cut(text);
    }
    return (struct occ_document_cut){ .document = proof->document,
                                      .head = occ_bytes_of(text.ptr, proof->place),
                                      .tail = occ_bytes_of(text.ptr + proof->place, text.len - proof->place) };
}

bool
occ_document_is_apart(const struct occ_document_cut *cut)
{
    return cut->document.len >= OCC_LIMIT_LEDGER_DOCUMENT_LEN_MIN;
}

bool
occ_document_makes(const struct occ_document_cut *cut, struct occ_bytes text)
{
    const struct occ_bytes parts[] = { cut->head, cut->document, cut->tail };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const size_t len = parts[i].len;
        if (len > text.len || !occ_bytes_equal(parts[i], occ_bytes_of(text.ptr, len))) {
            return false;
        }
        text = occ_bytes_of(text.ptr + len, text.len - len);
    }
    return text.len == 0;
}
