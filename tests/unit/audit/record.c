/* Tests of src/audit/record.c. */
#include "unit/audit/support.h"
#include "unit/proof/support.h"

static OCC_RESULT
make(struct occ_record_maker *maker, const struct occ_proof *proof, struct occ_error *err, struct occ_record *record,
     struct occ_chain_name *name)
{
    OCC_BUF_AUTO(body, OCC_LIMIT_CANONICAL_LEN);
    occ_body_put(&body, proof);
    return occ_record_make(maker, proof, occ_buf_view(&body), err, record, name);
}

static struct occ_record
record_by(struct occ_record_maker *maker, const char *text, struct occ_chain_name *ret_name)
{
    struct occ_json *root = parse_json(text);
    const struct occ_proof proof = read_proof(root);
    struct occ_record record = { .place = { .ordinal = 7 } };
    struct occ_error err = { 0 };
    if (!occ_is_ok(make(maker, &proof, &err, &record, ret_name))) {
        fail_msg("%s", err.text);
    }
    occ_json_free(root);
    return record;
}

static struct occ_record
record_from(const char *text, struct occ_chain_name *ret_name)
{
    struct occ_record_maker maker;
    assert_true(occ_is_ok(occ_record_maker_init(&maker)));
    const struct occ_record record = record_by(&maker, text, ret_name);
    occ_record_maker_clear(&maker);
    return record;
}

static void
test_plain(void **state)
{
    (void)state;
    struct occ_chain_name name;
    const struct occ_record record = record_from(PLAIN_PROOF, &name);
    struct occ_json *root = parse_json(PLAIN_PROOF);
    const struct occ_proof proof = read_proof(root);
    uint8_t hash[OCC_SHA256_LEN];
    assert_true(occ_is_ok(occ_body_proof_hash(&proof, hash)));
    assert_memory_equal(record.proof_hash, hash, sizeof hash);
    assert_true(occ_is_ok(occ_body_link_hash(&proof, false, hash)));
    assert_memory_equal(record.links.hashes[OCC_FORM_OURS], hash, sizeof hash);
    assert_int_equal(record.links.forms, 1);
    assert_int_equal(record.place.ordinal, 7);
    assert_true(occ_bytes_is(occ_counter_text(&record.counter), "7"));
    assert_int_equal(record.slot.len, 0);
    assert_true(record.has_prev && record.has_time && !record.has_link);
    assert_base64(occ_bytes_of(record.prev, sizeof record.prev), DIGEST_B64);
    assert_true(occ_bytes_is(occ_bytes_of(name.epoch, name.epoch_len), EPOCH_B64));
    assert_true(occ_bytes_is(occ_bytes_of(name.key, name.key_len), KEY_B64));
    assert_int_equal(name.id_len, 0);
    occ_json_free(root);
}

static void
test_full(void **state)
{
    (void)state;
    struct occ_chain_name name;
    const struct occ_record same = record_from(FULL_PROOF, &name);
    assert_int_equal(same.links.forms, 3); /* a report; "0" in metadata has nothing to stand before */
    char *text = replace(FULL_PROOF, "\"metadata\":{\"0\":1}", "\"metadata\":{\" a\":1,\"0\":2}");
    const struct occ_record record = record_from(text, &name);
    free(text);
    assert_int_equal(record.links.forms, 15);
    for (int a = 0; a < OCC_FORM_COUNT; a++) {
        assert_int_equal(occ_record_form_of(&record.links, record.links.hashes[a]), a);
    }
    assert_int_equal(occ_record_form_of(&record.links, record.prev), -1);
    assert_true(record.has_link && !record.has_prev);
    assert_true(occ_bytes_is(occ_counter_text(&record.slot), "10"));
    assert_true(occ_bytes_is(occ_counter_text(&record.from_counter), "11"));
    assert_base64(occ_bytes_of(record.from_hash, sizeof record.from_hash), DIGEST_B64);
    assert_true(occ_bytes_is(occ_bytes_of(name.id, name.id_len), "occ:main"));
}

/* The epoch link's chain is that of the epoch and key that it names, with the proof's own chainId. */
static void
test_chains(void **state)
{
    (void)state;
    struct occ_chain_name name;
    const struct occ_record full = record_from(FULL_PROOF, &name);
    char *before = replace(FULL_PROOF, "\"epochId\":\"e1\",\"epochLink\"", "\"epochId\":\"e0\",\"epochLink\"");
    char *key = replace(before, SIGNER,
                        "\"signer\":{\"publicKeyB64\":\"" DIGEST_B64 "\",\"signatureB64\":\"" ZERO_SIGNATURE "\"}");
    const struct occ_record other = record_from(key, &name);
    assert_memory_equal(full.from_chain, other.chain, OCC_SHA256_LEN);
    assert_memory_not_equal(full.chain, other.chain, OCC_SHA256_LEN);
    char *id = replace(key, "\"chainId\":\"occ:main\"", "\"chainId\":\"occ:mai\"");
    const struct occ_record third = record_from(id, &name);
    assert_memory_not_equal(third.chain, other.chain, OCC_SHA256_LEN);
    free(before);
    free(key);
    free(id);
}

