/*
 * decimal.h — counters: decimal strings of any length, no sign, no leading zero (PROTOCOL §1).
 */
#ifndef OCC_BASE_DECIMAL_H
#define OCC_BASE_DECIMAL_H

#include "base/bytes.h"
#include "base/result.h"

/* True for "0" or digits that do not begin with 0. */
bool occ_decimal_is_valid(struct occ_bytes text);
/* Compares two valid decimals as integers of any size: < 0, 0, > 0. */
int occ_decimal_compare(struct occ_bytes a, struct occ_bytes b);
/* OCC_ERR_DECIMAL if not valid, OCC_ERR_LIMIT if it does not fit 64 bits. */
OCC_RESULT occ_decimal_to_u64(struct occ_bytes text, uint64_t *ret_value);

#endif
