/* p256.c — keys from files, and signing: see p256.h. */
#include "crypto/p256.h"

#include <limits.h>
#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "crypto/ecdsa.h"
#include "crypto/errors.h"
#include "crypto/p256_private.h"
#include "crypto/secret.h"

enum { FIELD_LEN = 32, SIGNATURE_ROOM = 512 /* bytes: pkcs11-provider wants more than a signature has */ };

struct occ_p256 {
    EVP_PKEY *pkey;
    OSSL_LIB_CTX *library; /* of a token; NULL = OpenSSL's own */
    struct occ_ecdsa_key *public_half;
    uint8_t spki[OCC_P256_SPKI_LEN];
};

void
occ_p256_free(struct occ_p256 *key)
{
    if (key == NULL) {
        return;
    }
    occ_ecdsa_key_free(key->public_half);
    EVP_PKEY_free(key->pkey);
    OSSL_LIB_CTX_free(key->library); /* ends the session with the token: at exit it would be too late */
    free(key);
}

void
occ_p256_cleanup(struct occ_p256 **key)
{
    occ_p256_free(*key);
    *key = NULL;
}

const uint8_t *
occ_p256_spki(const struct occ_p256 *key)
{
    return key->spki;
}

/* ---- signing ---- */

static void
free_context(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

static OCC_RESULT
sign(const struct occ_p256 *key, struct occ_bytes message, uint8_t ret_signature[OCC_P256_SIGNATURE_MAX],
     size_t *ret_len)
{
    __attribute__((cleanup(free_context))) EVP_MD_CTX *context = EVP_MD_CTX_new();
    OCC_ENSURE(context != NULL, OCC_ERR_NOMEM);
    if (EVP_DigestSignInit_ex(context, NULL, "SHA256", key->library, NULL, key->pkey, NULL) != 1) {
        return occ_result_of(OCC_ERR_UNAVAILABLE);
    }
    uint8_t room[SIGNATURE_ROOM];
    size_t len = sizeof room;
    if (EVP_DigestSign(context, room, &len, message.ptr, message.len) != 1 || len > OCC_P256_SIGNATURE_MAX) {
        return occ_result_of(OCC_ERR_UNAVAILABLE);
    }
    memcpy(ret_signature, room, len);
    *ret_len = len;
    return occ_success();
}

struct occ_result
occ_p256_sign(const struct occ_p256 *key, struct occ_bytes message, uint8_t ret_signature[OCC_P256_SIGNATURE_MAX],
              size_t *ret_len)
{
    uint8_t signature[OCC_P256_SIGNATURE_MAX];
    size_t len = 0;
    ERR_clear_error();
    const struct occ_result made = sign(key, message, signature, &len);
    const bool no_memory = occ_errors_say_no_memory();
    if (!occ_is_ok(made)) {
        return no_memory ? occ_result_of(OCC_ERR_NOMEM) : made;
    }
    const struct occ_result verified = occ_ecdsa_verify_der(key->public_half, message, occ_bytes_of(signature, len));
    if (!occ_is_ok(verified)) {
        return occ_result_of(verified.code == OCC_ERR_NOMEM ? OCC_ERR_NOMEM : OCC_ERR_UNAVAILABLE);
    }
    memcpy(ret_signature, signature, len);
    *ret_len = len;
    return occ_success();
}

/* ---- a key of OpenSSL's becomes one of ours ---- */

static OCC_RESULT
refuse_kind(const char *name, const EVP_PKEY *pkey, struct occ_error *err)
{
    const char *type = EVP_PKEY_get0_type_name(pkey);
    char group[64] = "";
    size_t len = 0;
    if (EVP_PKEY_get_group_name(pkey, group, sizeof group, &len) == 1 && group[0] != '\0') {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: a key on the curve %.40s, expected P-256 (prime256v1)", name,
                             group);
    }
    return occ_error_set(err, OCC_ERR_USAGE, "%s: a key of type %.40s, expected P-256 (prime256v1)", name,
                         type == NULL ? "unknown" : type);
}

