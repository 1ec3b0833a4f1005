/* chain.c — counter, link and time move together, or not at all. */
#include "unit/boundary/parent.h"

#include "boundary/chain.h"

struct fixture {
    struct world world;
    struct occ_epoch epoch;
    struct occ_chain chain;
    struct occ_chain_scratch scratch;
    struct occ_buf out;
    struct occ_chain_signed done;
};

static int
set_up(void **state)
{
    static struct fixture fixture;
    const struct occ_gate_config config = world_config(&fixture.world);
    fixture.epoch = (struct occ_epoch){ .signer = config.signer, .attester = config.attester };
    memset(fixture.epoch.id, 'e', sizeof fixture.epoch.id - 1);
    fixture.chain = (struct occ_chain){ 0 };
    fixture.scratch = OCC_CHAIN_SCRATCH_INIT;
    fixture.scratch.body.limit = 10000;
    occ_chain_scratch_prepare(&fixture.scratch);
    fixture.out = OCC_BUF_INIT(1 << 20);
    *state = &fixture;
    return occ_is_ok(occ_chain_measure(&fixture.epoch, &fixture.scratch.body)) ? 0 : 1;
}

static int
tear_down(void **state)
{
    struct fixture *const fixture = *state;
    occ_chain_epoch_clear(&fixture->epoch);
    occ_chain_scratch_clear(&fixture->scratch);
    occ_buf_clear(&fixture->out);
    return 0;
}

static enum occ_err
commit(struct fixture *fixture, uint64_t now_ms, uint8_t nonce_byte, bool check)
{
    uint8_t nonce[32];
    memset(nonce, nonce_byte, sizeof nonce);
    const struct occ_chain_input input = { .digest = parent_digest, .nonce = nonce, .now_ms = now_ms, .check = check };
    occ_buf_reset(&fixture->out);
    return occ_chain_commit(&fixture->chain, &fixture->epoch, &input, &fixture->scratch, &fixture->out, &fixture->done)
        .code;
}

static bool
has(const struct fixture *fixture, const char *text)
{
    return memmem(fixture->out.ptr, fixture->out.len, text, strlen(text)) != NULL;
}

static void
test_moves(void **state)
{
    struct fixture *const fixture = *state;
    assert_int_equal(commit(fixture, 100, 1, true), OCC_OK);
    assert_int_equal(fixture->chain.counter, 1);
    assert_true(has(fixture, "\"counter\":\"1\""));
    assert_true(has(fixture, "\"time\":100}"));
    assert_false(has(fixture, "prevB64"));
    uint8_t hash[32];
    occ_digest_sha256(occ_buf_view(&fixture->out), hash);
    assert_memory_equal(fixture->chain.link_hash, hash, 32);
    assert_int_equal(commit(fixture, 101, 2, false), OCC_OK);
    assert_int_equal(fixture->chain.counter, 2);
    char prev[64] = "\"prevB64\":\"";
    occ_base64_encode(occ_bytes_of(hash, 32), prev + strlen(prev));
    assert_true(has(fixture, prev));
}

/* PROTOCOL §2.3: never going back within an epoch. */
static void
test_time_never_goes_back(void **state)
{
    struct fixture *const fixture = *state;
    assert_int_equal(commit(fixture, 1000, 1, false), OCC_OK);
    assert_int_equal(commit(fixture, 10, 2, false), OCC_OK);
    assert_true(has(fixture, "\"time\":1000}"));
    assert_int_equal(commit(fixture, 1001, 3, false), OCC_OK);
    assert_true(has(fixture, "\"time\":1001}"));
}

static void
expect_unmoved(struct fixture *fixture, enum occ_err expected, uint64_t now_ms, uint8_t nonce, bool check)
{
    const struct occ_chain before = fixture->chain;
    assert_int_equal(commit(fixture, now_ms, nonce, check), expected);
    assert_memory_equal(&fixture->chain, &before, sizeof before);
}

static void
test_failures_do_not_move(void **state)
{
    struct fixture *const fixture = *state;
    assert_int_equal(commit(fixture, 1000, 1, false), OCC_OK);
    fixture->world.fail_at = fixture->world.signatures + 1;
    fixture->world.fail_code = OCC_ERR_UNAVAILABLE;
    expect_unmoved(fixture, OCC_ERR_UNAVAILABLE, 1001, 2, false);
    fixture->world.lie_at = fixture->world.signatures + 1;
    expect_unmoved(fixture, OCC_ERR_SIGNATURE, 1001, 2, true);
    expect_unmoved(fixture, OCC_ERR_RANDOM, 1001, 1, false);
    expect_unmoved(fixture, OCC_ERR_LIMIT, UINT64_C(1) << 53, 2, false);
    fixture->out.limit = 100;
    occ_buf_clear(&fixture->out);
    expect_unmoved(fixture, OCC_ERR_LIMIT, 1001, 2, false);
    fixture->out.limit = 1 << 20;
    fixture->chain.counter = UINT64_MAX;
    expect_unmoved(fixture, OCC_ERR_LIMIT, 1001, 2, false);
}

/* A random source that gives zeros is found out at once. */
static void
test_zero_nonce(void **state)
{
    expect_unmoved(*state, OCC_ERR_RANDOM, 1, 0, false);
}

