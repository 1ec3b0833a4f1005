/*
 * timestamp_token.c — reads a token: RFC 5652 §5, RFC 3161 §2.4.2. What no signature covers is held to one form, so
 * that a token cannot be altered there without being refused: the whole is DER, but for the order of its certificates,
 * which says nothing and which CMS does not ask for.
 */
#include <openssl/asn1t.h>

#include "base/limits.h"
#include "crypto/errors.h"
#include "crypto/timestamp_private.h"

/* OpenSSL's own CMS types are opaque, and it reads BER. These are for looking at the shape and for writing it again. */
typedef struct encapsulated_content {
    ASN1_OBJECT *type;
    ASN1_OCTET_STRING *content;
} ENCAPSULATED_CONTENT;

typedef struct signer_info {
    int32_t version;
    ASN1_TYPE *sid;
    X509_ALGOR *digest_algorithm;
    STACK_OF(X509_ATTRIBUTE) *signed_attributes;
    X509_ALGOR *signature_algorithm;
    ASN1_OCTET_STRING *signature;
    STACK_OF(X509_ATTRIBUTE) *unsigned_attributes;
} SIGNER_INFO;

DEFINE_STACK_OF(SIGNER_INFO)

typedef struct signed_data {
    int32_t version;
    STACK_OF(X509_ALGOR) *digest_algorithms;
    ENCAPSULATED_CONTENT *encapsulated;
    STACK_OF(ASN1_TYPE) *certificates;
    STACK_OF(ASN1_TYPE) *crls;
    STACK_OF(SIGNER_INFO) *signer_infos;
} SIGNED_DATA;

typedef struct content_info {
    ASN1_OBJECT *type;
    SIGNED_DATA *signed_data;
} CONTENT_INFO;

ASN1_SEQUENCE(ENCAPSULATED_CONTENT) = {
    ASN1_SIMPLE(ENCAPSULATED_CONTENT, type, ASN1_OBJECT),
    ASN1_EXP_OPT(ENCAPSULATED_CONTENT, content, ASN1_OCTET_STRING, 0),
} static_ASN1_SEQUENCE_END(ENCAPSULATED_CONTENT)

ASN1_SEQUENCE(SIGNER_INFO) = {
    ASN1_EMBED(SIGNER_INFO, version, INT32),
    ASN1_SIMPLE(SIGNER_INFO, sid, ASN1_ANY),
    ASN1_SIMPLE(SIGNER_INFO, digest_algorithm, X509_ALGOR),
    ASN1_IMP_SET_OF_OPT(SIGNER_INFO, signed_attributes, X509_ATTRIBUTE, 0),
    ASN1_SIMPLE(SIGNER_INFO, signature_algorithm, X509_ALGOR),
    ASN1_SIMPLE(SIGNER_INFO, signature, ASN1_OCTET_STRING),
    ASN1_IMP_SET_OF_OPT(SIGNER_INFO, unsigned_attributes, X509_ATTRIBUTE, 1),
} static_ASN1_SEQUENCE_END(SIGNER_INFO)

/*
 * certificates and crls are SETs; as SEQUENCEs under an implicit tag they are written in the order in which they were
 * read.
 */
ASN1_SEQUENCE(SIGNED_DATA) = {
    ASN1_EMBED(SIGNED_DATA, version, INT32),
    ASN1_SET_OF(SIGNED_DATA, digest_algorithms, X509_ALGOR),
    ASN1_SIMPLE(SIGNED_DATA, encapsulated, ENCAPSULATED_CONTENT),
    ASN1_IMP_SEQUENCE_OF_OPT(SIGNED_DATA, certificates, ASN1_ANY, 0),
    ASN1_IMP_SEQUENCE_OF_OPT(SIGNED_DATA, crls, ASN1_ANY, 1),
    ASN1_SET_OF(SIGNED_DATA, signer_infos, SIGNER_INFO),
} static_ASN1_SEQUENCE_END(SIGNED_DATA)

ASN1_SEQUENCE(CONTENT_INFO) = {
    ASN1_SIMPLE(CONTENT_INFO, type, ASN1_OBJECT),
    ASN1_EXP(CONTENT_INFO, signed_data, SIGNED_DATA, 0),
} static_ASN1_SEQUENCE_END(CONTENT_INFO)

