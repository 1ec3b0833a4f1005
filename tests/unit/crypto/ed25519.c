/* Tests of src/crypto/ed25519.c: Wycheproof, and the odd signatures that lax verifiers accept (PROTOCOL §5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <sodium.h>

#include "base/hex.h"
#include "codec/json.h"
#include "crypto/ed25519.h"
#include "crypto/secret.h"
#include "unit/codec/vectors.h"
#include "unit/crypto/ed25519_cases.h"

struct key {
    uint8_t public_key[OCC_ED25519_PUBLIC_LEN];
    uint8_t secret[OCC_ED25519_SECRET_LEN];
};

static struct key
test_key(void)
{
    uint8_t seed[OCC_ED25519_SEED_LEN];
    struct key key;
    for (size_t i = 0; i < sizeof seed; i++) {
        seed[i] = (uint8_t)i;
    }
    occ_ed25519_key_pair(seed, key.public_key, key.secret);
    return key;
}

/* A verifier with lax rules: what it accepts shows that a forgery in these tests is a real one. */
static bool
openssl_accepts(const uint8_t public_key[32], struct occ_bytes message, const uint8_t signature[64])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, 32);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_non_null(key);
    assert_non_null(context);
    const bool accepts = EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                         EVP_DigestVerify(context, signature, 64, message.ptr, message.len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return accepts;
}

static void
test_sign_and_verify(void **state)
{
    (void)state;
    const struct key key = test_key();
    char text[64];
    occ_hex_encode(occ_bytes_of(key.public_key, 32), text);
    assert_memory_equal(text, "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8", 64);
    for (size_t len = 0; len < 200; len += 13) {
        uint8_t message[200];
        memset(message, (int)len, sizeof message);
        uint8_t signature[OCC_ED25519_SIGNATURE_LEN];
        occ_ed25519_sign(key.secret, occ_bytes_of(message, len), signature);
        assert_true(occ_is_ok(occ_ed25519_verify(key.public_key, occ_bytes_of(message, len), signature)));
        assert_true(openssl_accepts(key.public_key, occ_bytes_of(message, len), signature));
        assert_int_equal(occ_ed25519_verify(key.public_key, occ_bytes_of(message, len + 1), signature).code,
                         OCC_ERR_SIGNATURE);
    }
    uint8_t empty[OCC_ED25519_SIGNATURE_LEN];
    occ_ed25519_sign(key.secret, occ_bytes_of(NULL, 0), empty);
    assert_true(occ_is_ok(occ_ed25519_verify(key.public_key, occ_bytes_of(NULL, 0), empty)));
}

/* Every bit of the signature and of the key matters. */
static void
test_flipped_bits(void **state)
{
    (void)state;
    struct key key = test_key();
    const struct occ_bytes message = occ_bytes_str("a message");
    uint8_t signature[OCC_ED25519_SIGNATURE_LEN];
    occ_ed25519_sign(key.secret, message, signature);
    for (size_t bit = 0; bit < 512; bit++) {
        signature[bit / 8] = (uint8_t)(signature[bit / 8] ^ (1u << bit % 8));
        assert_int_equal(occ_ed25519_verify(key.public_key, message, signature).code, OCC_ERR_SIGNATURE);
        signature[bit / 8] = (uint8_t)(signature[bit / 8] ^ (1u << bit % 8));
    }
    for (size_t bit = 0; bit < 256; bit++) {
        key.public_key[bit / 8] = (uint8_t)(key.public_key[bit / 8] ^ (1u << bit % 8));
        assert_int_equal(occ_ed25519_verify(key.public_key, message, signature).code, OCC_ERR_SIGNATURE);
        key.public_key[bit / 8] = (uint8_t)(key.public_key[bit / 8] ^ (1u << bit % 8));
    }
    assert_true(occ_is_ok(occ_ed25519_verify(key.public_key, message, signature)));
}

/* S + L, S + 2L, … as long as it fits: the same equation holds, RFC 8032 §5.1.7 refuses it. */
static void
test_s_plus_l(void **state)
{
    (void)state;
    const struct key key = test_key();
    const struct occ_bytes message = occ_bytes_str("a message");
    uint8_t signature[OCC_ED25519_SIGNATURE_LEN];
    occ_ed25519_sign(key.secret, message, signature);
    assert_true(occ_is_ok(occ_ed25519_verify(key.public_key, message, signature)));
    for (int times = 1; times <= 14; times++) {
        unsigned carry = 0;
        for (size_t i = 0; i < 32; i++) {
            carry += (unsigned)signature[32 + i] + cases_order[i];
            signature[32 + i] = (uint8_t)carry;
            carry >>= 8;
        }
        assert_int_equal(carry, 0);
        assert_int_equal(occ_ed25519_verify(key.public_key, message, signature).code, OCC_ERR_SIGNATURE);
    }
}

/* An all-zero key and all-zero signatures: for some of these messages, the lax verifier takes them. */
static void
test_all_zero(void **state)
{
    (void)state;
    const uint8_t key[32] = { 0 };
    const uint8_t signature[64] = { 0 };
    size_t lax = 0;
    for (unsigned number = 0; number < 64; number++) {
        const uint8_t bytes[1] = { (uint8_t)number };
        const struct occ_bytes message = occ_bytes_of(bytes, 1);
        lax += openssl_accepts(key, message, signature) ? 1 : 0;
        assert_int_equal(occ_ed25519_verify(key, message, signature).code, OCC_ERR_SIGNATURE);
    }
    assert_true(lax > 0);
}

