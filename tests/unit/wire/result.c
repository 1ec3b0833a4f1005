/* result.c — RESULT frames. */
#include "unit/wire/torture.h"

static struct occ_frame
first_frame(const struct occ_buf *buf)
{
    struct occ_frame frame;
    size_t used = 0;
    assert_int_equal(occ_buf_check(buf).code, OCC_OK);
    assert_int_equal(occ_frame_next(occ_buf_view(buf), &frame, &used).code, OCC_OK);
    assert_int_equal(used, buf->len);
    return frame;
}

static void
put_proof_with(struct occ_result_writer *writer, const char *text, uint16_t document, size_t place)
{
    static const uint8_t digest[32] = { 5 };
    const size_t begin = occ_commit_begin_proof(writer, 9, digest);
    occ_buf_put_str(writer->buf, text);
    occ_commit_end_proof(writer, begin, document, place);
}

static void
put_proof(struct occ_result_writer *writer, const char *text)
{
    put_proof_with(writer, text, 0, 0);
}

static void
put_example(struct occ_buf *buf)
{
    struct occ_result_writer writer;
    occ_commit_begin_results(&writer, buf, 42);
    occ_commit_put_success(&writer, occ_bytes_str("one"), 7, occ_bytes_str("chain"));
    put_proof(&writer, "{\"a\":1}");
    put_proof(&writer, "{}");
    occ_commit_put_refusal(&writer, occ_bytes_str("two"), OCC_ERR_FIELD_TYPE, occ_bytes_str("why"));
    occ_commit_put_success(&writer, occ_bytes_str(""), 8, occ_bytes_str(""));
    put_proof(&writer, "x");
    occ_commit_end_results(&writer);
}

static void
test_round_trip(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 1000);
    put_example(&buf);
    const struct occ_frame frame = first_frame(&buf);
    assert_int_equal(frame.type, OCC_FRAME_RESULT);
    assert_int_equal(frame.id, 42);
    struct occ_commit_results in;
    struct occ_commit_outcome outcome;
    struct occ_bytes document;
    assert_int_equal(occ_commit_read_results(frame.payload, &in).code, OCC_OK);
    assert_int_equal(in.result_count, 3);
    assert_int_equal(in.document_count, 0);
    assert_false(occ_commit_next_document(&in.documents, &document));
    assert_int_equal(occ_commit_next_result(&in, &outcome).code, OCC_OK);
    assert_int_equal(outcome.code, OCC_OK);
    assert_int_equal(outcome.position, 7);
    assert_true(occ_bytes_is(outcome.opaque, "one"));
    assert_true(occ_bytes_is(outcome.chain_id, "chain"));
    assert_int_equal(outcome.proof_count, 2);
    struct occ_commit_proof proof;
    assert_true(occ_commit_next_proof(&outcome.proofs, &proof));
    assert_true(occ_bytes_is(proof.text, "{\"a\":1}"));
    assert_int_equal(proof.counter, 9);
    assert_int_equal(proof.digest[0], 5);
    assert_int_equal(proof.document, 0);
    assert_int_equal(proof.place, 0);
    assert_true(occ_commit_next_proof(&outcome.proofs, &proof));
    assert_true(occ_bytes_is(proof.text, "{}"));
    assert_false(occ_commit_next_proof(&outcome.proofs, &proof));
    assert_false(occ_commit_next_proof(&outcome.proofs, &proof));
    assert_int_equal(occ_commit_next_result(&in, &outcome).code, OCC_OK);
    assert_int_equal(outcome.code, OCC_ERR_FIELD_TYPE);
    assert_int_equal(outcome.position, 0);
    assert_true(occ_bytes_is(outcome.opaque, "two"));
    assert_true(occ_bytes_is(outcome.text, "why"));
    assert_int_equal(outcome.proof_count, 0);
    assert_int_equal(occ_commit_next_result(&in, &outcome).code, OCC_OK);
    assert_int_equal(outcome.position, 8);
    assert_true(occ_reader_done(&in.in));
    torture(occ_buf_view(&buf));
}

