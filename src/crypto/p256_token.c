/* p256_token.c — keys in hardware tokens: see p256.h. */
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>

#include "crypto/errors.h"
#include "crypto/p256_private.h"

static void
free_library(OSSL_LIB_CTX **library)
{
    OSSL_LIB_CTX_free(*library);
}

static void
close_store(OSSL_STORE_CTX **store)
{
    (void)OSSL_STORE_close(*store);
}

static void
free_method(UI_METHOD **method)
{
    UI_destroy_method(*method);
}

static void
free_pkey(EVP_PKEY **pkey)
{
    EVP_PKEY_free(*pkey);
}

/*
 * A library context of its own, with what OpenSSL's configuration says: freed with the key, and so before the process ends.
 * A token's module that is left to OpenSSL's own end of the process may be gone by then, and crash.
 */
static OCC_RESULT
open_library(struct occ_error *err, OSSL_LIB_CTX **ret_library)
{
    __attribute__((cleanup(free_library))) OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
    if (library == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    char *path = CONF_get1_default_config_file();
    if (path != NULL) {
        (void)OSSL_LIB_CTX_load_config(library, path); /* where that fails, the provider is not there */
        OPENSSL_free(path);
    }
    if (OSSL_PROVIDER_available(library, "pkcs11") != 1) {
        return occ_error_set(
            err, OCC_ERR_UNSUPPORTED,
            "pkcs11: keys need OpenSSL's pkcs11-provider, which is not installed or not configured: the "
            "package is pkcs11-provider (on Debian 12 in bookworm-backports)");
    }
    *ret_library = library;
    library = NULL;
    return occ_success();
}

/* What is in an object of the store, if it is of use; the caller's. */
static EVP_PKEY *
pkey_of(const OSSL_STORE_INFO *info, enum occ_p256_need need)
{
    switch (OSSL_STORE_INFO_get_type(info)) {
    case OSSL_STORE_INFO_PKEY:
        return OSSL_STORE_INFO_get1_PKEY(info);
    case OSSL_STORE_INFO_PUBKEY:
        return need == OCC_P256_PUBLIC ? OSSL_STORE_INFO_get1_PUBKEY(info) : NULL;
    case OSSL_STORE_INFO_CERT:
        return need == OCC_P256_PUBLIC ? X509_get_pubkey(OSSL_STORE_INFO_get0_CERT(info)) : NULL;
    default:
        return NULL;
    }
}

/* The one key that the uri names. The halves of a pair, and its certificate, are one. */
static OCC_RESULT
load_only(OSSL_STORE_CTX *store, const char *uri, enum occ_p256_need need, struct occ_error *err, EVP_PKEY **ret_pkey)
{
    __attribute__((cleanup(free_pkey))) EVP_PKEY *found = NULL;
    while (OSSL_STORE_eof(store) != 1) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        if (info == NULL && OSSL_STORE_error(store) == 1) {
            break;
        }
        __attribute__((cleanup(free_pkey))) EVP_PKEY *pkey = info == NULL ? NULL : pkey_of(info, need);
        OSSL_STORE_INFO_free(info);
        if (pkey != NULL && found != NULL && EVP_PKEY_eq(pkey, found) != 1) {
            return occ_error_set(err, OCC_ERR_USAGE, "%.100s: names more than one key, expected one", uri);
        }
        if (pkey != NULL && found == NULL) {
            found = pkey;
            pkey = NULL;
        }
    }
    *ret_pkey = found;
    found = NULL;
    return occ_success();
}

static OCC_RESULT
refuse_nothing(const char *uri, enum occ_p256_need need, const struct occ_p256_asking *asking, struct occ_error *err)
{
    if (occ_errors_say_no_memory()) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    if (asking->asked && asking->secret->text.ptr == NULL) {
        return occ_error_set(err, OCC_ERR_USAGE, "%.100s: the token wants a PIN, and none was given (%s)", uri,
                             asking->secret->hint);
    }
    return occ_error_set(err, OCC_ERR_NOT_FOUND, "%.100s: no such %skey in a token%s", uri,
                         need == OCC_P256_PRIVATE ? "private " : "",
                         asking->asked ? ", or the PIN is wrong" : ", or no such token");
}

static OCC_RESULT
load(OSSL_LIB_CTX *library, const char *uri, enum occ_p256_need need, struct occ_p256_asking *asking,
     struct occ_error *err, EVP_PKEY **ret_pkey)
{
    __attribute__((cleanup(free_method))) UI_METHOD *method = UI_UTIL_wrap_read_pem_callback(occ_p256_answer, 0);
    if (method == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    __attribute__((cleanup(close_store))) OSSL_STORE_CTX *store =
        OSSL_STORE_open_ex(uri, library, "?provider=pkcs11", method, asking, NULL, NULL, NULL);
    EVP_PKEY *pkey = NULL;
    if (store != NULL) {
        if (need == OCC_P256_PRIVATE) {
            (void)OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
        }
        OCC_TRY(load_only(store, uri, need, err, &pkey));
    }
    if (pkey == NULL) {
        return refuse_nothing(uri, need, asking, err);
    }
    *ret_pkey = pkey;
    return occ_success();
}

struct occ_result
occ_p256_open(const char *uri, enum occ_p256_need need, const struct occ_p256_secret *secret, struct occ_error *err,
              struct occ_p256 **ret_key)
{
    if (strstr(uri, "pin-value") != NULL) {
        return occ_error_set(err, OCC_ERR_USAGE,
                             "pkcs11: a PIN in the uri can be read by other users of this machine (%s)", secret->hint);
    }
    __attribute__((cleanup(free_library))) OSSL_LIB_CTX *library = NULL;
    struct occ_p256_asking asking = { .secret = secret };
    EVP_PKEY *pkey = NULL;
    ERR_clear_error();
    struct occ_result result = open_library(err, &library);
    if (occ_is_ok(result)) {
        result = load(library, uri, need, &asking, err, &pkey);
    }
    ERR_clear_error();
    OCC_TRY(result);
    OSSL_LIB_CTX *owned = library;
    library = NULL;
    return occ_p256_take("pkcs11 key", pkey, owned, need, err, ret_key);
}
