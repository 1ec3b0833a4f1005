/* p256.c — keys made by OpenSSL in every form that people have them in, and what is no such key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto/ecdsa.h"
#include "crypto/p256.h"

static const struct occ_p256_secret none = { .hint = "the hint" };

/* What writing into a BIO left in it; freed by the caller. */
static struct occ_bytes
content_of(BIO *bio)
{
    char *data = NULL;
    const long len = BIO_get_mem_data(bio, &data);
    assert_true(len > 0);
    return occ_bytes_of(data, (size_t)len);
}

static struct occ_p256_secret
secret_of(const char *text)
{
    return (struct occ_p256_secret){ .text = occ_bytes_str(text), .hint = "the hint" };
}

/* The key reads, for what it is needed, and its public half is that of pkey as OpenSSL writes it. */
static void
reads(BIO *bio, enum occ_p256_need need, const struct occ_p256_secret *secret, EVP_PKEY *pkey)
{
    struct occ_error err = { 0 };
    struct occ_p256 *key = NULL;
    if (!occ_is_ok(occ_p256_read("k", content_of(bio), need, secret, &err, &key))) {
        fail_msg("%s", err.text);
    }
    uint8_t spki[OCC_P256_SPKI_LEN];
    uint8_t *end = spki;
    assert_int_equal(i2d_PUBKEY(pkey, NULL), sizeof spki);
    (void)i2d_PUBKEY(pkey, &end);
    assert_memory_equal(occ_p256_spki(key), spki, sizeof spki);
    assert_int_equal(ERR_peek_error(), 0);
    occ_p256_free(key);
    (void)BIO_free(bio);
}

static void
refuses(BIO *bio, enum occ_p256_need need, const struct occ_p256_secret *secret, const char *sentence)
{
    struct occ_error err = { 0 };
    struct occ_p256 *key = NULL;
    assert_int_equal(occ_p256_read("k", content_of(bio), need, secret, &err, &key).code, OCC_ERR_USAGE);
    assert_string_equal(err.text, sentence);
    assert_null(key);
    assert_int_equal(ERR_peek_error(), 0);
    (void)BIO_free(bio);
}

static BIO *
memory(void)
{
    BIO *bio = BIO_new(BIO_s_mem());
    assert_non_null(bio);
    return bio;
}

static BIO *
pkcs8(EVP_PKEY *pkey, const char *passphrase)
{
    BIO *bio = memory();
    const int len = passphrase == NULL ? 0 : (int)strlen(passphrase);
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pkey, passphrase == NULL ? NULL : EVP_aes_256_cbc(), passphrase,
                                                   len, NULL, NULL),
                     1);
    return bio;
}

static BIO *
sec1(EVP_PKEY *pkey, const char *passphrase)
{
    BIO *bio = memory();
    const int len = passphrase == NULL ? 0 : (int)strlen(passphrase);
    assert_int_equal(PEM_write_bio_PrivateKey_traditional(bio, pkey, passphrase == NULL ? NULL : EVP_aes_128_cbc(),
                                                          (const unsigned char *)passphrase, len, NULL, NULL),
                     1);
    return bio;
}

static BIO *
public_pem(EVP_PKEY *pkey)
{
    BIO *bio = memory();
    assert_int_equal(PEM_write_bio_PUBKEY(bio, pkey), 1);
    return bio;
}

static X509 *
certificate_of(EVP_PKEY *pkey)
{
    X509 *certificate = X509_new();
    assert_non_null(certificate);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), 3600));
    assert_int_equal(X509_set_pubkey(certificate, pkey), 1);
    assert_true(X509_sign(certificate, pkey, EVP_sha256()) > 0);
    return certificate;
}

