/*
 * ed25519_token.h — an Ed25519 key that lives in a hardware token and never leaves it: by OpenSSL's store and pkcs11-provider.
 *
 * The functions here empty the calling thread's queue of OpenSSL errors. Nobody is ever asked for a PIN on a terminal.
 */
#ifndef OCC_CRYPTO_ED25519_TOKEN_H
#define OCC_CRYPTO_ED25519_TOKEN_H

#include "crypto/ed25519.h"

struct occ_ed25519_token;

struct occ_ed25519_token_config {
    const char *uri;    /* of the key: one that occ_token_uri_check takes */
    const char *module; /* path of the token's PKCS#11 library */
    struct occ_bytes
        pin; /* borrowed, in memory from occ_secret_new; OpenSSL, the provider and the module make copies of it */
};

/*
 * Opens the key. The PIN is tried once, and on no other token than that of the uri. A failure, with a sentence:
 * OCC_ERR_UNSUPPORTED  no pkcs11-provider, or one that does not tell a key's uri
 * OCC_ERR_UNAVAILABLE  the library at module cannot be used
 * OCC_ERR_NOT_FOUND    no such token, or no such private key in it
 * OCC_ERR_DENIED       the token refused the PIN: trying again would lock it
 * OCC_ERR_USAGE        more than one key of that name, one of another type, no PIN
 * OCC_ERR_TOKEN        the token does not tell the public key; OCC_ERR_NOMEM
 * Free with occ_ed25519_token_free (NULL is allowed), before the process ends.
 */
OCC_RESULT occ_ed25519_token_open(const struct occ_ed25519_token_config *config, struct occ_error *err,
                                  struct occ_ed25519_token **ret_key);
/*
 * Makes a key in the token under config's uri, sensitive and not extractable, and opens it. Codes as above, and OCC_ERR_STATE:
 * there is a private key of that object or that id: each must go on naming one key; OCC_ERR_TOKEN: the token made none.
 */
OCC_RESULT occ_ed25519_token_make(const struct occ_ed25519_token_config *config, struct occ_error *err,
                                  struct occ_ed25519_token **ret_key);
void occ_ed25519_token_free(struct occ_ed25519_token *key);

/* Valid as long as the key. */
const uint8_t *occ_ed25519_token_public(const struct occ_ed25519_token *key); /* OCC_ED25519_PUBLIC_LEN bytes */
/* What the provider calls the key: a uri with model, manufacturer, serial, token, id and object, as far as it has them. */
const char *occ_ed25519_token_uri(const struct occ_ed25519_token *key);

/* Signs in the token. The signature is not verified. OCC_ERR_TOKEN: the token did not sign. */
OCC_RESULT occ_ed25519_token_sign(const struct occ_ed25519_token *key, struct occ_bytes message,
                                  uint8_t ret_signature[OCC_ED25519_SIGNATURE_LEN]);

#endif