/* A result that was kept as bytes and is written again, alone in a frame with id 0. */
static void
test_encoded(void **state)
{
    (void)state;
    OCC_BUF_AUTO(first, 1000);
    struct occ_result_writer writer;
    occ_commit_begin_results(&writer, &first, 0);
    const size_t begin = first.len;
    occ_commit_put_success(&writer, occ_bytes_str("one"), 7, occ_bytes_str(""));
    put_proof(&writer, "{\"a\":1}");
    occ_commit_end_results(&writer);
    OCC_BUF_AUTO(again, 1000);
    occ_commit_begin_results(&writer, &again, 0);
    occ_commit_put_encoded_result(&writer, occ_bytes_of(first.ptr + begin, first.len - begin), 0);
    occ_commit_end_results(&writer);
    assert_int_equal(again.len, first.len);
    assert_memory_equal(again.ptr, first.ptr, first.len);
}

/* ---- documents ---- */

/* Two documents; of the proofs one has the second, one the first, and one none. */
static void
put_documents(struct occ_buf *buf)
{
    struct occ_result_writer writer;
    occ_commit_begin_results(&writer, buf, 42);
    assert_int_equal(occ_commit_put_document(&writer, occ_bytes_str("Rmlyc3Q=")), 1);
    assert_int_equal(occ_commit_put_document(&writer, occ_bytes_str("U2Vjb25k")), 2);
    occ_commit_put_success(&writer, occ_bytes_str("one"), 7, occ_bytes_str("chain"));
    put_proof_with(&writer, "{\"a\":\"\"}", 2, 6);
    put_proof_with(&writer, "{}", 0, 0);
    put_proof_with(&writer, "{\"b\":\"\"}", 1, 6);
    occ_commit_put_refusal(&writer, occ_bytes_str("two"), OCC_ERR_ATTESTER, occ_bytes_str("why"));
    occ_commit_end_results(&writer);
}

static void
expect_proof(struct occ_bytes *proofs, const char *text, uint16_t document, uint32_t place)
{
    struct occ_commit_proof proof;
    assert_true(occ_commit_next_proof(proofs, &proof));
    assert_true(occ_bytes_is(proof.text, text));
    assert_int_equal(proof.document, document);
    assert_int_equal(proof.place, place);
}

static void
test_documents(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 1000);
    put_documents(&buf);
    struct occ_commit_results in;
    assert_int_equal(occ_commit_read_results(first_frame(&buf).payload, &in).code, OCC_OK);
    assert_int_equal(in.document_count, 2);
    struct occ_bytes left = in.documents, document;
    assert_true(occ_commit_next_document(&left, &document));
    assert_true(occ_bytes_is(document, "Rmlyc3Q="));
    assert_true(occ_commit_next_document(&left, &document));
    assert_true(occ_bytes_is(document, "U2Vjb25k"));
    assert_false(occ_commit_next_document(&left, &document));
    struct occ_commit_outcome outcome;
    assert_int_equal(occ_commit_next_result(&in, &outcome).code, OCC_OK);
    assert_int_equal(outcome.proof_count, 3);
    expect_proof(&outcome.proofs, "{\"a\":\"\"}", 2, 6);
    expect_proof(&outcome.proofs, "{}", 0, 0);
    expect_proof(&outcome.proofs, "{\"b\":\"\"}", 1, 6);
    assert_int_equal(occ_commit_next_result(&in, &outcome).code, OCC_OK);
    assert_int_equal(outcome.code, OCC_ERR_ATTESTER);
    assert_true(occ_reader_done(&in.in));
    torture(occ_buf_view(&buf));
}

