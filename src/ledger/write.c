/*
 * write.c — a transaction: entries into rows, and all that stands beside them.
 *
 * ledger->next is the state as it will be; it takes the place of ledger->heads when the transaction is durable, and is
 * thrown away otherwise.
 */
#include <inttypes.h>

#include "ledger/document.h"
#include "ledger/entry.h"
#include "ledger/ledger.h"
#include "ledger/queries.h"
#include "ledger/state.h"
#include "ledger/sum.h"
#include "os/clock.h"

static OCC_RESULT
refuse(struct occ_error *err, const struct occ_ledger_entry *entry, const char *why, uint64_t number)
{
    return occ_error_set(err, OCC_ERR_INTEGRITY, "position %" PRIu64 ": %s %" PRIu64, entry->position, why, number);
}

/* ---- rows ---- */

static OCC_RESULT
put_spans(struct occ_ledger *ledger, struct occ_error *err)
{
    struct occ_heads *const next = &ledger->next;
    for (size_t i = 0; i < next->chain_count; i++) {
        struct occ_heads_chain *const chain = &next->chain[i];
        if (chain->open_first == 0) {
            continue;
        }
        sqlite3_stmt *const statement = occ_db_statement(&ledger->db, OCC_QUERY_PUT_SPAN);
        occ_db_bind_u64(statement, 1, chain->number);
        occ_db_bind_u64(statement, 2, chain->open_first);
        occ_db_bind_u64(statement, 3, chain->last_counter);
        occ_db_bind_u64(statement, 4, next->row);
        occ_db_bind_u64(statement, 5, chain->proofs);
        OCC_TRY(occ_db_run(&ledger->db, statement, err));
        chain->open_first = 0;
    }
    return occ_success();
}

/* Writes the row that is being filled, if there is something in it. */
static OCC_RESULT
put_row(struct occ_ledger *ledger, struct occ_error *err)
{
    struct occ_row_writer *const row = &ledger->row;
    struct occ_heads *const next = &ledger->next;
    if (row->proofs == 0) {
        return occ_success();
    }
    const struct occ_result ended = occ_row_end(row);
    if (!occ_is_ok(ended)) {
        return occ_error_code(err, ended.code);
    }
    sqlite3_stmt *statement = occ_db_statement(&ledger->db, OCC_QUERY_PUT_ROW);
    occ_db_bind_u64(statement, 1, next->row);
    occ_db_bind_u64(statement, 2, next->proofs - row->proofs);
    occ_db_bind_u64(statement, 3, row->proofs);
    occ_db_bind_bytes(statement, 4, occ_buf_view(&row->body));
    OCC_TRY(occ_db_run(&ledger->db, statement, err));
    OCC_TRY(put_spans(ledger, err));
    if (next->open_position != 0) { /* else it only goes on with an entry that the row before began */
        statement = occ_db_statement(&ledger->db, OCC_QUERY_PUT_POSITION);
        occ_db_bind_u64(statement, 1, next->epoch);
        occ_db_bind_u64(statement, 2, next->open_position);
        occ_db_bind_u64(statement, 3, next->position);
        occ_db_bind_u64(statement, 4, next->row);
        OCC_TRY(occ_db_run(&ledger->db, statement, err));
        next->open_position = 0;
    }
    occ_row_begin(row);
    return occ_success();
}

/* The number of a document: of one that was put not long ago, or a new one. */
static OCC_RESULT
find_or_put_document(struct occ_ledger *ledger, struct occ_bytes text, struct occ_error *err, uint64_t *ret_number)
{
    const uint64_t sum = occ_sum_of(text);
    for (size_t i = 0; i < OCC_LIMIT_LEDGER_DOCUMENTS; i++) {
        const struct occ_ledger_document *const known = &ledger->documents[i];
        if (known->number != 0 && known->sum == sum && occ_bytes_equal(occ_buf_view(&known->text), text)) {
            *ret_number = known->number;
            return occ_success();
        }
    }
    const uint64_t number = ledger->next.document + 1;
    sqlite3_stmt *const statement = occ_db_statement(&ledger->db, OCC_QUERY_PUT_DOCUMENT);
    occ_db_bind_u64(statement, 1, number);
    occ_db_bind_u64(statement, 2, sum);
    occ_db_bind_bytes(statement, 3, text);
    OCC_TRY(occ_db_run(&ledger->db, statement, err));
    ledger->next.document = number;

    struct occ_ledger_document *const oldest = &ledger->documents[ledger->document_oldest];
    ledger->document_oldest = (ledger->document_oldest + 1) % OCC_LIMIT_LEDGER_DOCUMENTS;
    occ_buf_reset(&oldest->text);
    occ_buf_put(&oldest->text, text);
    oldest->sum = sum;
    oldest->number = occ_is_ok(occ_buf_check(&oldest->text)) ? number : 0;
    *ret_number = number;
    return occ_success();
}

