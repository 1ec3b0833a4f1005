/* document.c — see document.h. */
#include "boundary/document.h"

#include <stdlib.h>

struct occ_result
occ_document_new(struct occ_bytes bytes, struct occ_document **ret_document)
{
    const size_t len = OCC_BASE64_LEN(bytes.len);
    struct occ_document *const document = malloc(occ_document_size(len));
    OCC_ENSURE(document != NULL, OCC_ERR_NOMEM);
    *document = (struct occ_document){ .refs = 1, .len = len };
    occ_base64_encode(bytes, document->b64);
    *ret_document = document;
    return occ_success();
}

struct occ_document *
occ_document_ref(struct occ_document *document)
{
    document->refs++;
    return document;
}

void
occ_document_unref(struct occ_document *document)
{
    if (document != NULL && --document->refs == 0) {
        free(document);
    }
}