/* What is reserved is enough, and not much more. */
static void
test_lengths(void **state)
{
    struct fixture *const fixture = *state;
    static const uint64_t counters[] = { 0, 1, 8, 9, 98, 999999, UINT64_MAX - 1 };
    static const uint64_t times[] = { 0, 1741496392841, (UINT64_C(1) << 53) - 1 };
    uint8_t nonce[32] = { 1 };
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        for (size_t j = 0; j < 2 * sizeof times / sizeof times[0]; j++) {
            const bool has_metadata = j % 2 == 0;
            fixture->chain = (struct occ_chain){ .counter = counters[i], .head_counter = counters[i] };
            const char *const text = has_metadata ? "{\"a\":1}" : "";
            const struct occ_chain_input input = {
                .digest = parent_digest, .nonce = nonce, .now_ms = times[j / 2], .metadata = occ_bytes_str(text)
            };
            const size_t most = occ_chain_proof_len_max(&fixture->chain, &fixture->epoch, &input, 1);
            occ_buf_reset(&fixture->out);
            nonce[0]++;
            assert_int_equal(occ_chain_commit(&fixture->chain, &fixture->epoch, &input, &fixture->scratch,
                                              &fixture->out, &fixture->done)
                                 .code,
                             OCC_OK);
            assert_true(fixture->out.len <= most);
            assert_true(most - fixture->out.len <= 100);
        }
    }
}

/* The same with all that a proof can hold. Counters of few digits beside those of many are the difference that is left. */
static void
test_lengths_of_all(void **state)
{
    struct fixture *const fixture = *state;
    static const uint64_t counters[] = { 5, 999999, UINT64_MAX - 2 };
    static const char *const ids[] = { "", "photos:2026" };
    uint8_t nonce[32] = { 1 };
    for (size_t i = 0; i < 12; i++) {
        struct occ_chain *const chain = &fixture->chain;
        const bool is_first = i % 4 < 2;
        *chain = (struct occ_chain){ .id = occ_bytes_str(ids[i % 2]),
                                     .counter = counters[i / 4],
                                     .epoch_link = occ_bytes_str("{\"prevCounter\":\"5\"}"),
                                     .head_counter = is_first ? 0 : 1 };
        struct occ_chain_slot slot;
        nonce[0]++;
        struct occ_chain_input input = { .digest = parent_digest, .nonce = nonce, .now_ms = 1741496392841 };
        assert_int_equal(occ_chain_allocate(chain, &fixture->epoch, &input, &fixture->scratch, &slot).code, OCC_OK);
        input.slot = &slot;
        input.metadata = occ_bytes_str("{\"m\":1}");
        input.agency = occ_bytes_str("{\"actor\":{\"a\":1},\"authorization\":{}}");
        input.actor = occ_bytes_str("{\"a\":1}");
        input.attribution = input.policy = input.principal = occ_bytes_str("{\"v\":\"w\"}");
        const size_t link_len = occ_chain_link_len(chain);
        assert_int_equal(link_len > 0, is_first);
        const size_t most = link_len + occ_chain_proof_len_max(chain, &fixture->epoch, &input, 1);
        occ_buf_reset(&fixture->out);
        assert_int_equal(
            occ_chain_commit(chain, &fixture->epoch, &input, &fixture->scratch, &fixture->out, &fixture->done).code,
            OCC_OK);
        assert_true(has(fixture, "\"epochLink\":{") == is_first);
        assert_true(has(fixture, "\"slotAllocation\":{"));
        assert_true(fixture->out.len <= most);
        /* prevB64 of a first proof (57), two counters of a slot, two times */
        assert_true(most - fixture->out.len <= 57 + 2 * 19 + 2 * 3);
    }
}

/* A slot moves counter, time and nonce; the proof that uses it is free to come later, with time and link of its own. */
static void
test_slot_moves(void **state)
{
    struct fixture *const fixture = *state;
    uint8_t nonce[32];
    memset(nonce, 1, sizeof nonce);
    struct occ_chain_slot slot;
    struct occ_chain_input input = { .digest = parent_digest, .nonce = nonce, .now_ms = 1000, .check = true };
    assert_int_equal(occ_chain_allocate(&fixture->chain, &fixture->epoch, &input, &fixture->scratch, &slot).code,
                     OCC_OK);
    assert_true(slot.counter == 1 && slot.time_ms == 1000 && fixture->chain.counter == 1);
    assert_true(fixture->chain.head_counter == 0 && fixture->chain.given);
    expect_unmoved(fixture, OCC_ERR_RANDOM, 1001, 1, false); /* the slot's nonce once more */
    assert_int_equal(commit(fixture, 10, 2, true), OCC_OK);
    assert_true(has(fixture, "\"counter\":\"2\"") && has(fixture, "\"time\":1000}"));
    assert_false(has(fixture, "prevB64"));
    input.slot = &slot;
    occ_buf_reset(&fixture->out);
    assert_int_equal(
        occ_chain_commit(&fixture->chain, &fixture->epoch, &input, &fixture->scratch, &fixture->out, &fixture->done)
            .code,
        OCC_OK);
    assert_true(has(fixture, "\"counter\":\"3\"") && has(fixture, "\"slotCounter\":\"1\""));
    assert_true(has(fixture, "\"nonceB64\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\",\"prevB64\""));
    fixture->world.fail_at = fixture->world.signatures + 1;
    fixture->world.fail_code = OCC_ERR_UNAVAILABLE;
    const struct occ_chain before = fixture->chain;
    nonce[0] = 9;
    input.slot = NULL;
    assert_int_equal(occ_chain_allocate(&fixture->chain, &fixture->epoch, &input, &fixture->scratch, &slot).code,
                     OCC_ERR_UNAVAILABLE);
    assert_memory_equal(&fixture->chain, &before, sizeof before);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_moves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_time_never_goes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failures_do_not_move, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_zero_nonce, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lengths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lengths_of_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_slot_moves, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
