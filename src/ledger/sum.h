/*
 * sum.h — a 64-bit checksum against accidents: a page that a disk gave back wrong. Not against people, who could make it
 * fit.
 *
 * FNV-1a over little-endian words of 8 bytes instead of single bytes, with the high half folded down after each word; the
 * length goes in first and a last short word is filled up with zeros. Damage within one word is always noticed.
 */
#ifndef OCC_LEDGER_SUM_H
#define OCC_LEDGER_SUM_H

#include "base/bytes.h"

uint64_t occ_sum_of(struct occ_bytes bytes);

#endif
