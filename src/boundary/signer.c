/* signer.c — what holds for every kind of signer. */
#include "boundary/signer.h"

void
occ_signer_clear(struct occ_signer *signer)
{
    if (signer->free != NULL) {
        signer->free(signer->ctx);
    }
    *signer = (struct occ_signer){ 0 };
}
