/* Results become entries for the ledger: every field in its place, refusals left out, the bytes its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/delivery.h"
#include "wire/frame.h"

static const struct occ_boundary_identity identity = {
    .public_key = { 7 }, .epoch_id = "epoch", .enforcement = "stub", .measurement = "stub:test"
};

static void
put_proof(struct occ_result_writer *writer, uint64_t counter, const char *text)
{
    uint8_t digest[32];
    memset(digest, (int)counter, sizeof(digest));
    const size_t begin = occ_commit_begin_proof(writer, counter, digest);
    occ_buf_put_str(writer->buf, text);
    occ_commit_end_proof(writer, begin, 0, 0);
}

static struct occ_opaque
note_of(bool has_repeat)
{
    struct occ_opaque note = { .received_ms = 1234, .wants_artifact_token = true, .has_repeat = has_repeat };
    memset(note.repeat, 0xb2, sizeof(note.repeat));
    memset(note.body, 0xc3, sizeof(note.body));
    return note;
}

static void
test_entries(void **state)
{
    (void)state;
    const struct occ_opaque with_repeat = note_of(true), without = note_of(false);
    uint8_t first[OCC_OPAQUE_LEN_MAX], second[OCC_OPAQUE_LEN_MAX];
    const struct occ_bytes first_opaque = occ_bytes_of(first, occ_opaque_encode(&with_repeat, first));
    const struct occ_bytes second_opaque = occ_bytes_of(second, occ_opaque_encode(&without, second));
    struct occ_result_writer writer;
    OCC_BUF_AUTO(out, 1 << 16);
    occ_commit_begin_results(&writer, &out, 5);
    occ_commit_put_success(&writer, first_opaque, 8, occ_bytes_str("orders"));
    put_proof(&writer, 3, "{\"a\":1}");
    put_proof(&writer, 4, "{\"b\":22}");
    occ_commit_put_refusal(&writer, second_opaque, OCC_ERR_FIELD_TYPE, occ_bytes_str("no"));
    occ_commit_put_success(&writer, second_opaque, 9, occ_bytes_of(NULL, 0));
    put_proof(&writer, 5, "{\"c\":333}");
    occ_commit_put_success(&writer, occ_bytes_str("of another parent"), 10, occ_bytes_of(NULL, 0));
    put_proof(&writer, 6, "{}");
    occ_commit_end_results(&writer);

    struct occ_delivery *delivery = NULL;
    assert_true(occ_is_ok(occ_delivery_new(occ_bytes_of(out.ptr + OCC_FRAME_HEAD_LEN, out.len - OCC_FRAME_HEAD_LEN),
                                           &identity, 777, &delivery)));
    memset(out.ptr, 0xff, out.len); /* what it was made from is not needed any more */
    const struct occ_ledger_write *write = &delivery->job.write;
    assert_true(occ_bytes_is(write->epoch->epoch_id, "epoch"));
    assert_true(occ_bytes_is(write->epoch->enforcement, "stub"));
    assert_true(occ_bytes_is(write->epoch->measurement, "stub:test"));
    assert_int_equal(write->epoch->public_key[0], 7);
    assert_int_equal(write->entry_count, 3);
    assert_int_equal(write->token_count, 0);
    assert_int_equal(delivery->last_position, 10);

    const struct occ_ledger_entry *entry = &write->entries[0];
    assert_int_equal(entry->position, 8);
    assert_true(occ_bytes_is(entry->chain_id, "orders"));
    assert_true(occ_bytes_equal(entry->opaque, first_opaque));
    assert_int_equal(entry->received_ms, 1234);
    assert_true(entry->wants_artifact_token && !entry->wants_proof_token);
    assert_true(occ_bytes_equal(entry->repeat, occ_bytes_of(with_repeat.repeat, OCC_SHA256_LEN)));
    assert_true(occ_bytes_equal(entry->body, occ_bytes_of(with_repeat.body, OCC_SHA256_LEN)));
    assert_int_equal(entry->proof_count, 2);
    assert_int_equal(entry->proofs[1].counter, 4);
    assert_int_equal(entry->proofs[1].digest[31], 4);
    assert_true(occ_bytes_is(entry->proofs[1].text, "{\"b\":22}"));

    assert_int_equal(write->entries[1].position, 9);
    assert_int_equal(write->entries[1].chain_id.len, 0);
    assert_int_equal(write->entries[1].repeat.len, 0);
    assert_true(occ_bytes_is(write->entries[1].proofs[0].text, "{\"c\":333}"));

    /* Bytes that are not ours are kept as they are, and say nothing. */
    assert_true(occ_bytes_is(write->entries[2].opaque, "of another parent"));
    assert_int_equal(write->entries[2].received_ms, 777);
    assert_false(write->entries[2].wants_artifact_token);
    occ_delivery_free(delivery);
    occ_delivery_free(NULL);
}

/* ---- documents ---- */

static void
put_with(struct occ_result_writer *writer, uint64_t counter, uint16_t document)
{
    uint8_t digest[32] = { 0 };
    const size_t begin = occ_commit_begin_proof(writer, counter, digest);
    occ_buf_put_str(writer->buf, "{\"d\":\"\"}");
    occ_commit_end_proof(writer, begin, document, document == 0 ? 0 : 6);
}

