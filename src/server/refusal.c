/* refusal.c — see refusal.h. */
#include "server/refusal.h"

#include "server/answer.h"

static bool
is_between(enum occ_err code, enum occ_err first, enum occ_err last)
{
    return code >= first && code <= last;
}

/*
 * What a caller wrote wrongly: encodings, fields, what was to be used once (a link is ours, not the caller's), and an agency
 * that does not verify or is of a form that this version does not know.
 */
static bool
is_clients_mistake(enum occ_err code)
{
    return is_between(code, OCC_ERR_BASE64, OCC_ERR_CHAIN_UNKNOWN) ||
           is_between(code, OCC_ERR_PROOF_STRUCTURE, OCC_ERR_SLOT_SIGNATURE) || code == OCC_ERR_UNSUPPORTED;
}

unsigned
occ_refusal_status(enum occ_err code)
{
    switch (code) {
    case OCC_ERR_UNAVAILABLE:
    case OCC_ERR_TIMEOUT:
    case OCC_ERR_BUSY:
    case OCC_ERR_NOMEM:
    case OCC_ERR_TIMESTAMP_REQUIRED:
    case OCC_ERR_ATTESTER:
    case OCC_ERR_TOKEN:
        return 503;
    case OCC_ERR_LIMIT:
        return 413;
    case OCC_ERR_REPEAT:
        return 422;
    default:
        return is_clients_mistake(code) ? 400 : 500;
    }
}

static const char *
sentence_of_503(enum occ_err code, const char *why, const char *trouble)
{
    if (code == OCC_ERR_BUSY || code == OCC_ERR_NOMEM) {
        return "overloaded, try again later";
    }
    if (code == OCC_ERR_TIMESTAMP_REQUIRED) {
        return "no timestamp authority answered, and one is required, try again later";
    }
    if (code == OCC_ERR_ATTESTER || code == OCC_ERR_TOKEN) {
        return why;
    }
    if (code == OCC_ERR_TIMEOUT && trouble == NULL) {
        return "the boundary did not answer in time, try again later";
    }
    return trouble != NULL ? trouble : "the boundary is out of reach, try again later";
}

void
occ_refusal_answer(struct occ_http_request *request, enum occ_err code, struct occ_bytes text, const char *trouble)
{
    struct occ_error why = { 0 };
    (void)occ_error_set(&why, code, "%.*s", OCC_BYTES_ARG(text));
    const unsigned status = occ_refusal_status(code);
    switch (status) {
    case 500:
        occ_answer_internal(request, why.text);
        return;
    case 503:
        occ_answer_error(request, status, sentence_of_503(code, why.text, trouble), NULL);
        return;
    case 422:
        occ_answer_error(request, status, "Idempotency-Key: it was used with another body", NULL);
        return;
    default:
        occ_answer_error(request, status, why.text, NULL);
    }
}
