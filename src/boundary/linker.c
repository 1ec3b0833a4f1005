/* linker.c — see linker.h. What is found out about each chain is staged; nothing of the epoch changes before all of it is good. */
#include "boundary/linker.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/decimal.h"
#include "codec/json.h"
#include "proof/body.h"
#include "proof/write.h"
#include "wire/link.h"

enum { WHERE_SIZE = OCC_LIMIT_CHAIN_ID_LEN + 32 };

/* One chain of the frame. */
struct staged {
    struct occ_chain *chain;
    uint64_t counter; /* of the proof before */
    struct occ_batch_link link;
};

struct staging {
    struct occ_batch *batch;
    size_t count;
    struct staged list[OCC_LIMIT_CHAINS];
};

static void
staging_cleanup(struct staging *staging)
{
    for (size_t i = 0; i < staging->count; i++) {
        occ_buf_clear(&staging->list[i].link.text);
    }
}

/* ---- one proof ---- */

/* What the proof says about itself fits: it is of this chain and of another epoch, and counts so that this one can go on. */
static OCC_RESULT
check_claims(const struct occ_batch *batch, const struct occ_chain *chain, const struct occ_proof *proof,
             struct occ_error *err)
{
    const struct occ_epoch *const epoch = &batch->epoch;
    if (!occ_bytes_equal(proof->chain_id, chain->id)) {
        return occ_error_set(err, OCC_ERR_LINK, "commit.chainId: the proof is of another chain");
    }
    if (proof->epoch_id.len == 0 || proof->epoch_id.len > OCC_LIMIT_EPOCH_ID_LEN) {
        return occ_error_set(err, OCC_ERR_LINK, "commit.epochId: %zu bytes, expected 1 to %d", proof->epoch_id.len,
                             OCC_LIMIT_EPOCH_ID_LEN);
    }
    if (occ_bytes_is(proof->epoch_id, epoch->id)) {
        return occ_error_set(err, OCC_ERR_LINK, "commit.epochId: the proof is of this very epoch");
    }
    const bool keeps_key = strcmp(epoch->attester.enforcement, "hw-key") == 0;
    if (!keeps_key && memcmp(proof->public_key, epoch->signer.public_key, sizeof proof->public_key) == 0) {
        return occ_error_set(err, OCC_ERR_LINK,
                             "signer.publicKeyB64: this epoch's own key, which only tier hw-key keeps");
    }
    return occ_success();
}

static OCC_RESULT
read_counter(const struct occ_proof *proof, struct occ_error *err, uint64_t *ret_counter)
{
    uint64_t counter = 0;
    if (proof->counter.len == 0 || !occ_is_ok(occ_decimal_to_u64(proof->counter, &counter)) || counter == UINT64_MAX) {
        return occ_error_set(err, OCC_ERR_LINK, "commit.counter: missing, or so large that none can follow");
    }
    *ret_counter = counter;
    return occ_success();
}

static OCC_RESULT
write_link(const struct occ_batch *batch, const struct occ_proof *proof, struct occ_batch_link *link)
{
    OCC_TRY(occ_body_link_hash(proof, false, link->hash));
    const struct occ_write_link fields = {
        .prev_counter = proof->counter,
        .prev_enforcement = occ_bytes_str(occ_proof_enforcement_name(proof->enforcement)),
        .prev_epoch_id = proof->epoch_id,
        .prev_measurement = proof->measurement,
        .prev_public_key_b64 = proof->public_key_b64,
        .prev_hash = link->hash,
        .to_epoch_id = occ_bytes_str(batch->epoch.id),
        .to_public_key = batch->epoch.signer.public_key,
    };
    occ_write_epoch_link(&link->text, &fields);
    return occ_buf_check(&link->text);
}

/* Verifies the proof and says in staged what to go on from. */
static OCC_RESULT
read_proof(const struct occ_batch *batch, struct occ_bytes text, struct occ_error *err, struct staged *staged)
{
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
    struct occ_proof proof;
    OCC_TRY(occ_json_parse(text, OCC_LIMIT_JSON_DEPTH, err, &root));
    OCC_TRY(occ_proof_read(root, err, &proof));
    OCC_TRY(check_claims(batch, staged->chain, &proof, err));
    OCC_TRY(read_counter(&proof, err, &staged->counter));
    OCC_TRY(batch->check_predecessor(batch->ctx, root, err));
    return write_link(batch, &proof, &staged->link);
}

/* ---- one chain ---- */