/* The same bytes at the same place, as a frame's proofs have them, need not be looked at again. */
static OCC_RESULT
put_document(struct occ_ledger *ledger, struct occ_bytes text, struct occ_error *err, uint64_t *ret_number)
{
    const struct occ_bytes *const last = &ledger->document_view;
    if (last->ptr != text.ptr || last->len != text.len) {
        OCC_TRY(find_or_put_document(ledger, text, err, &ledger->document_number));
        ledger->document_view = text;
    }
    *ret_number = ledger->document_number;
    return occ_success();
}

static OCC_RESULT
put_wanted(struct occ_ledger *ledger, uint64_t place, enum occ_ledger_token_kind kind, struct occ_error *err)
{
    sqlite3_stmt *const statement = occ_db_statement(&ledger->db, OCC_QUERY_PUT_WANTED);
    occ_db_bind_u64(statement, 1, place);
    occ_db_bind_u64(statement, 2, kind);
    return occ_db_run(&ledger->db, statement, err);
}

/* ---- entries ---- */

static OCC_RESULT
put_proof(struct occ_ledger *ledger, const struct occ_ledger_entry *entry, const struct occ_ledger_proof *proof,
          struct occ_heads_chain *chain, struct occ_error *err)
{
    if (proof->counter <= chain->last_counter) {
        return refuse(err, entry, "its counter does not rise, the chain's last one is", chain->last_counter);
    }
    struct occ_heads *const next = &ledger->next;
    const struct occ_document_cut cut = occ_document_of(proof);
    struct occ_row_proof row_proof = { .counter = proof->counter, .digest = proof->digest };
    if (occ_document_is_apart(&cut)) {
        OCC_TRY(put_document(ledger, cut.document, err, &row_proof.document));
    }
    const struct occ_ledger_put put = { .place = occ_row_place(next->row, ledger->row.proofs) };
    occ_row_put_proof(&ledger->row, &row_proof, &cut);
    next->proofs++;
    chain->last_counter = proof->counter;
    chain->proofs++;
    chain->open_first = chain->open_first == 0 ? proof->counter : chain->open_first;
    occ_buf_put(&ledger->put, occ_bytes_of(proof->digest, sizeof put.digest));
    occ_buf_put(&ledger->put, occ_bytes_of(&put.place, sizeof put.place));
    if (entry->wants_artifact_token) {
        OCC_TRY(put_wanted(ledger, put.place, OCC_LEDGER_TOKEN_ARTIFACT, err));
    }
    if (entry->wants_proof_token) {
        OCC_TRY(put_wanted(ledger, put.place, OCC_LEDGER_TOKEN_PROOF, err));
    }
    return occ_success();
}

/* The proofs of an entry from *done on, as many as the row takes. */
static OCC_RESULT
put_part(struct occ_ledger *ledger, const struct occ_ledger_entry *entry, struct occ_heads_chain *chain, size_t *done,
         struct occ_error *err)
{
    struct occ_heads *const next = &ledger->next;
    if (ledger->row.proofs == 0) {
        next->row++;
    }
    if (*done == 0) {
        next->position = entry->position;
        next->open_position = next->open_position == 0 ? entry->position : next->open_position;
    }
    const struct occ_row_part part = { .position = entry->position,
                                       .received_ms = entry->received_ms,
                                       .chain = (uint32_t)chain->number,
                                       .opaque = entry->opaque,
                                       .total = (uint32_t)entry->proof_count,
                                       .before = (uint32_t)*done };
    occ_row_begin_part(&ledger->row, &part);
    do {
        OCC_TRY(put_proof(ledger, entry, &entry->proofs[*done], chain, err));
        ++*done;
    } while (*done < entry->proof_count && ledger->row.body.len < OCC_LIMIT_LEDGER_ROW_LEN);
    occ_row_end_part(&ledger->row);
    return ledger->row.body.len < OCC_LIMIT_LEDGER_ROW_LEN ? occ_success() : put_row(ledger, err);
}

