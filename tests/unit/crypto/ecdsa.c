/*
 * Tests of src/crypto/ecdsa.c: Wycheproof, keys in every other encoding, signatures that lax verifiers accept, and every
 * allocation of OpenSSL failed in turn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/hex.h"
#include "codec/json.h"
#include "crypto/ecdsa.h"
#include "unit/codec/vectors.h"

/* n, the order of P-256's base point (SEC 2 §2.4.2). */
#define P256_ORDER "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"

enum { DER_MAX = 8192 };
struct der {
    uint8_t bytes[DER_MAX];
    size_t len;
};

static struct occ_bytes
view(const struct der *der)
{
    return occ_bytes_of(der->bytes, der->len);
}

static struct der
public_der(EVP_PKEY *pkey)
{
    struct der der = { .len = 0 };
    assert_non_null(pkey);
    const int len = i2d_PUBKEY(pkey, NULL);
    assert_in_range(len, 1, DER_MAX);
    uint8_t *end = der.bytes;
    assert_int_equal(i2d_PUBKEY(pkey, &end), len);
    der.len = (size_t)len;
    return der;
}

static struct der
sign(EVP_PKEY *pkey, const EVP_MD *hash, struct occ_bytes message)
{
    struct der der = { .len = DER_MAX };
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_non_null(context);
    assert_int_equal(EVP_DigestSignInit(context, NULL, hash, NULL, pkey), 1);
    assert_int_equal(EVP_DigestSign(context, der.bytes, &der.len, message.ptr, message.len), 1);
    EVP_MD_CTX_free(context);
    return der;
}

static struct occ_ecdsa_key *
load(enum occ_ecdsa algorithm, EVP_PKEY *pkey)
{
    const struct der der = public_der(pkey);
    struct occ_ecdsa_key *key = NULL;
    assert_int_equal(occ_ecdsa_key_from_spki(algorithm, view(&der), &key).code, OCC_OK);
    assert_non_null(key);
    return key;
}

static void
assert_key_refused(enum occ_ecdsa algorithm, struct occ_bytes der)
{
    struct occ_ecdsa_key *key = NULL;
    assert_int_equal(occ_ecdsa_key_from_spki(algorithm, der, &key).code, OCC_ERR_ACTOR_KEY);
    assert_null(key);
    assert_int_equal(ERR_peek_error(), 0);
}

/* ---- keys ---- */

static void
test_sign_and_verify(void **state)
{
    (void)state;
    static const struct {
        enum occ_ecdsa algorithm;
        const char *curve;
        size_t field_len;
    } cases[] = { { OCC_ES256, "P-256", 32 }, { OCC_ES384, "P-384", 48 } };
    for (size_t i = 0; i < 2; i++) {
        EVP_PKEY *pkey = EVP_EC_gen(cases[i].curve);
        const EVP_MD *hash = i == 0 ? EVP_sha256() : EVP_sha384();
        struct occ_ecdsa_key *key = load(cases[i].algorithm, pkey);
        const struct der spki = public_der(pkey);
        struct occ_ecdsa_key *same = NULL;
        const uint8_t *x = spki.bytes + spki.len - 2 * cases[i].field_len;
        const struct occ_bytes x_view = occ_bytes_of(x, cases[i].field_len);
        const struct occ_bytes y_view = occ_bytes_of(x + cases[i].field_len, cases[i].field_len);
        assert_true(occ_is_ok(occ_ecdsa_key_from_point(cases[i].algorithm, x_view, y_view, &same)));
        uint8_t message[300];
        for (size_t len = 0; len < sizeof message; len += 37) {
            memset(message, (int)len, sizeof message);
            const struct der der = sign(pkey, hash, occ_bytes_of(message, len));
            assert_true(occ_is_ok(occ_ecdsa_verify_der(key, occ_bytes_of(message, len), view(&der))));
            assert_true(occ_is_ok(occ_ecdsa_verify_der(same, occ_bytes_of(message, len), view(&der))));
            assert_int_equal(occ_ecdsa_verify_der(key, occ_bytes_of(message, len + 1), view(&der)).code,
                             OCC_ERR_SIGNATURE);
        }
        const struct der empty = sign(pkey, hash, occ_bytes_of("", 0));
        assert_true(occ_is_ok(occ_ecdsa_verify_der(key, occ_bytes_of(NULL, 0), view(&empty))));
        assert_int_equal(ERR_peek_error(), 0);
        occ_ecdsa_key_free(same);
        occ_ecdsa_key_free(key);
        EVP_PKEY_free(pkey);
    }
    occ_ecdsa_key_free(NULL);
}

