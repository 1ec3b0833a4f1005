/* tests/unit/ledger/write.c — what a write refuses, and that it then has written nothing; what it takes as written already. */
#include "unit/ledger/support.h"

static const char text[] = "{\"x\":1,\"version\":\"occ/1\"}";

/* An entry of one proof whose parts the tests change. */
struct single {
    struct occ_ledger_epoch epoch;
    struct occ_ledger_proof proof;
    struct occ_ledger_entry entry;
    struct occ_ledger_write write;
};

static void
make_single(struct single *single, uint64_t position, uint64_t counter)
{
    *single = (struct single){ .epoch = make_epoch("e"),
                               .proof = { .counter = counter, .text = occ_bytes_of(text, sizeof text - 1) },
                               .entry = { .position = position, .proof_count = 1, .proofs = &single->proof },
                               .write = { .epoch = &single->epoch, .entries = &single->entry, .entry_count = 1 } };
}

static struct occ_ledger_stats
stats_of(struct fixture *at)
{
    struct occ_ledger_stats stats;
    occ_ledger_get_stats(at->ledger, &stats);
    return stats;
}

static void
refuse(struct fixture *at, const struct single *single, enum occ_err code, const char *sentence)
{
    const uint64_t proofs = stats_of(at).proofs;
    assert_code(occ_ledger_write(at->ledger, &single->write, &at->err), code);
    if (strstr(at->err.text, sentence) == NULL) {
        fail_msg("'%s' expected, it says '%s'", sentence, at->err.text);
    }
    assert_int_equal(stats_of(at).proofs, proofs);
}

static void
test_integrity(void **state)
{
    struct fixture *const at = *state;
    struct single it;
    make_single(&it, 2, 5);
    refuse(at, &it, OCC_ERR_INTEGRITY, "position 2: a gap, the epoch's last position is 0");
    make_single(&it, 1, 5);
    assert_ok(occ_ledger_write(at->ledger, &it.write, &at->err));
    /* The same again, */
    assert_ok(occ_ledger_write(at->ledger, &it.write, &at->err));
    it.entry.opaque = occ_bytes_str("the parent's own");
    it.entry.received_ms = 77;
    assert_ok(occ_ledger_write(at->ledger, &it.write, &at->err));
    assert_int_equal(stats_of(at).proofs, 1);
    /* and not the same. */
    it.proof.counter = 6;
    refuse(at, &it, OCC_ERR_INTEGRITY, "position 1: the ledger has another proof there");
    make_single(&it, 1, 5);
    it.proof.digest[31] = 1;
    refuse(at, &it, OCC_ERR_INTEGRITY, "another proof");
    make_single(&it, 1, 5);
    it.proof.text.len--;
    refuse(at, &it, OCC_ERR_INTEGRITY, "another proof");
    make_single(&it, 1, 5);
    it.entry.chain_id = occ_bytes_str("x");
    refuse(at, &it, OCC_ERR_INTEGRITY, "another proof");
    make_single(&it, 3, 7);
    refuse(at, &it, OCC_ERR_INTEGRITY, "position 3: a gap, the epoch's last position is 1");
    make_single(&it, 2, 5);
    refuse(at, &it, OCC_ERR_INTEGRITY, "does not rise");
    make_single(&it, 2, 4);
    refuse(at, &it, OCC_ERR_INTEGRITY, "does not rise");
    make_single(&it, 2, 6);
    it.epoch.public_key[0]++;
    refuse(at, &it, OCC_ERR_INTEGRITY, "epoch e: the ledger has it with another key");
    make_single(&it, 2, 6);
    it.epoch.measurement = occ_bytes_str("stub:other");
    refuse(at, &it, OCC_ERR_INTEGRITY, "another key or measurement");
    make_single(&it, 2, 6);
    assert_ok(occ_ledger_write(at->ledger, &it.write, &at->err));
    /* The same after it was opened anew, when nothing of it is in memory. */
    reopen_fixture(at);
    it.epoch.public_key[0]++;
    refuse(at, &it, OCC_ERR_INTEGRITY, "another key");
    make_single(&it, 2, 6);
    assert_ok(occ_ledger_write(at->ledger, &it.write, &at->err));
    make_single(&it, 3, 6);
    refuse(at, &it, OCC_ERR_INTEGRITY, "does not rise");
    /* A chain of its own begins anywhere. */
    it.entry.chain_id = occ_bytes_str("x");
    it.proof.counter = 1;
    assert_ok(occ_ledger_write(at->ledger, &it.write, &at->err));
    assert_int_equal(stats_of(at).proofs, 3);
}

