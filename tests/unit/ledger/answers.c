/* tests/unit/ledger/answers.c — repeats, epochs, tokens that are wanted and how they are put. */
#include "unit/ledger/support.h"

#define EPOCH "epoch-1"

/* An entry with one proof and a repeat of the byte key. */
static struct occ_result
put_repeat(struct fixture *at, uint64_t position, uint64_t received_ms, uint8_t key)
{
    const struct occ_ledger_epoch epoch = make_epoch(EPOCH);
    const struct occ_ledger_proof proof = make_proof(EPOCH, "c", position * 10);
    uint8_t repeat[32], body[32];
    memset(repeat, key, sizeof repeat);
    memset(body, (int)position, sizeof body);
    const struct occ_ledger_entry entry = { .position = position,
                                            .chain_id = occ_bytes_str("c"),
                                            .repeat = occ_bytes_of(repeat, sizeof repeat),
                                            .body = occ_bytes_of(body, sizeof body),
                                            .received_ms = received_ms,
                                            .proof_count = 1,
                                            .proofs = &proof };
    const struct occ_ledger_write write = { .epoch = &epoch, .entries = &entry, .entry_count = 1 };
    const struct occ_result result = occ_ledger_write(at->ledger, &write, &at->err);
    free((void *)(uintptr_t)proof.text.ptr);
    return result;
}

/* The first counter that a repeat leads to; 0 = none. */
static uint64_t
find_repeat(struct fixture *at, uint8_t key)
{
    uint8_t repeat[32];
    memset(repeat, key, sizeof repeat);
    struct occ_ledger_repeat found;
    assert_ok(occ_ledger_find_repeat(at->reader, repeat, &found, &at->err));
    if (!found.found) {
        return 0;
    }
    assert_int_equal(found.body[31], found.first_counter / 10);
    assert_true(occ_bytes_is(found.epoch_id, EPOCH) && occ_bytes_is(found.chain_id, "c"));
    assert_int_equal(found.proof_count, 1);
    return found.first_counter;
}

static void
test_repeats(void **state)
{
    struct fixture *const at = *state;
    const uint64_t day = OCC_LIMIT_REPEAT_MS, start = 1700000000000;
    assert_int_equal(find_repeat(at, 1), 0);
    assert_ok(put_repeat(at, 1, start, 1));
    assert_ok(put_repeat(at, 2, start + 5, 2));
    assert_int_equal(find_repeat(at, 1), 10);
    assert_int_equal(find_repeat(at, 2), 20);
    /* The first answer stays while it is good, */
    assert_ok(put_repeat(at, 3, start + day - 1, 1));
    assert_int_equal(find_repeat(at, 1), 10);
    /* and is forgotten then. */
    assert_ok(put_repeat(at, 4, start + day, 1));
    assert_int_equal(find_repeat(at, 1), 40);
    bool more = true;
    assert_ok(occ_ledger_forget_repeats(at->ledger, start + day + 4, &more, &at->err));
    assert_false(more);
    assert_int_equal(find_repeat(at, 2), 20);
    assert_ok(occ_ledger_forget_repeats(at->ledger, start + day + 5, &more, &at->err));
    assert_int_equal(find_repeat(at, 2), 0);
    assert_int_equal(find_repeat(at, 1), 40);
}

/* A bounded number at a time, and it says whether it is to be asked again. */
static void
test_many_repeats(void **state)
{
    struct fixture *const at = *state;
    _Static_assert(OCC_LIMIT_LEDGER_FORGET == UINT8_MAX + 1, "as many as there are keys here");
    const uint64_t start = 1700000000000, later = start + OCC_LIMIT_REPEAT_MS + OCC_LIMIT_LEDGER_FORGET;
    for (unsigned i = 0; i < OCC_LIMIT_LEDGER_FORGET; i++) {
        assert_ok(put_repeat(at, i + 1, start + i, (uint8_t)i));
    }
    bool more = false;
    assert_ok(occ_ledger_forget_repeats(at->ledger, later, &more, &at->err));
    assert_true(more);
    assert_int_equal(find_repeat(at, UINT8_MAX), 0);
    assert_ok(occ_ledger_forget_repeats(at->ledger, later, &more, &at->err));
    assert_false(more);
}