static void
free_content_info(CONTENT_INFO **tree)
{
    ASN1_item_free((ASN1_VALUE *)*tree, ASN1_ITEM_rptr(CONTENT_INFO));
}

static void
free_encoded(unsigned char **encoded)
{
    OPENSSL_free(*encoded);
}

static bool
is_encoding_of(struct occ_bytes der, const ASN1_VALUE *value, const ASN1_ITEM *item)
{
    __attribute__((cleanup(free_encoded))) unsigned char *encoded = NULL;
    const int len = ASN1_item_i2d(value, &encoded, item);
    return len > 0 && occ_bytes_equal(der, occ_bytes_of(encoded, (size_t)len));
}

/*
 * X.690 §10: lengths are definite and minimal and strings are not in pieces, in what the templates keep as it is
 * (certificates, sid, values of attributes) too.
 */
static bool
has_der_framing(const unsigned char *at, const unsigned char *end, unsigned depth)
{
    while (at < end) {
        const unsigned char *content = at;
        long len = 0;
        int tag = 0, class = 0;
        const int form = ASN1_get_object(&content, &len, &tag, &class, end - at);
        if ((form & 0x80) != 0 || (form & 1) != 0) { /* malformed, or of indefinite length */
            return false;
        }
        const bool is_constructed = (form & V_ASN1_CONSTRUCTED) != 0;
        if (ASN1_object_size(is_constructed ? 1 : 0, (int)len, tag) != content - at + len) {
            return false;
        }
        if (is_constructed) {
            const bool may_be = class != V_ASN1_UNIVERSAL || tag == V_ASN1_SEQUENCE || tag == V_ASN1_SET;
            if (!may_be || depth == 0 || !has_der_framing(content, content + len, depth - 1)) {
                return false;
            }
        }
        at = content + len;
    }
    return true;
}

int
occ_timestamp_token_plain_algorithm(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *oid = NULL;
    int parameter_type = 0;
    X509_ALGOR_get0(&oid, &parameter_type, NULL, algorithm);
    return parameter_type == V_ASN1_UNDEF || parameter_type == V_ASN1_NULL ? OBJ_obj2nid(oid) : NID_undef;
}

const char *
occ_timestamp_token_digest_name(int nid)
{
    switch (nid) {
    case NID_sha256:
        return "sha256";
    case NID_sha384:
        return "sha384";
    case NID_sha512:
        return "sha512";
    default:
        return NULL;
    }
}

/* RFC 5652 §5.3: the version says which of the two forms sid has. */
static OCC_RESULT
check_signer_info(const SIGNER_INFO *signer, const X509_ALGOR *listed, struct occ_error *err)
{
    const int sid_type = ASN1_TYPE_get(signer->sid);
    const bool by_issuer = signer->version == 1 && sid_type == V_ASN1_SEQUENCE;
    const bool by_key_id = signer->version == 3 && sid_type == V_ASN1_OTHER;
    if (!by_issuer && !by_key_id) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN,
                             "the token's SignerInfo has version %d and another form of signer identifier",
                             (int)signer->version);
    }
    if (signer->signed_attributes == NULL) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the token has no signed attributes");
    }
    const int digest = occ_timestamp_token_plain_algorithm(signer->digest_algorithm);
    if (occ_timestamp_token_digest_name(digest) == NULL) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN,
                             "the token is signed with the digest %s, expected SHA-256, SHA-384 or SHA-512",
                             OBJ_nid2ln(OBJ_obj2nid(signer->digest_algorithm->algorithm)));
    }
    if (occ_timestamp_token_plain_algorithm(listed) != digest) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the token lists another digest than its signer used");
    }
    return occ_success();
}

