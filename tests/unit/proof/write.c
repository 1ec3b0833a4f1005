/*
 * tests/unit/proof/write.c — src/proof/write.c: what is written, read back, gives the same signed body, and is its own
 * canonical form; for many random fields.
 */
#include "proof/write.h"

#include <stdio.h>

#include "base/base64.h"
#include "proof/body.h"
#include "proof/slot.h"
#include "proof/tree.h"

#include "unit/proof/support.h"

/* xorshift: the same fields on every run. */
static uint64_t random_state = 0x9e3779b97f4a7c15u;

static uint64_t
next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void
fill_random(uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(next_random() >> 32);
    }
}

/* Characters of one to four bytes, with all kinds of escapes among them. */
static void
put_random_text(struct occ_buf *buf, size_t chars)
{
    static const char *const pieces[] = { "a",    "Z",    "9",      " ",          "\"",     "\\",      "/",
                                          "\x01", "\x1f", "\n",     "\t",         "\x7f",   "ä",       "ß",
                                          "€",    "語",   "\u2028", "\U0001f600", "\uffff", "\xc2\x80" };
    for (size_t i = 0; i < chars; i++) {
        occ_buf_put_str(buf, pieces[next_random() % (sizeof pieces / sizeof pieces[0])]);
    }
}

/* Canonical metadata with random names and values: none of them an array index. */
static void
put_random_metadata(struct occ_buf *buf)
{
    OCC_BUF_AUTO(source, 1 << 16);
    occ_buf_put_byte(&source, '{');
    for (size_t i = 0; i < 1 + next_random() % 6; i++) {
        OCC_BUF_AUTO(text, 4096);
        put_random_text(&text, next_random() % 8);
        occ_buf_put_format(&source, "%s\"n%zu", i == 0 ? "" : ",", i);
        OCC_BUF_AUTO(quoted, 4096);
        occ_canonical_put_string(&quoted, occ_buf_view(&text));
        occ_buf_put(&source, occ_bytes_of(quoted.ptr + 1, quoted.len - 1));
        occ_buf_put_format(&source, ":[%d,null,true,", (int)(next_random() % 2000) - 1000);
        occ_buf_put(&source, occ_buf_view(&quoted));
        occ_buf_put_str(&source, ",1e-7,0.5,{}]");
    }
    occ_buf_put_str(&source, "}");
    occ_buf_put_byte(&source, 0);
    struct occ_json *value = parse_json((const char *)source.ptr);
    occ_canonical_put(buf, value);
    occ_json_free(value);
}

/* The slot is the one that the proof names. */
static void
check_slot(const struct occ_proof *proof, const struct occ_write_fields *fields)
{
    assert_int_equal(proof->slot_allocation != NULL, fields->slot != NULL);
    if (fields->slot != NULL) {
        struct occ_slot_facts facts;
        struct occ_error err;
        if (occ_slot_verify(proof, &err, &facts).code != OCC_OK) {
            fail_msg("%s", err.text);
        }
        assert_false(facts.hash_without_chain_id);
    }
}

/* With the values away, the proof is so much shorter. */
static void
check_values_len(const struct occ_write_fields *fields, size_t len)
{
    const uint8_t signature[OCC_ED25519_SIGNATURE_LEN] = { 0 };
    struct occ_write_fields plain = *fields;
    const struct occ_bytes none = { NULL, 0 };
    plain.chain_id = plain.epoch_link = plain.metadata = plain.agency = plain.actor = none;
    plain.attribution = plain.policy = plain.principal = none;
    const size_t slot_chain_len =
        fields->slot == NULL ? 0 : occ_write_values_len(&(struct occ_write_fields){ .chain_id = fields->chain_id });
    OCC_BUF_AUTO(text, 1 << 20);
    occ_write_proof(&text, &plain, signature, NULL);
    assert_int_equal(text.len + occ_write_values_len(fields) + slot_chain_len, len);
}

