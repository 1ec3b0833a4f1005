/* lookup.c — proofs by counter, the last one, and all of them. */
#include <inttypes.h>

#include "ledger/entry.h"
#include "ledger/ledger.h"
#include "ledger/queries.h"
#include "ledger/reader.h"

/* ---- by counter ---- */

/* A walk along a chain. */
struct along {
    uint64_t chain, from;
    size_t left;
    occ_ledger_visit *visit;
    void *ctx;
};

/* The first counter of the span that from is in, or from itself. */
static OCC_RESULT
first_span(struct occ_ledger_reader *reader, const struct along *along, struct occ_error *err, uint64_t *ret_first)
{
    sqlite3_stmt *const statement = occ_db_statement(&reader->db, OCC_QUERY_SPAN_AT);
    occ_db_bind_u64(statement, 1, along->chain);
    occ_db_bind_u64(statement, 2, along->from);
    bool found;
    OCC_TRY(occ_db_step(&reader->db, statement, err, &found));
    *ret_first = found ? occ_db_u64(statement, 0) : along->from;
    (void)sqlite3_reset(statement);
    return occ_success();
}

static OCC_RESULT
visit_row(struct occ_ledger_reader *reader, uint64_t row, struct along *along, struct occ_error *err)
{
    struct occ_fetch *const fetch = &reader->fetch;
    OCC_TRY(occ_fetch_row(fetch, row, err));
    while (along->left > 0 && occ_row_next(&fetch->at)) {
        if (fetch->at.part.chain == along->chain && fetch->at.proof.counter >= along->from) {
            OCC_TRY(occ_reading_visit(reader, along->visit, along->ctx, err));
            along->left--;
        }
    }
    return occ_success();
}

static OCC_RESULT
visit_chain(struct occ_ledger_reader *reader, struct along *along, struct occ_error *err)
{
    uint64_t first;
    OCC_TRY(first_span(reader, along, err, &first));
    sqlite3_stmt *const spans = occ_db_statement(&reader->db, OCC_QUERY_SPANS);
    occ_db_bind_u64(spans, 1, along->chain);
    occ_db_bind_u64(spans, 2, first);
    struct occ_result result = occ_success();
    while (occ_is_ok(result) && along->left > 0) {
        bool found;
        result = occ_db_step(&reader->db, spans, err, &found);
        if (!occ_is_ok(result) || !found) {
            break;
        }
        result = visit_row(reader, occ_db_u64(spans, 0), along, err);
    }
    (void)sqlite3_reset(spans);
    return result;
}

static OCC_RESULT
by_counter(struct occ_ledger_reader *reader, struct occ_bytes epoch_id, struct occ_bytes chain_id, struct along *along,
           struct occ_error *err)
{
    OCC_TRY(occ_entry_find_chain(&reader->db, epoch_id, chain_id, err, &along->chain));
    return along->chain == 0 || along->from > INT64_MAX ? occ_success() : visit_chain(reader, along, err);
}

/* NOLINTBEGIN(readability-function-size): where, how many, what to do with them; as the other calls of the interface */
struct occ_result
occ_ledger_by_counter(struct occ_ledger_reader *reader, struct occ_bytes epoch_id, struct occ_bytes chain_id,
                      uint64_t from, size_t limit, occ_ledger_visit *visit, void *ctx, struct occ_error *err)
{
    if (epoch_id.len == 0) {
        return occ_success(); /* no epoch has that id */
    }
    struct along along = { .from = from, .left = limit, .visit = visit, .ctx = ctx };
    OCC_TRY(occ_reading_begin(reader, err));
    const struct occ_result result = by_counter(reader, epoch_id, chain_id, &along, err);
    occ_reading_end(reader);
    return result;
}
/* NOLINTEND(readability-function-size) */

/* ---- the last one ---- */

static OCC_RESULT
head(struct occ_ledger_reader *reader, struct occ_bytes epoch_id, struct occ_bytes chain_id, occ_ledger_visit *visit,
     void *ctx, struct occ_error *err)
{
    uint64_t chain;
    OCC_TRY(occ_entry_find_chain(&reader->db, epoch_id, chain_id, err, &chain));
    if (chain == 0) {
        return occ_success();
    }
    sqlite3_stmt *const statement = occ_db_statement(&reader->db, OCC_QUERY_SPAN_LAST);
    occ_db_bind_u64(statement, 1, chain);
    bool found;
    OCC_TRY(occ_db_step(&reader->db, statement, err, &found));
    const uint64_t counter = found ? occ_db_u64(statement, 0) : 0;
    (void)sqlite3_reset(statement);
    uint64_t place = 0;
    OCC_TRY(occ_fetch_counter(&reader->fetch, chain, counter, err, &place));
    if (place == 0) {
        return occ_error_set(err, OCC_ERR_LEDGER_CORRUPT,
                             "%s: the last proof of chain %" PRIu64 " is not where it should be", reader->db.path,
                             chain);
    }
    return occ_reading_visit(reader, visit, ctx, err);
}

struct occ_result
occ_ledger_head(struct occ_ledger_reader *reader, struct occ_bytes epoch_id, struct occ_bytes chain_id,
                occ_ledger_visit *visit, void *ctx, struct occ_error *err)
{
    OCC_TRY(occ_reading_begin(reader, err));
    const struct occ_result result = head(reader, epoch_id, chain_id, visit, ctx, err);
    occ_reading_end(reader);
    return result;
}

/* ---- all ---- */

/* The row of *cursor from its proof on, until *left is 0; then *cursor stands in the next row. */
static OCC_RESULT
walk_row(struct occ_ledger_reader *reader, uint64_t *cursor, size_t *left, const struct along *along,
         struct occ_error *err)
{
    struct occ_fetch *const fetch = &reader->fetch;
    const uint64_t row = occ_row_of_place(*cursor);
    const uint32_t from = occ_row_number_of_place(*cursor);
    OCC_TRY(occ_fetch_row(fetch, row, err));
    while (*left > 0) {
        if (!occ_row_next(&fetch->at)) {
            *cursor = occ_row_place(row + 1, 0);
            return occ_success();
        }
        if (fetch->at.number >= from) {
            OCC_TRY(occ_reading_visit(reader, along->visit, along->ctx, err));
            *cursor = occ_row_place(row, fetch->at.number + 1u);
            --*left;
        }
    }
    return occ_success();
}

static OCC_RESULT
walk(struct occ_ledger_reader *reader, uint64_t *cursor, size_t limit, const struct along *along, struct occ_error *err)
{
    uint64_t last, proofs;
    OCC_TRY(occ_reading_last(reader, err, &last, &proofs));
    uint64_t at = *cursor == 0 ? occ_row_place(1, 0) : *cursor;
    size_t left = limit;
    struct occ_result result = occ_success();
    while (occ_is_ok(result) && left > 0 && occ_row_of_place(at) <= last) {
        result = walk_row(reader, &at, &left, along, err);
    }
    *cursor = at; /* behind what was visited, after a failure too */
    return result;
}

struct occ_result
occ_ledger_walk(struct occ_ledger_reader *reader, uint64_t *cursor, size_t limit, occ_ledger_visit *visit, void *ctx,
                struct occ_error *err)
{
    const struct along along = { .visit = visit, .ctx = ctx };
    OCC_TRY(occ_reading_begin(reader, err));
    const struct occ_result result = walk(reader, cursor, limit, &along, err);
    occ_reading_end(reader);
    return result;
}
