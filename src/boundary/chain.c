/* chain.c — a proof or a slot is signed, and the chain moves, in one function each. */
#include "boundary/chain.h"

enum {
    COUNTER_DIGITS_MAX = 20,
    CHECK_INTERVAL = 1024 /* proofs between two signatures that are verified */
};

/* A proof's time is a JSON number, so a double: beyond this, neighbours cannot be told apart (PROTOCOL §1). */
#define TIME_MS_MAX ((UINT64_C(1) << 53) - 1)

/* ---- scratch ---- */

void
occ_chain_scratch_prepare(struct occ_chain_scratch *scratch)
{
    if (scratch->digest == NULL && !occ_is_ok(occ_digest_new(&scratch->digest))) {
        scratch->digest = NULL;
    }
}

void
occ_chain_scratch_clear(struct occ_chain_scratch *scratch)
{
    occ_buf_clear(&scratch->body);
    occ_digest_free(scratch->digest);
    scratch->digest = NULL;
}

/* A stream that has failed once may hold anything: it is not used again. */
static void
hash(struct occ_chain_scratch *scratch, struct occ_bytes text, uint8_t ret_hash[OCC_SHA256_LEN])
{
    if (scratch->digest != NULL) {
        if (occ_is_ok(occ_digest_update(scratch->digest, text)) &&
            occ_is_ok(occ_digest_final(scratch->digest, ret_hash))) {
            return;
        }
        occ_digest_free(scratch->digest);
        scratch->digest = NULL;
    }
    occ_digest_sha256(text, ret_hash);
}

/* ---- signing ---- */

static struct occ_write_fields
fields_of(const struct occ_chain *chain, const struct occ_epoch *epoch, const struct occ_chain_input *input)
{
    const bool is_first = chain->head_counter == 0;
    return (struct occ_write_fields){
        .constants = epoch->constants.text.len == 0 ? NULL : &epoch->constants,
        .public_key = epoch->signer.public_key,
        .epoch_id = occ_bytes_of(epoch->id, sizeof epoch->id - 1),
        .enforcement = occ_bytes_str(epoch->attester.enforcement),
        .measurement = occ_bytes_str(epoch->attester.measurement),
        .attestation_format = occ_bytes_str(epoch->attester.format),
        .chain_id = chain->id,
        .digest = input->digest,
        .nonce = input->slot == NULL ? input->nonce : input->slot->nonce,
        .counter = chain->counter + 1,
        .time_ms = input->now_ms > chain->time_ms ? input->now_ms : chain->time_ms,
        .prev_hash = is_first ? NULL : chain->link_hash,
        .epoch_link = is_first ? chain->epoch_link : occ_bytes_of(NULL, 0),
        .metadata = input->metadata,
        .agency = input->agency,
        .actor = input->actor,
        .attribution = input->attribution,
        .policy = input->policy,
        .principal = input->principal,
    };
}

static struct occ_write_slot
slot_of(const struct occ_chain_slot *slot, const uint8_t hash[OCC_SHA256_LEN])
{
    return (struct occ_write_slot){
        .counter = slot->counter,
        .time_ms = slot->time_ms,
        .nonce = slot->nonce,
        .signature = slot->signature,
        .hash = hash,
    };
}

/* Whether the chain can move at all, with the nonce that is fresh. */
static struct occ_result
check_input(const struct occ_chain *chain, const struct occ_chain_input *input)
{
    OCC_ENSURE(chain->counter < UINT64_MAX && input->now_ms <= TIME_MS_MAX, OCC_ERR_LIMIT);
    const bool is_stuck = input->slot == NULL && memcmp(input->nonce, chain->last_nonce, sizeof chain->last_nonce) == 0;
    OCC_ENSURE(!is_stuck, OCC_ERR_RANDOM);
    return occ_success();
}

static struct occ_result
sign(const struct occ_epoch *epoch, const struct occ_buf *body, bool check,
     uint8_t ret_signature[OCC_ED25519_SIGNATURE_LEN])
{
    OCC_TRY(occ_buf_check(body));
    OCC_TRY(epoch->signer.sign(epoch->signer.ctx, occ_buf_view(body), ret_signature));
    return check || epoch->signer.always_check
               ? occ_ed25519_verify(epoch->signer.public_key, occ_buf_view(body), ret_signature)
               : occ_success();
}

/* PROTOCOL §2.3, §6: counter, time and nonce move together, here and nowhere else. */
static void
move(struct occ_chain *chain, const struct occ_chain_input *input, uint64_t time_ms)
{
    if (input->slot == NULL) {
        memcpy(chain->last_nonce, input->nonce, sizeof chain->last_nonce);
    }
    chain->time_ms = time_ms;
    chain->given = true;
    chain->counter++;
}

