/*
 * tests/unit/proof/body.c — src/proof/body.c against values that others computed: the vectors of the public test data, a
 * real chain link, and JSON text put together here by hand.
 */
#include "unit/proof/support.h"

/* The first computed vector: counter 1, aws-nitro. */
#define VECTOR_1 \
    "{\"version\":\"occ/1\"," ARTIFACT ",\"commit\":{\"time\":1741496392841,\"nonceB64\":\"" NONCE_B64 \
    "\",\"counter\":\"1\",\"epochId\":\"" EPOCH_B64 "\"}," SIGNER ",\"environment\":{\"enforcement\":" \
    "\"measured-tee\",\"measurement\":\"" MEASUREMENT \
    "\",\"attestation\":{\"reportB64\":\"AAAA\",\"format\":\"aws-nitro\"}}}"
#define VECTOR_1_SIGNATURE "adBOfX8EuKK9HAv8RfKZL0Y/ZQPzBDMXebIoOi+Krvd6V08je9zHFJ6ZpGfvQ/eg9OMLWyVQjlltRWCU5Jl/Ag=="

#define SLOT_HASH "5PUg7xiCPOsNQ5ALG3AhHuAyJlwURdg3fsfMtl7chBI="
/* Counter 2, without time, with a slot, a chain and the three values that a caller had signed. */
#define VECTOR_2 \
    "{\"version\":\"occ/1\"," ARTIFACT ",\"commit\":{\"nonceB64\":\"" NONCE_B64 \
    "\",\"counter\":\"2\",\"slotCounter\":\"1\",\"slotHashB64\":\"" SLOT_HASH "\",\"epochId\":\"" EPOCH_B64 \
    "\",\"chainId\":\"occ:main\"}," SIGNER ",\"environment\":{\"enforcement\":\"measured-tee\"," \
    "\"measurement\":\"" MEASUREMENT "\",\"attestation\":{\"format\":\"aws-nitro\",\"reportB64\":\"AAAA\"}}," \
    "\"attribution\":{\"name\":\"Jane\",\"message\":\"m\"},\"policy\":{\"name\":\"P\",\"digestB64\":\"" DIGEST_B64 \
    "\"},\"principal\":{\"id\":\"u1\"}}"
#define VECTOR_2_SIGNATURE "uOdtxR68eGdfEEyGAo8t2eBiCZX7Xq9TRoNdIZhTUbhO4y88hRMDIDX2OjtetV/TlcTKkmWhxDTjjtbE7XPDCg=="

#define SLOT_BODY \
    "{\"version\":\"occ/slot/1\",\"publicKeyB64\":\"" KEY_B64 "\",\"nonceB64\":\"" NONCE_B64 \
    "\",\"epochId\":\"" EPOCH_B64 "\",\"counter\":\"1\",\"chainId\":\"occ:main\"}"

static void
assert_sha256_hex(struct occ_bytes text, const char *expected)
{
    uint8_t hash[OCC_SHA256_LEN];
    occ_digest_sha256(text, hash);
    assert_hex(occ_bytes_of(hash, sizeof hash), expected);
}

static void
assert_signature_of(struct occ_bytes body, const char *expected)
{
    char *signature = sign_base64(body);
    assert_string_equal(signature, expected);
    free(signature);
}

static void
test_vector_1(void **state)
{
    (void)state;
    struct occ_json *root = parse_json(VECTOR_1);
    const struct occ_proof proof = read_proof(root);
    OCC_BUF_AUTO(body, OCC_LIMIT_CANONICAL_LEN);
    occ_body_put(&body, &proof);
    assert_signature_of(occ_buf_view(&body), VECTOR_1_SIGNATURE);

    uint8_t hash[OCC_SHA256_LEN];
    assert_true(occ_is_ok(occ_body_proof_hash(&proof, hash)));
    assert_base64(occ_bytes_of(hash, sizeof hash), "cLRW2RGIUqGFCkBvCuo8fpgldDExlmi6EuDnesTxGmc=");

    OCC_BUF_AUTO(older, OCC_LIMIT_CANONICAL_LEN);
    occ_body_put_without_format(&older, &proof);
    assert_sha256_hex(occ_buf_view(&older), "147c771a3cbf2385575ca1ca2b12db3639a5c7ee85070f25e84bf2aa05525f02");
    occ_json_free(root);
}

