/* timestamp_authority.c — see timestamp_maker.h: keys and certificates. */
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "support/timestamp_private.h"

EVP_PKEY *
timestamp_key_new(enum timestamp_key kind)
{
    EVP_PKEY *key = NULL;
    switch (kind) {
    case TIMESTAMP_P256:
        key = EVP_EC_gen("P-256");
        break;
    case TIMESTAMP_P384:
        key = EVP_EC_gen("P-384");
        break;
    case TIMESTAMP_P256_EXPLICIT:
        key = EVP_EC_gen("P-256");
        timestamp_must(
            EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_EC_ENCODING_EXPLICIT) == 1);
        break;
    case TIMESTAMP_RSA_2048:
        key = EVP_RSA_gen(2048u);
        break;
    case TIMESTAMP_RSA_1024:
        key = EVP_RSA_gen(1024u);
        break;
    }
    timestamp_must(key != NULL);
    return key;
}

static void
add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    if (value == NULL) {
        return;
    }
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    timestamp_must(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static void
add_unknown_extension(X509 *certificate)
{
    ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.4.1.32473.1", 1); /* of the examples in RFC 5612 */
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    timestamp_must(oid != NULL && value != NULL && ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05", 2) == 1);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, value);
    timestamp_must(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
}

static void
set_serial(X509 *certificate)
{
    unsigned char bytes[16];
    timestamp_must(RAND_bytes(bytes, sizeof bytes) == 1);
    bytes[0] = 0x2b; /* positive, and never shorter */
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    timestamp_must(number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL);
    BN_free(number);
}

/* issuer and issuer_key: NULL for a certificate that signs itself. */
X509 *
timestamp_certificate_new(const struct timestamp_certificate *plan, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
    X509 *certificate = X509_new();
    timestamp_must(certificate != NULL && X509_set_version(certificate, X509_VERSION_3) == 1);
    X509 *above = issuer == NULL ? certificate : issuer;
    set_serial(certificate);
    X509_NAME *name = X509_get_subject_name(certificate);
    timestamp_must(
        X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"occ tests", -1, -1, 0) == 1);
    timestamp_must(
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)plan->subject, -1, -1, 0) == 1);
    timestamp_must(X509_set_issuer_name(certificate, X509_get_subject_name(above)) == 1);
    timestamp_must(ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)plan->not_before) != NULL);
    timestamp_must(ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)plan->not_after) != NULL);
    timestamp_must(X509_set_pubkey(certificate, key) == 1);
    add_extension(certificate, above, NID_basic_constraints, plan->basic_constraints);
    add_extension(certificate, above, NID_key_usage, plan->key_usage);
    add_extension(certificate, above, NID_ext_key_usage, plan->extended_key_usage);
    add_extension(certificate, above, NID_subject_key_identifier, "hash");
    if (plan->has_unknown_extension) {
        add_unknown_extension(certificate);
    }
    const EVP_MD *digest = EVP_get_digestbyname(plan->digest);
    timestamp_must(digest != NULL && X509_sign(certificate, issuer_key == NULL ? key : issuer_key, digest) > 0);
    return certificate;
}

static struct timestamp_authority *
complete(const struct timestamp_plan *plan, struct timestamp_authority *made)
{
    X509 *above = made->root;
    EVP_PKEY *above_key = made->root_key;
    if (!plan->signer_by_root) {
        made->authority_key = timestamp_key_new(plan->authority.key);
        made->authority = timestamp_certificate_new(&plan->authority, made->authority_key, above, above_key);
        above = made->authority;
        above_key = made->authority_key;
    }
    made->signer_key = timestamp_key_new(plan->signer.key);
    made->signer = timestamp_certificate_new(&plan->signer, made->signer_key, above, above_key);
    return made;
}

struct timestamp_authority *
timestamp_authority_new(const struct timestamp_plan *plan)
{
    struct timestamp_authority *made = calloc(1, sizeof *made);
    timestamp_must(made != NULL);
    made->root_key = timestamp_key_new(plan->root.key);
    made->root = timestamp_certificate_new(&plan->root, made->root_key, NULL, NULL);
    return complete(plan, made);
}

struct timestamp_authority *
timestamp_authority_under(const struct timestamp_plan *plan, struct occ_bytes root, struct occ_bytes root_key)
{
    struct timestamp_authority *made = calloc(1, sizeof *made);
    BIO *certificate = BIO_new_mem_buf(root.ptr, (int)root.len);
    BIO *key = BIO_new_mem_buf(root_key.ptr, (int)root_key.len);
    timestamp_must(made != NULL && certificate != NULL && key != NULL);
    made->root = PEM_read_bio_X509(certificate, NULL, NULL, NULL);
    made->root_key = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
    timestamp_must(made->root != NULL && made->root_key != NULL);
    BIO_free(certificate);
    BIO_free(key);
    return complete(plan, made);
}

void
timestamp_authority_free(struct timestamp_authority *authority)
{
    if (authority != NULL) {
        X509_free(authority->root);
        X509_free(authority->authority);
        X509_free(authority->signer);
        EVP_PKEY_free(authority->root_key);
        EVP_PKEY_free(authority->authority_key);
        EVP_PKEY_free(authority->signer_key);
        free(authority);
    }
}

static void
put_bio(struct occ_buf *buf, BIO *bio)
{
    char *text = NULL;
    const long len = BIO_get_mem_data(bio, &text);
    timestamp_must(len > 0);
    occ_buf_put(buf, occ_bytes_of(text, (size_t)len));
    BIO_free(bio);
}

static void
put_certificate(struct occ_buf *buf, X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    timestamp_must(bio != NULL && PEM_write_bio_X509(bio, certificate) == 1);
    put_bio(buf, bio);
}

void
timestamp_root_put(struct occ_buf *buf, const struct timestamp_authority *authority)
{
    put_certificate(buf, authority->root);
}

void
timestamp_authority_put(struct occ_buf *buf, const struct timestamp_authority *authority)
{
    put_certificate(buf, authority->authority);
}

void
timestamp_signer_put(struct occ_buf *buf, const struct timestamp_authority *authority)
{
    put_certificate(buf, authority->signer);
}

void
timestamp_root_key_put(struct occ_buf *buf, const struct timestamp_authority *authority)
{
    BIO *bio = BIO_new(BIO_s_mem());
    timestamp_must(bio != NULL && PEM_write_bio_PrivateKey(bio, authority->root_key, NULL, NULL, 0, NULL, NULL) == 1);
    put_bio(buf, bio);
}
