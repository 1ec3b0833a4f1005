/*
 * block.h — a piece of a run of the digest index: up to OCC_BLOCK_ENTRIES entries in ascending order, and a checksum.
 *
 * An entry is 40 bytes: the digest, and the place of a proof as a big-endian integer, so that comparing bytes is
 * comparing digests and, among equals, age. With its checksum (8 bytes, big-endian) a block fits a page of SQLite.
 */
#ifndef OCC_LEDGER_BLOCK_H
#define OCC_LEDGER_BLOCK_H

#include "base/bytes.h"
#include "base/result.h"

enum { OCC_BLOCK_ENTRY_LEN = 40, OCC_BLOCK_ENTRIES = 100, OCC_BLOCK_SUM_LEN = 8 };

struct occ_block {
    uint8_t bytes[OCC_BLOCK_ENTRIES * OCC_BLOCK_ENTRY_LEN + OCC_BLOCK_SUM_LEN];
    size_t count;
};

void occ_block_make_entry(const uint8_t digest[32], uint64_t place, uint8_t ret_entry[OCC_BLOCK_ENTRY_LEN]);
uint64_t occ_block_place(const uint8_t entry[OCC_BLOCK_ENTRY_LEN]);
static inline const uint8_t *
occ_block_entry(const struct occ_block *block, size_t index)
{
    return block->bytes + index * OCC_BLOCK_ENTRY_LEN;
}
/* The block must not be full. */
void occ_block_put(struct occ_block *block, const uint8_t entry[OCC_BLOCK_ENTRY_LEN]);
/* Puts the checksum behind the entries; the view is valid until the next change. */
struct occ_bytes occ_block_seal(struct occ_block *block);
/* Checks length, checksum and order. OCC_ERR_LEDGER_CORRUPT. */
OCC_RESULT occ_block_open(struct occ_bytes bytes, struct occ_block *ret_block);

#endif
