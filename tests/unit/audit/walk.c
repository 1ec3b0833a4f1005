/* Tests of src/audit/walk.c: every rule about proofs broken, by records that are written down. */
#include "unit/audit/judgement.h"

#define COUNT(plans) (sizeof(plans) / sizeof((plans)[0]))

static void
test_missing(void **state)
{
    (void)state;
    const struct plan plans[] = { good[0], good[3], good[1] };
    assert_judged(plans, 3, "proofs-missing@1 ");
    struct judgement judgement;
    sort_plans(plans, 3, true, &judgement);
    assert_findings(&judgement, "proofs-missing-allowed*1@1 ");
    clear_judgement(&judgement);
    const struct plan inside[] = { good[2], good[3] };
    assert_judged(inside, 2, "begins-inside*1@0 ");
}

static void
test_links(void **state)
{
    (void)state;
    const struct plan broken[] = { good[0], good[1], { .id = 3, .chain = 1, .counter = 3, .prev = 77 }, good[3] };
    assert_judged(broken, 4, "link-broken@2<1 ");
    const struct plan absent[] = { good[0], good[1], { .id = 3, .chain = 1, .counter = 3 } };
    assert_judged(absent, 3, "link-absent@2<1 ");
    /* The form with the report in, where there is a report; and only there. */
    struct plan older[] = { { .id = 1, .chain = 1, .counter = 1, .report = true },
                            { .id = 2, .chain = 1, .counter = 2, .prev = 1, .prev_form = 1 } };
    struct judgement judgement;
    sort_plans(older, 2, false, &judgement);
    assert_findings(&judgement, "");
    assert_int_equal(judgement.tally.chains[0].facts.forms[OCC_FORM_OLDER], 1);
    assert_int_equal(judgement.tally.chains[0].facts.forms[OCC_FORM_OURS], 0);
    clear_judgement(&judgement);
    older[0].report = false;
    assert_judged(older, 2, "link-broken@1<0 ");
}

static void
test_forks(void **state)
{
    (void)state;
    const struct plan twice[] = { good[0], good[1], { .id = 9, .chain = 1, .counter = 2, .prev = 1 }, good[2] };
    assert_judged(twice, 4, "counter-twice@2<1 ");
    /* Either branch may go on: each step of the second is told. */
    const struct plan branch[] = { good[0],
                                   good[1],
                                   { .id = 9, .chain = 1, .counter = 2, .prev = 1 },
                                   good[2],
                                   { .id = 10, .chain = 1, .counter = 3, .prev = 9 } };
    assert_judged(branch, 5, "counter-twice@2<1 counter-twice@4<3 ");
    const struct plan later[] = { good[0], good[1], good[2], { .id = 9, .chain = 1, .counter = 4, .prev = 2 } };
    assert_judged(later, 4, "two-successors@3<2 link-broken@3<2 ");
    /* Across chains nothing but the name of the predecessor tells. */
    const struct plan across[] = { good[0], good[1], { .id = 9, .chain = 2, .counter = 2, .prev = 1 } };
    assert_judged(across, 3, "two-successors@2<1 begins-inside*1@2 ");
    const struct plan three[] = { good[0],
                                  { .id = 8, .chain = 3, .counter = 2, .prev = 1 },
                                  good[1],
                                  { .id = 9, .chain = 2, .counter = 2, .prev = 1 } };
    assert_judged(three, 4, "two-successors@2<1 two-successors@3<1 begins-inside*2@1 ");
}

static void
test_copies(void **state)
{
    (void)state;
    const struct plan copies[] = { good[0], good[1], good[1], good[2], good[0] };
    struct judgement judgement;
    sort_plans(copies, 5, false, &judgement);
    assert_findings(&judgement, "copy*2@2 ");
    assert_int_equal(judgement.tally.chains[0].facts.proofs, 3);
    clear_judgement(&judgement);
    /* What is not signed was changed in one of two copies: the one that the chain goes on from is the right one. */
    struct plan altered[] = { good[0], good[1], good[1], good[2] };
    altered[1].copy = 5;
    assert_judged(altered, 4, "altered-copy@2<1 ");
    /* With no other copy, the link shows it. */
    const struct plan alone[] = { altered[0], altered[1], good[2] };
    assert_judged(alone, 3, "link-broken@2<1 ");
}

static void
test_beginnings(void **state)
{
    (void)state;
    const struct plan late[] = { { .id = 1, .chain = 1, .counter = 3 } };
    assert_judged(late, 1, "begins-late*1@0 ");
    const struct plan slot[] = { { .id = 1, .chain = 1, .counter = 2, .slot = 1 } };
    assert_judged(slot, 1, "");
    const struct plan other_slot[] = { { .id = 1, .chain = 1, .counter = 3, .slot = 1 } };
    assert_judged(other_slot, 1, "begins-late*1@0 ");
    const struct plan time[] = { { .id = 1, .chain = 1, .counter = 1, .time = 10 },
                                 { .id = 2, .chain = 1, .counter = 2, .prev = 1, .time = 9 },
                                 { .id = 3, .chain = 1, .counter = 3, .prev = 2, .time = 9 } };
    assert_judged(time, 3, "time-back*1@1 ");
}

static void
test_unordered(void **state)
{
    (void)state;
    const struct plan plans[] = { { .id = 1, .chain = 1 },
                                  { .id = 2, .chain = 1, .prev = 1 },
                                  { .id = 3, .chain = 1, .prev = 1 },
                                  { .id = 2, .chain = 1, .prev = 1 } };
    assert_judged(plans, 4, "two-successors@2<1 no-counter*4@0 ");
}

/* One counter many times: bounded, and still told. */
static void
test_many_at_one_counter(void **state)
{
    (void)state;
    static struct plan plans[3 * OCC_LIMIT_AUDIT_ALTERNATIVES];
    for (unsigned i = 0; i < 3 * OCC_LIMIT_AUDIT_ALTERNATIVES; i++) {
        plans[i] = (struct plan){ .id = i + 1, .chain = 1, .counter = 1 };
    }
    struct judgement judgement;
    sort_plans(plans, COUNT(plans), false, &judgement);
    assert_int_equal(judgement.findings.counts[OCC_FINDING_COUNTER_TWICE], COUNT(plans) - 1);
    clear_judgement(&judgement);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_forks),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_beginnings),
        cmocka_unit_test(test_unordered),
        cmocka_unit_test(test_many_at_one_counter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
