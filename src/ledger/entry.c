/* entry.c — see entry.h. */
#include "ledger/entry.h"

#include <inttypes.h>

#include "ledger/document.h"
#include "ledger/queries.h"
#include "ledger/sum.h"

/* ---- form ---- */

static OCC_RESULT
check_proofs(const struct occ_ledger_entry *entry, struct occ_error *err)
{
    for (size_t i = 0; i < entry->proof_count; i++) {
        const struct occ_ledger_proof *const proof = &entry->proofs[i];
        if (proof->counter == 0 || proof->counter > INT64_MAX) {
            return occ_error_set(err, OCC_ERR_FIELD_VALUE, "position %" PRIu64 ": counter %" PRIu64 " is out of range",
                                 entry->position, proof->counter);
        }
        const size_t len = proof->text.len + proof->document.len;
        if (proof->text.len == 0 || len > OCC_LIMIT_PROOF_LEN) {
            return occ_error_set(err, OCC_ERR_LIMIT, "position %" PRIu64 ": a proof of %zu bytes, at most %u are taken",
                                 entry->position, len, OCC_LIMIT_PROOF_LEN);
        }
        if (proof->document.len > OCC_LIMIT_LEDGER_DOCUMENT_LEN || proof->place > proof->text.len) {
            return occ_error_set(err, OCC_ERR_LIMIT,
                                 "position %" PRIu64 ": a document of %zu bytes at %zu, at most %d are taken, and "
                                 "within the text",
                                 entry->position, proof->document.len, proof->place, OCC_LIMIT_LEDGER_DOCUMENT_LEN);
        }
    }
    return occ_success();
}

static OCC_RESULT
check_entry(const struct occ_ledger_entry *entry, struct occ_error *err)
{
    if (entry->position == 0 || entry->position > INT64_MAX || entry->received_ms > INT64_MAX) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "position %" PRIu64 " or its time is out of range",
                             entry->position);
    }
    if (entry->proof_count == 0 || entry->proof_count > UINT32_MAX || entry->opaque.len > OCC_LIMIT_OPAQUE_LEN ||
        entry->chain_id.len > OCC_LIMIT_CHAIN_ID_LEN || (entry->repeat.len != 0 && entry->repeat.len != 32) ||
        entry->body.len != entry->repeat.len) {
        return occ_error_set(err, OCC_ERR_LIMIT,
                             "position %" PRIu64 ": a part of the entry has a length that is not taken",
                             entry->position);
    }
    return check_proofs(entry, err);
}

size_t
occ_ledger_write_len(const struct occ_ledger_write *write)
{
    size_t len = 0;
    const uint8_t *document = NULL;
    for (size_t i = 0; i < write->entry_count; i++) {
        const struct occ_ledger_entry *const entry = &write->entries[i];
        for (size_t k = 0; k < entry->proof_count; k++) {
            const struct occ_ledger_proof *const proof = &entry->proofs[k];
            len += proof->text.len + (proof->document.ptr == document ? 0 : proof->document.len);
            document = proof->document.len == 0 ? document : proof->document.ptr;
        }
    }
    for (size_t i = 0; i < write->token_count; i++) {
        len += write->tokens[i].text.len;
    }
    return len;
}