static bool
get_coordinate(const EVP_PKEY *pkey, const char *parameter, uint8_t ret[FIELD_LEN])
{
    BIGNUM *number = NULL;
    const bool got = EVP_PKEY_get_bn_param(pkey, parameter, &number) == 1 && BN_num_bytes(number) <= FIELD_LEN &&
                     BN_bn2binpad(number, ret, FIELD_LEN) == FIELD_LEN;
    BN_free(number);
    return got;
}

/* A key in a token has no coordinates to ask for, but can be written. */
static bool
get_written(EVP_PKEY *pkey, uint8_t ret_spki[OCC_P256_SPKI_LEN])
{
    uint8_t *end = ret_spki;
    return i2d_PUBKEY(pkey, NULL) == OCC_P256_SPKI_LEN && i2d_PUBKEY(pkey, &end) == OCC_P256_SPKI_LEN;
}

static bool
is_p256(const EVP_PKEY *pkey)
{
    char group[64] = "";
    size_t len = 0;
    return EVP_PKEY_is_a(pkey, "EC") == 1 && EVP_PKEY_get_group_name(pkey, group, sizeof group, &len) == 1 &&
           (strcmp(group, "prime256v1") == 0 || strcmp(group, "P-256") == 0);
}

/* The public half, whatever form of point or of parameters the key was written with. */
static OCC_RESULT
fill_public(const char *name, struct occ_p256 *key, struct occ_error *err)
{
    uint8_t x[FIELD_LEN];
    uint8_t y[FIELD_LEN];
    if (!is_p256(key->pkey)) {
        return refuse_kind(name, key->pkey, err);
    }
    if (get_coordinate(key->pkey, OSSL_PKEY_PARAM_EC_PUB_X, x) &&
        get_coordinate(key->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, y)) {
        occ_ecdsa_put_spki_p256(x, y, key->spki);
    } else if (!get_written(key->pkey, key->spki)) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: the key does not tell its public half", name);
    }
    const struct occ_result loaded =
        occ_ecdsa_key_from_spki(OCC_ES256, occ_bytes_of(key->spki, sizeof key->spki), &key->public_half);
    if (loaded.code == OCC_ERR_ACTOR_KEY) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: the public half is not a point on P-256", name);
    }
    return occ_is_ok(loaded) ? loaded : occ_error_code(err, loaded.code);
}

/* That the halves belong together, and that a token signs at all, shows here and not after a challenge was asked for. */
static OCC_RESULT
rehearse(const char *name, const struct occ_p256 *key, struct occ_error *err)
{
    uint8_t signature[OCC_P256_SIGNATURE_MAX];
    size_t len = 0;
    const struct occ_result made = occ_p256_sign(key, occ_bytes_str("occ: a rehearsal"), signature, &len);
    if (made.code == OCC_ERR_UNAVAILABLE && key->library != NULL) {
        return occ_error_set(err, OCC_ERR_UNAVAILABLE, "%s: the token does not sign with this key", name);
    }
    if (made.code == OCC_ERR_UNAVAILABLE) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: the private and the public half do not belong together", name);
    }
    return occ_is_ok(made) ? made : occ_error_code(err, made.code);
}

