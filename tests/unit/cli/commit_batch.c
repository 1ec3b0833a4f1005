#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "cli/commit.h"
#include "os/file.h"
#include "proof/proof.h"

/* A plan of count items whose metadata is len bytes each. */
static struct occ_commit_plan
plan_of(size_t count, size_t batch, bool shared, size_t len)
{
    struct occ_commit_plan plan = { .count = count, .batch = batch, .shared_metadata = shared };
    plan.items = calloc(count, sizeof *plan.items);
    assert_non_null(plan.items);
    for (size_t i = 0; i < count; i++) {
        plan.items[i].file = "file";
        plan.items[i].metadata = OCC_BUF_INIT(1 << 20);
        for (size_t j = 0; j < len; j++) {
            occ_buf_put_byte(&plan.items[i].metadata, 'x');
        }
    }
    return plan;
}

static void
batch_sizes(void **state)
{
    (void)state;
    struct occ_commit_plan plan = plan_of(2500, 1000, true, 0);
    assert_int_equal(occ_commit_batch(&plan, 0), 1000);
    assert_int_equal(occ_commit_batch(&plan, 1000), 1000);
    assert_int_equal(occ_commit_batch(&plan, 2000), 500);
    assert_int_equal(occ_commit_batch(&plan, 2500), 0);
    occ_commit_plan_clear(&plan);
    /* Large metadata: an answer of 1,000 such proofs would be more than a server gives. */
    plan = plan_of(1000, 1000, true, 16 << 10);
    assert_in_range(occ_commit_batch(&plan, 0), 400, 600);
    plan.shared_metadata = false; /* and a request with each one's own more than it takes */
    assert_in_range(occ_commit_batch(&plan, 0), 100, 130);
    occ_commit_plan_clear(&plan);
    /* One always goes. */
    plan = plan_of(2, 1000, false, 1 << 20);
    plan.items[0].metadata.limit = 3 << 20;
    for (size_t i = 0; i < 2 << 20; i++) {
        occ_buf_put_byte(&plan.items[0].metadata, 'x');
    }
    assert_int_equal(occ_commit_batch(&plan, 0), 1);
    occ_commit_plan_clear(&plan);
    /* Signed values stand in every proof. */
    plan = plan_of(1000, 1000, true, 0);
    plan.fields.values[0] = OCC_BUF_INIT(16 << 10);
    assert_non_null(occ_buf_reserve(&plan.fields.values[0], 16 << 10));
    plan.fields.values[0].len = 16 << 10;
    assert_in_range(occ_commit_batch(&plan, 0), 400, 600);
    occ_commit_plan_clear(&plan);
}

static void
request_is(const struct occ_commit_plan *plan, size_t first, size_t count, const char *expected)
{
    OCC_BUF_AUTO(buf, 4096);
    occ_commit_put_request(plan, first, count, &buf);
    occ_buf_put_byte(&buf, 0);
    assert_true(occ_is_ok(occ_buf_check(&buf)));
    assert_string_equal((const char *)buf.ptr, expected);
}

#define ZERO "{\"digestB64\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"hashAlg\":\"sha256\""

static void
requests(void **state)
{
    (void)state;
    struct occ_commit_plan plan = plan_of(2, 1000, true, 0);
    request_is(&plan, 0, 2, "{\"digests\":[" ZERO "}," ZERO "}]}");
    request_is(&plan, 1, 1, "{\"digests\":[" ZERO "}]}");
    occ_buf_put_str(&plan.items[0].metadata, "{\"a\":1}");
    occ_buf_put_str(&plan.items[1].metadata, "{\"a\":1}");
    request_is(&plan, 0, 2, "{\"digests\":[" ZERO "}," ZERO "}],\"metadata\":{\"a\":1}}");
    plan.shared_metadata = false;
    request_is(&plan, 0, 2, "{\"digests\":[" ZERO ",\"metadata\":{\"a\":1}}," ZERO ",\"metadata\":{\"a\":1}}]}");
    occ_commit_plan_clear(&plan);
    /* An only digest's agency stands at the top, as older servers know it; others in their entries. */
    plan = plan_of(2, 1000, true, 0);
    for (size_t i = 0; i < 2; i++) {
        plan.items[i].agency = OCC_BUF_INIT(100);
        occ_buf_put_str(&plan.items[i].agency, i == 0 ? "{\"x\":0}" : "{\"x\":1}");
    }
    request_is(&plan, 0, 2, "{\"digests\":[" ZERO ",\"agency\":{\"x\":0}}," ZERO ",\"agency\":{\"x\":1}}]}");
    request_is(&plan, 1, 1, "{\"digests\":[" ZERO "}],\"agency\":{\"x\":1}}");
    occ_buf_clear(&plan.items[1].agency);
    plan.fields.slot_id = OCC_BUF_INIT(10);
    occ_buf_put_str(&plan.fields.slot_id, "s-1");
    occ_buf_put_byte(&plan.fields.slot_id, 0);
    plan.fields.chain_id = "c:1";
    request_is(&plan, 1, 1, "{\"digests\":[" ZERO ",\"slotId\":\"s-1\"}],\"chainId\":\"c:1\"}");
    occ_commit_plan_clear(&plan);
}

/* ---- answers: a real proof, and what is wrong with it in turn ---- */