static void
private_forms(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    const struct occ_p256_secret right = secret_of("right horse");
    const struct occ_p256_secret wrong = secret_of("wrong horse");
    static const char no_passphrase[] = "k: the key is encrypted, and no passphrase was given (the hint)";
    static const char not_opened[] = "k: cannot be decrypted: a wrong passphrase, or a damaged file";
    for (enum occ_p256_need need = OCC_P256_PRIVATE; need <= OCC_P256_PUBLIC; need++) {
        reads(pkcs8(pkey, NULL), need, &none, pkey);
        reads(pkcs8(pkey, NULL), need, &right, pkey);
        reads(sec1(pkey, NULL), need, &none, pkey);
        reads(pkcs8(pkey, "right horse"), need, &right, pkey);
        reads(sec1(pkey, "right horse"), need, &right, pkey);
        refuses(pkcs8(pkey, "right horse"), need, &none, no_passphrase);
        refuses(sec1(pkey, "right horse"), need, &none, no_passphrase);
        refuses(pkcs8(pkey, "right horse"), need, &wrong, not_opened);
        refuses(sec1(pkey, "right horse"), need, &wrong, not_opened);
    }
    /* As "openssl ecparam -genkey" writes it: the curve first. */
    BIO *bio = memory();
    BIO_puts(bio, "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n");
    assert_int_equal(PEM_write_bio_PrivateKey_traditional(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    reads(bio, OCC_P256_PRIVATE, &none, pkey);
    EVP_PKEY_free(pkey);
}

/* A compressed point is the same key, and has the same id. */
static void
compressed(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    EVP_PKEY *other = EVP_PKEY_dup(pkey);
    assert_int_equal(EVP_PKEY_set_utf8_string_param(other, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed"),
                     1);
    assert_true(i2d_PUBKEY(other, NULL) < OCC_P256_SPKI_LEN);
    reads(public_pem(other), OCC_P256_PUBLIC, &none, pkey);
    reads(pkcs8(other, NULL), OCC_P256_PRIVATE, &none, pkey);
    EVP_PKEY_free(other);
    EVP_PKEY_free(pkey);
}

static void
public_forms(void **state)
{
    (void)state;
    static const char only_public[] = "k: only a public key or a certificate, expected a private key in PEM";
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    X509 *certificate = certificate_of(pkey);
    for (int i = 0; i < 2; i++) {
        BIO *bios[4] = { public_pem(pkey), memory(), memory(), memory() };
        assert_int_equal(i2d_PUBKEY_bio(bios[1], pkey), 1);
        assert_int_equal(PEM_write_bio_X509(bios[2], certificate), 1);
        assert_int_equal(i2d_X509_bio(bios[3], certificate), 1);
        for (size_t j = 0; j < 4; j++) {
            if (i == 0) {
                reads(bios[j], OCC_P256_PUBLIC, &none, pkey);
            } else {
                refuses(bios[j], OCC_P256_PRIVATE, &none, only_public);
            }
        }
    }
    X509_free(certificate);
    EVP_PKEY_free(pkey);
}

static void
other_keys(void **state)
{
    (void)state;
    EVP_PKEY *keys[] = { EVP_EC_gen("P-384"), EVP_EC_gen("secp256k1"), EVP_RSA_gen(2048),
                         EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") };
    static const char *const sentences[] = { "k: a key on the curve secp384r1, expected P-256 (prime256v1)",
                                             "k: a key on the curve secp256k1, expected P-256 (prime256v1)",
                                             "k: a key of type RSA, expected P-256 (prime256v1)",
                                             "k: a key of type ED25519, expected P-256 (prime256v1)" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        refuses(pkcs8(keys[i], NULL), OCC_P256_PRIVATE, &none, sentences[i]);
        refuses(public_pem(keys[i]), OCC_P256_PUBLIC, &none, sentences[i]);
        EVP_PKEY_free(keys[i]);
    }
}

static BIO *
text(const char *content)
{
    BIO *bio = memory();
    BIO_puts(bio, content);
    return bio;
}

static void
no_keys(void **state)
{
    (void)state;
    static const char *const texts[] = { "x", "hello\nworld\n", "-----BEGIN PRIVATE KEY-----\n",
                                         "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        refuses(text(texts[i]), OCC_P256_PRIVATE, &none,
                "k: not a key that can be read, expected a private key in PEM");
        refuses(text(texts[i]), OCC_P256_PUBLIC, &none,
                "k: neither a key in PEM, nor a public key or certificate in PEM or DER");
    }
    struct occ_error err = { 0 };
    struct occ_p256 *key = NULL;
    assert_int_equal(occ_p256_read("k", occ_bytes_of(NULL, 0), OCC_P256_PRIVATE, &none, &err, &key).code,
                     OCC_ERR_USAGE);
    assert_string_equal(err.text, "k: 0 bytes, which is no key");
}

/* A file in which the public half is another key's: its signatures would be nobody's. */
static void
halves(void **state)
{
    (void)state;
    EVP_PKEY *one = EVP_EC_gen("P-256");
    EVP_PKEY *other = EVP_EC_gen("P-256");
    uint8_t *der = NULL;
    uint8_t spki[OCC_P256_SPKI_LEN];
    uint8_t *end = spki;
    const int len = i2d_PrivateKey(one, &der);
    (void)i2d_PUBKEY(other, &end);
    assert_true(len > 65);
    memcpy(der + len - 65, spki + sizeof spki - 65, 65); /* SEC 1: the public point stands at the end */
    BIO *bio = memory();
    assert_true(PEM_write_bio(bio, "EC PRIVATE KEY", "", der, len) > 0);
    refuses(bio, OCC_P256_PRIVATE, &none, "k: the private and the public half do not belong together");
    OPENSSL_free(der);
    EVP_PKEY_free(one);
    EVP_PKEY_free(other);
}

/* OpenSSL verifies what was signed, and signatures differ from time to time. */
static void
signatures(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    BIO *bio = pkcs8(pkey, NULL);
    struct occ_error err = { 0 };
    struct occ_p256 *key = NULL;
    assert_true(occ_is_ok(occ_p256_read("k", content_of(bio), OCC_P256_PRIVATE, &none, &err, &key)));
    (void)BIO_free(bio);
    uint8_t before[OCC_P256_SIGNATURE_MAX] = { 0 };
    for (int i = 0; i < 20; i++) {
        uint8_t signature[OCC_P256_SIGNATURE_MAX] = { 0 };
        size_t len = 0;
        assert_true(occ_is_ok(occ_p256_sign(key, occ_bytes_str("a message"), signature, &len)));
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        assert_int_equal(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, pkey), 1);
        assert_int_equal(EVP_DigestVerify(context, signature, len, (const uint8_t *)"a message", 9), 1);
        EVP_MD_CTX_free(context);
        assert_memory_not_equal(signature, before, sizeof before);
        memcpy(before, signature, sizeof before);
    }
    occ_p256_cleanup(&key);
    assert_null(key);
    EVP_PKEY_free(pkey);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(private_forms), cmocka_unit_test(compressed), cmocka_unit_test(public_forms),
        cmocka_unit_test(other_keys),    cmocka_unit_test(no_keys),    cmocka_unit_test(halves),
        cmocka_unit_test(signatures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
