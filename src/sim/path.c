/* path.c — the certificates and keys of maker.h. */
#include "sim/maker.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

struct occ_sim_path {
    size_t count;
    X509 *certificates[OCC_SIM_CERTIFICATES_MAX];
    EVP_PKEY *keys[OCC_SIM_CERTIFICATES_MAX];
    struct occ_bytes der[OCC_SIM_CERTIFICATES_MAX]; /* each allocated */
};

#define NEEDS(condition) occ_sim_needs((condition), #condition)

void
occ_sim_needs(bool ok, const char *what)
{
    if (!ok) {
        (void)fprintf(stderr, "occ_sim: could not: %s\n", what);
        abort();
    }
}

void
occ_sim_plan_init(struct occ_sim_plan *plan, uint64_t time_ms)
{
    const int64_t time = (int64_t)(time_ms / 1000);
    const int64_t day = 86400;
    const struct occ_sim_certificate authority = { .not_before = time - 40 * day,
                                                   .not_after = time + 40 * day,
                                                   .serial = 1,
                                                   .version = 3,
                                                   .ca = 1,
                                                   .path_length = -1,
                                                   .key_usage = "critical,digitalSignature,keyCertSign,cRLSign",
                                                   .key_identifiers = true,
                                                   .digest = "SHA384" };
    static const char *const subjects[] = { "test.nitro-enclaves", "region.test.nitro-enclaves",
                                            "zone.region.test.nitro-enclaves", "i-0123.region.test.nitro-enclaves",
                                            "i-0123-enc4567.region.test" };
    *plan = (struct occ_sim_plan){ .seed = "test", .count = 5 };
    for (size_t i = 0; i < plan->count; i++) {
        plan->certificates[i] = authority;
        plan->certificates[i].subject = subjects[i];
        plan->certificates[i].serial = (long)i + 1;
        plan->certificates[i].path_length = i == 0 ? -1 : 3 - (int)i;
    }
    plan->certificates[0].not_before = time - 2000 * day;
    plan->certificates[0].not_after = time + 8000 * day;
    plan->certificates[3].key_usage = "critical,keyCertSign";
    struct occ_sim_certificate *leaf = &plan->certificates[4];
    leaf->not_before = time - 60;
    leaf->not_after = time + 3 * 3600;
    leaf->ca = 0;
    leaf->path_length = -1;
    leaf->key_usage = "digitalSignature,nonRepudiation";
    leaf->key_identifiers = false;
}

/* ---- keys ---- */

/* A private number from the seed, and the public point of it. */
static void
derive(const char *seed, size_t index, const EC_GROUP *group, BIGNUM *number, struct occ_buf *point)
{
    char text[256];
    const int len = snprintf(text, sizeof text, "nitro_maker key %zu of %s", index, seed);
    NEEDS(len > 0 && (size_t)len < sizeof text);
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned hash_len = 0;
    NEEDS(EVP_Digest(text, (size_t)len, hash, &hash_len, EVP_sha512(), NULL) == 1);
    BN_CTX *context = BN_CTX_new();
    EC_POINT *public_point = EC_POINT_new(group);
    NEEDS(context != NULL && public_point != NULL && BN_bin2bn(hash, (int)hash_len, number) != NULL);
    NEEDS(BN_nnmod(number, number, EC_GROUP_get0_order(group), context) == 1 && !BN_is_zero(number));
    NEEDS(EC_POINT_mul(group, public_point, number, NULL, NULL, context) == 1);
    uint8_t *bytes = occ_buf_reserve(point, 200);
    NEEDS(bytes != NULL);
    point->len = EC_POINT_point2oct(group, public_point, POINT_CONVERSION_UNCOMPRESSED, bytes, 200, context);
    NEEDS(point->len > 0);
    EC_POINT_free(public_point);
    BN_CTX_free(context);
}

