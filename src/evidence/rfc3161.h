/*
 * rfc3161.h — one entry of a proof's timestamps (the seed's TsaToken): the token, and that the entry's other fields say
 * what the token says (PROTOCOL §5).
 */
#ifndef OCC_EVIDENCE_RFC3161_H
#define OCC_EVIDENCE_RFC3161_H

#include "codec/json.h"
#include "crypto/timestamp.h"

/*
 * entry: an object whose fields were found to be of the right type. digest: the 32 bytes that the token must be about.
 * Codes: those of occ_timestamp_verify; OCC_ERR_TIMESTAMP_IMPRINT if the token's imprint is not SHA-256 of this digest;
 * OCC_ERR_TIMESTAMP_FIELDS if time, digestAlg or digestB64 differ from genTime and imprint; OCC_ERR_NOMEM. time is ISO
 *                          8601 in
 * UTC ("Z" or "+00:00") and may be less exact than genTime, but not beyond the second: it is genTime cut, not rounded,
 * to the digits that it has. prefix begins each sentence ("timestamps.artifact"). An authority that is not trusted is
 * no failure: ret_facts->trusted says it. ret_facts is untouched on failure.
 */
OCC_RESULT occ_rfc3161_verify(const struct occ_json *entry, const char *prefix, const uint8_t digest[OCC_SHA256_LEN],
                              const struct occ_timestamp_roots *roots, struct occ_error *err,
                              struct occ_timestamp_facts *ret_facts);

#endif
