/* epoch_link.c — see epoch_link.h. */
#include "proof/epoch_link.h"

#include "proof/fields.h"

/* PROTOCOL §6: toEpochId and toPublicKeyB64 are this proof's. */
static OCC_RESULT
check_target(const struct occ_proof *proof, struct occ_error *err)
{
    if (!occ_bytes_equal(occ_fields_text(proof->epoch_link, "toEpochId"), proof->epoch_id)) {
        return occ_error_set(err, OCC_ERR_EPOCH_LINK_TARGET,
                             "commit.epochLink.toEpochId: another epoch than commit.epochId");
    }
    if (!occ_bytes_equal(occ_fields_text(proof->epoch_link, "toPublicKeyB64"), proof->public_key_b64)) {
        return occ_error_set(err, OCC_ERR_EPOCH_LINK_TARGET,
                             "commit.epochLink.toPublicKeyB64: another key than signer.publicKeyB64");
    }
    return occ_success();
}

/* PROTOCOL §6: epochs differ; keys differ unless the tier is hw-key, whose key outlives the boundary. */
static OCC_RESULT
check_origin(const struct occ_proof *proof, struct occ_error *err)
{
    if (occ_bytes_equal(occ_fields_text(proof->epoch_link, "prevEpochId"), proof->epoch_id)) {
        return occ_error_set(err, OCC_ERR_EPOCH_LINK_SELF, "commit.epochLink.prevEpochId: this proof's own epoch");
    }
    if (proof->enforcement != OCC_ENFORCEMENT_HW_KEY &&
        occ_bytes_equal(occ_fields_text(proof->epoch_link, "prevPublicKeyB64"), proof->public_key_b64)) {
        return occ_error_set(err, OCC_ERR_EPOCH_LINK_SELF,
                             "commit.epochLink.prevPublicKeyB64: this proof's own key, which only tier hw-key keeps");
    }
    return occ_success();
}

struct occ_result
occ_epoch_link_check(const struct occ_proof *proof, struct occ_error *err)
{
    OCC_TRY(check_target(proof, err));
    OCC_TRY(check_origin(proof, err));
    /* PROTOCOL §2.3, §6: a chain's first proof has no proof of its own epoch before it */
    if (proof->prev_b64.len > 0) {
        return occ_error_set(
            err, OCC_ERR_EPOCH_LINK_PLACE,
            "commit.epochLink: present together with commit.prevB64, expected on a chain's first proof");
    }
    return occ_success();
}
