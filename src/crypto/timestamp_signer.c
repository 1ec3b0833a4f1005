/* timestamp_signer.c — which certificate signed a token, whether it may, and whether it did. */
#include <openssl/asn1t.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "crypto/timestamp_private.h"

/* RFC 5035 §4, §5.4.1.1; OpenSSL's own types are opaque. The first certificate identifier is the signer's. */
typedef struct issuer_serial {
    GENERAL_NAMES *issuer;
    ASN1_INTEGER *serial;
} ISSUER_SERIAL;

typedef struct certificate_id {
    X509_ALGOR *algorithm; /* NULL: SHA-1 in version 1, SHA-256 in version 2 */
    ASN1_OCTET_STRING *hash;
    ISSUER_SERIAL *issuer_serial;
} CERTIFICATE_ID;

typedef struct signing_certificate {
    STACK_OF(ASN1_TYPE) *ids;
    STACK_OF(ASN1_TYPE) *policies;
} SIGNING_CERTIFICATE;

ASN1_SEQUENCE(ISSUER_SERIAL) = {
    ASN1_SEQUENCE_OF(ISSUER_SERIAL, issuer, GENERAL_NAME),
    ASN1_SIMPLE(ISSUER_SERIAL, serial, ASN1_INTEGER),
} static_ASN1_SEQUENCE_END(ISSUER_SERIAL)

ASN1_SEQUENCE(CERTIFICATE_ID_V1) = {
    ASN1_SIMPLE(CERTIFICATE_ID, hash, ASN1_OCTET_STRING),
    ASN1_OPT(CERTIFICATE_ID, issuer_serial, ISSUER_SERIAL),
} static_ASN1_SEQUENCE_END_name(CERTIFICATE_ID, CERTIFICATE_ID_V1)

ASN1_SEQUENCE(CERTIFICATE_ID_V2) = {
    ASN1_OPT(CERTIFICATE_ID, algorithm, X509_ALGOR),
    ASN1_SIMPLE(CERTIFICATE_ID, hash, ASN1_OCTET_STRING),
    ASN1_OPT(CERTIFICATE_ID, issuer_serial, ISSUER_SERIAL),
} static_ASN1_SEQUENCE_END_name(CERTIFICATE_ID, CERTIFICATE_ID_V2)

ASN1_SEQUENCE(SIGNING_CERTIFICATE) = {
    ASN1_SEQUENCE_OF(SIGNING_CERTIFICATE, ids, ASN1_ANY),
    ASN1_SEQUENCE_OF_OPT(SIGNING_CERTIFICATE, policies, ASN1_ANY),
} static_ASN1_SEQUENCE_END(SIGNING_CERTIFICATE)

/* One of the two attributes, as read from the token. */
struct named {
    bool is_there;
    int version;
    CERTIFICATE_ID *id; /* NULL if it is there but not as it must be */
};

static void
clear_named(struct named *named)
{
    ASN1_item_free((ASN1_VALUE *)named->id,
                   named->version == 1 ? ASN1_ITEM_rptr(CERTIFICATE_ID_V1) : ASN1_ITEM_rptr(CERTIFICATE_ID_V2));
}

static void
free_signing_certificate(SIGNING_CERTIFICATE **owned)
{
    ASN1_item_free((ASN1_VALUE *)*owned, ASN1_ITEM_rptr(SIGNING_CERTIFICATE));
}

/* One value with nothing after it, or NULL. */
static ASN1_VALUE *
decode(const ASN1_STRING *der, const ASN1_ITEM *item)
{
    const unsigned char *at = ASN1_STRING_get0_data(der);
    const unsigned char *end = at + ASN1_STRING_length(der);
    ASN1_VALUE *value = ASN1_item_d2i(NULL, &at, end - at, item);
    if (value != NULL && at != end) {
        ASN1_item_free(value, item);
        return NULL;
    }
    return value;
}

