/* p256_token.c — keys in hardware tokens: see p256.h. */
#include <openssl/err.h>

#include "crypto/errors.h"
#include "crypto/p256_private.h"
#include "crypto/token.h"

static OCC_RESULT
refuse_nothing(const char *uri, enum occ_p256_need need, const struct occ_token_asking *asking, const char *hint,
               struct occ_error *err)
{
    if (occ_errors_say_no_memory()) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    if (asking->asked > 0 && asking->pin.ptr == NULL) {
        return occ_error_set(err, OCC_ERR_USAGE, "%.100s: the token wants a PIN, and none was given (%s)", uri, hint);
    }
    return occ_error_set(err, OCC_ERR_NOT_FOUND, "%.100s: no such %skey in a token%s", uri,
                         need == OCC_P256_PRIVATE ? "private " : "",
                         asking->asked > 0 ? ", or the PIN is wrong" : ", or no such token");
}

static OCC_RESULT
load(OSSL_LIB_CTX *library, const char *uri, enum occ_p256_need need, const struct occ_p256_secret *secret,
     struct occ_error *err, EVP_PKEY **ret_pkey)
{
    struct occ_token_asking asking = { .pin = secret->text };
    EVP_PKEY *pkey = NULL;
    OCC_TRY(occ_token_find(library, uri, need == OCC_P256_PUBLIC, &asking, err, &pkey));
    if (pkey == NULL) {
        return refuse_nothing(uri, need, &asking, secret->hint, err);
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
    __attribute__((cleanup(occ_token_free_library))) OSSL_LIB_CTX *library = NULL;
    EVP_PKEY *pkey = NULL;
    ERR_clear_error();
    struct occ_result result = occ_token_open_configured(err, &library);
    if (occ_is_ok(result)) {
        result = load(library, uri, need, secret, err, &pkey);
    }
    ERR_clear_error();
    OCC_TRY(result);
    OSSL_LIB_CTX *owned = library;
    library = NULL;
    return occ_p256_take("pkcs11 key", pkey, owned, need, err, ret_key);
}
