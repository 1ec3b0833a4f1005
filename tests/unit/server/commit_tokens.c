/* Tests of src/server/commit_tokens.c: a request's tokens in its answer and in the ledger. */
#include "server/commit_tokens.h"
#include "base/limits.h"
#include "proof/body.h"
#include "unit/server/tsa_module.h"
#include "wire/frame.h"

enum { COMMIT_MAX = 24, ANSWER_MAX = 1 << 20, HOUR_MS = 3600000 };

struct run {
    struct tsa_module module;
    struct occ_workers *workers;
    struct occ_commit_tokens tokens;
    struct occ_buf loose, frame, answer;
    size_t count, ready_count, done_count;
};

static struct run *the_run;

static void
begin(struct run *run, const char *paths, const char *const *flags)
{
    *run = (struct run){ .loose = OCC_BUF_INIT(ANSWER_MAX),
                         .frame = OCC_BUF_INIT(ANSWER_MAX),
                         .answer = OCC_BUF_INIT(ANSWER_MAX) };
    the_run = run;
    module_begin(&run->module, paths, flags);
    run->module.store.tokens_wanted = SIZE_MAX;
    store_settle(&run->module.store); /* the ledger wants nothing yet */
    assert_true(occ_is_ok(occ_workers_new(run->module.tsa.loop, 1, 4, &run->workers)));
}

static void
end(struct run *run)
{
    occ_commit_tokens_clear(&run->tokens);
    occ_workers_free(run->workers);
    module_end(&run->module);
    occ_buf_clear(&run->loose);
    occ_buf_clear(&run->frame);
    occ_buf_clear(&run->answer);
}

static void
ready(struct occ_commit_tokens *tokens)
{
    assert_ptr_equal(tokens, &the_run->tokens);
    the_run->ready_count++;
    occ_loop_stop(the_run->module.tsa.loop);
}

static void
done(struct occ_commit_tokens *tokens)
{
    assert_ptr_equal(tokens, &the_run->tokens);
    the_run->done_count++;
    occ_loop_stop(the_run->module.tsa.loop);
}

/* A request for the digests 1 to count. */
static void
ask(struct run *run, size_t count, uint64_t wait_ms)
{
    struct occ_commit_writer writer;
    run->count = count;
    occ_commit_begin_loose(&writer, &run->loose);
    occ_commit_put_request(&writer, occ_bytes_str("opaque"));
    occ_commit_put_field(&writer, OCC_COMMIT_CHAIN, occ_bytes_str("a.chain"));
    for (size_t i = 1; i <= count; i++) {
        uint8_t digest[32];
        tsa_digest(i, digest);
        occ_commit_put_digest(&writer, digest);
        if (i % 2 == 0) {
            occ_commit_put_field(&writer, OCC_COMMIT_METADATA, occ_bytes_str("{}"));
        }
    }
    occ_commit_end_loose(&writer);
    run->tokens.done = done;
    run->tokens.ready = ready;
    run->tokens.workers = run->workers;
    assert_true(
        occ_is_ok(occ_commit_tokens_begin(&run->tokens, &run->module.timestamps, occ_buf_view(&run->loose),
                                          occ_loop_now_ms(run->module.tsa.loop) + wait_ms, occ_clock_unix_ms())));
    assert_int_equal(run->ready_count + run->done_count, 0);
}

/* Of three proofs one has no document, and two have one of two. */
static uint16_t
document_of(size_t number)
{
    return (uint16_t)(number % 3);
}

/* Returns where its document belongs. */
static size_t
put_proof(struct occ_buf *buf, size_t number)
{
    const size_t begin = buf->len;
    size_t place = 0;
    uint8_t digest[32];
    tsa_digest(number, digest);
    occ_buf_put_str(buf, "{\"artifact\":{\"digestB64\":\"");
    occ_base64_put(buf, occ_bytes_of(digest, 32));
    occ_buf_put_format(buf,
                       "\",\"hashAlg\":\"sha256\"},\"commit\":{\"chainId\":\"a.chain\",\"counter\":\"%zu\",\"epochId\":"
                       "\"epoch\",\"nonceB64\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"time\":1},"
                       "\"environment\":{",
                       number);
    if (document_of(number) != 0) {
        occ_buf_put_str(buf, "\"attestation\":{\"format\":\"test\",\"reportB64\":\"");
        place = buf->len - begin;
        occ_buf_put_str(buf, "\"},");
    }
    occ_buf_put_str(buf,
                    "\"enforcement\":\"stub\",\"measurement\":\"m\"},\"signer\":{\"publicKeyB64\":"
                    "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"signatureB64\":"
                    "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\"},"
                    "\"version\":\"occ/1\"}");
    return place;
}