static int
curve_of(enum occ_sim_key kind)
{
    switch (kind) {
    case OCC_SIM_P256:
        return NID_X9_62_prime256v1;
    case OCC_SIM_BRAINPOOL384:
        return NID_brainpoolP384r1;
    default:
        return NID_secp384r1;
    }
}

static EVP_PKEY *
read_key(struct occ_bytes pem)
{
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    NEEDS(bio != NULL);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return key;
}

static EVP_PKEY *
make_key(const char *seed, size_t index, enum occ_sim_key kind)
{
    const int curve = curve_of(kind);
    EC_GROUP *group = EC_GROUP_new_by_curve_name(curve);
    BIGNUM *number = BN_new();
    NEEDS(group != NULL && number != NULL);
    OCC_BUF_AUTO(point, 512);
    derive(seed, index, group, number, &point);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    NEEDS(builder != NULL);
    NEEDS(OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, OBJ_nid2sn(curve), 0) == 1);
    NEEDS(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, number) == 1);
    NEEDS(OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.ptr, point.len) == 1);
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;
    NEEDS(parameters != NULL && context != NULL && EVP_PKEY_fromdata_init(context) == 1);
    NEEDS(EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parameters) == 1);
    if (kind == OCC_SIM_P384_EXPLICIT) {
        NEEDS(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, "explicit") == 1);
    }
    if (kind == OCC_SIM_P384_COMPRESSED) {
        NEEDS(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed") == 1);
    }
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    BN_free(number);
    EC_GROUP_free(group);
    return key;
}

/* ---- certificates ---- */

static void
set_name(X509_NAME *name, const char *common_name)
{
    if (common_name[0] == '\0') {
        return;
    }
    static const char *const parts[][2] = { { "C", "US" }, { "O", "Test" }, { "OU", "Enclaves" } };
    for (size_t i = 0; i < 3; i++) {
        NEEDS(X509_NAME_add_entry_by_txt(name, parts[i][0], MBSTRING_ASC, (const unsigned char *)parts[i][1], -1, -1,
                                         0) == 1);
    }
    NEEDS(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1, -1, 0) == 1);
}

static void
add_extension(X509V3_CTX *context, X509 *certificate, const char *name, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_nconf(NULL, context, name, value);
    occ_sim_needs(extension != NULL, value);
    NEEDS(X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static void
add_extensions(const struct occ_sim_certificate *plan, X509 *certificate, X509 *issuer)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer == NULL ? certificate : issuer, certificate, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&context);
    if (plan->ca >= 0) {
        char value[64];
        const int len = snprintf(value, sizeof value, "critical,CA:%s", plan->ca == 1 ? "TRUE" : "FALSE");
        if (plan->path_length >= 0) {
            (void)snprintf(value + len, sizeof value - (size_t)len, ",pathlen:%d", plan->path_length);
        }
        add_extension(&context, certificate, "basicConstraints", value);
    }
    if (plan->key_identifiers) {
        add_extension(&context, certificate, "subjectKeyIdentifier", "hash");
    }
    if (plan->key_identifiers && issuer != NULL && X509_get0_subject_key_id(issuer) != NULL) {
        add_extension(&context, certificate, "authorityKeyIdentifier", "keyid:always");
    }
    if (plan->key_usage != NULL) {
        add_extension(&context, certificate, "keyUsage", plan->key_usage);
    }
    if (plan->extension != NULL) {
        add_extension(&context, certificate, plan->extension, plan->extension_value);
    }
}