static void
test_core_hash(void **state)
{
    (void)state;
    char *text = replace(VECTOR_1, ZERO_SIGNATURE, VECTOR_1_SIGNATURE);
    char *more = replace(text, "\"version\"", "\"metadata\":{\"x\":1},\"later\":[],\"version\"");
    const char *const same[] = { text, more };
    for (size_t i = 0; i < 2; i++) {
        struct occ_json *root = parse_json(same[i]);
        const struct occ_proof proof = read_proof(root);
        uint8_t hash[OCC_SHA256_LEN];
        assert_true(occ_is_ok(occ_body_core_hash(&proof, hash)));
        assert_base64(occ_bytes_of(hash, sizeof hash), "ERK/QoDkgpBxTI4qCkxO84ardS5l+iT1jzWly6+J7O4=");
        occ_json_free(root);
    }
    free(more);
    free(text);
}

static void
test_slot_vector(void **state)
{
    (void)state;
    struct occ_json *slot = parse_json(SLOT_BODY);
    OCC_BUF_AUTO(text, 4096);
    occ_canonical_put(&text, slot);
    assert_signature_of(occ_buf_view(&text),
                        "esml1c9XpEt8rAFqtdt4VXUQYjZWJhrxCbII0wqgvVrPPn+HHzIl1ewIVwfcdA1zPVsIiBF6cSfdZTx/F7NMBw==");
    uint8_t hash[OCC_SHA256_LEN];
    occ_digest_sha256(occ_buf_view(&text), hash);
    assert_base64(occ_bytes_of(hash, sizeof hash), SLOT_HASH);
    occ_json_free(slot);
}

static void
test_vector_2(void **state)
{
    (void)state;
    struct occ_json *root = parse_json(VECTOR_2);
    const struct occ_proof proof = read_proof(root);
    OCC_BUF_AUTO(body, OCC_LIMIT_CANONICAL_LEN);
    occ_body_put(&body, &proof);
    assert_signature_of(occ_buf_view(&body), VECTOR_2_SIGNATURE);
    assert_sha256_hex(occ_buf_view(&body), "6f012f6bd023c0a8eef1049742c0fa0e1dcca01a085c1299732cfc5423962846");
    occ_json_free(root);
}

/* The direct agency payload is plain canonical JSON. */
static void
test_agency_payload(void **state)
{
    (void)state;
    struct occ_json *payload =
        parse_json("{\"timestamp\":1741496392841,\"purpose\":\"occ/commit-authorize/v1\",\"challenge\":\"" NONCE_B64
                   "\",\"artifactHash\":\"" DIGEST_B64 "\",\"actorKeyId\":\"" HEX_64 "\"}");
    OCC_BUF_AUTO(text, 4096);
    occ_canonical_put(&text, payload);
    assert_sha256_hex(occ_buf_view(&text), "14cf7369f65ac98a8d17b125b328611cc0999027984bc144dc94f6b6e01826ae");
    occ_json_free(payload);
}

/* The whole body, written out: every member of the table of PROTOCOL §2.1, in order, and nothing else. */
static void
test_full_body(void **state)
{
    (void)state;
    static const char expected[] =
        "{\"actor\":{\"algorithm\":\"ES256\",\"keyId\":\"" HEX_64
        "\",\"provider\":\"passkey\",\"publicKeyB64\":\"BBBB\"},"
        "\"artifact\":{\"digestB64\":\"" DIGEST_B64 "\",\"hashAlg\":\"sha256\"},\"attestationFormat\":\"aws-nitro\","
        "\"attribution\":{\"name\":\"Jane\"},\"commit\":{\"chainId\":\"occ:main\",\"counter\":\"12\",\"epochId\":"
        "\"e1\","
        "\"epochLink\":{\"prevCounter\":\"11\",\"prevEnforcement\":\"stub\",\"prevEpochId\":\"e0\","
        "\"prevMeasurement\":\"m0\",\"prevProofHashB64\":\"" DIGEST_B64 "\",\"prevPublicKeyB64\":\"" DIGEST_B64
        "\",\"toEpochId\":\"e1\",\"toPublicKeyB64\":\"" KEY_B64 "\"},\"nonceB64\":\"" NONCE_B64
        "\",\"slotCounter\":\"10\",\"slotHashB64\":\"" DIGEST_B64
        "\",\"time\":1741496392841,\"unknown\":[1,{\"x\":null}]},\"enforcement\":\"measured-tee\",\"measurement\":"
        "\"" MEASUREMENT "\",\"policy\":{\"name\":\"P\"},\"principal\":{\"id\":\"u1\"},\"publicKeyB64\":\"" KEY_B64
        "\",\"version\":\"occ/1\"}";
    struct occ_json *root = parse_json(FULL_PROOF);
    const struct occ_proof proof = read_proof(root);
    OCC_BUF_AUTO(body, OCC_LIMIT_CANONICAL_LEN);
    occ_buf_put_byte(&body, '#'); /* appended, not put at the start */
    occ_body_put(&body, &proof);
    occ_buf_put_byte(&body, 0);
    assert_string_equal((const char *)body.ptr + 1, expected);
    occ_json_free(root);
}

