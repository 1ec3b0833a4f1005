/* sum.c — see sum.h. */
#include "ledger/sum.h"

#include <endian.h>

static const uint64_t basis = 0xcbf29ce484222325u, prime = 0x100000001b3u;

static uint64_t
take_word(uint64_t sum, const uint8_t *bytes, size_t len)
{
    uint64_t word = 0;
    memcpy(&word, bytes, len);
    sum = (sum ^ le64toh(word)) * prime;
    return sum ^ (sum >> 32); /* a product carries upwards only: a changed top bit would stay alone */
}

uint64_t
occ_sum_of(struct occ_bytes bytes)
{
    uint64_t sum = (basis ^ (uint64_t)bytes.len) * prime;
    size_t at = 0;
    for (; bytes.len - at >= 8; at += 8) {
        sum = take_word(sum, bytes.ptr + at, 8);
    }
    return at < bytes.len ? take_word(sum, bytes.ptr + at, bytes.len - at) : sum;
}
