/* answers.c — what a reader tells besides proofs: repeats, epochs, tokens that are wanted. */
#include <inttypes.h>

#include "ledger/ledger.h"
#include "ledger/queries.h"
#include "ledger/reader.h"

/* ---- repeats ---- */

static OCC_RESULT
find_repeat(struct occ_ledger_reader *reader, const uint8_t repeat[32], struct occ_ledger_repeat *ret_repeat,
            struct occ_error *err)
{
    sqlite3_stmt *const statement = occ_db_statement(&reader->db, OCC_QUERY_REPEAT);
    occ_db_bind_bytes(statement, 1, occ_bytes_of(repeat, 32));
    struct occ_ledger_repeat found = { 0 };
    OCC_TRY(occ_db_step(&reader->db, statement, err, &found.found));
    if (!found.found) {
        *ret_repeat = found;
        return occ_success();
    }
    const struct occ_bytes body = occ_db_bytes(statement, 0);
    const uint64_t chain = occ_db_u64(statement, 1);
    found.first_counter = occ_db_u64(statement, 2);
    found.proof_count = (size_t)occ_db_u64(statement, 3);
    const bool is_sound = body.len == sizeof found.body;
    if (is_sound) {
        memcpy(found.body, body.ptr, sizeof found.body);
    }
    (void)sqlite3_reset(statement);
    if (!is_sound) {
        return occ_error_set(err, OCC_ERR_LEDGER_CORRUPT, "%s: a repeat is damaged", reader->db.path);
    }
    OCC_TRY(occ_fetch_names(&reader->fetch, chain, err));
    found.epoch_id = occ_buf_view(&reader->fetch.epoch_id);
    found.chain_id = occ_buf_view(&reader->fetch.chain_id);
    *ret_repeat = found;
    return occ_success();
}

struct occ_result
occ_ledger_find_repeat(struct occ_ledger_reader *reader, const uint8_t repeat[32], struct occ_ledger_repeat *ret_repeat,
                       struct occ_error *err)
{
    OCC_TRY(occ_reading_begin(reader, err));
    const struct occ_result result = find_repeat(reader, repeat, ret_repeat, err);
    occ_reading_end(reader);
    return result;
}

/* ---- epochs ---- */

struct chains {
    size_t count;
    uint64_t numbers[OCC_LIMIT_CHAINS];
    uint8_t ids[OCC_LIMIT_CHAINS][OCC_LIMIT_CHAIN_ID_LEN];
    struct occ_ledger_chain_info infos[OCC_LIMIT_CHAINS];
};

/* One query with one number as its parameter, of which at most one row is read. */
static OCC_RESULT
read_one(struct occ_db *db, enum occ_query query, uint64_t number, struct occ_error *err, uint64_t ret_columns[2])
{
    sqlite3_stmt *const statement = occ_db_statement(db, query);
    occ_db_bind_u64(statement, 1, number);
    bool found;
    OCC_TRY(occ_db_step(db, statement, err, &found));
    const int count = sqlite3_column_count(statement);
    ret_columns[0] = found ? occ_db_u64(statement, 0) : 0;
    ret_columns[1] = found && count > 1 ? occ_db_u64(statement, 1) : 0;
    (void)sqlite3_reset(statement);
    return occ_success();
}

static OCC_RESULT
list_chains(struct occ_db *db, uint64_t epoch, struct occ_error *err, struct chains *chains)
{
    sqlite3_stmt *const statement = occ_db_statement(db, OCC_QUERY_CHAINS);
    occ_db_bind_u64(statement, 1, epoch);
    for (chains->count = 0;; chains->count++) {
        bool found;
        OCC_TRY(occ_db_step(db, statement, err, &found));
        if (!found) {
            (void)sqlite3_reset(statement);
            return occ_success();
        }
        const struct occ_bytes id = occ_db_bytes(statement, 1);
        if (chains->count == OCC_LIMIT_CHAINS || id.len > OCC_LIMIT_CHAIN_ID_LEN) {
            (void)sqlite3_reset(statement);
            return occ_error_set(err, OCC_ERR_LEDGER_CORRUPT, "%s: the chains of epoch %" PRIu64 " are damaged",
                                 db->path, epoch);
        }
        chains->numbers[chains->count] = occ_db_u64(statement, 0);
        memcpy(chains->ids[chains->count], id.len == 0 ? (const uint8_t *)"" : id.ptr, id.len);
        chains->infos[chains->count].chain_id = occ_bytes_of(chains->ids[chains->count], id.len);
    }
}

static OCC_RESULT
read_chains(struct occ_db *db, uint64_t epoch, struct occ_error *err, struct chains *chains)
{
    OCC_TRY(list_chains(db, epoch, err, chains));
    for (size_t i = 0; i < chains->count; i++) {
        struct occ_ledger_chain_info *const info = &chains->infos[i];
        uint64_t columns[2];
        OCC_TRY(read_one(db, OCC_QUERY_SPAN_FIRST, chains->numbers[i], err, columns));
        info->first_counter = columns[0];
        OCC_TRY(read_one(db, OCC_QUERY_SPAN_LAST, chains->numbers[i], err, columns));
        info->last_counter = columns[0];
        info->proofs = columns[1];
    }
    return occ_success();
}