static struct named
read_named(CMS_SignerInfo *signer_info, int version)
{
    enum { ONE_ATTRIBUTE_OF_ONE_VALUE = -3 };
    const int nid = version == 1 ? NID_id_smime_aa_signingCertificate : NID_id_smime_aa_signingCertificateV2;
    struct named named = { .version = version, .is_there = CMS_signed_get_attr_by_NID(signer_info, nid, -1) >= 0 };
    const ASN1_STRING *der =
        CMS_signed_get0_data_by_OBJ(signer_info, OBJ_nid2obj(nid), ONE_ATTRIBUTE_OF_ONE_VALUE, V_ASN1_SEQUENCE);
    if (der == NULL) {
        return named;
    }
    __attribute__((cleanup(free_signing_certificate))) SIGNING_CERTIFICATE *list =
        (SIGNING_CERTIFICATE *)decode(der, ASN1_ITEM_rptr(SIGNING_CERTIFICATE));
    const ASN1_TYPE *first = list == NULL ? NULL : sk_ASN1_TYPE_value(list->ids, 0); /* NULL if it is empty */
    if (first != NULL && ASN1_TYPE_get(first) == V_ASN1_SEQUENCE) {
        named.id = (CERTIFICATE_ID *)decode(first->value.sequence, version == 1 ? ASN1_ITEM_rptr(CERTIFICATE_ID_V1)
                                                                                : ASN1_ITEM_rptr(CERTIFICATE_ID_V2));
    }
    return named;
}

/*
 * SHA-1 only where RFC 3161 itself says it: finding a second certificate for a given hash is not in reach even there.
 */
static const EVP_MD *
hash_of(const struct named *named)
{
    if (named->version == 1) {
        return EVP_sha1();
    }
    if (named->id->algorithm == NULL) {
        return EVP_sha256();
    }
    const char *name = occ_timestamp_token_digest_name(occ_timestamp_token_plain_algorithm(named->id->algorithm));
    return name == NULL ? NULL : EVP_get_digestbyname(name);
}

static bool
is_issuer_serial_of(const ISSUER_SERIAL *issuer_serial, const X509 *certificate)
{
    if (sk_GENERAL_NAME_num(issuer_serial->issuer) != 1) {
        return false;
    }
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(issuer_serial->issuer, 0);
    return name->type == GEN_DIRNAME && X509_NAME_cmp(name->d.directoryName, X509_get_issuer_name(certificate)) == 0 &&
           ASN1_INTEGER_cmp(issuer_serial->serial, X509_get0_serialNumber(certificate)) == 0;
}

/* Whether the attribute names it. One that is not there names nothing, and so contradicts nothing. */
static OCC_RESULT
allows(const struct named *named, const X509 *certificate, bool *ret_allows)
{
    *ret_allows = !named->is_there;
    const EVP_MD *hash = named->id == NULL ? NULL : hash_of(named);
    if (hash == NULL) {
        return occ_success();
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    OCC_ENSURE(X509_digest(certificate, hash, digest, &len) == 1, OCC_ERR_NOMEM);
    const ASN1_OCTET_STRING *said = named->id->hash;
    *ret_allows = occ_bytes_equal(occ_bytes_of(digest, len),
                                  occ_bytes_of(ASN1_STRING_get0_data(said), (size_t)ASN1_STRING_length(said))) &&
                  (named->id->issuer_serial == NULL || is_issuer_serial_of(named->id->issuer_serial, certificate));
    return occ_success();
}

/*
 * RFC 5652 §5.3. sid is not signed: it must be the certificate's own bytes. OpenSSL alone would take another spelling
 * of the issuer's name for the same.
 */
static bool
is_meant_by_sid(CMS_SignerInfo *signer_info, X509 *certificate)
{
    ASN1_OCTET_STRING *key_id = NULL;
    X509_NAME *issuer = NULL;
    ASN1_INTEGER *serial = NULL;
    if (CMS_SignerInfo_cert_cmp(signer_info, certificate) != 0 ||
        CMS_SignerInfo_get0_signer_id(signer_info, &key_id, &issuer, &serial) != 1) {
        return false;
    }
    if (issuer == NULL) {
        return key_id != NULL;
    }
    const unsigned char *said = NULL, *own = NULL;
    size_t said_len = 0, own_len = 0;
    return X509_NAME_get0_der(issuer, &said, &said_len) == 1 &&
           X509_NAME_get0_der(X509_get_issuer_name(certificate), &own, &own_len) == 1 &&
           occ_bytes_equal(occ_bytes_of(said, said_len), occ_bytes_of(own, own_len));
}

/* By its basic constraints; a root of version 1 has none. */
static bool
is_authority(X509 *certificate)
{
    const uint32_t flags = X509_get_extension_flags(certificate);
    const bool is_old_root = (flags & EXFLAG_V1) != 0 && (flags & EXFLAG_SS) != 0;
    return (flags & EXFLAG_CA) != 0 || is_old_root;
}

/*
 * What else a token brings along can only be of authorities above the signer. A second certificate that is not one was put
 * in to stand in for the signer's: our reader takes the right one, but who hands such a token around means to mislead others.
 */
static OCC_RESULT
refuse_injected(const struct occ_timestamp_token *token, X509 *signer, struct occ_error *err)
{
    for (int i = 0; i < sk_X509_num(token->certificates); i++) {
        X509 *certificate = sk_X509_value(token->certificates, i);
        if (!is_authority(certificate) && X509_cmp(certificate, signer) != 0) {
            return occ_error_set(err, OCC_ERR_TIMESTAMP_SIGNER,
                                 "certificate %d of the token is neither the signer's nor an authority's", i + 1);
        }
    }
    return occ_success();
}

struct occ_result
occ_timestamp_signer_find(const struct occ_timestamp_token *token, struct occ_error *err, X509 **ret_signer)
{
    __attribute__((cleanup(clear_named))) struct named v1 = read_named(token->signer_info, 1);
    __attribute__((cleanup(clear_named))) struct named v2 = read_named(token->signer_info, 2);
    /* RFC 3161 §2.4.2, RFC 5816 §2.2.1: one of the two must be there; what is there must be right. */
    if (!v1.is_there && !v2.is_there) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_SIGNER, "the token has no signing-certificate attribute");
    }
    bool is_in_token = false;
    for (int i = 0; i < sk_X509_num(token->certificates); i++) {
        X509 *certificate = sk_X509_value(token->certificates, i);
        if (!is_meant_by_sid(token->signer_info, certificate)) {
            continue;
        }
        is_in_token = true;
        bool v1_allows = false, v2_allows = false;
        OCC_TRY(allows(&v1, certificate, &v1_allows));
        OCC_TRY(allows(&v2, certificate, &v2_allows));
        /* By hash, so one that was put in with the same issuer and serial number changes nothing. */
        if (v1_allows && v2_allows) {
            OCC_TRY(refuse_injected(token, certificate, err));
            *ret_signer = certificate;
            return occ_success();
        }
    }
    if (is_in_token) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_SIGNER,
                             "the token's signing-certificate attribute names another certificate");
    }
    return occ_error_set(err, OCC_ERR_TIMESTAMP_SIGNER, "none of the token's %d certificates is its signer's",
                         sk_X509_num(token->certificates));
}

