/* signer_software.c — an Ed25519 key in locked memory (tiers "stub" and, on Nitro, "measured-tee"). */
#include "boundary/signer.h"

#include "crypto/secret.h"

/* All that is secret, in one piece of locked memory; occ_secret_free wipes it. */
struct key {
    uint8_t secret[OCC_ED25519_SECRET_LEN];
    uint8_t seed[OCC_ED25519_SEED_LEN]; /* zeros once the secret is made */
};

static struct occ_result
sign(void *ctx, struct occ_bytes message, uint8_t ret_signature[OCC_ED25519_SIGNATURE_LEN])
{
    const struct key *const key = ctx;
    occ_ed25519_sign(key->secret, message, ret_signature);
    return occ_success();
}

static struct occ_result
new_key(struct occ_error *err, struct key **ret_key)
{
    void *memory = NULL;
    const struct occ_result result = occ_secret_new(sizeof(struct key), &memory);
    if (!occ_is_ok(result)) {
        return occ_error_set(
            err, result.code,
            "no locked memory for the signing key: is the limit on locked memory (ulimit -l) too low?");
    }
    *ret_key = memory;
    return occ_success();
}

/* Turns the seed into the key and wipes it. */
static void
finish(struct key *key, struct occ_signer *ret_signer)
{
    struct occ_signer signer = { .ctx = key, .is_parallel = true, .sign = sign, .free = occ_secret_free };
    occ_ed25519_key_pair(key->seed, signer.public_key, key->secret);
    occ_secret_wipe(key->seed, sizeof key->seed);
    *ret_signer = signer;
}

struct occ_result
occ_signer_software_new(void (*fill)(void *ctx, void *ret, size_t len), void *ctx, struct occ_error *err,
                        struct occ_signer *ret_signer)
{
    struct key *key = NULL;
    OCC_TRY(new_key(err, &key));
    fill(ctx, key->seed, sizeof key->seed);
    finish(key, ret_signer);
    return occ_success();
}

struct occ_result
occ_signer_software_from_seed(const uint8_t seed[OCC_ED25519_SEED_LEN], struct occ_error *err,
                              struct occ_signer *ret_signer)
{
    struct key *key = NULL;
    OCC_TRY(new_key(err, &key));
    memcpy(key->seed, seed, sizeof key->seed);
    finish(key, ret_signer);
    return occ_success();
}
