/* import.c — see import.h. */
#include "cli/import.h"

#include <stdlib.h>

#include "base/calendar.h"
#include "base/decimal.h"
#include "codec/canonical.h"
#include "proof/proof.h"

enum { GATHERED = OCC_LIMIT_LEDGER_WRITE_ENTRIES, GATHERED_LEN = 8 << 20, EPOCH_ID_LEN_MAX = 128 };

/* A part of the gathered bytes. */
struct span {
    size_t at, len;
};

struct item {
    uint64_t counter, time_ms, position;
    uint8_t digest[OCC_SHA256_LEN];
    struct span chain, text, artifact, proof; /* len 0 = none */
};

struct epoch {
    uint8_t id[EPOCH_ID_LEN_MAX];
    size_t id_len;
    uint8_t public_key[OCC_ED25519_PUBLIC_LEN];
    enum occ_enforcement enforcement;
    uint8_t measurement[OCC_LIMIT_PEER_MEASUREMENT_LEN];
    size_t measurement_len;
    uint64_t positions; /* given out */
};

struct chain {
    size_t epoch;
    uint8_t id[OCC_LIMIT_CHAIN_ID_LEN];
    size_t id_len;
    uint64_t last; /* counter */
};

struct occ_import {
    struct occ_ledger *ledger;
    struct epoch *epochs;
    size_t epoch_count;
    struct chain *chains;
    size_t chain_count, last_chain;
    /* gathered, all of one epoch */
    size_t epoch;
    struct item items[GATHERED];
    size_t item_count;
    struct occ_buf bytes;
    struct occ_buf whole, joined; /* for reuse */
    /* as the ledger wants it */
    struct occ_ledger_proof proofs[GATHERED];
    struct occ_ledger_entry entries[GATHERED];
    struct occ_ledger_token tokens[2 * GATHERED];
};

struct occ_result
occ_import_new(struct occ_ledger *ledger, struct occ_import **ret_import)
{
    struct occ_import *import = calloc(1, sizeof *import);
    OCC_ENSURE(import != NULL, OCC_ERR_NOMEM);
    import->ledger = ledger;
    import->bytes = OCC_BUF_INIT(GATHERED_LEN + 2 * (size_t)OCC_LIMIT_CANONICAL_LEN);
    import->whole = OCC_BUF_INIT(OCC_LIMIT_CANONICAL_LEN);
    import->joined = OCC_BUF_INIT(OCC_LIMIT_CANONICAL_LEN);
    *ret_import = import;
    return occ_success();
}

void
occ_import_free(struct occ_import *import)
{
    if (import == NULL) {
        return;
    }
    occ_buf_clear(&import->bytes);
    occ_buf_clear(&import->whole);
    occ_buf_clear(&import->joined);
    free(import->epochs);
    free(import->chains);
    free(import);
}

/* ---- writing ---- */

static struct occ_bytes
view(const struct occ_import *import, struct span span)
{
    return occ_bytes_of(import->bytes.ptr + span.at, span.len);
}

static struct occ_bytes
epoch_id(const struct epoch *epoch)
{
    return occ_bytes_of(epoch->id, epoch->id_len);
}

static size_t
put_tokens(struct occ_import *import, const struct item *item, size_t count)
{
    const struct span spans[2] = { item->artifact, item->proof };
    static const enum occ_ledger_token_kind kinds[] = { OCC_LEDGER_TOKEN_ARTIFACT, OCC_LEDGER_TOKEN_PROOF };
    for (size_t i = 0; i < 2; i++) {
        if (spans[i].len > 0) {
            import->tokens[count] = (struct occ_ledger_token){ .epoch_id = epoch_id(&import->epochs[import->epoch]),
                                                               .chain_id = view(import, item->chain),
                                                               .counter = item->counter,
                                                               .kind = kinds[i],
                                                               .text = view(import, spans[i]) };
            count++;
        }
    }
    return count;
}

struct occ_result
occ_import_finish(struct occ_import *import, struct occ_error *err)
{
    if (import->item_count == 0) {
        occ_buf_reset(&import->bytes);
        return occ_success();
    }
    const struct epoch *epoch = &import->epochs[import->epoch];
    struct occ_ledger_epoch who = { .epoch_id = epoch_id(epoch),
                                    .enforcement = occ_bytes_str(occ_proof_enforcement_name(epoch->enforcement)),
                                    .measurement = occ_bytes_of(epoch->measurement, epoch->measurement_len) };
    struct occ_ledger_write write = { .epoch = &who, .entries = import->entries, .tokens = import->tokens };
    memcpy(who.public_key, epoch->public_key, sizeof who.public_key);
    for (size_t i = 0; i < import->item_count; i++) {
        const struct item *item = &import->items[i];
        import->proofs[i] = (struct occ_ledger_proof){ .counter = item->counter, .text = view(import, item->text) };
        memcpy(import->proofs[i].digest, item->digest, sizeof item->digest);
        import->entries[i] = (struct occ_ledger_entry){ .position = item->position,
                                                        .chain_id = view(import, item->chain),
                                                        .received_ms = item->time_ms,
                                                        .proof_count = 1,
                                                        .proofs = &import->proofs[i] };
        write.token_count = put_tokens(import, item, write.token_count);
    }
    write.entry_count = import->item_count;
    import->item_count = 0;
    const struct occ_result written = occ_ledger_write(import->ledger, &write, err);
    occ_buf_reset(&import->bytes);
    return written;
}