static void
free_key_usage(EXTENDED_KEY_USAGE **owned)
{
    EXTENDED_KEY_USAGE_free(*owned);
}

struct occ_result
occ_timestamp_signer_check_purpose(X509 *signer, struct occ_error *err)
{
    /* RFC 3161 §2.3. OpenSSL's own check below passes over a second purpose that it does not know. */
    int is_critical = -1;
    __attribute__((cleanup(free_key_usage))) EXTENDED_KEY_USAGE *usage =
        X509_get_ext_d2i(signer, NID_ext_key_usage, &is_critical, NULL);
    if (usage == NULL) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_PURPOSE, "the signer's certificate has not one extended key usage");
    }
    if (sk_ASN1_OBJECT_num(usage) != 1 || OBJ_obj2nid(sk_ASN1_OBJECT_value(usage, 0)) != NID_time_stamp) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_PURPOSE,
                             "the signer's extended key usage is not timeStamping alone");
    }
    if (is_critical != 1) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_PURPOSE, "the signer's extended key usage is not critical");
    }
    const uint32_t flags = X509_get_extension_flags(signer);
    if ((flags & EXFLAG_CA) != 0) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_PURPOSE, "the signer's certificate is that of an authority (CA)");
    }
    if ((flags & EXFLAG_INVALID) != 0) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_PURPOSE, "the signer's certificate has malformed extensions");
    }
    if (X509_check_purpose(signer, X509_PURPOSE_TIMESTAMP_SIGN, 0) != 1) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_PURPOSE,
                             "the signer's key usage is not digitalSignature or nonRepudiation alone");
    }
    return occ_success();
}

/* 112 bits: RSA from 2048 bits on, curves from 224 (NIST SP 800-57 part 1, table 2). */
static OCC_RESULT
check_key(EVP_PKEY *key, struct occ_error *err)
{
    enum { SECURITY_BITS_MIN = 112 };
    if (EVP_PKEY_get_security_bits(key) < SECURITY_BITS_MIN) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_SIGNATURE, "the signer's key of %d bits is too short",
                             EVP_PKEY_get_bits(key));
    }
    int is_explicit = 0;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
        (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &is_explicit) != 1 ||
         is_explicit != 0)) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_SIGNATURE, "the signer's key is not on a named curve");
    }
    return occ_success();
}

