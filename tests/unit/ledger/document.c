/* tests/unit/ledger/document.c — what is taken out of a text is put back byte for byte, whatever the text is. */
#include "ledger/document.h"

#include <sqlite3.h>

#include "unit/ledger/support.h"

#define NAME "\"reportB64\":\""

/* Proofs as texts: put, read again, compared. */
static void
assert_kept(struct fixture *at, uint64_t number, struct occ_bytes text)
{
    const struct occ_ledger_epoch epoch = make_epoch("e");
    const struct occ_ledger_proof proof = { .counter = number, .text = text };
    const struct occ_ledger_entry entry = { .position = number, .proof_count = 1, .proofs = &proof };
    const struct occ_ledger_write write = { .epoch = &epoch, .entries = &entry, .entry_count = 1 };
    assert_ok(occ_ledger_write(at->ledger, &write, &at->err));
    struct seen seen = SEEN_INIT;
    assert_ok(
        occ_ledger_by_counter(at->reader, occ_bytes_str("e"), occ_bytes_str(""), number, 1, see, &seen, &at->err));
    assert_int_equal(seen.count, 1);
    OCC_BUF_AUTO(expected, 1 << 20);
    const struct occ_ledger_found found = {
        .epoch_id = occ_bytes_str("e"), .counter = number, .position = number, .text = text
    };
    struct seen one = SEEN_INIT;
    assert_ok(see(&one, &found));
    occ_buf_move(&one.text, &expected);
    assert_seen(&seen, &expected);
    /* And it is recognized. */
    assert_ok(occ_ledger_write(at->ledger, &write, &at->err));
}

static void
put_run(struct occ_buf *buf, char byte, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        occ_buf_put_byte(buf, (uint8_t)byte);
    }
}

/* Where a document is cut: after the first name, from 256 bytes up to the limit, up to the next quote. */
static void
test_cut(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        size_t len;
        const char *after;
        bool is_cut;
    } cases[] = {
        { "{" NAME, 256, "\"}", true },
        { "{" NAME, 255, "\"}", false },
        { "{" NAME, OCC_LIMIT_LEDGER_DOCUMENT_LEN, "\"", true },
        { "{" NAME, OCC_LIMIT_LEDGER_DOCUMENT_LEN + 1, "\"", false },
        { "{" NAME, 300, "", false },                       /* not ended */
        { "{\"reportB64\" :\"", 300, "\"}", false },        /* not canonical */
        { "{\"metadata\":\"" NAME, 300, "\"}", true },      /* in a string: bytes are bytes */
        { NAME "short\"," NAME, 300, "\"}", false },        /* only the first */
        { "{\\\"reportB64\\\":\\\"", 300, "\\\"}", false }, /* escaped */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OCC_BUF_AUTO(text, 1 << 20);
        occ_buf_put_str(&text, cases[i].before);
        put_run(&text, 'A', cases[i].len);
        occ_buf_put_str(&text, cases[i].after);
        const struct occ_document_cut cut = occ_document_cut(occ_buf_view(&text));
        assert_int_equal(cut.document.len, cases[i].is_cut ? cases[i].len : 0);
        assert_int_equal(cut.head.len + cut.document.len + cut.tail.len, text.len);
        assert_true(!cases[i].is_cut || cut.head.len == strlen(cases[i].before));
    }
    assert_int_equal(occ_document_cut(occ_bytes_of(NULL, 0)).document.len, 0);
    assert_int_equal(occ_document_cut(occ_bytes_str(NAME)).document.len, 0);
    assert_int_equal(occ_document_cut(occ_bytes_str(NAME "\"")).document.len, 0);
}

/* Texts put together at random from pieces that mean something to it, some of them again and again. */
static void
test_any_text_is_kept(void **state)
{
    struct fixture *const at = *state;
    static const char *const pieces[] = { NAME,
                                          "\"",
                                          "\\",
                                          "\\\"",
                                          "{",
                                          "}",
                                          ",",
                                          "\"reportB64\"",
                                          ":\"",
                                          "reportB64",
                                          "\n",
                                          "\xff\x00",
                                          "\"version\":\"occ/1\"}",
                                          ",\"version\":\"occ/1\"}" };
    uint64_t random = 1;
    for (uint64_t number = 1; number <= 400; number++) {
        OCC_BUF_AUTO(text, 1 << 20);
        do {
            random = random * 6364136223846793005u + 1442695040888963407u;
            const unsigned choice = (unsigned)(random >> 33) % 20;
            if (choice < sizeof pieces / sizeof pieces[0]) {
                occ_buf_put_str(&text, pieces[choice]);
            } else {
                put_run(&text, (char)('A' + choice % 3), choice == 19 ? 1000 : 256 + (random >> 60));
            }
        } while ((random >> 40) % 9 != 0);
        occ_buf_put_byte(&text, 0);
        assert_kept(at, number, occ_buf_view(&text));
    }
}

