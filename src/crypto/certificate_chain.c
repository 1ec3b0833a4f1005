/* certificate_chain.c — see certificate_chain.h. */
#include "crypto/certificate_chain.h"

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "base/limits.h"

/* OpenSSL's security level of 192 bits: P-384, SHA-384. */
enum { SECURITY_LEVEL = 4 };

static void
store_cleanup(X509_STORE **store)
{
    X509_STORE_free(*store);
}

static void
context_cleanup(X509_STORE_CTX **context)
{
    X509_STORE_CTX_free(*context);
}

static void
stack_cleanup(STACK_OF(X509) **stack)
{
    sk_X509_free(*stack); /* the certificates are borrowed */
}

/* RFC 5280 §4.1.2.5: a certificate is valid through its notAfter. To OpenSSL it has expired in that second. */
static bool
is_last_second(X509_STORE_CTX *context)
{
    struct occ_certificate_window window;
    const X509 *certificate = X509_STORE_CTX_get_current_cert(context);
    const int64_t at = (int64_t)X509_VERIFY_PARAM_get_time(X509_STORE_CTX_get0_param(context));
    return certificate != NULL && occ_is_ok(occ_certificate_form_window(certificate, "", NULL, &window)) &&
           at == window.to;
}

/*
 * OpenSSL's strict mode asks for key identifiers, which AWS's leaves do not have, nor the instance certificates of 2022. They
 * only speed up the search for an issuer: the rest of the strict mode stands.
 */
static int
excuse(int ok, X509_STORE_CTX *context)
{
    const int error = X509_STORE_CTX_get_error(context);
    if (error == X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER || error == X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER ||
        (error == X509_V_ERR_CERT_HAS_EXPIRED && is_last_second(context))) {
        X509_STORE_CTX_set_error(context, X509_V_OK);
        return 1;
    }
    return ok;
}

static enum occ_err
code_of(int error)
{
    switch (error) {
    case X509_V_ERR_OUT_OF_MEM:
        return OCC_ERR_NOMEM;
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return OCC_ERR_NITRO_TIME;
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_INVALID_NON_CA:
    case X509_V_ERR_INVALID_PURPOSE:
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
    case X509_V_ERR_PATHLEN_INVALID_FOR_NON_CA:
    case X509_V_ERR_PATHLEN_WITHOUT_KU_KEY_CERT_SIGN:
    case X509_V_ERR_KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA:
    case X509_V_ERR_CA_BCONS_NOT_CRITICAL:
    case X509_V_ERR_CA_CERT_MISSING_KEY_USAGE:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
    case X509_V_ERR_KEYUSAGE_NO_DIGITAL_SIGNATURE:
    case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
    case X509_V_ERR_PROXY_CERTIFICATES_NOT_ALLOWED:
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
    case X509_V_ERR_SUBTREE_MINMAX:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX:
    case X509_V_ERR_UNSUPPORTED_NAME_SYNTAX:
    case X509_V_ERR_UNNESTED_RESOURCE:
        return OCC_ERR_NITRO_CONSTRAINTS;
    case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
    case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD:
    case X509_V_ERR_INVALID_EXTENSION:
    case X509_V_ERR_EXTENSIONS_REQUIRE_VERSION_3:
    case X509_V_ERR_SIGNATURE_ALGORITHM_INCONSISTENCY:
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
    case X509_V_ERR_ISSUER_NAME_EMPTY:
    case X509_V_ERR_SUBJECT_NAME_EMPTY:
    case X509_V_ERR_EMPTY_SUBJECT_ALT_NAME:
    case X509_V_ERR_EMPTY_SUBJECT_SAN_NOT_CRITICAL:
    case X509_V_ERR_AUTHORITY_KEY_IDENTIFIER_CRITICAL:
    case X509_V_ERR_SUBJECT_KEY_IDENTIFIER_CRITICAL:
        return OCC_ERR_NITRO_CERTIFICATE;
    default:
        return OCC_ERR_NITRO_PATH;
    }
}

