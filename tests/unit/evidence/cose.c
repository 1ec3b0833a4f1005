/* Tests of src/evidence/cose.c: the examples of the COSE working group, and each refusal of the reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "codec/json.h"
#include "evidence/cose.h"
#include "unit/evidence/nitro_draft.h"

#define KEY_AUTO __attribute__((cleanup(occ_ecdsa_key_cleanup))) struct occ_ecdsa_key *
#define JSON_AUTO __attribute__((cleanup(occ_json_cleanup))) struct occ_json *

/* ---- refusals of the reader ---- */

static void
assert_refused(const char *hex, const char *expected)
{
    OCC_BUF_AUTO(bytes, 4096);
    draft_put_hex(&bytes, hex);
    struct occ_cose_sign1 sign1 = { .algorithm = 4711 };
    const char *why = "";
    if (occ_cose_read(occ_buf_view(&bytes), &why, &sign1) || strcmp(why, expected) != 0) {
        fail_msg("%s: \"%s\", expected \"%s\"", hex, why, expected);
    }
    assert_int_equal(sign1.algorithm, 4711); /* untouched */
}

static struct occ_cose_sign1
read_good(const char *hex, struct occ_buf *bytes)
{
    struct occ_cose_sign1 sign1 = { 0 };
    const char *why = "";
    occ_buf_reset(bytes);
    draft_put_hex(bytes, hex);
    if (!occ_cose_read(occ_buf_view(bytes), &why, &sign1)) {
        fail_msg("%s: %s", hex, why);
    }
    return sign1;
}

static void
test_read(void **state)
{
    (void)state;
    static const char *const forms[] = { "84 43a10126 a0 4101 420203", "d2 84 43a10126 a0 4101 420203",
                                         "9f 43a10126 a0 4101 420203 ff", "d2 9f 43a10126 a0 4101 420203 ff" };
    OCC_BUF_AUTO(bytes, 4096);
    for (size_t i = 0; i < 4; i++) {
        const struct occ_cose_sign1 sign1 = read_good(forms[i], &bytes);
        assert_true(occ_bytes_is(sign1.protected_header, "\xa1\x01\x26"));
        assert_true(occ_bytes_is(sign1.unprotected_header, "\xa0"));
        assert_true(occ_bytes_is(sign1.payload, "\x01"));
        assert_true(occ_bytes_is(sign1.signature, "\x02\x03"));
        assert_true(sign1.has_algorithm);
        assert_int_equal(sign1.algorithm, OCC_COSE_ES256);
        assert_true(sign1.payload.ptr > bytes.ptr && sign1.payload.ptr < bytes.ptr + bytes.len);
    }
    assert_int_equal(read_good("84 44a1013822 a0 40 40", &bytes).algorithm, OCC_COSE_ES384);
    assert_int_equal(read_good("84 46bf013903e6ff a0 40 40", &bytes).algorithm, -999);
    assert_int_equal(read_good("84 40 a10126 40 40", &bytes).algorithm, OCC_COSE_ES256);
    /* labels that nobody knows, of both kinds; a text where the algorithm stands */
    assert_true(read_good("84 4ba30338180126617882f600 a2 0443112233 6179a0 40 40", &bytes).has_algorithm);
    assert_false(read_good("84 40 a0 40 40", &bytes).has_algorithm);
    assert_false(read_good("84 45a101624553 a0 40 40", &bytes).has_algorithm);
}

/* RFC 9052 §4.4: a header without parameters is signed as an empty byte string, however it was written. */
static void
test_empty_header(void **state)
{
    (void)state;
    OCC_BUF_AUTO(bytes, 4096);
    assert_int_equal(read_good("84 40 a0 40 40", &bytes).protected_header.len, 0);
    assert_int_equal(read_good("84 41a0 a0 40 40", &bytes).protected_header.len, 0);
    assert_int_equal(read_good("84 42bfff a0 40 40", &bytes).protected_header.len, 0);
    assert_int_equal(read_good("84 43a10126 a0 40 40", &bytes).protected_header.len, 3);
}

