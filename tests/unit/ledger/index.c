/*
 * tests/unit/ledger/index.c — the digest index: runs, merges, duplicates; made anew when it is missing, foreign or damaged.
 */
#include "ledger/index.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "ledger/merge.h"
#include "unit/ledger/support.h"

/* ---- index.db by itself ---- */

static const uint8_t ledger_id[16] = "0123456789abcdef";

struct places {
    size_t count;
    uint64_t last;
    bool rises;
};

static struct occ_result
take_place(void *ctx, uint64_t place)
{
    struct places *const places = ctx;
    places->rises = places->rises && place > places->last;
    places->last = place;
    places->count++;
    return occ_success();
}

static struct places
find(struct occ_db *db, uint64_t number)
{
    uint8_t digest[32];
    digest_of(number, digest);
    struct places places = { .rises = true };
    struct occ_error err;
    assert_ok(occ_index_find(db, digest, take_place, &places, &err));
    return places;
}

static void
add_run(struct occ_db *db, uint64_t row, size_t count)
{
    struct occ_error err;
    uint8_t *const entries = malloc(count * OCC_BLOCK_ENTRY_LEN);
    assert_non_null(entries);
    for (size_t i = 0; i < count; i++) {
        uint8_t digest[32];
        /* Every third one is number 7. */
        digest_of(i % 3 == 0 ? 7 : row * 1000000 + i, digest);
        occ_block_make_entry(digest, row << 24 | i, entries + i * OCC_BLOCK_ENTRY_LEN);
    }
    const struct occ_index_covered covered = { .row = row, .sum = row * 3 };
    assert_ok(occ_index_add(db, entries, count, &covered, &err));
    free(entries);
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
assert_found(struct occ_db *db, uint64_t rows, size_t count)
{
    const struct places same = find(db, 7);
    assert_int_equal(same.count, rows * ((count + 2) / 3));
    assert_true(same.rises);
    for (uint64_t row = 1; row <= rows; row += 7) {
        const struct places one = find(db, row * 1000000 + 1);
        assert_int_equal(one.count, 1);
        assert_int_equal(one.last, row << 24 | 1);
    }
    assert_int_equal(find(db, 5).count, 0);
}

/* index.db, and nothing else. */
struct alone {
    char *folder;
    struct occ_db db;
    struct occ_merges *merges;
};

static void
open_index(struct alone *alone, bool anew)
{
    const struct occ_index_options options = { .folder = alone->folder };
    struct occ_error err = { 0 };
    assert_ok(occ_index_open_write(&options, anew, ledger_id, &err, &alone->db));
    assert_ok(occ_merges_new(&alone->merges));
}

static struct alone
open_alone(void)
{
    struct alone alone = { .folder = make_folder() };
    open_index(&alone, true);
    return alone;
}

static void
close_index(struct alone *alone)
{
    occ_merges_free(alone->merges);
    occ_db_close(&alone->db);
}

/* As by another process, after this one ended where it stood. */
static void
open_again(struct alone *alone)
{
    close_index(alone);
    open_index(alone, false);
}

static void
close_alone(struct alone *alone)
{
    close_index(alone);
    remove_folder(alone->folder);
}

static void
test_merges(void **state)
{
    (void)state;
    struct occ_error err = { 0 };
    struct alone alone = open_alone();
    enum { ROWS = 600, COUNT = 301 };
    bool did = true;
    for (uint64_t row = 1; row <= ROWS; row++) {
        add_run(&alone.db, row, COUNT);
        if (row % 3 == 0) {
            assert_ok(occ_merges_step(alone.merges, false, &alone.db, &err, &did));
        }
        if (row % 100 == 0) {
            assert_found(&alone.db, row, COUNT);
        }
    }
    /* A process that ends in between: what it had begun is thrown away. */
    open_again(&alone);
    assert_found(&alone.db, ROWS, COUNT);
    for (did = true; did;) {
        assert_ok(occ_merges_step(alone.merges, false, &alone.db, &err, &did));
    }
    assert_found(&alone.db, ROWS, COUNT);
    /* No level has enough for a merge, and nothing is left of what they were made from. */
    assert_int_equal(number(&alone.db, "SELECT count(*) FROM (SELECT 1 FROM runs GROUP BY level HAVING count(*)>=8)"),
                     0);
    assert_int_equal(number(&alone.db, "SELECT count(*) FROM runs WHERE state<>1"), 0);
    assert_int_equal(number(&alone.db, "SELECT sum(entries) FROM runs"), ROWS * COUNT);
    assert_int_equal(number(&alone.db, "SELECT count(*) FROM blocks"),
                     number(&alone.db, "SELECT sum(blocks) FROM runs"));
    assert_int_equal(number(&alone.db, "SELECT count(*) FROM fences"),
                     number(&alone.db, "SELECT sum(blocks) FROM runs"));
    struct occ_index_covered covered;
    assert_ok(occ_index_read_covered(&alone.db, &err, &covered));
    assert_int_equal(covered.row, ROWS);
    assert_int_equal(covered.sum, ROWS * 3);
    assert_memory_equal(covered.ledger, ledger_id, sizeof covered.ledger);
    close_alone(&alone);
}

/* What holds of the runs at all times: the older ones have no lower level, and none has more entries than its level allows. */
static void
assert_levels(struct occ_db *db)
{
    assert_int_equal(number(db,
                            "SELECT count(*) FROM runs AS older, runs AS newer WHERE older.state=1 AND newer.state=1 "
                            "AND older.first_row<newer.first_row AND older.level<newer.level"),
                     0);
    assert_int_equal(number(db,
                            "SELECT count(*) FROM runs AS older, runs AS newer WHERE older.state=1 AND newer.state=1 "
                            "AND older.first_row<newer.first_row AND older.last_row>=newer.first_row"),
                     0);
    assert_int_equal(number(db, "SELECT count(*) FROM runs WHERE state=1 AND entries>32768*(1<<(3*level))"), 0);
}

/* Every run has more than eight times what those behind it have together. */
static void
assert_settled(struct occ_db *db)
{
    assert_int_equal(number(db, "SELECT count(*) FROM runs WHERE state<>1"), 0);
    assert_int_equal(number(db, "SELECT count(*) FROM runs AS a WHERE entries<="
                                "8*(SELECT sum(entries) FROM runs AS b WHERE b.first_row>a.first_row)"),
                     0);
    assert_int_equal(number(db, "SELECT count(*) FROM blocks"), number(db, "SELECT sum(blocks) FROM runs"));
    assert_int_equal(number(db, "SELECT count(*) FROM fences"), number(db, "SELECT sum(blocks) FROM runs"));
}

/* Until there is nothing to do. */
static void
merge_all(struct alone *alone, bool may_settle)
{
    struct occ_error err;
    for (bool did = true; did;) {
        assert_ok(occ_merges_step(alone->merges, may_settle, &alone->db, &err, &did));
        assert_levels(&alone->db);
    }
}

/* Runs of all sizes, settled now and then, for longer or shorter: everything is found at any time. */
static void
test_settles(void **state)
{
    (void)state;
    struct occ_error err = { 0 };
    struct alone alone = open_alone();
    merge_all(&alone, true); /* nothing */
    enum { ROWS = 400 };
    uint64_t entries = 0, random = 1;
    for (uint64_t row = 1; row <= ROWS; row++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        const size_t count = 2 + (random >> 40) % ((random >> 60) < 4 ? 9000 : 300);
        add_run(&alone.db, row, count);
        entries += count;
        bool did = true;
        for (uint64_t i = 0; did && i < (random >> 35) % 8; i++) {
            assert_ok(occ_merges_step(alone.merges, (random >> 50) % 3 != 0, &alone.db, &err, &did));
            assert_levels(&alone.db);
        }
        if (row % 25 == 0) {
            merge_all(&alone, true);
            assert_settled(&alone.db);
        }
        const struct places one = find(&alone.db, row * 1000000 + 1);
        assert_int_equal(one.count, 1);
        assert_int_equal(one.last, row << 24 | 1);
        assert_true(find(&alone.db, 7).rises);
        if (row % 90 == 0) { /* a process that ends in between */
            open_again(&alone);
        }
    }
    merge_all(&alone, true);
    assert_settled(&alone.db);
    assert_int_equal(number(&alone.db, "SELECT sum(entries) FROM runs WHERE state=1"), entries);
    for (uint64_t row = 1; row <= ROWS; row++) {
        assert_int_equal(find(&alone.db, row * 1000000 + 1).count, 1);
    }
    close_alone(&alone);
}

static uint64_t
count_runs(struct occ_db *db, const char *where)
{
    char sql[160];
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM runs WHERE %s", where);
    return number(db, sql);
}

/* Seven runs, and settling has begun with them. */
static void
begin_to_settle(struct occ_merges *merges, struct occ_db *db, size_t count)
{
    struct occ_error err;
    bool did;
    for (uint64_t row = 1; row <= 7; row++) {
        add_run(db, row, count);
    }
    assert_ok(occ_merges_step(merges, true, db, &err, &did));
    assert_int_equal(count_runs(db, "state=0 AND first_row=1 AND last_row=7 AND level=1"), 1);
}

/* Runs that come while others are being settled are merged beside them, and what settling has done is not lost. */
static void
test_merges_while_settling(void **state)
{
    (void)state;
    struct occ_error err = { 0 };
    struct alone alone = open_alone();
    enum { COUNT = 9000 }; /* more than a slice */
    begin_to_settle(alone.merges, &alone.db, COUNT);
    const uint64_t blocks = number(&alone.db, "SELECT count(*) FROM blocks");
    for (uint64_t row = 8; row <= 15; row++) {
        add_run(&alone.db, row, 10);
    }
    bool did;
    assert_ok(occ_merges_step(alone.merges, true, &alone.db, &err, &did));
    assert_int_equal(count_runs(&alone.db, "state=1 AND first_row=8 AND last_row=15 AND level=1"), 1);
    assert_int_equal(count_runs(&alone.db, "state=0 AND first_row=1"), 1);
    for (uint64_t i = 0; i < 9; i++) { /* and what was merged is thrown away before settling goes on */
        assert_ok(occ_merges_step(alone.merges, true, &alone.db, &err, &did));
    }
    assert_true(number(&alone.db, "SELECT count(*) FROM blocks WHERE place>>32=8") * 100 <= COUNT * 7);
    assert_true(number(&alone.db, "SELECT count(*) FROM blocks") >= blocks);
    merge_all(&alone, true);
    assert_settled(&alone.db);
    assert_int_equal(count_runs(&alone.db, "number=8 AND entries=63000"), 1); /* the one that was begun first */
    close_alone(&alone);
}

/* So many that come meanwhile that they would get a higher level: settling is given up, and nothing is left of it. */
static void
test_settling_is_given_up(void **state)
{
    (void)state;
    struct alone alone = open_alone();
    begin_to_settle(alone.merges, &alone.db, 9000);
    for (uint64_t row = 8; row <= 71; row++) {
        assert_int_equal(count_runs(&alone.db, "state=0 AND first_row=1 AND last_row=7"), 1);
        add_run(&alone.db, row, 10);
        merge_all(&alone, false);
    }
    assert_int_equal(count_runs(&alone.db, "state<>1"), 0);
    assert_int_equal(count_runs(&alone.db, "first_row=1 AND last_row=15 AND level=1"), 1); /* the eight oldest */
    merge_all(&alone, true);
    assert_settled(&alone.db);
    assert_int_equal(number(&alone.db, "SELECT sum(entries) FROM runs"), 7 * 9000 + 64 * 10);
    close_alone(&alone);
}

static void
change(struct occ_db *db, const char *sql)
{
    assert_int_equal(sqlite3_exec(db->handle, sql, NULL, NULL, NULL), SQLITE_OK);
}

/*
 * A process that ends while it settles: what it has raised gets its level back. Else such runs would come higher each time, until
 * no merge is left for them, and a long one would be written again for a few short ones.
 */
static void
test_settling_is_interrupted(void **state)
{
    (void)state;
    struct alone alone = open_alone();
    begin_to_settle(alone.merges, &alone.db, 9000);
    assert_int_equal(count_runs(&alone.db, "state=1 AND level=1"), 7);
    open_again(&alone);
    merge_all(&alone, false);
    assert_int_equal(count_runs(&alone.db, "state=1 AND level=0"), 7);
    add_run(&alone.db, 8, 40000);
    change(&alone.db, "UPDATE runs SET level=1"); /* that long; and no run before it may have a lower one */
    add_run(&alone.db, 9, 10);
    open_again(&alone);
    merge_all(&alone, false);
    assert_int_equal(count_runs(&alone.db, "state=1 AND level=2 AND first_row=1 AND last_row=8"), 1);
    assert_int_equal(count_runs(&alone.db, "state=1 AND level=0 AND first_row=9"), 1);
    close_alone(&alone);
}

/* What a run says of itself is computed with: what cannot be is refused, and the index made anew. */
static void
test_damaged_runs(void **state)
{
    (void)state;
    static const char *const damages[] = { "entries=-1",   "entries=0",   "entries=501", "blocks=-1",
                                           "blocks=1<<40", "level=1<<40", "level=12",    "first_row=9000" };
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        struct occ_error err = { 0 };
        struct alone alone = open_alone();
        add_run(&alone.db, 1, 500);
        add_run(&alone.db, 2, 500);
        char sql[80];
        (void)snprintf(sql, sizeof sql, "UPDATE runs SET %s WHERE first_row=1", damages[i]);
        change(&alone.db, sql);
        bool did;
        assert_code(occ_merges_step(alone.merges, true, &alone.db, &err, &did), OCC_ERR_LEDGER_CORRUPT);
        assert_non_null(strstr(err.text, "run 1"));
        close_alone(&alone);
    }
}

