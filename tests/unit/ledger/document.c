/* tests/unit/ledger/document.c — what is taken out of a text is put back byte for byte, whatever the text is. */
#include "ledger/document.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut),
        cmocka_unit_test_setup_teardown(test_any_text_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shared, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
