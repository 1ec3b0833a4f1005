/* tests/unit/ledger/schema.c — an older version becomes today's in one step, all of it or nothing; a later one is refused. */
#include "ledger/schema.h"

#include "unit/ledger/support.h"

static const char *const steps[] = { "CREATE TABLE a(x INTEGER) STRICT; INSERT INTO a VALUES(1)",
                                     "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y=x*10",
                                     "CREATE TABLE b(z INTEGER) STRICT; INSERT INTO b SELECT y+5 FROM a" };
static const char *const broken[] = { "CREATE TABLE a(x INTEGER) STRICT; INSERT INTO a VALUES(1)",
                                      "ALTER TABLE a ADD COLUMN y INTEGER", "INSERT INTO nowhere VALUES(1)" };

static struct occ_schema
version(const char *const *which, size_t count)
{
    return (struct occ_schema){ .application_id = 77, .steps = which, .version = count };
}

static struct occ_db
open_db(const char *folder, enum occ_db_mode mode)
{
    const struct occ_db_options options = { .folder = folder, .name = "x.db", .mode = mode };
    struct occ_error err = { 0 };
    struct occ_db db;
    assert_ok(occ_db_open(&options, &err, &db));
    return db;
}

static uint64_t
number(struct occ_db *db, const char *sql)
{
    struct occ_error err;
    uint64_t value;
    assert_ok(occ_db_number(db, sql, &err, &value));
    return value;
}

static void
test_steps(void **state)
{
    (void)state;
    char *const folder = make_folder();
    struct occ_error err = { 0 };
    for (size_t count = 1; count <= 3; count++) {
        struct occ_db db = open_db(folder, OCC_DB_CREATE);
        const struct occ_schema schema = version(steps, count);
        assert_ok(occ_schema_apply(&db, &schema, true, &err));
        assert_ok(occ_schema_apply(&db, &schema, true, &err));
        assert_int_equal(number(&db, "PRAGMA user_version"), count);
        assert_int_equal(number(&db, "PRAGMA application_id"), 77);
        assert_int_equal(number(&db, count == 1   ? "SELECT x FROM a"
                                     : count == 2 ? "SELECT y FROM a"
                                                  : "SELECT z FROM b"),
                         count == 1   ? 1
                         : count == 2 ? 10
                                      : 15);
        occ_db_close(&db);
    }
    /* A later version than this program knows; an older one that may not be written. */
    struct occ_db db = open_db(folder, OCC_DB_READ);
    const struct occ_schema older = version(steps, 2), newest = version(steps, 3);
    assert_code(occ_schema_apply(&db, &older, false, &err), OCC_ERR_LEDGER_FOREIGN);
    assert_non_null(strstr(err.text, "version 3 of the tables, this program knows versions up to 2"));
    assert_ok(occ_schema_apply(&db, &newest, false, &err));
    occ_db_close(&db);
    remove_folder(folder);
}

static void
test_broken_step(void **state)
{
    (void)state;
    char *const folder = make_folder();
    struct occ_error err = { 0 };
    struct occ_db db = open_db(folder, OCC_DB_CREATE);
    const struct occ_schema first = version(broken, 1), all = version(broken, 3), next = version(steps, 3);
    assert_ok(occ_schema_apply(&db, &first, true, &err));
    assert_false(occ_is_ok(occ_schema_apply(&db, &all, true, &err)));
    assert_int_equal(number(&db, "PRAGMA user_version"), 1);
    assert_int_equal(number(&db, "SELECT count(*) FROM pragma_table_info('a')"), 1);
    /* An older one, by who may only read. */
    struct occ_db reader = open_db(folder, OCC_DB_READ);
    assert_code(occ_schema_apply(&reader, &next, false, &err), OCC_ERR_LEDGER_FOREIGN);
    assert_non_null(strstr(err.text, "version 1 of the tables, 3 is expected"));
    occ_db_close(&reader);
    assert_ok(occ_schema_apply(&db, &next, true, &err));
    assert_int_equal(number(&db, "SELECT z FROM b"), 15);
    occ_db_close(&db);
    remove_folder(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_steps), cmocka_unit_test(test_broken_step) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