static OCC_RESULT
put_repeat(struct occ_ledger *ledger, const struct occ_ledger_entry *entry, const struct occ_heads_chain *chain,
           struct occ_error *err)
{
    const uint64_t now = entry->received_ms;
    sqlite3_stmt *const statement = occ_db_statement(&ledger->db, OCC_QUERY_PUT_REPEAT);
    occ_db_bind_bytes(statement, 1, entry->repeat);
    occ_db_bind_bytes(statement, 2, entry->body);
    occ_db_bind_u64(statement, 3, now);
    occ_db_bind_u64(statement, 4, chain->number);
    occ_db_bind_u64(statement, 5, entry->proofs[0].counter);
    occ_db_bind_u64(statement, 6, entry->proof_count);
    occ_db_bind_u64(statement, 7, now > OCC_LIMIT_REPEAT_MS ? now - OCC_LIMIT_REPEAT_MS : 0);
    return occ_db_run(&ledger->db, statement, err);
}

static OCC_RESULT
put_entry(struct occ_ledger *ledger, const struct occ_ledger_write *write, const struct occ_ledger_entry *entry,
          struct occ_error *err)
{
    struct occ_heads *const next = &ledger->next;
    OCC_TRY(occ_entry_epoch(ledger, write->epoch, entry->received_ms, err));
    if (entry->position <= next->position) {
        OCC_TRY(put_row(ledger, err)); /* it may be in there */
        return occ_entry_compare(ledger, entry, err);
    }
    if (entry->position != next->position + 1) {
        return refuse(err, entry, "a gap, the epoch's last position is", next->position);
    }
    struct occ_heads_chain *chain;
    OCC_TRY(occ_entry_chain(ledger, entry->chain_id, err, &chain));
    size_t done = 0;
    while (done < entry->proof_count) {
        OCC_TRY(put_part(ledger, entry, chain, &done, err));
    }
    return entry->repeat.len == 0 ? occ_success() : put_repeat(ledger, entry, chain, err);
}

/* ---- tokens ---- */

static OCC_RESULT
put_token(struct occ_ledger *ledger, const struct occ_ledger_token *token, struct occ_error *err)
{
    struct occ_db *const db = &ledger->db;
    uint64_t chain = 0, place = 0;
    OCC_TRY(occ_entry_find_chain(db, token->epoch_id, token->chain_id, err, &chain));
    if (chain != 0) {
        OCC_TRY(occ_fetch_counter(&ledger->fetch, chain, token->counter, err, &place));
    }
    if (place == 0) {
        return occ_error_set(err, OCC_ERR_NOT_FOUND, "a token for counter %" PRIu64 ", which the ledger does not have",
                             token->counter);
    }
    sqlite3_stmt *statement;
    if (token->text.len > 0) {
        statement = occ_db_statement(db, OCC_QUERY_PUT_TOKEN);
        occ_db_bind_u64(statement, 1, place);
        occ_db_bind_u64(statement, 2, token->kind);
        occ_db_bind_u64(statement, 3, occ_sum_of(token->text));
        occ_db_bind_bytes(statement, 4, token->text);
        OCC_TRY(occ_db_run(db, statement, err));
    }
    statement = occ_db_statement(db, OCC_QUERY_DROP_WANTED);
    occ_db_bind_u64(statement, 1, place);
    occ_db_bind_u64(statement, 2, token->kind);
    return occ_db_run(db, statement, err);
}

/* ---- the transaction ---- */

static OCC_RESULT
put_all(struct occ_ledger *ledger, const struct occ_ledger_write *write, struct occ_error *err)
{
    for (size_t i = 0; i < write->entry_count; i++) {
        OCC_TRY(put_entry(ledger, write, &write->entries[i], err));
    }
    OCC_TRY(put_row(ledger, err));
    for (size_t i = 0; i < write->token_count; i++) {
        OCC_TRY(put_token(ledger, &write->tokens[i], err));
    }
    const struct occ_result noted = occ_buf_check(&ledger->put);
    return occ_is_ok(noted) ? noted : occ_error_code(err, noted.code);
}

