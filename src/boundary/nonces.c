/* nonces.c — see nonces.h. */
#include "boundary/nonces.h"

#include "crypto/secret.h"

void
occ_nonces_begin(struct occ_nonces *nonces, void (*random)(void *ctx, void *ret, size_t len), void *ctx,
                 uint32_t wanted)
{
    nonces->random = random;
    nonces->ctx = ctx;
    nonces->wanted = wanted;
    nonces->used = nonces->drawn = 0;
}

const uint8_t *
occ_nonces_next(struct occ_nonces *nonces)
{
    if (nonces->used == nonces->drawn) {
        const uint32_t wanted = nonces->wanted == 0 ? 1 : nonces->wanted;
        nonces->drawn = wanted < OCC_NONCES_AT_ONCE ? wanted : OCC_NONCES_AT_ONCE;
        nonces->used = 0;
        nonces->random(nonces->ctx, nonces->list, nonces->drawn * sizeof nonces->list[0]);
    }
    nonces->wanted -= nonces->wanted > 0;
    return nonces->list[nonces->used++];
}

void
occ_nonces_drop(struct occ_nonces *nonces)
{
    occ_secret_wipe(nonces->list, nonces->drawn * sizeof nonces->list[0]);
    nonces->used = nonces->drawn = 0;
}
