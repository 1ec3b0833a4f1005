/*
 * digest.c — the proofs of an artifact: those in runs of the index, then those in the tail.
 *
 * The snapshot of the index is taken first, that of the ledger second, so that what the index covers is in the ledger.
 * Between index and tail nothing may be missing: the tail must begin at or before the row that this snapshot of the index
 * covers. It has moved on if a run has come in since; then the look-up begins again.
 */
#include "ledger/index.h"
#include "ledger/ledger.h"
#include "ledger/reader.h"

enum { TRIES = 4 };

struct search {
    struct occ_ledger_reader *reader;
    const uint8_t *digest;
    occ_ledger_visit *visit;
    void *ctx;
    struct occ_error *err;
    bool is_ours; /* a failure is not the index's */
};

/* ---- the index ---- */

static void
close_index(struct occ_ledger_reader *reader)
{
    occ_db_close(&reader->index);
}

bool
occ_reading_begin_index(struct occ_ledger_reader *reader, struct occ_index_covered *ret_covered)
{
    struct occ_db *const index = &reader->index;
    if (index->handle == NULL && !occ_is_ok(occ_index_open_read(&reader->folder, NULL, index))) {
        return false;
    }
    if (!occ_is_ok(occ_db_run(index, occ_db_statement(index, OCC_INDEX_BEGIN_READ), NULL)) ||
        !occ_is_ok(occ_index_read_covered(index, NULL, ret_covered))) {
        close_index(reader);
        return false;
    }
    return true;
}

void
occ_reading_end_index(struct occ_ledger_reader *reader)
{
    if (reader->index.handle != NULL && !occ_db_roll_back(&reader->index)) {
        close_index(reader);
    }
}

static bool
is_verified(struct occ_ledger_reader *reader, const struct occ_index_covered *covered)
{
    if (covered->row == reader->verified.row && covered->sum == reader->verified.sum &&
        memcmp(covered->ledger, reader->verified.ledger, sizeof covered->ledger) == 0) {
        return true;
    }
    if (!occ_indexer_is_of_ledger(&reader->db, covered)) {
        return false;
    }
    reader->verified = *covered;
    return true;
}

/* ---- the tail ---- */

/* A reader on its own reads the rows that its tail does not have yet, if that is not too much. */
static OCC_RESULT
extend_tail(struct occ_ledger_reader *reader, uint64_t covered, uint64_t last, struct occ_error *err)
{
    struct occ_tail *const tail = reader->own_tail;
    uint64_t base, row, covered_proofs, proofs;
    occ_tail_bounds(tail, &base, &row);
    if (base > covered || row < covered) {
        occ_tail_restart(tail, covered);
        row = covered;
    }
    OCC_TRY(occ_reading_proofs(reader, covered, err, &covered_proofs));
    OCC_TRY(occ_reading_proofs(reader, last, err, &proofs));
    OCC_ENSURE(proofs - covered_proofs <= OCC_LIMIT_LEDGER_TAIL, OCC_ERR_BUSY);
    occ_tail_drop(tail, covered);
    while (row < last) {
        row++;
        OCC_TRY(occ_fetch_into_tail(&reader->fetch, row, tail, err));
    }
    occ_tail_publish(tail, last);
    return occ_success();
}

/* ---- the look-up ---- */

static OCC_RESULT
visit_place(struct search *search, uint64_t place)
{
    struct occ_fetch *const fetch = &search->reader->fetch;
    search->is_ours = true;
    OCC_TRY(occ_fetch_place(fetch, place, search->err));
    if (memcmp(fetch->at.proof.digest, search->digest, 32) != 0) {
        search->is_ours = false;
        return occ_result_of(OCC_ERR_LEDGER_CORRUPT);
    }
    OCC_TRY(occ_reading_visit(search->reader, search->visit, search->ctx, search->err));
    search->is_ours = false;
    return occ_success();
}

static struct occ_result
take_place(void *ctx, uint64_t place)
{
    return visit_place(ctx, place);
}

static struct occ_result
not_yet(const struct search *search)
{
    return occ_error_set(search->err, OCC_ERR_BUSY, "%s: the digest index is being made", search->reader->db.path);
}

static OCC_RESULT
visit_index(struct search *search)
{
    struct occ_ledger_reader *const reader = search->reader;
    const struct occ_result result = occ_index_find(&reader->index, search->digest, take_place, search, NULL);
    if (occ_is_ok(result) || search->is_ours) {
        return result;
    }
    if (result.code == OCC_ERR_LEDGER_CORRUPT && reader->indexer != NULL) {
        occ_indexer_distrust(reader->indexer);
    }
    return not_yet(search);
}

static OCC_RESULT
visit_tail(struct search *search)
{
    const struct occ_buf *const places = &search->reader->places;
    uint64_t place;
    for (size_t at = places->len; at > 0; at -= sizeof place) { /* the oldest stands last */
        memcpy(&place, places->ptr + at - sizeof place, sizeof place);
        OCC_TRY(visit_place(search, place));
    }
    return occ_success();
}

/* *ret_began: something may have been visited, so that it cannot begin again. */
static OCC_RESULT
search_snapshot(struct search *search, bool has_index, struct occ_index_covered covered, bool *ret_began)
{
    struct occ_ledger_reader *const reader = search->reader;
    uint64_t last, proofs;
    OCC_TRY(occ_reading_last(reader, search->err, &last, &proofs));
    if (has_index && (covered.row > last || !is_verified(reader, &covered))) {
        has_index = false;
        covered.row = 0;
    }
    if (reader->own_tail != NULL) {
        const struct occ_result extended = extend_tail(reader, covered.row, last, search->err);
        if (extended.code == OCC_ERR_BUSY) {
            return not_yet(search);
        }
        OCC_TRY(extended);
    }
    occ_buf_reset(&reader->places);
    const struct occ_result found = occ_tail_find(reader->tail, search->digest, covered.row, last, &reader->places);
    if (!occ_is_ok(found)) {
        return found.code == OCC_ERR_BUSY ? not_yet(search) : occ_error_code(search->err, found.code);
    }
    *ret_began = true;
    OCC_TRY(has_index ? visit_index(search) : occ_success());
    return visit_tail(search);
}

struct occ_result
occ_ledger_by_digest(struct occ_ledger_reader *reader, const uint8_t digest[32], occ_ledger_visit *visit, void *ctx,
                     struct occ_error *err)
{
    struct search search = { .reader = reader, .digest = digest, .visit = visit, .ctx = ctx, .err = err };
    struct occ_result result = occ_result_of(OCC_ERR_BUSY);
    bool began = false;
    for (size_t i = 0; i < TRIES && !began && result.code == OCC_ERR_BUSY; i++) {
        struct occ_index_covered covered = { 0 };
        const bool has_index = occ_reading_begin_index(reader, &covered);
        result = occ_reading_begin(reader, err);
        if (occ_is_ok(result)) {
            result = search_snapshot(&search, has_index, covered, &began);
            occ_reading_end(reader);
        }
        occ_reading_end_index(reader);
    }
    if (result.code == OCC_ERR_BUSY) {
        close_index(reader); /* the next call looks whether there is a better one */
    }
    return result;
}
