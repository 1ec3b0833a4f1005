/*
 * signer.h — the small interface behind which the signing key lives (DESIGN §2).
 */
#ifndef OCC_BOUNDARY_SIGNER_H
#define OCC_BOUNDARY_SIGNER_H

#include "crypto/ed25519.h"

struct occ_signer {
    void *ctx;
    uint8_t public_key[OCC_ED25519_PUBLIC_LEN];
    OCC_RESULT (*sign)(void *ctx, struct occ_bytes message, uint8_t ret_signature[OCC_ED25519_SIGNATURE_LEN]);
    void (*free)(void *ctx); /* wipes the key */
};

/* signer_software.c: a fresh key in locked memory, from the kernel's random. It exists nowhere else and ends with the process. */
OCC_RESULT occ_signer_software_new(struct occ_error *err, struct occ_signer *ret_signer);
/* The same with a given seed, for test vectors. */
OCC_RESULT occ_signer_software_from_seed(const uint8_t seed[OCC_ED25519_SEED_LEN], struct occ_error *err,
                                         struct occ_signer *ret_signer);
void occ_signer_clear(struct occ_signer *signer);

#endif
