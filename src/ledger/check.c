/*
 * check.c — a ledger from end to end, as one moment shows it.
 *
 * Rows are read in their order, once. What a row says is held against the tables beside it; that these say no more is
 * seen from their counts. The index is held against the rows by a sum over all entries that does not depend on their
 * order.
 */
#include <inttypes.h>
#include <stdio.h>

#include "ledger/index.h"
#include "ledger/ledger.h"
#include "ledger/queries.h"
#include "ledger/reader.h"
#include "ledger/sum.h"
#include "ledger/sweep.h"

enum { PROBLEMS_MAX = 100, SENTENCE_SIZE = 320, PROGRESS_ROWS = 256 };

enum query {
    QUERY_ROW_HEAD,
    QUERY_SPAN,
    QUERY_SPAN_BEFORE,
    QUERY_POSITION,
    QUERY_POSITION_BEFORE,
    QUERY_CHAIN_EPOCH,
    QUERY_TOKENS,
    QUERY_WANTED,
    QUERY_REPEATS,
    QUERIES
};

static const char *const check_sql[QUERIES] = {
    [QUERY_ROW_HEAD] = "SELECT first_proof, proofs FROM frames WHERE row=?1",
    [QUERY_SPAN] = "SELECT last, row, proofs FROM spans WHERE chain=?1 AND first=?2",
    [QUERY_SPAN_BEFORE] = "SELECT last, proofs FROM spans WHERE chain=?1 AND first<?2 ORDER BY first DESC LIMIT 1",
    [QUERY_POSITION] = "SELECT last, row FROM positions WHERE epoch=?1 AND first=?2",
    [QUERY_POSITION_BEFORE] = "SELECT last FROM positions WHERE epoch=?1 AND first<?2 ORDER BY first DESC LIMIT 1",
    [QUERY_CHAIN_EPOCH] = "SELECT epoch FROM chains WHERE number=?1",
    [QUERY_TOKENS] = "SELECT place, kind, sum, text FROM tokens",
    [QUERY_WANTED] = "SELECT place, kind FROM wanted",
    [QUERY_REPEATS] = "SELECT chain, first, proofs, length(repeat), length(body) FROM repeats",
};

/* What a row has of one chain. */
struct row_chain {
    uint64_t chain, first, last, proofs;
};

struct check {
    struct occ_ledger_reader *reader;
    sqlite3_stmt *statements[QUERIES];
    void (*problem)(void *ctx, const char *sentence);
    void (*progress)(void *ctx, uint64_t proofs);
    void *ctx;
    unsigned problems;
    uint64_t proofs, spans, positions; /* counted so far */
    struct occ_index_covered covered;
    bool has_index;
    uint64_t index_sum, index_entries; /* as the rows want it */
    size_t chain_count;                /* of the row that is being looked at */
    struct row_chain chains[OCC_LIMIT_CHAINS];
};