/* A result that was kept comes again behind others: the numbers of its documents are higher there. */
static void
test_raised(void **state)
{
    (void)state;
    OCC_BUF_AUTO(first, 1000);
    put_documents(&first);
    const struct occ_bytes payload = first_frame(&first).payload;
    struct occ_commit_results in;
    struct occ_commit_outcome outcome;
    assert_int_equal(occ_commit_read_results(payload, &in).code, OCC_OK);
    const uint8_t *const begin = in.in.next;
    assert_int_equal(occ_commit_next_result(&in, &outcome).code, OCC_OK);
    const struct occ_bytes encoded = occ_bytes_of(begin, (size_t)(in.in.next - begin));

    OCC_BUF_AUTO(again, 10000);
    struct occ_result_writer writer;
    occ_commit_begin_results(&writer, &again, 0);
    for (int i = 0; i < 302; i++) {
        (void)occ_commit_put_document(&writer, occ_bytes_str("A"));
    }
    occ_commit_put_encoded_result(&writer, encoded, 300);
    occ_commit_put_encoded_result(&writer, encoded, 0);
    occ_commit_end_results(&writer);
    assert_int_equal(occ_commit_read_results(first_frame(&again).payload, &in).code, OCC_OK);
    assert_int_equal(occ_commit_next_result(&in, &outcome).code, OCC_OK);
    expect_proof(&outcome.proofs, "{\"a\":\"\"}", 302, 6);
    expect_proof(&outcome.proofs, "{}", 0, 0); /* none stays none */
    expect_proof(&outcome.proofs, "{\"b\":\"\"}", 301, 6);
    assert_int_equal(occ_commit_next_result(&in, &outcome).code, OCC_OK);
    expect_proof(&outcome.proofs, "{\"a\":\"\"}", 2, 6);
    assert_true(occ_reader_done(&in.in));
}

/* Each proof's whole text, alone and encoded once more. */
static void
test_whole(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 1000);
    put_documents(&buf);
    struct occ_commit_results in;
    struct occ_commit_outcome outcome;
    struct occ_bytes documents[3] = { { 0 } };
    assert_int_equal(occ_commit_read_results(first_frame(&buf).payload, &in).code, OCC_OK);
    for (size_t i = 0; occ_commit_next_document(&in.documents, &documents[i]); i++) {
    }
    assert_int_equal(occ_commit_next_result(&in, &outcome).code, OCC_OK);
    OCC_BUF_AUTO(texts, 1000);
    OCC_BUF_AUTO(again, 1000);
    occ_commit_put_whole_proofs(&again, outcome.proofs, documents);
    struct occ_commit_proof proof;
    while (occ_commit_next_proof(&outcome.proofs, &proof)) {
        occ_commit_put_whole(&texts, &proof, documents);
    }
    assert_true(occ_bytes_is(occ_buf_view(&texts), "{\"a\":\"U2Vjb25k\"}{}{\"b\":\"Rmlyc3Q=\"}"));
    struct occ_bytes whole = occ_buf_view(&again);
    expect_proof(&whole, "{\"a\":\"U2Vjb25k\"}", 0, 0);
    expect_proof(&whole, "{}", 0, 0);
    assert_true(occ_commit_next_proof(&whole, &proof));
    assert_true(occ_bytes_is(proof.text, "{\"b\":\"Rmlyc3Q=\"}"));
    assert_int_equal(proof.counter, 9);
    assert_int_equal(proof.digest[0], 5);
    assert_int_equal(whole.len, 0);
}

static void
refuse_place(uint16_t document, size_t place)
{
    OCC_BUF_AUTO(buf, 1000);
    struct occ_result_writer writer;
    occ_commit_begin_results(&writer, &buf, 42);
    (void)occ_commit_put_document(&writer, occ_bytes_str("AAAA"));
    occ_commit_put_success(&writer, occ_bytes_str(""), 1, occ_bytes_str(""));
    put_proof_with(&writer, "{\"a\":\"\"}", document, place);
    occ_commit_end_results(&writer);
    OCC_BUF_AUTO(out, 1 << 20);
    assert_int_equal(again_results(first_frame(&buf).payload, 1, &out).code, OCC_ERR_WIRE_MESSAGE);
}

