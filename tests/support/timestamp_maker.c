/* timestamp_maker.c — see timestamp_maker.h: plans and tokens. */
#include "support/timestamp_maker.h"

#include <stdio.h>

#include <openssl/cms.h>
#include <openssl/ess.h>
#include <openssl/rsa.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>

#include "base/calendar.h"
#include "support/timestamp_private.h"

enum { DAY_S = 86400 };

void
timestamp_plan_init(struct timestamp_plan *plan, const uint8_t digest[32], uint64_t time_ms)
{
    const int64_t time_s = (int64_t)(time_ms / 1000);
    *plan = (struct timestamp_plan){
        .root = { .subject = "Test root",
                  .not_before = time_s - 3650 * DAY_S,
                  .not_after = time_s + 3650 * DAY_S,
                  .basic_constraints = "critical,CA:TRUE",
                  .key_usage = "critical,keyCertSign,cRLSign",
                  .digest = "SHA256" },
        .authority = { .subject = "Test authority",
                       .not_before = time_s - 1000 * DAY_S,
                       .not_after = time_s + 1000 * DAY_S,
                       .basic_constraints = "critical,CA:TRUE,pathlen:0",
                       .key_usage = "critical,keyCertSign,cRLSign",
                       .digest = "SHA256" },
        .signer = { .subject = "Test signer \xc3\xa9",
                    .not_before = time_s - 100 * DAY_S,
                    .not_after = time_s + 100 * DAY_S,
                    .basic_constraints = "CA:FALSE",
                    .key_usage = "critical,digitalSignature",
                    .extended_key_usage = "critical,timeStamping",
                    .digest = "SHA256" },
        .version = 1,
        .policy = "1.3.6.1.4.1.32473.2",
        .imprint_algorithm = "SHA256",
        .serial = 0x1234567890abcdef,
        .accuracy_s = 1,
        .accuracy_ms = 500,
        .accuracy_us = 250,
        .has_nonce = true,
        .nonce = 0xfedcba0987654321,
        .digest = "SHA256",
        .naming_digest = "SHA256",
        .naming = TIMESTAMP_NAMES_V2,
    };
    memcpy(plan->imprint_room, digest, 32);
    plan->imprint = occ_bytes_of(plan->imprint_room, 32);
    char text[OCC_CALENDAR_TEXT_SIZE]; /* "2026-03-07T12:00:00.000Z" */
    occ_calendar_format(time_ms, text);
    snprintf(plan->gen_time, sizeof plan->gen_time, "%.4s%.2s%.2s%.2s%.2s%.2sZ", text, text + 5, text + 8, text + 11,
             text + 14, text + 17);
}

/* ---- TSTInfo ---- */

static void
set_imprint(TS_TST_INFO *info, const struct timestamp_plan *plan)
{
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR *algorithm = X509_ALGOR_new();
    timestamp_must(imprint != NULL && algorithm != NULL);
    timestamp_must(X509_ALGOR_set0(algorithm, OBJ_txt2obj(plan->imprint_algorithm, 0), V_ASN1_NULL, NULL) == 1);
    timestamp_must(TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1);
    uint8_t copy[64];
    timestamp_must(plan->imprint.len <= sizeof copy);
    memcpy(copy, plan->imprint.ptr, plan->imprint.len);
    timestamp_must(TS_MSG_IMPRINT_set_msg(imprint, copy, (int)plan->imprint.len) == 1);
    timestamp_must(TS_TST_INFO_set_msg_imprint(info, imprint) == 1);
    TS_MSG_IMPRINT_free(imprint);
    X509_ALGOR_free(algorithm);
}

static ASN1_INTEGER *
integer_of(uint64_t number)
{
    ASN1_INTEGER *integer = ASN1_INTEGER_new();
    timestamp_must(integer != NULL && ASN1_INTEGER_set_uint64(integer, number) == 1);
    return integer;
}

static void
set_accuracy(TS_TST_INFO *info, const struct timestamp_plan *plan)
{
    if (plan->accuracy_s < 0 && plan->accuracy_ms < 0 && plan->accuracy_us < 0) {
        return;
    }
    TS_ACCURACY *accuracy = TS_ACCURACY_new();
    ASN1_INTEGER *seconds = integer_of((uint64_t)plan->accuracy_s);
    ASN1_INTEGER *millis = integer_of((uint64_t)plan->accuracy_ms);
    ASN1_INTEGER *micros = integer_of((uint64_t)plan->accuracy_us);
    timestamp_must(accuracy != NULL);
    timestamp_must(TS_ACCURACY_set_seconds(accuracy, plan->accuracy_s < 0 ? NULL : seconds) == 1);
    timestamp_must(TS_ACCURACY_set_millis(accuracy, plan->accuracy_ms < 0 ? NULL : millis) == 1);
    timestamp_must(TS_ACCURACY_set_micros(accuracy, plan->accuracy_us < 0 ? NULL : micros) == 1);
    timestamp_must(TS_TST_INFO_set_accuracy(info, accuracy) == 1);
    TS_ACCURACY_free(accuracy);
    ASN1_INTEGER_free(seconds);
    ASN1_INTEGER_free(millis);
    ASN1_INTEGER_free(micros);
}

