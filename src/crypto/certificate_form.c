/* certificate_form.c — see certificate_form.h. */
#include "crypto/certificate_form.h"

#include <stdio.h>

#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "base/limits.h"
#include "crypto/errors.h"

#define X509_AUTO __attribute__((cleanup(occ_certificate_form_cleanup))) X509 *

enum { P384_POINT_LEN = 1 + 2 * 48, P384_SECURITY_BITS = 192, SECONDS_PER_DAY = 86400, PROBE_LEN = 16 << 10 };

struct occ_certificate_name
occ_certificate_form_name(size_t index, size_t leaf_index)
{
    struct occ_certificate_name name = { "certificate" };
    if (index != leaf_index) {
        (void)snprintf(name.text, sizeof name.text, "cabundle[%zu]", index);
    }
    return name;
}

/*
 * OpenSSL drops some of its memory errors on their way up. So a refusal also asks whether there is memory now, as much as
 * any of its steps takes at once: where there is none, it may be no verdict on the certificate.
 */
static bool
out_of_memory(void)
{
    const bool noted = occ_errors_say_no_memory();
    void *probe = OPENSSL_malloc(PROBE_LEN);
    const bool found = noted || probe == NULL;
    OPENSSL_free(probe);
    return found;
}

struct occ_result
occ_certificate_form_refuse(struct occ_error *err, enum occ_err code, const char *name, const char *what)
{
    if (out_of_memory()) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    return occ_error_set(err, code, "%s: %s", name, what);
}

/* ---- encoding ---- */

/* True if OpenSSL writes the same bytes: other encodings than DER (X.690 §10) come back changed. */
static bool
encodes_as(X509 *certificate, struct occ_bytes der)
{
    /* Without this, i2d_X509 would give back the inner part as it was read, unchecked. */
    if (i2d_re_X509_tbs(certificate, NULL) <= 0) {
        return false;
    }
    unsigned char *again = NULL;
    const int len = i2d_X509(certificate, &again);
    const bool same = len > 0 && occ_bytes_equal(occ_bytes_of(again, (size_t)len), der);
    OPENSSL_free(again);
    return same;
}

static OCC_RESULT
decode(struct occ_bytes der, const char *name, struct occ_error *err, X509 **ret_certificate)
{
    if (der.len == 0 || der.len > OCC_LIMIT_NITRO_CERTIFICATE_LEN) {
        return occ_error_set(err, OCC_ERR_NITRO_CERTIFICATE, "%s: %zu bytes, expected 1 to %u", name, der.len,
                             (unsigned)OCC_LIMIT_NITRO_CERTIFICATE_LEN);
    }
    const unsigned char *next = der.ptr;
    X509_AUTO certificate = d2i_X509(NULL, &next, (long)der.len);
    if (certificate == NULL) {
        return occ_certificate_form_refuse(err, OCC_ERR_NITRO_CERTIFICATE, name, "not a DER certificate");
    }
    if (next != der.ptr + der.len) {
        return occ_error_set(err, OCC_ERR_NITRO_CERTIFICATE, "%s: %zu bytes after the certificate, expected none", name,
                             (size_t)(der.ptr + der.len - next));
    }
    if (!encodes_as(certificate, der)) {
        return occ_certificate_form_refuse(err, OCC_ERR_NITRO_CERTIFICATE, name,
                                           "not in DER, the one encoding allowed");
    }
    *ret_certificate = certificate;
    certificate = NULL;
    return occ_success();
}

/* ---- algorithms ---- */

/*
 * Where memory was short OpenSSL leaves out a key, or what it is to know about it, for good and without an error: its strength is
 * 0 then, and whatever it signs is refused.
 */
static bool
is_whole(const EVP_PKEY *key)
{
    return key != NULL && EVP_PKEY_get_security_bits(key) == P384_SECURITY_BITS;
}