__attribute__((format(printf, 2, 3))) static void
tell(struct check *check, const char *format, ...)
{
    if (check->problems == PROBLEMS_MAX) {
        return;
    }
    check->problems++;
    char sentence[SENTENCE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    check->problem(check->ctx, sentence);
}

static bool
is_full(const struct check *check)
{
    return check->problems == PROBLEMS_MAX;
}

/* A damaged part is a problem that is told; any other failure ends the check. */
static OCC_RESULT
tell_damage(struct check *check, struct occ_result result, const struct occ_error *why, struct occ_error *err)
{
    if (result.code == OCC_ERR_LEDGER_CORRUPT) {
        tell(check, "%s", why->text);
        return occ_success();
    }
    return occ_is_ok(result) ? result : occ_error_set(err, result.code, "%s", why->text);
}

/*
 * One of the statements above with one or two parameters, at its first row: up to three columns. Nothing found = all 0.
 */
static OCC_RESULT
ask(struct check *check, enum query query, uint64_t first, uint64_t second, struct occ_error *err, uint64_t ret[3])
{
    sqlite3_stmt *const statement = check->statements[query];
    (void)sqlite3_reset(statement);
    occ_db_bind_u64(statement, 1, first);
    if (sqlite3_bind_parameter_count(statement) > 1) {
        occ_db_bind_u64(statement, 2, second);
    }
    bool found;
    OCC_TRY(occ_db_step(&check->reader->db, statement, err, &found));
    for (int i = 0; i < 3; i++) {
        ret[i] = found && i < sqlite3_column_count(statement) ? occ_db_u64(statement, i) : 0;
    }
    (void)sqlite3_reset(statement);
    return occ_success();
}

/* ---- SQLite's own ---- */

static OCC_RESULT
check_pages(struct check *check, struct occ_error *err)
{
    sqlite3_stmt *statement;
    OCC_TRY(occ_db_prepare_one(&check->reader->db, "PRAGMA integrity_check(100)", err, &statement));
    struct occ_result result = occ_success();
    for (bool found = true; found && occ_is_ok(result);) {
        result = occ_db_step(&check->reader->db, statement, err, &found);
        if (occ_is_ok(result) && found) {
            const struct occ_bytes text = occ_db_bytes(statement, 0);
            if (!occ_bytes_is(text, "ok")) {
                tell(check, "ledger.db: %.*s", OCC_BYTES_ARG(text));
            }
        }
    }
    (void)sqlite3_finalize(statement);
    return result;
}

/* ---- rows ---- */

static void
take_index_entry(struct check *check, const uint8_t *digest, uint64_t place)
{
    uint8_t entry[OCC_BLOCK_ENTRY_LEN];
    occ_block_make_entry(digest, place, entry);
    check->index_sum += occ_sweep_entry(entry);
    check->index_entries++;
}

static struct row_chain *
chain_of(struct check *check, uint64_t number)
{
    for (size_t i = 0; i < check->chain_count; i++) {
        if (check->chains[i].chain == number) {
            return &check->chains[i];
        }
    }
    if (check->chain_count == OCC_LIMIT_CHAINS) {
        return NULL;
    }
    check->chains[check->chain_count] = (struct row_chain){ .chain = number };
    return &check->chains[check->chain_count++];
}

/* The proof at which fetch stands. */
static OCC_RESULT
check_proof(struct check *check, uint64_t row, struct occ_error *err)
{
    struct occ_fetch *const fetch = &check->reader->fetch;
    const struct occ_row_proof *const proof = &fetch->at.proof;
    struct occ_bytes text;
    struct occ_error why = { 0 };
    OCC_TRY(tell_damage(check, occ_fetch_text(fetch, &why, &text), &why, err));
    struct row_chain *const chain = chain_of(check, fetch->at.part.chain);
    if (chain == NULL) {
        tell(check, "row %" PRIu64 ": more chains than an epoch can have", row);
        return occ_success();
    }
    if (proof->counter <= chain->last) {
        tell(check, "row %" PRIu64 ": counter %" PRIu64 " does not rise", row, proof->counter);
    }
    chain->first = chain->proofs == 0 ? proof->counter : chain->first;
    chain->last = proof->counter;
    chain->proofs++;
    check->proofs++;
    if (check->has_index && row <= check->covered.row) {
        take_index_entry(check, proof->digest, occ_row_place(row, fetch->at.number));
    }
    return occ_success();
}

static OCC_RESULT
check_spans(struct check *check, uint64_t row, struct occ_error *err)
{
    for (size_t i = 0; i < check->chain_count; i++) {
        const struct row_chain *const chain = &check->chains[i];
        uint64_t span[3], before[3];
        OCC_TRY(ask(check, QUERY_SPAN, chain->chain, chain->first, err, span));
        OCC_TRY(ask(check, QUERY_SPAN_BEFORE, chain->chain, chain->first, err, before));
        if (span[0] != chain->last || span[1] != row || span[2] != before[1] + chain->proofs) {
            tell(check, "row %" PRIu64 ": the span of counters from %" PRIu64 " on is missing or wrong", row,
                 chain->first);
        }
        if (before[0] >= chain->first) {
            tell(check, "row %" PRIu64 ": counter %" PRIu64 " does not rise", row, chain->first);
        }
    }
    check->spans += check->chain_count;
    return occ_success();
}

/* The positions that begin in the row: first to last, without gaps. */
struct row_positions {
    uint64_t chain, first, last, position, total, next;
};

/* The proof at which fetch stands as a part of its entry. */
static void
take_position(struct check *check, uint64_t row, const struct occ_row_reader *at, struct row_positions *positions)
{
    const struct occ_row_part *const part = &at->part;
    if (part->position == positions->position) {
        return; /* another proof of the same part */
    }
    positions->position = part->position;
    if (part->before != 0) {
        return;
    }
    if (positions->first != 0 && part->position != positions->last + 1) {
        tell(check, "row %" PRIu64 ": position %" PRIu64 " does not follow %" PRIu64, row, part->position,
             positions->last);
    }
    positions->chain = part->chain;
    positions->first = positions->first == 0 ? part->position : positions->first;
    positions->last = part->position;
}

static OCC_RESULT
check_positions(struct check *check, uint64_t row, const struct row_positions *positions, struct occ_error *err)
{
    if (positions->first == 0) {
        return occ_success();
    }
    uint64_t epoch[3], here[3], before[3];
    OCC_TRY(ask(check, QUERY_CHAIN_EPOCH, positions->chain, 0, err, epoch));
    OCC_TRY(ask(check, QUERY_POSITION, epoch[0], positions->first, err, here));
    OCC_TRY(ask(check, QUERY_POSITION_BEFORE, epoch[0], positions->first, err, before));
    if (here[0] != positions->last || here[1] != row) {
        tell(check, "row %" PRIu64 ": its positions are missing or wrong", row);
    }
    if (before[0] + 1 != positions->first) {
        tell(check, "row %" PRIu64 ": position %" PRIu64 " does not follow %" PRIu64, row, positions->first, before[0]);
    }
    check->positions++;
    return occ_success();
}

static OCC_RESULT
check_row(struct check *check, uint64_t row, struct occ_error *err)
{
    struct occ_fetch *const fetch = &check->reader->fetch;
    struct occ_error why = { 0 };
    uint64_t head[3];
    OCC_TRY(ask(check, QUERY_ROW_HEAD, row, 0, err, head));
    const struct occ_result fetched = occ_fetch_row(fetch, row, &why);
    if (!occ_is_ok(fetched)) {
        check->proofs += head[1]; /* so that the rows behind it are not wrong too */
        check->has_index = false;
        return tell_damage(check, fetched, &why, err);
    }
    const uint64_t before = check->proofs;
    struct row_positions positions = { 0 };
    check->chain_count = 0;
    while (occ_row_next(&fetch->at)) {
        take_position(check, row, &fetch->at, &positions);
        OCC_TRY(check_proof(check, row, err));
    }
    if (head[0] != before || head[1] != check->proofs - before) {
        tell(check, "row %" PRIu64 ": it says proofs %" PRIu64 " to %" PRIu64 " and has %" PRIu64 " to %" PRIu64, row,
             head[0] + 1, head[0] + head[1], before + 1, check->proofs);
        check->proofs = head[0] + head[1];
    }
    OCC_TRY(check_spans(check, row, err));
    return check_positions(check, row, &positions, err);
}

static OCC_RESULT
check_rows(struct check *check, struct occ_error *err)
{
    uint64_t last, proofs, spans, positions;
    OCC_TRY(occ_reading_last(check->reader, err, &last, &proofs));
    for (uint64_t row = 1; row <= last && !is_full(check); row++) {
        OCC_TRY(check_row(check, row, err));
        if (check->progress != NULL && (row % PROGRESS_ROWS == 0 || row == last)) {
            check->progress(check->ctx, check->proofs);
        }
    }
    OCC_TRY(occ_db_number(&check->reader->db, "SELECT count(*) FROM spans", err, &spans));
    OCC_TRY(occ_db_number(&check->reader->db, "SELECT count(*) FROM positions", err, &positions));
    if (check->problems == 0 && (spans != check->spans || positions != check->positions)) {
        tell(check, "ledger.db: spans or positions of rows that are not there");
    }
    return occ_success();
}

/* ---- what stands beside the rows ---- */

/* Calls look for each row of a statement. */
static OCC_RESULT
for_each(struct check *check, enum query query,
         struct occ_result (*look)(struct check *check, sqlite3_stmt *statement, struct occ_error *err),
         struct occ_error *err)
{
    sqlite3_stmt *const statement = check->statements[query];
    struct occ_result result = occ_success();
    while (occ_is_ok(result) && !is_full(check)) {
        bool found;
        result = occ_db_step(&check->reader->db, statement, err, &found);
        if (!occ_is_ok(result) || !found) {
            break;
        }
        result = look(check, statement, err);
    }
    (void)sqlite3_reset(statement);
    return result;
}

static struct occ_result
check_place(struct check *check, sqlite3_stmt *statement, struct occ_error *err)
{
    struct occ_error why = { 0 };
    return tell_damage(check, occ_fetch_place(&check->reader->fetch, occ_db_u64(statement, 0), &why), &why, err);
}

static struct occ_result
check_token(struct check *check, sqlite3_stmt *statement, struct occ_error *err)
{
    if (occ_db_u64(statement, 2) != occ_sum_of(occ_db_bytes(statement, 3))) {
        tell(check, "a token of place %" PRIu64 " is damaged", occ_db_u64(statement, 0));
    }
    return check_place(check, statement, err);
}

static struct occ_result
check_repeat(struct check *check, sqlite3_stmt *statement, struct occ_error *err)
{
    struct occ_error why = { 0 };
    const uint64_t chain = occ_db_u64(statement, 0), counter = occ_db_u64(statement, 1);
    uint64_t place = 0;
    const struct occ_result found = occ_fetch_counter(&check->reader->fetch, chain, counter, &why, &place);
    OCC_TRY(tell_damage(check, found, &why, err));
    if (occ_is_ok(found) && (place == 0 || occ_db_u64(statement, 3) != 32 || occ_db_u64(statement, 4) != 32 ||
                             check->reader->fetch.at.part.total != occ_db_u64(statement, 2))) {
        tell(check, "a repeat does not lead to an entry: counter %" PRIu64 " of chain %" PRIu64, counter, chain);
    }
    return occ_success();
}

/* ---- the index ---- */

static OCC_RESULT
check_index(struct check *check, struct occ_error *err)
{
    uint64_t sum, entries;
    OCC_TRY(occ_sweep_index(&check->reader->index, err, &sum, &entries));
    if (sum != check->index_sum || entries != check->index_entries) {
        tell(check,
             "index.db: not every proof is found by its digest: it has %" PRIu64 " entries for %" PRIu64
             " proofs, or others; remove it, it is made anew",
             entries, check->index_entries);
    }
    return occ_success();
}

/* ---- all ---- */

static OCC_RESULT
prepare(struct check *check, struct occ_error *err)
{
    for (size_t i = 0; i < QUERIES; i++) {
        OCC_TRY(occ_db_prepare_one(&check->reader->db, check_sql[i], err, &check->statements[i]));
    }
    return occ_success();
}

static OCC_RESULT
check_all(struct check *check, struct occ_error *err)
{
    OCC_TRY(prepare(check, err));
    OCC_TRY(check_pages(check, err));
    check->has_index = check->has_index && occ_indexer_is_of_ledger(&check->reader->db, &check->covered);
    OCC_TRY(check_rows(check, err));
    OCC_TRY(for_each(check, QUERY_TOKENS, check_token, err));
    OCC_TRY(for_each(check, QUERY_WANTED, check_place, err));
    OCC_TRY(for_each(check, QUERY_REPEATS, check_repeat, err));
    if (!check->has_index || is_full(check)) {
        return occ_success();
    }
    struct occ_error why = { 0 };
    return tell_damage(check, check_index(check, &why), &why, err);
}

struct occ_result
occ_ledger_check(struct occ_ledger_reader *reader, void (*problem)(void *ctx, const char *sentence),
                 void (*progress)(void *ctx, uint64_t proofs), void *ctx, struct occ_error *err)
{
    struct check check = { .reader = reader, .problem = problem, .progress = progress, .ctx = ctx };
    check.has_index = occ_reading_begin_index(reader, &check.covered);
    struct occ_result result = occ_reading_begin(reader, err);
    if (occ_is_ok(result)) {
        struct occ_error why = { 0 };
        /* Tables so damaged that they cannot be read to their end are a problem like others. */
        result = tell_damage(&check, check_all(&check, &why), &why, err);
        occ_reading_end(reader);
    }
    occ_reading_end_index(reader);
    for (size_t i = 0; i < QUERIES; i++) {
        (void)sqlite3_finalize(check.statements[i]);
    }
    return result;
}