/* What was written once, for the epoch or for the body, gives the same texts. */
static void
check_constants(const struct occ_write_fields *fields, const uint8_t *signature, struct occ_bytes body,
                struct occ_bytes text)
{
    struct occ_write_constants constants = OCC_WRITE_CONSTANTS_INIT;
    assert_true(occ_is_ok(occ_write_constants_make(fields, &constants)));
    struct occ_write_fields again = *fields;
    again.constants = &constants;
    OCC_BUF_AUTO(second_body, 1 << 20);
    OCC_BUF_AUTO(second_text, 1 << 20);
    again.common = occ_write_body(&second_body, &again);
    assert_true(again.common.artifact.len > 0 && again.common.head.len > 0);
    assert_true(occ_bytes_equal(occ_buf_view(&second_body), body));
    occ_write_proof(&second_text, &again, signature, NULL);
    assert_true(occ_bytes_equal(occ_buf_view(&second_text), text));
    occ_buf_clear(&constants.text);

    OCC_BUF_AUTO(small, body.len - 1);
    assert_int_equal(occ_write_body(&small, fields).head.len, 0);
    assert_int_equal(occ_buf_check(&small).code, OCC_ERR_LIMIT);
}

/* Writes body and proof of the fields, signs, and holds the two against the reader and the canonical writer. */
static void
check_fields(const struct occ_write_fields *fields)
{
    OCC_BUF_AUTO(body, 1 << 20);
    OCC_BUF_AUTO(text, 1 << 20);
    uint8_t public_key[OCC_ED25519_PUBLIC_LEN];
    uint8_t secret[OCC_ED25519_SECRET_LEN];
    uint8_t signature[OCC_ED25519_SIGNATURE_LEN];
    test_key(public_key, secret);
    occ_write_body(&body, fields);
    assert_true(occ_is_ok(occ_buf_check(&body)));
    occ_ed25519_sign(secret, occ_buf_view(&body), signature);
    occ_write_proof(&text, fields, signature, NULL);
    assert_true(occ_is_ok(occ_buf_check(&text)));

    struct occ_json *root = NULL;
    assert_true(occ_is_ok(occ_json_parse(occ_buf_view(&text), OCC_LIMIT_JSON_DEPTH, NULL, &root)));
    OCC_BUF_AUTO(canonical, 1 << 20);
    occ_canonical_put(&canonical, root);
    assert_true(occ_bytes_equal(occ_buf_view(&canonical), occ_buf_view(&text)));

    const struct occ_proof proof = read_proof(root);
    OCC_BUF_AUTO(read_body, 1 << 20);
    occ_body_put(&read_body, &proof);
    assert_true(occ_bytes_equal(occ_buf_view(&read_body), occ_buf_view(&body)));
    assert_true(occ_is_ok(occ_ed25519_verify(proof.public_key, occ_buf_view(&read_body), proof.signature)));
    assert_true(proof.time_ms == (double)fields->time_ms);
    assert_memory_equal(proof.digest, fields->digest, OCC_SHA256_LEN);
    assert_true(occ_bytes_equal(proof.measurement, fields->measurement));
    assert_int_equal(proof.prev_b64.len != 0, fields->prev_hash != NULL);
    assert_true(occ_bytes_equal(proof.chain_id, fields->chain_id));
    assert_int_equal(proof.epoch_link != NULL, fields->epoch_link.len > 0);
    assert_int_equal(proof.agency != NULL, fields->agency.len > 0);
    check_slot(&proof, fields);
    check_values_len(fields, text.len);
    check_constants(fields, signature, occ_buf_view(&body), occ_buf_view(&text));

    /* nothing in it is left out of the link */
    uint8_t link[OCC_SHA256_LEN];
    uint8_t text_hash[OCC_SHA256_LEN];
    assert_true(occ_is_ok(occ_body_link_hash(&proof, false, link)));
    occ_digest_sha256(occ_buf_view(&text), text_hash);
    assert_memory_equal(link, text_hash, sizeof link);
    occ_json_free(root);
}

/* A slot with all that it needs to be verified. */
struct slot {
    struct occ_write_slot slot;
    uint8_t signature[OCC_ED25519_SIGNATURE_LEN], hash[OCC_SHA256_LEN];
};