/* ---- with a ledger ---- */

enum { FRAME = 500 };

static void
put_many(struct fixture *at, uint64_t from, uint64_t to)
{
    for (uint64_t position = from; position <= to; position++) {
        assert_ok(put_entry(at->ledger, "e", "", position, position * FRAME, FRAME, &at->err));
    }
}

/* The index catches up some time; a look-up says when. */
static struct occ_result
look_up(struct fixture *at, struct occ_ledger_reader *reader, uint64_t counter, struct seen *seen)
{
    uint8_t digest[32];
    digest_of(counter, digest);
    struct occ_result result;
    while ((result = occ_ledger_by_digest(reader, digest, see, seen, &at->err)).code == OCC_ERR_BUSY) {
        seen->count = 0;
        occ_buf_reset(&seen->text);
        usleep(2000);
    }
    return result;
}

static void
assert_all_found(struct fixture *at, struct occ_ledger_reader *reader, uint64_t last)
{
    for (uint64_t counter = FRAME; counter < (last + 1) * FRAME; counter += 997) {
        struct seen seen = SEEN_INIT;
        OCC_BUF_AUTO(expected, 1 << 16);
        assert_ok(look_up(at, reader, counter, &seen));
        expect_proof(&expected, "e", "", counter, counter / FRAME);
        assert_seen(&seen, &expected);
    }
    struct seen none = SEEN_INIT;
    assert_ok(look_up(at, reader, (last + 1) * FRAME, &none));
    assert_ok(look_up(at, reader, FRAME - 1, &none));
    assert_int_equal(none.count, 0);
}

