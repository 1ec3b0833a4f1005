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

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_entries) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