/* ---- epochs and chains ---- */

static bool
is_epoch_of(const struct epoch *epoch, const struct occ_proof *proof)
{
    return memcmp(epoch->public_key, proof->public_key, sizeof epoch->public_key) == 0 &&
           epoch->enforcement == proof->enforcement &&
           occ_bytes_equal(occ_bytes_of(epoch->measurement, epoch->measurement_len), proof->measurement);
}

static OCC_RESULT
add_epoch(struct occ_import *import, const struct occ_proof *proof)
{
    struct epoch *epochs = reallocarray(import->epochs, import->epoch_count + 1, sizeof epochs[0]);
    OCC_ENSURE(epochs != NULL, OCC_ERR_NOMEM);
    import->epochs = epochs;
    struct epoch *epoch = &epochs[import->epoch_count];
    *epoch = (struct epoch){ .id_len = proof->epoch_id.len,
                             .enforcement = proof->enforcement,
                             .measurement_len = proof->measurement.len };
    memcpy(epoch->id, proof->epoch_id.ptr, epoch->id_len);
    memcpy(epoch->public_key, proof->public_key, sizeof epoch->public_key);
    memcpy(epoch->measurement, proof->measurement.ptr, epoch->measurement_len);
    import->epoch_count++;
    return occ_success();
}

/* The index of the proof's epoch, or epoch_count. Most proofs are of the epoch of the one before. */
static size_t
look_up_epoch(const struct occ_import *import, struct occ_bytes id)
{
    if (import->epoch < import->epoch_count && occ_bytes_equal(epoch_id(&import->epochs[import->epoch]), id)) {
        return import->epoch;
    }
    size_t i = 0;
    while (i < import->epoch_count && !occ_bytes_equal(epoch_id(&import->epochs[i]), id)) {
        i++;
    }
    return i;
}

static OCC_RESULT
find_epoch(struct occ_import *import, const struct occ_proof *proof, struct occ_error *err, size_t *ret_index)
{
    const size_t i = look_up_epoch(import, proof->epoch_id);
    if (i == import->epoch_count) {
        OCC_TRY(add_epoch(import, proof));
    } else if (!is_epoch_of(&import->epochs[i], proof)) {
        return occ_error_set(err, OCC_ERR_PROOF_STRUCTURE,
                             "another key, enforcement or measurement than the proofs of its epoch before it");
    }
    *ret_index = i;
    return occ_success();
}

static bool
is_chain(const struct chain *chain, size_t epoch, struct occ_bytes id)
{
    return chain->epoch == epoch && occ_bytes_equal(occ_bytes_of(chain->id, chain->id_len), id);
}

static OCC_RESULT
find_chain(struct occ_import *import, size_t epoch, struct occ_bytes id, struct chain **ret_chain)
{
    size_t i = import->last_chain;
    if (i >= import->chain_count || !is_chain(&import->chains[i], epoch, id)) {
        for (i = 0; i < import->chain_count && !is_chain(&import->chains[i], epoch, id); i++) {
        }
    }
    if (i == import->chain_count) {
        struct chain *chains = reallocarray(import->chains, i + 1, sizeof chains[0]);
        OCC_ENSURE(chains != NULL, OCC_ERR_NOMEM);
        import->chains = chains;
        chains[i] = (struct chain){ .epoch = epoch, .id_len = id.len };
        if (id.len > 0) {
            memcpy(chains[i].id, id.ptr, id.len);
        }
        import->chain_count++;
    }
    import->last_chain = i;
    *ret_chain = &import->chains[i];
    return occ_success();
}

/* PROTOCOL §2.3 */
static OCC_RESULT
take_counter(struct occ_import *import, size_t epoch, struct occ_bytes id, uint64_t counter, struct occ_error *err)
{
    struct chain *chain = NULL;
    OCC_TRY(find_chain(import, epoch, id, &chain));
    if (counter <= chain->last) {
        return occ_error_set(err, OCC_ERR_PROOF_STRUCTURE,
                             "counter %llu after counter %llu of its chain, expected rising counters",
                             (unsigned long long)counter, (unsigned long long)chain->last);
    }
    chain->last = counter;
    return occ_success();
}

/* ---- one proof ---- */

static bool
is_timestamps(void *ctx, struct occ_bytes name)
{
    (void)ctx;
    return occ_bytes_is(name, "timestamps");
}

