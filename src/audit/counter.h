/*
 * counter.h — a counter that is put in order: decimal digits of any size up to OCC_LIMIT_AUDIT_COUNTER_LEN.
 *
 * Encoded as one byte, the number of digits, and the digits: in that form memcmp orders counters as integers.
 */
#ifndef OCC_AUDIT_COUNTER_H
#define OCC_AUDIT_COUNTER_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/reader.h"

struct occ_counter {
    uint8_t len; /* digits; 0 = there is none */
    char digits[OCC_LIMIT_AUDIT_COUNTER_LEN];
};

/* text is a valid decimal or empty. OCC_ERR_LIMIT: too many digits. */
OCC_RESULT occ_counter_of(struct occ_bytes text, struct occ_counter *ret_counter);
/* The digits, valid as long as *counter. */
struct occ_bytes occ_counter_text(const struct occ_counter *counter);
/* < 0, 0, > 0; none is smaller than any. */
int occ_counter_compare(const struct occ_counter *a, const struct occ_counter *b);
/* to - from for from <= to, both there; UINT64_MAX if it is that or more. */
uint64_t occ_counter_distance(const struct occ_counter *from, const struct occ_counter *to);
/* The value if it is below UINT64_MAX; false if not, or if there is none. */
bool occ_counter_small(const struct occ_counter *counter, uint64_t *ret_value);
/* Appends and reads the encoded form. */
void occ_counter_put(struct occ_buf *buf, const struct occ_counter *counter);
struct occ_counter occ_counter_take(struct occ_reader *reader);

/* printf("%.*s", OCC_COUNTER_ARG(counter)), counter a pointer. */
#define OCC_COUNTER_ARG(counter) ((int)(counter)->len), ((counter)->digits)

#endif
