/* Requests that wait: which share a frame, and which results are believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/pending.h"
#include "wire/frame.h"

enum { REQUESTS = 8, OPAQUE_LEN = 16 };

/* pending is the first member, so that done finds the rest. */
struct request {
    struct occ_pending pending;
    unsigned done;
    enum occ_err code;
    uint32_t proof_count;
    const struct occ_bytes *documents;
    char first_proof[32], text[64];
};

static void
on_done(struct occ_pending *pending, const struct occ_pending_answer *answer)
{
    struct request *request = (struct request *)pending;
    request->done++;
    request->code = answer->code;
    request->proof_count = answer->proof_count;
    request->documents = answer->documents;
    struct occ_bytes proofs = answer->proofs;
    struct occ_commit_proof proof;
    if (answer->code == OCC_OK && occ_commit_next_proof(&proofs, &proof)) {
        (void)snprintf(request->first_proof, sizeof(request->first_proof), "%.*s", OCC_BYTES_ARG(proof.text));
    } else {
        (void)snprintf(request->text, sizeof(request->text), "%.*s", OCC_BYTES_ARG(answer->text));
    }
}

static void
make_digest(uint8_t number, uint32_t i, uint8_t ret_digest[32])
{
    memset(ret_digest, number, 32);
    ret_digest[31] = (uint8_t)i;
}

static void
make_chain_request(struct request *request, uint8_t number, uint32_t digests, char chain)
{
    *request = (struct request){ .pending = { .digests = digests,
                                              .text_len = (size_t)digests * 700,
                                              .loose = OCC_BUF_INIT(1 << 20),
                                              .opaque_len = OPAQUE_LEN,
                                              .done = on_done } };
    request->pending.opaque[0] = number;
    struct occ_commit_writer writer;
    occ_commit_begin_loose(&writer, &request->pending.loose);
    occ_commit_put_request(&writer, occ_bytes_of(request->pending.opaque, OPAQUE_LEN));
    if (number % 2 == 1) { /* fields in front of digests and behind them are passed over */
        occ_commit_put_field(&writer, OCC_COMMIT_METADATA, occ_bytes_str("{}"));
    }
    if (chain != '-') {
        occ_commit_put_field(&writer, OCC_COMMIT_CHAIN, occ_bytes_of(&chain, 1));
    }
    for (uint32_t i = 0; i < digests; i++) {
        uint8_t digest[32];
        make_digest(number, i, digest);
        occ_commit_put_digest(&writer, digest);
        if (i % 2 == 0) {
            occ_commit_put_field(&writer, OCC_COMMIT_METADATA, occ_bytes_str("{\"a\":1}"));
        }
    }
    occ_commit_end_loose(&writer);
}

static void
make_request(struct request *request, uint8_t number, uint32_t digests)
{
    make_chain_request(request, number, digests, '-');
}

static const struct occ_pending_rules wide = {
    .frame_len_max = OCC_LIMIT_FRAME_LEN, .requests_max = 1024, .digests_max = 256, .answer_len_max = 1 << 24
};

static void
queue_requests(struct request *requests, const uint32_t *digests, size_t count, struct occ_pending_list *queue)
{
    for (size_t i = 0; i < count; i++) {
        make_request(&requests[i], (uint8_t)(i + 1), digests[i]);
        occ_pending_push(queue, &requests[i].pending);
    }
}

static void
clear_requests(struct request *requests, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        occ_buf_clear(&requests[i].pending.loose);
    }
}

