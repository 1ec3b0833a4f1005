/* ready.c — see ready.h. */
#include "crypto/ready.h"

#include <openssl/decoder.h>
#include <openssl/evp.h>

#include "crypto/errors.h"

static bool
has_digest(const char *name)
{
    EVP_MD *found = EVP_MD_fetch(NULL, name, NULL);
    EVP_MD_free(found);
    return found != NULL;
}

static bool
has_signature(const char *name)
{
    EVP_SIGNATURE *found = EVP_SIGNATURE_fetch(NULL, name, NULL);
    EVP_SIGNATURE_free(found);
    return found != NULL;
}

static bool
has_key(const char *name)
{
    EVP_KEYMGMT *found = EVP_KEYMGMT_fetch(NULL, name, NULL);
    EVP_KEYMGMT_free(found);
    return found != NULL;
}

static bool
has_decoder(const char *name)
{
    OSSL_DECODER *found = OSSL_DECODER_fetch(NULL, name, NULL);
    OSSL_DECODER_free(found);
    return found != NULL;
}

struct occ_result
occ_ready_check(struct occ_error *err)
{
    static const struct {
        bool (*has)(const char *name);
        const char *name, *what;
    } needed[] = {
        { has_digest, "SHA256", "SHA-256" },        { has_digest, "SHA384", "SHA-384" },
        { has_signature, "ECDSA", "ECDSA" },        { has_key, "EC", "keys on elliptic curves" },
        { has_decoder, "EC", "a decoder of keys" },
    };
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (!needed[i].has(needed[i].name)) {
            if (occ_errors_say_no_memory()) {
                return occ_error_code(err, OCC_ERR_NOMEM);
            }
            return occ_error_set(err, OCC_ERR_UNAVAILABLE, "OpenSSL as it is configured here lacks %s", needed[i].what);
        }
    }
    return occ_success();
}