/* The epoch at which the statement stands. */
static OCC_RESULT
visit_epoch(struct occ_ledger_reader *reader, sqlite3_stmt *statement, occ_ledger_epoch_visit *visit, void *ctx,
            struct occ_error *err)
{
    struct chains chains;
    struct occ_ledger_epoch_info info = { .number = occ_db_u64(statement, 0),
                                          .epoch = { .epoch_id = occ_db_bytes(statement, 1),
                                                     .enforcement = occ_db_bytes(statement, 3),
                                                     .measurement = occ_db_bytes(statement, 4) },
                                          .began_ms = occ_db_u64(statement, 5) };
    const struct occ_bytes key = occ_db_bytes(statement, 2);
    if (key.len != sizeof info.epoch.public_key) {
        return occ_error_set(err, OCC_ERR_LEDGER_CORRUPT, "%s: epoch %" PRIu64 " is damaged", reader->db.path,
                             info.number);
    }
    memcpy(info.epoch.public_key, key.ptr, key.len);
    uint64_t columns[2];
    OCC_TRY(read_one(&reader->db, OCC_QUERY_POSITION_LAST, info.number, err, columns));
    OCC_TRY(read_chains(&reader->db, info.number, err, &chains));
    info.last_position = columns[0];
    info.chain_count = chains.count;
    info.chains = chains.infos;
    return visit(ctx, &info);
}

/* All that the statement gives; limit 0 = no limit. */
static OCC_RESULT
visit_epochs(struct occ_ledger_reader *reader, sqlite3_stmt *statement, size_t limit, occ_ledger_epoch_visit *visit,
             void *ctx, struct occ_error *err)
{
    for (size_t i = 0; limit == 0 || i < limit; i++) {
        bool found;
        OCC_TRY(occ_db_step(&reader->db, statement, err, &found));
        if (!found) {
            break;
        }
        const struct occ_result result = visit_epoch(reader, statement, visit, ctx, err);
        if (!occ_is_ok(result)) {
            (void)sqlite3_reset(statement);
            return result;
        }
    }
    (void)sqlite3_reset(statement);
    return occ_success();
}

struct occ_result
occ_ledger_epochs(struct occ_ledger_reader *reader, uint64_t first, size_t limit, occ_ledger_epoch_visit *visit,
                  void *ctx, struct occ_error *err)
{
    OCC_TRY(occ_reading_begin(reader, err));
    sqlite3_stmt *const statement = occ_db_statement(&reader->db, OCC_QUERY_EPOCHS);
    occ_db_bind_u64(statement, 1, first > INT64_MAX ? INT64_MAX : first);
    const struct occ_result result = visit_epochs(reader, statement, limit, visit, ctx, err);
    occ_reading_end(reader);
    return result;
}

struct occ_result
occ_ledger_epoch_of(struct occ_ledger_reader *reader, struct occ_bytes epoch_id, occ_ledger_epoch_visit *visit,
                    void *ctx, struct occ_error *err)
{
    OCC_TRY(occ_reading_begin(reader, err));
    sqlite3_stmt *const statement = occ_db_statement(&reader->db, OCC_QUERY_EPOCH_OF);
    occ_db_bind_bytes(statement, 1, epoch_id);
    const struct occ_result result = visit_epochs(reader, statement, 1, visit, ctx, err);
    occ_reading_end(reader);
    return result;
}

/* ---- tokens that are wanted ---- */

/* A cursor is a place and, below it, a kind, which takes two bits. */
enum { KIND_BITS = 2, KIND_MASK = (1 << KIND_BITS) - 1 };

static OCC_RESULT
visit_wanted(struct occ_ledger_reader *reader, sqlite3_stmt *statement, occ_ledger_wanted_visit *visit, void *ctx,
             struct occ_error *err)
{
    struct occ_ledger_wanted wanted = { .kind = (enum occ_ledger_token_kind)occ_db_u64(statement, 1) };
    OCC_TRY(occ_fetch_place(&reader->fetch, occ_db_u64(statement, 0), err));
    OCC_TRY(occ_fetch_found(&reader->fetch, err, &wanted.proof));
    memcpy(wanted.digest, reader->fetch.at.proof.digest, sizeof wanted.digest);
    wanted.since_ms = reader->fetch.at.part.received_ms;
    return visit(ctx, &wanted);
}

static OCC_RESULT
walk_wanted(struct occ_ledger_reader *reader, uint64_t *cursor, size_t limit, occ_ledger_wanted_visit *visit, void *ctx,
            struct occ_error *err)
{
    sqlite3_stmt *const statement = occ_db_statement(&reader->db, OCC_QUERY_WANTED);
    occ_db_bind_u64(statement, 1, *cursor >> KIND_BITS);
    occ_db_bind_u64(statement, 2, *cursor & KIND_MASK);
    for (size_t i = 0; i < limit; i++) {
        bool found;
        OCC_TRY(occ_db_step(&reader->db, statement, err, &found));
        if (!found) {
            break;
        }
        const uint64_t here = occ_db_u64(statement, 0) << KIND_BITS | (occ_db_u64(statement, 1) & KIND_MASK);
        const struct occ_result result = visit_wanted(reader, statement, visit, ctx, err);
        if (!occ_is_ok(result)) {
            (void)sqlite3_reset(statement);
            return result;
        }
        *cursor = here;
    }
    (void)sqlite3_reset(statement);
    return occ_success();
}

struct occ_result
occ_ledger_wanted(struct occ_ledger_reader *reader, uint64_t *cursor, size_t limit, occ_ledger_wanted_visit *visit,
                  void *ctx, struct occ_error *err)
{
    OCC_TRY(occ_reading_begin(reader, err));
    const struct occ_result result = walk_wanted(reader, cursor, limit, visit, ctx, err);
    occ_reading_end(reader);
    return result;
}