/* The link hash of a proof's text, as hex. */
static void
link_hash(const char *text, bool with_report, char ret_hex[2 * OCC_SHA256_LEN + 1])
{
    struct occ_json *root = parse_json(text);
    const struct occ_proof proof = read_proof(root);
    uint8_t hash[OCC_SHA256_LEN];
    assert_true(occ_is_ok(occ_body_link_hash(&proof, with_report, hash)));
    occ_hex_encode(occ_bytes_of(hash, sizeof hash), ret_hex);
    ret_hex[2 * OCC_SHA256_LEN] = '\0';
    occ_json_free(root);
}

/* SHA-256 of a JSON text's canonical form, as hex: what a link hash is by definition. */
static void
canonical_hash(const char *text, char ret_hex[2 * OCC_SHA256_LEN + 1])
{
    struct occ_json *root = parse_json(text);
    OCC_BUF_AUTO(canonical, OCC_LIMIT_CANONICAL_LEN);
    occ_canonical_put(&canonical, root);
    uint8_t hash[OCC_SHA256_LEN];
    occ_digest_sha256(occ_buf_view(&canonical), hash);
    occ_hex_encode(occ_bytes_of(hash, sizeof hash), ret_hex);
    ret_hex[2 * OCC_SHA256_LEN] = '\0';
    occ_json_free(root);
}

/* Left out are timestamps, proofHash, reportB64 and batch, and nothing else (PROTOCOL §2.2). */
static void
test_link_hash_of_full(void **state)
{
    (void)state;
    char *with_hash = replace(FULL_PROOF, "\"whatever\":[]", "\"whatever\":[],\"proofHash\":\"x\",\"zz\":1,\"!\":2");
    char *no_hash = replace(FULL_PROOF, "\"whatever\":[]", "\"whatever\":[],\"zz\":1,\"!\":2");
    char *no_times = replace(no_hash, "\"timestamps\":{" TOKEN("artifact") "," TOKEN("proof") "},", "");
    char *older = replace(no_times, ",\"batch\":{\"leafIndex\":0}", "");
    char *ours = replace(older, ",\"reportB64\":\"AAAA\"", "");
    char expected[65];
    char found[65];
    canonical_hash(ours, expected);
    link_hash(with_hash, false, found);
    assert_string_equal(found, expected);
    canonical_hash(older, expected);
    link_hash(with_hash, true, found);
    assert_string_equal(found, expected);
    /* what is unsigned but not left out counts */
    char *other = replace(with_hash, "\"zz\":1", "\"zz\":2");
    link_hash(other, true, found);
    assert_string_not_equal(found, expected);
    free(other);
    free(ours);
    free(older);
    free(no_times);
    free(no_hash);
    free(with_hash);
}

/* In JavaScript's order, at every level, also where something is left out in the middle. */
static void
test_link_in_ecmascript_order(void **state)
{
    (void)state;
    char *root_names =
        replace(PLAIN_PROOF,
                ",\"version\":", ",\"7\":1,\"!\":2,\"__proto__\":3,\"timestamps\":{" TOKEN("proof") "},\"version\":");
    char *text = replace(root_names, "\"environment\":{",
                         "\"environment\":{\"attestation\":{\"reportB64\":\"AAAA\",\"!\":1,"
                         "\"10\":2,\"9\":3,\"format\":\"f\"},\"!\":4,\"5\":{\"b\":1,\"0\":2},");
    struct occ_json *root = parse_json(text);
    const struct occ_proof proof = read_proof(root);
    static const char wanted[] =
        "{\"7\":1,\"!\":2," ARTIFACT ",\"commit\":{\"counter\":\"7\",\"epochId\":\"" EPOCH_B64
        "\",\"nonceB64\":\"" NONCE_B64 "\",\"prevB64\":\"" DIGEST_B64
        "\",\"time\":1741496392841},\"environment\":{\"5\":{\"0\":2,\"b\":1},\"!\":4,"
        "\"attestation\":{\"9\":3,\"10\":2,\"!\":1,\"format\":\"f\"%s},\"enforcement\":\"stub\",\"measurement\":"
        "\"stub:test\"},\"metadata\":{\"source\":\"test\"}," SIGNER ",\"version\":\"occ/1\"}";
    for (int with_report = 0; with_report <= 1; with_report++) {
        char expected[4096];
        OCC_BUF_AUTO(link, 4096);
        snprintf(expected, sizeof expected, wanted, with_report ? ",\"reportB64\":\"AAAA\"" : "");
        occ_body_put_link(&link, &proof, (struct occ_body_link_form){ with_report, OCC_CANONICAL_ECMASCRIPT });
        occ_buf_put_byte(&link, 0);
        assert_string_equal((const char *)link.ptr, expected);
    }
    occ_json_free(root);
    free(root_names);
    free(text);
}

