/* schema.c — see schema.h. */
#include "ledger/schema.h"

#include <inttypes.h>
#include <stdio.h>

/*
 * All tables but repeats are appended to in ascending order of their keys, so that a write touches the last page of each.
 * Nothing is stored that would have to be changed later: the last position, counter and proof of each kind stand in the
 * last row of each.
 */
static const char *const ledger_steps[] = {
    "CREATE TABLE ledger(id BLOB NOT NULL) STRICT;"
    "INSERT INTO ledger(id) VALUES(randomblob(16));"
    "CREATE TABLE epochs(number INTEGER PRIMARY KEY, epoch_id BLOB NOT NULL UNIQUE, public_key BLOB NOT NULL,"
    "  enforcement BLOB NOT NULL, measurement BLOB NOT NULL, began_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE chains(number INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, chain_id BLOB NOT NULL,"
    "  UNIQUE(epoch, chain_id)) STRICT;"
    "CREATE TABLE frames(row INTEGER PRIMARY KEY, first_proof INTEGER NOT NULL, proofs INTEGER NOT NULL,"
    "  body BLOB NOT NULL) STRICT;"
    "CREATE TABLE positions(epoch INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, row INTEGER NOT "
    "NULL,"
    "  PRIMARY KEY(epoch, first)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE spans(chain INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, row INTEGER NOT NULL,"
    "  proofs INTEGER NOT NULL, PRIMARY KEY(chain, first)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE documents(number INTEGER PRIMARY KEY, sum INTEGER NOT NULL, text BLOB NOT NULL) STRICT;"
    "CREATE TABLE tokens(place INTEGER NOT NULL, kind INTEGER NOT NULL, sum INTEGER NOT NULL, text BLOB NOT NULL,"
    "  PRIMARY KEY(place, kind)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE wanted(place INTEGER NOT NULL, kind INTEGER NOT NULL, PRIMARY KEY(place, kind)) STRICT, WITHOUT "
    "ROWID;"
    "CREATE TABLE repeats(repeat BLOB PRIMARY KEY, body BLOB NOT NULL, received_ms INTEGER NOT NULL,"
    "  chain INTEGER NOT NULL, first INTEGER NOT NULL, proofs INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX repeats_by_time ON repeats(received_ms);",
};

const struct occ_schema occ_schema_ledger = { .application_id = 0x6f636331, /* "occ1" */
                                              .steps = ledger_steps,
                                              .version = sizeof ledger_steps / sizeof ledger_steps[0] };

static OCC_RESULT
foreign(const struct occ_db *db, struct occ_error *err)
{
    return occ_error_set(err, OCC_ERR_LEDGER_FOREIGN, "%s: another program's file", db->path);
}

/* *ret_version 0 = an empty file. */
static OCC_RESULT
read_version(struct occ_db *db, const struct occ_schema *schema, struct occ_error *err, uint64_t *ret_version)
{
    uint64_t application, version, tables;
    OCC_TRY(occ_db_number(db, "PRAGMA application_id", err, &application));
    OCC_TRY(occ_db_number(db, "PRAGMA user_version", err, &version));
    OCC_TRY(occ_db_number(db, "SELECT count(*) FROM sqlite_schema", err, &tables));
    if (application == 0 && version == 0 && tables == 0) {
        *ret_version = 0;
        return occ_success();
    }
    if (application != schema->application_id || version == 0) {
        return foreign(db, err);
    }
    if (version > schema->version) {
        return occ_error_set(err, OCC_ERR_LEDGER_FOREIGN,
                             "%s: version %" PRIu64 " of the tables, this program knows versions up to %zu", db->path,
                             version, schema->version);
    }
    *ret_version = version;
    return occ_success();
}

static OCC_RESULT
migrate(struct occ_db *db, const struct occ_schema *schema, struct occ_error *err)
{
    uint64_t version;
    OCC_TRY(read_version(db, schema, err, &version)); /* again, now that nobody else can do it */
    for (size_t i = (size_t)version; i < schema->version; i++) {
        OCC_TRY(occ_db_exec(db, schema->steps[i], err));
    }
    char text[96]; /* numbers of ours, not input */
    (void)snprintf(text, sizeof text, "PRAGMA application_id=%" PRIu32 "; PRAGMA user_version=%zu",
                   schema->application_id, schema->version);
    OCC_TRY(occ_db_exec(db, text, err));
    return occ_db_exec(db, "COMMIT", err);
}

struct occ_result
occ_schema_apply(struct occ_db *db, const struct occ_schema *schema, bool may_write, struct occ_error *err)
{
    uint64_t version;
    OCC_TRY(read_version(db, schema, err, &version));
    if (may_write) { /* not before it is known to be ours */
        OCC_TRY(occ_db_exec(db, "PRAGMA journal_mode=WAL", err));
    }
    if (version == schema->version) {
        return occ_success();
    }
    if (!may_write) {
        return occ_error_set(err, OCC_ERR_LEDGER_FOREIGN,
                             "%s: version %" PRIu64 " of the tables, %zu is expected; occd brings it up to date",
                             db->path, version, schema->version);
    }
    OCC_TRY(occ_db_exec(db, "BEGIN IMMEDIATE", err));
    const struct occ_result result = migrate(db, schema, err);
    if (!occ_is_ok(result)) {
        (void)occ_db_roll_back(db);
    }
    return result;
}