static OCC_RESULT
check_signed_data(const SIGNED_DATA *data, struct occ_error *err)
{
    /* RFC 5652 §5.1: 3, since the content is not of type id-data. */
    if (data->version != 3) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the token is SignedData of version %d, expected 3",
                             (int)data->version);
    }
    if (OBJ_obj2nid(data->encapsulated->type) != NID_id_smime_ct_TSTInfo || data->encapsulated->content == NULL) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the token does not hold a TSTInfo");
    }
    /* RFC 3161 §2.4.2: no signature but that of the authority. */
    const int signers = sk_SIGNER_INFO_num(data->signer_infos);
    if (signers != 1) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the token has %d signers, expected 1", signers);
    }
    if (sk_X509_ALGOR_num(data->digest_algorithms) != 1) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the token lists %d digest algorithms, expected 1",
                             sk_X509_ALGOR_num(data->digest_algorithms));
    }
    if (sk_ASN1_TYPE_num(data->certificates) > OCC_LIMIT_TOKEN_CERTIFICATES) { /* -1 if there are none */
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the token holds %d certificates, expected at most %d",
                             sk_ASN1_TYPE_num(data->certificates), OCC_LIMIT_TOKEN_CERTIFICATES);
    }
    return check_signer_info(sk_SIGNER_INFO_value(data->signer_infos, 0),
                             sk_X509_ALGOR_value(data->digest_algorithms, 0), err);
}

static OCC_RESULT
check_shape(struct occ_bytes der, struct occ_error *err, CONTENT_INFO **ret_tree)
{
    const unsigned char *at = der.ptr;
    __attribute__((cleanup(free_content_info))) CONTENT_INFO *tree =
        (CONTENT_INFO *)ASN1_item_d2i(NULL, &at, (long)der.len, ASN1_ITEM_rptr(CONTENT_INFO));
    if (tree == NULL || OBJ_obj2nid(tree->type) != NID_pkcs7_signed) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the token is not CMS SignedData in DER");
    }
    if (at != der.ptr + der.len) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "%zu bytes after the token",
                             (size_t)(der.ptr + der.len - at));
    }
    if (!has_der_framing(der.ptr, at, OCC_LIMIT_DER_DEPTH) ||
        !is_encoding_of(der, (const ASN1_VALUE *)tree, ASN1_ITEM_rptr(CONTENT_INFO))) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the token is BER, expected DER");
    }
    OCC_TRY(check_signed_data(tree->signed_data, err));
    *ret_tree = tree;
    tree = NULL;
    return occ_success();
}

/* ---- its parts ---- */

static void
free_any(ASN1_TYPE **any)
{
    ASN1_TYPE_free(*any);
}

/*
 * Moves the certificates from the tree to the token, in their order; what else a CertificateChoices can be (RFC 5652 §10.2.2)
 * stays. Read by themselves, because those that are known need not be read at all.
 */
static OCC_RESULT
move_certificates(SIGNED_DATA *data, struct occ_certificate_cache *known, struct occ_timestamp_token *token)
{
    for (int i = 0; i < sk_ASN1_TYPE_num(data->certificates);) { /* -1 if there are none */
        if (ASN1_TYPE_get(sk_ASN1_TYPE_value(data->certificates, i)) != V_ASN1_SEQUENCE) {
            i++;
            continue;
        }
        __attribute__((cleanup(free_any))) ASN1_TYPE *taken = sk_ASN1_TYPE_delete(data->certificates, i);
        const ASN1_STRING *der = taken->value.sequence;
        X509 *certificate = occ_timestamp_certificate_read(
            known, occ_bytes_of(ASN1_STRING_get0_data(der), (size_t)ASN1_STRING_length(der)));
        OCC_ENSURE(certificate != NULL, OCC_ERR_TIMESTAMP_TOKEN);
        if (sk_X509_push(token->certificates, certificate) <= 0) {
            X509_free(certificate);
            return occ_result_of(OCC_ERR_NOMEM);
        }
    }
    if (sk_ASN1_TYPE_num(data->certificates) == 0) {
        sk_ASN1_TYPE_free(data->certificates);
        data->certificates = NULL;
    }
    return occ_success();
}

/* Reads the token without the certificates. */
static OCC_RESULT
read_rest(const CONTENT_INFO *tree, struct occ_timestamp_token *token)
{
    __attribute__((cleanup(free_encoded))) unsigned char *encoded = NULL;
    const int len = ASN1_item_i2d((const ASN1_VALUE *)tree, &encoded, ASN1_ITEM_rptr(CONTENT_INFO));
    OCC_ENSURE(len > 0, OCC_ERR_NOMEM);
    const unsigned char *at = encoded;
    token->cms = d2i_CMS_ContentInfo(NULL, &at, len);
    OCC_ENSURE(token->cms != NULL && at == encoded + len, OCC_ERR_TIMESTAMP_TOKEN);
    return occ_success();
}

