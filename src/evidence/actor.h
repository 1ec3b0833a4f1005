/*
 * actor.h — the agency of a proof: who asked for this commit, shown by a P-256 signature of the person's device (PROTOCOL §4).
 */
#ifndef OCC_EVIDENCE_ACTOR_H
#define OCC_EVIDENCE_ACTOR_H

#include "codec/json.h"
#include "evidence/webauthn.h"

/* What the device's signature covers. */
enum occ_actor_form {
    OCC_ACTOR_DIRECT,          /* the canonical authorization, with the digest in it */
    OCC_ACTOR_WEBAUTHN_STRONG, /* a challenge made from nonce and digest: the consent covers the digest */
    OCC_ACTOR_WEBAUTHN_BARE    /* a challenge that knows no digest: whoever relayed it could have swapped the digest */
};

struct occ_actor_input {
    const struct occ_json *agency; /* fields found to be of the right type (proof/optional.c) */
    const uint8_t *digest;         /* of the artifact, OCC_SHA256_LEN bytes */
    struct occ_webauthn_names rp_ids, origins;
};

struct occ_actor_facts {
    enum occ_actor_form form;
    bool covers_digest;                 /* the device signed this very digest: never in the bare form */
    bool first_of_batch;                /* a peer's batchContext: at most its first digest is authorized */
    size_t batch_index, batch_size;     /* if so; index 0 is that first one itself */
    double timestamp_ms;                /* authorization.timestamp, as the device's side says */
    struct occ_webauthn_facts webauthn; /* of the two WebAuthn forms */
};

/*
 * Verifies who asked for this digest. The key, its id and the digest are judged first, whatever the form. A batchContext
 * (PROTOCOL §4) lists digests in base64; the authorization is about its first, and the proof's stands at batchIndex.
 *
 * Codes: OCC_ERR_ACTOR_…, OCC_ERR_WEBAUTHN_…, with a sentence that names the field; OCC_ERR_UNSUPPORTED for an
 * authorization.format that nobody here knows; OCC_ERR_NOMEM.
 */
OCC_RESULT occ_actor_verify(const struct occ_actor_input *input, struct occ_error *err,
                            struct occ_actor_facts *ret_facts);

/* "direct", "webauthn-strong", "webauthn-bare" */
const char *occ_actor_form_name(enum occ_actor_form form);
/*
 * The challenge of the strong form: SHA-256("occ/webauthn-challenge/v1" || 0x00 || nonce || digest). OCC_ERR_LIMIT if the
 * nonce has fewer bytes than OCC_LIMIT_AGENCY_NONCE_LEN_MIN or more than OCC_LIMIT_AGENCY_NONCE_LEN.
 */
OCC_RESULT occ_actor_strong_challenge(struct occ_bytes nonce, const uint8_t digest[OCC_SHA256_LEN],
                                      uint8_t ret_challenge[OCC_SHA256_LEN]);

#endif