static void
test_limits(void **state)
{
    struct fixture *const at = *state;
    struct single it;
    make_single(&it, 0, 1);
    refuse(at, &it, OCC_ERR_FIELD_VALUE, "position 0");
    make_single(&it, (uint64_t)INT64_MAX + 1, 1);
    refuse(at, &it, OCC_ERR_FIELD_VALUE, "out of range");
    make_single(&it, 1, 0);
    refuse(at, &it, OCC_ERR_FIELD_VALUE, "counter 0");
    make_single(&it, 1, (uint64_t)INT64_MAX + 1);
    refuse(at, &it, OCC_ERR_FIELD_VALUE, "counter");
    make_single(&it, 1, 1);
    it.proof.text.len = 0;
    refuse(at, &it, OCC_ERR_LIMIT, "a proof of 0 bytes");
    it.proof.text.len = OCC_LIMIT_PROOF_LEN + 1;
    refuse(at, &it, OCC_ERR_LIMIT, "bytes, at most");
    make_single(&it, 1, 1);
    it.entry.opaque.len = OCC_LIMIT_OPAQUE_LEN + 1;
    refuse(at, &it, OCC_ERR_LIMIT, "length");
    make_single(&it, 1, 1);
    it.entry.chain_id.len = OCC_LIMIT_CHAIN_ID_LEN + 1;
    refuse(at, &it, OCC_ERR_LIMIT, "length");
    make_single(&it, 1, 1);
    it.entry.proof_count = 0;
    refuse(at, &it, OCC_ERR_LIMIT, "length");
    make_single(&it, 1, 1);
    it.entry.repeat.len = 31;
    refuse(at, &it, OCC_ERR_LIMIT, "length");
    make_single(&it, 1, 1);
    it.epoch.epoch_id.len = 0;
    refuse(at, &it, OCC_ERR_LIMIT, "epochId");
    it.epoch.epoch_id.len = OCC_LIMIT_LEDGER_EPOCH_ID_LEN + 1;
    refuse(at, &it, OCC_ERR_LIMIT, "epochId");
    make_single(&it, 1, 1);
    it.write.epoch = NULL;
    refuse(at, &it, OCC_ERR_LIMIT, "epochId");
    make_single(&it, 1, 1);
    it.write.entry_count = OCC_LIMIT_LEDGER_WRITE_ENTRIES + 1;
    refuse(at, &it, OCC_ERR_LIMIT, "entries");
    make_single(&it, 1, 1);
    const struct occ_ledger_token token = { .kind = (enum occ_ledger_token_kind)3 };
    it.write.tokens = &token;
    it.write.token_count = 1;
    refuse(at, &it, OCC_ERR_LIMIT, "tokens[0]");
    it.write.token_count = OCC_LIMIT_LEDGER_WRITE_TOKENS + 1;
    refuse(at, &it, OCC_ERR_LIMIT, "tokens");
    make_single(&it, 1, 1);
    assert_ok(occ_ledger_write(at->ledger, &it.write, &at->err));
}