static void
test_refusals_message(void **state)
{
    (void)state;
    assert_refused("", "CBOR that ends where an item is expected");
    assert_refused("f6", "expected an array");
    assert_refused("d3 84 43a10126 a0 40 40", "a tag that is not COSE_Sign1's (18)");
    assert_refused("d862 84 43a10126 a0 40 40", "a tag that is not COSE_Sign1's (18)");
    assert_refused("d2 d2 84 43a10126 a0 40 40", "expected an array");
    assert_refused("d812 84 43a10126 a0 40 40", "a number or length that is not in its shortest form");
    assert_refused("80", "fewer than four members");
    assert_refused("83 43a10126 a0 40", "fewer than four members");
    assert_refused("9f 43a10126 a0 40 ff", "fewer than four members");
    assert_refused("85 43a10126 a0 40 40 40", "more than four members");
    assert_refused("84 43a10126 a0 f6 40", "a payload that is not in the message (null)");
    assert_refused("84 43a10126 a0 40 40 00", "bytes after the end");
    assert_refused("84 63a10126 a0 40 40", "text that is not UTF-8");
    assert_refused("84 a10126 a0 40 40", "expected a byte string");
    assert_refused("84 43a10126 f6 40 40", "expected a map");
    assert_refused("84 43a10126 41a0 40 40", "expected a map");
    assert_refused("84 43a10126 a0 6161 40", "expected a byte string");
    assert_refused("84 43a10126 a0 40 6161", "expected a byte string");
    assert_refused("84 43a10126 a0 40 f6", "expected a byte string");
    assert_refused("84 43a10126 a0 5f4100ff 40", "a string in pieces (indefinite length)");
    assert_refused("84 43a10126 a0 4201", "CBOR that ends in the middle of an item");
}

static void
test_refusals_headers(void **state)
{
    (void)state;
    assert_refused("84 4126 a0 40 40", "expected a map");
    assert_refused("84 41f6 a0 40 40", "expected a map");
    assert_refused("84 44a1012600 a0 40 40", "bytes after the end");
    assert_refused("84 42a101 a0 40 40", "an array or map with more members than there are bytes");
    assert_refused("84 45a201260126 a0 40 40", "a name twice in one map");
    assert_refused("84 44a1 1801 26 a0 40 40", "a number or length that is not in its shortest form");
    assert_refused("84 44a1 4101 26 a0 40 40", "expected an integer");
    assert_refused("84 43a101f6 a0 40 40", "expected an integer");
    assert_refused("84 40 a20126 0126 40 40", "a name twice in one map");
    assert_refused("84 43a10126 a10126 40 40", "the algorithm stands in both headers");
    assert_refused("84 43a10126 a101613a 40 40", "the algorithm stands in both headers");
    assert_refused("84 43a10126 a1028101 40 40", "a critical header parameter that is missing");
    assert_refused("84 40 a2 0126 028101 40 40", "critical header parameters that are not signed");
    assert_refused("84 46a2 0126 02 8103 a0 40 40", "a critical header parameter that is not known");
    assert_refused("84 48a3 0126 0300 02 8103 a0 40 40", "a critical header parameter that is not known");
    assert_refused("84 47a2 0126 02 816178 a0 40 40", "a critical header parameter that is not known");
    assert_refused("84 47a2 0126 02 820103 a0 40 40", "a critical header parameter that is not known");
    assert_refused("84 45a2 0126 02 80 a0 40 40", "a list of critical header parameters that is empty");
    assert_refused("84 45a2 0126 02 01 a0 40 40", "expected an array");
    assert_refused("84 44a1 028101 a0 40 40", "a critical header parameter that is missing");
    OCC_BUF_AUTO(bytes, 4096);
    assert_true(read_good("84 46a2 0126 02 8101 a0 40 40", &bytes).has_algorithm);
}

/* ---- the COSE working group's examples ---- */

static const struct occ_json *
at(const struct occ_json *root, const char *outer, const char *inner)
{
    const struct occ_json *value = occ_json_get(occ_json_get(root, outer), inner);
    assert_non_null(value);
    return value;
}

/* 32 bytes from 43 characters of base64url. */
static void
coordinate(const struct occ_json *key, const char *name, struct occ_buf *buf)
{
    const struct occ_bytes text = occ_json_string(occ_json_get(key, name));
    char plain[45];
    assert_int_equal(text.len, 43);
    for (size_t i = 0; i < 43; i++) {
        const char c = (char)text.ptr[i];
        plain[i] = c == '-' ? '+' : c;
        plain[i] = c == '_' ? '/' : plain[i];
    }
    plain[43] = '=';
    draft_put_base64(buf, occ_bytes_of(plain, 44));
    assert_int_equal(buf->len, 32);
}

