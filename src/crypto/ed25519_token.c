/* ed25519_token.c — see ed25519_token.h. */
#include "crypto/ed25519_token.h"

#include <stdlib.h>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/pem.h>

#include "crypto/errors.h"
#include "crypto/token.h"
#include "crypto/token_uri.h"

enum { SIGNATURE_ROOM = 512 /* bytes: pkcs11-provider wants more than a signature has */ };

struct occ_ed25519_token {
    OSSL_LIB_CTX *library;
    EVP_PKEY *pkey;
    uint8_t public_key[OCC_ED25519_PUBLIC_LEN];
    char uri[OCC_TOKEN_URI_LEN_MAX + 1];
};

void
occ_ed25519_token_free(struct occ_ed25519_token *key)
{
    if (key == NULL) {
        return;
    }
    EVP_PKEY_free(key->pkey);
    OSSL_LIB_CTX_free(key->library); /* ends the session with the token */
    free(key);
}

const uint8_t *
occ_ed25519_token_public(const struct occ_ed25519_token *key)
{
    return key->public_key;
}

const char *
occ_ed25519_token_uri(const struct occ_ed25519_token *key)
{
    return key->uri;
}

/* ---- what the provider calls the key ---- */

static void
free_bio(BIO **bio)
{
    BIO_free(*bio);
}

static void
free_sequence(ASN1_SEQUENCE_ANY **sequence)
{
    sk_ASN1_TYPE_pop_free(*sequence, ASN1_TYPE_free);
}

/* SEQUENCE { VisibleString what this is, UTF8String uri }, pkcs11-provider's stand-in for a key that cannot be written. */
static bool
read_stand_in(const unsigned char *der, long der_len, char ret_uri[OCC_TOKEN_URI_LEN_MAX + 1])
{
    __attribute__((cleanup(free_sequence))) ASN1_SEQUENCE_ANY *sequence = d2i_ASN1_SEQUENCE_ANY(NULL, &der, der_len);
    if (sequence == NULL || sk_ASN1_TYPE_num(sequence) != 2) {
        return false;
    }
    const ASN1_TYPE *const uri = sk_ASN1_TYPE_value(sequence, 1);
    if (uri->type != V_ASN1_UTF8STRING) {
        return false;
    }
    const struct occ_bytes text =
        occ_bytes_of(ASN1_STRING_get0_data(uri->value.utf8string), (size_t)ASN1_STRING_length(uri->value.utf8string));
    if (text.len > OCC_TOKEN_URI_LEN_MAX || memchr(text.ptr, '\0', text.len) != NULL) {
        return false;
    }
    memcpy(ret_uri, text.ptr, text.len);
    ret_uri[text.len] = '\0';
    return occ_token_uri_is(ret_uri);
}

static bool
read_uri(const EVP_PKEY *pkey, char ret_uri[OCC_TOKEN_URI_LEN_MAX + 1])
{
    __attribute__((cleanup(free_bio))) BIO *bio = BIO_new(BIO_s_mem());
    char *name = NULL;
    char *header = NULL;
    unsigned char *der = NULL;
    long der_len = 0;
    bool got = bio != NULL && PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) == 1 &&
               PEM_read_bio(bio, &name, &header, &der, &der_len) == 1;
    got = got && strcmp(name, "PKCS#11 PROVIDER URI") == 0 && read_stand_in(der, der_len, ret_uri);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(der);
    return got;
}

/* ---- opening ---- */

/* Nothing was found: who is to blame? The token has logged in, or it would want the PIN again. */
static OCC_RESULT
refuse_nothing(OSSL_LIB_CTX *library, const char *uri, const struct occ_token_asking *asking, struct occ_error *err)
{
    if (occ_errors_say_no_memory()) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    if (asking->asked == 0) {
        return occ_error_set(err, OCC_ERR_NOT_FOUND, "%.150s: no such token is there", uri);
    }
    if (asking->pin.ptr == NULL) {
        return occ_error_set(err, OCC_ERR_USAGE, "%.150s: the token wants a PIN, and none was given", uri);
    }
    struct occ_token_asking silent = { .asked = 0 };
    EVP_PKEY *pkey = NULL;
    OCC_TRY(occ_token_find(library, uri, false, &silent, err, &pkey));
    EVP_PKEY_free(pkey);
    if (silent.asked > 0) {
        return occ_error_set(err, OCC_ERR_DENIED, "%.150s: the token refused the PIN; it is not tried again", uri);
    }
    return occ_error_set(err, OCC_ERR_NOT_FOUND, "%.150s: no such private key in the token", uri);
}

