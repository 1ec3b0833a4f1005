/*
 * tally.h — the chains of an audit by name, and what is said of each. A bounded table: the first OCC_LIMIT_AUDIT_CHAINS
 * chains of the input; others are only counted, by whoever can.
 */
#ifndef OCC_AUDIT_TALLY_H
#define OCC_AUDIT_TALLY_H

#include "audit/record.h"

/* How a chain begins in this input. */
enum occ_begin {
    OCC_BEGIN_UNKNOWN, /* it has no proof with a counter */
    OCC_BEGIN_FIRST,   /* with its first proof: no predecessor */
    OCC_BEGIN_LINKED,  /* with an epoch link */
    OCC_BEGIN_INSIDE   /* with a proof whose predecessor is not in the input */
};

/* What is said of one chain. */
struct occ_chain_facts {
    struct occ_counter first, last;
    enum occ_begin begin;
    uint64_t proofs; /* commits: copies are not counted */
    uint64_t slots;  /* of them, those that consumed a slot */
    uint64_t unused; /* counters between first and last that no proof and no slot has, links being intact */
    uint64_t forms[OCC_FORM_COUNT]; /* links that were found intact, by the form of their hash */
};

struct occ_chain {
    uint8_t key[OCC_SHA256_LEN];
    struct occ_chain_name name;
    struct occ_place place; /* where it was first seen */
    struct occ_chain_facts facts;
};

struct occ_tally {
    struct occ_chain *chains; /* in the order in which they were first seen */
    size_t count, cap;
    uint16_t *slots; /* open addressing: an index + 1, or 0 */
};

OCC_RESULT occ_tally_init(struct occ_tally *tally);
void occ_tally_clear(struct occ_tally *tally);
/* The index of the chain of that key, or -1. */
long occ_tally_find(const struct occ_tally *tally, const uint8_t key[OCC_SHA256_LEN]);
/* Adds a chain that is not in the table; *ret_index is -1 if the table is full. OCC_ERR_NOMEM. */
OCC_RESULT occ_tally_add(struct occ_tally *tally, const struct occ_record *record, const struct occ_chain_name *name,
                         long *ret_index);

#endif
