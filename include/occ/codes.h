/*
 * codes.h — every code that libocc and the programs can give, in one table.
 *
 * A code has a number and a name that never change once released, and a sentence in plain English. New codes are added at
 * the end of their group; none is ever reused. PROTOCOL.md §5 names the sentences that callers may rely on.
 */
#ifndef OCC_CODES_H
#define OCC_CODES_H

#ifdef __cplusplus
extern "C" {
#endif

/* X(identifier, number, stable name, sentence) */
#define OCC_CODES(X) \
    X(OCC_OK, 0, "ok", "no error") \
    /* 1..39: the machine, the caller, the limits */ \
    X(OCC_ERR_USAGE, 1, "usage", "wrong use") \
    X(OCC_ERR_NOMEM, 2, "out-of-memory", "out of memory") \
    X(OCC_ERR_LIMIT, 3, "limit", "larger than the limit allows") \
    X(OCC_ERR_INTERNAL, 4, "internal", "internal error") \
    X(OCC_ERR_IO, 5, "io", "input or output failed") \
    X(OCC_ERR_STATE, 6, "state", "not possible in this state") \
    X(OCC_ERR_RANDOM, 7, "random", "the random number source failed") \
    X(OCC_ERR_UNSUPPORTED, 8, "unsupported", "not supported by this version") \
    X(OCC_ERR_BUSY, 9, "busy", "overloaded, try again later") \
    X(OCC_ERR_TIMEOUT, 10, "timeout", "no answer in time") \
    X(OCC_ERR_CLOSED, 11, "closed", "the other side closed the connection") \
    X(OCC_ERR_UNAVAILABLE, 12, "unavailable", "out of reach") \
    X(OCC_ERR_DENIED, 13, "denied", "not permitted") \
    X(OCC_ERR_NOT_FOUND, 14, "not-found", "not found") \
    X(OCC_ERR_LOCKED, 15, "locked", "in use by another process") \
    X(OCC_ERR_UNKNOWN_OUTCOME, 16, "outcome-unknown", "the connection broke before the outcome was known") \
    X(OCC_ERR_INTEGRITY, 17, "integrity", "an integrity check failed, stopped until an operator restarts it") \
    /* 40..59: encodings */ \
    X(OCC_ERR_BASE64, 40, "base64", "not canonical base64") \
    X(OCC_ERR_HEX, 41, "hex", "not lower-case hex") \
    X(OCC_ERR_DECIMAL, 42, "decimal", "not a decimal number without leading zeros") \
    X(OCC_ERR_UTF8, 43, "utf8", "not valid UTF-8") \
    X(OCC_ERR_JSON_SYNTAX, 44, "json-syntax", "not valid JSON") \
    X(OCC_ERR_JSON_NUL, 45, "json-nul", "a zero byte in JSON text") \
    X(OCC_ERR_JSON_DUPLICATE, 46, "json-duplicate", "a name appears twice in one JSON object") \
    X(OCC_ERR_JSON_DEPTH, 47, "json-depth", "JSON nested too deeply") \
    X(OCC_ERR_JSON_NUMBER, 48, "json-number", "a JSON number that IEEE doubles cannot hold") \
    /* 60..79: fields of a document that a caller supplies */ \
    X(OCC_ERR_FIELD_MISSING, 60, "field-missing", "a required field is missing") \
    X(OCC_ERR_FIELD_TYPE, 61, "field-type", "a field has the wrong type") \
    X(OCC_ERR_FIELD_UNKNOWN, 62, "field-unknown", "an unknown field") \
    X(OCC_ERR_FIELD_VALUE, 63, "field-value", "a field has a value that is not allowed") \
    X(OCC_ERR_FIELD_LENGTH, 64, "field-length", "a field has the wrong length") \
    X(OCC_ERR_FIELD_ENCODING, 65, "field-encoding", "a field is not encoded as it must be") \
    X(OCC_ERR_FIELD_NAME, 66, "field-name", "a name that JavaScript would reorder or drop") \
    /* 80..99: frames between parent and boundary */ \
    X(OCC_ERR_WIRE_FRAME, 80, "wire-frame", "a malformed frame") \
    X(OCC_ERR_WIRE_VERSION, 81, "wire-version", "no protocol version in common") \
    X(OCC_ERR_WIRE_MESSAGE, 82, "wire-message", "a malformed message") \
    /* 100..199: why a proof is refused */ \
    X(OCC_ERR_PROOF_STRUCTURE, 100, "proof-structure", "not an occ/1 proof") \
    X(OCC_ERR_PROOF_VERSION, 101, "proof-version", "unsupported proof version") \
    X(OCC_ERR_DIGEST_MISMATCH, 102, "digest-mismatch", "the file's digest is not the one in the proof") \
    X(OCC_ERR_SIGNATURE, 103, "signature", "signature verification failed") \
    /* 200..299: why a policy refuses a proof */ \
    X(OCC_ERR_POLICY_ENFORCEMENT, 200, "policy-enforcement", "enforcement does not meet the required one") \
    X(OCC_ERR_POLICY_ENFORCEMENT_CLAIMED, 201, "policy-enforcement-claimed", \
      "enforcement is claimed without evidence") \
    X(OCC_ERR_POLICY_MEASUREMENT, 202, "policy-measurement", "measurement not in allowed set") \
    X(OCC_ERR_POLICY_MEASUREMENT_CLAIMED, 203, "policy-measurement-claimed", \
      "measurement is claimed without evidence") \
    X(OCC_ERR_POLICY_PUBLIC_KEY, 204, "policy-public-key", "public key not in allowed set") \
    X(OCC_ERR_POLICY_ATTESTATION_MISSING, 205, "policy-attestation-missing", "attestation required but not present") \
    X(OCC_ERR_POLICY_ATTESTATION_UNVERIFIED, 206, "policy-attestation-unverified", \
      "attestation cannot be verified by this version") \
    X(OCC_ERR_POLICY_ATTESTATION_FORMAT, 207, "policy-attestation-format", "attestation format not in allowed set") \
    X(OCC_ERR_POLICY_COUNTER_MISSING, 208, "policy-counter-missing", "counter required by policy but not present") \
    X(OCC_ERR_POLICY_COUNTER_LOW, 209, "policy-counter-low", "counter below minimum") \
    X(OCC_ERR_POLICY_COUNTER_HIGH, 210, "policy-counter-high", "counter above maximum") \
    X(OCC_ERR_POLICY_TIME_MISSING, 211, "policy-time-missing", "time required by policy but not present") \
    X(OCC_ERR_POLICY_TIME_LOW, 212, "policy-time-low", "time before minimum") \
    X(OCC_ERR_POLICY_TIME_HIGH, 213, "policy-time-high", "time after maximum") \
    X(OCC_ERR_POLICY_EPOCH_MISSING, 214, "policy-epoch-missing", "epochId required by policy but not present") \
    X(OCC_ERR_POLICY_ACTOR_MISSING, 215, "policy-actor-missing", "actor required but not present") \
    X(OCC_ERR_POLICY_ACTOR_UNVERIFIED, 216, "policy-actor-unverified", "actor cannot be verified by this version") \
    X(OCC_ERR_POLICY_ACTOR_KEY, 217, "policy-actor-key", "actor key not in allowed set") \
    X(OCC_ERR_POLICY_ACTOR_PROVIDER, 218, "policy-actor-provider", "actor provider not in allowed set")

enum occ_err {
#define OCC_CODE_ENUM_(id, number, name, text) id = (number),
    OCC_CODES(OCC_CODE_ENUM_)
#undef OCC_CODE_ENUM_
};

#ifdef __cplusplus
}
#endif
#endif
