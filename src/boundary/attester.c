/* attester.c — what attesters of every kind share. */
#include "boundary/attester.h"

void
occ_attester_clear(struct occ_attester *attester)
{
    if (attester->free != NULL) {
        attester->free(attester->ctx);
    }
    *attester = (struct occ_attester){ 0 };
}