/* How many of the requests the first frame takes under the rules. */
static size_t
packed(const struct occ_pending_rules *rules, const uint32_t *digests, size_t count)
{
    struct request requests[REQUESTS];
    struct occ_pending_list queue = { 0 }, flight = { 0 };
    queue_requests(requests, digests, count, &queue);
    OCC_BUF_AUTO(out, OCC_LIMIT_FRAME_LEN);
    assert_true(occ_is_ok(occ_pending_pack(&queue, rules, 5, &flight, &out)));
    assert_int_equal(queue.count + flight.count, count);

    struct occ_frame frame;
    size_t used;
    assert_true(occ_is_ok(occ_frame_next(occ_buf_view(&out), &frame, &used)));
    assert_int_equal(used, out.len);
    assert_int_equal(frame.type, OCC_FRAME_COMMIT);
    assert_int_equal(frame.id, 5);
    struct occ_commit_reader reader;
    uint16_t in_frame;
    assert_true(occ_is_ok(occ_commit_read(frame.payload, &reader, &in_frame)));
    assert_int_equal(in_frame, flight.count);
    struct occ_bytes opaque;
    assert_true(occ_is_ok(occ_commit_next_request(&reader, &opaque)));
    assert_int_equal(opaque.ptr[0], 1);
    clear_requests(requests, count);
    return flight.count;
}

/* The same of requests on chains: a character each, '-' = the default one. */
static size_t
packed_chains(uint32_t chains_max, const char *chains, const uint32_t *digests)
{
    struct request requests[REQUESTS];
    struct occ_pending_list queue = { 0 }, flight = { 0 };
    struct occ_pending_rules rules = wide;
    rules.chains_max = chains_max;
    const size_t count = strlen(chains);
    for (size_t i = 0; i < count; i++) {
        make_chain_request(&requests[i], (uint8_t)(i + 1), digests[i], chains[i]);
        occ_pending_push(&queue, &requests[i].pending);
    }
    OCC_BUF_AUTO(out, OCC_LIMIT_FRAME_LEN);
    assert_true(occ_is_ok(occ_pending_pack(&queue, &rules, 5, &flight, &out)));
    clear_requests(requests, count);
    return flight.count;
}

/* What may be signed at the same time fills the frame of each chain up by itself. */
static void
test_pack_chains(void **state)
{
    (void)state;
    static const uint32_t hundreds[] = { 100, 100, 100, 100, 100, 100 };
    static const uint32_t thousands[] = { 1000, 1000, 1, 1000, 1000, 1000 };
    assert_int_equal(packed_chains(1, "-a-a-a", hundreds), 2);
    assert_int_equal(packed_chains(2, "-a-a-a", hundreds), 4);
    assert_int_equal(packed_chains(2, "a-a-ab", hundreds), 4);
    assert_int_equal(packed_chains(2, "aaa---", hundreds), 2); /* their order is kept */
    assert_int_equal(packed_chains(2, "a-b---", hundreds), 2);
    assert_int_equal(packed_chains(3, "a-b-b-", hundreds), 5);
    assert_int_equal(packed_chains(OCC_PENDING_CHAINS_MAX, "abcdef", hundreds), 4);
    assert_int_equal(packed_chains(OCC_PENDING_CHAINS_MAX + 9, "abcdef", hundreds), 4);
    assert_int_equal(packed_chains(2, "a-a---", thousands), 2);
    assert_int_equal(packed_chains(4, "a-bcd-", thousands), 3); /* more than is in a frame of all chains together */
    assert_int_equal(packed_chains(1, "a-bcd-", thousands), 1);
}

static void
test_pack(void **state)
{
    (void)state;
    static const uint32_t ones[] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    static const uint32_t mixed[] = { 100, 100, 56, 1 };
    static const uint32_t large_first[] = { 1000, 1, 1 };
    static const uint32_t large_second[] = { 1, 256, 1 };
    assert_int_equal(packed(&wide, ones, 8), 8);
    assert_int_equal(packed(&wide, ones, 1), 1);
    assert_int_equal(packed(&wide, mixed, 4), 3); /* 256 digests, then no more */
    assert_int_equal(packed(&wide, large_first, 3), 1);
    assert_int_equal(packed(&wide, large_second, 3), 1);
    struct occ_pending_rules rules = wide;
    rules.requests_max = 3;
    assert_int_equal(packed(&rules, ones, 8), 3);
    rules = wide;
    rules.answer_len_max = 1400;
    assert_int_equal(packed(&rules, ones, 8), 2);
    rules = wide;
    rules.frame_len_max = 2000; /* results: 20 of head, 2 × (209 + 50 + 700) */
    assert_int_equal(packed(&rules, ones, 8), 2);
}

