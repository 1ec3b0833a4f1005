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
    X(OCC_ERR_RATE, 18, "rate", "too many requests, try again later") \
    X(OCC_ERR_LEDGER_FULL, 20, "ledger-full", "no space left for the ledger") \
    X(OCC_ERR_LEDGER_READ_ONLY, 21, "ledger-read-only", "the ledger cannot be written") \
    X(OCC_ERR_LEDGER_CORRUPT, 22, "ledger-corrupt", "the ledger is damaged") \
    X(OCC_ERR_LEDGER_FOREIGN, 23, "ledger-foreign", "not a ledger of this version") \
    X(OCC_ERR_REPEAT, 24, "repeat", "the Idempotency-Key was used with another body") \
    X(OCC_ERR_TIMESTAMP_REQUIRED, 25, "timestamp-required", "no timestamp authority answered, and one is required") \
    X(OCC_ERR_TOKEN, 26, "token", "the hardware token cannot be used") \
    X(OCC_ERR_ATTESTER, 27, "attester", "the attestation device gave no document") \
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
    /* 70..79: what a commit was given to use once, and who asks */ \
    X(OCC_ERR_CHALLENGE_UNKNOWN, 70, "challenge-unknown", "the challenge was not issued in this epoch") \
    X(OCC_ERR_CHALLENGE_EXPIRED, 71, "challenge-expired", "the challenge has expired") \
    X(OCC_ERR_CHALLENGE_USED, 72, "challenge-used", "the challenge was used before") \
    X(OCC_ERR_AGENCY_TIME, 73, "agency-time", "the authorization's timestamp is too far from now") \
    X(OCC_ERR_AGENCY_BARE, 74, "agency-bare", "the authorization does not cover the digest") \
    X(OCC_ERR_SLOT_UNKNOWN, 75, "slot-unknown", "the slot was not allocated in this epoch") \
    X(OCC_ERR_SLOT_EXPIRED, 76, "slot-expired", "the slot has expired") \
    X(OCC_ERR_SLOT_USED, 77, "slot-used", "the slot was used before") \
    X(OCC_ERR_CHAIN_UNKNOWN, 78, "chain-unknown", "no such chain") \
    X(OCC_ERR_LINK, 79, "link", "the proof before this epoch cannot be linked to") \
    /* 80..99: frames between parent and boundary */ \
    X(OCC_ERR_WIRE_FRAME, 80, "wire-frame", "a malformed frame") \
    X(OCC_ERR_WIRE_VERSION, 81, "wire-version", "no protocol version in common") \
    X(OCC_ERR_WIRE_MESSAGE, 82, "wire-message", "a malformed message") \
    /* 100..199: why a proof is refused */ \
    X(OCC_ERR_PROOF_STRUCTURE, 100, "proof-structure", "not an occ/1 proof") \
    X(OCC_ERR_PROOF_VERSION, 101, "proof-version", "unsupported proof version") \
    X(OCC_ERR_DIGEST_MISMATCH, 102, "digest-mismatch", "the file's digest is not the one in the proof") \
    X(OCC_ERR_SIGNATURE, 103, "signature", "signature verification failed") \
    /* 110..129: the agency */ \
    X(OCC_ERR_ACTOR_KEY, 110, "actor-key", "the actor's public key is not a P-256 key") \
    X(OCC_ERR_ACTOR_KEY_ID, 111, "actor-key-id", "the actor's keyId is not the SHA-256 of its public key") \
    X(OCC_ERR_ACTOR_MISMATCH, 112, "actor-mismatch", "the authorization names another actor") \
    X(OCC_ERR_ACTOR_DIGEST, 113, "actor-digest", "the authorization is about another artifact") \
    X(OCC_ERR_ACTOR_BATCH, 114, "actor-batch", "the agency's batchContext does not hold this artifact") \
    X(OCC_ERR_ACTOR_SIGNATURE, 115, "actor-signature", "actor signature verification failed") \
    X(OCC_ERR_WEBAUTHN_CLIENT_DATA, 116, "webauthn-client-data", "clientDataJSON is not what WebAuthn defines") \
    X(OCC_ERR_WEBAUTHN_TYPE, 117, "webauthn-type", "clientDataJSON is not of type webauthn.get") \
    X(OCC_ERR_WEBAUTHN_CHALLENGE, 118, "webauthn-challenge", \
      "clientDataJSON has another challenge than the authorization") \
    X(OCC_ERR_WEBAUTHN_NONCE, 119, "webauthn-nonce", "the challenge is not made from this nonce and digest") \
    X(OCC_ERR_WEBAUTHN_AUTHENTICATOR_DATA, 120, "webauthn-authenticator-data", \
      "authenticatorData is not what WebAuthn defines") \
    X(OCC_ERR_WEBAUTHN_USER_PRESENCE, 121, "webauthn-user-presence", "the user was not present") \
    X(OCC_ERR_WEBAUTHN_USER_VERIFICATION, 122, "webauthn-user-verification", "the user was not verified") \
    X(OCC_ERR_WEBAUTHN_RP_ID, 123, "webauthn-rp-id", "the assertion is for another relying party") \
    X(OCC_ERR_WEBAUTHN_ORIGIN, 124, "webauthn-origin", "the assertion is from another origin") \
    /* 130..139: the slot */ \
    X(OCC_ERR_SLOT_MISSING, 130, "slot-missing", "commit names a slot, but slotAllocation is missing") \
    X(OCC_ERR_SLOT_UNBOUND, 131, "slot-unbound", "slotAllocation is present, but commit does not name it") \
    X(OCC_ERR_SLOT_SIGNER, 132, "slot-signer", "the slot is of another key, epoch or chain") \
    X(OCC_ERR_SLOT_NONCE, 133, "slot-nonce", "the slot's nonce is not the commit's") \
    X(OCC_ERR_SLOT_COUNTER, 134, "slot-counter", "the slot's counter does not fit the commit's") \
    X(OCC_ERR_SLOT_HASH, 135, "slot-hash", "the slot is not the one that the commit names") \
    X(OCC_ERR_SLOT_SIGNATURE, 136, "slot-signature", "slot signature verification failed") \
    /* 140..149: the epoch link */ \
    X(OCC_ERR_EPOCH_LINK_TARGET, 140, "epoch-link-target", "the epoch link leads to another epoch or key") \
    X(OCC_ERR_EPOCH_LINK_SELF, 141, "epoch-link-self", "the epoch link comes from this very epoch or key") \
    X(OCC_ERR_EPOCH_LINK_PLACE, 142, "epoch-link-place", "an epoch link on a proof that is not its chain's first") \
    /* 150..179: the attestation */ \
    X(OCC_ERR_NITRO_DOCUMENT, 150, "nitro-document", "not a Nitro attestation document") \
    X(OCC_ERR_NITRO_ALGORITHM, 151, "nitro-algorithm", "the attestation document is not signed with ES384") \
    X(OCC_ERR_NITRO_CERTIFICATE, 152, "nitro-certificate", "a certificate of the attestation document is malformed") \
    X(OCC_ERR_NITRO_PATH, 153, "nitro-path", "the certificates do not lead to the trusted root") \
    X(OCC_ERR_NITRO_CONSTRAINTS, 154, "nitro-constraints", "a certificate is not meant for its place in the path") \
    X(OCC_ERR_NITRO_TIME, 155, "nitro-time", "a certificate is not valid at the attestation document's time") \
    X(OCC_ERR_NITRO_SIGNATURE, 156, "nitro-signature", "attestation signature verification failed") \
    X(OCC_ERR_NITRO_DEBUG, 157, "nitro-debug", "the enclave runs in debug mode") \
    X(OCC_ERR_NITRO_MEASUREMENT, 158, "nitro-measurement", "PCR0 is not the measurement of the proof") \
    X(OCC_ERR_NITRO_KEY, 159, "nitro-key", "the attestation document is about another key") \
    X(OCC_ERR_NITRO_BINDING, 160, "nitro-binding", "the attestation document is not about this proof") \
    X(OCC_ERR_ATTESTATION_BATCH, 161, "attestation-batch", "the proof is not at its place in the attested batch") \
    X(OCC_ERR_ATTESTATION_SIMULATED, 162, "attestation-simulated", \
      "a simulated attestation claims more than tier stub") \
    /* 180..199: the timestamps */ \
    X(OCC_ERR_TIMESTAMP_TOKEN, 180, "timestamp-token", "not an RFC 3161 timestamp token") \
    X(OCC_ERR_TIMESTAMP_SIGNER, 181, "timestamp-signer", "the token does not hold the certificate that signed it") \
    X(OCC_ERR_TIMESTAMP_PURPOSE, 182, "timestamp-purpose", "the token's certificate is not for timestamps alone") \
    X(OCC_ERR_TIMESTAMP_SIGNATURE, 183, "timestamp-signature", "timestamp signature verification failed") \
    X(OCC_ERR_TIMESTAMP_PATH, 184, "timestamp-path", \
      "the token's certificate was not valid under its root at genTime") \
    X(OCC_ERR_TIMESTAMP_IMPRINT, 185, "timestamp-imprint", "the token is about something else") \
    X(OCC_ERR_TIMESTAMP_FIELDS, 186, "timestamp-fields", "the timestamp's fields are not what its token says") \
    X(OCC_ERR_TIMESTAMP_NONCE, 187, "timestamp-nonce", "the token is not an answer to this request") \
    X(OCC_ERR_TIMESTAMP_CLOCK, 188, "timestamp-clock", "the authority's clock is too far from ours") \
    X(OCC_ERR_TIMESTAMP_UNTRUSTED, 189, "timestamp-untrusted", "the token is not of a trusted authority") \
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
      "attestation required but not verified") \
    X(OCC_ERR_POLICY_ATTESTATION_FORMAT, 207, "policy-attestation-format", "attestation format not in allowed set") \
    X(OCC_ERR_POLICY_COUNTER_MISSING, 208, "policy-counter-missing", "counter required by policy but not present") \
    X(OCC_ERR_POLICY_COUNTER_LOW, 209, "policy-counter-low", "counter below minimum") \
    X(OCC_ERR_POLICY_COUNTER_HIGH, 210, "policy-counter-high", "counter above maximum") \
    X(OCC_ERR_POLICY_TIME_MISSING, 211, "policy-time-missing", "time required by policy but not present") \
    X(OCC_ERR_POLICY_TIME_LOW, 212, "policy-time-low", "time before minimum") \
    X(OCC_ERR_POLICY_TIME_HIGH, 213, "policy-time-high", "time after maximum") \
    X(OCC_ERR_POLICY_EPOCH_MISSING, 214, "policy-epoch-missing", "epochId required by policy but not present") \
    X(OCC_ERR_POLICY_ACTOR_MISSING, 215, "policy-actor-missing", "actor required but not present") \
    X(OCC_ERR_POLICY_ACTOR_UNVERIFIED, 216, "policy-actor-unverified", "actor required but not verified") \
    X(OCC_ERR_POLICY_ACTOR_KEY, 217, "policy-actor-key", "actor key not in allowed set") \
    X(OCC_ERR_POLICY_ACTOR_PROVIDER, 218, "policy-actor-provider", "actor provider not in allowed set") \
    X(OCC_ERR_POLICY_SLOT_MISSING, 219, "policy-slot-missing", "slot required but not present") \
    X(OCC_ERR_POLICY_ACTOR_BINDING, 220, "policy-actor-binding", "the actor's signature does not cover this artifact") \
    X(OCC_ERR_POLICY_ATTESTATION_BINDING, 221, "policy-attestation-binding", "attestation binding not in allowed set") \
    X(OCC_ERR_POLICY_PCR, 222, "policy-pcr", "PCR not in allowed set") \
    X(OCC_ERR_POLICY_TIMESTAMP_MISSING, 223, "policy-timestamp-missing", "timestamp required but not present") \
    X(OCC_ERR_POLICY_TIMESTAMP_UNVERIFIED, 224, "policy-timestamp-unverified", \
      "timestamp required but not of a trusted authority") \
    X(OCC_ERR_POLICY_TIMESTAMP_LOW, 225, "policy-timestamp-low", "timestamp before minimum") \
    X(OCC_ERR_POLICY_TIMESTAMP_HIGH, 226, "policy-timestamp-high", "timestamp after maximum")

enum occ_err {
#define OCC_CODE_ENUM_(id, number, name, text) id = (number),
    OCC_CODES(OCC_CODE_ENUM_)
#undef OCC_CODE_ENUM_
    /* No code: with it the type has the size of an int, and holds codes of a newer library, in every compiler and in C++. */
    OCC_CODE_RANGE_ = 0x7fffffff
};

#ifdef __cplusplus
}
#endif
#endif
