/* token.c — see token.h. */
#include "crypto/token.h"

#include <openssl/bio.h>
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>

#include "base/buf.h"
#include "crypto/errors.h"

enum { CONFIGURATION_LEN_MAX = 16 << 10 };

void
occ_token_free_library(OSSL_LIB_CTX **library)
{
    OSSL_LIB_CTX_free(*library);
}

void
occ_token_free_pkey(EVP_PKEY **pkey)
{
    EVP_PKEY_free(*pkey);
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
free_configuration(CONF **configuration)
{
    NCONF_free(*configuration);
}

static void
free_bio(BIO **bio)
{
    BIO_free(*bio);
}

/* ---- the provider ---- */

static bool
has_provider(OSSL_LIB_CTX *library)
{
    return OSSL_PROVIDER_available(library, "pkcs11") == 1;
}

static OCC_RESULT
refuse_without_provider(struct occ_error *err)
{
    return occ_error_set(err, OCC_ERR_UNSUPPORTED,
                         "pkcs11: keys need OpenSSL's pkcs11-provider, which is not installed or not configured: the "
                         "package is pkcs11-provider (on Debian 12 in bookworm-backports)");
}

struct occ_result
occ_token_open_configured(struct occ_error *err, OSSL_LIB_CTX **ret_library)
{
    __attribute__((cleanup(occ_token_free_library))) OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
    if (library == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    char *path = CONF_get1_default_config_file();
    if (path != NULL) {
        (void)OSSL_LIB_CTX_load_config(library, path); /* where that fails, the provider is not there */
        OPENSSL_free(path);
    }
    if (!has_provider(library)) {
        return refuse_without_provider(err);
    }
    *ret_library = library;
    library = NULL;
    return occ_success();
}

/* A value of OpenSSL's configuration (config(5)): a backslash takes its meaning from every character but letters and digits. */
static void
put_value(struct occ_buf *text, const char *value)
{
    for (; *value != '\0'; value++) {
        const bool is_plain = (*value >= 'a' && *value <= 'z') || (*value >= 'A' && *value <= 'Z') ||
                              (*value >= '0' && *value <= '9') || (*value & 0x80) != 0;
        if (!is_plain) {
            occ_buf_put_byte(text, '\\');
        }
        occ_buf_put_byte(text, (uint8_t)*value);
    }
}

/*
 * OpenSSL 3.0 takes a provider's settings from a configuration only; this one is made here, so that none of the machine's has a
 * say. early: the module is opened at once, and the provider is not there if that fails.
 */
static void
put_configuration(struct occ_buf *text, const char *module, bool early)
{
    occ_buf_put_str(text, "openssl_conf = main\n"
                          "[main]\nproviders = provider_list\n"
                          "[provider_list]\ndefault = default_settings\npkcs11 = pkcs11_settings\n"
                          "[default_settings]\nactivate = 1\n"
                          "[pkcs11_settings]\n"
                          "pkcs11-module-encode-provider-uri-to-pem = true\n"
                          "pkcs11-module-path = ");
    put_value(text, module);
    occ_buf_put_str(text, early ? "\npkcs11-module-load-behavior = early" : "");
    occ_buf_put_str(text, "\nactivate = 1\n");
}

/* OCC_ERR_NOMEM only; whether the provider is there is for the caller to see. */
static OCC_RESULT
open_module(const char *module, bool early, OSSL_LIB_CTX **ret_library)
{
    OCC_BUF_AUTO(text, CONFIGURATION_LEN_MAX);
    put_configuration(&text, module, early);
    OCC_TRY(occ_buf_check(&text));
    __attribute__((cleanup(occ_token_free_library))) OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
    OCC_ENSURE(library != NULL, OCC_ERR_NOMEM);
    __attribute__((cleanup(free_configuration))) CONF *configuration = NCONF_new_ex(library, NULL);
    __attribute__((cleanup(free_bio))) BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
    OCC_ENSURE(configuration != NULL && bio != NULL, OCC_ERR_NOMEM);
    if (NCONF_load_bio(configuration, bio, NULL) == 1) {
        (void)CONF_modules_load(configuration, NULL, 0);
    }
    *ret_library = library;
    library = NULL;
    return occ_success();
}

struct occ_result
occ_token_open_module(const char *module, struct occ_error *err, OSSL_LIB_CTX **ret_library)
{
    __attribute__((cleanup(occ_token_free_library))) OSSL_LIB_CTX *library = NULL;
    const struct occ_result opened = open_module(module, true, &library);
    if (!occ_is_ok(opened)) {
        return occ_error_code(err, opened.code);
    }
    if (has_provider(library)) {
        *ret_library = library;
        library = NULL;
        return occ_success();
    }
    /* Is it the provider that is missing, or what it was to open? */
    __attribute__((cleanup(occ_token_free_library))) OSSL_LIB_CTX *plain = NULL;
    if (occ_is_ok(open_module(module, false, &plain)) && has_provider(plain)) {
        return occ_error_set(err, OCC_ERR_UNAVAILABLE,
                             "%.200s: this PKCS#11 library cannot be used: it is none, or does not reach its tokens",
                             module);
    }
    return refuse_without_provider(err);
}

/* ---- keys ---- */

/* OpenSSL's pem_password_cb. */
static int
answer(char *buf, int size, int writes, void *context)
{
    struct occ_token_asking *asking = context;
    (void)writes;
    asking->asked++;
    if (asking->pin.ptr == NULL || size < 0 || asking->pin.len > (size_t)size) {
        return -1;
    }
    memcpy(buf, asking->pin.ptr, asking->pin.len);
    return (int)asking->pin.len;
}

/* What is in an object of the store, if it is of use; the caller's. */
static EVP_PKEY *
pkey_of(const OSSL_STORE_INFO *info, bool with_public)
{
    switch (OSSL_STORE_INFO_get_type(info)) {
    case OSSL_STORE_INFO_PKEY:
        return OSSL_STORE_INFO_get1_PKEY(info);
    case OSSL_STORE_INFO_PUBKEY:
        return with_public ? OSSL_STORE_INFO_get1_PUBKEY(info) : NULL;
    case OSSL_STORE_INFO_CERT:
        return with_public ? X509_get_pubkey(OSSL_STORE_INFO_get0_CERT(info)) : NULL;
    default:
        return NULL;
    }
}

static OCC_RESULT
find_in(OSSL_STORE_CTX *store, const char *uri, bool with_public, struct occ_error *err, EVP_PKEY **ret_pkey)
{
    __attribute__((cleanup(occ_token_free_pkey))) EVP_PKEY *found = NULL;
    while (OSSL_STORE_eof(store) != 1) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        if (info == NULL && OSSL_STORE_error(store) == 1) {
            break;
        }
        __attribute__((cleanup(occ_token_free_pkey))) EVP_PKEY *pkey = info == NULL ? NULL : pkey_of(info, with_public);
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

struct occ_result
occ_token_find(OSSL_LIB_CTX *library, const char *uri, bool with_public, struct occ_token_asking *asking,
               struct occ_error *err, EVP_PKEY **ret_pkey)
{
    __attribute__((cleanup(free_method))) UI_METHOD *method = UI_UTIL_wrap_read_pem_callback(answer, 0);
    if (method == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    /* Where answer gives no PIN, the provider asks whoever sits at the terminal, by OpenSSL's default method: not here. */
    UI_set_default_method(UI_null());
    __attribute__((cleanup(close_store))) OSSL_STORE_CTX *store =
        OSSL_STORE_open_ex(uri, library, "?provider=pkcs11", method, asking, NULL, NULL, NULL);
    EVP_PKEY *pkey = NULL;
    if (store != NULL) {
        if (!with_public) {
            (void)OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
        }
        OCC_TRY(find_in(store, uri, with_public, err, &pkey));
    }
    *ret_pkey = pkey;
    return occ_success();
}