static void
test_fits_alone(void **state)
{
    (void)state;
    struct request request;
    make_request(&request, 1, 2);
    struct occ_pending_rules rules = wide;
    assert_true(occ_pending_fits_alone(&request.pending, &rules));
    rules.frame_len_max = 20 + 209 + 2 * 50 + 1400;
    assert_true(occ_pending_fits_alone(&request.pending, &rules));
    rules.frame_len_max--;
    assert_false(occ_pending_fits_alone(&request.pending, &rules));
    occ_buf_clear(&request.pending.loose);
}

/* In a frame a document counts once, or once for each proof; in answers always for each proof. */
static void
test_documents(void **state)
{
    (void)state;
    struct request request;
    make_request(&request, 1, 2);
    struct occ_pending_rules rules = wide;
    rules.document_len = 6000;
    assert_int_equal(occ_pending_answer_len(&request.pending, &rules), 2 * 6700);
    rules.frame_len_max = 20 + 209 + 2 * 50 + 1400 + 6004;
    assert_true(occ_pending_fits_alone(&request.pending, &rules));
    rules.frame_len_max--;
    assert_false(occ_pending_fits_alone(&request.pending, &rules));
    rules.has_own_document = true;
    rules.frame_len_max = 20 + 209 + 2 * 50 + 1400 + 2 * 6004;
    assert_true(occ_pending_fits_alone(&request.pending, &rules));
    rules.frame_len_max--;
    assert_false(occ_pending_fits_alone(&request.pending, &rules));
    rules = wide;
    rules.document_len = 6000;
    rules.answer_len_max = 2 * 6700;
    assert_true(occ_pending_fits_alone(&request.pending, &rules));
    rules.answer_len_max--;
    assert_false(occ_pending_fits_alone(&request.pending, &rules));
    occ_buf_clear(&request.pending.loose);

    static const uint32_t ones[] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    rules.answer_len_max = 3 * 6700;
    assert_int_equal(packed(&rules, ones, 8), 3);
    rules = wide;
    rules.document_len = 6000;
    rules.frame_len_max = 20 + 4 * (209 + 50 + 700) + 6004;
    assert_int_equal(packed(&rules, ones, 8), 4);
    rules.has_own_document = true;
    assert_int_equal(packed(&rules, ones, 8), 1);
}

/* ---- results ---- */

/* Not looked at here, but handed on. */
static const struct occ_bytes some_documents[1];

enum wrong {
    NOTHING,
    OPAQUE,
    POSITION,
    PROOFS,
    FEWER,
    MORE,
    ORDER,
    DIGEST,
    DIGEST_ORDER,
    TRAILING,
    REFUSED_WITH_POSITION
};

static void
put_success(struct occ_result_writer *writer, const struct request *request, uint64_t position, uint32_t proofs,
            enum wrong wrong)
{
    const uint8_t number = request->pending.opaque[0];
    occ_commit_put_success(writer, occ_bytes_of(request->pending.opaque, OPAQUE_LEN), position, occ_bytes_of(NULL, 0));
    for (uint32_t i = 0; i < proofs; i++) {
        uint8_t digest[32];
        make_digest(number, wrong == DIGEST_ORDER ? proofs - 1 - i : i, digest);
        digest[0] ^= wrong == DIGEST && i == 1 ? 1 : 0;
        const size_t begin = occ_commit_begin_proof(writer, position, digest);
        occ_buf_put_format(writer->buf, "proof %u.%u", number, i);
        occ_commit_end_proof(writer, begin, 0, 0);
    }
}

