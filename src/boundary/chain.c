/* chain.c — a proof is signed, and the chain moves, in one function. */
#include "boundary/chain.h"

#include "proof/write.h"

enum { COUNTER_DIGITS_MAX = 20 };

/* A proof's time is a JSON number, so a double: beyond this, neighbours cannot be told apart (PROTOCOL §1). */
#define TIME_MS_MAX ((UINT64_C(1) << 53) - 1)

static struct occ_write_fields
fields_of(const struct occ_chain *chain, const struct occ_epoch *epoch, const struct occ_chain_input *input)
{
    return (struct occ_write_fields){
        .public_key = epoch->signer.public_key,
        .epoch_id = occ_bytes_of(epoch->id, sizeof epoch->id - 1),
        .enforcement = occ_bytes_str(epoch->attester.enforcement),
        .measurement = occ_bytes_str(epoch->attester.measurement),
        .digest = input->digest,
        .nonce = input->nonce,
        .counter = chain->counter + 1,
        .time_ms = input->now_ms > chain->time_ms ? input->now_ms : chain->time_ms,
        .prev_hash = chain->counter == 0 ? NULL : chain->link_hash,
        .metadata = input->metadata,
    };
}

struct occ_result
occ_chain_commit(struct occ_chain *chain, const struct occ_epoch *epoch, const struct occ_chain_input *input,
                 struct occ_buf *body, struct occ_buf *out)
{
    OCC_ENSURE(chain->counter < UINT64_MAX && input->now_ms <= TIME_MS_MAX, OCC_ERR_LIMIT);
    OCC_ENSURE(memcmp(input->nonce, chain->last_nonce, sizeof chain->last_nonce) != 0, OCC_ERR_RANDOM);
    const struct occ_write_fields fields = fields_of(chain, epoch, input);
    occ_buf_reset(body);
    occ_write_body(body, &fields);
    OCC_TRY(occ_buf_check(body));

    uint8_t signature[OCC_ED25519_SIGNATURE_LEN];
    OCC_TRY(epoch->signer.sign(epoch->signer.ctx, occ_buf_view(body), signature));
    if (input->check) {
        OCC_TRY(occ_ed25519_verify(epoch->signer.public_key, occ_buf_view(body), signature));
    }
    const size_t begin = out->len;
    occ_write_proof(out, &fields, signature);
    OCC_TRY(occ_buf_check(out));

    /* PROTOCOL §2.3: counter and link move together, here and nowhere else. */
    occ_digest_sha256(occ_bytes_of(out->ptr + begin, out->len - begin), chain->link_hash);
    memcpy(chain->last_nonce, input->nonce, sizeof chain->last_nonce);
    chain->time_ms = fields.time_ms;
    chain->counter++;
    return occ_success();
}

struct occ_result
occ_chain_measure(struct occ_epoch *epoch, struct occ_buf *scratch)
{
    static const uint8_t zeros[OCC_ED25519_SIGNATURE_LEN];
    const struct occ_chain last = { .counter = UINT64_MAX - 1, .time_ms = TIME_MS_MAX };
    const struct occ_chain_input input = { .digest = zeros, .nonce = zeros, .metadata = occ_bytes_str("{}") };
    const struct occ_write_fields fields = fields_of(&last, epoch, &input);
    occ_buf_reset(scratch);
    occ_write_proof(scratch, &fields, zeros); /* its length is what matters: nothing is signed */
    OCC_TRY(occ_buf_check(scratch));
    epoch->proof_len_max = scratch->len;
    return occ_success();
}

static size_t
digits_of(uint64_t number)
{
    size_t digits = 1;
    for (; number >= 10; number /= 10) {
        digits++;
    }
    return digits;
}

size_t
occ_chain_proofs_len_max(const struct occ_chain *chain, const struct occ_epoch *epoch, size_t count, size_t values_len)
{
    const uint64_t last = chain->counter > UINT64_MAX - count ? UINT64_MAX : chain->counter + count;
    return count * (epoch->proof_len_max - COUNTER_DIGITS_MAX + digits_of(last)) + values_len;
}