/* The curve and the form of the point are part of the encoding: each other one is refused (RFC 5480 §2). */
static void
test_other_keys(void **state)
{
    (void)state;
    static const char *const curves[] = { "P-256", "P-384", "P-521", "P-224", "secp256k1", "brainpoolP256r1" };
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        EVP_PKEY *pkey = EVP_EC_gen(curves[i]);
        const struct der der = public_der(pkey);
        if (i != 0) {
            assert_key_refused(OCC_ES256, view(&der));
        }
        if (i != 1) {
            assert_key_refused(OCC_ES384, view(&der));
        }
        EVP_PKEY_free(pkey);
    }
    EVP_PKEY *rsa = EVP_RSA_gen(2048);
    EVP_PKEY *edwards = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    const struct der rsa_der = public_der(rsa);
    const struct der edwards_der = public_der(edwards);
    assert_key_refused(OCC_ES256, view(&rsa_der));
    assert_key_refused(OCC_ES256, view(&edwards_der));
    assert_key_refused(OCC_ES256, occ_bytes_of(NULL, 0));
    EVP_PKEY_free(edwards);
    EVP_PKEY_free(rsa);
}

/* The same key in the encodings that OpenSSL reads as well. */
static void
test_other_encodings(void **state)
{
    (void)state;
    static const struct {
        const char *parameter, *value;
    } forms[] = {
        { OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed" },
        { OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "hybrid" },
        { OSSL_PKEY_PARAM_EC_ENCODING, "explicit" },
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        EVP_PKEY *pkey = EVP_EC_gen("P-256");
        assert_int_equal(EVP_PKEY_set_utf8_string_param(pkey, forms[i].parameter, forms[i].value), 1);
        const struct der der = public_der(pkey);
        const uint8_t *end = der.bytes;
        EVP_PKEY *read = d2i_PUBKEY(NULL, &end, (long)der.len);
        assert_non_null(read); /* so it is a key, and only the form is refused */
        assert_key_refused(OCC_ES256, view(&der));
        EVP_PKEY_free(read);
        EVP_PKEY_free(pkey);
    }
}

/* No byte of the encoding may differ, be missing or be added; a point off the curve is refused. */
static void
test_damaged_keys(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    struct der der = public_der(pkey);
    for (size_t i = 0; i < der.len; i++) {
        der.bytes[i] ^= 1;
        assert_key_refused(OCC_ES256, view(&der));
        der.bytes[i] ^= 1;
        assert_key_refused(OCC_ES256, occ_bytes_of(der.bytes, i));
    }
    der.bytes[der.len] = 0;
    assert_key_refused(OCC_ES256, occ_bytes_of(der.bytes, der.len + 1));
    /* an outer length that counts the byte behind it, and lengths in a longer form */
    struct der longer = der;
    longer.bytes[1]++;
    longer.len++;
    assert_key_refused(OCC_ES256, view(&longer));
    struct der lax = { .bytes = { 0x30, 0x81, 0x59 }, .len = der.len + 1 };
    memcpy(lax.bytes + 3, der.bytes + 2, der.len - 2);
    assert_key_refused(OCC_ES256, view(&lax));
    EVP_PKEY_free(pkey);
}

static void
assert_point_refused(const char *x_hex, const char *y_hex)
{
    uint8_t x[32];
    uint8_t y[32];
    assert_true(occ_is_ok(occ_hex_decode(occ_bytes_str(x_hex), sizeof x, x)));
    assert_true(occ_is_ok(occ_hex_decode(occ_bytes_str(y_hex), sizeof y, y)));
    struct occ_ecdsa_key *key = NULL;
    assert_int_equal(
        occ_ecdsa_key_from_point(OCC_ES256, occ_bytes_of(x, sizeof x), occ_bytes_of(y, sizeof y), &key).code,
        OCC_ERR_ACTOR_KEY);
    assert_null(key);
}

static void
test_odd_points(void **state)
{
    (void)state;
    static const char zero[] = "0000000000000000000000000000000000000000000000000000000000000000";
    /* (0, y) with y² = b lies on the curve; (p, y) is the same point to whoever reduces */
    static const char root_b[] = "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4";
    static const char prime[] = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
    assert_point_refused(zero, zero);
    assert_point_refused(prime, root_b);
    assert_point_refused(prime, prime);
    uint8_t x[48] = { 0 };
    uint8_t y[32];
    struct occ_ecdsa_key *key = NULL;
    assert_true(occ_is_ok(occ_hex_decode(occ_bytes_str(root_b), sizeof y, y)));
    assert_true(occ_is_ok(occ_ecdsa_key_from_point(OCC_ES256, occ_bytes_of(x, 32), occ_bytes_of(y, 32), &key)));
    occ_ecdsa_key_cleanup(&key);
    assert_null(key);
    static const size_t lengths[][2] = { { 31, 32 }, { 33, 32 }, { 32, 31 }, { 0, 32 }, { 48, 32 } };
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        assert_int_equal(
            occ_ecdsa_key_from_point(OCC_ES256, occ_bytes_of(x, lengths[i][0]), occ_bytes_of(y, lengths[i][1]), &key)
                .code,
            OCC_ERR_ACTOR_KEY);
    }
}

