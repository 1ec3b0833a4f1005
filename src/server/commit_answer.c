#include "server/commit_answer.h"

void
occ_commit_answer_proofs(struct occ_http_request *request, const struct occ_pending_answer *answer)
{
    struct occ_bytes left = answer->proofs;
    struct occ_commit_proof proof;
    OCC_BUF_AUTO(body, OCC_LIMIT_FRAME_LEN);
    if (occ_buf_reserve(&body, answer->proofs.len + 2) == NULL) {
        occ_answer_internal(request, "out of memory for the answer");
        return;
    }
    occ_buf_put_byte(&body, '[');
    while (occ_commit_next_proof(&left, &proof)) {
        if (body.len > 1) {
            occ_buf_put_byte(&body, ',');
        }
        occ_buf_put(&body, proof.text);
    }
    occ_buf_put_byte(&body, ']');
    struct occ_answer_note *note = occ_http_note(request);
    note->proofs = answer->proof_count;
    occ_answer_json(request, 200, &body);
}

void
occ_commit_answer_replay(struct occ_http_request *request, struct occ_replay *replay)
{
    struct occ_answer_note *note = occ_http_note(request);
    note->proofs = replay->proofs;
    occ_http_respond(request, 200, "application/json", "Idempotent-Replay: true\r\n", &replay->answer);
}

/* What the boundary refused because of the request: its fields, and what it was given to use once. */
static bool
is_clients_mistake(enum occ_err code)
{
    return (code >= OCC_ERR_BASE64 && code < OCC_ERR_LINK) ||
           (code >= OCC_ERR_ACTOR_KEY && code <= OCC_ERR_SLOT_SIGNATURE);
}

void
occ_commit_answer_refusal(struct occ_http_request *request, enum occ_err code, struct occ_bytes text,
                          const char *trouble)
{
    struct occ_error why = { 0 };
    (void)occ_error_set(&why, code, "%.*s", OCC_BYTES_ARG(text));
    switch (code) {
    case OCC_ERR_UNAVAILABLE:
    case OCC_ERR_TIMEOUT:
        occ_answer_error(request, 503, trouble != NULL ? trouble : "the boundary is out of reach, try again later",
                         NULL);
        return;
    case OCC_ERR_BUSY:
    case OCC_ERR_NOMEM:
        occ_answer_error(request, 503, "overloaded, try again later", NULL);
        return;
    case OCC_ERR_LIMIT:
        occ_answer_error(request, 413, why.text, NULL);
        return;
    case OCC_ERR_REPEAT:
        occ_answer_error(request, 422, "Idempotency-Key: it was used with another body", NULL);
        return;
    default:
        break;
    }
    if (is_clients_mistake(code)) {
        occ_answer_error(request, 400, why.text, NULL);
        return;
    }
    occ_answer_internal(request, why.text);
}