/* Results for two requests (2 digests; 1 digest, refused) and a third (1 digest), after position 6, with one thing wrong. */
static void
put_results(struct occ_buf *out, struct request *requests, enum wrong wrong)
{
    struct occ_result_writer writer;
    const struct occ_bytes second = occ_bytes_of(requests[1].pending.opaque, OPAQUE_LEN);
    uint8_t other[OPAQUE_LEN] = { 99 };
    occ_commit_begin_results(&writer, out, 5);
    put_success(&writer, &requests[wrong == ORDER ? 2 : 0], wrong == POSITION ? 8 : 7, wrong == PROOFS ? 1 : 2, wrong);
    occ_commit_put_refusal(&writer, wrong == OPAQUE ? occ_bytes_of(other, sizeof(other)) : second, OCC_ERR_FIELD_TYPE,
                           occ_bytes_str("metadata: wrong"));
    if (wrong == REFUSED_WITH_POSITION) { /* the refusal is 8 + 17 + 2 + 2 + 15 bytes; its position begins it */
        out->ptr[out->len - 44 + 7] = 8;
    }
    if (wrong != FEWER) {
        put_success(&writer, &requests[2], 8, 1, NOTHING);
    }
    if (wrong == MORE) {
        put_success(&writer, &requests[2], 9, 1, NOTHING);
    }
    if (wrong == TRAILING) {
        occ_buf_put_byte(out, 0);
    }
    occ_commit_end_results(&writer);
}

static struct occ_result
deliver(struct request *requests, enum wrong wrong, const struct occ_pending_answer *failed, uint64_t *position)
{
    static const uint32_t digests[] = { 2, 1, 1 };
    struct occ_pending_list flight = { 0 };
    OCC_BUF_AUTO(out, 1 << 16);
    queue_requests(requests, digests, 3, &flight);
    put_results(&out, requests, wrong);
    const struct occ_bytes payload = occ_bytes_of(out.ptr + OCC_FRAME_HEAD_LEN, out.len - OCC_FRAME_HEAD_LEN);
    struct occ_pending_results results;
    const struct occ_result result = occ_pending_check(&flight, payload, *position, &results);
    assert_int_equal(flight.count, 3);
    if (occ_is_ok(result)) {
        *position = results.position;
        assert_int_equal(results.successes, 2);
        assert_false(results.lost);
        occ_pending_deliver(&flight, payload, some_documents, failed);
        assert_int_equal(flight.count, 0);
    }
    clear_requests(requests, 3);
    return result;
}

static void
test_deliver(void **state)
{
    (void)state;
    struct request requests[3];
    uint64_t position = 6;
    assert_true(occ_is_ok(deliver(requests, NOTHING, NULL, &position)));
    assert_int_equal(position, 8);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(requests[i].done, 1);
    }
    assert_int_equal(requests[0].proof_count, 2);
    assert_string_equal(requests[0].first_proof, "proof 1.0");
    assert_ptr_equal(requests[0].documents, some_documents);
    assert_int_equal(requests[1].code, OCC_ERR_FIELD_TYPE);
    assert_string_equal(requests[1].text, "metadata: wrong");
    assert_string_equal(requests[2].first_proof, "proof 3.0");
}

/* What was signed and is not durable is nobody's yet; what was refused is refused. */
static void
test_deliver_failed(void **state)
{
    (void)state;
    struct request requests[3];
    uint64_t position = 6;
    const struct occ_pending_answer failed = { .code = OCC_ERR_UNKNOWN_OUTCOME, .text = occ_bytes_str("full") };
    assert_true(occ_is_ok(deliver(requests, NOTHING, &failed, &position)));
    static const enum occ_err codes[] = { OCC_ERR_UNKNOWN_OUTCOME, OCC_ERR_FIELD_TYPE, OCC_ERR_UNKNOWN_OUTCOME };
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(requests[i].done, 1);
        assert_int_equal(requests[i].code, codes[i]);
        assert_int_equal(requests[i].proof_count, 0);
    }
    assert_string_equal(requests[0].text, "full");
}