struct occ_result
occ_entry_check_write(const struct occ_ledger_write *write, struct occ_error *err)
{
    if (write->entry_count > OCC_LIMIT_LEDGER_WRITE_ENTRIES || write->token_count > OCC_LIMIT_LEDGER_WRITE_TOKENS) {
        return occ_error_set(err, OCC_ERR_LIMIT, "%zu entries and %zu tokens, at most %d and %d are written at once",
                             write->entry_count, write->token_count, OCC_LIMIT_LEDGER_WRITE_ENTRIES,
                             OCC_LIMIT_LEDGER_WRITE_TOKENS);
    }
    if (write->entry_count > 0 && (write->epoch == NULL || write->epoch->epoch_id.len == 0 ||
                                   write->epoch->epoch_id.len > OCC_LIMIT_LEDGER_EPOCH_ID_LEN ||
                                   write->epoch->enforcement.len > OCC_LIMIT_PEER_MEASUREMENT_LEN ||
                                   write->epoch->measurement.len > OCC_LIMIT_PEER_MEASUREMENT_LEN)) {
        return occ_error_set(err, OCC_ERR_LIMIT, "an epochId of 1 to %d bytes is expected, and others of at most %d",
                             OCC_LIMIT_LEDGER_EPOCH_ID_LEN, OCC_LIMIT_PEER_MEASUREMENT_LEN);
    }
    for (size_t i = 0; i < write->entry_count; i++) {
        OCC_TRY(check_entry(&write->entries[i], err));
    }
    for (size_t i = 0; i < write->token_count; i++) {
        const struct occ_ledger_token *const token = &write->tokens[i];
        if (token->text.len > OCC_LIMIT_LEDGER_TOKEN_LEN || token->counter > INT64_MAX ||
            (token->kind != OCC_LEDGER_TOKEN_ARTIFACT && token->kind != OCC_LEDGER_TOKEN_PROOF)) {
            return occ_error_set(err, OCC_ERR_LIMIT, "tokens[%zu]: %zu bytes, at most %u are taken", i, token->text.len,
                                 OCC_LIMIT_LEDGER_TOKEN_LEN);
        }
    }
    const size_t len = occ_ledger_write_len(write);
    if (len > OCC_LIMIT_LEDGER_WRITE_LEN) {
        return occ_error_set(err, OCC_ERR_LIMIT, "%zu bytes, at most %u are written at once", len,
                             OCC_LIMIT_LEDGER_WRITE_LEN);
    }
    return occ_success();
}

/* ---- epoch and chain ---- */

static void
set_name(struct occ_heads_name *name, struct occ_bytes bytes)
{
    name->len = (uint8_t)bytes.len;
    memcpy(name->bytes, bytes.ptr == NULL ? (const uint8_t *)"" : bytes.ptr, bytes.len);
}

static bool
is_name(const struct occ_heads_name *name, struct occ_bytes bytes)
{
    return occ_bytes_equal(occ_bytes_of(name->bytes, name->len), bytes);
}

/* What an epoch is besides its id, in short. */
static uint64_t
sum_of_epoch(struct occ_bytes public_key, struct occ_bytes enforcement, struct occ_bytes measurement)
{
    const uint64_t sums[] = { occ_sum_of(public_key), occ_sum_of(enforcement), occ_sum_of(measurement) };
    return occ_sum_of(occ_bytes_of(sums, sizeof sums));
}

static OCC_RESULT
load_chain_end(struct occ_db *db, struct occ_heads_chain *chain, struct occ_error *err)
{
    sqlite3_stmt *const statement = occ_db_statement(db, OCC_QUERY_SPAN_LAST);
    occ_db_bind_u64(statement, 1, chain->number);
    bool found;
    OCC_TRY(occ_db_step(db, statement, err, &found));
    chain->last_counter = found ? occ_db_u64(statement, 0) : 0;
    chain->proofs = found ? occ_db_u64(statement, 1) : 0;
    (void)sqlite3_reset(statement);
    return occ_success();
}

static OCC_RESULT
load_chains(struct occ_ledger *ledger, struct occ_error *err)
{
    struct occ_heads *const next = &ledger->next;
    sqlite3_stmt *const statement = occ_db_statement(&ledger->db, OCC_QUERY_CHAINS);
    occ_db_bind_u64(statement, 1, next->epoch);
    for (next->chain_count = 0;; next->chain_count++) {
        bool found;
        OCC_TRY(occ_db_step(&ledger->db, statement, err, &found));
        if (!found) {
            (void)sqlite3_reset(statement);
            return occ_success();
        }
        const struct occ_bytes id = occ_db_bytes(statement, 1);
        if (next->chain_count == OCC_LIMIT_CHAINS || id.len > OCC_LIMIT_CHAIN_ID_LEN) {
            (void)sqlite3_reset(statement);
            return occ_error_set(err, OCC_ERR_LEDGER_CORRUPT,
                                 "%s: the chains of epoch %" PRIu64 " are too many or too long", ledger->db.path,
                                 next->epoch);
        }
        struct occ_heads_chain *const chain = &next->chain[next->chain_count];
        *chain = (struct occ_heads_chain){ .number = occ_db_u64(statement, 0) };
        set_name(&chain->id, id);
        const struct occ_result loaded = load_chain_end(&ledger->db, chain, err);
        if (!occ_is_ok(loaded)) {
            (void)sqlite3_reset(statement);
            return loaded;
        }
    }
}