/* Until all but what the tail keeps is in runs. */
static void
wait_for_index(struct fixture *at)
{
    struct occ_ledger_stats stats;
    for (;;) {
        occ_ledger_get_stats(at->ledger, &stats);
        if (stats.proofs - stats.indexed_proofs < 16384) {
            return;
        }
        usleep(2000);
    }
}

static void
test_many(void **state)
{
    struct fixture *const at = *state;
    put_many(at, 1, 200);
    assert_all_found(at, at->reader, 200);
    wait_for_index(at);
    put_many(at, 201, 205);
    assert_all_found(at, at->reader, 205);
    struct occ_ledger_reader *const own = open_reader(NULL, at->folder);
    assert_all_found(at, own, 205);
    put_many(at, 206, 250);
    assert_all_found(at, own, 250);
    occ_ledger_reader_free(own);
    reopen_fixture(at);
    assert_all_found(at, at->reader, 250);
    struct occ_ledger_stats stats;
    occ_ledger_get_stats(at->ledger, &stats);
    assert_int_equal(stats.proofs, 250 * FRAME);
}

/* When nothing comes for a while, all of it becomes one run. */
static void
test_settles_in_a_quiet_time(void **state)
{
    struct fixture *const at = *state;
    put_many(at, 1, 120);
    wait_for_index(at);
    const struct occ_index_options options = { .folder = at->folder };
    struct occ_db db;
    assert_ok(occ_index_open_read(&options, &at->err, &db));
    while (number(&db, "SELECT count(*) FROM runs") != 1) {
        usleep(2000);
    }
    occ_db_close(&db);
    assert_all_found(at, at->reader, 120);
    put_many(at, 121, 150);
    assert_all_found(at, at->reader, 150);
}

