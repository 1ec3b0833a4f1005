/*
 * sort.h — sorts any number of byte strings in bounded memory: an external merge sort, in memcmp order.
 *
 * Strings are put in, then come out in order, once. What does not fit into memory goes to temporary files that have no
 * name. If one cannot be made or filled, putting goes on and does nothing, and finishing says why: whoever never needs the
 * order is not troubled by a full disk.
 */
#ifndef OCC_AUDIT_SORT_H
#define OCC_AUDIT_SORT_H

#include "base/bytes.h"
#include "base/result.h"

struct occ_sort;

/*
 * memory: bytes for strings at a time, at least OCC_LIMIT_AUDIT_ITEM_LEN; an index of at most 3 times as much comes to it if
 * strings are tiny. folder is where temporary files go; it must outlive the sort.
 */
OCC_RESULT occ_sort_new(size_t memory, const char *folder, struct occ_sort **ret_sort);
void occ_sort_free(struct occ_sort *sort); /* NULL is allowed */
/* Puts one in: 1 to OCC_LIMIT_AUDIT_ITEM_LEN bytes. Only wrong use fails here. */
OCC_RESULT occ_sort_put(struct occ_sort *sort, struct occ_bytes item);
/* Why finishing would fail already now; success if nothing went wrong so far. */
OCC_RESULT occ_sort_check(const struct occ_sort *sort, struct occ_error *err);
/* All are in. After it, occ_sort_next. */
OCC_RESULT occ_sort_finish(struct occ_sort *sort, struct occ_error *err);
/* The next in order, valid until the next call; false in *ret_more = none is left. */
OCC_RESULT occ_sort_next(struct occ_sort *sort, struct occ_error *err, struct occ_bytes *ret_item, bool *ret_more);
/* Bytes written to temporary files so far. */
uint64_t occ_sort_spilled(const struct occ_sort *sort);

#endif