static X509 *
make_certificate(const struct occ_sim_certificate *plan, const char *issuer_name, EVP_PKEY *key, X509 *issuer)
{
    X509 *certificate = X509_new();
    NEEDS(certificate != NULL && X509_set_version(certificate, plan->version - 1) == 1);
    NEEDS(ASN1_INTEGER_set(X509_get_serialNumber(certificate), plan->serial) == 1);
    NEEDS(ASN1_TIME_set(X509_getm_notBefore(certificate), plan->not_before) != NULL);
    NEEDS(ASN1_TIME_set(X509_getm_notAfter(certificate), plan->not_after) != NULL);
    X509_NAME *subject = X509_NAME_new();
    X509_NAME *above = X509_NAME_new();
    NEEDS(subject != NULL && above != NULL);
    set_name(subject, plan->subject);
    set_name(above, issuer_name);
    NEEDS(X509_set_subject_name(certificate, subject) == 1 && X509_set_issuer_name(certificate, above) == 1);
    X509_NAME_free(subject);
    X509_NAME_free(above);
    NEEDS(X509_set_pubkey(certificate, key) == 1);
    add_extensions(plan, certificate, issuer);
    return certificate;
}

/* OpenSSL 3.5 makes version 3 of each certificate with extensions that it signs: then the signature is made of what was wanted. */
static void
sign(X509 *certificate, EVP_PKEY *key, const EVP_MD *digest)
{
    const long version = X509_get_version(certificate);
    NEEDS(X509_sign(certificate, key, digest) > 0);
    if (X509_get_version(certificate) == version) {
        return;
    }
    NEEDS(X509_set_version(certificate, version) == 1);
    uint8_t *body = NULL;
    const int body_len = i2d_re_X509_tbs(certificate, &body);
    uint8_t signature[512];
    size_t len = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    NEEDS(body_len > 0 && context != NULL && EVP_DigestSignInit(context, NULL, digest, NULL, key) == 1 &&
          EVP_DigestSign(context, signature, &len, body, (size_t)body_len) == 1);
    const ASN1_BIT_STRING *inside = NULL;
    ASN1_BIT_STRING *own = NULL;
    X509_get0_signature(&inside, NULL, certificate);
    memcpy(&own, &inside, sizeof own); /* its own, const to the others */
    NEEDS(ASN1_STRING_set(own, signature, (int)len) == 1);
    EVP_MD_CTX_free(context);
    OPENSSL_free(body);
}

static struct occ_bytes
encode(X509 *certificate, bool wrong_signature)
{
    uint8_t *der = NULL;
    const int len = i2d_X509(certificate, &der);
    NEEDS(len > 0);
    der[len - 1] ^= wrong_signature ? 1 : 0; /* the end of the signature's s */
    return occ_bytes_of(der, (size_t)len);
}

static void
free_encoded(struct occ_bytes der)
{
    uint8_t *memory = NULL;
    memcpy(&memory, &der.ptr, sizeof memory); /* its own memory, const to the others */
    OPENSSL_free(memory);
}

static void
make_at(const struct occ_sim_plan *plan, size_t index, struct occ_sim_path *path)
{
    const struct occ_sim_certificate *own = &plan->certificates[index];
    path->keys[index] = own->key_pem.len > 0 ? read_key(own->key_pem)
                                             : make_key(own->seed == NULL ? plan->seed : own->seed, index, own->key);
    NEEDS(path->keys[index] != NULL);
    if (own->der.len > 0) {
        const uint8_t *next = own->der.ptr;
        path->certificates[index] = d2i_X509(NULL, &next, (long)own->der.len);
        NEEDS(path->certificates[index] != NULL);
        path->der[index] = encode(path->certificates[index], false);
        return;
    }
    const bool alone = index == 0 || own->self_signed;
    const char *above = alone ? own->subject : plan->certificates[index - 1].subject;
    path->certificates[index] = make_certificate(own, own->issuer == NULL ? above : own->issuer, path->keys[index],
                                                 alone ? NULL : path->certificates[index - 1]);
    const EVP_MD *digest = EVP_get_digestbyname(own->digest);
    NEEDS(digest != NULL);
    sign(path->certificates[index], path->keys[alone ? index : index - 1], digest);
    path->der[index] = encode(path->certificates[index], own->wrong_signature);
}