static char *
path_in(const struct fixture *at, const char *name)
{
    char *path = NULL;
    assert_true(asprintf(&path, "%s/%s", at->folder, name) > 0);
    return path;
}

static void
remove_index(struct fixture *at)
{
    static const char *const names[] = { "index.db", "index.db-wal", "index.db-shm" };
    for (size_t i = 0; i < 3; i++) {
        char *const path = path_in(at, names[i]);
        (void)unlink(path);
        free(path);
    }
}

static void
write_index(struct fixture *at, const void *bytes, size_t len, off_t offset)
{
    char *const path = path_in(at, "index.db");
    const int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, offset), (ssize_t)len);
    close(fd);
    free(path);
}

/* More than the tail holds: the index must be made before there is an answer, and is. */
static void
test_made_anew(void **state)
{
    struct fixture *const at = *state;
    put_many(at, 1, 150);
    close_fixture(at);
    for (int what = 0; what < 4; what++) {
        remove_index(at);
        if (what == 1) {
            char garbage[20000];
            memset(garbage, 'g', sizeof garbage);
            write_index(at, garbage, sizeof garbage, 0);
        }
        if (what == 2) { /* an index of another ledger */
            const struct occ_index_options options = { .folder = at->folder };
            struct occ_db db;
            assert_ok(occ_index_open_write(&options, true, ledger_id, &at->err, &db));
            add_run(&db, 1, 100);
            occ_db_close(&db);
        }
        if (what == 3) { /* another program's */
            char *const path = path_in(at, "index.db");
            sqlite3 *db;
            assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
            assert_int_equal(sqlite3_exec(db, "CREATE TABLE x(y); PRAGMA user_version=9", NULL, NULL, NULL), SQLITE_OK);
            sqlite3_close(db);
            free(path);
        }
        /* Without a writer nothing is made, and there is no answer. */
        struct occ_ledger_reader *const own = open_reader(NULL, at->folder);
        uint8_t digest[32];
        digest_of(FRAME, digest);
        struct seen seen = SEEN_INIT;
        assert_code(occ_ledger_by_digest(own, digest, see, &seen, &at->err), OCC_ERR_BUSY);
        assert_int_equal(seen.count, 0);
        reopen_fixture(at);
        assert_all_found(at, at->reader, 150);
        assert_all_found(at, own, 150);
        occ_ledger_reader_free(own);
        close_fixture(at);
    }
    at->ledger = NULL;
    at->reader = NULL;
}