static const struct occ_write_slot *
make_slot(struct slot *slot, const uint8_t *secret, const struct occ_write_fields *fields)
{
    slot->slot = (struct occ_write_slot){ .counter = next_random() % fields->counter,
                                          .time_ms = next_random() >> 11,
                                          .nonce = fields->nonce,
                                          .signature = slot->signature,
                                          .hash = slot->hash };
    OCC_BUF_AUTO(body, 4096);
    occ_write_slot(&body, fields, &slot->slot, false);
    assert_true(occ_is_ok(occ_buf_check(&body)));
    occ_ed25519_sign(secret, occ_buf_view(&body), slot->signature);
    occ_digest_sha256(occ_buf_view(&body), slot->hash);
    return &slot->slot;
}

static struct occ_bytes
put_part(struct occ_buf *buf, size_t begin)
{
    assert_true(occ_is_ok(occ_buf_check(buf)));
    return occ_bytes_of(buf->ptr + begin, buf->len - begin);
}

/* What a link names, with characters of all kinds. */
static void
put_link(struct occ_buf *buf, const struct occ_write_fields *fields)
{
    char key[OCC_BASE64_LEN(32)], counter[24];
    occ_base64_encode(occ_bytes_of(fields->digest, 32), key);
    snprintf(counter, sizeof counter, "%llu", (unsigned long long)next_random());
    OCC_BUF_AUTO(measurement, 4096);
    put_random_text(&measurement, 1 + next_random() % 60);
    const struct occ_write_link link = {
        .prev_counter = occ_bytes_str(counter),
        .prev_enforcement = occ_bytes_str("hw-key"),
        .prev_epoch_id = occ_buf_view(&measurement),
        .prev_measurement = occ_buf_view(&measurement),
        .prev_public_key_b64 = occ_bytes_of(key, sizeof key),
        .prev_hash = fields->nonce,
        .to_epoch_id = fields->epoch_id,
        .to_public_key = fields->public_key,
    };
    occ_write_epoch_link(buf, &link);
}

/* Some of the parts that not every proof has. extras is large enough not to move. */
static void
put_extras(struct occ_buf *extras, const uint8_t *secret, struct slot *slot, struct occ_write_fields *fields)
{
    static const char actor[] = "{\"algorithm\":\"ES256\",\"keyId\":\""
                                "5cd252fb0ce8932436faf8ccd1040981b89ee4ad6b9fe9e2a2b7e71aacb27cd3\",\"provider\":"
                                "\"\\u0001\",\"publicKeyB64\":\"AAAA\"}";
    static const char authorization[] =
        "{\"actorKeyId\":\"5cd252fb0ce8932436faf8ccd1040981b89ee4ad6b9fe9e2a2b7e71aacb27cd3\",\"artifactHash\":\""
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"challenge\":\"c\",\"purpose\":\"occ/commit-authorize/v1\","
        "\"signatureB64\":\"AAAA\",\"timestamp\":1}";
    static const char *const chains[] = { "", "a", "photos:2026.x_y-Z" };
    assert_non_null(occ_buf_reserve(extras, 1 << 17));
    fields->chain_id = occ_bytes_str(chains[next_random() % 3]);
    if (next_random() % 2 == 0) {
        occ_buf_put_format(extras, "{\"actor\":%s,\"authorization\":%s}", actor, authorization);
        fields->agency = put_part(extras, 0);
        fields->actor = occ_bytes_str(actor);
    }
    struct occ_bytes *const signed_values[] = { &fields->attribution, &fields->policy, &fields->principal };
    for (size_t i = 0; i < 3; i++) {
        const size_t begin = extras->len;
        if (next_random() % 2 == 0) {
            put_random_metadata(extras);
            *signed_values[i] = put_part(extras, begin);
        }
    }
    if (fields->prev_hash == NULL && next_random() % 2 == 0) {
        const size_t begin = extras->len;
        put_link(extras, fields);
        fields->epoch_link = put_part(extras, begin);
    }
    if (fields->counter > 0 && next_random() % 2 == 0) {
        fields->slot = make_slot(slot, secret, fields);
    }
}