static struct occ_result
deliver_documents(struct occ_delivery **ret_delivery)
{
    struct occ_result_writer writer;
    OCC_BUF_AUTO(out, 1 << 16);
    occ_commit_begin_results(&writer, &out, 5);
    (void)occ_commit_put_document(&writer, occ_bytes_str("AAAA"));
    (void)occ_commit_put_document(&writer, occ_bytes_str("BBBBBBBB"));
    occ_commit_put_success(&writer, occ_bytes_str("one"), 8, occ_bytes_of(NULL, 0));
    put_with(&writer, 1, 2);
    put_with(&writer, 2, 0);
    occ_commit_put_success(&writer, occ_bytes_str("two"), 9, occ_bytes_of(NULL, 0));
    put_with(&writer, 3, 1);
    put_with(&writer, 4, 2);
    occ_commit_end_results(&writer);
    struct occ_boundary_identity attested = identity;
    attested.document_len = 8;
    return occ_delivery_new(occ_bytes_of(out.ptr + OCC_FRAME_HEAD_LEN, out.len - OCC_FRAME_HEAD_LEN), &attested, 777,
                            ret_delivery);
}

static void
expect_document(const struct occ_ledger_proof *proof, const char *document)
{
    assert_true(occ_bytes_is(proof->text, "{\"d\":\"\"}"));
    assert_true(occ_bytes_is(proof->document, document));
    assert_int_equal(proof->place, document[0] == 0 ? 0 : 6);
}

/* Each proof gets its own document beside its text; one that several have is there once. */
static void
test_documents(void **state)
{
    (void)state;
    struct occ_delivery *delivery = NULL;
    assert_true(occ_is_ok(deliver_documents(&delivery)));
    const struct occ_ledger_entry *entries = delivery->job.write.entries;
    expect_document(&entries[0].proofs[0], "BBBBBBBB");
    expect_document(&entries[0].proofs[1], "");
    expect_document(&entries[1].proofs[0], "AAAA");
    expect_document(&entries[1].proofs[1], "BBBBBBBB");
    assert_ptr_equal(entries[1].proofs[1].document.ptr, entries[0].proofs[0].document.ptr);
    assert_true(occ_bytes_is(delivery->documents[0], "AAAA"));
    assert_true(occ_bytes_is(delivery->documents[1], "BBBBBBBB"));
    occ_delivery_free(delivery);
}

/* A document that is no base64 would end the string that it is put into. */
static void
test_document_that_is_none(void **state)
{
    (void)state;
    static const char *const texts[] = { "AAA\"", "AAA", "AA==AAAA", "\xff\xff\xff\xff" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        OCC_BUF_AUTO(frame, 4096);
        struct occ_result_writer writer;
        occ_commit_begin_results(&writer, &frame, 1);
        (void)occ_commit_put_document(&writer, occ_bytes_str("AAAA"));
        (void)occ_commit_put_document(&writer, occ_bytes_str(texts[i]));
        occ_commit_put_success(&writer, occ_bytes_str("x"), 1, occ_bytes_of(NULL, 0));
        put_with(&writer, 1, 2);
        occ_commit_end_results(&writer);
        struct occ_delivery *delivery = NULL;
        const struct occ_bytes payload = occ_bytes_of(frame.ptr + OCC_FRAME_HEAD_LEN, frame.len - OCC_FRAME_HEAD_LEN);
        assert_int_equal(occ_delivery_new(payload, &identity, 1000, &delivery).code, OCC_ERR_WIRE_MESSAGE);
        assert_null(delivery);
    }
}

/* 400 proofs of a frame that take two large documents in turns: in the frame once each, and in the ledger's count 400 times. */
static void
test_too_large_for_the_ledger(void **state)
{
    (void)state;
    struct occ_result_writer writer;
    struct occ_delivery *delivery = NULL;
    OCC_BUF_AUTO(out, 1 << 20);
    OCC_BUF_AUTO(document, OCC_LIMIT_DOCUMENT_B64_LEN);
    for (size_t i = 0; i < OCC_LIMIT_DOCUMENT_B64_LEN; i++) {
        occ_buf_put_byte(&document, 'A');
    }
    occ_commit_begin_results(&writer, &out, 5);
    (void)occ_commit_put_document(&writer, occ_buf_view(&document));
    (void)occ_commit_put_document(&writer, occ_buf_view(&document));
    occ_commit_put_success(&writer, occ_bytes_str("one"), 8, occ_bytes_of(NULL, 0));
    for (uint64_t i = 1; i <= 400; i++) {
        put_with(&writer, i, (uint16_t)(1 + i % 2));
    }
    occ_commit_end_results(&writer);
    struct occ_boundary_identity attested = identity;
    attested.document_len = OCC_LIMIT_DOCUMENT_B64_LEN;
    const struct occ_bytes payload = occ_bytes_of(out.ptr + OCC_FRAME_HEAD_LEN, out.len - OCC_FRAME_HEAD_LEN);
    assert_int_equal(occ_delivery_new(payload, &attested, 777, &delivery).code, OCC_ERR_WIRE_MESSAGE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_entries), cmocka_unit_test(test_documents),
                                        cmocka_unit_test(test_document_that_is_none),
                                        cmocka_unit_test(test_too_large_for_the_ledger) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
