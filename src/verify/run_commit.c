/* run_commit.c — the checks of what stands beside the signature: agency, slot, epoch link (PROTOCOL §4, §6). */
#include "evidence/actor.h"
#include "proof/epoch_link.h"
#include "proof/slot.h"
#include "verify/run.h"

/* Success with a sentence of its own. */
static OCC_RESULT
pass(struct occ_error *err, const char *text)
{
    return occ_error_set(err, OCC_OK, "%s", text);
}

/* What the device's signature covers, for a person. In the bare form that is no digest: not the first of a batch either. */
static const char *
describe(const struct occ_actor_facts *facts)
{
    if (facts->form == OCC_ACTOR_WEBAUTHN_BARE) {
        return "the actor signed a challenge that does not cover the digest (WebAuthn)";
    }
    if (!facts->covers_digest) {
        return "actor signed the first digest of the batch only";
    }
    return facts->form == OCC_ACTOR_DIRECT
               ? "the actor signed for this digest"
               : "the actor signed for this digest (WebAuthn, challenge made from the digest)";
}

struct occ_result
occ_run_agency(struct occ_run *run, struct occ_error *err)
{
    struct occ_evidence_actor *actor = &run->evidence->actor;
    const struct occ_proof *proof = &run->proof;
    const struct occ_checks_trust *trust = run->input->trust;
    actor->read = true;
    occ_evidence_copy(actor->key_id, sizeof actor->key_id, proof->actor_key_id);
    occ_evidence_copy(actor->provider, sizeof actor->provider, proof->actor_provider);
    const struct occ_actor_input input = {
        .agency = proof->agency, .digest = proof->digest, .rp_ids = trust->rp_ids, .origins = trust->origins
    };
    OCC_TRY(occ_actor_verify(&input, err, &actor->facts));
    actor->verified = true;
    if (actor->facts.form != OCC_ACTOR_DIRECT && actor->facts.webauthn.rp_id != NULL) {
        occ_evidence_copy(actor->rp_id, sizeof actor->rp_id, occ_bytes_str(actor->facts.webauthn.rp_id));
    }
    actor->facts.webauthn.rp_id = NULL; /* the verifier's, which the report may outlive */
    return pass(err, describe(&actor->facts));
}

struct occ_result
occ_run_slot(struct occ_run *run, struct occ_error *err)
{
    struct occ_slot_facts facts = { 0 };
    OCC_TRY(occ_slot_verify(&run->proof, err, &facts));
    run->evidence->slot_verified = true;
    run->evidence->slot_hash_without_chain_id = facts.hash_without_chain_id;
    return pass(err, "the nonce was signed, with a counter of its own, before the digest was known");
}

struct occ_result
occ_run_epoch_link(struct occ_run *run, struct occ_error *err)
{
    OCC_TRY(occ_epoch_link_check(&run->proof, err));
    run->evidence->epoch_link_checked = true;
    return pass(err, "names the proof before this epoch; that proof itself was not given to hold it against");
}