static const char *
text_of(int error)
{
    switch (error) {
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "not yet valid at the document's time";
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "expired at the document's time";
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
        return "more certificates below it than its path length allows";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        return "its issuer is not among the certificates above it";
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return "not signed with the key of the certificate above it";
    default:
        return X509_verify_cert_error_string(error);
    }
}

static OCC_RESULT
refuse(X509_STORE_CTX *context, X509 *const *path, size_t first, size_t leaf, struct occ_error *err)
{
    const int error = X509_STORE_CTX_get_error(context);
    const X509 *at_fault = X509_STORE_CTX_get_current_cert(context);
    size_t index = leaf;
    for (size_t i = first; i < leaf; i++) {
        index = path[i] == at_fault ? i : index;
    }
    if (code_of(error) == OCC_ERR_NOMEM) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    return occ_certificate_form_refuse(err, code_of(error), occ_certificate_form_name(index, leaf).text,
                                       text_of(error));
}

/* What was built is what was listed: these very objects, which no two places share, in this order, and all of them. */
static bool
is_listed(const STACK_OF(X509) *chain, X509 *const *path, size_t first, size_t leaf)
{
    if (chain == NULL || (size_t)sk_X509_num(chain) != leaf - first + 1) {
        return false;
    }
    for (size_t i = first; i <= leaf; i++) {
        if (sk_X509_value(chain, (int)(leaf - i)) != path[i]) {
            return false;
        }
    }
    return true;
}

static bool
set_parameters(X509_STORE_CTX *context, bool partial, int64_t at)
{
    X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(parameters, at);
    X509_VERIFY_PARAM_set_depth(parameters, OCC_LIMIT_NITRO_CABUNDLE);
    X509_VERIFY_PARAM_set_auth_level(parameters, SECURITY_LEVEL);
    X509_STORE_CTX_set_verify_cb(context, excuse);
    const unsigned long flags = X509_V_FLAG_X509_STRICT | (partial ? X509_V_FLAG_PARTIAL_CHAIN : 0);
    return X509_VERIFY_PARAM_set_flags(parameters, flags) == 1 &&
           X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_ANY) == 1;
}

struct occ_result
occ_certificate_chain_check(X509 *const *path, size_t first, size_t leaf, int64_t at, struct occ_error *err)
{
    __attribute__((cleanup(store_cleanup))) X509_STORE *store = X509_STORE_new();
    __attribute__((cleanup(stack_cleanup))) STACK_OF(X509) *untrusted = sk_X509_new_null();
    OCC_ENSURE(store != NULL && untrusted != NULL, OCC_ERR_NOMEM);
    /* PROTOCOL §5: trusted is what the caller pinned, never what the document brings. */
    OCC_ENSURE(X509_STORE_add_cert(store, path[first]) == 1, OCC_ERR_NOMEM);
    for (size_t i = first + 1; i < leaf; i++) {
        OCC_ENSURE(sk_X509_push(untrusted, path[i]) > 0, OCC_ERR_NOMEM);
    }
    __attribute__((cleanup(context_cleanup))) X509_STORE_CTX *context = X509_STORE_CTX_new();
    OCC_ENSURE(context != NULL, OCC_ERR_NOMEM);
    OCC_ENSURE(X509_STORE_CTX_init(context, store, path[leaf], untrusted) == 1, OCC_ERR_NOMEM);
    OCC_ENSURE(set_parameters(context, first != 0, at), OCC_ERR_INTERNAL);
    if (X509_verify_cert(context) != 1) {
        return refuse(context, path, first, leaf, err);
    }
    if (!is_listed(X509_STORE_CTX_get0_chain(context), path, first, leaf)) {
        return occ_error_set(err, OCC_ERR_NITRO_PATH,
                             "cabundle: not in order from the root down, or a certificate that is not needed");
    }
    return occ_success();
}