static void
test_places(void **state)
{
    (void)state;
    refuse_place(2, 6); /* there is one document */
    refuse_place(UINT16_MAX, 6);
    refuse_place(1, 0); /* in front of all */
    refuse_place(1, 8); /* behind all */
    refuse_place(0, 6); /* a place for nothing */
}

static void
test_document_limits(void **state)
{
    (void)state;
    static uint8_t text[OCC_LIMIT_DOCUMENT_B64_LEN + 1];
    memset(text, 'A', sizeof text);
    static const struct {
        size_t len;
        enum occ_err code;
    } cases[] = { { 0, OCC_ERR_LIMIT }, { OCC_LIMIT_DOCUMENT_B64_LEN, OCC_OK }, { sizeof text, OCC_ERR_LIMIT } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OCC_BUF_AUTO(buf, 1 << 20);
        struct occ_result_writer writer;
        occ_commit_begin_results(&writer, &buf, 1);
        (void)occ_commit_put_document(&writer, occ_bytes_of(text, cases[i].len));
        assert_int_equal(occ_buf_check(&buf).code, cases[i].code);
    }
    OCC_BUF_AUTO(buf, 1 << 20); /* after the first result there is no place for one */
    struct occ_result_writer writer;
    occ_commit_begin_results(&writer, &buf, 1);
    occ_commit_put_refusal(&writer, occ_bytes_str(""), OCC_ERR_LIMIT, occ_bytes_str("x"));
    assert_int_equal(occ_commit_put_document(&writer, occ_bytes_str("AAAA")), 0);
    assert_int_equal(occ_buf_check(&buf).code, OCC_ERR_LIMIT);
    /* What a writer does not write is not read: an empty document, and one that is too long. */
    OCC_BUF_AUTO(payload, 1 << 20);
    OCC_BUF_AUTO(out, 1 << 20);
    occ_buf_put(&payload, occ_bytes_of("\0\1\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\1\0\1x", 22));
    assert_int_equal(again_results(occ_buf_view(&payload), 1, &out).code, OCC_ERR_WIRE_MESSAGE);
    occ_buf_reset(&payload);
    occ_buf_put_be16(&payload, 1);
    occ_buf_put_be32(&payload, sizeof text);
    occ_buf_put(&payload, occ_bytes_of(text, sizeof text));
    occ_buf_put(&payload, occ_bytes_of("\0\1\0\0\0\0\0\0\0\0\0\0\1\0\1x", 16));
    assert_int_equal(again_results(occ_buf_view(&payload), 1, &out).code, OCC_ERR_WIRE_MESSAGE);
    payload.ptr[5]--; /* one byte less: the rest is read as results, so that one is to be taken out */
    memmove(payload.ptr + 6, payload.ptr + 7, payload.len - 7);
    payload.len--;
    assert_int_equal(again_results(occ_buf_view(&payload), 1, &out).code, OCC_OK);
}

/* ---- refusals ---- */

static void
refuse_read(const char *bytes, size_t len)
{
    OCC_BUF_AUTO(out, 1 << 20);
    assert_int_equal(again_results(occ_bytes_of(bytes, len), 1, &out).code, OCC_ERR_WIRE_MESSAGE);
}

