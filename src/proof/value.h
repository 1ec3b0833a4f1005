/*
 * value.h — rules for what a caller supplies for a proof: digests and values (PROTOCOL §1, §3).
 */
#ifndef OCC_PROOF_VALUE_H
#define OCC_PROOF_VALUE_H

#include "base/buf.h"
#include "codec/json.h"

/*
 * metadata: an object of at most OCC_LIMIT_JSON_VALUE_DEPTH levels whose canonical text is at most OCC_LIMIT_VALUE_LEN
 * bytes; appends that text to buf. An empty object appends nothing: a field of a proof is absent rather than empty
 * (PROTOCOL §2). where names the field in a refusal ("digests[3].metadata"). On failure buf has what it had.
 */
OCC_RESULT occ_value_put_metadata(const struct occ_json *value, const char *where, struct occ_error *err,
                                  struct occ_buf *buf);
/*
 * attribution, policy and principal: the same, for a value that is signed. Refuses names that JavaScript would reorder or
 * drop, at any level (OCC_ERR_FIELD_NAME, PROTOCOL §1).
 */
OCC_RESULT occ_value_put_signed(const struct occ_json *value, const char *where, struct occ_error *err,
                                struct occ_buf *buf);
/* True for 1 to OCC_LIMIT_CHAIN_ID_LEN characters of A-Z a-z 0-9 . _ : - (PROTOCOL §6). */
bool occ_value_is_chain_id(struct occ_bytes text);

#endif
