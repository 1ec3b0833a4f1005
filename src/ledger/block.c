/* block.c — see block.h. */
#include "ledger/block.h"

#include "ledger/sum.h"

enum { DIGEST_LEN = 32 };

static void
put_be64(uint8_t *to, uint64_t value)
{
    for (size_t i = 0; i < 8; i++) {
        to[i] = (uint8_t)(value >> (56 - 8 * i));
    }
}

static uint64_t
get_be64(const uint8_t *from)
{
    uint64_t value = 0;
    for (size_t i = 0; i < 8; i++) {
        value = value << 8 | from[i];
    }
    return value;
}

void
occ_block_make_entry(const uint8_t digest[32], uint64_t place, uint8_t ret_entry[OCC_BLOCK_ENTRY_LEN])
{
    memcpy(ret_entry, digest, DIGEST_LEN);
    put_be64(ret_entry + DIGEST_LEN, place);
}

uint64_t
occ_block_place(const uint8_t entry[OCC_BLOCK_ENTRY_LEN])
{
    return get_be64(entry + DIGEST_LEN);
}

void
occ_block_put(struct occ_block *block, const uint8_t entry[OCC_BLOCK_ENTRY_LEN])
{
    memcpy(block->bytes + block->count * OCC_BLOCK_ENTRY_LEN, entry, OCC_BLOCK_ENTRY_LEN);
    block->count++;
}

struct occ_bytes
occ_block_seal(struct occ_block *block)
{
    const size_t len = block->count * OCC_BLOCK_ENTRY_LEN;
    put_be64(block->bytes + len, occ_sum_of(occ_bytes_of(block->bytes, len)));
    return occ_bytes_of(block->bytes, len + OCC_BLOCK_SUM_LEN);
}

struct occ_result
occ_block_open(struct occ_bytes bytes, struct occ_block *ret_block)
{
    OCC_ENSURE(bytes.len >= OCC_BLOCK_ENTRY_LEN + OCC_BLOCK_SUM_LEN && bytes.len <= sizeof ret_block->bytes,
               OCC_ERR_LEDGER_CORRUPT);
    const size_t len = bytes.len - OCC_BLOCK_SUM_LEN;
    OCC_ENSURE(len % OCC_BLOCK_ENTRY_LEN == 0 && get_be64(bytes.ptr + len) == occ_sum_of(occ_bytes_of(bytes.ptr, len)),
               OCC_ERR_LEDGER_CORRUPT);
    for (size_t at = OCC_BLOCK_ENTRY_LEN; at < len; at += OCC_BLOCK_ENTRY_LEN) {
        OCC_ENSURE(memcmp(bytes.ptr + at - OCC_BLOCK_ENTRY_LEN, bytes.ptr + at, OCC_BLOCK_ENTRY_LEN) < 0,
                   OCC_ERR_LEDGER_CORRUPT);
    }
    memcpy(ret_block->bytes, bytes.ptr, bytes.len);
    ret_block->count = len / OCC_BLOCK_ENTRY_LEN;
    return occ_success();
}