struct occ_result
occ_chain_commit(struct occ_chain *chain, const struct occ_epoch *epoch, const struct occ_chain_input *input,
                 struct occ_chain_scratch *scratch, struct occ_buf *out, struct occ_chain_signed *ret_signed)
{
    struct occ_buf *const body = &scratch->body;
    OCC_TRY(check_input(chain, input));
    struct occ_write_fields fields = fields_of(chain, epoch, input);
    struct occ_write_slot slot;
    uint8_t slot_hash[OCC_SHA256_LEN];
    if (input->slot != NULL) {
        slot = slot_of(input->slot, slot_hash);
        occ_buf_reset(body);
        occ_write_slot(body, &fields, &slot, false);
        OCC_TRY(occ_buf_check(body));
        hash(scratch, occ_buf_view(body), slot_hash);
        fields.slot = &slot;
    }
    occ_buf_reset(body);
    fields.common = occ_write_body(body, &fields);
    uint8_t signature[OCC_ED25519_SIGNATURE_LEN];
    OCC_TRY(sign(epoch, body, input->check, signature));
    const size_t begin = out->len;
    occ_write_proof(out, &fields, signature, &ret_signed->opening);
    OCC_TRY(occ_buf_check(out));
    if (epoch->attester.mode == OCC_ATTEST_COMMIT || epoch->attester.mode == OCC_ATTEST_BATCH) {
        hash(scratch, occ_buf_view(body), ret_signed->proof_hash);
    }

    hash(scratch, occ_bytes_of(out->ptr + begin, out->len - begin), chain->link_hash);
    move(chain, input, fields.time_ms);
    chain->head_counter = chain->counter;
    return occ_success();
}

struct occ_result
occ_chain_allocate(struct occ_chain *chain, const struct occ_epoch *epoch, const struct occ_chain_input *input,
                   struct occ_chain_scratch *scratch, struct occ_chain_slot *ret_slot)
{
    struct occ_buf *const body = &scratch->body;
    OCC_TRY(check_input(chain, input));
    const struct occ_write_fields fields = fields_of(chain, epoch, input);
    struct occ_chain_slot slot = { .counter = fields.counter, .time_ms = fields.time_ms };
    memcpy(slot.nonce, input->nonce, sizeof slot.nonce);
    const struct occ_write_slot text = slot_of(&slot, NULL);
    occ_buf_reset(body);
    occ_write_slot(body, &fields, &text, false);
    OCC_TRY(sign(epoch, body, input->check, slot.signature));
    move(chain, input, fields.time_ms);
    *ret_slot = slot;
    return occ_success();
}

void
occ_chain_put_slot(const struct occ_chain *chain, const struct occ_epoch *epoch, const struct occ_chain_slot *slot,
                   struct occ_buf *out)
{
    const struct occ_chain_input input = { .now_ms = 0 };
    const struct occ_write_fields fields = fields_of(chain, epoch, &input);
    const struct occ_write_slot text = slot_of(slot, NULL);
    occ_write_slot(out, &fields, &text, true);
}

bool
occ_chain_is_checked(const struct occ_chain *chain)
{
    return !chain->given || chain->counter % CHECK_INTERVAL == 0;
}

/* ---- lengths ---- */

struct occ_result
occ_chain_measure(struct occ_epoch *epoch, struct occ_buf *scratch)
{
    static const uint8_t zeros[OCC_ED25519_SIGNATURE_LEN];
    const struct occ_chain last = { .counter = UINT64_MAX - 1, .time_ms = TIME_MS_MAX, .head_counter = 1 };
    const struct occ_chain_input input = { .digest = zeros, .nonce = zeros };
    epoch->constants = OCC_WRITE_CONSTANTS_INIT;
    struct occ_write_fields fields = fields_of(&last, epoch, &input);
    OCC_TRY(occ_write_constants_make(&fields, &epoch->constants));
    occ_buf_reset(scratch);
    struct occ_write_opening opening;
    occ_write_proof(scratch, &fields, zeros, &opening); /* its length is what matters: nothing is signed */
    const size_t proof_len = scratch->len;
    const struct occ_write_slot slot = {
        .counter = UINT64_MAX, .time_ms = TIME_MS_MAX, .nonce = zeros, .signature = zeros, .hash = zeros
    };
    fields.slot = &slot;
    occ_write_proof(scratch, &fields, zeros, NULL);
    OCC_TRY(occ_buf_check(scratch));
    epoch->proof_len_max = proof_len;
    epoch->slot_len_max = scratch->len - 2 * proof_len;
    epoch->opening_len = opening.report - opening.batch;
    return occ_success();
}

void
occ_chain_epoch_clear(struct occ_epoch *epoch)
{
    occ_signer_clear(&epoch->signer);
    occ_buf_clear(&epoch->constants.text);
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

/* What a chainId adds wherever it stands. */
static size_t
chain_id_len(const struct occ_chain *chain)
{
    return occ_write_values_len(&(struct occ_write_fields){ .chain_id = chain->id });
}

size_t
occ_chain_proof_len_max(const struct occ_chain *chain, const struct occ_epoch *epoch,
                        const struct occ_chain_input *input, size_t count)
{
    const uint64_t last = chain->counter > UINT64_MAX - count ? UINT64_MAX : chain->counter + count;
    struct occ_write_fields fields = fields_of(chain, epoch, input);
    fields.epoch_link = occ_bytes_of(NULL, 0);
    const size_t slot_len = input->slot == NULL ? 0 : epoch->slot_len_max + chain_id_len(chain);
    return epoch->proof_len_max - COUNTER_DIGITS_MAX + digits_of(last) + occ_write_values_len(&fields) + slot_len;
}

size_t
occ_chain_link_len(const struct occ_chain *chain)
{
    const bool is_first = chain->head_counter == 0;
    return is_first ? occ_write_values_len(&(struct occ_write_fields){ .epoch_link = chain->epoch_link }) : 0;
}