/* The same document in many proofs takes room once. */
static void
test_shared(void **state)
{
    struct fixture *const at = *state;
    OCC_BUF_AUTO(text, 1 << 20);
    for (uint64_t number = 1; number <= 300; number++) {
        occ_buf_reset(&text);
        occ_buf_put_format(&text, "{\"n\":%d," NAME, (int)number);
        put_run(&text, (char)('A' + number / 100), 8000);
        occ_buf_put_str(&text, "\",\"version\":\"occ/1\"}");
        assert_kept(at, number, occ_buf_view(&text));
    }
    reopen_fixture(at);
    assert_kept(at, 301, occ_buf_view(&text));
    struct occ_ledger_stats stats;
    close_fixture(at);
    at->ledger = open_ledger(at->folder); /* closed and opened: the WAL is in the database */
    at->reader = open_reader(at->ledger, at->folder);
    occ_ledger_get_stats(at->ledger, &stats);
    assert_true(stats.bytes < 400000);
}

/* ---- the same proof with its document beside it ---- */

enum { NEWEST = 40 };

/* Proof number n: several share a document; some documents are too short to be stored once. */
struct sample {
    struct occ_buf whole, text, document;
    size_t place;
};

static void
make_sample(struct sample *sample, uint64_t number)
{
    *sample = (struct sample){ .whole = OCC_BUF_INIT(1 << 20),
                               .text = OCC_BUF_INIT(1 << 20),
                               .document = OCC_BUF_INIT(1 << 20) };
    const size_t len = number % 7 == 0 ? OCC_LIMIT_LEDGER_DOCUMENT_LEN_MIN - 1 : 6000;
    put_run(&sample->document, (char)('A' + number / 10), len);
    occ_buf_put_format(&sample->text, "{\"n\":%d," NAME, (int)number);
    sample->place = sample->text.len;
    occ_buf_put(&sample->whole, occ_buf_view(&sample->text));
    occ_buf_put(&sample->whole, occ_buf_view(&sample->document));
    occ_buf_put_str(&sample->whole, "\",\"version\":\"occ/1\"}");
    occ_buf_put_str(&sample->text, "\",\"version\":\"occ/1\"}");
}

static void
clear_sample(struct sample *sample)
{
    occ_buf_clear(&sample->whole);
    occ_buf_clear(&sample->text);
    occ_buf_clear(&sample->document);
}

static struct occ_ledger_proof
proof_of(const struct sample *sample, uint64_t number, bool apart)
{
    struct occ_ledger_proof proof = { .counter = number };
    proof.text = occ_buf_view(apart ? &sample->text : &sample->whole);
    proof.document = apart ? occ_buf_view(&sample->document) : proof.document;
    proof.place = apart ? sample->place : 0;
    return proof;
}

static struct occ_result
put_proof(struct fixture *at, uint64_t number, const struct occ_ledger_proof *proof)
{
    const struct occ_ledger_epoch epoch = make_epoch("e");
    const struct occ_ledger_entry entry = { .position = number, .proof_count = 1, .proofs = proof };
    const struct occ_ledger_write write = { .epoch = &epoch, .entries = &entry, .entry_count = 1 };
    return occ_ledger_write(at->ledger, &write, &at->err);
}

static void
put_samples(struct fixture *at, bool apart)
{
    for (uint64_t number = 1; number <= NEWEST; number++) {
        struct sample sample;
        make_sample(&sample, number);
        const struct occ_ledger_proof proof = proof_of(&sample, number, apart);
        assert_ok(put_proof(at, number, &proof));
        clear_sample(&sample);
    }
}

static sqlite3_stmt *
rows_of(const char *folder, sqlite3 **ret_db)
{
    char path[512];
    sqlite3_stmt *statement;
    (void)snprintf(path, sizeof path, "%s/ledger.db", folder);
    assert_int_equal(sqlite3_open(path, ret_db), SQLITE_OK);
    static const char query[] = "SELECT 1, row, body FROM frames UNION ALL SELECT 2, number, text FROM documents "
                                "ORDER BY 1, 2";
    assert_int_equal(sqlite3_prepare_v2(*ret_db, query, -1, &statement, NULL), SQLITE_OK);
    return statement;
}

