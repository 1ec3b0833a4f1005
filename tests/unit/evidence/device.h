/*
 * device.h — for the tests of actors: a P-256 key that signs as a person's device does, made by OpenSSL. Every function
 * ends the test on failure.
 */
#ifndef TESTS_UNIT_EVIDENCE_DEVICE_H
#define TESTS_UNIT_EVIDENCE_DEVICE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/base64.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "crypto/ecdsa.h"

enum { DEVICE_SPKI_LEN = 91, DEVICE_SIGNATURE_MAX = 72 };

struct device {
    EVP_PKEY *pkey;
    uint8_t spki[DEVICE_SPKI_LEN];
    char key_id[2 * OCC_SHA256_LEN + 1];
};

struct device_signature {
    uint8_t bytes[DEVICE_SIGNATURE_MAX];
    size_t len;
};

static inline struct device
device_new(void)
{
    struct device device = { .pkey = EVP_EC_gen("P-256") };
    assert_non_null(device.pkey);
    assert_int_equal(i2d_PUBKEY(device.pkey, NULL), DEVICE_SPKI_LEN);
    uint8_t *end = device.spki;
    assert_int_equal(i2d_PUBKEY(device.pkey, &end), DEVICE_SPKI_LEN);
    uint8_t hash[OCC_SHA256_LEN];
    occ_digest_sha256(occ_bytes_of(device.spki, DEVICE_SPKI_LEN), hash);
    occ_hex_encode(occ_bytes_of(hash, sizeof hash), device.key_id);
    return device;
}

static inline void
device_free(struct device *device)
{
    EVP_PKEY_free(device->pkey);
}

static inline struct device_signature
device_sign(const struct device *device, struct occ_bytes message)
{
    struct device_signature signature = { .len = sizeof signature.bytes };
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_non_null(context);
    assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, device->pkey), 1);
    assert_int_equal(EVP_DigestSign(context, signature.bytes, &signature.len, message.ptr, message.len), 1);
    EVP_MD_CTX_free(context);
    return signature;
}

/* The signature that it is with s replaced by n - s: a low one becomes high, a high one low. */
static inline struct device_signature
device_other_s(struct device_signature signature)
{
    const uint8_t *from = signature.bytes;
    ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &from, (long)signature.len);
    assert_non_null(parsed);
    BIGNUM *n = NULL;
    assert_true(BN_hex2bn(&n, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551") > 0);
    assert_int_equal(BN_sub(n, n, ECDSA_SIG_get0_s(parsed)), 1);
    assert_int_equal(ECDSA_SIG_set0(parsed, BN_dup(ECDSA_SIG_get0_r(parsed)), n), 1);
    struct device_signature other = { .len = 0 };
    uint8_t *end = other.bytes;
    const int len = i2d_ECDSA_SIG(parsed, &end);
    assert_in_range(len, 8, DEVICE_SIGNATURE_MAX);
    other.len = (size_t)len;
    ECDSA_SIG_free(parsed);
    return other;
}

/* authenticatorData || SHA-256(clientDataJSON) */
static inline struct device_signature
device_assert(const struct device *device, struct occ_bytes authenticator_data, struct occ_bytes client_data)
{
    uint8_t hash[OCC_SHA256_LEN];
    OCC_BUF_AUTO(message, 1 << 16);
    occ_digest_sha256(client_data, hash);
    occ_buf_put(&message, authenticator_data);
    occ_buf_put(&message, occ_bytes_of(hash, sizeof hash));
    assert_true(occ_is_ok(occ_buf_check(&message)));
    return device_sign(device, occ_buf_view(&message));
}

#endif
