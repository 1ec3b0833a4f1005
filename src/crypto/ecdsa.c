/* ecdsa.c — see ecdsa.h. */
#include "crypto/ecdsa.h"

#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "crypto/errors.h"

enum {
    FIELD_LEN_MAX = 48,                    /* P-384 */
    POINT_LEN_MAX = 1 + 2 * FIELD_LEN_MAX, /* SEC 1 §2.3.3, uncompressed: 04 || x || y */
    DER_LEN_MAX = 2 + 2 * (3 + FIELD_LEN_MAX)
};

/*
 * RFC 5480 §2: all of a SubjectPublicKeyInfo up to the point's coordinates. With the curve named and the point uncompressed
 * nothing in it can vary, so it is compared rather than parsed: every other encoding, curve or algorithm differs here.
 */
static const uint8_t p256_head[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                     0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04 };
static const uint8_t p384_head[] = { 0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
                                     0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04 };

static const struct curve {
    const char *group, *hash;
    size_t field_len;
    const uint8_t *head;
    size_t head_len;
} curves[] = {
    [OCC_ES256] = { "P-256", "SHA256", 32, p256_head, sizeof p256_head },
    [OCC_ES384] = { "P-384", "SHA384", 48, p384_head, sizeof p384_head },
};

struct occ_ecdsa_key {
    size_t field_len;
    EVP_PKEY *key;
    EVP_MD *hash; /* fetched once: faster than by name each time */
};

/* What a refusal by OpenSSL means: code, unless it noted that memory was short. Empties its queue of errors. */
static OCC_RESULT
settle(struct occ_result result)
{
    const bool no_memory = occ_errors_say_no_memory();
    return no_memory && !occ_is_ok(result) ? occ_result_of(OCC_ERR_NOMEM) : result;
}

static void
free_key_context(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}

static void
free_hash_context(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

static void
free_signature(ECDSA_SIG **signature)
{
    ECDSA_SIG_free(*signature);
}

/* ---- keys ---- */

/* OpenSSL refuses coordinates that are not below the field's prime or not on the curve; infinity has no such encoding. */
static OCC_RESULT
load_point(const struct curve *curve, uint8_t point[POINT_LEN_MAX], EVP_PKEY **ret_key)
{
    char group[16] = "";
    memcpy(group, curve->group, strlen(curve->group));
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * curve->field_len),
        OSSL_PARAM_construct_end(),
    };
    __attribute__((cleanup(free_key_context))) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OCC_ENSURE(context != NULL && EVP_PKEY_fromdata_init(context) == 1, OCC_ERR_NOMEM);
    if (EVP_PKEY_fromdata(context, ret_key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        return occ_result_of(OCC_ERR_ACTOR_KEY);
    }
    return occ_success();
}

static OCC_RESULT
fill_key(const struct curve *curve, uint8_t point[POINT_LEN_MAX], struct occ_ecdsa_key *key)
{
    key->field_len = curve->field_len;
    key->hash = EVP_MD_fetch(NULL, curve->hash, NULL);
    OCC_ENSURE(key->hash != NULL, OCC_ERR_NOMEM);
    return load_point(curve, point, &key->key);
}

static OCC_RESULT
load_key(const struct curve *curve, uint8_t point[POINT_LEN_MAX], struct occ_ecdsa_key **ret_key)
{
    struct occ_ecdsa_key *key = calloc(1, sizeof *key);
    OCC_ENSURE(key != NULL, OCC_ERR_NOMEM);
    const struct occ_result filled = fill_key(curve, point, key);
    if (!occ_is_ok(filled)) {
        occ_ecdsa_key_free(key);
        return filled;
    }
    *ret_key = key;
    return occ_success();
}

struct occ_result
occ_ecdsa_key_from_point(enum occ_ecdsa algorithm, struct occ_bytes x, struct occ_bytes y,
                         struct occ_ecdsa_key **ret_key)
{
    const struct curve *curve = &curves[algorithm];
    OCC_ENSURE(x.len == curve->field_len && y.len == curve->field_len, OCC_ERR_ACTOR_KEY);
    uint8_t point[POINT_LEN_MAX] = { 0x04 };
    memcpy(point + 1, x.ptr, x.len);
    memcpy(point + 1 + x.len, y.ptr, y.len);
    ERR_clear_error();
    const struct occ_result result = settle(load_key(curve, point, ret_key));
    return result.code == OCC_ERR_ACTOR_KEY ? settle(load_key(curve, point, ret_key)) : result; /* see verify_twice */
}

struct occ_result
occ_ecdsa_key_from_spki(enum occ_ecdsa algorithm, struct occ_bytes der, struct occ_ecdsa_key **ret_key)
{
    const struct curve *curve = &curves[algorithm];
    OCC_ENSURE(der.len == curve->head_len + 2 * curve->field_len, OCC_ERR_ACTOR_KEY);
    OCC_ENSURE(memcmp(der.ptr, curve->head, curve->head_len) == 0, OCC_ERR_ACTOR_KEY);
    const uint8_t *x = der.ptr + curve->head_len;
    return occ_ecdsa_key_from_point(algorithm, occ_bytes_of(x, curve->field_len),
                                    occ_bytes_of(x + curve->field_len, curve->field_len), ret_key);
}

void
occ_ecdsa_put_spki_p256(const uint8_t x[32], const uint8_t y[32], uint8_t ret_spki[91])
{
    memcpy(ret_spki, p256_head, sizeof p256_head);
    memcpy(ret_spki + sizeof p256_head, x, 32);
    memcpy(ret_spki + sizeof p256_head + 32, y, 32);
}

