/* signer_pkcs11.c — a key in a hardware token (tier "hw-key"), kept by keeper.c while the token comes and goes. */
#include <stdlib.h>

#include "boundary/attester.h"
#include "boundary/keeper.h"
#include "crypto/ed25519_token.h"

struct source {
    struct occ_signer_pkcs11_config config;
    bool is_open;                 /* it was opened once; then: */
    struct occ_attester attester; /* of the key that was opened first */
    uint8_t public_key[OCC_ED25519_PUBLIC_LEN];
};

static struct occ_result
sign(void *ctx, struct occ_bytes message, uint8_t ret_signature[OCC_ED25519_SIGNATURE_LEN])
{
    return occ_ed25519_token_sign(ctx, message, ret_signature);
}

static void
free_key(void *ctx)
{
    occ_ed25519_token_free(ctx);
}

/*
 * The measurement of an epoch's proofs stands: the same key in another token is not taken back. That another key is there is for
 * the keeper to see.
 */
static struct occ_result
check_identity(struct source *source, const struct occ_ed25519_token *key, struct occ_error *err)
{
    struct occ_attester attester;
    OCC_TRY(occ_attester_hw_key(occ_ed25519_token_uri(key), err, &attester));
    if (!source->is_open) {
        source->attester = attester;
        source->is_open = true;
        memcpy(source->public_key, occ_ed25519_token_public(key), sizeof source->public_key);
        return occ_success();
    }
    const bool is_same = memcmp(source->public_key, occ_ed25519_token_public(key), sizeof source->public_key) == 0;
    if (is_same && strcmp(attester.measurement, source->attester.measurement) != 0) {
        return occ_error_set(err, OCC_ERR_NOT_FOUND, "another token is there: %.200s", attester.measurement);
    }
    return occ_success();
}

static struct occ_result
open_key(void *ctx, struct occ_error *err, struct occ_signer *ret_signer)
{
    struct source *const source = ctx;
    const struct occ_ed25519_token_config config = { .uri = source->config.uri,
                                                     .module = source->config.module,
                                                     .pin = source->config.pin };
    struct occ_ed25519_token *key = NULL;
    OCC_TRY(occ_ed25519_token_open(&config, err, &key));
    struct occ_signer signer = { .ctx = key, .sign = sign, .free = free_key };
    memcpy(signer.public_key, occ_ed25519_token_public(key), sizeof signer.public_key);
    const struct occ_result checked = check_identity(source, key, err);
    if (!occ_is_ok(checked)) {
        occ_signer_clear(&signer);
        return checked;
    }
    *ret_signer = signer;
    return occ_success();
}

static uint64_t
uptime_ms(void *ctx)
{
    const struct source *const source = ctx;
    return source->config.uptime_ms(source->config.ctx);
}

static void
on_change(void *ctx, const char *why)
{
    const struct source *const source = ctx;
    source->config.on_change(source->config.ctx, why);
}

struct occ_result
occ_signer_pkcs11_new(const struct occ_signer_pkcs11_config *config, struct occ_error *err,
                      struct occ_attester *ret_attester, struct occ_signer *ret_signer)
{
    struct source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    source->config = *config;
    const struct occ_keeper_config keeper = {
        .open = open_key, .uptime_ms = uptime_ms, .on_change = on_change, .free = free, .ctx = source
    };
    OCC_TRY(occ_keeper_new(&keeper, err, ret_signer));
    *ret_attester = source->attester;
    return occ_success();
}