static OCC_RESULT
commit(struct occ_ledger *ledger, struct occ_error *err)
{
    const uint64_t begin = occ_clock_monotonic_us();
    const struct occ_result result = occ_db_run(&ledger->db, occ_db_statement(&ledger->db, OCC_QUERY_END), err);
    /* A failure leaves it open whether the next start of SQLite will find the transaction. */
    ledger->must_reopen = !occ_is_ok(result);
    ledger->last_sync_us = occ_clock_monotonic_us() - begin;
    ledger->syncs++;
    return result;
}

static void
publish(struct occ_ledger *ledger)
{
    ledger->heads = ledger->next;
    struct occ_ledger_put put;
    for (size_t at = 0; at < ledger->put.len; at += sizeof put) {
        memcpy(&put, ledger->put.ptr + at, sizeof put);
        occ_tail_put(ledger->tail, put.digest, put.place);
    }
    occ_tail_publish(ledger->tail, ledger->heads.row);
    ledger->proofs = ledger->heads.proofs;
    ledger->rows = ledger->heads.row;
    occ_indexer_notify(ledger->indexer, ledger->heads.row, ledger->heads.proofs);
}

static void
roll_back(struct occ_ledger *ledger)
{
    occ_fetch_forget(&ledger->fetch);
    occ_state_forget_documents(ledger);
    ledger->must_reopen = !occ_db_roll_back(&ledger->db) || ledger->must_reopen;
}

/* A file that was put aside while it is open takes writes as before, and nobody will ever find them. */
static OCC_RESULT
check_in_place(struct occ_ledger *ledger, struct occ_error *err)
{
    int has_moved = 0;
    const int answer = sqlite3_file_control(ledger->db.handle, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
    if (answer == SQLITE_OK && has_moved != 0) {
        return occ_error_set(err, OCC_ERR_IO, "%s: it was removed, or another file is in its place", ledger->db.path);
    }
    return occ_success();
}

/* What goes wrong is tried again when there is more to copy: the WAL has it all. */
static void
copy_wal(struct occ_ledger *ledger)
{
    if (occ_copier_note(ledger->copier, ledger->wal_frames)) {
        (void)sqlite3_wal_checkpoint_v2(ledger->db.handle, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    }
}

struct occ_result
occ_ledger_write(struct occ_ledger *ledger, const struct occ_ledger_write *write, struct occ_error *err)
{
    OCC_TRY(occ_entry_check_write(write, err));
    if (ledger->must_reopen) {
        OCC_TRY(occ_state_reopen(ledger, err));
    }
    OCC_TRY(check_in_place(ledger, err));
    OCC_TRY(occ_db_run(&ledger->db, occ_db_statement(&ledger->db, OCC_QUERY_BEGIN_WRITE), err));
    ledger->next = ledger->heads;
    occ_row_begin(&ledger->row);
    occ_buf_reset(&ledger->put);
    ledger->document_view = occ_bytes_of(NULL, 0);
    struct occ_result result = put_all(ledger, write, err);
    if (occ_is_ok(result)) {
        result = commit(ledger, err);
    }
    if (!occ_is_ok(result)) {
        roll_back(ledger);
        return result;
    }
    publish(ledger);
    copy_wal(ledger);
    return result;
}

struct occ_result
occ_ledger_forget_repeats(struct occ_ledger *ledger, uint64_t now_ms, bool *ret_more, struct occ_error *err)
{
    if (ledger->must_reopen) {
        OCC_TRY(occ_state_reopen(ledger, err));
    }
    if (now_ms <= OCC_LIMIT_REPEAT_MS) {
        *ret_more = false;
        return occ_success();
    }
    sqlite3_stmt *const statement = occ_db_statement(&ledger->db, OCC_QUERY_FORGET_REPEATS);
    occ_db_bind_u64(statement, 1, now_ms - OCC_LIMIT_REPEAT_MS);
    occ_db_bind_u64(statement, 2, OCC_LIMIT_LEDGER_FORGET);
    const struct occ_result result = occ_db_run(&ledger->db, statement, err);
    ledger->must_reopen = !occ_is_ok(result);
    if (occ_is_ok(result)) {
        *ret_more = sqlite3_changes(ledger->db.handle) >= OCC_LIMIT_LEDGER_FORGET;
        copy_wal(ledger);
    }
    return result;
}
