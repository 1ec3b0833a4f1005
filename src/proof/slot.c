/* slot.c — see slot.h. */
#include "proof/slot.h"

#include "base/base64.h"
#include "base/decimal.h"
#include "base/limits.h"
#include "codec/canonical.h"
#include "proof/fields.h"

bool
occ_slot_is_claimed(const struct occ_proof *proof)
{
    return proof->slot_allocation != NULL || occ_json_get(proof->commit, "slotCounter") != NULL ||
           occ_json_get(proof->commit, "slotHashB64") != NULL;
}

/* ---- the slot's body (PROTOCOL §6) ---- */

/* What is left out of the canonical slot: its signature, what nobody here knows, and chainId where it was hashed so. */
static bool
is_outside_body(void *ctx, struct occ_bytes name)
{
    static const char *const body[] = { "version", "nonceB64", "counter", "time", "epochId", "publicKeyB64" };
    const bool *with_chain_id = ctx;
    for (size_t i = 0; i < OCC_FIELDS_COUNT(body); i++) {
        if (occ_bytes_is(name, body[i])) {
            return false;
        }
    }
    return !*with_chain_id || !occ_bytes_is(name, "chainId");
}

void
occ_slot_put_body(struct occ_buf *buf, const struct occ_json *slot, bool with_chain_id)
{
    occ_canonical_put_without(buf, slot, is_outside_body, &with_chain_id);
}

/* ---- slot and commit (PROTOCOL §6) ---- */

/* Each names the other, or neither is there. */
static OCC_RESULT
check_bound(const struct occ_proof *proof, struct occ_error *err)
{
    if (proof->slot_allocation == NULL) {
        return occ_error_code(err, OCC_ERR_SLOT_MISSING);
    }
    static const char *const names[] = { "slotCounter", "slotHashB64" };
    for (size_t i = 0; i < OCC_FIELDS_COUNT(names); i++) {
        if (occ_json_get(proof->commit, names[i]) == NULL) {
            return occ_error_set(err, OCC_ERR_SLOT_UNBOUND, "slotAllocation: present, but commit.%s is missing",
                                 names[i]);
        }
    }
    return occ_success();
}

/* Same key, same epoch, same chain. A chain that is not named is the default one, on both sides. */
static OCC_RESULT
check_signer(const struct occ_proof *proof, struct occ_error *err)
{
    const struct occ_json *slot = proof->slot_allocation;
    if (!occ_bytes_equal(occ_fields_text(slot, "publicKeyB64"), proof->public_key_b64)) {
        return occ_error_set(err, OCC_ERR_SLOT_SIGNER,
                             "slotAllocation.publicKeyB64: another key than signer.publicKeyB64");
    }
    if (!occ_bytes_equal(occ_fields_text(slot, "epochId"), proof->epoch_id)) {
        return occ_error_set(err, OCC_ERR_SLOT_SIGNER, "slotAllocation.epochId: another epoch than commit.epochId");
    }
    if (!occ_bytes_equal(occ_fields_text(slot, "chainId"), occ_fields_text(proof->commit, "chainId"))) {
        return occ_error_set(err, OCC_ERR_SLOT_SIGNER, "slotAllocation.chainId: another chain than commit.chainId");
    }
    return occ_success();
}

static OCC_RESULT
check_nonce(const struct occ_proof *proof, struct occ_error *err)
{
    const bool same = occ_bytes_equal(occ_fields_text(proof->slot_allocation, "nonceB64"),
                                      occ_fields_text(proof->commit, "nonceB64"));
    return same ? occ_success() : occ_error_code(err, OCC_ERR_SLOT_NONCE);
}

