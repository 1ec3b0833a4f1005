/*
 * agency.h — who asks for a commit, checked before anything is signed (PROTOCOL §4).
 *
 * A challenge is spent as soon as an agency presents it, whatever becomes of the commit that it came with: it never works
 * twice. So the agencies of a request that is refused already are looked at too, for that alone.
 */
#ifndef OCC_BOUNDARY_AGENCY_H
#define OCC_BOUNDARY_AGENCY_H

#include "boundary/ticket.h"
#include "evidence/webauthn.h"

/* What a WebAuthn assertion may be for and come from; without both, none is taken. The caller's memory. */
struct occ_agency_rules {
    struct occ_webauthn_names rp_ids, origins;
    bool webauthn_compat; /* the bare form, whose signature covers no digest, is taken too */
};

/* What an agency is judged by. */
struct occ_agency_scope {
    const struct occ_agency_rules *rules;
    struct occ_tickets *tickets;
    uint64_t now_ms; /* Unix milliseconds */
};

/*
 * Takes the agency of one digest: JSON text, as it came. Spends its challenge, verifies all of it, and appends it to values
 * as canonical JSON, {"actor":…,"authorization":…}. *ret_actor is where in that text the actor stands: offset from its first
 * byte, and length. prefix stands before "agency" in a refusal ("digests[3]."). On failure values has what it had.
 *
 * Codes: OCC_ERR_JSON_…, OCC_ERR_UTF8, OCC_ERR_LIMIT, OCC_ERR_FIELD_…, OCC_ERR_CHALLENGE_…, OCC_ERR_AGENCY_…,
 * OCC_ERR_ACTOR_…, OCC_ERR_WEBAUTHN_…; OCC_ERR_BUSY: too many challenges were used just now; OCC_ERR_NOMEM.
 */
struct occ_agency_input {
    struct occ_bytes text;
    const uint8_t *digest; /* OCC_SHA256_LEN bytes */
    const char *prefix;
};
struct occ_agency_place {
    size_t at, len;
};
OCC_RESULT occ_agency_take(const struct occ_agency_scope *scope, const struct occ_agency_input *input,
                           struct occ_error *err, struct occ_buf *values, struct occ_agency_place *ret_actor);
/* Spends the challenge of an agency that is not taken, if it holds one. */
void occ_agency_spend(const struct occ_agency_scope *scope, struct occ_bytes text);

#endif