struct occ_result
occ_p256_take(const char *name, EVP_PKEY *pkey, OSSL_LIB_CTX *library, enum occ_p256_need need, struct occ_error *err,
              struct occ_p256 **ret_key)
{
    struct occ_p256 *key = calloc(1, sizeof *key);
    if (key == NULL) {
        EVP_PKEY_free(pkey);
        OSSL_LIB_CTX_free(library);
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    key->pkey = pkey;
    key->library = library;
    struct occ_result result = fill_public(name, key, err);
    if (occ_is_ok(result) && need == OCC_P256_PRIVATE) {
        result = rehearse(name, key, err);
    }
    ERR_clear_error();
    if (!occ_is_ok(result)) {
        occ_p256_free(key);
        return result;
    }
    *ret_key = key;
    return result;
}

/* ---- files ---- */

/* Given to OpenSSL's callback for passphrases. */
struct asking {
    const struct occ_p256_secret *secret;
    bool asked; /* the callback was called */
};

/* OpenSSL's pem_password_cb. Never asks a person. */
static int
answer(char *buf, int size, int writes, void *context)
{
    struct asking *asking = context;
    const struct occ_bytes text = asking->secret->text;
    (void)writes;
    asking->asked = true;
    if (text.ptr == NULL || size < 0 || text.len > (size_t)size) {
        return -1;
    }
    memcpy(buf, text.ptr, text.len);
    return (int)text.len;
}

static void
free_bio(BIO **bio)
{
    BIO_free(*bio);
}

/* One way to read content. NULL if it is not that. */
typedef EVP_PKEY *reader(BIO *bio, struct asking *asking);

static EVP_PKEY *
read_private_pem(BIO *bio, struct asking *asking)
{
    return PEM_read_bio_PrivateKey(bio, NULL, answer, asking);
}

static EVP_PKEY *
read_public_pem(BIO *bio, struct asking *asking)
{
    return PEM_read_bio_PUBKEY(bio, NULL, answer, asking);
}

static EVP_PKEY *
key_of_certificate(X509 *certificate)
{
    EVP_PKEY *pkey = certificate == NULL ? NULL : X509_get_pubkey(certificate);
    X509_free(certificate);
    return pkey;
}

static EVP_PKEY *
read_certificate_pem(BIO *bio, struct asking *asking)
{
    return key_of_certificate(PEM_read_bio_X509(bio, NULL, answer, asking));
}

static EVP_PKEY *
read_public_der(BIO *bio, struct asking *asking)
{
    (void)asking;
    return d2i_PUBKEY_bio(bio, NULL);
}

static EVP_PKEY *
read_certificate_der(BIO *bio, struct asking *asking)
{
    (void)asking;
    return key_of_certificate(d2i_X509_bio(bio, NULL));
}

static EVP_PKEY *
read_by(reader *read, struct occ_bytes content, struct asking *asking)
{
    __attribute__((cleanup(free_bio))) BIO *bio = BIO_new_mem_buf(content.ptr, (int)content.len);
    return bio == NULL ? NULL : read(bio, asking);
}

static EVP_PKEY *
read_public(struct occ_bytes content, struct asking *asking)
{
    static reader *const readers[] = { read_public_pem, read_certificate_pem, read_public_der, read_certificate_der };
    EVP_PKEY *pkey = NULL;
    for (size_t i = 0; i < sizeof readers / sizeof readers[0] && pkey == NULL; i++) {
        pkey = read_by(readers[i], content, asking);
    }
    return pkey;
}

/* Why nothing was found. */
static OCC_RESULT
refuse_content(const char *name, struct occ_bytes content, enum occ_p256_need need, const struct asking *asking,
               struct occ_error *err)
{
    if (occ_errors_say_no_memory()) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    if (asking->asked && asking->secret->text.ptr == NULL) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: the key is encrypted, and no passphrase was given (%s)", name,
                             asking->secret->hint);
    }
    if (asking->asked) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: cannot be decrypted: a wrong passphrase, or a damaged file",
                             name);
    }
    if (need == OCC_P256_PUBLIC) {
        return occ_error_set(err, OCC_ERR_USAGE,
                             "%s: neither a key in PEM, nor a public key or certificate in PEM or DER", name);
    }
    struct asking silent = *asking;
    EVP_PKEY *pkey = read_public(content, &silent);
    const bool is_public = pkey != NULL;
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return occ_error_set(err, OCC_ERR_USAGE, "%s: %s, expected a private key in PEM", name,
                         is_public ? "only a public key or a certificate" : "not a key that can be read");
}

struct occ_result
occ_p256_read(const char *name, struct occ_bytes content, enum occ_p256_need need, const struct occ_p256_secret *secret,
              struct occ_error *err, struct occ_p256 **ret_key)
{
    if (content.len == 0 || content.len > INT_MAX) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: %zu bytes, which is no key", name, content.len);
    }
    struct asking asking = { .secret = secret };
    ERR_clear_error();
    EVP_PKEY *pkey = need == OCC_P256_PUBLIC ? read_public(content, &asking) : NULL;
    if (pkey == NULL) {
        pkey = read_by(read_private_pem, content, &asking);
    }
    if (pkey == NULL) {
        return refuse_content(name, content, need, &asking, err);
    }
    return occ_p256_take(name, pkey, NULL, need, err, ret_key);
}
