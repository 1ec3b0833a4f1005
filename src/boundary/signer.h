/*
 * signer.h — the small interface behind which the signing key lives (DESIGN §2).
 */
#ifndef OCC_BOUNDARY_SIGNER_H
#define OCC_BOUNDARY_SIGNER_H

#include "crypto/ed25519.h"

struct occ_signer {
    void *ctx;
    uint8_t public_key[OCC_ED25519_PUBLIC_LEN];
    bool always_check; /* each signature is verified before it counts: it comes from another device */
    bool is_parallel;  /* several threads may sign at the same time */
    /* OCC_ERR_TOKEN: the key is away, later it may be back; OCC_ERR_SIGNATURE: it is another key. Nothing was signed then. */
    OCC_RESULT (*sign)(void *ctx, struct occ_bytes message, uint8_t ret_signature[OCC_ED25519_SIGNATURE_LEN]);
    /* Whether it could sign now. Codes as sign, with a sentence that anybody may hear. NULL = it always can. */
    OCC_RESULT (*probe)(void *ctx, struct occ_error *err);
    void (*free)(void *ctx); /* wipes the key */
};

/*
 * signer_software.c: a fresh key in locked memory, its seed from fill (with ctx), which puts len random bytes into ret and
 * cannot fail.
 * It exists nowhere else and ends with the process. OCC_ERR_NOMEM with a sentence: no memory may be locked.
 */
OCC_RESULT occ_signer_software_new(void (*fill)(void *ctx, void *ret, size_t len), void *ctx, struct occ_error *err,
                                   struct occ_signer *ret_signer);
/* The same with a given seed, for test vectors. */
OCC_RESULT occ_signer_software_from_seed(const uint8_t seed[OCC_ED25519_SEED_LEN], struct occ_error *err,
                                         struct occ_signer *ret_signer);

/* signer_pkcs11.c: a key in a hardware token. All that is pointed to outlives the signer. */
struct occ_signer_pkcs11_config {
    const char *uri;                               /* one that occ_token_uri_check takes */
    const char *module;                            /* path of the token's PKCS#11 library */
    struct occ_bytes pin;                          /* in locked memory: it is needed again when the token was away */
    uint64_t (*uptime_ms)(void *ctx);              /* milliseconds of a clock that nobody sets */
    void (*on_change)(void *ctx, const char *why); /* for a log: the key is away, and why; NULL: it is back */
    void *ctx;
};
struct occ_attester;
/* Opens the key. Codes as occ_ed25519_token_open. *ret_attester is that of tier "hw-key". */
OCC_RESULT occ_signer_pkcs11_new(const struct occ_signer_pkcs11_config *config, struct occ_error *err,
                                 struct occ_attester *ret_attester, struct occ_signer *ret_signer);

/*
 * Signs a text that can be no proof's body (no JSON begins so), ending in salt, and verifies the signature strictly: a signer that
 * is broken or holds another key than it says shows before it has signed anything that counts. OCC_ERR_SIGNATURE, or the
 * signer's code.
 */
OCC_RESULT occ_signer_test(const struct occ_signer *signer, struct occ_bytes salt);

void occ_signer_clear(struct occ_signer *signer);

#endif
