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
           is_between(code, OCC_ERR_PROOF_STRUCTURE, OCC_ERR_WEBAUTHN_ORIGIN) || code == OCC_ERR_UNSUPPORTED;
}

unsigned
occ_refusal_status(enum occ_err code)
{
    switch (code) {
    case OCC_ERR_UNAVAILABLE:
    case OCC_ERR_TIMEOUT:
    case OCC_ERR_BUSY:
        return 503;
    case OCC_ERR_LIMIT:
        return 413;
    default:
        return is_clients_mistake(code) ? 400 : 500;
    }
}

void
occ_refusal_answer(struct occ_http_request *request, enum occ_err code, struct occ_bytes text)
{
    struct occ_error why = { 0 };
    (void)occ_error_set(&why, code, "%.*s", OCC_BYTES_ARG(text));
    const unsigned status = occ_refusal_status(code);
    if (status == 500) {
        occ_answer_internal(request, why.text);
    } else if (status == 503 && code == OCC_ERR_BUSY) {
        occ_answer_error(request, 503, "overloaded, try again later", NULL);
    } else if (status == 503) {
        occ_answer_error(request, 503, "the boundary is out of reach, try again later", NULL);
    } else {
        occ_answer_error(request, status, why.text, NULL);
    }
}