/* Keys of small order: R = S·B is a signature of the identity for any message, and of the others for some. */
static void
test_small_order_keys(void **state)
{
    (void)state;
    uint8_t signature[64] = { [32] = 5 };
    assert_int_equal(crypto_scalarmult_ed25519_base_noclamp(signature, signature + 32), 0);
    size_t lax = 0;
    for (unsigned i = 0; i < CASES_SMALL_ORDER; i++) {
        uint8_t key[32];
        cases_small_point(i, key);
        for (unsigned number = 0; number < 64; number++) {
            const uint8_t bytes[1] = { (uint8_t)number };
            const struct occ_bytes message = occ_bytes_of(bytes, 1);
            lax += openssl_accepts(key, message, signature) ? 1 : 0;
            assert_int_equal(occ_ed25519_verify(key, message, signature).code, OCC_ERR_SIGNATURE);
        }
    }
    assert_true(lax >= 64);
}

/* S = h·a for a given R: with R the identity, the equation S·B = R + h·A holds for an honest key. */
static void
solve_for_r(const struct key *key, struct occ_bytes message, uint8_t signature[64])
{
    uint8_t hash[64];
    crypto_hash_sha512_state hashing;
    (void)crypto_hash_sha512_init(&hashing);
    (void)crypto_hash_sha512_update(&hashing, signature, 32);
    (void)crypto_hash_sha512_update(&hashing, key->public_key, 32);
    (void)crypto_hash_sha512_update(&hashing, message.ptr, message.len);
    (void)crypto_hash_sha512_final(&hashing, hash);
    uint8_t h[32];
    crypto_core_ed25519_scalar_reduce(h, hash);
    uint8_t expanded[64];
    (void)crypto_hash_sha512(expanded, key->secret, 32);
    expanded[0] &= 248;
    expanded[31] = (uint8_t)((expanded[31] & 127) | 64);
    memset(expanded + 32, 0, 32);
    uint8_t a[32];
    crypto_core_ed25519_scalar_reduce(a, expanded);
    crypto_core_ed25519_scalar_mul(signature + 32, h, a);
}

static void
test_small_order_r(void **state)
{
    (void)state;
    const struct key key = test_key();
    const struct occ_bytes message = occ_bytes_str("a message");
    size_t lax = 0;
    for (unsigned i = 0; i < CASES_SMALL_ORDER; i++) {
        uint8_t signature[64];
        cases_small_point(i, signature);
        solve_for_r(&key, message, signature);
        lax += openssl_accepts(key.public_key, message, signature) ? 1 : 0;
        assert_int_equal(occ_ed25519_verify(key.public_key, message, signature).code, OCC_ERR_SIGNATURE);
    }
    assert_true(lax > 0);
}

/* ---- Wycheproof ---- */

static struct occ_bytes
text_of(const struct occ_json *object, const char *name)
{
    const struct occ_json *value = occ_json_get(object, name);
    assert_non_null(value);
    assert_true(occ_json_is(value, OCC_JSON_STRING));
    return occ_json_string(value);
}

static bool
accepts(const uint8_t key[32], const struct occ_json *test)
{
    uint8_t message[4096];
    uint8_t signature[64];
    const struct occ_bytes hex = text_of(test, "msg");
    assert_true(hex.len / 2 <= sizeof message);
    assert_true(occ_is_ok(occ_hex_decode(hex, hex.len / 2, message)));
    if (!occ_is_ok(occ_hex_decode(text_of(test, "sig"), sizeof signature, signature))) {
        return false; /* another length than 64 */
    }
    return occ_is_ok(occ_ed25519_verify(key, occ_bytes_of(message, hex.len / 2), signature));
}

static size_t
check_group(const struct occ_json *group)
{
    uint8_t key[32];
    assert_true(occ_is_ok(occ_hex_decode(text_of(occ_json_get(group, "publicKey"), "pk"), sizeof key, key)));
    const struct occ_json *tests = occ_json_get(group, "tests");
    for (size_t i = 0; i < occ_json_length(tests); i++) {
        const struct occ_json *test = occ_json_at(tests, i);
        const bool valid = occ_bytes_is(text_of(test, "result"), "valid");
        assert_true(valid || occ_bytes_is(text_of(test, "result"), "invalid"));
        if (accepts(key, test) != valid) {
            fail_msg("tcId %d", (int)occ_json_number(occ_json_get(test, "tcId")));
        }
    }
    return occ_json_length(tests);
}

static void
test_wycheproof(void **state)
{
    (void)state;
    vectors_needed("wycheproof");
    OCC_BUF_AUTO(text, 16 << 20);
    vectors_read("wycheproof", "ed25519_test.json", &text);
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
    assert_true(occ_is_ok(occ_json_parse(occ_buf_view(&text), 64, NULL, &root)));
    const struct occ_json *groups = occ_json_get(root, "testGroups");
    size_t count = 0;
    for (size_t i = 0; i < occ_json_length(groups); i++) {
        count += check_group(occ_json_at(groups, i));
    }
    print_message("%zu cases\n", count);
    assert_true(count > 0);
    assert_int_equal(count, (size_t)occ_json_number(occ_json_get(root, "numberOfTests")));
}

int
main(void)
{
    if (!occ_is_ok(occ_secret_init())) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sign_and_verify),  cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_s_plus_l),         cmocka_unit_test(test_all_zero),
        cmocka_unit_test(test_small_order_keys), cmocka_unit_test(test_small_order_r),
        cmocka_unit_test(test_wycheproof),
    };
    return cmocka_run_group_tests_name("crypto.ed25519", tests, NULL, NULL);
}