static void
test_link_hash_of_plain(void **state)
{
    (void)state;
    char expected[65];
    char found[65];
    canonical_hash(PLAIN_PROOF, expected);
    link_hash(PLAIN_PROOF, false, found);
    assert_string_equal(found, expected);
    link_hash(PLAIN_PROOF, true, found);
    assert_string_equal(found, expected);
}

/* A real link: stub-tool-call names stub-policy, as it was before its policy was changed. */
static void
test_real_link(void **state)
{
    (void)state;
    char *first = read_vector("occ1/stub-policy.json");
    char *second = read_vector("occ1/stub-tool-call.json");
    char *given_out =
        replace(first, ",\n    \"authorProofDigestB64\": \"wNsXCtjVSOZxeRTYzfvDYh5n7qmzJQ+/CsU4nefp/rM=\"", "");
    struct occ_json *first_root = parse_json(given_out);
    struct occ_json *second_root = parse_json(second);
    const struct occ_proof first_proof = read_proof(first_root);
    const struct occ_proof second_proof = read_proof(second_root);
    uint8_t hash[OCC_SHA256_LEN];
    assert_true(occ_is_ok(occ_body_link_hash(&first_proof, false, hash)));
    char expected[64] = "";
    memcpy(expected, second_proof.prev_b64.ptr, second_proof.prev_b64.len);
    assert_base64(occ_bytes_of(hash, sizeof hash), expected);
    occ_json_free(second_root);
    occ_json_free(first_root);
    free(given_out);
    free(second);
    free(first);
}

static void
collect(void *ctx, const char *parent, struct occ_bytes name, const struct occ_json *value)
{
    struct occ_buf *list = ctx;
    assert_non_null(value);
    occ_buf_put_format(list, "%s/%.*s ", parent, OCC_BYTES_ARG(name));
}

static void
test_unsigned(void **state)
{
    (void)state;
    char *text = replace(FULL_PROOF, "\"enforcement\"", "\"format\":1,\"enforcement\"");
    char *more = replace(text, "\"version\":\"occ/1\"", "\"format\":1,\"version\":\"occ/1\"");
    struct occ_json *root = parse_json(more);
    const struct occ_proof proof = read_proof(root);
    OCC_BUF_AUTO(list, 4096);
    occ_body_each_unsigned(&proof, collect, &list);
    occ_buf_put_byte(&list, 0);
    assert_string_equal((const char *)list.ptr,
                        "/metadata /slotAllocation /timestamps /format /whatever environment/format "
                        "environment.attestation/reportB64 environment.attestation/batch agency/authorization ");
    occ_json_free(root);
    free(more);
    free(text);

    assert_true(occ_body_signs(occ_bytes_str("commit")));
    assert_true(occ_body_signs(occ_bytes_str("principal")));
    assert_false(occ_body_signs(occ_bytes_str("metadata")));
    assert_false(occ_body_signs(occ_bytes_str("proofHash")));
    assert_false(occ_body_signs(occ_bytes_str("")));
}

/* A buffer that is too small fails, and stays within its bounds (the sanitizers look). */
static void
test_small_buffers(void **state)
{
    (void)state;
    struct occ_json *root = parse_json(FULL_PROOF);
    const struct occ_proof proof = read_proof(root);
    OCC_BUF_AUTO(whole, OCC_LIMIT_CANONICAL_LEN);
    occ_body_put(&whole, &proof);
    for (size_t limit = 0; limit < whole.len; limit += 7) {
        OCC_BUF_AUTO(small, limit);
        occ_body_put(&small, &proof);
        assert_int_equal(occ_buf_check(&small).code, OCC_ERR_LIMIT);
    }
    occ_json_free(root);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector_1),
        cmocka_unit_test(test_core_hash),
        cmocka_unit_test(test_slot_vector),
        cmocka_unit_test(test_vector_2),
        cmocka_unit_test(test_agency_payload),
        cmocka_unit_test(test_full_body),
        cmocka_unit_test(test_link_hash_of_full),
        cmocka_unit_test(test_link_hash_of_plain),
        cmocka_unit_test(test_link_in_ecmascript_order),
        cmocka_unit_test(test_real_link),
        cmocka_unit_test(test_unsigned),
        cmocka_unit_test(test_small_buffers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