/* A write whose last part is refused has written nothing, and the same without it is taken. */
static void
test_all_or_nothing(void **state)
{
    struct fixture *const at = *state;
    struct occ_ledger_proof proofs[400];
    struct occ_ledger_entry entries[4];
    static uint8_t big[1000];
    memset(big, 'b', sizeof big);
    const struct occ_ledger_epoch epoch = make_epoch("e");
    for (size_t i = 0; i < 400; i++) {
        proofs[i] = (struct occ_ledger_proof){ .counter = i + 1, .text = occ_bytes_of(big, sizeof big) };
    }
    for (size_t i = 0; i < 4; i++) {
        entries[i] = (struct occ_ledger_entry){ .position = i + 1,
                                                .chain_id = occ_bytes_str(i % 2 == 0 ? "" : "new"),
                                                .proof_count = 100,
                                                .proofs = proofs + i * 100,
                                                .wants_proof_token = true };
    }
    entries[3].position = 5;
    const struct occ_ledger_token token = { .epoch_id = occ_bytes_str("e"),
                                            .counter = 999,
                                            .kind = OCC_LEDGER_TOKEN_PROOF };
    struct occ_ledger_write write = { .epoch = &epoch, .entries = entries, .entry_count = 4, .tokens = &token };
    assert_code(occ_ledger_write(at->ledger, &write, &at->err), OCC_ERR_INTEGRITY);
    entries[3].position = 4;
    write.token_count = 1;
    assert_code(occ_ledger_write(at->ledger, &write, &at->err), OCC_ERR_NOT_FOUND);
    struct seen seen = SEEN_INIT;
    uint64_t cursor = 0;
    assert_ok(occ_ledger_walk(at->reader, &cursor, 1000, see, &seen, &at->err));
    assert_int_equal(seen.count, 0);
    assert_int_equal(stats_of(at).rows, 0);
    write.token_count = 0;
    assert_ok(occ_ledger_write(at->ledger, &write, &at->err));
    assert_ok(occ_ledger_walk(at->reader, &cursor, 1000, see, &seen, &at->err));
    assert_int_equal(seen.count, 400);
    occ_buf_clear(&seen.text);
    /* The same position twice in one write is taken once. */
    entries[0] = (struct occ_ledger_entry){ .position = 5, .proof_count = 1, .proofs = proofs + 399 };
    entries[1] = entries[0];
    write.entry_count = 2;
    assert_ok(occ_ledger_write(at->ledger, &write, &at->err));
    assert_int_equal(stats_of(at).proofs, 401);
    /* Nothing to write is written. */
    write = (struct occ_ledger_write){ 0 };
    assert_ok(occ_ledger_write(at->ledger, &write, &at->err));
}

static void
test_many_chains(void **state)
{
    struct fixture *const at = *state;
    char name[OCC_LIMIT_CHAIN_ID_LEN + 1];
    for (uint64_t i = 0; i < OCC_LIMIT_CHAINS; i++) {
        (void)snprintf(name, sizeof name, "%064d", (int)i);
        assert_ok(put_entry(at->ledger, "e", name, i + 1, 1, 1, &at->err));
    }
    assert_code(put_entry(at->ledger, "e", "one more", OCC_LIMIT_CHAINS + 1, 1, 1, &at->err), OCC_ERR_LIMIT);
    assert_ok(put_entry(at->ledger, "e", name, OCC_LIMIT_CHAINS + 1, 2, 1, &at->err));
}

/* The largest proofs, one per row. */
static void
test_large_proofs(void **state)
{
    struct fixture *const at = *state;
    uint8_t *const bytes = malloc(OCC_LIMIT_PROOF_LEN);
    assert_non_null(bytes);
    for (size_t i = 0; i < OCC_LIMIT_PROOF_LEN; i++) {
        bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    }
    struct single it;
    for (uint64_t position = 1; position <= 3; position++) {
        make_single(&it, position, position);
        it.proof.text = occ_bytes_of(bytes, OCC_LIMIT_PROOF_LEN - position);
        assert_ok(occ_ledger_write(at->ledger, &it.write, &at->err));
    }
    assert_ok(occ_ledger_write(at->ledger, &it.write, &at->err));
    struct seen seen = SEEN_INIT;
    assert_ok(occ_ledger_by_counter(at->reader, occ_bytes_str("e"), occ_bytes_str(""), 3, 1, see, &seen, &at->err));
    assert_int_equal(seen.count, 1);
    assert_memory_equal(seen.text.ptr + strlen("e//3@3 "), bytes, OCC_LIMIT_PROOF_LEN - 3);
    occ_buf_clear(&seen.text);
    free(bytes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_integrity, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_or_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_chains, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_proofs, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