static void
test_random_fields(void **state)
{
    (void)state;
    static const char *const tiers[] = { "stub", "hw-key", "measured-tee" };
    uint8_t public_key[OCC_ED25519_PUBLIC_LEN];
    uint8_t secret[OCC_ED25519_SECRET_LEN];
    test_key(public_key, secret);
    for (int i = 0; i < 2000; i++) {
        uint8_t digest[OCC_SHA256_LEN], nonce[32], prev[OCC_SHA256_LEN];
        fill_random(digest, sizeof digest);
        fill_random(nonce, sizeof nonce);
        fill_random(prev, sizeof prev);
        OCC_BUF_AUTO(measurement, 4096);
        OCC_BUF_AUTO(metadata, 1 << 16);
        put_random_text(&measurement, 1 + next_random() % 60);
        if (next_random() % 3 != 0) {
            put_random_metadata(&metadata);
        }
        char epoch_id[2 * OCC_SHA256_LEN + 1];
        occ_write_epoch_id(public_key, nonce, epoch_id);
        struct occ_write_fields fields = {
            .public_key = public_key,
            .epoch_id = occ_bytes_str(epoch_id),
            .enforcement = occ_bytes_str(tiers[next_random() % 3]),
            .measurement = occ_buf_view(&measurement),
            .digest = digest,
            .nonce = nonce,
            .counter = next_random() >> (next_random() % 64),
            .time_ms = (next_random() >> 11) >> (next_random() % 53),
            .prev_hash = next_random() % 4 == 0 ? NULL : prev,
            .metadata = occ_buf_view(&metadata),
        };
        OCC_BUF_AUTO(extras, 1 << 20);
        struct slot slot;
        put_extras(&extras, secret, &slot, &fields);
        check_fields(&fields);
    }
}

/* The fields of the texts below. */
static struct occ_write_fields
fixed_fields(const uint8_t *public_key, const uint8_t *digest, const uint8_t *nonce)
{
    return (struct occ_write_fields){
        .public_key = public_key,
        .epoch_id = occ_bytes_str("e"),
        .enforcement = occ_bytes_str("stub"),
        .measurement = occ_bytes_str("stub:\"x\""),
        .digest = digest,
        .nonce = nonce,
        .counter = UINT64_MAX,
        .time_ms = 0,
    };
}

/* The text itself, written out, appended to what the buffer held. */
static void
test_text(void **state)
{
    (void)state;
    uint8_t public_key[OCC_ED25519_PUBLIC_LEN], secret[OCC_ED25519_SECRET_LEN], digest[32] = { 0 }, nonce[32];
    const uint8_t signature[OCC_ED25519_SIGNATURE_LEN] = { 0 };
    test_key(public_key, secret);
    memset(nonce, 0x22, sizeof nonce);
    struct occ_write_fields fields = fixed_fields(public_key, digest, nonce);
    OCC_BUF_AUTO(text, 4096);
    occ_buf_put_byte(&text, '[');
    occ_write_proof(&text, &fields, signature, NULL);
    occ_buf_put_byte(&text, 0);
#define ZEROS_32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    assert_string_equal(
        (const char *)text.ptr,
        "[{\"artifact\":{\"digestB64\":\"" ZEROS_32 "\",\"hashAlg\":\"sha256\"},\"commit\":{\"counter\":"
        "\"18446744073709551615\",\"epochId\":\"e\",\"nonceB64\":\"" NONCE_B64 "\",\"time\":0},"
        "\"environment\":{\"enforcement\":\"stub\",\"measurement\":\"stub:\\\"x\\\"\"},\"signer\":{"
        "\"publicKeyB64\":\"" KEY_B64 "\",\"signatureB64\":\"" ZERO_SIGNATURE "\"},\"version\":\"occ/1\"}");
    fields.prev_hash = digest;
    fields.metadata = occ_bytes_str("{\"a\":1}");
    occ_buf_reset(&text);
    occ_write_body(&text, &fields);
    occ_buf_put_byte(&text, 0);
    assert_string_equal((const char *)text.ptr,
                        "{\"artifact\":{\"digestB64\":\"" ZEROS_32 "\",\"hashAlg\":\"sha256\"},\"commit\":{\"counter\":"
                        "\"18446744073709551615\",\"epochId\":\"e\",\"nonceB64\":\"" NONCE_B64
                        "\",\"prevB64\":\"" ZEROS_32
                        "\",\"time\":0},\"enforcement\":\"stub\",\"measurement\":\"stub:\\\"x\\\"\","
                        "\"publicKeyB64\":\"" KEY_B64 "\",\"version\":\"occ/1\"}");
}