static void
set_extension(TS_TST_INFO *info)
{
    ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.4.1.32473.3", 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    timestamp_must(oid != NULL && value != NULL && ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05", 2) == 1);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, value);
    timestamp_must(extension != NULL && TS_TST_INFO_add_ext(info, extension, -1) == 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
}

static BIO *
info_der(const struct timestamp_plan *plan)
{
    TS_TST_INFO *info = TS_TST_INFO_new();
    ASN1_OBJECT *policy = OBJ_txt2obj(plan->policy, 1);
    ASN1_INTEGER *serial = integer_of(plan->serial);
    BIGNUM *large = BN_bin2bn(plan->large_nonce.ptr, (int)plan->large_nonce.len, NULL);
    ASN1_INTEGER *nonce = plan->large_nonce.len > 0 ? BN_to_ASN1_INTEGER(large, NULL) : integer_of(plan->nonce);
    BN_free(large);
    ASN1_GENERALIZEDTIME *time = ASN1_GENERALIZEDTIME_new();
    timestamp_must(info != NULL && policy != NULL && time != NULL);
    timestamp_must(TS_TST_INFO_set_version(info, plan->version) == 1);
    timestamp_must(TS_TST_INFO_set_policy_id(info, policy) == 1);
    set_imprint(info, plan);
    timestamp_must(TS_TST_INFO_set_serial(info, serial) == 1);
    timestamp_must(ASN1_STRING_set(time, plan->gen_time, -1) == 1 && TS_TST_INFO_set_time(info, time) == 1);
    set_accuracy(info, plan);
    timestamp_must(!plan->has_nonce || TS_TST_INFO_set_nonce(info, nonce) == 1);
    if (plan->has_critical_extension) {
        set_extension(info);
    }
    BIO *bio = BIO_new(BIO_s_mem());
    timestamp_must(bio != NULL && i2d_TS_TST_INFO_bio(bio, info) == 1);
    TS_TST_INFO_free(info);
    ASN1_OBJECT_free(policy);
    ASN1_INTEGER_free(serial);
    ASN1_INTEGER_free(nonce);
    ASN1_GENERALIZEDTIME_free(time);
    return bio;
}

/* ---- SignedData ---- */

