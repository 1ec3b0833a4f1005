/*
 * document.h — an attestation document as proofs hold it: base64, once in memory for all that it is about.
 */
#ifndef OCC_BOUNDARY_DOCUMENT_H
#define OCC_BOUNDARY_DOCUMENT_H

#include "base/base64.h"
#include "base/limits.h"

/* The most bytes of base64 that one has. */
#define OCC_DOCUMENT_B64_LEN_MAX OCC_BASE64_LEN(OCC_LIMIT_NSM_RESPONSE_LEN)

struct occ_document {
    size_t refs;     /* who holds it */
    size_t retained; /* results in the retention store among them (retain.h) */
    size_t len;      /* <= OCC_DOCUMENT_B64_LEN_MAX */
    char b64[];
};

/* bytes: as the device gave them, at most OCC_LIMIT_NSM_RESPONSE_LEN. With one reference, the caller's. OCC_ERR_NOMEM. */
OCC_RESULT occ_document_new(struct occ_bytes bytes, struct occ_document **ret_document);
struct occ_document *occ_document_ref(struct occ_document *document);
/* Gives a reference back; NULL: nothing. */
void occ_document_unref(struct occ_document *document);

/* What it takes in memory. */
static inline size_t
occ_document_size(size_t b64_len)
{
    return sizeof(struct occ_document) + b64_len;
}
static inline struct occ_bytes
occ_document_b64(const struct occ_document *document)
{
    return occ_bytes_of(document->b64, document->len);
}

#endif
