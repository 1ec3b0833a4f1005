/* issuer.c — see issuer.h. The JSON texts are the bodies of HTTP answers. */
#include "boundary/issuer.h"

#include "base/base64.h"
#include "wire/issue.h"

enum { ANSWER_LEN_MAX = 4096 };

static void
put_challenge(struct occ_batch *batch, struct occ_buf *text)
{
    uint8_t random[OCC_CHAIN_NONCE_LEN];
    uint8_t challenge[OCC_TICKET_CHALLENGE_LEN];
    batch->random(batch->ctx, random, sizeof random);
    occ_ticket_put_challenge(&batch->tickets, random, challenge);
    occ_buf_put_str(text, "{\"challenge\":\"");
    occ_base64_put(text, occ_bytes_of(challenge, sizeof challenge));
    occ_buf_put_str(text, "\"}");
}

static struct occ_result
put_slot(struct occ_batch *batch, struct occ_bytes chain_id, struct occ_error *err, struct occ_buf *text)
{
    struct occ_chain *chain = NULL;
    if (!occ_is_ok(occ_batch_find_chain(batch, chain_id, &chain))) {
        return occ_error_set(err, OCC_ERR_CHAIN_UNKNOWN, "chainId: \"%.*s\" is not a chain of this boundary",
                             OCC_BYTES_ARG(chain_id));
    }
    uint8_t nonce[OCC_CHAIN_NONCE_LEN];
    batch->random(batch->ctx, nonce, sizeof nonce);
    const struct occ_chain_input input = { .nonce = nonce,
                                           .now_ms = occ_batch_time(batch),
                                           .check = occ_chain_is_checked(chain) };
    struct occ_chain_slot slot;
    const struct occ_result allocated = occ_chain_allocate(chain, &batch->epoch, &input, &batch->hand.scratch, &slot);
    if (!occ_is_ok(allocated)) {
        return occ_batch_explain(batch, allocated.code, err);
    }
    occ_batch_mark(batch, chain);
    char slot_id[OCC_TICKET_SLOT_ID_LEN];
    occ_ticket_put_slot(&batch->tickets, (size_t)(chain - batch->chains), &slot, slot_id);
    occ_buf_put_str(text, "{\"slotId\":\"");
    occ_buf_put(text, occ_bytes_of(slot_id, sizeof slot_id));
    occ_buf_put_str(text, "\",\"slot\":");
    occ_chain_put_slot(chain, &batch->epoch, &slot, text);
    occ_buf_put_byte(text, '}');
    return occ_success();
}

static struct occ_result
issue(struct occ_batch *batch, const struct occ_issue_request *request, struct occ_error *err, struct occ_buf *text)
{
    if (batch->halted) {
        return occ_error_set(err, OCC_ERR_INTEGRITY, OCC_BATCH_HALTED_TEXT);
    }
    if (request->what == OCC_ISSUE_SLOT) {
        OCC_TRY(put_slot(batch, request->chain_id, err, text));
    } else {
        put_challenge(batch, text);
    }
    const struct occ_result written = occ_buf_check(text);
    return occ_is_ok(written) ? written : occ_error_code(err, written.code);
}

struct occ_result
occ_issuer_handle(struct occ_batch *batch, const struct occ_frame *frame, struct occ_error *err, struct occ_buf *out)
{
    struct occ_issue_request request;
    if (frame->id == 0) {
        return occ_error_set(err, OCC_ERR_WIRE_MESSAGE, "an ISSUE with id 0, which no answer can name");
    }
    if (!occ_is_ok(occ_issue_read(frame->payload, &request))) {
        return occ_error_set(err, OCC_ERR_WIRE_MESSAGE, "a malformed ISSUE");
    }
    OCC_BUF_AUTO(text, ANSWER_LEN_MAX);
    struct occ_error refusal = { .code = OCC_OK };
    const struct occ_result issued = issue(batch, &request, &refusal, &text);
    const struct occ_issue_answer answer = { .code = issued.code,
                                             .text = occ_is_ok(issued) ? occ_buf_view(&text)
                                                                       : occ_bytes_str(refusal.text) };
    occ_issue_put_answer(out, frame->id, &answer);
    return occ_success();
}