/* The hash of one certificate with issuer and serial number of another: its DER, for the caller to free. */
static int
mixed_id_der(X509 *hashed, X509 *named, const EVP_MD *digest, unsigned char **ret_der)
{
    /* The identifiers of both differ in nothing but these bytes, which have the same length. */
    unsigned char *der = NULL;
    ESS_SIGNING_CERT_V2 *value = OSSL_ESS_signing_cert_v2_new_init(digest, named, NULL, 1);
    const int len = i2d_ESS_SIGNING_CERT_V2(value, &der);
    unsigned char from[EVP_MAX_MD_SIZE], to[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;
    timestamp_must(len > 0 && X509_digest(named, digest, from, &digest_len) == 1 &&
                   X509_digest(hashed, digest, to, &digest_len) == 1);
    unsigned char *at = memmem(der, (size_t)len, from, digest_len);
    timestamp_must(at != NULL);
    memcpy(at, to, digest_len);
    ESS_SIGNING_CERT_V2_free(value);
    *ret_der = der;
    return len;
}

static void
add_naming(CMS_SignerInfo *signer_info, const struct timestamp_plan *plan, const struct timestamp_authority *authority)
{
    X509 *other = authority->authority != NULL ? authority->authority : authority->root;
    X509 *named = (plan->naming & TIMESTAMP_NAMES_OTHER) != 0 ? other : authority->signer;
    const int with_issuer = (plan->naming & TIMESTAMP_NAMES_ISSUER) != 0;
    unsigned char *der = NULL;
    if ((plan->naming & TIMESTAMP_NAMES_V1) != 0) {
        ESS_SIGNING_CERT *value = OSSL_ESS_signing_cert_new_init(named, NULL, with_issuer);
        const int len = i2d_ESS_SIGNING_CERT(value, &der);
        timestamp_must(len > 0 && CMS_signed_add1_attr_by_NID(signer_info, NID_id_smime_aa_signingCertificate,
                                                              V_ASN1_SEQUENCE, der, len) == 1);
        OPENSSL_free(der);
        ESS_SIGNING_CERT_free(value);
        der = NULL;
    }
    if ((plan->naming & TIMESTAMP_NAMES_V2) != 0) {
        const EVP_MD *digest = EVP_get_digestbyname(plan->naming_digest);
        int len = 0;
        if ((plan->naming & TIMESTAMP_NAMES_OTHER_ISSUER) != 0) {
            len = mixed_id_der(named, other, digest, &der);
        } else {
            ESS_SIGNING_CERT_V2 *value = OSSL_ESS_signing_cert_v2_new_init(digest, named, NULL, with_issuer);
            len = i2d_ESS_SIGNING_CERT_V2(value, &der);
            ESS_SIGNING_CERT_V2_free(value);
        }
        timestamp_must(len > 0 && CMS_signed_add1_attr_by_NID(signer_info, NID_id_smime_aa_signingCertificateV2,
                                                              V_ASN1_SEQUENCE, der, len) == 1);
        OPENSSL_free(der);
    }
}

static void
add_signer(CMS_ContentInfo *cms, const struct timestamp_plan *plan, const struct timestamp_authority *authority)
{
    unsigned flags = CMS_PARTIAL | CMS_BINARY | CMS_NOSMIMECAP | CMS_NOCERTS;
    flags |= plan->by_key_id ? CMS_USE_KEYID : 0u;
    flags |= plan->no_attributes ? CMS_NOATTR : 0u;
    flags |= plan->is_pss ? CMS_KEY_PARAM : 0u;
    /* OpenSSL refuses a key that is not the certificate's, so the certificate is one more with the same names. */
    X509 *certificate = authority->signer;
    EVP_PKEY *key = authority->signer_key;
    if (plan->wrong_key) {
        key = timestamp_key_new(plan->signer.key);
        certificate = X509_dup(authority->signer);
        timestamp_must(certificate != NULL && X509_set_pubkey(certificate, key) == 1);
    }
    const EVP_MD *digest = EVP_get_digestbyname(plan->digest);
    CMS_SignerInfo *signer_info = CMS_add1_signer(cms, certificate, key, digest, flags);
    timestamp_must(signer_info != NULL);
    if (plan->is_pss) {
        timestamp_must(EVP_PKEY_CTX_set_rsa_padding(CMS_SignerInfo_get0_pkey_ctx(signer_info), RSA_PKCS1_PSS_PADDING) ==
                       1);
    }
    if (!plan->no_attributes) {
        add_naming(signer_info, plan, authority);
    }
    if (plan->unsigned_attribute) {
        timestamp_must(
            CMS_unsigned_add1_attr_by_txt(signer_info, "1.3.6.1.4.1.32473.4", V_ASN1_UTF8STRING, "note", 4) == 1);
    }
    if (plan->wrong_key) {
        EVP_PKEY_free(key);
        X509_free(certificate);
    }
}

static void
add_certificates(CMS_ContentInfo *cms, const struct timestamp_plan *plan, const struct timestamp_authority *authority)
{
    if (!plan->no_signer_certificate) {
        timestamp_must(CMS_add1_cert(cms, authority->signer) == 1);
    }
    if (authority->authority != NULL && !plan->no_authority_certificate) {
        timestamp_must(CMS_add1_cert(cms, authority->authority) == 1);
    }
    timestamp_must(!plan->with_root || CMS_add1_cert(cms, authority->root) == 1);
    for (size_t i = 0; i < plan->more_certificates; i++) {
        EVP_PKEY *key = timestamp_key_new(TIMESTAMP_P256);
        X509 *stranger =
            timestamp_certificate_new(plan->more_authorities ? &plan->authority : &plan->signer, key, NULL, NULL);
        timestamp_must(CMS_add0_cert(cms, stranger) == 1);
        EVP_PKEY_free(key);
    }
}

static void
swap_imprint(unsigned char *der, size_t len, const struct timestamp_plan *plan)
{
    unsigned char *at = memmem(der, len, plan->imprint.ptr, plan->imprint.len);
    timestamp_must(at != NULL);
    at[0] = (unsigned char)(at[0] ^ 1);
}

void
timestamp_token_put(struct occ_buf *buf, const struct timestamp_plan *plan, const struct timestamp_authority *authority)
{
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, CMS_PARTIAL | CMS_BINARY);
    ASN1_OBJECT *type =
        plan->content_type == NULL ? OBJ_nid2obj(NID_id_smime_ct_TSTInfo) : OBJ_txt2obj(plan->content_type, 1);
    timestamp_must(cms != NULL && type != NULL && CMS_set1_eContentType(cms, type) == 1);
    add_signer(cms, plan, authority);
    if (plan->two_signers) {
        add_signer(cms, plan, authority);
    }
    add_certificates(cms, plan, authority);
    BIO *info = info_der(plan);
    timestamp_must(CMS_final(cms, info, NULL, CMS_BINARY) == 1);
    unsigned char *der = NULL;
    const int len = i2d_CMS_ContentInfo(cms, &der);
    timestamp_must(len > 0);
    if (plan->swapped) {
        swap_imprint(der, (size_t)len, plan);
    }
    occ_buf_put(buf, occ_bytes_of(der, (size_t)len));
    OPENSSL_free(der);
    BIO_free(info);
    ASN1_OBJECT_free(type);
    CMS_ContentInfo_free(cms);
}

void
timestamp_response_put(struct occ_buf *buf, struct occ_bytes token)
{
    static const uint8_t granted[] = { 0x30, 0x03, 0x02, 0x01, 0x00 };
    const size_t len = sizeof granted + token.len;
    timestamp_must(len > 0xff && len <= 0xffff);
    occ_buf_put(buf, occ_bytes_of("\x30\x82", 2));
    occ_buf_put_be16(buf, (uint16_t)len);
    occ_buf_put(buf, occ_bytes_of(granted, sizeof granted));
    occ_buf_put(buf, token);
}