/* The boundary says of itself that it cannot be used any more. */
static void
test_lost(void **state)
{
    (void)state;
    struct request request;
    struct occ_pending_list flight = { 0 };
    struct occ_result_writer writer;
    struct occ_pending_results results;
    make_request(&request, 1, 1);
    occ_pending_push(&flight, &request.pending);
    OCC_BUF_AUTO(out, 4096);
    occ_commit_begin_results(&writer, &out, 5);
    occ_commit_put_refusal(&writer, occ_bytes_of(request.pending.opaque, OPAQUE_LEN), OCC_ERR_INTEGRITY,
                           occ_bytes_str("no"));
    occ_commit_end_results(&writer);
    const struct occ_bytes payload = occ_bytes_of(out.ptr + OCC_FRAME_HEAD_LEN, out.len - OCC_FRAME_HEAD_LEN);
    assert_true(occ_is_ok(occ_pending_check(&flight, payload, 9, &results)));
    assert_true(results.lost);
    assert_int_equal(results.successes, 0);
    assert_int_equal(results.position, 9);
    occ_buf_clear(&request.pending.loose);
}

/* The boundary's device fails: it says so, and is to be used again when it does not. */
static void
test_trouble(void **state)
{
    (void)state;
    static const struct {
        enum occ_err code;
        bool is_trouble;
    } cases[] = { { OCC_ERR_ATTESTER, true }, { OCC_ERR_TOKEN, true }, { OCC_ERR_BUSY, false } };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct request request;
        struct occ_pending_list flight = { 0 };
        struct occ_result_writer writer;
        struct occ_pending_results results;
        make_request(&request, 1, 1);
        occ_pending_push(&flight, &request.pending);
        OCC_BUF_AUTO(out, 4096);
        occ_commit_begin_results(&writer, &out, 5);
        occ_commit_put_refusal(&writer, occ_bytes_of(request.pending.opaque, OPAQUE_LEN), cases[i].code,
                               occ_bytes_str("it is away"));
        occ_commit_end_results(&writer);
        const struct occ_bytes payload = occ_bytes_of(out.ptr + OCC_FRAME_HEAD_LEN, out.len - OCC_FRAME_HEAD_LEN);
        assert_true(occ_is_ok(occ_pending_check(&flight, payload, 9, &results)));
        assert_false(results.lost);
        assert_int_equal(results.has_trouble, cases[i].is_trouble);
        assert_true(!cases[i].is_trouble || occ_bytes_is(results.trouble, "it is away"));
        occ_buf_clear(&request.pending.loose);
    }
}

/* One inconsistency anywhere, and nothing of the frame is believed. */
static void
test_deliver_refused(void **state)
{
    (void)state;
    for (enum wrong wrong = OPAQUE; wrong <= REFUSED_WITH_POSITION; wrong++) {
        struct request requests[3];
        uint64_t position = 6;
        assert_int_equal(deliver(requests, wrong, NULL, &position).code, OCC_ERR_WIRE_MESSAGE);
        assert_int_equal(position, 6);
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(requests[i].done, 0);
        }
    }
}

static void
test_fail_all(void **state)
{
    (void)state;
    static const uint32_t digests[] = { 1, 2 };
    struct request requests[2];
    struct occ_pending_list queue = { 0 };
    queue_requests(requests, digests, 2, &queue);
    assert_int_equal(queue.loose_len, requests[0].pending.loose.len + requests[1].pending.loose.len);
    assert_int_equal(queue.digests, 3);
    occ_pending_fail_all(&queue, OCC_ERR_UNAVAILABLE, "gone");
    assert_int_equal(queue.count, 0);
    assert_int_equal(queue.loose_len, 0);
    assert_null(occ_pending_pop(&queue));
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(requests[i].done, 1);
        assert_int_equal(requests[i].code, OCC_ERR_UNAVAILABLE);
        assert_string_equal(requests[i].text, "gone");
    }
    clear_requests(requests, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack_chains),
        cmocka_unit_test(test_pack),
        cmocka_unit_test(test_fits_alone),
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_trouble),
        cmocka_unit_test(test_deliver),
        cmocka_unit_test(test_deliver_refused),
        cmocka_unit_test(test_deliver_failed),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_fail_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