struct occ_sim_path *
occ_sim_path_make(const struct occ_sim_plan *plan)
{
    struct occ_sim_path *path = calloc(1, sizeof *path);
    NEEDS(path != NULL && plan->count >= 2 && plan->count <= OCC_SIM_CERTIFICATES_MAX);
    path->count = plan->count;
    for (size_t i = 0; i < plan->count; i++) {
        make_at(plan, i, path);
    }
    return path;
}

void
occ_sim_path_free(struct occ_sim_path *path)
{
    if (path == NULL) {
        return;
    }
    for (size_t i = 0; i < path->count; i++) {
        free_encoded(path->der[i]);
        X509_free(path->certificates[i]);
        EVP_PKEY_free(path->keys[i]);
    }
    free(path);
}

const struct occ_bytes *
occ_sim_path_certificates(const struct occ_sim_path *path)
{
    return path->der;
}

size_t
occ_sim_path_authority_count(const struct occ_sim_path *path)
{
    return path->count - 1;
}

void
occ_sim_path_sign(const struct occ_sim_path *path, struct occ_bytes message, uint8_t ret_signature[96])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t der[200];
    size_t len = sizeof der;
    NEEDS(context != NULL);
    NEEDS(EVP_DigestSignInit(context, NULL, EVP_sha384(), NULL, path->keys[path->count - 1]) == 1);
    NEEDS(EVP_DigestSign(context, der, &len, message.ptr, message.len) == 1);
    EVP_MD_CTX_free(context);
    const uint8_t *next = der;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &next, (long)len);
    NEEDS(signature != NULL);
    NEEDS(BN_bn2binpad(ECDSA_SIG_get0_r(signature), ret_signature, 48) == 48);
    NEEDS(BN_bn2binpad(ECDSA_SIG_get0_s(signature), ret_signature + 48, 48) == 48);
    ECDSA_SIG_free(signature);
}

void
occ_sim_pem_put(struct occ_buf *buf, struct occ_bytes der)
{
    BIO *bio = BIO_new(BIO_s_mem());
    NEEDS(bio != NULL && PEM_write_bio(bio, PEM_STRING_X509, "", der.ptr, (long)der.len) > 0);
    char *text = NULL;
    const long len = BIO_get_mem_data(bio, &text);
    occ_buf_put(buf, occ_bytes_of(text, (size_t)len));
    BIO_free(bio);
}

bool
occ_sim_pem_read(struct occ_bytes pem, struct occ_buf *der)
{
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    NEEDS(bio != NULL);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    if (certificate == NULL) {
        return false;
    }
    const struct occ_bytes bytes = encode(certificate, false);
    occ_buf_put(der, bytes);
    free_encoded(bytes);
    X509_free(certificate);
    return true;
}

void
occ_sim_key_make(struct occ_buf *pem)
{
    EVP_PKEY *key = EVP_EC_gen("P-384");
    BIO *bio = BIO_new(BIO_s_mem());
    NEEDS(key != NULL && bio != NULL && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
    char *text = NULL;
    const long len = BIO_get_mem_data(bio, &text);
    occ_buf_put(pem, occ_bytes_of(text, (size_t)len));
    BIO_free(bio);
    EVP_PKEY_free(key);
}

bool
occ_sim_key_fits(struct occ_bytes key_pem, struct occ_bytes certificate_der)
{
    EVP_PKEY *key = read_key(key_pem);
    const uint8_t *next = certificate_der.ptr;
    X509 *certificate = d2i_X509(NULL, &next, (long)certificate_der.len);
    char group[32] = "";
    const bool fits = key != NULL && certificate != NULL && X509_check_private_key(certificate, key) == 1 &&
                      EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 && strcmp(group, "secp384r1") == 0;
    X509_free(certificate);
    EVP_PKEY_free(key);
    return fits;
}

void
occ_sim_sha384(struct occ_bytes data, uint8_t ret_hash[48])
{
    NEEDS(EVP_Digest(data.ptr, data.len, ret_hash, NULL, EVP_sha384(), NULL) == 1);
}
