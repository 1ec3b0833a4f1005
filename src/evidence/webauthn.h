/*
 * webauthn.h — a WebAuthn assertion (W3C Web Authentication Level 2, §7.2), as far as a verifier without a server's state
 * can judge it.
 */
#ifndef OCC_EVIDENCE_WEBAUTHN_H
#define OCC_EVIDENCE_WEBAUTHN_H

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/digest.h"
#include "crypto/ecdsa.h"

/* Values that an assertion may have, each a text that ends in a zero byte; count 0 = any. */
struct occ_webauthn_names {
    const char *const *names;
    size_t count;
};

struct occ_webauthn_assertion {
    struct occ_bytes client_data;        /* clientDataJSON, the very bytes */
    struct occ_bytes authenticator_data; /* bytes */
    struct occ_bytes signature;          /* DER */
    struct occ_bytes challenge;          /* the bytes that clientDataJSON must hold, in base64url without padding */
};

struct occ_webauthn_facts {
    uint8_t rp_id_hash[OCC_SHA256_LEN];
    const char *rp_id; /* the one of the given names that it is, or NULL: none was given */
    char origin[256];  /* as clientDataJSON says: ASCII, cut */
    bool origin_checked;
    bool cross_origin; /* made inside a frame of another site, as clientDataJSON says */
    bool user_present, user_verified, backup_eligible, backed_up;
    uint32_t sign_count;
};

/*
 * Codes: OCC_ERR_WEBAUTHN_…, OCC_ERR_ACTOR_SIGNATURE, with a sentence; OCC_ERR_NOMEM. clientDataJSON is read by the strict
 * JSON reader (a BOM, duplicate names and the rest are refused); members that nobody here knows may follow (§5.8.1.1).
 * authenticatorData is 37 bytes, or more exactly as its AT and ED flags say (attested credential data and extensions, both
 * CBOR at their end). The user was present and verified.
 *
 * Inside a frame of another site a person may not see what they consent to. Where origins are given, such an assertion is
 * refused unless clientDataJSON says that the site around it (topOrigin, Level 3) is one of them, too; where none are given
 * it is a fact for the report.
 */
OCC_RESULT occ_webauthn_verify(const struct occ_webauthn_assertion *assertion, const struct occ_ecdsa_key *key,
                               const struct occ_webauthn_names *rp_ids, const struct occ_webauthn_names *origins,
                               struct occ_error *err, struct occ_webauthn_facts *ret_facts);

#endif
