/*
 * judgement.h — puts planned records through follow.h or sorted.h and keeps what was found.
 */
#ifndef TESTS_UNIT_AUDIT_JUDGEMENT_H
#define TESTS_UNIT_AUDIT_JUDGEMENT_H

#include "audit/follow.h"
#include "audit/sorted.h"
#include "unit/audit/support.h"

struct judgement {
    struct occ_tally tally;
    struct occ_findings findings;
    uint64_t chains;
    bool settled; /* of follow: else nothing below counts */
};

static inline void
clear_judgement(struct judgement *judgement)
{
    occ_tally_clear(&judgement->tally);
    occ_findings_clear(&judgement->findings);
}

static inline void
follow_plans(const struct plan *plans, size_t count, struct judgement *ret)
{
    struct occ_follow *follow = NULL;
    const struct occ_findings *notes = NULL;
    *ret = (struct judgement){ .findings = { .list_max = 100 } };
    assert_true(occ_is_ok(occ_tally_init(&ret->tally)));
    assert_true(occ_is_ok(occ_follow_new(&ret->tally, &follow)));
    for (size_t i = 0; i < count; i++) {
        const struct occ_record record = record_of(&plans[i], i);
        const struct occ_chain_name name = name_of(plans[i].chain);
        assert_true(occ_is_ok(occ_follow_put(follow, &record, &name)));
    }
    ret->settled = occ_follow_is_settled(follow, &notes);
    assert_true(occ_is_ok(occ_findings_add_notes(&ret->findings, notes)));
    ret->chains = ret->tally.count;
    occ_follow_free(follow);
}

static inline void
sort_plans(const struct plan *plans, size_t count, bool allow_gaps, struct judgement *ret)
{
    struct occ_sort *sort = NULL;
    *ret = (struct judgement){ .findings = { .list_max = 100 } };
    assert_true(occ_is_ok(occ_tally_init(&ret->tally)));
    assert_true(occ_is_ok(occ_sort_new(4096, "/tmp", &sort)));
    OCC_BUF_AUTO(text, OCC_LIMIT_AUDIT_ITEM_LEN);
    for (size_t i = 0; i < count; i++) {
        const struct occ_record record = record_of(&plans[i], i);
        const struct occ_chain_name name = name_of(plans[i].chain);
        long index = occ_tally_find(&ret->tally, record.chain);
        if (index < 0) {
            assert_true(occ_is_ok(occ_tally_add(&ret->tally, &record, &name, &index)));
        }
        assert_true(occ_is_ok(occ_sorted_put(sort, &record, &text)));
    }
    const struct occ_sorted_job job = { .sort = sort,
                                        .memory = 4096,
                                        .folder = "/tmp",
                                        .allow_gaps = allow_gaps,
                                        .tally = &ret->tally,
                                        .findings = &ret->findings };
    assert_true(occ_is_ok(occ_sorted_judge(&job, NULL, &ret->chains)));
    occ_sort_free(sort);
}

/* "kind@place<other kind@place …": faults in order, then notes with "kind*count@place". */
static inline void
describe_findings(const struct occ_findings *findings, struct occ_buf *buf)
{
    for (size_t i = 0; i < findings->list_len; i++) {
        const struct occ_finding *finding = &findings->list[i];
        occ_buf_put_format(buf, "%s@%u", occ_finding_name(finding->kind), (unsigned)finding->place.ordinal);
        if (finding->has_other) {
            occ_buf_put_format(buf, "<%u", (unsigned)finding->other.ordinal);
        }
        occ_buf_put_byte(buf, ' ');
        assert_true(finding->said.text[0] != '\0');
    }
    for (int kind = 0; kind < OCC_FINDING_COUNT; kind++) {
        if (findings->firsts[kind] != NULL) {
            occ_buf_put_format(buf, "%s*%u@%u ", occ_finding_name((enum occ_finding_kind)kind),
                               (unsigned)findings->counts[kind], (unsigned)findings->firsts[kind]->place.ordinal);
        }
    }
    occ_buf_put_byte(buf, 0);
    assert_true(occ_is_ok(occ_buf_check(buf)));
}

static inline void
assert_findings(const struct judgement *judgement, const char *expected)
{
    OCC_BUF_AUTO(found, 1 << 16);
    describe_findings(&judgement->findings, &found);
    assert_string_equal((const char *)found.ptr, expected);
}

/* The same facts of the same chains, and the same findings. */
static inline void
assert_same(const struct judgement *a, const struct judgement *b)
{
    OCC_BUF_AUTO(x, 1 << 16);
    OCC_BUF_AUTO(y, 1 << 16);
    describe_findings(&a->findings, &x);
    describe_findings(&b->findings, &y);
    assert_string_equal((const char *)x.ptr, (const char *)y.ptr);
    assert_int_equal(a->chains, b->chains);
    assert_int_equal(a->tally.count, b->tally.count);
    for (size_t i = 0; i < a->tally.count; i++) {
        const struct occ_chain_facts *one = &a->tally.chains[i].facts;
        const struct occ_chain_facts *other = &b->tally.chains[i].facts;
        assert_memory_equal(a->tally.chains[i].key, b->tally.chains[i].key, OCC_SHA256_LEN);
        assert_int_equal(occ_counter_compare(&one->first, &other->first), 0);
        assert_int_equal(occ_counter_compare(&one->last, &other->last), 0);
        assert_int_equal(one->begin, other->begin);
        assert_int_equal(one->proofs, other->proofs);
        assert_int_equal(one->slots, other->slots);
        assert_int_equal(one->unused, other->unused);
        for (int form = 0; form < OCC_FORM_COUNT; form++) {
            assert_int_equal(one->forms[form], other->forms[form]);
        }
    }
}

/* Sorts and judges the plans, and holds the findings against what is expected. */
static inline void
assert_judged(const struct plan *plans, size_t count, const char *expected)
{
    struct judgement judgement;
    sort_plans(plans, count, false, &judgement);
    assert_findings(&judgement, expected);
    clear_judgement(&judgement);
}

/* A chain of four. */
static const struct plan good[] = {
    { .id = 1, .chain = 1, .counter = 1 },
    { .id = 2, .chain = 1, .counter = 2, .prev = 1 },
    { .id = 3, .chain = 1, .counter = 3, .prev = 2 },
    { .id = 4, .chain = 1, .counter = 4, .prev = 3 },
};

#endif