static OCC_RESULT
load_position(struct occ_ledger *ledger, struct occ_error *err)
{
    sqlite3_stmt *const statement = occ_db_statement(&ledger->db, OCC_QUERY_POSITION_LAST);
    occ_db_bind_u64(statement, 1, ledger->next.epoch);
    bool found;
    OCC_TRY(occ_db_step(&ledger->db, statement, err, &found));
    ledger->next.position = found ? occ_db_u64(statement, 0) : 0;
    (void)sqlite3_reset(statement);
    return occ_success();
}

/* *ret_number 0 = the epoch is not there. */
static OCC_RESULT
find_epoch(struct occ_db *db, struct occ_bytes epoch_id, struct occ_error *err, uint64_t *ret_number, uint64_t *ret_sum)
{
    sqlite3_stmt *const statement = occ_db_statement(db, OCC_QUERY_EPOCH_OF);
    occ_db_bind_bytes(statement, 1, epoch_id);
    bool found;
    OCC_TRY(occ_db_step(db, statement, err, &found));
    *ret_number = found ? occ_db_u64(statement, 0) : 0;
    *ret_sum =
        found ? sum_of_epoch(occ_db_bytes(statement, 2), occ_db_bytes(statement, 3), occ_db_bytes(statement, 4)) : 0;
    (void)sqlite3_reset(statement);
    return occ_success();
}

static OCC_RESULT
put_epoch(struct occ_ledger *ledger, const struct occ_ledger_epoch *epoch, uint64_t received_ms, struct occ_error *err)
{
    sqlite3_stmt *const statement = occ_db_statement(&ledger->db, OCC_QUERY_PUT_EPOCH);
    occ_db_bind_u64(statement, 1, ++ledger->next.epochs);
    occ_db_bind_bytes(statement, 2, epoch->epoch_id);
    occ_db_bind_bytes(statement, 3, occ_bytes_of(epoch->public_key, sizeof epoch->public_key));
    occ_db_bind_bytes(statement, 4, epoch->enforcement);
    occ_db_bind_bytes(statement, 5, epoch->measurement);
    occ_db_bind_u64(statement, 6, received_ms);
    return occ_db_run(&ledger->db, statement, err);
}

struct occ_result
occ_entry_epoch(struct occ_ledger *ledger, const struct occ_ledger_epoch *epoch, uint64_t received_ms,
                struct occ_error *err)
{
    struct occ_heads *const next = &ledger->next;
    const uint64_t sum =
        sum_of_epoch(occ_bytes_of(epoch->public_key, sizeof epoch->public_key), epoch->enforcement, epoch->measurement);
    if (next->epoch == 0 || !is_name(&next->epoch_id, epoch->epoch_id)) {
        uint64_t number;
        OCC_TRY(find_epoch(&ledger->db, epoch->epoch_id, err, &number, &next->epoch_sum));
        if (number == 0) {
            OCC_TRY(put_epoch(ledger, epoch, received_ms, err));
            number = next->epochs;
            next->epoch_sum = sum;
        }
        next->epoch = number;
        set_name(&next->epoch_id, epoch->epoch_id);
        OCC_TRY(load_position(ledger, err));
        OCC_TRY(load_chains(ledger, err));
    }
    if (next->epoch_sum != sum) {
        return occ_error_set(err, OCC_ERR_INTEGRITY, "epoch %.*s: the ledger has it with another key or measurement",
                             OCC_BYTES_ARG(epoch->epoch_id));
    }
    return occ_success();
}

struct occ_result
occ_entry_chain(struct occ_ledger *ledger, struct occ_bytes chain_id, struct occ_error *err,
                struct occ_heads_chain **ret_chain)
{
    struct occ_heads *const next = &ledger->next;
    for (size_t i = 0; i < next->chain_count; i++) {
        if (is_name(&next->chain[i].id, chain_id)) {
            *ret_chain = &next->chain[i];
            return occ_success();
        }
    }
    if (next->chain_count == OCC_LIMIT_CHAINS) {
        return occ_error_set(err, OCC_ERR_LIMIT, "more than %d chains in an epoch", OCC_LIMIT_CHAINS);
    }
    struct occ_heads_chain *const chain = &next->chain[next->chain_count];
    *chain = (struct occ_heads_chain){ .number = ++next->chains };
    set_name(&chain->id, chain_id);
    sqlite3_stmt *const statement = occ_db_statement(&ledger->db, OCC_QUERY_PUT_CHAIN);
    occ_db_bind_u64(statement, 1, chain->number);
    occ_db_bind_u64(statement, 2, next->epoch);
    occ_db_bind_bytes(statement, 3, chain_id);
    OCC_TRY(occ_db_run(&ledger->db, statement, err));
    next->chain_count++;
    *ret_chain = chain;
    return occ_success();
}

