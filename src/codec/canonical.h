/*
 * canonical.h — canonical JSON out: RFC 8785 (PROTOCOL §1). What is hashed and signed.
 */
#ifndef OCC_CODEC_CANONICAL_H
#define OCC_CODEC_CANONICAL_H

#include "base/buf.h"
#include "codec/json.h"

/*
 * Appends the canonical text of value: names sorted by UTF-16 code unit at every level, no white space, strings and numbers
 * as ECMAScript's JSON.stringify writes them. The only failures are those of the buffer.
 */
void occ_canonical_put(struct occ_buf *buf, const struct occ_json *value);
/* The same for an object, leaving out its members for which skip(ctx, name) is true (top level only). */
void occ_canonical_put_without(struct occ_buf *buf, const struct occ_json *object,
                               bool (*skip)(void *ctx, struct occ_bytes name), void *ctx);
/*
 * The order of names. A JavaScript peer that sorts the names of an object and lets JSON.stringify write it gets another one
 * than RFC 8785: array indices ("0" to "4294967294") come first, by their number, and "__proto__" is dropped (PROTOCOL §1).
 * The two differ exactly for values of which occ_canonical_has_unsafe_name is true.
 */
enum occ_canonical_order { OCC_CANONICAL_RFC8785, OCC_CANONICAL_ECMASCRIPT };
/* occ_canonical_put and occ_canonical_put_without in either order, at every level. skip may be NULL. */
void occ_canonical_put_ordered(struct occ_buf *buf, const struct occ_json *value, enum occ_canonical_order order);
void occ_canonical_put_ordered_without(struct occ_buf *buf, const struct occ_json *object,
                                       enum occ_canonical_order order, bool (*skip)(void *ctx, struct occ_bytes name),
                                       void *ctx);
/* Compares two names in that order: < 0, 0, > 0. "__proto__" has no special place here. */
int occ_canonical_compare_ordered(struct occ_bytes a, struct occ_bytes b, enum occ_canonical_order order);
/* Appends a quoted, escaped string. text is valid UTF-8. */
void occ_canonical_put_string(struct occ_buf *buf, struct occ_bytes text);
/* Appends a finite number by ECMAScript Number::toString. */
void occ_canonical_put_number(struct occ_buf *buf, double number);
/* RFC 8785 §3.2.3: compares two names by their UTF-16 code units: < 0, 0, > 0. */
int occ_canonical_compare_names(struct occ_bytes a, struct occ_bytes b);
/*
 * True if value has, at any level, a name that a JavaScript object would put elsewhere or drop: an array index ("0" to
 * "4294967294") or "__proto__" (PROTOCOL §1). *ret_name (may be NULL) is then that name.
 */
bool occ_canonical_has_unsafe_name(const struct occ_json *value, struct occ_bytes *ret_name);

#endif
