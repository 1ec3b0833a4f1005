/* claims.c — see claims.h. */
#include "audit/claims.h"

/* A finding about two places, told at the later one. */
static struct occ_finding
between(enum occ_finding_kind kind, const struct occ_place *a, const struct occ_place *b)
{
    return a->ordinal > b->ordinal ? occ_finding_at(kind, a, b) : occ_finding_at(kind, b, a);
}

static bool
is_at(const struct occ_group *group, const struct occ_counter *counter)
{
    return group->members_len > 0 && occ_counter_compare(&group->counter, counter) == 0;
}

/* True if the claim is that of a commit which has claimed this already: the first one, or the last. */
static bool
is_copy(const struct occ_claim *first, const struct occ_claim *claim)
{
    return memcmp(first->proof_hash, claim->proof_hash, OCC_SHA256_LEN) == 0 ||
           memcmp(first->last_hash, claim->proof_hash, OCC_SHA256_LEN) == 0;
}

/* ---- slots ---- */

/* PROTOCOL §6: a slot has a counter of its own. */
struct occ_result
occ_claims_take_slot(struct occ_walk *walk, const struct occ_claim *slot)
{
    const bool again = walk->slot.is_there && occ_counter_compare(&walk->slot.counter, &slot->counter) == 0;
    if (again && is_copy(&walk->slot, slot)) {
        return occ_success();
    }
    memcpy(walk->slot.last_hash, slot->proof_hash, sizeof walk->slot.last_hash);
    if (again) {
        struct occ_finding finding = between(OCC_FINDING_SLOT_TWICE, &slot->place, &walk->slot.place);
        (void)occ_error_set(&finding.said, OCC_OK, "slot %.*s was consumed by two commits",
                            OCC_COUNTER_ARG(&slot->counter));
        return occ_walk_add(walk, &finding);
    }
    walk->slot = *slot;
    if (is_at(occ_walk_current(walk), &slot->counter)) {
        struct occ_finding finding =
            between(OCC_FINDING_SLOT_TAKEN, &slot->place, &occ_walk_current(walk)->members[0].place);
        (void)occ_error_set(&finding.said, OCC_OK, "counter %.*s is that of a slot that was consumed, and of a proof",
                            OCC_COUNTER_ARG(&slot->counter));
        return occ_walk_add(walk, &finding);
    }
    walk->slots_passed++;
    return occ_success();
}

/* ---- epoch links ---- */

/* The proof that the link names is here: is it the one? */
static OCC_RESULT
match_link(struct occ_walk *walk, const struct occ_claim *link, const uint8_t *hash, const uint8_t *own_chain)
{
    const struct occ_group *group = occ_walk_current(walk);
    const int form = occ_walk_form_in(group, hash);
    if (form < 0) {
        struct occ_finding finding =
            occ_finding_at(OCC_FINDING_EPOCH_LINK_BROKEN, &link->place, &group->members[0].place);
        (void)occ_error_set(&finding.said, OCC_OK, "the epoch link does not have the link hash of counter %.*s",
                            OCC_COUNTER_ARG(&link->counter));
        return occ_walk_add(walk, &finding);
    }
    const long index = occ_tally_find(walk->job->tally, own_chain);
    if (index >= 0 && memcmp(own_chain, walk->chain, OCC_SHA256_LEN) != 0) {
        walk->job->tally->chains[index].facts.forms[form]++;
    }
    return occ_success();
}

/* PROTOCOL §6: an epoch link names the last proof of a chain, and nobody else does. */
struct occ_result
occ_claims_take_link(struct occ_walk *walk, const struct occ_claim *link, const uint8_t hash[OCC_SHA256_LEN],
                     const uint8_t own_chain[OCC_SHA256_LEN])
{
    if (walk->link.is_there && is_copy(&walk->link, link)) {
        return occ_success();
    }
    memcpy(walk->link.last_hash, link->proof_hash, sizeof walk->link.last_hash);
    if (walk->link.is_there) {
        struct occ_finding finding = between(OCC_FINDING_TWO_SUCCESSORS, &link->place, &walk->link.place);
        (void)occ_error_set(&finding.said, OCC_OK, "a second epoch link from one chain, at counter %.*s: a fork",
                            OCC_COUNTER_ARG(&link->counter));
        OCC_TRY(occ_walk_add(walk, &finding));
    }
    if (walk->link.is_there && occ_counter_compare(&walk->link.counter, &link->counter) == 0) {
        return occ_success();
    }
    walk->link = *link;
    walk->link_open = !is_at(occ_walk_current(walk), &link->counter);
    return walk->link_open ? occ_success() : match_link(walk, link, hash, own_chain);
}

/* A proof that stands behind the counter at which an epoch link says that the chain ended. */
struct occ_result
occ_claims_judge_proof(struct occ_walk *walk, const struct occ_record *record)
{
    if (!walk->link.is_there || occ_counter_compare(&record->counter, &walk->link.counter) <= 0) {
        return occ_success();
    }
    walk->link_open = false;
    walk->link.is_there = false;
    struct occ_finding finding = between(OCC_FINDING_GOES_ON, &record->place, &walk->link.place);
    (void)occ_error_set(&finding.said, OCC_OK,
                        "an epoch link says that the chain ended at counter %.*s, and it goes on with %.*s: a fork",
                        OCC_COUNTER_ARG(&walk->link.counter), OCC_COUNTER_ARG(&record->counter));
    return occ_walk_add(walk, &finding);
}

/* The chain has no more proofs: what the link at its end names is there, or it is missing. */
struct occ_result
occ_claims_finish(struct occ_walk *walk)
{
    if (!walk->link_open) {
        return occ_success();
    }
    walk->link_open = false;
    const struct occ_group *last = occ_walk_current(walk);
    if (last->members_len == 0) {
        return occ_walk_note(walk, OCC_FINDING_EPOCH_ABSENT, &walk->link.place);
    }
    return occ_walk_add_missing(walk, &walk->link.place, &last->counter, &walk->link.counter, true);
}