static void
test_refusals(void **state)
{
    (void)state;
    refuse_read("", 0);
    refuse_read("\0\0\0\0", 4);
    refuse_read("\0\0\4\1", 4);
#define AT_1 "\0\0\0\0\0\0\0\1\0"
#define AT_0 "\0\0\0\0\0\0\0\0\0"
#define DIGEST "0123456789abcdef0123456789abcdef"
#define COUNTER "\0\0\0\0\0\0\0\1"
#define WHOLE "\0\0\0\0\0\0"
#define PROOF COUNTER DIGEST WHOLE "\0\0\0\1x"
#define REFUSE(text) refuse_read("\0\0" text, sizeof("\0\0" text) - 1)
    REFUSE("\0\2" AT_1 "\0\0\0\0\0\0\0\1" PROOF);                                    /* two announced, one there */
    REFUSE("\0\1" AT_1 "\0\0\0\0\0\0\0\0");                                          /* a success without proofs */
    REFUSE("\0\1" AT_0 "\0\0\0\0\0\0\0\1" PROOF);                                    /* a success without position */
    REFUSE("\0\1" AT_1 "\0\0\0\0\0\0\0\1" COUNTER DIGEST WHOLE "\0\0\0\0");          /* an empty proof */
    REFUSE("\0\1" AT_1 "\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0" DIGEST WHOLE "\0\0\0\1x"); /* counter 0 */
    REFUSE("\0\1" AT_1 "\0\0\0\1\xff\0\0\0\1" PROOF);                                /* a chainId that is not UTF-8 */
    REFUSE("\0\1" AT_1 "\0\0\0\x41" DIGEST DIGEST "x\0\0\0\1" PROOF);                /* and one that is too long */
    REFUSE("\0\1" AT_1 "\0\0\0\0\xff\xff\xff\xff" PROOF);
    REFUSE("\0\1" AT_1 "\0\0\0\0\0\0\0\1" COUNTER DIGEST WHOLE "\xff\xff\xff\xffx");
    REFUSE("\0\1" AT_1 "\0\1\0\1x");    /* a refusal with a position */
    REFUSE("\0\1" AT_0 "\0\1\0\1\xff"); /* a sentence that is not UTF-8 */
    OCC_BUF_AUTO(out, 1 << 20);
    assert_int_equal(again_results(occ_bytes_of("\0\0\0\1" AT_0 "\0\1\0\1x", 18), 1, &out).code, OCC_OK);
    static const char good[] = "\0\0\0\1" AT_1 "\0\0\0\0\0\0\0\1" PROOF;
    assert_int_equal(again_results(occ_bytes_of(good, sizeof good - 1), 1, &out).code, OCC_OK);
}

static void
test_writer_limits(void **state)
{
    (void)state;
    static const uint8_t opaque[OCC_LIMIT_OPAQUE_LEN + 1];
    OCC_BUF_AUTO(buf, 1 << 20);
    struct occ_result_writer writer;
    occ_commit_begin_results(&writer, &buf, 1);
    occ_commit_put_refusal(&writer, occ_bytes_of(opaque, sizeof opaque), OCC_ERR_LIMIT, occ_bytes_str("x"));
    assert_int_equal(occ_buf_check(&buf).code, OCC_ERR_LIMIT);
    occ_buf_reset(&buf);
    occ_commit_begin_results(&writer, &buf, 1);
    for (int i = 0; i < OCC_LIMIT_FRAME_REQUESTS; i++) {
        occ_commit_put_refusal(&writer, occ_bytes_str(""), OCC_ERR_LIMIT, occ_bytes_str("x"));
    }
    assert_int_equal(occ_buf_check(&buf).code, OCC_OK);
    occ_commit_put_encoded_result(&writer, occ_bytes_str("x"), 0);
    assert_int_equal(occ_buf_check(&buf).code, OCC_ERR_LIMIT);
    OCC_BUF_AUTO(small, 40); /* a buffer that fails in the middle of a proof stays failed, and unharmed */
    occ_commit_begin_results(&writer, &small, 1);
    occ_commit_put_success(&writer, occ_bytes_str(""), 1, occ_bytes_str(""));
    put_proof(&writer, "{\"long\":\"text\"}");
    occ_commit_end_results(&writer);
    assert_int_equal(occ_buf_check(&small).code, OCC_ERR_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),      cmocka_unit_test(test_encoded),  cmocka_unit_test(test_documents),
        cmocka_unit_test(test_raised),          cmocka_unit_test(test_whole),    cmocka_unit_test(test_places),
        cmocka_unit_test(test_document_limits), cmocka_unit_test(test_refusals), cmocka_unit_test(test_writer_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