/* RFC 5480 §2.1.1: the curve by its name, the point uncompressed. */
static bool
has_p384_key(const X509 *certificate)
{
    ASN1_OBJECT *algorithm = NULL;
    const unsigned char *point = NULL;
    int point_len = 0;
    X509_ALGOR *identifier = NULL;
    if (X509_PUBKEY_get0_param(&algorithm, &point, &point_len, &identifier, X509_get_X509_PUBKEY(certificate)) != 1) {
        return false;
    }
    int type = 0;
    const void *parameter = NULL;
    X509_ALGOR_get0(NULL, &type, &parameter, identifier);
    return OBJ_obj2nid(algorithm) == NID_X9_62_id_ecPublicKey && type == V_ASN1_OBJECT &&
           OBJ_obj2nid((const ASN1_OBJECT *)parameter) == NID_secp384r1 && point_len == P384_POINT_LEN &&
           point[0] == POINT_CONVERSION_UNCOMPRESSED && is_whole(X509_get0_pubkey(certificate));
}

/* RFC 5758 §3.2: no parameters. */
static bool
is_ecdsa_with_sha384(const X509_ALGOR *identifier)
{
    const ASN1_OBJECT *algorithm = NULL;
    int type = 0;
    X509_ALGOR_get0(&algorithm, &type, NULL, identifier);
    return OBJ_obj2nid(algorithm) == NID_ecdsa_with_SHA384 && type == V_ASN1_UNDEF;
}

static bool
is_signed_with_sha384(const X509 *certificate)
{
    const X509_ALGOR *outer = NULL;
    X509_get0_signature(NULL, &outer, certificate);
    /* RFC 5280 §4.1.1.2: the same, inside and outside. */
    return is_ecdsa_with_sha384(outer) && is_ecdsa_with_sha384(X509_get0_tbs_sigalg(certificate));
}

/* ---- extensions ---- */

static int
extension_nid(const X509 *certificate, int index)
{
    return OBJ_obj2nid(X509_EXTENSION_get_object(X509_get_ext(certificate, index)));
}

/*
 * RFC 5280 §4.2: a critical extension that is not processed makes the certificate useless. OpenSSL knows a few that it only
 * processes when asked (policies); these certificates have two.
 */
static bool
has_other_critical(const X509 *certificate)
{
    for (int i = 0; i < X509_get_ext_count(certificate); i++) {
        const int nid = extension_nid(certificate, i);
        if (X509_EXTENSION_get_critical(X509_get_ext(certificate, i)) != 0 && nid != NID_basic_constraints &&
            nid != NID_key_usage) {
            return true;
        }
    }
    return false;
}

bool
occ_certificate_form_is_plain(const X509 *certificate)
{
    for (int i = 0; i < X509_get_ext_count(certificate); i++) {
        switch (extension_nid(certificate, i)) {
        case NID_basic_constraints:
        case NID_key_usage:
        case NID_subject_key_identifier:
        case NID_authority_key_identifier:
        case NID_crl_distribution_points:
            break;
        default:
            return false;
        }
    }
    return true;
}

struct occ_result
occ_certificate_form_read(struct occ_bytes der, const char *name, struct occ_error *err, X509 **ret_certificate)
{
    X509_AUTO certificate = NULL;
    OCC_TRY(decode(der, name, err, &certificate));
    if (X509_check_purpose(certificate, -1, 0) != 1 || X509_get_version(certificate) != X509_VERSION_3) {
        return occ_certificate_form_refuse(err, OCC_ERR_NITRO_CERTIFICATE, name, "not a well-formed v3 certificate");
    }
    if (!has_p384_key(certificate)) {
        return occ_certificate_form_refuse(err, OCC_ERR_NITRO_CERTIFICATE, name,
                                           "another public key than an uncompressed point of the named curve P-384");
    }
    if (!is_signed_with_sha384(certificate)) {
        return occ_certificate_form_refuse(err, OCC_ERR_NITRO_CERTIFICATE, name,
                                           "signed with something else than ecdsa-with-SHA384");
    }
    if (has_other_critical(certificate)) {
        return occ_certificate_form_refuse(err, OCC_ERR_NITRO_CONSTRAINTS, name, "an unknown critical extension");
    }
    *ret_certificate = certificate;
    certificate = NULL;
    return occ_success();
}