/* A chain that has given something out is linked already or never: what it gave out counts from there. */
static OCC_RESULT
check_state(const struct occ_batch *batch, const struct staged *staged, struct occ_error *err)
{
    const struct occ_chain *const chain = staged->chain;
    const struct occ_batch_link *const link = &batch->links[chain - batch->chains];
    const bool is_same = chain->epoch_link.len > 0 && memcmp(link->hash, staged->link.hash, sizeof link->hash) == 0;
    if (chain->head_counter > 0) {
        return occ_error_set(err, OCC_ERR_LINK, "the chain has proofs of this epoch already, up to counter %" PRIu64,
                             chain->head_counter);
    }
    if (chain->given && !is_same) {
        return occ_error_set(err, OCC_ERR_LINK, "the chain has given out slots of this epoch already");
    }
    return occ_success();
}

static OCC_RESULT
stage(struct staging *staging, const struct occ_link_entry *entry, struct occ_error *err)
{
    struct staged *const staged = &staging->list[staging->count];
    *staged = (struct staged){ .link.text = OCC_BUF_INIT(OCC_CHAIN_LINK_LEN_MAX) };
    staging->count++;
    OCC_TRY(occ_batch_find_chain(staging->batch, entry->chain_id, &staged->chain));
    for (size_t i = 0; i + 1 < staging->count; i++) {
        if (staging->list[i].chain == staged->chain) {
            return occ_error_set(err, OCC_ERR_LINK, "given twice");
        }
    }
    OCC_TRY(read_proof(staging->batch, entry->proof, err, staged));
    return check_state(staging->batch, staged, err);
}

/* The refusal, with the chain in front; what is wrong with a proof is one code, and memory is not the proof's fault. */
static OCC_RESULT
refuse(const struct occ_link_entry *entry, enum occ_err code, const struct occ_error *why, struct occ_error *err)
{
    char where[WHERE_SIZE] = "the default chain";
    if (entry->chain_id.len > 0) {
        snprintf(where, sizeof where, "chain \"%.*s\"", OCC_BYTES_ARG(entry->chain_id));
    }
    const bool is_ours = code == OCC_ERR_NOMEM || code == OCC_ERR_CHAIN_UNKNOWN;
    return occ_error_set(err, is_ours ? code : OCC_ERR_LINK, "%s: %s", where,
                         why->code == OCC_OK ? occ_result_text(code) : why->text);
}

/* ---- the frame ---- */

static void
apply(struct staging *staging)
{
    for (size_t i = 0; i < staging->count; i++) {
        struct staged *const staged = &staging->list[i];
        struct occ_batch_link *const link = &staging->batch->links[staged->chain - staging->batch->chains];
        if (staged->chain->given) { /* linked to this very proof before: its counter has moved on since */
            continue;
        }
        memcpy(link->hash, staged->link.hash, sizeof link->hash);
        occ_buf_move(&staged->link.text, &link->text);
        staged->chain->epoch_link = occ_buf_view(&link->text);
        staged->chain->counter = staged->counter;
        occ_batch_mark(staging->batch, staged->chain);
    }
}

static OCC_RESULT
link_all(struct occ_batch *batch, struct occ_reader *in, uint16_t chains, struct occ_error *err)
{
    if (batch->halted) {
        return occ_error_set(err, OCC_ERR_INTEGRITY, OCC_BATCH_HALTED_TEXT);
    }
    __attribute__((cleanup(staging_cleanup))) struct staging staging = { .batch = batch };
    for (uint16_t i = 0; i < chains; i++) {
        struct occ_link_entry entry;
        struct occ_error why = { .code = OCC_OK };
        OCC_TRY(occ_link_next(in, &entry));
        const struct occ_result staged = stage(&staging, &entry, &why);
        if (!occ_is_ok(staged)) {
            return refuse(&entry, staged.code, &why, err);
        }
    }
    apply(&staging);
    return occ_success();
}

struct occ_result
occ_linker_handle(struct occ_batch *batch, const struct occ_frame *frame, struct occ_error *err, struct occ_buf *out)
{
    struct occ_reader in;
    uint16_t chains = 0;
    if (frame->id == 0) {
        return occ_error_set(err, OCC_ERR_WIRE_MESSAGE, "a LINK with id 0, which no answer can name");
    }
    if (!occ_is_ok(occ_link_read(frame->payload, &in, &chains))) {
        return occ_error_set(err, OCC_ERR_WIRE_MESSAGE, "a malformed LINK");
    }
    struct occ_error refusal = { .code = OCC_OK };
    const struct occ_result linked = link_all(batch, &in, chains, &refusal);
    occ_link_put_answer(out, frame->id, linked.code, occ_bytes_str(refusal.text));
    return occ_success();
}
