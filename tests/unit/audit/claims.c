/* Tests of src/audit/claims.c: every rule about slots and epoch links broken, by records that are written down. */
#include "unit/audit/judgement.h"

static void
test_slots(void **state)
{
    (void)state;
    const struct plan plans[] = { good[0],
                                  { .id = 2, .chain = 1, .counter = 5, .prev = 1 },
                                  { .id = 3, .chain = 1, .counter = 6, .prev = 2, .slot = 3 } };
    struct judgement judgement;
    sort_plans(plans, 3, false, &judgement);
    assert_findings(&judgement, "");
    assert_int_equal(judgement.tally.chains[0].facts.slots, 1);
    assert_int_equal(judgement.tally.chains[0].facts.unused, 2);
    clear_judgement(&judgement);

    const struct plan taken[] = { good[0], good[1], { .id = 3, .chain = 1, .counter = 3, .prev = 2, .slot = 2 } };
    assert_judged(taken, 3, "slot-taken@2<1 ");
    const struct plan twice[] = { good[0],
                                  { .id = 3, .chain = 1, .counter = 4, .prev = 1, .slot = 2 },
                                  { .id = 4, .chain = 1, .counter = 5, .prev = 3, .slot = 2 } };
    assert_judged(twice, 3, "slot-twice@2<1 ");
    const struct plan copy[] = { good[0],
                                 { .id = 3, .chain = 1, .counter = 4, .prev = 1, .slot = 2 },
                                 { .id = 3, .chain = 1, .counter = 4, .prev = 1, .slot = 2 } };
    assert_judged(copy, 3, "copy*1@2 ");
}

/* Chain 2 goes on from chain 1's proof 4. */
#define NEXT_EPOCH \
    { \
        .id = 5, .chain = 2, .counter = 5, .link = 4, .link_chain = 1, .link_counter = 4 \
    }

static void
test_epoch_links(void **state)
{
    (void)state;
    struct plan plans[] = { good[0], good[1], good[2], good[3], NEXT_EPOCH };
    struct judgement judgement;
    sort_plans(plans, 5, false, &judgement);
    assert_findings(&judgement, "");
    assert_int_equal(judgement.chains, 2);
    assert_int_equal(judgement.tally.chains[1].facts.begin, OCC_BEGIN_LINKED);
    assert_int_equal(judgement.tally.chains[1].facts.forms[OCC_FORM_OURS], 1);
    clear_judgement(&judgement);

    assert_judged(plans + 4, 1, "epoch-absent*1@0 ");
    plans[4].link = 3;
    assert_judged(plans, 5, "epoch-link-broken@4<3 ");
    plans[4].link = 77;
    assert_judged(plans, 5, "epoch-link-broken@4<3 ");
    plans[4] = (struct plan)NEXT_EPOCH;
    plans[3] = plans[4];
    assert_judged(plans, 4, "proofs-missing@3 "); /* the last of the old epoch is not there */
    plans[3] = good[3];
    plans[4].counter = 1;
    assert_judged(plans, 5, "counter-restarts*1@4 ");
}

static void
test_epoch_forks(void **state)
{
    (void)state;
    const struct plan two[] = {
        good[0], good[1],    good[2],
        good[3], NEXT_EPOCH, { .id = 6, .chain = 3, .counter = 5, .link = 4, .link_chain = 1, .link_counter = 4 }
    };
    assert_judged(two, 6, "two-successors@5<4 ");
    const struct plan goes_on[] = { good[0], good[1],    good[2],
                                    good[3], NEXT_EPOCH, { .id = 7, .chain = 1, .counter = 5, .prev = 4 } };
    assert_judged(goes_on, 6, "goes-on@5<4 ");
    const struct plan elsewhere[] = {
        good[0], good[1], { .id = 6, .chain = 3, .counter = 3, .link = 2, .link_chain = 1, .link_counter = 2 },
        good[2], good[3], NEXT_EPOCH
    };
    assert_judged(elsewhere, 6, "goes-on@3<2 ");
    const struct plan apart[] = {
        good[0],
        { .id = 5, .chain = 2, .counter = 9, .link = 8, .link_chain = 1, .link_counter = 8 },
        { .id = 6, .chain = 3, .counter = 8, .link = 7, .link_chain = 1, .link_counter = 7 }
    };
    assert_judged(apart, 3, "proofs-missing@1 two-successors@2<1 ");
    const struct plan copy[] = { good[0], good[1], good[2], good[3], NEXT_EPOCH, NEXT_EPOCH };
    assert_judged(copy, 6, "copy*1@5 ");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_epoch_links),
        cmocka_unit_test(test_epoch_forks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
