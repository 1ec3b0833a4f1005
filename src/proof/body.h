/*
 * body.h — the signed body and the hashes of a proof that was read (PROTOCOL §2.1, §2.2).
 */
#ifndef OCC_PROOF_BODY_H
#define OCC_PROOF_BODY_H

#include "codec/canonical.h"
#include "proof/proof.h"

/* Appends the canonical JSON that the signature covers. */
void occ_body_put(struct occ_buf *buf, const struct occ_proof *proof);
/* The same without attestationFormat: what documents before 2026-03-31 bind (PROTOCOL §5). */
void occ_body_put_without_format(struct occ_buf *buf, const struct occ_proof *proof);

/* SHA-256 of the signed body. */
OCC_RESULT occ_body_proof_hash(const struct occ_proof *proof, uint8_t ret_hash[OCC_SHA256_LEN]);
/* What commit.prevB64 of the next proof holds. with_report = the older servers' form, reportB64 left in. */
OCC_RESULT occ_body_link_hash(const struct occ_proof *proof, bool with_report, uint8_t ret_hash[OCC_SHA256_LEN]);
/*
 * The forms in which peers make that hash, for an audit: ours is { false, OCC_CANONICAL_RFC8785 }. Appends the text whose
 * SHA-256 it is.
 */
struct occ_body_link_form {
    bool with_report;
    enum occ_canonical_order order;
};
void occ_body_put_link(struct occ_buf *buf, const struct occ_proof *proof, struct occ_body_link_form form);
/* What timestamps.proof covers. */
OCC_RESULT occ_body_core_hash(const struct occ_proof *proof, uint8_t ret_hash[OCC_SHA256_LEN]);

/*
 * Which top-level members of a proof the signature covers, wholly or in part, for those who show one. In part: of signer the
 * key, of environment all but what occ_body_each_unsigned names, of agency the actor.
 */
bool occ_body_signs(struct occ_bytes top_level_name);
/*
 * Calls visit for every member of the proof that the signature does not cover (PROTOCOL §2.1): parent is the path of the
 * object that holds it ("" for the proof, "environment.attestation"), name and value its own. The signature itself is left out.
 */
typedef void occ_body_visit(void *ctx, const char *parent, struct occ_bytes name, const struct occ_json *value);
void occ_body_each_unsigned(const struct occ_proof *proof, occ_body_visit *visit, void *ctx);

#endif