/* The slot came before the commit that consumed it. */
static OCC_RESULT
check_counter(const struct occ_proof *proof, struct occ_error *err)
{
    const struct occ_bytes counter = occ_fields_text(proof->slot_allocation, "counter");
    const struct occ_bytes named = occ_fields_text(proof->commit, "slotCounter");
    if (!occ_bytes_equal(counter, named)) {
        return occ_error_set(err, OCC_ERR_SLOT_COUNTER, "slotAllocation.counter: %.*s, but commit.slotCounter is %.*s",
                             OCC_BYTES_ARG(counter), OCC_BYTES_ARG(named));
    }
    if (proof->counter.len == 0) {
        return occ_error_set(err, OCC_ERR_SLOT_COUNTER, "commit.counter: missing, though the proof consumed a slot");
    }
    if (occ_decimal_compare(counter, proof->counter) >= 0) {
        return occ_error_set(err, OCC_ERR_SLOT_COUNTER,
                             "slotAllocation.counter: %.*s, expected less than commit.counter %.*s",
                             OCC_BYTES_ARG(counter), OCC_BYTES_ARG(proof->counter));
    }
    return occ_success();
}

/* ---- hash and signature ---- */

static OCC_RESULT
hash_body(const struct occ_json *slot, bool with_chain_id, uint8_t ret_hash[OCC_SHA256_LEN])
{
    OCC_BUF_AUTO(body, OCC_LIMIT_CANONICAL_LEN);
    occ_slot_put_body(&body, slot, with_chain_id);
    OCC_TRY(occ_buf_check(&body));
    occ_digest_sha256(occ_buf_view(&body), ret_hash);
    return occ_success();
}

/* PROTOCOL §6: either hash is accepted. Without chainId the slot still is the one that check_signer compared. */
static OCC_RESULT
check_hash(const struct occ_proof *proof, struct occ_error *err, bool *ret_without_chain_id)
{
    uint8_t named[OCC_SHA256_LEN];
    uint8_t found[OCC_SHA256_LEN];
    size_t len = 0;
    OCC_TRY(occ_base64_decode(occ_fields_text(proof->commit, "slotHashB64"), sizeof named, named, &len));
    OCC_ENSURE(len == sizeof named, OCC_ERR_INTERNAL);
    OCC_TRY(hash_body(proof->slot_allocation, true, found));
    if (memcmp(named, found, sizeof named) == 0) {
        *ret_without_chain_id = false;
        return occ_success();
    }
    if (occ_json_get(proof->slot_allocation, "chainId") == NULL) {
        return occ_error_code(err, OCC_ERR_SLOT_HASH);
    }
    OCC_TRY(hash_body(proof->slot_allocation, false, found));
    if (memcmp(named, found, sizeof named) != 0) {
        return occ_error_code(err, OCC_ERR_SLOT_HASH);
    }
    *ret_without_chain_id = true;
    return occ_success();
}

/* The slot's own key, which check_signer found to be the proof's. */
static OCC_RESULT
check_signature(const struct occ_proof *proof, struct occ_error *err)
{
    uint8_t signature[OCC_ED25519_SIGNATURE_LEN];
    size_t len = 0;
    OCC_TRY(
        occ_base64_decode(occ_fields_text(proof->slot_allocation, "signatureB64"), sizeof signature, signature, &len));
    OCC_ENSURE(len == sizeof signature, OCC_ERR_INTERNAL);
    OCC_BUF_AUTO(body, OCC_LIMIT_CANONICAL_LEN);
    occ_slot_put_body(&body, proof->slot_allocation, true);
    OCC_TRY(occ_buf_check(&body));
    const struct occ_result result = occ_ed25519_verify(proof->public_key, occ_buf_view(&body), signature);
    return occ_is_ok(result) ? result : occ_error_code(err, OCC_ERR_SLOT_SIGNATURE);
}

struct occ_result
occ_slot_verify(const struct occ_proof *proof, struct occ_error *err, struct occ_slot_facts *ret_facts)
{
    struct occ_slot_facts facts = { 0 };
    OCC_TRY(check_bound(proof, err));
    OCC_TRY(check_signer(proof, err));
    OCC_TRY(check_nonce(proof, err));
    OCC_TRY(check_counter(proof, err));
    OCC_TRY(check_hash(proof, err, &facts.hash_without_chain_id));
    OCC_TRY(check_signature(proof, err));
    *ret_facts = facts;
    return occ_success();
}