/* What was made before does not show: chains in turn, one with a name too long to be kept. */
static void
test_one_maker_for_all(void **state)
{
    (void)state;
    char epoch[2000] = "";
    memset(epoch, 'x', sizeof epoch - 1);
    char *longer = replace(PLAIN_PROOF, EPOCH_B64, epoch);
    char *shorter = replace(PLAIN_PROOF, EPOCH_B64, "x");
    const char *const texts[] = { PLAIN_PROOF, PLAIN_PROOF, FULL_PROOF, longer, longer, shorter, PLAIN_PROOF };
    struct occ_record_maker maker;
    assert_true(occ_is_ok(occ_record_maker_init(&maker)));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct occ_chain_name name;
        const struct occ_record alone = record_from(texts[i], &name);
        const struct occ_record after = record_by(&maker, texts[i], &name);
        assert_memory_equal(after.chain, alone.chain, OCC_SHA256_LEN);
        assert_memory_equal(after.from_chain, alone.from_chain, alone.has_link ? OCC_SHA256_LEN : 0);
        assert_memory_equal(after.proof_hash, alone.proof_hash, OCC_SHA256_LEN);
        assert_memory_equal(after.links.hashes[OCC_FORM_OURS], alone.links.hashes[OCC_FORM_OURS], OCC_SHA256_LEN);
    }
    occ_record_maker_clear(&maker);
    free(longer);
    free(shorter);
}

static void
test_long_names(void **state)
{
    (void)state;
    char epoch[300] = "";
    memset(epoch, 'x', 127);
    strcat(epoch, "\xe2\x82\xac"); /* a character across the limit */
    char *text = replace(PLAIN_PROOF, EPOCH_B64, epoch);
    struct occ_chain_name name;
    (void)record_from(text, &name);
    assert_int_equal(name.epoch_len, 127);
    assert_true(name.epoch_cut);
    free(text);
}

static void
test_long_counters(void **state)
{
    (void)state;
    static const char *const names[] = { "\"counter\":\"12\"", "\"prevCounter\":\"11\"", "\"slotCounter\":\"10\"" };
    for (size_t i = 0; i < 3; i++) {
        char digits[100] = "";
        memset(digits, '1', OCC_LIMIT_AUDIT_COUNTER_LEN + 1);
        char member[200];
        snprintf(member, sizeof member, "%.*s\"%s\"", (int)(strchr(names[i], ':') - names[i] + 1), names[i], digits);
        char *text = replace(FULL_PROOF, names[i], member);
        struct occ_json *root = parse_json(text);
        const struct occ_proof proof = read_proof(root);
        struct occ_record record;
        struct occ_chain_name name;
        struct occ_error err = { 0 };
        struct occ_record_maker maker;
        assert_true(occ_is_ok(occ_record_maker_init(&maker)));
        assert_int_equal(make(&maker, &proof, &err, &record, &name).code, OCC_ERR_LIMIT);
        assert_non_null(strstr(err.text, "65 digits, at most 64 can be put in order"));
        occ_record_maker_clear(&maker);
        occ_json_free(root);
        free(text);
    }
}

static void
test_encoding(void **state)
{
    (void)state;
    static const char *const texts[] = { PLAIN_PROOF, FULL_PROOF };
    for (size_t i = 0; i < 2; i++) {
        struct occ_chain_name name;
        const struct occ_record record = record_from(texts[i], &name);
        OCC_BUF_AUTO(buf, OCC_LIMIT_AUDIT_ITEM_LEN);
        occ_record_put(&buf, &record);
        assert_true(occ_is_ok(occ_buf_check(&buf)));
        struct occ_reader reader = occ_reader_of(occ_buf_view(&buf));
        struct occ_record again = { .counter = record.counter };
        memcpy(again.chain, record.chain, sizeof again.chain);
        occ_record_take(&reader, &again);
        assert_true(occ_reader_done(&reader));
        OCC_BUF_AUTO(twice, OCC_LIMIT_AUDIT_ITEM_LEN);
        occ_record_put(&twice, &again);
        assert_true(occ_bytes_equal(occ_buf_view(&buf), occ_buf_view(&twice)));
        for (size_t len = 0; len < buf.len; len++) { /* cut anywhere, it is noticed */
            reader = occ_reader_of(occ_bytes_of(buf.ptr, len));
            occ_record_take(&reader, &again);
            assert_false(occ_reader_done(&reader));
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),      cmocka_unit_test(test_full),
        cmocka_unit_test(test_chains),     cmocka_unit_test(test_one_maker_for_all),
        cmocka_unit_test(test_long_names), cmocka_unit_test(test_long_counters),
        cmocka_unit_test(test_encoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
