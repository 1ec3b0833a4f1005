/* Tests of src/audit/sorted.c: what is intact, in any order. walk.c and claims.c have what is not. */
#include "unit/audit/judgement.h"

#define COUNT(plans) (sizeof(plans) / sizeof((plans)[0]))

static void
test_good(void **state)
{
    (void)state;
    struct judgement judgement;
    sort_plans(good, COUNT(good), false, &judgement);
    assert_findings(&judgement, "");
    assert_int_equal(judgement.chains, 1);
    const struct occ_chain_facts *facts = &judgement.tally.chains[0].facts;
    assert_int_equal(facts->begin, OCC_BEGIN_FIRST);
    assert_int_equal(facts->proofs, 4);
    assert_int_equal(facts->forms[OCC_FORM_OURS], 3);
    assert_int_equal(facts->unused, 0);
    clear_judgement(&judgement);
    const struct plan backwards[] = { good[3], good[1], good[2], good[0] };
    assert_judged(backwards, 4, "");
    assert_judged(NULL, 0, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