/* ---- signatures ---- */

static struct der
encode(const BIGNUM *r, const BIGNUM *s)
{
    struct der der = { .len = 0 };
    ECDSA_SIG *signature = ECDSA_SIG_new();
    assert_int_equal(ECDSA_SIG_set0(signature, BN_dup(r), BN_dup(s)), 1);
    uint8_t *end = der.bytes;
    const int len = i2d_ECDSA_SIG(signature, &end);
    assert_true(len > 0);
    der.len = (size_t)len;
    ECDSA_SIG_free(signature);
    return der;
}

static struct occ_result
verify_numbers(const struct occ_ecdsa_key *key, const BIGNUM *r, const BIGNUM *s)
{
    const struct der der = encode(r, s);
    return occ_ecdsa_verify_der(key, occ_bytes_str("message"), view(&der));
}

/* r and s beyond 1 … n-1 are refused, though r + n, say, is r to whoever reduces; n - s is as good as s. */
static void
test_ranges(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    struct occ_ecdsa_key *key = load(OCC_ES256, pkey);
    const struct der der = sign(pkey, EVP_sha256(), occ_bytes_str("message"));
    const uint8_t *end = der.bytes;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &end, (long)der.len);
    BIGNUM *n = NULL;
    assert_true(BN_hex2bn(&n, P256_ORDER) > 0);
    BIGNUM *zero = BN_new();
    BIGNUM *other = BN_new();
    const BIGNUM *r = ECDSA_SIG_get0_r(signature);
    const BIGNUM *s = ECDSA_SIG_get0_s(signature);
    assert_true(occ_is_ok(verify_numbers(key, r, s)));
    assert_int_equal(BN_sub(other, n, s), 1);
    assert_true(occ_is_ok(verify_numbers(key, r, other)));
    assert_int_equal(BN_add(other, s, n), 1);
    assert_int_equal(verify_numbers(key, r, other).code, OCC_ERR_SIGNATURE);
    assert_int_equal(BN_add(other, r, n), 1);
    assert_int_equal(verify_numbers(key, other, s).code, OCC_ERR_SIGNATURE);
    const BIGNUM *const bad[] = { zero, n };
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(verify_numbers(key, bad[i], s).code, OCC_ERR_SIGNATURE);
        assert_int_equal(verify_numbers(key, r, bad[i]).code, OCC_ERR_SIGNATURE);
        assert_int_equal(verify_numbers(key, bad[i], bad[i]).code, OCC_ERR_SIGNATURE);
    }
    BN_free(other);
    BN_free(zero);
    BN_free(n);
    ECDSA_SIG_free(signature);
    occ_ecdsa_key_free(key);
    EVP_PKEY_free(pkey);
}