static void
store_proof(struct run *run, size_t number, enum occ_ledger_token_kind kind)
{
    struct stored *stored = store_add(&run->module.store, number);
    snprintf(stored->chain_id, sizeof stored->chain_id, "a.chain");
    stored->kind = kind;
}

/* The boundary's results, durable; true if there is something to wait for. */
static bool
take(struct run *run)
{
    struct occ_result_writer writer;
    static const struct occ_bytes documents[] = { { (const uint8_t *)"Rmlyc3Q=", 8 },
                                                  { (const uint8_t *)"U2Vjb25k", 8 } };
    occ_commit_begin_results(&writer, &run->frame, 1);
    (void)occ_commit_put_document(&writer, documents[0]);
    (void)occ_commit_put_document(&writer, documents[1]);
    occ_commit_put_success(&writer, occ_bytes_str("opaque"), 1, occ_bytes_str("a.chain"));
    for (size_t i = 1; i <= run->count; i++) {
        uint8_t digest[32];
        tsa_digest(i, digest);
        const size_t at = occ_commit_begin_proof(&writer, i, digest);
        const size_t place = put_proof(&run->frame, i);
        occ_commit_end_proof(&writer, at, document_of(i), place);
        store_proof(run, i, OCC_LEDGER_TOKEN_ARTIFACT);
        store_proof(run, i, OCC_LEDGER_TOKEN_PROOF);
    }
    occ_commit_end_results(&writer);
    struct occ_commit_results results;
    struct occ_commit_outcome outcome;
    const struct occ_bytes payload =
        occ_bytes_of(run->frame.ptr + OCC_FRAME_HEAD_LEN, run->frame.len - OCC_FRAME_HEAD_LEN);
    assert_true(occ_is_ok(occ_commit_read_results(payload, &results)));
    assert_true(occ_is_ok(occ_commit_next_result(&results, &outcome)));
    bool waits = false;
    assert_true(occ_is_ok(occ_commit_tokens_take(&run->tokens, outcome.proofs, documents, &waits)));
    assert_int_equal(run->done_count, 0);
    return waits;
}

static void
run_until(struct run *run, const size_t *count)
{
    while (*count == 0) {
        tsa_run(&run->module.tsa);
    }
    assert_int_equal(*count, 1);
}

/* The answer, parsed: as many proofs as digests; the caller's. */
static struct occ_json *
answer_of(struct run *run, size_t len_max)
{
    struct occ_json *root = NULL;
    occ_commit_tokens_put(&run->tokens, len_max, &run->answer);
    assert_true(occ_is_ok(occ_json_parse(occ_buf_view(&run->answer), OCC_LIMIT_JSON_DEPTH, NULL, &root)));
    assert_int_equal(occ_json_length(root), run->count);
    OCC_BUF_AUTO(canonical, ANSWER_MAX);
    occ_canonical_put(&canonical, root);
    assert_true(occ_bytes_equal(occ_buf_view(&canonical), occ_buf_view(&run->answer)));
    return root;
}

static const struct occ_json *
token_of(const struct occ_json *root, size_t index, const char *name)
{
    return occ_json_get(occ_json_get(occ_json_at(root, index), "timestamps"), name);
}

static void
assert_covers(const struct occ_json *token, const uint8_t digest[32])
{
    OCC_BUF_AUTO(text, 100);
    occ_base64_put(&text, occ_bytes_of(digest, 32));
    assert_true(occ_bytes_equal(occ_json_string(occ_json_get(token, "digestB64")), occ_buf_view(&text)));
}

/* Each token where it belongs: about the artifact, about the proof's own core. */
static void
check_tokens(const struct run *run, const struct occ_json *root, bool with_proof)
{
    for (size_t i = 0; i < run->count; i++) {
        static const char *const reports[] = { "", "Rmlyc3Q=", "U2Vjb25k" };
        const struct occ_json *environment = occ_json_get(occ_json_at(root, i), "environment");
        const struct occ_json *report = occ_json_get(occ_json_get(environment, "attestation"), "reportB64");
        struct occ_proof proof;
        uint8_t core[32];
        assert_true(occ_bytes_is(occ_json_string(report), reports[document_of(i + 1)]));
        assert_true(occ_is_ok(occ_proof_read(occ_json_at(root, i), NULL, &proof)));
        assert_true(occ_is_ok(occ_body_core_hash(&proof, core)));
        assert_covers(token_of(root, i, "artifact"), proof.digest);
        if (with_proof) {
            assert_covers(token_of(root, i, "proof"), core);
        } else {
            assert_null(token_of(root, i, "proof"));
        }
    }
}

