/* signing.c — see signing.h. */
#include "boundary/signing.h"

void
occ_signing_hand_clear(struct occ_signing_hand *hand)
{
    occ_chain_scratch_clear(&hand->scratch);
    occ_buf_clear(&hand->text);
}

/* Commits one digest: its proof is appended to the result that is open, with its document where there is one. */
static struct occ_result
sign_one(const struct occ_signing *signing, struct occ_signing_hand *hand, const struct occ_chain_input *input,
         struct occ_chain *chain)
{
    struct occ_result_writer *const writer = signing->writer;
    struct occ_chain_signed done;
    const size_t begin = occ_commit_begin_proof(writer, chain->counter + 1, input->digest);
    if (signing->is_joined) {
        occ_buf_reset(&hand->text);
        OCC_TRY(occ_chain_commit(chain, signing->epoch, input, &hand->scratch, &hand->text, &done));
        const size_t place = occ_write_joined(writer->buf, occ_buf_view(&hand->text), &done.opening, NULL);
        occ_commit_end_proof(writer, begin, 1, place);
        return occ_success();
    }
    OCC_TRY(occ_chain_commit(chain, signing->epoch, input, &hand->scratch, writer->buf, &done));
    if (signing->hashes != NULL) {
        occ_buf_put(signing->hashes, occ_bytes_of(done.proof_hash, sizeof done.proof_hash));
        occ_commit_end_proof(writer, begin, 1, done.opening.report);
        return occ_buf_check(signing->hashes);
    }
    occ_commit_end_proof(writer, begin, 0, 0);
    return occ_success();
}

struct occ_result
occ_signing_run(const struct occ_signing *signing, struct occ_signing_hand *hand, struct occ_chain *chain)
{
    const struct occ_request *const request = signing->request;
    occ_chain_scratch_prepare(&hand->scratch);
    occ_commit_put_success(signing->writer, request->opaque, signing->position, chain->id);
    for (uint32_t i = 0; i < request->count; i++) {
        struct occ_chain_input input = occ_request_input(request, i);
        input.nonce = occ_nonces_next(signing->nonces);
        input.now_ms = signing->now_ms;
        input.check = occ_chain_is_checked(chain);
        OCC_TRY(sign_one(signing, hand, &input, chain));
    }
    return occ_buf_check(signing->writer->buf);
}