static void
test_damaged_signatures(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    struct occ_ecdsa_key *key = load(OCC_ES256, pkey);
    const struct occ_bytes message = occ_bytes_str("message");
    struct der der = sign(pkey, EVP_sha256(), message);
    for (size_t i = 0; i < der.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            der.bytes[i] = (uint8_t)(der.bytes[i] ^ (1u << bit));
            assert_int_equal(occ_ecdsa_verify_der(key, message, view(&der)).code, OCC_ERR_SIGNATURE);
            der.bytes[i] = (uint8_t)(der.bytes[i] ^ (1u << bit));
        }
        assert_int_equal(occ_ecdsa_verify_der(key, message, occ_bytes_of(der.bytes, i)).code, OCC_ERR_SIGNATURE);
    }
    assert_true(occ_is_ok(occ_ecdsa_verify_der(key, message, view(&der))));
    assert_int_equal(occ_ecdsa_verify_der(key, message, occ_bytes_of(der.bytes, der.len + 1)).code, OCC_ERR_SIGNATURE);
    assert_int_equal(occ_ecdsa_verify_der(key, message, occ_bytes_of(der.bytes, DER_MAX)).code, OCC_ERR_SIGNATURE);
    assert_int_equal(occ_ecdsa_verify_der(key, message, occ_bytes_of(NULL, 0)).code, OCC_ERR_SIGNATURE);
    /* BER: a length in the long form, and an indefinite one */
    struct der lax = { .bytes = { 0x30, 0x81, der.bytes[1] }, .len = der.len + 1 };
    memcpy(lax.bytes + 3, der.bytes + 2, der.len - 2);
    assert_int_equal(occ_ecdsa_verify_der(key, message, view(&lax)).code, OCC_ERR_SIGNATURE);
    struct der open = { .bytes = { 0x30, 0x80 }, .len = der.len + 2 };
    memcpy(open.bytes + 2, der.bytes + 2, der.len - 2);
    assert_int_equal(occ_ecdsa_verify_der(key, message, view(&open)).code, OCC_ERR_SIGNATURE);
    occ_ecdsa_key_free(key);
    EVP_PKEY_free(pkey);
}

/* Nothing of ours is left in OpenSSL's queue, and what lay in it is no reason to call a refusal something else. */
static void
test_error_queue(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    struct occ_ecdsa_key *key = load(OCC_ES256, pkey);
    struct der der = public_der(pkey);
    ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
    struct occ_ecdsa_key *none = NULL;
    der.bytes[der.len - 1] ^= 1;
    assert_int_equal(occ_ecdsa_key_from_spki(OCC_ES256, view(&der), &none).code, OCC_ERR_ACTOR_KEY);
    ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
    assert_int_equal(occ_ecdsa_verify_der(key, occ_bytes_str(""), occ_bytes_str("0")).code, OCC_ERR_SIGNATURE);
    uint8_t zeros[64] = { 0 };
    assert_int_equal(occ_ecdsa_verify_raw(key, occ_bytes_str(""), occ_bytes_of(zeros, 64)).code, OCC_ERR_SIGNATURE);
    assert_int_equal(ERR_get_error(), 0);
    occ_ecdsa_key_free(key);
    EVP_PKEY_free(pkey);
}

/* ---- OpenSSL's memory ---- */

/* Allocations until one fails; 0 = none fails. */
static unsigned fail_at;
static unsigned counted;

static bool
fails(void)
{
    counted++;
    return counted == fail_at;
}

static void *
test_malloc_(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return size == 0 || fails() ? NULL : malloc(size);
}

static void *
test_realloc_(void *memory, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    return fails() ? NULL : realloc(memory, size);
}

static void
test_free_(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

/* Loads the key and verifies both forms, with the allocation of that number failing. */
static struct occ_result
load_and_verify(struct occ_bytes spki, struct occ_bytes der, struct occ_bytes raw)
{
    __attribute__((cleanup(occ_ecdsa_key_cleanup))) struct occ_ecdsa_key *key = NULL;
    OCC_TRY(occ_ecdsa_key_from_spki(OCC_ES256, spki, &key));
    OCC_TRY(occ_ecdsa_verify_der(key, occ_bytes_str("message"), der));
    return occ_ecdsa_verify_raw(key, occ_bytes_str("message"), raw);
}

static void
test_out_of_memory(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    const struct der spki = public_der(pkey);
    const struct der der = sign(pkey, EVP_sha256(), occ_bytes_str("message"));
    const uint8_t *end = der.bytes;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &end, (long)der.len);
    uint8_t raw[64];
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, 32), 32);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + 32, 32), 32);
    ECDSA_SIG_free(signature);

    counted = 0;
    assert_true(occ_is_ok(load_and_verify(view(&spki), view(&der), occ_bytes_of(raw, sizeof raw))));
    const unsigned total = counted;
    assert_true(total > 20);
    unsigned told = 0;
    for (unsigned at = 1; at <= total; at++) {
        counted = 0;
        fail_at = at;
        const struct occ_result good = load_and_verify(view(&spki), view(&der), occ_bytes_of(raw, sizeof raw));
        counted = 0;
        raw[63] ^= 1;
        const struct occ_result bad = load_and_verify(view(&spki), view(&der), occ_bytes_of(raw, sizeof raw));
        raw[63] ^= 1;
        fail_at = 0;
        told += good.code == OCC_ERR_NOMEM;
        /* never a verdict for want of memory, but the true one */
        assert_true(good.code == OCC_ERR_NOMEM || good.code == OCC_OK);
        assert_true(bad.code == OCC_ERR_NOMEM || bad.code == OCC_ERR_SIGNATURE);
        assert_int_equal(ERR_peek_error(), 0);
    }
    assert_true(told > 20);
    EVP_PKEY_free(pkey);
}