static struct span
put_value(struct occ_import *import, const struct occ_json *value)
{
    const size_t at = import->bytes.len;
    if (value != NULL) {
        occ_canonical_put(&import->bytes, value);
    }
    return (struct span){ at, import->bytes.len - at };
}

/* The boundary's bytes and the tokens; they must come together to the whole again. */
static OCC_RESULT
split_proof(struct occ_import *import, const struct occ_proof *proof, struct occ_error *err, struct item *item)
{
    const size_t at = import->bytes.len;
    occ_canonical_put_without(&import->bytes, proof->root, is_timestamps, NULL);
    item->text = (struct span){ at, import->bytes.len - at };
    item->artifact = put_value(import, occ_json_get(proof->timestamps, "artifact"));
    item->proof = put_value(import, occ_json_get(proof->timestamps, "proof"));
    item->chain = (struct span){ import->bytes.len, proof->chain_id.len };
    occ_buf_put(&import->bytes, proof->chain_id);
    occ_buf_reset(&import->whole);
    occ_buf_reset(&import->joined);
    OCC_TRY(occ_buf_check(&import->bytes));
    if (item->text.len > OCC_LIMIT_PROOF_LEN) {
        return occ_error_set(err, OCC_ERR_PROOF_STRUCTURE, "%zu bytes of canonical text, a ledger keeps at most %u",
                             item->text.len, OCC_LIMIT_PROOF_LEN);
    }
    const struct occ_ledger_found found = { .text = view(import, item->text),
                                            .artifact_token = view(import, item->artifact),
                                            .proof_token = view(import, item->proof) };
    occ_canonical_put(&import->whole, proof->root);
    occ_ledger_put_joined(&import->joined, &found);
    OCC_TRY(occ_buf_check(&import->whole));
    OCC_TRY(occ_buf_check(&import->joined));
    if (!occ_bytes_equal(occ_buf_view(&import->whole), occ_buf_view(&import->joined))) {
        return occ_error_set(err, OCC_ERR_PROOF_STRUCTURE,
                             "timestamps: a ledger could not give them back as they are here");
    }
    return occ_success();
}

static OCC_RESULT
check_names(const struct occ_proof *proof, struct occ_error *err, uint64_t *ret_counter)
{
    if (proof->epoch_id.len == 0 || proof->epoch_id.len > EPOCH_ID_LEN_MAX) {
        return occ_error_set(err, OCC_ERR_PROOF_STRUCTURE, "commit.epochId: %zu bytes, expected 1 to %d",
                             proof->epoch_id.len, EPOCH_ID_LEN_MAX);
    }
    if (proof->chain_id.len > OCC_LIMIT_CHAIN_ID_LEN) {
        return occ_error_set(err, OCC_ERR_PROOF_STRUCTURE, "commit.chainId: %zu bytes, expected at most %d",
                             proof->chain_id.len, OCC_LIMIT_CHAIN_ID_LEN);
    }
    uint64_t counter = 0;
    if (!occ_is_ok(occ_decimal_to_u64(proof->counter, &counter)) || counter == 0 || counter > INT64_MAX) {
        return occ_error_set(err, OCC_ERR_PROOF_STRUCTURE, "commit.counter: expected one from 1 to %lld",
                             (long long)INT64_MAX);
    }
    *ret_counter = counter;
    return occ_success();
}

static bool
is_full(const struct occ_import *import)
{
    return import->item_count == GATHERED || import->bytes.len >= GATHERED_LEN;
}

static OCC_RESULT
put_proof(struct occ_import *import, const struct occ_proof *proof, struct occ_error *err)
{
    struct item item = { .counter = 0 };
    size_t epoch = 0;
    OCC_TRY(check_names(proof, err, &item.counter));
    OCC_TRY(find_epoch(import, proof, err, &epoch));
    if (is_full(import) || (import->item_count > 0 && import->epoch != epoch)) {
        OCC_TRY(occ_import_finish(import, err));
    }
    OCC_TRY(split_proof(import, proof, err, &item));
    OCC_TRY(take_counter(import, epoch, proof->chain_id, item.counter, err));
    item.time_ms = proof->has_time && proof->time_ms <= (double)OCC_CALENDAR_MAX_MS ? (uint64_t)proof->time_ms : 0;
    import->epochs[epoch].positions++;
    item.position = import->epochs[epoch].positions;
    memcpy(item.digest, proof->digest, sizeof item.digest);
    import->epoch = epoch;
    import->items[import->item_count] = item;
    import->item_count++;
    return occ_success();
}

struct occ_result
occ_import_put(struct occ_import *import, struct occ_bytes text, struct occ_error *err)
{
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
    struct occ_proof proof = { .root = NULL };
    OCC_TRY(occ_json_parse(text, OCC_LIMIT_JSON_DEPTH, err, &root));
    OCC_TRY(occ_proof_read(root, err, &proof));
    return put_proof(import, &proof, err);
}
