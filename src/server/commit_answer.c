#include "server/commit_answer.h"

static size_t
len_of(const struct occ_pending_answer *answer)
{
    struct occ_bytes left = answer->proofs;
    struct occ_commit_proof proof;
    size_t len = 0;
    while (occ_commit_next_proof(&left, &proof)) {
        len += proof.text.len + (proof.document == 0 ? 0 : answer->documents[proof.document - 1].len);
    }
    return len;
}

void
occ_commit_answer_proofs(struct occ_http_request *request, const struct occ_pending_answer *answer)
{
    struct occ_bytes left = answer->proofs;
    struct occ_commit_proof proof;
    OCC_BUF_AUTO(body, OCC_LIMIT_FRAME_LEN);
    if (occ_buf_reserve(&body, len_of(answer) + answer->proof_count + 2) == NULL) {
        occ_answer_internal(request, "out of memory for the answer");
        return;
    }
    occ_buf_put_byte(&body, '[');
    while (occ_commit_next_proof(&left, &proof)) {
        if (body.len > 1) {
            occ_buf_put_byte(&body, ',');
        }
        occ_commit_put_whole(&body, &proof, answer->documents);
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