struct occ_result
occ_entry_find_chain(struct occ_db *db, struct occ_bytes epoch_id, struct occ_bytes chain_id, struct occ_error *err,
                     uint64_t *ret_number)
{
    sqlite3_stmt *const statement = occ_db_statement(db, epoch_id.len == 0 ? OCC_QUERY_CHAIN_NEWEST : OCC_QUERY_CHAIN);
    int parameter = 1;
    if (epoch_id.len > 0) {
        occ_db_bind_bytes(statement, parameter++, epoch_id);
    }
    occ_db_bind_bytes(statement, parameter, chain_id);
    bool found;
    OCC_TRY(occ_db_step(db, statement, err, &found));
    *ret_number = found ? occ_db_u64(statement, 0) : 0;
    (void)sqlite3_reset(statement);
    return occ_success();
}

/* ---- what is there already ---- */

/*
 * An entry that is large goes on in the rows behind its first one, and parts of one row may be of one entry or of
 * several. The proof at which fetch stands is the one that the entry's i-th must be.
 */
static OCC_RESULT
compare_proof(struct occ_ledger *ledger, const struct occ_ledger_entry *entry, size_t i, struct occ_error *err)
{
    struct occ_fetch *const fetch = &ledger->fetch;
    const struct occ_ledger_proof *const given = &entry->proofs[i];
    const struct occ_row_part *const part = &fetch->at.part;
    const struct occ_document_cut cut = occ_document_of(given);
    struct occ_bytes text;
    OCC_TRY(occ_fetch_text(fetch, err, &text));
    OCC_TRY(occ_fetch_names(fetch, part->chain, err));
    if (part->position != entry->position || part->total != entry->proof_count ||
        !occ_bytes_equal(occ_buf_view(&fetch->chain_id), entry->chain_id) ||
        fetch->at.proof.counter != given->counter ||
        memcmp(fetch->at.proof.digest, given->digest, sizeof given->digest) != 0 || !occ_document_makes(&cut, text)) {
        return occ_error_set(err, OCC_ERR_INTEGRITY,
                             "position %" PRIu64
                             ": the ledger has another proof there than the one with counter %" PRIu64,
                             entry->position, given->counter);
    }
    return occ_success();
}

/* Stands at the first proof of the position. */
static OCC_RESULT
seek_position(struct occ_ledger *ledger, uint64_t position, struct occ_error *err)
{
    sqlite3_stmt *const statement = occ_db_statement(&ledger->db, OCC_QUERY_POSITION);
    occ_db_bind_u64(statement, 1, ledger->next.epoch);
    occ_db_bind_u64(statement, 2, position);
    bool found;
    OCC_TRY(occ_db_step(&ledger->db, statement, err, &found));
    const uint64_t row = found ? occ_db_u64(statement, 0) : 0;
    (void)sqlite3_reset(statement);
    OCC_TRY(occ_fetch_row(&ledger->fetch, row, err));
    struct occ_row_reader *const at = &ledger->fetch.at;
    while (occ_row_next(at)) {
        if (at->part.position == position && at->part.before == 0) {
            return occ_success();
        }
    }
    return occ_error_set(err, OCC_ERR_LEDGER_CORRUPT, "%s: position %" PRIu64 " is not where it should be",
                         ledger->db.path, position);
}

struct occ_result
occ_entry_compare(struct occ_ledger *ledger, const struct occ_ledger_entry *entry, struct occ_error *err)
{
    OCC_TRY(seek_position(ledger, entry->position, err));
    for (size_t i = 0; i < entry->proof_count; i++) {
        OCC_TRY(compare_proof(ledger, entry, i, err));
        if (i + 1 < entry->proof_count && !occ_row_next(&ledger->fetch.at)) {
            OCC_TRY(occ_fetch_row(&ledger->fetch, ledger->fetch.row + 1, err));
            OCC_ENSURE(occ_row_next(&ledger->fetch.at), OCC_ERR_LEDGER_CORRUPT);
        }
    }
    return occ_success();
}