/* What joins a proof, written out: first nothing but an empty report, then a place in a tree. */
static void
test_joined_text(void **state)
{
    (void)state;
    static const char text[] = "{\"e\":{\"format\":\"f\"},\"v\":1}";
    const struct occ_write_opening opening = { .batch = 6, .report = 6 + 12 };
    OCC_BUF_AUTO(joined, 4096);
    occ_buf_put_str(&joined, "[");
    assert_int_equal(occ_write_joined(&joined, occ_bytes_str(text), &opening, NULL), 6 + 12 + 14);
    assert_true(occ_bytes_is(occ_buf_view(&joined), "[{\"e\":{\"format\":\"f\",\"reportB64\":\"\"},\"v\":1}"));
    assert_int_equal(joined.len - 1 - strlen(text), occ_write_joined_len_max(1));
    struct occ_tree_place place = { .leaf_index = 2, .tree_size = 4, .path_len = 2 };
    occ_buf_reset(&joined);
    const size_t at = occ_write_joined(&joined, occ_bytes_str(text), &opening, &place);
    assert_true(occ_bytes_is(occ_buf_view(&joined),
                             "{\"e\":{\"batch\":{\"leafIndex\":2,\"pathB64\":[\"" ZEROS_32 "\",\"" ZEROS_32
                             "\"],\"treeSize\":4},\"format\":\"f\",\"reportB64\":\"\"},\"v\":1}"));
    assert_memory_equal(joined.ptr + at, "\"},\"v\"", 6);
}

/* The bound holds for every place of a tree, and nearly is reached. */
static void
test_joined_len(void **state)
{
    (void)state;
    static const size_t sizes[] = { 2, 3, 9, 10, 11, 64, 100, 1000, 4097, 16384 };
    const struct occ_write_opening opening = { .batch = 1, .report = 2 };
    const uint8_t hash[OCC_SHA256_LEN] = { 0 };
    struct occ_tree tree = { 0 };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_true(occ_is_ok(occ_tree_begin(&tree, sizes[i])));
        for (size_t j = 0; j < sizes[i]; j++) {
            occ_tree_put(&tree, hash);
        }
        size_t most = 0;
        for (size_t leaf = 0; leaf < sizes[i]; leaf++) {
            struct occ_tree_place place;
            OCC_BUF_AUTO(joined, 4096);
            occ_tree_find(&tree, leaf, &place);
            (void)occ_write_joined(&joined, occ_bytes_str("abc"), &opening, &place);
            most = joined.len - 3 > most ? joined.len - 3 : most;
        }
        assert_true(most <= occ_write_joined_len_max(sizes[i]));
        assert_true(occ_write_joined_len_max(sizes[i]) - most < 4);
    }
    occ_tree_clear(&tree);
    assert_true(occ_write_joined_len_max(UINT64_MAX) < 2200);
}

/*
 * A proof with an attestation: the format is signed; the text that was hashed for the link is open where batch and reportB64
 * go, and with them it is canonical, has the same body, and the same link hash.
 */