static OCC_RESULT
read_parts(CONTENT_INFO *tree, struct occ_certificate_cache *known, struct occ_error *err,
           struct occ_timestamp_token *token)
{
    token->certificates = sk_X509_new_null();
    OCC_ENSURE(token->certificates != NULL, OCC_ERR_NOMEM);
    struct occ_result result = move_certificates(tree->signed_data, known, token);
    if (occ_is_ok(result)) {
        result = read_rest(tree, token);
    }
    if (result.code == OCC_ERR_TIMESTAMP_TOKEN) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the token or a certificate in it is malformed");
    }
    return result;
}

/* The only value of an attribute that is there exactly once (RFC 5652 §5.3, §11.1, §11.2). */
static const ASN1_STRING *
signed_value(const struct occ_timestamp_token *token, int nid, int type)
{
    enum { ONE_ATTRIBUTE_OF_ONE_VALUE = -3 };
    return CMS_signed_get0_data_by_OBJ(token->signer_info, OBJ_nid2obj(nid), ONE_ATTRIBUTE_OF_ONE_VALUE, type);
}

static OCC_RESULT
check_attributes(const struct occ_timestamp_token *token, struct occ_error *err)
{
    const ASN1_OBJECT *type = (const ASN1_OBJECT *)signed_value(token, NID_pkcs9_contentType, V_ASN1_OBJECT);
    if (type == NULL || OBJ_obj2nid(type) != NID_id_smime_ct_TSTInfo) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the signed content-type attribute is not id-ct-TSTInfo");
    }
    if (signed_value(token, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING) == NULL) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the token has no signed message-digest attribute");
    }
    return occ_success();
}

static OCC_RESULT
read_info(struct occ_timestamp_token *token, struct occ_error *err)
{
    ASN1_OCTET_STRING **content = CMS_get0_content(token->cms);
    if (content == NULL || *content == NULL) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the token does not hold a TSTInfo");
    }
    const struct occ_bytes der = occ_bytes_of(ASN1_STRING_get0_data(*content), (size_t)ASN1_STRING_length(*content));
    const unsigned char *at = der.ptr;
    token->info = d2i_TS_TST_INFO(NULL, &at, (long)der.len);
    if (token->info == NULL || at != der.ptr + der.len) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the token's TSTInfo is malformed");
    }
    __attribute__((cleanup(free_encoded))) unsigned char *encoded = NULL;
    const int len = i2d_TS_TST_INFO(token->info, &encoded);
    if (len <= 0 || !occ_bytes_equal(der, occ_bytes_of(encoded, (size_t)len))) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the token's TSTInfo is BER, expected DER");
    }
    return occ_success();
}

struct occ_result
occ_timestamp_token_read(struct occ_bytes der, struct occ_certificate_cache *known, struct occ_error *err,
                         struct occ_timestamp_token *ret_token)
{
    *ret_token = (struct occ_timestamp_token){ .cms = NULL };
    if (der.len == 0 || der.len > OCC_LIMIT_TOKEN_LEN) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the token has %zu bytes, expected 1 to %u", der.len,
                             OCC_LIMIT_TOKEN_LEN);
    }
    __attribute__((cleanup(free_content_info))) CONTENT_INFO *tree = NULL;
    OCC_TRY(check_shape(der, err, &tree));
    OCC_TRY(read_parts(tree, known, err, ret_token));
    STACK_OF(CMS_SignerInfo) *signer_infos = CMS_get0_SignerInfos(ret_token->cms);
    if (signer_infos == NULL || sk_CMS_SignerInfo_num(signer_infos) != 1) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the token has not one signer");
    }
    ret_token->signer_info = sk_CMS_SignerInfo_value(signer_infos, 0);
    OCC_TRY(check_attributes(ret_token, err));
    return read_info(ret_token, err);
}

void
occ_timestamp_token_clear(struct occ_timestamp_token *token)
{
    CMS_ContentInfo_free(token->cms);
    sk_X509_pop_free(token->certificates, X509_free);
    TS_TST_INFO_free(token->info);
    *token = (struct occ_timestamp_token){ .cms = NULL };
}

struct occ_result
occ_timestamp_token_settle(struct occ_result result, struct occ_error *err)
{
    const bool no_memory = occ_errors_say_no_memory();
    if (no_memory || result.code == OCC_ERR_NOMEM) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    return result;
}