/* Takes what is in key->pkey apart. */
static OCC_RESULT
describe(const char *uri, struct occ_ed25519_token *key, struct occ_error *err)
{
    if (EVP_PKEY_is_a(key->pkey, "ED25519") != 1) {
        const char *type = EVP_PKEY_get0_type_name(key->pkey);
        return occ_error_set(err, OCC_ERR_USAGE, "%.150s: a key of type %.40s, expected Ed25519", uri,
                             type == NULL ? "unknown" : type);
    }
    size_t len = sizeof key->public_key;
    if (EVP_PKEY_get_raw_public_key(key->pkey, key->public_key, &len) != 1 || len != sizeof key->public_key) {
        return occ_error_set(err, OCC_ERR_TOKEN, "%.150s: the token does not tell the key's public half", uri);
    }
    if (!read_uri(key->pkey, key->uri)) {
        return occ_error_set(err, OCC_ERR_UNSUPPORTED,
                             "%.150s: pkcs11-provider does not say which key of which token it is, expected version "
                             "1.0 or later",
                             uri);
    }
    return occ_success();
}

/* Takes library, on failure too. */
static OCC_RESULT
open_in(OSSL_LIB_CTX *library, const struct occ_ed25519_token_config *config, struct occ_error *err,
        struct occ_ed25519_token **ret_key)
{
    struct occ_ed25519_token *key = calloc(1, sizeof *key);
    if (key == NULL) {
        OSSL_LIB_CTX_free(library);
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    key->library = library;
    struct occ_token_asking asking = { .pin = config->pin };
    struct occ_result result = occ_token_find(library, config->uri, false, &asking, err, &key->pkey);
    if (occ_is_ok(result)) {
        result =
            key->pkey == NULL ? refuse_nothing(library, config->uri, &asking, err) : describe(config->uri, key, err);
    }
    if (!occ_is_ok(result)) {
        occ_ed25519_token_free(key);
        return result;
    }
    *ret_key = key;
    return occ_success();
}

struct occ_result
occ_ed25519_token_open(const struct occ_ed25519_token_config *config, struct occ_error *err,
                       struct occ_ed25519_token **ret_key)
{
    OSSL_LIB_CTX *library = NULL;
    ERR_clear_error();
    struct occ_result result = occ_token_open_module(config->module, err, &library);
    if (occ_is_ok(result)) {
        result = open_in(library, config, err, ret_key);
    }
    ERR_clear_error();
    return result;
}

/* ---- making ---- */

static void
free_context(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}

/* In a library context that has logged in. */
static bool
generate(OSSL_LIB_CTX *library, const char *uri)
{
    char name[OCC_TOKEN_URI_LEN_MAX + 1];
    const size_t len = strlen(uri);
    if (len > OCC_TOKEN_URI_LEN_MAX) {
        return false;
    }
    memcpy(name, uri, len + 1); /* OpenSSL's parameters point to what they may not change, but do not say so */
    const OSSL_PARAM parameters[] = { OSSL_PARAM_construct_utf8_string("pkcs11_uri", name, 0),
                                      OSSL_PARAM_construct_end() };
    __attribute__((cleanup(free_context))) EVP_PKEY_CTX *context =
        EVP_PKEY_CTX_new_from_name(library, "ED25519", "provider=pkcs11");
    __attribute__((cleanup(occ_token_free_pkey))) EVP_PKEY *pkey = NULL;
    return context != NULL && EVP_PKEY_keygen_init(context) == 1 && EVP_PKEY_CTX_set_params(context, parameters) == 1 &&
           EVP_PKEY_generate(context, &pkey) == 1;
}

/* A uri with object and id has more names for the new key than itself: each alone must not be another key's already. */
static OCC_RESULT
check_without(OSSL_LIB_CTX *library, const char *uri, const char *left_out, struct occ_error *err)
{
    OCC_BUF_AUTO(name, OCC_TOKEN_URI_LEN_MAX + 1);
    occ_token_uri_put_without(&name, occ_bytes_str(uri), left_out);
    occ_buf_put_byte(&name, '\0');
    const struct occ_result put = occ_buf_check(&name);
    if (!occ_is_ok(put)) {
        return occ_error_code(err, put.code);
    }
    const char *const shorter = (const char *)occ_buf_view(&name).ptr;
    struct occ_token_asking logged_in = { .asked = 0 };
    __attribute__((cleanup(occ_token_free_pkey))) EVP_PKEY *pkey = NULL;
    struct occ_error why = { .code = OCC_OK };
    const struct occ_result found = occ_token_find(library, shorter, false, &logged_in, &why, &pkey);
    if (found.code == OCC_ERR_USAGE || pkey != NULL) {
        return occ_error_set(err, OCC_ERR_STATE,
                             "%.150s: there is a private key of that name in the token already, and the name would no "
                             "longer say which",
                             shorter);
    }
    return occ_is_ok(found) ? found : occ_error_set(err, found.code, "%s", why.text);
}

static OCC_RESULT
check_names(OSSL_LIB_CTX *library, const char *uri, struct occ_error *err)
{
    OCC_BUF_AUTO(value, OCC_TOKEN_URI_LEN_MAX);
    const struct occ_bytes all = occ_bytes_str(uri);
    if (occ_token_uri_get(all, "object", &value).code == OCC_ERR_NOT_FOUND ||
        occ_token_uri_get(all, "id", &value).code == OCC_ERR_NOT_FOUND) {
        return occ_success(); /* looking for the uri was enough */
    }
    OCC_TRY(check_without(library, uri, "id", err));
    return check_without(library, uri, "object", err);
}

static OCC_RESULT
make_in(OSSL_LIB_CTX *library, const struct occ_ed25519_token_config *config, struct occ_error *err)
{
    __attribute__((cleanup(occ_token_free_pkey))) EVP_PKEY *pkey = NULL;
    struct occ_token_asking asking = { .pin = config->pin };
    /* Looking for the key also logs in, which making one needs and has no way to ask for. */
    OCC_TRY(occ_token_find(library, config->uri, false, &asking, err, &pkey));
    if (pkey != NULL) {
        return occ_error_set(err, OCC_ERR_STATE, "%.150s: there is a private key of that name in the token already",
                             config->uri);
    }
    struct occ_error why = { .code = OCC_OK };
    const struct occ_result missing = refuse_nothing(library, config->uri, &asking, &why);
    if (missing.code != OCC_ERR_NOT_FOUND || asking.asked == 0) {
        return occ_error_set(err, missing.code, "%s", why.text);
    }
    OCC_TRY(check_names(library, config->uri, err));
    if (!generate(library, config->uri)) {
        return occ_error_set(
            err, OCC_ERR_TOKEN,
            "%.150s: the token made no Ed25519 key: it may not know them (CKM_EC_EDWARDS_KEY_PAIR_GEN)", config->uri);
    }
    return occ_success();
}

struct occ_result
occ_ed25519_token_make(const struct occ_ed25519_token_config *config, struct occ_error *err,
                       struct occ_ed25519_token **ret_key)
{
    __attribute__((cleanup(occ_token_free_library))) OSSL_LIB_CTX *library = NULL;
    ERR_clear_error();
    struct occ_result result = occ_token_open_module(config->module, err, &library);
    if (occ_is_ok(result)) {
        result = make_in(library, config, err);
    }
    if (occ_is_ok(result)) {
        result = open_in(library, config, err, ret_key);
        library = NULL;
    }
    ERR_clear_error();
    return result;
}

/* ---- signing ---- */

static void
free_digest(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

struct occ_result
occ_ed25519_token_sign(const struct occ_ed25519_token *key, struct occ_bytes message,
                       uint8_t ret_signature[OCC_ED25519_SIGNATURE_LEN])
{
    __attribute__((cleanup(free_digest))) EVP_MD_CTX *context = EVP_MD_CTX_new();
    OCC_ENSURE(context != NULL, OCC_ERR_NOMEM);
    uint8_t room[SIGNATURE_ROOM];
    size_t len = sizeof room;
    ERR_clear_error();
    const bool is_signed = EVP_DigestSignInit_ex(context, NULL, NULL, key->library, NULL, key->pkey, NULL) == 1 &&
                           EVP_DigestSign(context, room, &len, message.ptr, message.len) == 1 &&
                           len == OCC_ED25519_SIGNATURE_LEN;
    ERR_clear_error();
    OCC_ENSURE(is_signed, OCC_ERR_TOKEN);
    memcpy(ret_signature, room, OCC_ED25519_SIGNATURE_LEN);
    return occ_success();
}