/* ---- place ---- */

/* RFC 5280 §4.2.1.3, §4.2.1.9. X509_check_ca alone would take CA certificates of older kinds. */
struct occ_result
occ_certificate_form_check_authority(X509 *certificate, const char *name, struct occ_error *err)
{
    const uint32_t flags = X509_get_extension_flags(certificate);
    if ((flags & EXFLAG_BCONS) == 0 || (flags & EXFLAG_CA) == 0) {
        return occ_certificate_form_refuse(err, OCC_ERR_NITRO_CONSTRAINTS, name,
                                           "not a CA certificate, but one is below it");
    }
    if ((flags & EXFLAG_KUSAGE) == 0 || (X509_get_key_usage(certificate) & KU_KEY_CERT_SIGN) == 0) {
        return occ_certificate_form_refuse(err, OCC_ERR_NITRO_CONSTRAINTS, name,
                                           "key usage without keyCertSign, but a certificate is below it");
    }
    if (X509_check_ca(certificate) != 1) {
        return occ_certificate_form_refuse(err, OCC_ERR_NITRO_CONSTRAINTS, name, "not a CA certificate of X.509 v3");
    }
    return occ_success();
}

struct occ_result
occ_certificate_form_check_leaf(X509 *certificate, const char *name, struct occ_error *err)
{
    const uint32_t flags = X509_get_extension_flags(certificate);
    /* X509_check_ca is 0 for a CA flag whose key usage lacks keyCertSign: so both are looked at. */
    if ((flags & EXFLAG_BCONS) == 0 || (flags & EXFLAG_CA) != 0 || X509_check_ca(certificate) != 0) {
        return occ_certificate_form_refuse(err, OCC_ERR_NITRO_CONSTRAINTS, name,
                                           "basic constraints other than CA:FALSE, which a document's key must have");
    }
    const uint32_t usage = (flags & EXFLAG_KUSAGE) == 0 ? 0 : X509_get_key_usage(certificate);
    if ((usage & KU_DIGITAL_SIGNATURE) == 0 || (usage & KU_KEY_CERT_SIGN) != 0) {
        return occ_certificate_form_refuse(err, OCC_ERR_NITRO_CONSTRAINTS, name,
                                           "key usage must have digitalSignature and not keyCertSign");
    }
    if ((flags & EXFLAG_SI) != 0) {
        return occ_certificate_form_refuse(err, OCC_ERR_NITRO_PATH, name, "it names itself as its issuer");
    }
    return occ_success();
}

/* ---- times ---- */

static bool
seconds_since(const ASN1_TIME *epoch, const ASN1_TIME *time, int64_t *ret_seconds)
{
    int days = 0;
    int seconds = 0;
    if (ASN1_TIME_diff(&days, &seconds, epoch, time) != 1) {
        return false;
    }
    *ret_seconds = (int64_t)days * SECONDS_PER_DAY + seconds;
    return true;
}

struct occ_result
occ_certificate_form_window(const X509 *certificate, const char *name, struct occ_error *err,
                            struct occ_certificate_window *ret_window)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    OCC_ENSURE(epoch != NULL, OCC_ERR_NOMEM);
    struct occ_certificate_window window;
    const bool ok = seconds_since(epoch, X509_get0_notBefore(certificate), &window.from) &&
                    seconds_since(epoch, X509_get0_notAfter(certificate), &window.to);
    ASN1_TIME_free(epoch);
    if (!ok) {
        return occ_certificate_form_refuse(err, OCC_ERR_NITRO_CERTIFICATE, name, "validity that cannot be read");
    }
    *ret_window = window;
    return occ_success();
}