static struct occ_result
see_epoch(void *ctx, const struct occ_ledger_epoch_info *info)
{
    struct occ_buf *const text = ctx;
    occ_buf_put_format(text, "%d %.*s last %d at %d key %d %.*s:", (int)info->number,
                       OCC_BYTES_ARG(info->epoch.epoch_id), (int)info->last_position, (int)info->began_ms,
                       info->epoch.public_key[31], OCC_BYTES_ARG(info->epoch.measurement));
    for (size_t i = 0; i < info->chain_count; i++) {
        const struct occ_ledger_chain_info *const chain = &info->chains[i];
        occ_buf_put_format(text, " '%.*s' %d..%d %d", OCC_BYTES_ARG(chain->chain_id), (int)chain->first_counter,
                           (int)chain->last_counter, (int)chain->proofs);
    }
    occ_buf_put_byte(text, '\n');
    return occ_buf_check(text);
}

static void
test_epochs(void **state)
{
    struct fixture *const at = *state;
    assert_ok(put_entry(at->ledger, "a", "", 1, 5, 2, &at->err));
    assert_ok(put_entry(at->ledger, "a", "x", 2, 1, 1, &at->err));
    assert_ok(put_entry(at->ledger, "b", "", 1, 7, 1, &at->err));
    assert_ok(put_entry(at->ledger, "c", "", 1, 8, 1, &at->err));
    assert_ok(put_entry(at->ledger, "a", "", 3, 9, 3, &at->err));
    OCC_BUF_AUTO(text, 1 << 16);
    assert_ok(occ_ledger_epochs(at->reader, 0, 0, see_epoch, &text, &at->err));
    assert_true(occ_bytes_is(occ_buf_view(&text), "1 a last 3 at 1001 key 7 stub:test: '' 5..11 5 'x' 1..1 1\n"
                                                  "2 b last 1 at 1001 key 7 stub:test: '' 7..7 1\n"
                                                  "3 c last 1 at 1001 key 7 stub:test: '' 8..8 1\n"));
    occ_buf_reset(&text);
    assert_ok(occ_ledger_epochs(at->reader, 2, 1, see_epoch, &text, &at->err));
    assert_ok(occ_ledger_epoch_of(at->reader, occ_bytes_str("b"), see_epoch, &text, &at->err));
    assert_ok(occ_ledger_epoch_of(at->reader, occ_bytes_str("d"), see_epoch, &text, &at->err));
    assert_ok(occ_ledger_epochs(at->reader, 4, 0, see_epoch, &text, &at->err));
    assert_true(occ_bytes_is(occ_buf_view(&text), "2 b last 1 at 1001 key 7 stub:test: '' 7..7 1\n"
                                                  "2 b last 1 at 1001 key 7 stub:test: '' 7..7 1\n"));
}

static struct occ_result
see_wanted(void *ctx, const struct occ_ledger_wanted *wanted)
{
    struct occ_buf *const text = ctx;
    uint8_t digest[32];
    digest_of(wanted->proof.counter, digest);
    assert_memory_equal(digest, wanted->digest, sizeof digest);
    occ_buf_put_format(text, "%d/%d@%d ", (int)wanted->proof.counter, (int)wanted->kind, (int)wanted->since_ms);
    return occ_buf_check(text);
}

static void
assert_wanted(struct fixture *at, const char *expected)
{
    OCC_BUF_AUTO(text, 1 << 16);
    uint64_t cursor = 0, before;
    do { /* two at a time */
        before = cursor;
        assert_ok(occ_ledger_wanted(at->reader, &cursor, 2, see_wanted, &text, &at->err));
    } while (cursor != before);
    occ_buf_put_byte(&text, 0);
    assert_string_equal((const char *)text.ptr, expected);
}

