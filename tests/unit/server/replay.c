/* A request that comes again finds its proofs in a real ledger, and only its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "epoch.h"
#include "server/replay.h"

enum { PROOFS = 3, TEXT_SIZE = 8192 };

static const uint8_t repeat_key[32] = { 1 }, body[32] = { 2 };

struct fixture {
    char folder[64];
    struct occ_ledger *ledger;
    struct occ_ledger_reader *reader;
    struct epoch_proof proofs[PROOFS];
    char expected[TEXT_SIZE];
};

/* An entry before, one with the key, one after. */
static void
set_up(struct fixture *fixture)
{
    struct occ_error err = { 0 };
    *fixture = (struct fixture){ .folder = "/tmp/occ-replay-XXXXXX" };
    assert_non_null(mkdtemp(fixture->folder));
    epoch_seed(fixture->folder, EPOCH_A, 7, 1, 1);
    const struct occ_ledger_options options = { .folder = fixture->folder };
    assert_true(occ_is_ok(occ_ledger_open(&options, &err, &fixture->ledger)));
    struct occ_ledger_proof proofs[PROOFS] = { 0 };
    for (unsigned i = 0; i < PROOFS; i++) {
        fixture->proofs[i] = epoch_make_proof(EPOCH_A, i + 2);
        proofs[i] = (struct occ_ledger_proof){ .counter = i + 2, .text = occ_bytes_str(fixture->proofs[i].text) };
    }
    (void)snprintf(fixture->expected, sizeof(fixture->expected), "[%s,%s,%s]", fixture->proofs[0].text,
                   fixture->proofs[1].text, fixture->proofs[2].text);
    const struct occ_ledger_epoch epoch = { .epoch_id = occ_bytes_str(EPOCH_A),
                                            .public_key = { 7 },
                                            .enforcement = occ_bytes_str("stub"),
                                            .measurement = occ_bytes_str("stub:test") };
    const struct occ_ledger_entry entry = { .position = 2,
                                            .repeat = occ_bytes_of(repeat_key, 32),
                                            .body = occ_bytes_of(body, 32),
                                            .received_ms = 1795646612531,
                                            .proof_count = PROOFS,
                                            .proofs = proofs };
    const struct occ_ledger_write write = { .epoch = &epoch, .entries = &entry, .entry_count = 1 };
    assert_true(occ_is_ok(occ_ledger_write(fixture->ledger, &write, &err)));
    assert_true(occ_is_ok(occ_ledger_reader_new(fixture->ledger, &options, &err, &fixture->reader)));
}

static void
tear_down(struct fixture *fixture)
{
    occ_ledger_reader_free(fixture->reader);
    occ_ledger_close(fixture->ledger);
    epoch_remove_folder(fixture->folder);
}

static struct occ_replay
look_up(struct fixture *fixture, const uint8_t key[32], const uint8_t its_body[32])
{
    struct occ_replay replay;
    occ_replay_init(&replay, key, its_body);
    assert_int_equal(replay.result.code, OCC_ERR_UNAVAILABLE);
    occ_replay_read(&replay, fixture->reader);
    return replay;
}

static void
test_found(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    struct occ_replay replay = look_up(&fixture, repeat_key, body);
    assert_int_equal(replay.result.code, OCC_OK);
    assert_true(replay.found);
    assert_int_equal(replay.proofs, PROOFS);
    assert_true(occ_bytes_is(occ_buf_view(&replay.answer), fixture.expected));
    occ_buf_clear(&replay.answer);
    tear_down(&fixture);
}

/* What came later is joined in its place. */
static void
test_with_token(void **state)
{
    (void)state;
    struct fixture fixture;
    struct occ_error err = { 0 };
    set_up(&fixture);
    const struct occ_ledger_token token = { .epoch_id = occ_bytes_str(EPOCH_A),
                                            .counter = 3,
                                            .kind = OCC_LEDGER_TOKEN_ARTIFACT,
                                            .text = occ_bytes_str("{\"time\":1}") };
    const struct occ_ledger_write write = { .tokens = &token, .token_count = 1 };
    assert_true(occ_is_ok(occ_ledger_write(fixture.ledger, &write, &err)));
    struct occ_replay replay = look_up(&fixture, repeat_key, body);
    assert_true(replay.found);
    static const char with_token[] = "},\"timestamps\":{\"artifact\":{\"time\":1}},\"version\":\"occ/1\"}";
    occ_buf_put_byte(&replay.answer, 0);
    const char *first = strstr((const char *)replay.answer.ptr, with_token);
    assert_non_null(first);
    assert_null(strstr(first + 1, with_token));
    assert_int_equal(replay.answer.len - 1,
                     strlen(fixture.expected) + strlen(",\"timestamps\":{\"artifact\":{\"time\":1}}"));
    occ_buf_clear(&replay.answer);
    tear_down(&fixture);
}

static void
test_not_found(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    struct occ_replay unknown = look_up(&fixture, body, body);
    assert_int_equal(unknown.result.code, OCC_OK);
    assert_false(unknown.found);
    struct occ_replay other_body = look_up(&fixture, repeat_key, repeat_key);
    assert_int_equal(other_body.result.code, OCC_ERR_REPEAT);
    assert_false(other_body.found);
    assert_int_equal(other_body.answer.len, 0);
    tear_down(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_with_token),
        cmocka_unit_test(test_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