/* ---- Wycheproof ---- */

static struct occ_bytes
text_of(const struct occ_json *object, const char *name)
{
    const struct occ_json *value = occ_json_get(object, name);
    assert_non_null(value);
    return occ_json_string(value);
}

static void
decode_hex(struct occ_bytes hex, struct der *ret)
{
    assert_in_range(hex.len, 0, 2 * DER_MAX);
    ret->len = hex.len / 2;
    assert_true(occ_is_ok(occ_hex_decode(hex, ret->len, ret->bytes)));
}

typedef struct occ_result verify_function(const struct occ_ecdsa_key *key, struct occ_bytes message,
                                          struct occ_bytes signature);

static size_t
check_group(const struct occ_json *group, enum occ_ecdsa algorithm, verify_function *verify)
{
    struct der spki;
    struct occ_ecdsa_key *key = NULL;
    decode_hex(text_of(group, "publicKeyDer"), &spki);
    assert_true(occ_is_ok(occ_ecdsa_key_from_spki(algorithm, view(&spki), &key)));
    const struct occ_json *tests = occ_json_get(group, "tests");
    for (size_t i = 0; i < occ_json_length(tests); i++) {
        const struct occ_json *test = occ_json_at(tests, i);
        struct der message;
        struct der signature;
        decode_hex(text_of(test, "msg"), &message);
        decode_hex(text_of(test, "sig"), &signature);
        /* these files have nothing "acceptable": every case is one or the other */
        const bool valid = occ_bytes_is(text_of(test, "result"), "valid");
        assert_true(valid || occ_bytes_is(text_of(test, "result"), "invalid"));
        const struct occ_result result = verify(key, view(&message), view(&signature));
        if (result.code != (valid ? OCC_OK : OCC_ERR_SIGNATURE)) {
            fail_msg("tcId %d", (int)occ_json_number(occ_json_get(test, "tcId")));
        }
    }
    occ_ecdsa_key_free(key);
    return occ_json_length(tests);
}

static void
check_file(const char *file, enum occ_ecdsa algorithm, verify_function *verify)
{
    vectors_needed("wycheproof");
    OCC_BUF_AUTO(text, 16 << 20);
    vectors_read("wycheproof", file, &text);
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
    assert_true(occ_is_ok(occ_json_parse(occ_buf_view(&text), 64, NULL, &root)));
    const struct occ_json *groups = occ_json_get(root, "testGroups");
    size_t count = 0;
    for (size_t i = 0; i < occ_json_length(groups); i++) {
        count += check_group(occ_json_at(groups, i), algorithm, verify);
    }
    print_message("%zu cases\n", count);
    assert_true(count > 0);
    assert_int_equal(count, (size_t)occ_json_number(occ_json_get(root, "numberOfTests")));
}

static void
test_wycheproof_der(void **state)
{
    (void)state;
    check_file("ecdsa_secp256r1_sha256_test.json", OCC_ES256, occ_ecdsa_verify_der);
}

static void
test_wycheproof_raw(void **state)
{
    (void)state;
    check_file("ecdsa_secp384r1_sha384_p1363_test.json", OCC_ES384, occ_ecdsa_verify_raw);
}

int
main(void)
{
    if (CRYPTO_set_mem_functions(test_malloc_, test_realloc_, test_free_) != 1) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sign_and_verify),    cmocka_unit_test(test_other_keys),
        cmocka_unit_test(test_other_encodings),    cmocka_unit_test(test_damaged_keys),
        cmocka_unit_test(test_odd_points),         cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_damaged_signatures), cmocka_unit_test(test_error_queue),
        cmocka_unit_test(test_out_of_memory),      cmocka_unit_test(test_wycheproof_der),
        cmocka_unit_test(test_wycheproof_raw),
    };
    return cmocka_run_group_tests_name("crypto.ecdsa", tests, NULL, NULL);
}