static void
test_attestation(void **state)
{
    (void)state;
    uint8_t public_key[OCC_ED25519_PUBLIC_LEN], secret[OCC_ED25519_SECRET_LEN], digest[32] = { 0 }, nonce[32];
    uint8_t signature[OCC_ED25519_SIGNATURE_LEN], link_hash[OCC_SHA256_LEN], read_hash[OCC_SHA256_LEN];
    test_key(public_key, secret);
    memset(nonce, 0x22, sizeof nonce);
    struct occ_write_fields fields = fixed_fields(public_key, digest, nonce);
    fields.attestation_format = occ_bytes_str("aws-nitro");
    fields.attribution = occ_bytes_str("{\"a\":1}");
    OCC_BUF_AUTO(body, 4096);
    OCC_BUF_AUTO(text, 4096);
    occ_write_body(&body, &fields);
    occ_ed25519_sign(secret, occ_buf_view(&body), signature);
    struct occ_write_opening opening;
    occ_write_proof(&text, &fields, signature, &opening);
    occ_digest_sha256(occ_buf_view(&text), link_hash);
    for (int has_batch = 0; has_batch < 2; has_batch++) {
        OCC_BUF_AUTO(joined, 4096);
        OCC_BUF_AUTO(whole, 4096);
        OCC_BUF_AUTO(canonical, 4096);
        OCC_BUF_AUTO(read_body, 4096);
        const struct occ_tree_place place = { .leaf_index = 1, .tree_size = 2, .path_len = 1 };
        const size_t at = occ_write_joined(&joined, occ_buf_view(&text), &opening, has_batch ? &place : NULL);
        occ_buf_put(&whole, occ_bytes_of(joined.ptr, at));
        occ_buf_put_str(&whole, "AAAA");
        occ_buf_put(&whole, occ_bytes_of(joined.ptr + at, joined.len - at));
        struct occ_json *root = NULL;
        assert_true(occ_is_ok(occ_json_parse(occ_buf_view(&whole), OCC_LIMIT_JSON_DEPTH, NULL, &root)));
        occ_canonical_put(&canonical, root);
        assert_true(occ_bytes_equal(occ_buf_view(&canonical), occ_buf_view(&whole)));
        const struct occ_proof proof = read_proof(root);
        assert_true(occ_bytes_is(proof.attestation_format, "aws-nitro"));
        assert_true(occ_bytes_is(proof.attestation_report_b64, "AAAA"));
        assert_int_equal(proof.attestation_batch != NULL, has_batch);
        occ_body_put(&read_body, &proof);
        assert_true(occ_bytes_equal(occ_buf_view(&read_body), occ_buf_view(&body)));
        assert_true(occ_is_ok(occ_body_link_hash(&proof, false, read_hash)));
        assert_memory_equal(read_hash, link_hash, sizeof link_hash);
        occ_json_free(root);
    }
}

/* A buffer of exactly the right limit takes the proof; of one byte less, it fails. */
static void
test_exact_limit(void **state)
{
    (void)state;
    uint8_t public_key[OCC_ED25519_PUBLIC_LEN], secret[OCC_ED25519_SECRET_LEN], digest[32] = { 0 }, nonce[32] = { 0 };
    const uint8_t signature[OCC_ED25519_SIGNATURE_LEN] = { 0 };
    test_key(public_key, secret);
    const struct occ_write_fields fields = fixed_fields(public_key, digest, nonce);
    OCC_BUF_AUTO(free_text, 4096);
    occ_write_proof(&free_text, &fields, signature, NULL);
    OCC_BUF_AUTO(exact, free_text.len);
    occ_write_proof(&exact, &fields, signature, NULL);
    assert_true(occ_is_ok(occ_buf_check(&exact)));
    assert_true(occ_bytes_equal(occ_buf_view(&exact), occ_buf_view(&free_text)));
    OCC_BUF_AUTO(small, free_text.len - 1);
    occ_write_proof(&small, &fields, signature, NULL);
    assert_int_equal(occ_buf_check(&small).code, OCC_ERR_LIMIT);
}

/* PROTOCOL §2.2 and the computed vector: the same bytes as the peers' base64, in hex. */
static void
test_epoch_id(void **state)
{
    (void)state;
    uint8_t public_key[OCC_ED25519_PUBLIC_LEN], secret[OCC_ED25519_SECRET_LEN], boot_nonce[32], bytes[OCC_SHA256_LEN];
    test_key(public_key, secret);
    memset(boot_nonce, 0x11, sizeof boot_nonce);
    char epoch_id[2 * OCC_SHA256_LEN + 1];
    occ_write_epoch_id(public_key, boot_nonce, epoch_id);
    assert_int_equal(strlen(epoch_id), 64);
    assert_true(occ_is_ok(occ_hex_decode(occ_bytes_str(epoch_id), sizeof bytes, bytes)));
    assert_base64(occ_bytes_of(bytes, sizeof bytes), EPOCH_B64);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_fields), cmocka_unit_test(test_text),       cmocka_unit_test(test_exact_limit),
        cmocka_unit_test(test_joined_text),   cmocka_unit_test(test_joined_len), cmocka_unit_test(test_attestation),
        cmocka_unit_test(test_epoch_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