static void
run_until_stored(struct run *run, size_t tokens)
{
    run->module.store.tokens_wanted = tokens;
    while (run->module.store.tokens < tokens) {
        tsa_run(&run->module.tsa);
    }
}

static void
test_in_time(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/good", (const char *const[]){ NULL });
    ask(&run, 3, HOUR_MS);
    assert_false(occ_commit_tokens_are_whole(&run.tokens));
    run_until(&run, &run.ready_count);
    assert_true(occ_commit_tokens_are_whole(&run.tokens));
    assert_false(take(&run)); /* all is there */
    struct occ_json *root = answer_of(&run, ANSWER_MAX);
    check_tokens(&run, root, false);
    run_until_stored(&run, 3);
    assert_int_equal(run.module.tsa.asked, 3);
    occ_json_free(root);
    end(&run);
}

static void
check_both(size_t count)
{
    static struct run run;
    begin(&run, "/good", (const char *const[]){ "--tsa-proof", NULL });
    ask(&run, count, HOUR_MS);
    assert_true(take(&run)); /* the boundary was faster */
    run_until(&run, &run.done_count);
    assert_int_equal(run.ready_count, 0);
    struct occ_json *root = answer_of(&run, ANSWER_MAX);
    check_tokens(&run, root, true);
    run_until_stored(&run, 2 * count);
    for (size_t i = 0; i < run.module.store.count; i++) {
        assert_true(run.module.store.stored[i].token.len > 0);
    }
    occ_json_free(root);
    end(&run);
}

static void
test_both_kinds(void **state)
{
    (void)state;
    check_both(2);
    check_both(COMMIT_MAX); /* so many are hashed on a thread of their own */
}

static void
test_what_is_missing_comes_later(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/held", (const char *const[]){ "--tsa-proof", NULL });
    ask(&run, 2, 50);
    assert_true(take(&run));
    run_until(&run, &run.done_count);
    struct occ_json *root = answer_of(&run, ANSWER_MAX);
    assert_null(token_of(root, 0, "artifact"));
    assert_null(token_of(root, 1, "proof"));
    assert_int_equal(occ_timestamps_late_count(run.module.timestamps), 4);
    occ_json_free(root);
    while (run.module.store.tokens < 4) {
        run.module.store.tokens_wanted = 0; /* the store's timer stops the loop now and then */
        occ_timer_start(run.module.store.timer, 1);
        tsa_run(&run.module.tsa);
        tsa_release(&run.module.tsa, TSA_HELD_MAX);
    }
    assert_int_equal(run.module.tsa.asked, 4);
    end(&run);
}

static void
test_an_answer_without_room(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/good", (const char *const[]){ NULL });
    ask(&run, 3, HOUR_MS);
    run_until(&run, &run.ready_count);
    assert_false(take(&run));
    const size_t token_len = run.tokens.artifact.tokens[0].text.len;
    struct occ_json *root = answer_of(&run, run.tokens.proofs.len + token_len + 100);
    assert_non_null(token_of(root, 0, "artifact"));
    assert_null(token_of(root, 1, "artifact"));
    assert_null(token_of(root, 2, "artifact"));
    assert_true(run.answer.len <= run.tokens.proofs.len + token_len + 100);
    run_until_stored(&run, 3); /* the ledger has them all */
    occ_json_free(root);
    end(&run);
}

static void
test_refused_meanwhile(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/held", (const char *const[]){ NULL });
    ask(&run, 2, HOUR_MS);
    occ_commit_tokens_clear(&run.tokens);
    assert_int_equal(run.ready_count + run.done_count, 0);
    end(&run);
}

static void
test_the_server_stops(void **state)
{
    (void)state;
    static struct run run;
    begin(&run, "/held", (const char *const[]){ "--tsa-proof", NULL });
    ask(&run, 2, HOUR_MS);
    assert_true(take(&run));
    occ_timestamps_free(run.module.timestamps);
    run.module.timestamps = NULL;
    assert_int_equal(run.done_count, 1);
    struct occ_json *root = answer_of(&run, ANSWER_MAX);
    assert_null(token_of(root, 0, "artifact"));
    occ_json_free(root);
    end(&run);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_time),
        cmocka_unit_test(test_both_kinds),
        cmocka_unit_test(test_what_is_missing_comes_later),
        cmocka_unit_test(test_an_answer_without_room),
        cmocka_unit_test(test_refused_meanwhile),
        cmocka_unit_test(test_the_server_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