void
occ_ecdsa_key_free(struct occ_ecdsa_key *key)
{
    if (key == NULL) {
        return;
    }
    EVP_PKEY_free(key->key);
    EVP_MD_free(key->hash);
    free(key);
}

void
occ_ecdsa_key_cleanup(struct occ_ecdsa_key **key)
{
    occ_ecdsa_key_free(*key);
    *key = NULL;
}

enum occ_ecdsa
occ_ecdsa_key_algorithm(const struct occ_ecdsa_key *key)
{
    return key->field_len == curves[OCC_ES256].field_len ? OCC_ES256 : OCC_ES384;
}

/* ---- signatures ---- */

/* The strict DER of a signature, if it is no longer than these curves have. */
static OCC_RESULT
encode(const ECDSA_SIG *signature, uint8_t ret_der[DER_LEN_MAX], size_t *ret_len)
{
    const int len = i2d_ECDSA_SIG(signature, NULL);
    OCC_ENSURE(len > 0 && len <= DER_LEN_MAX, OCC_ERR_SIGNATURE);
    uint8_t *end = ret_der;
    if (i2d_ECDSA_SIG(signature, &end) != len) {
        return occ_result_of(OCC_ERR_SIGNATURE);
    }
    *ret_len = (size_t)len;
    return occ_success();
}

/*
 * FIPS 186-5 §6.4.2. OpenSSL refuses r and s outside 1 … n-1; the tests try it. A high s (n - s of another signature) is as
 * good as a low one: authenticators make both (WebAuthn asks for no form).
 */
static OCC_RESULT
verify(const struct occ_ecdsa_key *key, struct occ_bytes message, struct occ_bytes der)
{
    __attribute__((cleanup(free_hash_context))) EVP_MD_CTX *context = EVP_MD_CTX_new();
    OCC_ENSURE(context != NULL, OCC_ERR_NOMEM);
    if (EVP_DigestVerifyInit(context, NULL, key->hash, NULL, key->key) != 1) {
        return occ_result_of(OCC_ERR_NOMEM);
    }
    if (EVP_DigestVerify(context, der.ptr, der.len, message.ptr, message.len) != 1) {
        return occ_result_of(OCC_ERR_SIGNATURE);
    }
    return occ_success();
}

static OCC_RESULT
look_at_der(const struct occ_ecdsa_key *key, struct occ_bytes message, struct occ_bytes signature)
{
    OCC_ENSURE(signature.len > 0 && signature.len <= DER_LEN_MAX, OCC_ERR_SIGNATURE);
    const uint8_t *end = signature.ptr;
    __attribute__((cleanup(free_signature))) ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &end, (long)signature.len);
    if (parsed == NULL) {
        return occ_result_of(OCC_ERR_SIGNATURE);
    }
    /*
     * BER, padded integers and trailing bytes read the same; only strict DER is written the same. OpenSSL compares once
     * more when it verifies; what we promise does not hang on that.
     */
    uint8_t der[DER_LEN_MAX];
    size_t len = 0;
    OCC_TRY(encode(parsed, der, &len));
    OCC_ENSURE(occ_bytes_equal(signature, occ_bytes_of(der, len)), OCC_ERR_SIGNATURE);
    return verify(key, message, signature);
}

static OCC_RESULT
look_at_raw(const struct occ_ecdsa_key *key, struct occ_bytes message, struct occ_bytes signature)
{
    OCC_ENSURE(signature.len == 2 * key->field_len, OCC_ERR_SIGNATURE);
    __attribute__((cleanup(free_signature))) ECDSA_SIG *parsed = ECDSA_SIG_new();
    OCC_ENSURE(parsed != NULL, OCC_ERR_NOMEM);
    const int len = (int)key->field_len;
    BIGNUM *r = BN_bin2bn(signature.ptr, len, NULL);
    BIGNUM *s = BN_bin2bn(signature.ptr + len, len, NULL);
    if (ECDSA_SIG_set0(parsed, r, s) != 1) { /* takes both, if both are there */
        BN_free(r);
        BN_free(s);
        return occ_result_of(OCC_ERR_NOMEM);
    }
    uint8_t der[DER_LEN_MAX];
    size_t der_len = 0;
    OCC_TRY(encode(parsed, der, &der_len));
    return verify(key, message, occ_bytes_of(der, der_len));
}

/*
 * OpenSSL can take a failed allocation for a signature that does not fit, without a word about it. A second look tells: still
 * short of memory it says so, and else it gives the true verdict.
 */
static OCC_RESULT
verify_twice(const struct occ_ecdsa_key *key, struct occ_bytes message, struct occ_bytes signature,
             struct occ_result (*look)(const struct occ_ecdsa_key *, struct occ_bytes, struct occ_bytes))
{
    ERR_clear_error();
    const struct occ_result result = settle(look(key, message, signature));
    return result.code == OCC_ERR_SIGNATURE ? settle(look(key, message, signature)) : result;
}

struct occ_result
occ_ecdsa_verify_der(const struct occ_ecdsa_key *key, struct occ_bytes message, struct occ_bytes signature)
{
    return verify_twice(key, message, signature, look_at_der);
}

struct occ_result
occ_ecdsa_verify_raw(const struct occ_ecdsa_key *key, struct occ_bytes message, struct occ_bytes signature)
{
    return verify_twice(key, message, signature, look_at_raw);
}