/* Blocks of the index that are damaged are noticed by the look-up that reads them, and the index is made anew. */
static void
test_damaged_blocks(void **state)
{
    struct fixture *const at = *state;
    put_many(at, 1, 150);
    wait_for_index(at);
    close_fixture(at);
    char *const path = path_in(at, "index.db");
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    free(path);
    for (off_t page = 8; page < status.st_size / 4096; page++) {
        write_index(at, "damage", 6, page * 4096 + 2000);
    }
    reopen_fixture(at);
    assert_all_found(at, at->reader, 150);
}

/* The ledger is put back to an older copy, and goes on from there otherwise: the index of the newer one is not used. */
static void
test_ledger_put_back(void **state)
{
    struct fixture *const at = *state;
    put_many(at, 1, 20);
    char *const copy = path_in(at, "copy"), *const file = path_in(at, "ledger.db");
    assert_ok(occ_ledger_backup(at->folder, copy, NULL, NULL, &at->err));
    put_many(at, 21, 60);
    close_fixture(at);
    char *const wal = path_in(at, "ledger.db-wal");
    (void)unlink(wal);
    free(wal);
    assert_int_equal(rename(copy, file), 0);
    at->ledger = open_ledger(at->folder);
    at->reader = open_reader(at->ledger, at->folder);
    assert_all_found(at, at->reader, 20);
    assert_ok(put_entry(at->ledger, "e", "", 21, 1000000, FRAME, &at->err));
    struct seen seen = SEEN_INIT;
    assert_ok(look_up(at, at->reader, 21 * FRAME, &seen));
    assert_int_equal(seen.count, 0);
    assert_ok(look_up(at, at->reader, 1000000, &seen));
    assert_int_equal(seen.count, 1);
    occ_buf_clear(&seen.text);
    free(copy);
    free(file);
}

/* One digest, thousands of times, in runs, merged runs and tail: all of them, the oldest first. */
static void
test_duplicates(void **state)
{
    struct fixture *const at = *state;
    enum { EPOCHS = 40 };
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        char name[24];
        (void)snprintf(name, sizeof name, "epoch-%02d", epoch);
        assert_ok(put_entry(at->ledger, name, "", 1, 1, 1000, &at->err));
    }
    struct seen seen = SEEN_INIT;
    OCC_BUF_AUTO(expected, 1 << 20);
    assert_ok(look_up(at, at->reader, 5, &seen));
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        char name[24];
        (void)snprintf(name, sizeof name, "epoch-%02d", epoch);
        expect_proof(&expected, name, "", 5, 1);
    }
    assert_seen(&seen, &expected);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merges),
        cmocka_unit_test(test_settles),
        cmocka_unit_test(test_merges_while_settling),
        cmocka_unit_test(test_settling_is_given_up),
        cmocka_unit_test(test_settling_is_interrupted),
        cmocka_unit_test(test_damaged_runs),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
        cmocka_unit_test_setup_teardown(test_settles_in_a_quiet_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_made_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_blocks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ledger_put_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_duplicates, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
