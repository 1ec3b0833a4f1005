/* fetch.c — see fetch.h. */
#include "ledger/fetch.h"

#include <inttypes.h>

#include "ledger/queries.h"
#include "ledger/sum.h"

void
occ_fetch_init(struct occ_fetch *fetch, struct occ_db *db)
{
    *fetch = (struct occ_fetch){ .db = db,
                                 .body = OCC_BUF_INIT(OCC_LIMIT_LEDGER_BODY_LEN),
                                 .document = OCC_BUF_INIT(OCC_LIMIT_LEDGER_DOCUMENT_LEN),
                                 .text = OCC_BUF_INIT(OCC_LIMIT_LEDGER_BODY_LEN),
                                 .epoch_id = OCC_BUF_INIT(OCC_LIMIT_LEDGER_EPOCH_ID_LEN),
                                 .chain_id = OCC_BUF_INIT(OCC_LIMIT_CHAIN_ID_LEN),
                                 .artifact_token = OCC_BUF_INIT(OCC_LIMIT_LEDGER_TOKEN_LEN),
                                 .proof_token = OCC_BUF_INIT(OCC_LIMIT_LEDGER_TOKEN_LEN) };
}

void
occ_fetch_clear(struct occ_fetch *fetch)
{
    occ_buf_clear(&fetch->body);
    occ_buf_clear(&fetch->document);
    occ_buf_clear(&fetch->text);
    occ_buf_clear(&fetch->epoch_id);
    occ_buf_clear(&fetch->chain_id);
    occ_buf_clear(&fetch->artifact_token);
    occ_buf_clear(&fetch->proof_token);
    occ_fetch_forget(fetch);
}

void
occ_fetch_forget(struct occ_fetch *fetch)
{
    fetch->row = 0;
    fetch->document_number = 0;
    fetch->chain = 0;
}

static struct occ_result
damaged(const struct occ_fetch *fetch, struct occ_error *err, const char *what, uint64_t number)
{
    return occ_error_set(err, OCC_ERR_LEDGER_CORRUPT, "%s: %s %" PRIu64 " is missing or damaged", fetch->db->path, what,
                         number);
}

/* Empties buf and copies bytes into it. */
static OCC_RESULT
fill(struct occ_buf *buf, struct occ_bytes bytes)
{
    occ_buf_reset(buf);
    occ_buf_put(buf, bytes);
    return occ_buf_check(buf);
}

/* Steps a query with one number as its parameter to its only row; the caller resets. */
static OCC_RESULT
look_up(struct occ_fetch *fetch, enum occ_query query, uint64_t number, struct occ_error *err,
        sqlite3_stmt **ret_statement)
{
    sqlite3_stmt *const statement = occ_db_statement(fetch->db, query);
    occ_db_bind_u64(statement, 1, number);
    bool found;
    OCC_TRY(occ_db_step(fetch->db, statement, err, &found));
    *ret_statement = found ? statement : NULL;
    return occ_success();
}

struct occ_result
occ_fetch_row(struct occ_fetch *fetch, uint64_t row, struct occ_error *err)
{
    if (fetch->row == row && row != 0) {
        fetch->at = occ_row_rewound(occ_buf_view(&fetch->body));
        return occ_success();
    }
    fetch->row = 0;
    sqlite3_stmt *statement;
    OCC_TRY(look_up(fetch, OCC_QUERY_ROW, row, err, &statement));
    if (statement == NULL) {
        return damaged(fetch, err, "row", row);
    }
    const struct occ_result filled = fill(&fetch->body, occ_db_bytes(statement, 0));
    (void)sqlite3_reset(statement);
    if (filled.code == OCC_ERR_NOMEM) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    if (!occ_is_ok(filled) || !occ_is_ok(occ_row_open(occ_buf_view(&fetch->body), &fetch->at))) {
        return damaged(fetch, err, "row", row);
    }
    fetch->row = row;
    return occ_success();
}

struct occ_result
occ_fetch_place(struct occ_fetch *fetch, uint64_t place, struct occ_error *err)
{
    const uint64_t row = occ_row_of_place(place);
    if (fetch->row != row) {
        OCC_TRY(occ_fetch_row(fetch, row, err));
    }
    if (!occ_row_seek(&fetch->at, occ_buf_view(&fetch->body), occ_row_number_of_place(place))) {
        return damaged(fetch, err, "row", row);
    }
    return occ_success();
}

static OCC_RESULT
load_document(struct occ_fetch *fetch, uint64_t number, struct occ_error *err)
{
    if (fetch->document_number == number) {
        return occ_success();
    }
    fetch->document_number = 0;
    sqlite3_stmt *statement;
    OCC_TRY(look_up(fetch, OCC_QUERY_DOCUMENT, number, err, &statement));
    if (statement == NULL) {
        return damaged(fetch, err, "document", number);
    }
    const uint64_t sum = occ_db_u64(statement, 0);
    const struct occ_result filled = fill(&fetch->document, occ_db_bytes(statement, 1));
    (void)sqlite3_reset(statement);
    if (filled.code == OCC_ERR_NOMEM) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    if (!occ_is_ok(filled) || sum != occ_sum_of(occ_buf_view(&fetch->document))) {
        return damaged(fetch, err, "document", number);
    }
    fetch->document_number = number;
    return occ_success();
}