static struct occ_result
put_token(struct fixture *at, uint64_t counter, enum occ_ledger_token_kind kind, const char *token_text)
{
    const struct occ_ledger_token token = { .epoch_id = occ_bytes_str(EPOCH),
                                            .chain_id = occ_bytes_str(""),
                                            .counter = counter,
                                            .kind = kind,
                                            .text = occ_bytes_str(token_text) };
    const struct occ_ledger_write write = { .tokens = &token, .token_count = 1 };
    return occ_ledger_write(at->ledger, &write, &at->err);
}

static struct occ_result
see_joined(void *ctx, const struct occ_ledger_found *found)
{
    occ_ledger_put_joined(ctx, found);
    return occ_success();
}

static void
assert_joined(struct fixture *at, uint64_t counter, const char *expected)
{
    OCC_BUF_AUTO(text, 1 << 16);
    assert_ok(occ_ledger_by_counter(at->reader, occ_bytes_str(EPOCH), occ_bytes_str(""), counter, 1, see_joined, &text,
                                    &at->err));
    occ_buf_put_byte(&text, 0);
    assert_non_null(strstr((const char *)text.ptr, expected));
}

static void
test_tokens(void **state)
{
    struct fixture *const at = *state;
    const struct occ_ledger_epoch epoch = make_epoch(EPOCH);
    struct occ_ledger_proof proofs[3];
    for (size_t i = 0; i < 3; i++) {
        proofs[i] = make_proof(EPOCH, "", i + 1);
    }
    const struct occ_ledger_entry entries[] = {
        { .position = 1,
          .received_ms = 100,
          .proof_count = 2,
          .proofs = proofs,
          .wants_artifact_token = true,
          .wants_proof_token = true },
        { .position = 2, .received_ms = 200, .proof_count = 1, .proofs = proofs + 2, .wants_artifact_token = true },
    };
    /* The first one's artifact token comes with it. */
    const struct occ_ledger_token token = { .epoch_id = occ_bytes_str(EPOCH),
                                            .counter = 1,
                                            .kind = OCC_LEDGER_TOKEN_ARTIFACT,
                                            .text = occ_bytes_str("{\"a\":1}") };
    const struct occ_ledger_write write = {
        .epoch = &epoch, .entries = entries, .entry_count = 2, .tokens = &token, .token_count = 1
    };
    assert_ok(occ_ledger_write(at->ledger, &write, &at->err));
    assert_wanted(at, "1/2@100 2/1@100 2/2@100 3/1@200 ");
    assert_joined(at, 1, ",\"timestamps\":{\"artifact\":{\"a\":1}},\"version\":\"occ/1\"}");
    /* Again: what was there stays. */
    assert_ok(put_token(at, 1, OCC_LEDGER_TOKEN_ARTIFACT, "{\"b\":2}"));
    assert_ok(put_token(at, 1, OCC_LEDGER_TOKEN_PROOF, "{\"c\":3}"));
    assert_joined(at, 1, ",\"timestamps\":{\"artifact\":{\"a\":1},\"proof\":{\"c\":3}},\"version\":\"occ/1\"}");
    assert_wanted(at, "2/1@100 2/2@100 3/1@200 ");
    /* Given up. */
    assert_ok(put_token(at, 2, OCC_LEDGER_TOKEN_ARTIFACT, ""));
    assert_wanted(at, "2/2@100 3/1@200 ");
    assert_ok(put_token(at, 2, OCC_LEDGER_TOKEN_PROOF, "{\"d\":4}"));
    assert_joined(at, 2, ",\"timestamps\":{\"proof\":{\"d\":4}},\"version\":\"occ/1\"}");
    assert_joined(at, 3, "\"},\"version\":\"occ/1\"}");
    assert_wanted(at, "3/1@200 ");
    assert_code(put_token(at, 4, OCC_LEDGER_TOKEN_ARTIFACT, "{}"), OCC_ERR_NOT_FOUND);
    for (size_t i = 0; i < 3; i++) {
        free((void *)(uintptr_t)proofs[i].text.ptr);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_repeats, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_repeats, setup, teardown),
        cmocka_unit_test_setup_teardown(test_epochs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tokens, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
