/*
 * support.h — what the tests of audit share: records made of nothing but numbers. The link hash of "proof n" is the digest of
 * n, so that chains can be written down by hand.
 */
#ifndef TESTS_UNIT_AUDIT_SUPPORT_H
#define TESTS_UNIT_AUDIT_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit/findings.h"
#include "audit/record.h"
#include "audit/tally.h"

static inline void
hash_of(const char *what, unsigned number, uint8_t ret[OCC_SHA256_LEN])
{
    char text[64];
    snprintf(text, sizeof text, "%s %u", what, number);
    occ_digest_sha256(occ_bytes_str(text), ret);
}

static inline struct occ_counter
counter_of(const char *digits)
{
    struct occ_counter counter;
    assert_true(occ_is_ok(occ_counter_of(occ_bytes_str(digits), &counter)));
    return counter;
}

static inline struct occ_counter
counter_of_number(unsigned number)
{
    char text[16];
    snprintf(text, sizeof text, "%u", number);
    return counter_of(text);
}

/* A record as it is written down in a test; 0 = absent, but for chain. */
struct plan {
    unsigned id;    /* of the commit: its proof hash and link hashes */
    unsigned chain; /* number of the chain */
    unsigned counter;
    unsigned prev; /* id of the proof that prevB64 names */
    unsigned prev_form;
    unsigned slot;
    unsigned link, link_chain, link_counter; /* epoch link: id, chain, counter of the proof named */
    unsigned time;
    unsigned copy; /* another number = other bytes in what is not signed */
    bool report;   /* has an attestation: two forms of link hashes */
};

static inline void
link_of(unsigned id, unsigned copy, unsigned form, uint8_t ret[OCC_SHA256_LEN])
{
    hash_of(form == 0 ? "ours" : "older", id + 1000000 * copy, ret);
}

static inline struct occ_record
record_of(const struct plan *plan, uint64_t ordinal)
{
    struct occ_record record = { .place = { .ordinal = ordinal, .line = ordinal + 1, .index = ordinal } };
    hash_of("chain", plan->chain, record.chain);
    hash_of("commit", plan->id, record.proof_hash);
    record.counter = plan->counter == 0 ? (struct occ_counter){ .len = 0 } : counter_of_number(plan->counter);
    record.links.forms = plan->report ? 3 : 1;
    link_of(plan->id, plan->copy, 0, record.links.hashes[OCC_FORM_OURS]);
    link_of(plan->id, plan->copy, 1, record.links.hashes[OCC_FORM_OLDER]);
    record.has_prev = plan->prev != 0;
    link_of(plan->prev, 0, plan->prev_form, record.prev);
    if (plan->slot != 0) {
        record.slot = counter_of_number(plan->slot);
    }
    record.has_link = plan->link != 0;
    if (record.has_link) {
        link_of(plan->link, 0, 0, record.from_hash);
        hash_of("chain", plan->link_chain, record.from_chain);
        record.from_counter = counter_of_number(plan->link_counter);
    }
    record.has_time = plan->time != 0;
    record.time_ms = plan->time;
    return record;
}

static inline struct occ_chain_name
name_of(unsigned chain)
{
    struct occ_chain_name name = { .key_len = 1, .key = "k" };
    name.epoch_len = (uint8_t)snprintf(name.epoch, sizeof name.epoch, "e%u", chain);
    return name;
}

#endif