struct occ_result
occ_fetch_text(struct occ_fetch *fetch, struct occ_error *err, struct occ_bytes *ret_text)
{
    const struct occ_row_proof *const proof = &fetch->at.proof;
    if (proof->document == 0) {
        *ret_text = proof->text;
        return occ_success();
    }
    OCC_TRY(load_document(fetch, proof->document, err));
    struct occ_buf *const text = &fetch->text;
    occ_buf_reset(text);
    occ_buf_put(text, occ_bytes_of(proof->text.ptr, proof->document_at));
    occ_buf_put(text, occ_buf_view(&fetch->document));
    occ_buf_put(text, occ_bytes_of(proof->text.ptr + proof->document_at, proof->text.len - proof->document_at));
    const struct occ_result joined = occ_buf_check(text);
    if (!occ_is_ok(joined)) {
        return occ_error_code(err, joined.code);
    }
    *ret_text = occ_buf_view(text);
    return occ_success();
}

struct occ_result
occ_fetch_names(struct occ_fetch *fetch, uint64_t chain, struct occ_error *err)
{
    if (fetch->chain == chain && chain != 0) {
        return occ_success();
    }
    fetch->chain = 0;
    sqlite3_stmt *statement;
    OCC_TRY(look_up(fetch, OCC_QUERY_CHAIN_NAMES, chain, err, &statement));
    if (statement == NULL) {
        return damaged(fetch, err, "chain", chain);
    }
    const bool filled = occ_is_ok(fill(&fetch->epoch_id, occ_db_bytes(statement, 0))) &&
                        occ_is_ok(fill(&fetch->chain_id, occ_db_bytes(statement, 1)));
    (void)sqlite3_reset(statement);
    if (!filled) {
        return damaged(fetch, err, "chain", chain);
    }
    fetch->chain = chain;
    return occ_success();
}

static OCC_RESULT
take_token(struct occ_fetch *fetch, sqlite3_stmt *statement, uint64_t place, struct occ_error *err)
{
    struct occ_buf *const token =
        occ_db_u64(statement, 0) == OCC_LEDGER_TOKEN_ARTIFACT ? &fetch->artifact_token : &fetch->proof_token;
    const struct occ_bytes text = occ_db_bytes(statement, 2);
    if (occ_db_u64(statement, 1) != occ_sum_of(text)) {
        return damaged(fetch, err, "a token of place", place);
    }
    const struct occ_result filled = fill(token, text);
    return occ_is_ok(filled) ? filled : occ_error_code(err, filled.code);
}

static OCC_RESULT
load_tokens(struct occ_fetch *fetch, uint64_t place, struct occ_error *err)
{
    occ_buf_reset(&fetch->artifact_token);
    occ_buf_reset(&fetch->proof_token);
    sqlite3_stmt *const statement = occ_db_statement(fetch->db, OCC_QUERY_TOKENS);
    occ_db_bind_u64(statement, 1, place);
    struct occ_result result = occ_success();
    bool found = true;
    while (occ_is_ok(result) && found) {
        result = occ_db_step(fetch->db, statement, err, &found);
        if (occ_is_ok(result) && found) {
            result = take_token(fetch, statement, place, err);
        }
    }
    (void)sqlite3_reset(statement);
    return result;
}

struct occ_result
occ_fetch_found(struct occ_fetch *fetch, struct occ_error *err, struct occ_ledger_found *ret_found)
{
    struct occ_bytes text;
    OCC_TRY(occ_fetch_text(fetch, err, &text));
    OCC_TRY(occ_fetch_names(fetch, fetch->at.part.chain, err));
    OCC_TRY(load_tokens(fetch, occ_row_place(fetch->row, fetch->at.number), err));
    *ret_found = (struct occ_ledger_found){ .epoch_id = occ_buf_view(&fetch->epoch_id),
                                            .chain_id = occ_buf_view(&fetch->chain_id),
                                            .counter = fetch->at.proof.counter,
                                            .position = fetch->at.part.position,
                                            .digest = fetch->at.proof.digest,
                                            .text = text,
                                            .artifact_token = occ_buf_view(&fetch->artifact_token),
                                            .proof_token = occ_buf_view(&fetch->proof_token) };
    return occ_success();
}

struct occ_result
occ_fetch_counter(struct occ_fetch *fetch, uint64_t chain, uint64_t counter, struct occ_error *err, uint64_t *ret_place)
{
    sqlite3_stmt *const statement = occ_db_statement(fetch->db, OCC_QUERY_SPAN_AT);
    occ_db_bind_u64(statement, 1, chain);
    occ_db_bind_u64(statement, 2, counter);
    bool found;
    OCC_TRY(occ_db_step(fetch->db, statement, err, &found));
    const uint64_t row = found ? occ_db_u64(statement, 1) : 0;
    (void)sqlite3_reset(statement);
    if (row != 0) {
        OCC_TRY(occ_fetch_row(fetch, row, err));
        while (occ_row_next(&fetch->at)) {
            if (fetch->at.part.chain == chain && fetch->at.proof.counter == counter) {
                *ret_place = occ_row_place(row, fetch->at.number);
                return occ_success();
            }
        }
    }
    *ret_place = 0;
    return occ_success();
}

struct occ_result
occ_fetch_into_tail(struct occ_fetch *fetch, uint64_t row, struct occ_tail *tail, struct occ_error *err)
{
    const struct occ_result fetched = occ_fetch_row(fetch, row, err);
    if (fetched.code == OCC_ERR_LEDGER_CORRUPT) {
        return occ_success();
    }
    OCC_TRY(fetched);
    while (occ_row_next(&fetch->at)) {
        occ_tail_put(tail, fetch->at.proof.digest, occ_row_place(row, fetch->at.number));
    }
    return occ_success();
}