static void
put_upper_hex(struct occ_buf *buf, struct occ_bytes hex)
{
    char lower[3] = { 0 };
    for (size_t i = 0; i + 1 < hex.len; i += 2) {
        for (size_t k = 0; k < 2; k++) {
            const char c = (char)hex.ptr[i + k];
            lower[k] = (char)(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
        }
        draft_put_hex(buf, lower);
    }
}

static struct occ_ecdsa_key *
key_of(const struct occ_json *root)
{
    const struct occ_json *json = at(occ_json_get(root, "input"), "sign0", "key");
    OCC_BUF_AUTO(x, 64);
    OCC_BUF_AUTO(y, 64);
    coordinate(json, "x", &x);
    coordinate(json, "y", &y);
    struct occ_ecdsa_key *key = NULL;
    assert_true(occ_is_ok(occ_ecdsa_key_from_point(OCC_ES256, occ_buf_view(&x), occ_buf_view(&y), &key)));
    return key;
}

/* What becomes of an example: why it cannot be read, or the code of its verification. */
struct outcome {
    const char *why;
    enum occ_err code;
};

static struct outcome
outcome_of(const char *file)
{
    OCC_BUF_AUTO(text, 1 << 20);
    OCC_BUF_AUTO(bytes, 65536);
    OCC_BUF_AUTO(aad, 65536);
    vectors_read("cose", file, &text);
    JSON_AUTO root = NULL;
    assert_true(occ_is_ok(occ_json_parse(occ_buf_view(&text), 64, NULL, &root)));
    const struct occ_json *external = occ_json_get(at(root, "input", "sign0"), "external");
    if (external != NULL) {
        put_upper_hex(&aad, occ_json_string(external));
    }
    put_upper_hex(&bytes, occ_json_string(at(root, "output", "cbor")));
    KEY_AUTO key = key_of(root);
    struct outcome outcome = { NULL, OCC_OK };
    struct occ_cose_sign1 sign1;
    if (!occ_cose_read(occ_buf_view(&bytes), &outcome.why, &sign1)) {
        return outcome;
    }
    outcome.code = occ_cose_verify(&sign1, occ_buf_view(&aad), key).code;
    if (outcome.code == OCC_OK) { /* the same with another external AAD is not what was signed */
        occ_buf_put_byte(&aad, 0);
        assert_int_equal(occ_cose_verify(&sign1, occ_buf_view(&aad), key).code, OCC_ERR_SIGNATURE);
    }
    return outcome;
}

static void
test_examples(void **state)
{
    (void)state;
    vectors_needed("cose");
    static const struct {
        const char *file;
        struct outcome outcome;
    } cases[] = {
        { "sign-pass-01.json", { NULL, OCC_OK } }, /* an empty protected header written as a map */
        { "sign-pass-02.json", { NULL, OCC_OK } }, /* external AAD */
        { "sign-pass-03.json", { NULL, OCC_OK } }, /* untagged */
        { "sign-fail-01.json", { "a tag that is not COSE_Sign1's (18)", OCC_OK } },
        { "sign-fail-02.json", { NULL, OCC_ERR_SIGNATURE } },       /* the payload was changed */
        { "sign-fail-03.json", { NULL, OCC_ERR_NITRO_ALGORITHM } }, /* algorithm -999 */
        { "sign-fail-04.json", { NULL, OCC_ERR_NITRO_ALGORITHM } }, /* algorithm "unknown" */
        { "sign-fail-06.json", { NULL, OCC_ERR_SIGNATURE } },       /* a protected parameter was added */
        { "sign-fail-07.json", { NULL, OCC_ERR_SIGNATURE } },       /* and one removed */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct outcome outcome = outcome_of(cases[i].file);
        const char *expected = cases[i].outcome.why;
        if (outcome.code != cases[i].outcome.code || (outcome.why == NULL) != (expected == NULL) ||
            (expected != NULL && strcmp(outcome.why, expected) != 0)) {
            fail_msg("%s: %s, %s", cases[i].file, outcome.why == NULL ? "read" : outcome.why,
                     occ_result_name(outcome.code));
        }
    }
}

/* ---- messages that OpenSSL signs here, for both algorithms and payloads of every length form ---- */

struct signer {
    EVP_PKEY *pair;
    struct occ_ecdsa_key *key;
    size_t field_len;
    const EVP_MD *hash;
};

static struct signer
signer_new(enum occ_ecdsa algorithm)
{
    const bool p256 = algorithm == OCC_ES256;
    struct signer signer = { .pair = EVP_EC_gen(p256 ? "P-256" : "P-384"),
                             .field_len = p256 ? 32 : 48,
                             .hash = p256 ? EVP_sha256() : EVP_sha384() };
    uint8_t point[97];
    size_t len = 0;
    assert_non_null(signer.pair);
    assert_int_equal(EVP_PKEY_get_octet_string_param(signer.pair, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len),
                     1);
    assert_int_equal(len, 1 + 2 * signer.field_len);
    assert_true(
        occ_is_ok(occ_ecdsa_key_from_point(algorithm, occ_bytes_of(point + 1, signer.field_len),
                                           occ_bytes_of(point + 1 + signer.field_len, signer.field_len), &signer.key)));
    assert_int_equal(occ_ecdsa_key_algorithm(signer.key), algorithm);
    return signer;
}

static void
signer_free(struct signer *signer)
{
    EVP_PKEY_free(signer->pair);
    occ_ecdsa_key_free(signer->key);
}

static void
signer_sign(const struct signer *signer, struct occ_bytes message, uint8_t *ret_signature)
{
    uint8_t der[128];
    size_t der_len = sizeof der;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, NULL, signer->hash, NULL, signer->pair), 1);
    assert_int_equal(EVP_DigestSign(context, der, &der_len, message.ptr, message.len), 1);
    EVP_MD_CTX_free(context);
    const uint8_t *next = der;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &next, (long)der_len);
    assert_non_null(signature);
    const int field_len = (int)signer->field_len;
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(signature), ret_signature, field_len), field_len);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(signature), ret_signature + field_len, field_len), field_len);
    ECDSA_SIG_free(signature);
}