/* Whichever way it is given, it is the same on disk. */
static void
test_same_on_disk(void **state)
{
    struct fixture *const at = *state;
    struct fixture other = { .folder = make_folder() };
    other.ledger = open_ledger(other.folder);
    put_samples(at, true);
    put_samples(&other, false);
    sqlite3 *db[2];
    sqlite3_stmt *const rows[2] = { rows_of(at->folder, &db[0]), rows_of(other.folder, &db[1]) };
    unsigned count = 0, documents = 0;
    for (; sqlite3_step(rows[0]) == SQLITE_ROW; count++) {
        assert_int_equal(sqlite3_step(rows[1]), SQLITE_ROW);
        assert_int_equal(sqlite3_column_int(rows[0], 1), sqlite3_column_int(rows[1], 1));
        assert_int_equal(sqlite3_column_bytes(rows[0], 2), sqlite3_column_bytes(rows[1], 2));
        assert_memory_equal(sqlite3_column_blob(rows[0], 2), sqlite3_column_blob(rows[1], 2),
                            (size_t)sqlite3_column_bytes(rows[0], 2));
        documents += sqlite3_column_int(rows[0], 0) == 2 ? 1 : 0;
    }
    assert_int_equal(sqlite3_step(rows[1]), SQLITE_DONE);
    assert_int_equal(count, NEWEST + 5);
    assert_int_equal(documents, 5);
    for (int i = 0; i < 2; i++) {
        (void)sqlite3_finalize(rows[i]);
        (void)sqlite3_close(db[i]);
    }
    close_fixture(&other);
    remove_folder(other.folder);
}

/* What was given in one form is recognized in the other, and found whole; any other byte is another proof. */
static void
test_same_proof(void **state)
{
    struct fixture *const at = *state;
    put_samples(at, true);
    put_samples(at, false);
    put_samples(at, true);
    for (uint64_t number = 1; number <= NEWEST; number++) {
        struct sample sample;
        make_sample(&sample, number);
        struct seen seen = SEEN_INIT;
        OCC_BUF_AUTO(expected, 1 << 20);
        occ_buf_put_format(&expected, "e//%d@%d ", (int)number, (int)number);
        occ_buf_put(&expected, occ_buf_view(&sample.whole));
        occ_buf_put_byte(&expected, '\n');
        assert_ok(
            occ_ledger_by_counter(at->reader, occ_bytes_str("e"), occ_bytes_str(""), number, 1, see, &seen, &at->err));
        assert_seen(&seen, &expected);
        struct occ_buf *const parts[] = { &sample.text, &sample.document };
        for (size_t i = 0; i < 2; i++) {
            const size_t ends[] = { 0, parts[i]->len - 1 };
            for (size_t k = 0; k < 2; k++) {
                parts[i]->ptr[ends[k]] ^= 1;
                const struct occ_ledger_proof proof = proof_of(&sample, number, true);
                assert_code(put_proof(at, number, &proof), OCC_ERR_INTEGRITY);
                parts[i]->ptr[ends[k]] ^= 1;
            }
        }
        struct occ_ledger_proof proof = proof_of(&sample, number, true);
        proof.place--; /* the same pieces in another place */
        assert_code(put_proof(at, number, &proof), OCC_ERR_INTEGRITY);
        proof.place++;
        proof.document.len--;
        assert_code(put_proof(at, number, &proof), OCC_ERR_INTEGRITY);
        clear_sample(&sample);
    }
}

static void
test_limits(void **state)
{
    struct fixture *const at = *state;
    OCC_BUF_AUTO(document, 1 << 20);
    put_run(&document, 'A', OCC_LIMIT_LEDGER_DOCUMENT_LEN + 1);
    struct occ_ledger_proof proof = {
        .counter = 1, .text = occ_bytes_str("{}"), .document = occ_buf_view(&document), .place = 1
    };
    assert_code(put_proof(at, 1, &proof), OCC_ERR_LIMIT);
    proof.document.len--;
    proof.place = 3; /* behind the text */
    assert_code(put_proof(at, 1, &proof), OCC_ERR_LIMIT);
    proof.place = 1;
    assert_ok(put_proof(at, 1, &proof));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut),
        cmocka_unit_test_setup_teardown(test_any_text_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shared, setup, teardown),
        cmocka_unit_test_setup_teardown(test_same_on_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_same_proof, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
