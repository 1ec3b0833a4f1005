/*
 * walk.h — one walk along every chain, its proofs in the order of their counters, and at their counters the slots that were
 * consumed and the epoch links that name it. For sorted.h; walk.c has the proofs, claims.c the slots and links.
 */
#ifndef OCC_AUDIT_WALK_H
#define OCC_AUDIT_WALK_H

#include "audit/sorted.h"

/* One proof at the counter at hand, as far as those after it need it. */
struct occ_member {
    uint8_t proof_hash[OCC_SHA256_LEN];
    struct occ_links links;
    struct occ_place place;
};

/* All proofs with one counter: one, if nothing is wrong. members_len 0 = there is no such counter. */
struct occ_group {
    struct occ_counter counter;
    bool has_time;
    double time_ms; /* the earliest */
    struct occ_member members[OCC_LIMIT_AUDIT_ALTERNATIVES];
    size_t members_len;
};

/* Who claims something of a chain at a counter: a slot that was consumed, or an epoch link. */
struct occ_claim {
    bool is_there;
    struct occ_counter counter;
    uint8_t proof_hash[OCC_SHA256_LEN]; /* of the proof that claims it */
    uint8_t last_hash[OCC_SHA256_LEN];  /* of the last that claimed the same: a copy of it claims nothing anew */
    struct occ_place place;
};

/* The walk; current says which of groups is the counter at hand, the other is the one before. */
struct occ_walk {
    const struct occ_sorted_job *job;
    struct occ_sort *successors; /* what each proof names goes there */
    struct occ_buf text;
    uint64_t chains; /* that are finished */
    uint8_t chain[OCC_SHA256_LEN];
    bool in_chain;  /* there is a chain at hand */
    bool has_proof; /* it is one of the input, not only named by a link */
    struct occ_chain_facts facts;
    struct occ_group groups[2];
    unsigned current;
    struct occ_claim slot; /* the first one at its counter */
    uint64_t slots_passed; /* slots since the last proof */
    struct occ_claim link; /* the first one at its counter */
    bool link_open;        /* nobody knows yet whether the chain went on, or ended before that counter */
};

/* Leaves the chain at hand, if there is one, and says in the tally what was found. */
OCC_RESULT occ_walk_finish_chain(struct occ_walk *walk);
/* A chain of that key begins. The one before is finished. */
void occ_walk_begin_chain(struct occ_walk *walk, const uint8_t chain[OCC_SHA256_LEN]);
/* The next proof of the chain. */
OCC_RESULT occ_walk_take_proof(struct occ_walk *walk, const struct occ_record *record);

/* For claims.c: the proofs of the counter at hand, and of the one before. */
struct occ_group *occ_walk_current(struct occ_walk *walk);
struct occ_group *occ_walk_before(struct occ_walk *walk);
/* The form in which a hash names a proof of the group; -1 if it names none. */
int occ_walk_form_in(const struct occ_group *group, const uint8_t hash[OCC_SHA256_LEN]);
OCC_RESULT occ_walk_add(const struct occ_walk *walk, const struct occ_finding *finding);
OCC_RESULT occ_walk_note(const struct occ_walk *walk, enum occ_finding_kind kind, const struct occ_place *place);
/*
 * The predecessor of a proof, or (across_epochs) what an epoch link names, is not in the input, though its chain is: named is
 * the counter of that proof, or the one that the link names; last the counter before it that is there.
 */
OCC_RESULT occ_walk_add_missing(const struct occ_walk *walk, const struct occ_place *place,
                                const struct occ_counter *last, const struct occ_counter *named, bool across_epochs);

#endif