/* RFC 9052 §4.4, written here by hand: with the length's head given in hex. */
static void
check_signed(const struct signer *signer, int64_t algorithm, size_t payload_len, const char *payload_head)
{
    OCC_BUF_AUTO(payload, 1 << 20);
    OCC_BUF_AUTO(message, 1 << 20);
    for (size_t i = 0; i < payload_len; i++) {
        occ_buf_put_byte(&payload, (uint8_t)i);
    }
    draft_put_hex(&message, "84 6a5369676e617475726531 43010203 42aabb");
    draft_put_hex(&message, payload_head);
    occ_buf_put(&message, occ_buf_view(&payload));
    uint8_t signature[96];
    signer_sign(signer, occ_buf_view(&message), signature);
    struct occ_cose_sign1 sign1 = { .protected_header = occ_bytes_str("\x01\x02\x03"),
                                    .has_algorithm = true,
                                    .algorithm = algorithm,
                                    .payload = occ_buf_view(&payload),
                                    .signature = occ_bytes_of(signature, 2 * signer->field_len) };
    const struct occ_bytes aad = occ_bytes_str("\xaa\xbb");
    assert_int_equal(occ_cose_verify(&sign1, aad, signer->key).code, OCC_OK);
    assert_int_equal(occ_cose_verify(&sign1, occ_bytes_of(NULL, 0), signer->key).code, OCC_ERR_SIGNATURE);
    sign1.signature.len--;
    assert_int_equal(occ_cose_verify(&sign1, aad, signer->key).code, OCC_ERR_SIGNATURE);
    sign1.signature.len++;
    sign1.protected_header.len--;
    assert_int_equal(occ_cose_verify(&sign1, aad, signer->key).code, OCC_ERR_SIGNATURE);
    sign1.protected_header.len++;
    sign1.algorithm = algorithm == OCC_COSE_ES256 ? OCC_COSE_ES384 : OCC_COSE_ES256;
    assert_int_equal(occ_cose_verify(&sign1, aad, signer->key).code, OCC_ERR_NITRO_ALGORITHM);
    sign1.algorithm = algorithm;
    sign1.has_algorithm = false;
    assert_int_equal(occ_cose_verify(&sign1, aad, signer->key).code, OCC_ERR_NITRO_ALGORITHM);
}

static void
test_signed(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        const char *head;
    } lengths[] = { { 0, "40" },       { 23, "57" },        { 24, "5818" },         { 255, "58ff" },
                    { 256, "590100" }, { 65535, "59ffff" }, { 65536, "5a00010000" } };
    for (int k = 0; k < 2; k++) {
        struct signer signer = signer_new(k == 0 ? OCC_ES256 : OCC_ES384);
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            check_signed(&signer, k == 0 ? OCC_COSE_ES256 : OCC_COSE_ES384, lengths[i].len, lengths[i].head);
        }
        signer_free(&signer);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_empty_header),
        cmocka_unit_test(test_refusals_message),
        cmocka_unit_test(test_refusals_headers),
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_signed),
    };
    return cmocka_run_group_tests_name("evidence.cose", tests, NULL, NULL);
}
