#include "server/delivery.h"

#include <stdlib.h>

#include "base/base64.h"

struct counts {
    size_t documents, entries, proofs;
};

static struct occ_result
count(struct occ_bytes payload, struct counts *ret_counts)
{
    struct counts counts = { 0 };
    struct occ_commit_results results;
    OCC_TRY(occ_commit_read_results(payload, &results));
    counts.documents = results.document_count;
    for (uint16_t i = 0; i < results.result_count; i++) {
        struct occ_commit_outcome outcome;
        OCC_TRY(occ_commit_next_result(&results, &outcome));
        counts.entries += outcome.code == OCC_OK ? 1 : 0;
        counts.proofs += outcome.code == OCC_OK ? outcome.proof_count : 0;
    }
    *ret_counts = counts;
    return occ_success();
}

/* What the parent noted about the request; nothing if that was another kind of parent. */
static void
take_note(const struct occ_opaque *note, uint8_t hashes[2 * OCC_SHA256_LEN], struct occ_ledger_entry *entry)
{
    entry->received_ms = note->received_ms;
    entry->wants_artifact_token = note->wants_artifact_token;
    entry->wants_proof_token = note->wants_proof_token;
    if (note->has_repeat) {
        memcpy(hashes, note->repeat, OCC_SHA256_LEN);
        memcpy(hashes + OCC_SHA256_LEN, note->body, OCC_SHA256_LEN);
        entry->repeat = occ_bytes_of(hashes, OCC_SHA256_LEN);
        entry->body = occ_bytes_of(hashes + OCC_SHA256_LEN, OCC_SHA256_LEN);
    }
}

static void
fill_entry(struct occ_delivery *delivery, const struct occ_commit_outcome *outcome, uint64_t now_ms,
           struct occ_ledger_proof *proofs)
{
    const size_t index = delivery->job.write.entry_count;
    struct occ_ledger_entry *entry = &delivery->entries[index];
    *entry = (struct occ_ledger_entry){ .position = outcome->position,
                                        .opaque = outcome->opaque,
                                        .chain_id = outcome->chain_id,
                                        .received_ms = now_ms,
                                        .proof_count = outcome->proof_count,
                                        .proofs = proofs };
    struct occ_opaque note;
    if (occ_is_ok(occ_opaque_decode(outcome->opaque, &note))) {
        take_note(&note, delivery->hashes[index], entry);
    }
    struct occ_bytes left = outcome->proofs;
    struct occ_commit_proof proof;
    for (size_t i = 0; i < entry->proof_count && occ_commit_next_proof(&left, &proof); i++) {
        proofs[i] = (struct occ_ledger_proof){ .counter = proof.counter, .text = proof.text };
        if (proof.document != 0) {
            proofs[i].document = delivery->documents[proof.document - 1];
            proofs[i].place = proof.place;
        }
        memcpy(proofs[i].digest, proof.digest, sizeof(proofs[i].digest));
    }
    delivery->job.write.entry_count++;
    delivery->last_position = outcome->position;
}

static struct occ_result
fill(struct occ_delivery *delivery, uint64_t now_ms)
{
    struct occ_commit_results results;
    struct occ_ledger_proof *proofs = delivery->proofs;
    OCC_TRY(occ_commit_read_results(occ_buf_view(&delivery->payload), &results));
    size_t count = 0;
    while (occ_commit_next_document(&results.documents, &delivery->documents[count])) {
        /* It is put into strings of JSON as it is. */
        OCC_ENSURE(occ_is_ok(occ_base64_check(delivery->documents[count], NULL)), OCC_ERR_WIRE_MESSAGE);
        count++;
    }
    for (uint16_t i = 0; i < results.result_count; i++) {
        struct occ_commit_outcome outcome;
        OCC_TRY(occ_commit_next_result(&results, &outcome));
        if (outcome.code == OCC_OK) {
            fill_entry(delivery, &outcome, now_ms, proofs);
            proofs += outcome.proof_count;
        }
    }
    /* Else it could never be written. A frame that is not made to be so has no more than its own bytes. */
    OCC_ENSURE(occ_ledger_write_len(&delivery->job.write) <= OCC_LIMIT_LEDGER_WRITE_LEN, OCC_ERR_WIRE_MESSAGE);
    return occ_success();
}

static void
name_epoch(struct occ_delivery *delivery, const struct occ_boundary_identity *identity)
{
    delivery->identity = *identity;
    delivery->epoch = (struct occ_ledger_epoch){ .epoch_id = occ_bytes_str(delivery->identity.epoch_id),
                                                 .enforcement = occ_bytes_str(delivery->identity.enforcement),
                                                 .measurement = occ_bytes_str(delivery->identity.measurement) };
    memcpy(delivery->epoch.public_key, identity->public_key, sizeof(delivery->epoch.public_key));
    delivery->job.write.epoch = &delivery->epoch;
    delivery->job.write.entries = delivery->entries;
}

struct occ_result
occ_delivery_new(struct occ_bytes payload, const struct occ_boundary_identity *identity, uint64_t now_ms,
                 struct occ_delivery **ret_delivery)
{
    struct counts counts;
    OCC_TRY(count(payload, &counts));
    struct occ_delivery *delivery = calloc(1, sizeof(*delivery));
    OCC_ENSURE(delivery != NULL, OCC_ERR_NOMEM);
    delivery->payload = OCC_BUF_INIT(OCC_LIMIT_FRAME_LEN);
    occ_buf_put(&delivery->payload, payload);
    delivery->documents = calloc(counts.documents + 1, sizeof(*delivery->documents));
    delivery->entries = calloc(counts.entries + 1, sizeof(*delivery->entries));
    delivery->proofs = calloc(counts.proofs + 1, sizeof(*delivery->proofs));
    delivery->hashes = calloc(counts.entries + 1, sizeof(*delivery->hashes));
    struct occ_result filled = occ_buf_check(&delivery->payload);
    if (delivery->documents == NULL || delivery->entries == NULL || delivery->proofs == NULL ||
        delivery->hashes == NULL) {
        filled = occ_result_of(OCC_ERR_NOMEM);
    }
    if (occ_is_ok(filled)) {
        name_epoch(delivery, identity);
        filled = fill(delivery, now_ms);
    }
    if (!occ_is_ok(filled)) {
        occ_delivery_free(delivery);
        return filled;
    }
    *ret_delivery = delivery;
    return occ_success();
}

void
occ_delivery_free(struct occ_delivery *delivery)
{
    if (delivery == NULL) {
        return;
    }
    occ_buf_clear(&delivery->payload);
    free(delivery->documents);
    free(delivery->entries);
    free(delivery->proofs);
    free(delivery->hashes);
    free(delivery);
}
