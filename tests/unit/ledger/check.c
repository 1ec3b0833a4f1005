/* tests/unit/ledger/check.c — tables that do not say the same are found, each in words. */
#include <sqlite3.h>

#include "unit/ledger/support.h"

static struct occ_result
put_all(struct fixture *at)
{
    OCC_TRY(put_entry(at->ledger, "e", "", 1, 10, 2, &at->err));
    OCC_TRY(put_entry(at->ledger, "e", "x", 2, 5, 1, &at->err));
    OCC_TRY(put_entry(at->ledger, "e", "", 3, 20, 3, &at->err));
    const struct occ_ledger_epoch epoch = make_epoch("e");
    const struct occ_ledger_proof proof = { .counter = 30, .text = occ_bytes_str("{}") };
    static const uint8_t bytes[32];
    const struct occ_ledger_entry entry = { .position = 4,
                                            .proof_count = 1,
                                            .proofs = &proof,
                                            .repeat = occ_bytes_of(bytes, 32),
                                            .body = occ_bytes_of(bytes, 32),
                                            .wants_proof_token = true };
    const struct occ_ledger_token token = {
        .epoch_id = occ_bytes_str("e"), .counter = 30, .kind = OCC_LEDGER_TOKEN_ARTIFACT, .text = occ_bytes_str("{}")
    };
    const struct occ_ledger_write write = {
        .epoch = &epoch, .entries = &entry, .entry_count = 1, .tokens = &token, .token_count = 1
    };
    return occ_ledger_write(at->ledger, &write, &at->err);
}

struct problems {
    size_t count;
    char first[400];
};

static void
note(void *ctx, const char *sentence)
{
    struct problems *const problems = ctx;
    if (problems->count == 0) {
        (void)snprintf(problems->first, sizeof problems->first, "%s", sentence);
    }
    problems->count++;
}

static struct problems
check(const char *folder)
{
    struct occ_error err = { 0 };
    struct occ_ledger_reader *const reader = open_reader(NULL, folder);
    struct problems problems = { 0 };
    assert_ok(occ_ledger_check(reader, note, NULL, &problems, &err));
    occ_ledger_reader_free(reader);
    return problems;
}

static void
run_sql(const char *folder, const char *name, const char *sql)
{
    char path[512], *message = NULL;
    sqlite3 *db;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) {
        fail_msg("%s: %s", sql, message);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void
test_each_table(void **state)
{
    struct fixture *const at = *state;
    static const struct {
        const char *sql, *undo, *sentence;
    } cases[] = {
        { "UPDATE frames SET first_proof=first_proof+1 WHERE row=2",
          "UPDATE frames SET first_proof=first_proof-1 WHERE row=2", "row 2: it says proofs 4 to 4" },
        { "UPDATE frames SET proofs=2 WHERE row=2", "UPDATE frames SET proofs=1 WHERE row=2",
          "row 2: it says proofs 3 to 4" },
        { "UPDATE frames SET body=x'0102' WHERE row=2", NULL, "row 2 is missing or damaged" },
        { "UPDATE spans SET last=9 WHERE first=10", "UPDATE spans SET last=11 WHERE first=10",
          "row 1: the span of counters from 10 on" },
        { "UPDATE spans SET row=3 WHERE first=10", "UPDATE spans SET row=1 WHERE first=10", "row 1: the span" },
        { "DELETE FROM spans WHERE first=20", "INSERT INTO spans VALUES(1, 20, 22, 3, 5)",
          "row 3: the span of counters from 20" },
        { "INSERT INTO spans VALUES(1, 99, 99, 9, 9)", "DELETE FROM spans WHERE first=99", "rows that are not there" },
        { "UPDATE positions SET row=9 WHERE first=3", "UPDATE positions SET row=3 WHERE first=3",
          "row 3: its positions" },
        { "INSERT INTO positions VALUES(1, 9, 9, 9)", "DELETE FROM positions WHERE first=9",
          "rows that are not there" },
        { "UPDATE tokens SET text=x'00'", "UPDATE tokens SET text=CAST('{}' AS BLOB)", "a token of place" },
        { "UPDATE tokens SET place=place+1", "UPDATE tokens SET place=place-1", "row 4 is missing or damaged" },
        { "UPDATE wanted SET place=place+(1<<24)", "UPDATE wanted SET place=place-(1<<24)", "row 5 is missing" },
        { "UPDATE repeats SET first=31", "UPDATE repeats SET first=30", "a repeat does not lead to an entry" },
        { "UPDATE repeats SET proofs=2", "UPDATE repeats SET proofs=1", "a repeat does not lead to an entry" },
    };
    assert_ok(put_all(at));
    assert_int_equal(check(at->folder).count, 0);
    close_fixture(at);
    assert_int_equal(check(at->folder).count, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (cases[i].undo == NULL) { /* kept aside */
            run_sql(at->folder, "ledger.db", "CREATE TABLE aside AS SELECT body FROM frames WHERE row=2");
        }
        run_sql(at->folder, "ledger.db", cases[i].sql);
        const struct problems problems = check(at->folder);
        if (problems.count == 0 || strstr(problems.first, cases[i].sentence) == NULL) {
            fail_msg("%s: '%s' expected, %d problems, the first is '%s'", cases[i].sql, cases[i].sentence,
                     (int)problems.count, problems.first);
        }
        run_sql(at->folder, "ledger.db",
                cases[i].undo != NULL
                    ? cases[i].undo
                    : "UPDATE frames SET body=(SELECT body FROM aside) WHERE row=2; DROP TABLE aside");
        assert_int_equal(check(at->folder).count, 0);
    }
}

static void
test_index(void **state)
{
    struct fixture *const at = *state;
    assert_ok(put_all(at));
    close_fixture(at);
    assert_int_equal(check(at->folder).count, 0);
    run_sql(at->folder, "index.db", "UPDATE fences SET first=x'ff'");
    assert_int_equal(check(at->folder).count, 0); /* one block, found all the same */
    run_sql(at->folder, "index.db", "UPDATE blocks SET body=x'00'");
    assert_non_null(strstr(check(at->folder).first, "block 0 of run 1 is missing or damaged"));
    run_sql(at->folder, "index.db", "UPDATE runs SET state=0");
    assert_non_null(strstr(check(at->folder).first, "not every proof is found by its digest"));
    /* An index that does not say it is of this ledger is not used, so it is no problem. */
    run_sql(at->folder, "index.db", "UPDATE covered SET sum=1");
    assert_int_equal(check(at->folder).count, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_table, setup, teardown),
        cmocka_unit_test_setup_teardown(test_index, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
