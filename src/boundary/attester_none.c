/* attester_none.c — tier "stub": nothing vouches for this boundary, and the measurement says so. */
#include "boundary/attester.h"

#include "base/hex.h"

#define PREFIX "stub:"

void
occ_attester_none(const uint8_t binary_digest[32], struct occ_attester *ret_attester)
{
    *ret_attester = (struct occ_attester){ .enforcement = "stub", .measurement = PREFIX };
    occ_hex_encode(occ_bytes_of(binary_digest, 32), ret_attester->measurement + strlen(PREFIX));
}