static void
free_pss(RSA_PSS_PARAMS **owned)
{
    RSA_PSS_PARAMS_free(*owned);
}
static void
free_algorithm(X509_ALGOR **owned)
{
    X509_ALGOR_free(*owned);
}

/*
 * RFC 4055 §3.1: both hashes are written down and are the signature's. The salt's length is for OpenSSL to hold against
 * it.
 */
static bool
fits_pss(const X509_ALGOR *algorithm, int digest)
{
    const void *parameters = NULL, *mask_parameters = NULL;
    const ASN1_OBJECT *mask_oid = NULL;
    int type = V_ASN1_UNDEF, mask_type = V_ASN1_UNDEF;
    X509_ALGOR_get0(NULL, &type, &parameters, algorithm);
    if (type != V_ASN1_SEQUENCE) {
        return false;
    }
    __attribute__((cleanup(free_pss))) RSA_PSS_PARAMS *pss =
        (RSA_PSS_PARAMS *)decode(parameters, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
    if (pss == NULL || pss->hashAlgorithm == NULL || pss->maskGenAlgorithm == NULL) {
        return false;
    }
    X509_ALGOR_get0(&mask_oid, &mask_type, &mask_parameters, pss->maskGenAlgorithm);
    if (OBJ_obj2nid(mask_oid) != NID_mgf1 || mask_type != V_ASN1_SEQUENCE) {
        return false;
    }
    __attribute__((cleanup(free_algorithm))) X509_ALGOR *mask_hash =
        (X509_ALGOR *)decode(mask_parameters, ASN1_ITEM_rptr(X509_ALGOR));
    return occ_timestamp_token_plain_algorithm(pss->hashAlgorithm) == digest && mask_hash != NULL &&
           occ_timestamp_token_plain_algorithm(mask_hash) == digest;
}

/*
 * RFC 5652 §5.3: signatureAlgorithm is not signed, and OpenSSL goes by the key and digestAlgorithm whatever it says. It
 * may name the signature with its digest, or the key alone.
 */
static bool
fits_algorithm(const X509_ALGOR *algorithm, int digest, const EVP_PKEY *key)
{
    const ASN1_OBJECT *oid = NULL;
    X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
    const int key_type = EVP_PKEY_get_base_id(key);
    if (OBJ_obj2nid(oid) == NID_rsassaPss) {
        return (key_type == EVP_PKEY_RSA || key_type == EVP_PKEY_RSA_PSS) && fits_pss(algorithm, digest);
    }
    const int nid = occ_timestamp_token_plain_algorithm(algorithm);
    if (key_type == EVP_PKEY_RSA && nid == NID_rsaEncryption) {
        return true;
    }
    if (key_type == EVP_PKEY_EC && nid == NID_X9_62_id_ecPublicKey) {
        return true;
    }
    int with_digest = NID_undef, with_key = NID_undef;
    return (key_type == EVP_PKEY_RSA || key_type == EVP_PKEY_EC) && nid != NID_undef &&
           OBJ_find_sigid_algs(nid, &with_digest, &with_key) == 1 && with_digest == digest && with_key == key_type;
}

static void
free_borrowers(STACK_OF(X509) **owned)
{
    sk_X509_free(*owned);
}

struct occ_result
occ_timestamp_signer_check_signature(const struct occ_timestamp_token *token, X509 *signer, struct occ_error *err)
{
    EVP_PKEY *key = X509_get0_pubkey(signer);
    if (key == NULL) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_SIGNATURE, "the signer's key is malformed or of an unknown kind");
    }
    OCC_TRY(check_key(key, err));
    X509_ALGOR *digest = NULL, *signature = NULL;
    CMS_SignerInfo_get0_algs(token->signer_info, NULL, NULL, &digest, &signature);
    if (!fits_algorithm(signature, occ_timestamp_token_plain_algorithm(digest), key)) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_SIGNATURE,
                             "the token's signature algorithm does not fit its digest and the signer's key");
    }
    __attribute__((cleanup(free_borrowers))) STACK_OF(X509) *signers = sk_X509_new_null();
    OCC_ENSURE(signers != NULL && sk_X509_push(signers, signer) == 1, OCC_ERR_NOMEM);
    /* With CMS_NOINTERN the key is that of this certificate and of no other. Its path is judged later. */
    const unsigned flags = CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY | CMS_NOINTERN;
    if (CMS_verify(token->cms, signers, NULL, NULL, NULL, flags) != 1) {
        return occ_error_code(err, OCC_ERR_TIMESTAMP_SIGNATURE);
    }
    return occ_success();
}