static struct occ_json *
parse(const char *lead, struct occ_bytes middle, const char *end)
{
    OCC_BUF_AUTO(text, 1 << 20);
    occ_buf_put_str(&text, lead);
    occ_buf_put(&text, middle);
    occ_buf_put_str(&text, end);
    struct occ_json *value = NULL;
    struct occ_error err = { 0 };
    if (!occ_is_ok(occ_json_parse(occ_buf_view(&text), 65, &err, &value))) {
        fail_msg("%s", err.text);
    }
    return value;
}

static void
answer_gives(const struct occ_commit_plan *plan, struct occ_json *answer, enum occ_err code, const char *sentence)
{
    struct occ_error err = { 0 };
    const struct occ_result result = occ_commit_check_answer(plan, 0, plan->count, answer, &err);
    occ_json_free(answer);
    assert_string_equal(err.text, sentence);
    assert_int_equal(result.code, code);
}

#define LEAD "the server's answer does not verify: "

static void
answers(void **state)
{
    (void)state;
    OCC_BUF_AUTO(text, 1 << 20);
    struct occ_error err = { 0 };
    if (!occ_is_ok(occ_file_read(OCC_VECTORS "/occ1/stub-tool-call.json", &err, &text))) {
        skip(); /* the public vectors are not part of the project */
    }
    const struct occ_bytes proof_text = occ_buf_view(&text);
    struct occ_json *root = parse("", proof_text, "");
    struct occ_proof proof;
    assert_true(occ_is_ok(occ_proof_read(root, &err, &proof)));

    struct occ_commit_plan plan = plan_of(1, 1000, true, 0);
    struct occ_commit_item *item = &plan.items[0];
    memcpy(item->hash.digest, proof.digest, sizeof proof.digest);
    occ_json_free(root);
    occ_buf_put_str(&item->metadata, "{\"kind\":\"tool-execution\",\"tool\":\"read_file\"}");
    answer_gives(&plan, parse("[", proof_text, "]"), OCC_OK, "");

    answer_gives(&plan, parse("", proof_text, ""), OCC_ERR_PROOF_STRUCTURE,
                 LEAD "an object, expected an array of proofs");
    answer_gives(&plan, parse("[]", occ_bytes_of(NULL, 0), ""), OCC_ERR_PROOF_STRUCTURE, LEAD "0 proofs, expected 1");
    answer_gives(&plan, parse("[{},", proof_text, "]"), OCC_ERR_PROOF_STRUCTURE, LEAD "2 proofs, expected 1");
    answer_gives(&plan, parse("[{}]", occ_bytes_of(NULL, 0), ""), OCC_ERR_PROOF_STRUCTURE,
                 LEAD "proof of file: version: missing");

    occ_buf_reset(&item->metadata);
    occ_buf_put_str(&item->metadata, "{\"kind\":\"tool-execution\",\"tool\":\"write_file\"}");
    answer_gives(&plan, parse("[", proof_text, "]"), OCC_ERR_PROOF_STRUCTURE,
                 LEAD "proof of file: its metadata is not what was asked for");
    occ_buf_reset(&item->metadata);
    answer_gives(&plan, parse("[", proof_text, "]"), OCC_ERR_PROOF_STRUCTURE,
                 LEAD "proof of file: its metadata is not what was asked for");

    occ_buf_put_str(&item->metadata, "{\"kind\":\"tool-execution\",\"tool\":\"read_file\"}");
    plan.fields.chain_id = "c";
    answer_gives(&plan, parse("[", proof_text, "]"), OCC_ERR_PROOF_STRUCTURE,
                 LEAD "proof of file: its chain is not what was asked for");
    plan.fields.chain_id = NULL;
    item->agency = OCC_BUF_INIT(10);
    occ_buf_put_str(&item->agency, "{}");
    answer_gives(&plan, parse("[", proof_text, "]"), OCC_ERR_PROOF_STRUCTURE,
                 LEAD "proof of file: its agency is not what was asked for");
    occ_buf_reset(&item->agency);

    item->hash.digest[0] ^= 1;
    item->file = NULL;
    answer_gives(&plan, parse("[", proof_text, "]"), OCC_ERR_DIGEST_MISMATCH,
                 LEAD "proof of the digest: the file's digest is not the one in the proof");
    occ_commit_plan_clear(&plan);
}

/* The published proof whose policy was changed after it was signed. */
static void
answer_with_a_broken_signature(void **state)
{
    (void)state;
    OCC_BUF_AUTO(text, 1 << 20);
    struct occ_error err = { 0 };
    if (!occ_is_ok(occ_file_read(OCC_VECTORS "/occ1/stub-policy.json", &err, &text))) {
        skip(); /* the public vectors are not part of the project */
    }
    struct occ_json *root = parse("", occ_buf_view(&text), "");
    struct occ_proof proof;
    assert_true(occ_is_ok(occ_proof_read(root, &err, &proof)));
    struct occ_commit_plan plan = plan_of(1, 1000, true, 0);
    memcpy(plan.items[0].hash.digest, proof.digest, sizeof proof.digest);
    occ_json_free(root);
    answer_gives(&plan, parse("[", occ_buf_view(&text), "]"), OCC_ERR_SIGNATURE,
                 LEAD "proof of file: signature verification failed");
    occ_commit_plan_clear(&plan);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(batch_sizes), cmocka_unit_test(requests),
                                        cmocka_unit_test(answers), cmocka_unit_test(answer_with_a_broken_signature) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
